//! The server's process is killed, and the matches go on.

use std::time::Duration;

use bomberman::{Bomberman, Out};
use serde_json::json;
use stadion_client::{CloseCode, Event, Match, Play, Stadion};
use stadion_tests::api::text;
use stadion_tests::chaos::{self, Plan};
use stadion_tests::{Server, ledger, players, programs};
use tokio::sync::mpsc;

/// How long a program waits before it tries an input again that may have come too early.
const AGAIN: Duration = Duration::from_millis(250);
/// No match here takes longer.
const LONGEST: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_again_and_again_loses_nothing() {
    let plan = Plan { times: 8, matches: 5, seed: 4 };
    let report = chaos::run(plan, |n| eprintln!("killed {n} of {}", plan.times)).await;
    eprintln!("{report}");
    assert!(report.is_clean(), "{report}");
    assert!(report.answers > 500, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_is_the_same_match_after_a_kill() {
    let mut server = Server::durable(&[]);
    server.api().publish("ledger", ledger::wasm()).await;
    let ada = server.api().guest("ada").await;
    let (_, joined) = ada.api.play("ledger", &json!({"create": "private"})).await;
    let id = text(&joined["match"], "id").to_owned();
    let code = text(&joined["match"], "code").to_owned();
    let seat = chaos::enter(&joined).await;
    server.api().match_when(&id, |it| it["tick"].as_u64() > Some(3)).await;
    let tick = server.api().match_now(&id).await["tick"].as_u64();
    server.kill();
    server.restart();
    let after = server.api().match_when(&id, |it| it["seats"][0]["presence"] == "connected").await;
    assert_eq!(after["state"], "running");
    assert_eq!(after["incarnation"], 2);
    assert!(after["tick"].as_u64() >= tick.map(|tick| tick - 1), "{after}");
    let bob = server.api().guest("bob").await;
    let (status, second) = bob.api.play("ledger", &json!({ "code": code })).await;
    assert!(status.is_success(), "the code still leads to it: {second}");
    drop(seat);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_ends_its_process_is_poisoned_and_takes_no_other_with_it() {
    let mut server = Server::durable(&["--plant-abort", "40"]);
    server.api().publish("ledger", ledger::wasm()).await;
    let (ada, eve) = (server.api().guest("ada").await, server.api().guest("eve").await);
    let (_, good) = ada.api.play("ledger", &json!({"create": "private"})).await;
    let create = json!({"create": {"visibility": "private", "parameters": "cGxhbnQtYWJvcnQ="}});
    let (status, bad) = eve.api.play("ledger", &create).await;
    assert!(status.is_success(), "{bad}");
    let _seats = (chaos::enter(&good).await, chaos::enter(&bad).await);
    server.await_end();
    server.restart();
    let (good, bad) = (text(&good["match"], "id"), text(&bad["match"], "id"));
    let ended = server.api().ended(bad).await;
    assert_eq!(ended["end"]["kind"], "poisoned");
    let lives = server.api().match_when(good, |it| it["seats"][0]["presence"] == "connected").await;
    assert_eq!((&lives["state"], &lives["incarnation"]), (&json!("running"), &json!(2)));
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.assert_lives();
}

/// What a seat of a bomberman match heard until its end. `begun` is told when the match begins.
async fn heard(mut seat: Match<Bomberman>, begun: mpsc::Sender<()>) -> (CloseCode, Vec<Out>, Duration) {
    let number = seat.seat().0;
    let (mut view, mut outs, mut last, mut stall) = (None, Vec::new(), now(), Duration::ZERO);
    loop {
        match tokio::time::timeout(AGAIN, seat.next()).await {
            Ok(Event::View(newest)) => {
                stall = stall.max(now() - last);
                (view, last) = (Some(newest), now());
            }
            Ok(Event::Message(out)) => {
                if matches!(out, Out::Begins) {
                    begun.send(()).await.unwrap();
                }
                outs.push(out);
            }
            Ok(Event::End(end)) => return (end.code, outs, stall),
            Ok(_) => continue,
            Err(_) => {}
        }
        if let Some(input) = view.as_ref().and_then(|view| players::bomberman(view, number)) {
            seat.send(&input).unwrap();
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "the stall is measured on the wall")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_players_play_bomberman_on_when_the_server_is_killed() {
    let mut server = Server::durable(&[]);
    server.api().publish("bomberman", programs::game("bomberman")).await;
    let ada = Stadion::guest(&server.http, "ada").await.unwrap();
    let first = ada.play::<Bomberman>("bomberman", Play::Create).await.unwrap();
    let (id, code) = (first.info().unwrap().id.clone(), first.code().unwrap().to_owned());
    let bob = Stadion::guest(&server.http, "bob").await.unwrap();
    let second = bob.play::<Bomberman>("bomberman", Play::Code(code)).await.unwrap();
    let (begun, mut begins) = mpsc::channel(4);
    let players = [first, second].map(|seat| tokio::spawn(heard(seat, begun.clone())));
    for _ in 0..2 {
        tokio::time::timeout(LONGEST, begins.recv()).await.unwrap();
    }
    server.kill();
    server.restart();
    for player in players {
        let (code, outs, stall) = tokio::time::timeout(LONGEST, player).await.unwrap().unwrap();
        eprintln!("the longest stall: {} ms", stall.as_millis());
        assert_eq!(code, CloseCode::Finished);
        let count = |wanted: fn(&Out) -> bool| outs.iter().filter(|out| wanted(out)).count();
        assert_eq!(count(|out| matches!(out, Out::Begins)), 1, "{outs:?}");
        assert_eq!(count(|out| matches!(out, Out::Died { .. })), 1, "{outs:?}");
    }
    let ended = server.api().ended(&id).await;
    assert_eq!((&ended["end"]["kind"], &ended["incarnation"]), (&json!("finished"), &json!(2)));
    let replay = server.stadion().args(["replay", &id]).output().unwrap();
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
}
