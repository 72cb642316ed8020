//! Stories of matches in which players meet by a key ([`crate::model::MatchKey`]).

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use stadion_protocol::contract::CreateError;

use crate::testing::Stage;

fn id(seat: &Value) -> &str {
    seat["match"]["id"].as_str().unwrap()
}

#[tokio::test]
async fn players_with_one_key_meet_in_a_match_that_nobody_else_finds() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    stage.publish("go").await;
    let player = stage.guest().await;
    let first = stage.play_as(&player, "chess", json!({"key": "rematch:1"})).await.expect(201);
    let stranger = stage.play("chess", json!({})).await.expect(201);
    let elsewhere = stage.play("go", json!({"key": "rematch:1"})).await.expect(201);
    assert!(id(&first) != id(&stranger) && id(&first) != id(&elsewhere));
    let second = stage.play("chess", json!({"key": "rematch:1"})).await.expect(200);
    assert_eq!((id(&second), &second["seat"]), (id(&first), &json!(1)));
    let again = stage.play_as(&player, "chess", json!({"key": "rematch:1"})).await.expect(200);
    assert_eq!((id(&again), &again["seat"]), (id(&first), &json!(0)), "one seat for one player");
    assert_eq!(stage.play("chess", json!({"key": "rematch:1"})).await.expect(409)["code"], "match-full");
    stage.play("chess", json!({"key": "rematch:2"})).await.expect(201);
}

#[tokio::test]
async fn first_callers_at_once_end_in_one_match_also_when_the_one_before_has_just_ended() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let (ada, bob) = (stage.guest().await, stage.guest().await);
    let mut matches = BTreeSet::new();
    for round in 1..=10 {
        let calls = [&ada, &bob].map(|player| stage.play_as(player, "chess", json!({"key": "k"})));
        let answers = join_all(calls).await;
        let seats: Vec<Value> = answers.iter().map(crate::testing::Answer::json).collect();
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201], "{seats:?}");
        assert_eq!(id(&seats[0]), id(&seats[1]));
        matches.insert(id(&seats[0]).to_owned());
        assert_eq!(matches.len(), round, "an ended match is not found again");
        stage.host.finish(id(&seats[0]));
    }
    stage.settled().await;
    stage.play_as(&ada, "chess", json!({"key": "k"})).await.expect(201);
    stage.play_as(&bob, "chess", json!({"key": "k"})).await.expect(200);
}

#[tokio::test]
async fn a_key_whose_match_was_not_created_is_free() {
    let stage = Stage::with(|config| config.quotas.running_matches = 1).await;
    stage.publish("chess").await;
    stage.host.refuse_with(Some(CreateError::Refused("no such map".to_owned())));
    let (ada, bob) = (stage.guest().await, stage.guest().await);
    let calls = [&ada, &bob].map(|player| stage.play_as(player, "chess", json!({"key": "k"})));
    for answer in join_all(calls).await {
        answer.expect(422);
    }
    stage.host.refuse_with(None);
    let other = stage.play("chess", json!({})).await.expect(201);
    stage.play_as(&ada, "chess", json!({"key": "k"})).await.expect(429);
    stage.host.finish(id(&other));
    stage.settled().await;
    stage.play_as(&ada, "chess", json!({"key": "k"})).await.expect(201);
}

#[tokio::test]
async fn keys_that_cannot_be_are_refused() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    for body in [
        json!({"key": ""}),
        json!({"key": "k".repeat(65)}),
        json!({"key": "a/b"}),
        json!({"key": "\u{e9}"}),
        json!({"key": "k", "code": "KBQT"}),
        json!({"key": "k", "create": "private"}),
        json!({"key": "k", "version": "0".repeat(64)}),
    ] {
        stage.play("chess", body).await.expect(422);
    }
    stage.play("chess", json!({"key": "Aa0._:-".repeat(9)})).await.expect(201);
    stage.play("go", json!({"key": "k"})).await.expect(404);
}
