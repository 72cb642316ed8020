//! A developer's look at a running match: it stands still, plays tick by tick, and tells what happened.

use std::time::Duration;

use bomberman::{Bomberman, In};
use reqwest::StatusCode;
use serde_json::{Value, json};
use stadion_api::operations as ops;
use stadion_client::{Play, Stadion};
use stadion_tests::api::answer;
use stadion_tests::{Api, Server, programs};

/// A dozen periods of the game, and more: whatever is in flight has landed.
const A_WHILE: Duration = Duration::from_millis(700);

async fn pace(api: &Api, id: &str, body: Value) {
    let (status, answer) = api.call(ops::PACE_MATCH, &[id], &body).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    tokio::time::sleep(A_WHILE).await;
}

async fn tick(api: &Api, id: &str) -> u64 {
    api.match_now(id).await["tick"].as_u64().unwrap()
}

#[tokio::test]
async fn a_match_is_held_still_stepped_and_told() {
    let server = Server::start();
    let api = server.api();
    api.publish("bomberman", programs::game("bomberman")).await;
    let ada = Stadion::guest(&server.http, "ada").await.unwrap();
    let seat = ada.play::<Bomberman>("bomberman", Play::Create).await.unwrap();
    let id = seat.info().unwrap().id.clone();

    pace(&api, &id, json!({"pace": "pause"})).await;
    let held = tick(&api, &id).await;
    seat.send(&In::Bomb).unwrap();
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(tick(&api, &id).await, held, "no tick passes");
    pace(&api, &id, json!({"pace": "step", "ticks": 5})).await;
    assert_eq!(tick(&api, &id).await, held + 5);

    let ticks = api.typed().call(ops::GET_TICKS, &[&id]).query("from", held + 1).query("limit", 5);
    let (_, told) = answer(&ticks).await;
    assert_eq!((&told["difference"], told["ticks"].as_array().unwrap().len()), (&Value::Null, 5), "{told}");
    let first = &told["ticks"][0];
    assert_eq!((first["tick"].as_u64(), first["skipped"].as_u64()), (Some(held + 1), Some(0)));
    let said = json!({"message": {"seat": 0, "reliable": true, "content": {"message": "Bomb"}}});
    assert!(first["events"].as_array().unwrap().contains(&said), "what was said while it stood still: {first}");

    pace(&api, &id, json!({"pace": "run"})).await;
    assert!(tick(&api, &id).await > held + 5, "time passes again");
}
