//! Quotas through the API: by configuration, by the operator's word, and what is said when they are met.

use serde_json::{Value, json};

use crate::testing::{Stage, wasm};

async fn operator(stage: &Stage) -> String {
    stage.control_plane.create_operator_key("operator").await.unwrap()
}

async fn owner(stage: &Stage) -> String {
    stage.get("/v1/me").bearer(&stage.developer_key).await.expect(200)["id"].as_str().unwrap().to_owned()
}

fn assert_met(problem: &Value, name: &str, limit: u64) {
    assert_eq!((&problem["code"], &problem["quota"]), (&json!("quota"), &json!(name)), "{problem}");
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(limit), &json!(limit)), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("ask the server's operator"), "{problem}");
}

#[tokio::test]
async fn games_versions_and_bytes_are_bounded_for_each_owner() {
    let bytes = wasm("chess").len() as u64;
    let stage = Stage::with(|config| {
        config.quotas.games = 2;
        config.quotas.versions = 2;
        config.quotas.stored_bytes = bytes * 3;
    })
    .await;
    let key = stage.developer_key.clone();
    stage.publish("chess").await;
    stage.publish("go").await;
    assert_met(&stage.put("/v1/games/hex/versions", wasm("hex")).bearer(&key).await.expect(429), "games", 2);
    assert_met(&stage.post("/v1/games", json!({"name": "hex"})).bearer(&key).await.expect(429), "games", 2);
    assert_met(&stage.put("/v1/games/chess/versions", wasm("two")).bearer(&key).await.expect(429), "versions", 2);
    stage.put("/v1/games/chess/versions", wasm("chess")).bearer(&key).await.expect(200);
    assert_eq!(stage.compiler.compiled(), 2, "refused before it is compiled");

    let (operator, owner) = (operator(&stage).await, owner(&stage).await);
    let path = format!("/v1/accounts/{owner}/quotas");
    let set = stage.put_json(&path, json!({"versions": 9, "stored_bytes": 2 * bytes - 1})).bearer(&operator);
    assert_eq!(set.await.expect(200)["limits"]["versions"], 9);
    let full = stage.put("/v1/games/chess/versions", wasm("two")).bearer(&key).await.expect(429);
    assert_eq!(full["quota"], "stored_bytes");
    stage.put_json(&path, json!({"versions": 9})).bearer(&operator).await.expect(200);
    stage.put("/v1/games/chess/versions", wasm("two")).bearer(&key).await.expect(201);
    let own = stage.get("/v1/quotas").bearer(&key).await.expect(200);
    assert_eq!((&own["used"]["games"], &own["used"]["versions"]), (&json!(2), &json!(3)));
}

#[tokio::test]
async fn matches_a_minute_are_counted_and_the_operator_gives_more() {
    let stage = Stage::with(|config| config.quotas.matches_a_minute = 2).await;
    stage.publish("chess").await;
    let create = || stage.play("chess", json!({"create": "private"}));
    create().await.expect(201);
    create().await.expect(201);
    let refused = create().await;
    assert_met(&refused.expect(429), "matches_a_minute", 2);
    assert_eq!(refused.header("retry-after"), "1");
    let (operator, owner) = (operator(&stage).await, owner(&stage).await);
    let more = stage.put_json(&format!("/v1/accounts/{owner}/quotas"), json!({"matches_a_minute": 4}));
    more.bearer(&operator).await.expect(200);
    create().await.expect(201);
    stage.clock.advance(std::time::Duration::from_secs(60));
    for _ in 0..4 {
        create().await.expect(201);
    }
    create().await.expect(429);
}

#[tokio::test]
async fn running_matches_and_cpu_time_are_bounded() {
    let stage = Stage::with(|config| config.quotas.running_matches = 1).await;
    stage.publish("chess").await;
    let seat = stage.play("chess", json!({"create": "private"})).await.expect(201);
    assert_met(&stage.play("chess", json!({"create": "private"})).await.expect(429), "running_matches", 1);
    stage.host.finish(seat["match"]["id"].as_str().unwrap());
    stage.settled().await;
    let (operator, owner) = (operator(&stage).await, owner(&stage).await);
    let path = format!("/v1/accounts/{owner}/quotas");
    stage.put_json(&path, json!({"cpu_seconds_a_day": 0})).bearer(&operator).await.expect(200);
    assert_met(&stage.play("chess", json!({"create": "private"})).await.expect(429), "cpu_seconds_a_day", 0);
    stage.put_json(&path, json!({})).bearer(&operator).await.expect(200);
    stage.play("chess", json!({"create": "private"})).await.expect(201);
}

#[tokio::test]
async fn quotas_are_the_operators_to_set() {
    let stage = Stage::new().await;
    let owner = owner(&stage).await;
    let path = format!("/v1/accounts/{owner}/quotas");
    stage.get(&path).bearer(&stage.developer_key).await.expect(403);
    stage.put_json(&path, json!({"games": 9})).bearer(&stage.developer_key).await.expect(403);
    let operator = operator(&stage).await;
    stage.get(&path).bearer(&operator).await.expect(200);
    for (body, status) in [
        (json!({"gmaes": 9}), 422),
        (json!({"games": -1}), 422),
        (json!({"stored_bytes": u64::MAX}), 400),
        (json!([]), 422),
    ] {
        stage.put_json(&path, body).bearer(&operator).await.expect(status);
    }
    stage.put_json("/v1/accounts/p-nobody/quotas", json!({})).bearer(&operator).await.expect(404);
}
