//! Stories of a replica that stands still in the middle of a step, for longer than its lease, and then goes on.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::making::NotMade;
use super::searches::QueueKey;
use super::task::QueueTask;
use super::{Lobby, SearchError};
use crate::api::registered;
use crate::matches::{NoteError, PlaceError};
use crate::queues::{Lineup, QueueWord};
use crate::testing::{Ears, Stage};

/// Two replicas that step no queues by themselves, and two players who search.
struct Two {
    here: Stage,
    there: Stage,
    tokens: [String; 2],
}

const QUEUE: &str = "/v1/games/chess/queues/duel";

impl Two {
    async fn who_search() -> Two {
        let here = Stage::new().await;
        let there = here.beside().await;
        here.control_plane.queueing.abort();
        there.control_plane.queueing.abort();
        for stage in [&here, &there] {
            stage.compiler.describe(|description| {
                for (key, value) in [("teams", "2"), ("ready-seconds", "0")] {
                    description.settings.push((format!("queue.duel.{key}"), value.to_owned()));
                }
            });
        }
        here.publish("chess").await;
        let tokens = [registered(&here, "ann").await.0, registered(&here, "bob").await.0];
        for token in &tokens {
            here.post(&format!("{QUEUE}/tickets"), json!({})).bearer(token).await.expect(201);
        }
        Two { here, there, tokens }
    }

    /// As whoever gets the lease does.
    async fn takes_over(stage: &Stage) -> QueueTask {
        let lobby: Arc<Lobby> = stage.control_plane.app.lobby.clone();
        let key = QueueKey { game: "chess".parse().unwrap(), queue: "duel".parse().unwrap() };
        let lease = lobby.coordination().lease(&key.topic(), &lobby.replica, Duration::from_secs(6)).await;
        let mut task = QueueTask::new(lobby, key, lease.unwrap().expect("nobody else has it"));
        task.read_all().await.unwrap();
        task
    }

    /// Time passes, and the other replica has the queue.
    async fn stands_still(&self) -> QueueTask {
        self.here.clock.advance(Duration::from_secs(7));
        Two::takes_over(&self.there).await
    }
}

/// The match that the two make.
fn found(task: &mut QueueTask) -> Lineup {
    let (lobby, now) = (task.lobby.clone(), task.now());
    let words = task.queue.step(now, || lobby.new_id());
    let [QueueWord::Formed(lineup)] = &words[..] else { panic!("{words:?}") };
    lineup.clone()
}

async fn make(task: &mut QueueTask) {
    let lineup = found(task);
    let made = task.make(&lineup).await.unwrap();
    task.made(&lineup, made).await.unwrap();
}

#[tokio::test]
async fn whoever_stood_still_before_it_noted_a_match_notes_none() {
    let two = Two::who_search().await;
    let mut paused = Two::takes_over(&two.here).await;
    let lineup = found(&mut paused);
    let mut other = two.stands_still().await;
    let mut anns = Ears::of(&two.here, &two.tokens[0]).await;
    assert!(matches!(paused.make(&lineup).await, Err(SearchError::Fenced)));
    make(&mut other).await;
    assert!(anns.next("match-ready").await["match"] != lineup.id.to_string());
    assert_eq!((two.here.host.matches(), two.there.host.matches()), (0, 1));
}

#[tokio::test]
async fn whoever_stood_still_before_it_created_a_match_creates_none() {
    let two = Two::who_search().await;
    let mut paused = Two::takes_over(&two.here).await;
    let lineup = found(&mut paused);
    assert!(paused.promise(&lineup).await.unwrap());
    let mut other = two.stands_still().await;
    let mut anns = Ears::of(&two.here, &two.tokens[0]).await;
    let formed = paused.form(&lineup).await.unwrap();
    assert!(matches!(formed, Err(PlaceError::Note(NoteError::Void))), "it was called off");
    let told = paused.made(&lineup, formed.map_err(NotMade::Place)).await;
    assert!(matches!(told, Err(SearchError::Fenced)), "and nobody is told that it failed");
    make(&mut other).await;
    let ready = anns.next("match-ready").await;
    assert_ne!(ready["match"], lineup.id.to_string());
    assert_eq!((two.here.host.matches(), two.there.host.matches()), (0, 1));
    two.there.play_as(&two.tokens[0], "chess", json!({"code": ready["code"]})).await.expect(200);
}

#[tokio::test]
async fn a_match_that_was_created_and_not_told_of_is_found_by_whoever_takes_over() {
    let two = Two::who_search().await;
    let mut lost = Two::takes_over(&two.here).await;
    let lineup = found(&mut lost);
    assert!(lost.make(&lineup).await.unwrap().is_ok());
    let mut anns = Ears::of(&two.here, &two.tokens[0]).await;
    // The same replica after a restart: its host has the match.
    two.here.clock.advance(Duration::from_secs(7));
    let mut again = Two::takes_over(&two.here).await;
    for _ in 0..2 {
        let settled = again.settling.join_next().await.unwrap();
        again.settle(settled).await.unwrap();
    }
    let ready = anns.next("match-ready").await;
    assert_eq!(ready["match"], lineup.id.to_string());
    assert_eq!(two.here.host.matches(), 1);
    let told = lost.made(&lineup, Err(NotMade::Cancelled)).await;
    assert!(told.is_ok(), "its tickets are gone: {told:?}");
}

#[tokio::test]
async fn a_match_that_was_noted_and_never_created_is_made_anew() {
    let two = Two::who_search().await;
    let mut lost = Two::takes_over(&two.here).await;
    let lineup = found(&mut lost);
    assert!(lost.make(&lineup).await.unwrap().is_ok());
    // As if its process had ended between the two: the note is there, the match is not.
    two.here.host.forget_all();
    two.here.clock.advance(Duration::from_secs(7));
    let mut again = Two::takes_over(&two.here).await;
    let mut anns = Ears::of(&two.here, &two.tokens[0]).await;
    for _ in 0..2 {
        let settled = again.settling.join_next().await.unwrap();
        again.settle(settled).await.unwrap();
    }
    assert!(two.here.control_plane.app.live.is_void(lineup.id).await.unwrap(), "nobody creates it any more");
    make(&mut again).await;
    assert_ne!(anns.next("match-ready").await["match"], lineup.id.to_string());
}
