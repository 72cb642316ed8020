//! Rows 46 and 47: a match that takes its host's process with it, and one whose journal was tampered with. Both are planted: no
//! guest can do that. The server is started again, every other match goes on, and players come back to their seats.

use std::task::Waker;

use serde_json::Value;
use stadion_host::journal::log::{DiskJournals, LogConfig};
use stadion_host::journal::{Journals, Record, ResumedRecord, TickRecord};
use stadion_host::life::exact_time;
use stadion_host::model::{TickInput, Wake};
use stadion_protocol::MatchId;
use stadion_tests::raw_player::RawPlayer;
use stadion_tests::{Guest, Server};

use super::stage::{connect, match_id};
use super::{Ended, Stage};

/// Parameters of the match in which the fault is planted, base64 of `plant-abort`.
const PLANTED: &str = "cGxhbnQtYWJvcnQ=";
/// How often a match is looked at until it is back, 20 ms each.
const LOOKS: usize = 1_500;
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);

/// One restart, all others resume; it is restored last, in a child, and ended when that dies of it, too.
pub(super) async fn poison(stage: &mut Stage) -> Vec<Ended> {
    let game = stage.publish_as("poison", Guest::default().wasm()).await;
    let joined = stage.play_with(&game, PLANTED).await;
    let player = RawPlayer::join(&joined).await;
    tokio::task::block_in_place(|| {
        stage.server.await_end();
        stage.server.restart();
    });
    drop(player);
    let ended = over(stage, &joined, "poisoned").await;
    all_resumed(stage).await;
    vec![ended]
}

/// It is ended, never continued; its journal stays for its owner to look at.
pub(super) async fn diverge(stage: &mut Stage) -> Vec<Ended> {
    let game = stage.publish_as("poison", Guest::default().wasm()).await;
    let joined = stage.play(&game).await;
    let player = RawPlayer::join(&joined).await;
    let id = match_id(&joined);
    stage.api.match_when(&id, |it| it["tick"].as_u64() > Some(5)).await;
    tokio::task::block_in_place(|| {
        stage.server.kill();
        forge(&stage.server, id.parse().unwrap());
        stage.server.restart();
    });
    drop(player);
    let ended = over(stage, &joined, "diverged").await;
    all_resumed(stage).await;
    assert!(!stage.api.journal(&id).await.is_empty(), "it is kept");
    // It replays up to where it was tampered with, and no further: that is why it was ended.
    assert!(stage.replays(&id).await.is_err());
    vec![Ended { id: None, ..ended }]
}

/// The end of a match that did not survive a restart, over REST and to a player who comes back.
async fn over(stage: &Stage, joined: &Value, kind: &str) -> Ended {
    let id = match_id(joined);
    let end = stage.api.ended(&id).await["end"].clone();
    assert_eq!(end["kind"], kind, "{end}");
    let code = connect(joined).await.closed().await;
    Ended { id: Some(id), kind: kind.to_owned(), code: Some(code) }
}

/// Every canary's match runs, in another session, and its player has come back.
async fn all_resumed(stage: &Stage) {
    let resumed = |it: &Value| it["state"] == "running" && it["seats"][0]["presence"] == "connected";
    for _ in 0..LOOKS {
        let flock = stage.flock().await;
        if flock.iter().all(resumed) {
            assert!(flock.iter().all(|it| it["incarnation"].as_u64() > Some(1)), "{:?}", flock[0]);
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    panic!("not every canary is back: {:#?}", stage.flock().await.iter().find(|it| !resumed(it)));
}

/// Writes a tick into a dead server's log that the match never ran.
fn forge(server: &Server, id: MatchId) {
    let journals = DiskJournals::open(&server.folder().join("data/journals"), LogConfig::default()).unwrap();
    let mut reopened = journals.reopen(id, Waker::noop().clone()).unwrap();
    let (mut chain, mut tick, mut skipped) = (reopened.setup.link(), 0, 0);
    for record in reopened.records {
        match record.unwrap() {
            Record::Tick(record) => {
                (chain, tick, skipped) = (record.link(), record.input.number, skipped + record.input.skipped);
            }
            Record::Idle(run) => (chain, tick) = (run.last, run.last_tick()),
            _ => {}
        }
    }
    let time = exact_time(reopened.setup.setup.rate, tick + 1, skipped);
    let input = TickInput { number: tick + 1, time, skipped: 0, events: Vec::new() };
    let forged =
        TickRecord { incarnation: 2, input, facts: Vec::new(), wake: Wake::Next, outputs: [7; 16], previous: chain };
    reopened.journal.append(&Record::Resumed(ResumedRecord { incarnation: 2, tick, unix_ns: 0 })).unwrap();
    reopened.journal.append(&Record::Tick(Box::new(forged))).unwrap();
}
