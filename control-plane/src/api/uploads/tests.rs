//! How an upload fares, through the API.

use serde_json::{Value, json};
use stadion_protocol::contract::{CompileError, CompileStage};

use crate::testing::{Stage, wasm};

const UPLOAD: &str = "5f1c0ad2b6e94c1d";

/// The states, and of stages their names, that a stream tells of.
async fn told(stage: &Stage) -> Vec<String> {
    let answer = stage.get(&format!("/v1/uploads/{UPLOAD}/events")).bearer(&stage.developer_key).await;
    let text = String::from_utf8(answer.body).unwrap();
    let words = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let words = words.map(|word| serde_json::from_str::<Value>(word).unwrap());
    words.map(|word| word["stage"].as_str().or(word["state"].as_str()).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_publisher_hears_of_every_stage_to_the_end() {
    let stage = Stage::new().await;
    let path = format!("/v1/uploads/{UPLOAD}");
    stage.get(&path).bearer(&stage.developer_key).await.expect(404);
    let publish = stage.put(&format!("/v1/games/chess/versions?upload={UPLOAD}"), wasm("one"));
    let version = publish.bearer(&stage.developer_key).await.expect(201);
    let last = stage.get(&path).bearer(&stage.developer_key).await.expect(200);
    assert_eq!(last, json!({"state": "published", "version": version["version"]}));
    assert_eq!(told(&stage).await, ["waiting", "validate", "compile", "sign", "published"]);
    let other = stage.another_developer().await;
    stage.get(&path).bearer(&other).await.expect(404);
    stage.get(&path).bearer(&stage.guest().await).await.expect(403);
}

#[tokio::test]
async fn an_upload_that_is_refused_ends_the_stream() {
    let stage = Stage::new().await;
    let message = "unknown import `env::fork`".to_owned();
    stage.compiler.refuse_with(CompileError::Rejected { stage: CompileStage::Contract, message });
    let publish = stage.put(&format!("/v1/games/chess/versions?upload={UPLOAD}"), wasm("one"));
    publish.bearer(&stage.developer_key).await.expect(422);
    assert_eq!(told(&stage).await.last().map(String::as_str), Some("refused"));
}

#[tokio::test]
async fn an_upload_is_named_or_it_is_not_followed() {
    let stage = Stage::new().await;
    let key = stage.developer_key.clone();
    stage.put("/v1/games/chess/versions?upload=short", wasm("one")).bearer(&key).await.expect(400);
    stage.get("/v1/uploads/short").bearer(&key).await.expect(400);
    stage.get("/v1/uploads/short/events").bearer(&key).await.expect(400);
    stage.put("/v1/games/chess/versions", wasm("one")).bearer(&key).await.expect(201);
}
