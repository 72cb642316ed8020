//! Three replicas on one PostgreSQL and one Redis behind HAProxy are one server, and any of them may die.
#![allow(clippy::disallowed_methods, reason = "it measures how long things heal on the wall")]

mod crowd;
mod paused;
mod people;
mod streams;

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stadion_api::operations as ops;
use stadion_client::{RawEvent, RawMatch};
use stadion_tests::api::text;
use stadion_tests::cluster::{self, Cluster};
use stadion_tests::{chaos, ledger};

/// What is lost is healed within this on whatever machine; what it took is printed, and is below 5 s on an idle one.
const HEALED: Duration = Duration::from_secs(30);

/// Whether everything that these stories need is on this machine; says what is not.
fn can_run() -> bool {
    match cluster::missing() {
        None => true,
        Some(missing) => {
            eprintln!("SKIPPED: {missing}");
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_is_the_same_from_every_replica() {
    if !can_run() {
        return;
    }
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let apis: Vec<_> = cluster.replicas.iter().map(stadion_tests::Server::api).collect();
    apis[0].publish("ledger", ledger::wasm()).await;
    let people = [apis[0].guest("ada").await, apis[1].guest("bob").await, apis[2].guest("eve").await];
    // Each asks another replica.
    let asked = |n: usize| apis[n].with_bearer(people[n].api.bearer());
    let (status, first) = asked(0).play("ledger", &json!({})).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    let (status, second) = asked(1).play("ledger", &json!({})).await;
    assert_eq!((status, &second["match"]), (StatusCode::OK, &first["match"]), "{second}");
    assert_eq!(second["quic"], first["quic"], "where it runs");
    assert_eq!(second["endpoints"], first["endpoints"]);
    let by_code = json!({"code": first["match"]["code"]});
    let (status, third) = asked(2).play("ledger", &by_code).await;
    assert_eq!((status, &third["match"]), (StatusCode::OK, &first["match"]), "{third}");
    let keyed = json!({"key": "rematch:1"});
    let (status, mine) = asked(1).play("ledger", &keyed).await;
    assert_eq!(status, StatusCode::CREATED, "{mine}");
    let (_, theirs) = asked(2).play("ledger", &keyed).await;
    assert_eq!((&theirs["match"], &theirs["quic"]), (&mine["match"], &mine["quic"]));
    let _seats = (chaos::enter(&first).await, chaos::enter(&second).await, chaos::enter(&third).await);
    let id = text(&first["match"], "id").to_owned();
    for api in &apis {
        let now = api.match_when(&id, |it| it["seats"][2]["presence"] == "connected").await;
        assert_eq!(now["state"], "running", "{now}");
    }
    let owner = apis[2].with_bearer(apis[0].bearer());
    owner.get(ops::GET_MATCH_USAGE, &[&id]).await;
    let (status, _) = owner.end(&id).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "another replica ends it");
    for api in &apis {
        assert_eq!(api.ended(&id).await["end"]["kind"], "closed");
    }
    assert!(!owner.journal(&id).await.is_empty(), "journals are common");
}

/// Sends an input and waits for its answer.
async fn answered(seat: &mut RawMatch, input: u64) {
    seat.send(&input.to_le_bytes()).unwrap();
    let answer = async {
        loop {
            if let RawEvent::Message(bytes) = seat.next().await
                && ledger::read(&bytes).input == input
            {
                return;
            }
        }
    };
    tokio::time::timeout(HEALED, answer).await.expect("the match goes on");
}

/// Until `is_so`, at most [`HEALED`].
async fn heals(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < HEALED, "{what} within {HEALED:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eprintln!("{what}: {:.0?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_or_lost_redis_loses_no_match_and_no_account() {
    if !can_run() {
        return;
    }
    let mut cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let api = cluster.api();
    api.publish("ledger", ledger::wasm()).await;
    let (ada, bob, gone) = (api.guest("ada").await, api.guest("bob").await, api.guest("gone").await);
    let (_, public) = ada.api.play("ledger", &json!({})).await;
    let (_, keyed) = ada.api.play("ledger", &json!({"key": "k"})).await;
    let mut seat = chaos::enter(&public).await;
    answered(&mut seat, 1).await;
    let (status, _) = gone.api.call(ops::DELETE_SESSION, &[], &Value::Null).await;
    assert!(status.is_success(), "signed out: {status}");

    cluster.empty_redis();
    answered(&mut seat, 2).await;
    let (_, by_code) = bob.api.play("ledger", &json!({"code": public["match"]["code"]})).await;
    assert_eq!(by_code["match"], public["match"], "at once: {by_code}");
    let (_, by_key) = bob.api.play("ledger", &json!({"key": "k"})).await;
    assert_eq!(by_key["match"], keyed["match"], "at once: {by_key}");
    let signed_out = async || gone.api.call(ops::GET_ME, &[], &Value::Null).await.0 == StatusCode::UNAUTHORIZED;
    heals("who signed out is out again", signed_out).await;
    let led = async || bob.api.play("ledger", &json!({})).await.1["match"] == public["match"];
    heals("players are led to the open match again", led).await;

    cluster.stop_redis();
    answered(&mut seat, 3).await;
    let (status, refused) = ada.api.play("ledger", &json!({})).await;
    assert_eq!((status, &refused["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")), "{refused}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    cluster.start_redis();
    heals("Redis is back", async || ada.api.play("ledger", &json!({"key": "k"})).await.1["match"] == keyed["match"])
        .await;
    answered(&mut seat, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_said_with_when_to_come_back_and_matches_go_on() {
    if !can_run() {
        return;
    }
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let api = cluster.replicas[0].api();
    api.publish("ledger", ledger::wasm()).await;
    let ada = api.guest("ada").await;
    let (_, joined) = ada.api.play("ledger", &json!({})).await;
    let mut seat = chaos::enter(&joined).await;
    answered(&mut seat, 1).await;

    cluster.let_into_database(false);
    answered(&mut seat, 2).await;
    // Past the typed client: what a balancer looks at.
    let refused = api.send(Method::POST, "/v1/guests", "application/json", "{}").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let (status, created) = ada.api.play("ledger", &json!({"create": "private"})).await;
    assert_eq!(status, StatusCode::CREATED, "creating a match needs no database: {created}");
    let through = cluster.api().send(Method::POST, "/v1/guests", "application/json", "{}").await;
    assert_eq!(through.status(), StatusCode::SERVICE_UNAVAILABLE, "and so says the balancer");

    cluster.let_into_database(true);
    let guests = async || api.send(Method::POST, "/v1/guests", "application/json", "{}").await.status().is_success();
    heals("the database is back", guests).await;
    answered(&mut seat, 3).await;
    api.match_when(text(&created["match"], "id"), |it| it["state"] == "running").await;
}
