//! Documents over REST, told one story at a time.

use axum::body::Bytes;
use serde_json::json;

use crate::testing::{Answer, Stage};

const RECORD: &str = "/v1/games/chess/storage/record";

async fn stage() -> (Stage, String) {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let key = stage.developer_key.clone();
    (stage, key)
}

async fn put(stage: &Stage, token: &str, path: &str, data: &'static [u8]) -> Answer {
    stage.put(path, Bytes::from_static(data)).bearer(token).await
}

async fn a_player(stage: &Stage) -> (String, String) {
    let guest = stage.post("/v1/guests", json!({})).await.expect(201);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&guest["player"]["id"]), text(&guest["access_token"]))
}

#[tokio::test]
async fn the_owner_writes_reads_lists_and_removes() {
    let (stage, key) = stage().await;
    let written = put(&stage, &key, RECORD, b"\x00\xff").await;
    assert_eq!(written.header("etag"), "\"1\"");
    let body = written.expect(200);
    assert_eq!((&body["key"], &body["version"], &body["size"]), (&json!("record"), &json!(1), &json!(2)));
    let read = stage.get(RECORD).bearer(&key).await;
    assert_eq!((read.header("etag"), &read.body[..]), ("\"1\"", &b"\x00\xff"[..]));
    assert_eq!((read.header("content-disposition"), read.header("x-content-type-options")), ("attachment", "nosniff"));
    stage.get(RECORD).bearer(&key).with("if-none-match", "\"1\"").await.expect(304);
    put(&stage, &key, "/v1/games/chess/storage/a%2Fb%20%C3%BC?player=p-1", b"x").await.expect(200);
    let list = stage.get("/v1/games/chess/storage").bearer(&key).await.expect(200);
    assert_eq!((list["items"].as_array().unwrap().len(), &list["items"][0]["key"]), (1, &json!("record")));
    let of_player = stage.get("/v1/games/chess/storage?player=p-1").bearer(&key).await.expect(200);
    assert_eq!(of_player["items"][0]["key"], "a/b ü");
    stage.delete(RECORD).bearer(&key).await.expect(204);
    stage.delete(RECORD).bearer(&key).await.expect(404);
    stage.get(RECORD).bearer(&key).await.expect(404);
}

#[tokio::test]
async fn conditions_are_compare_and_set() {
    let (stage, key) = stage().await;
    let put_if = async |name: &'static str, value: &str| {
        stage.put(RECORD, Bytes::from_static(b"x")).bearer(&key).with(name, value).await
    };
    put_if("if-match", "\"1\"").await.expect(412);
    put_if("if-none-match", "*").await.expect(200);
    let refused = put_if("if-none-match", "*").await.expect(412);
    assert_eq!(refused["type"], "urn:stadion:problem:version-conflict");
    assert_eq!(put_if("if-match", "\"1\"").await.header("etag"), "\"2\"");
    for nonsense in ["1", "\"\"", "W/\"2\"", "\"0\"", "\"1\", \"2\"", "*", "\"99999999999999999999\""] {
        put_if("if-match", nonsense).await.expect(422);
    }
    put_if("if-none-match", "\"2\"").await.expect(422);
    stage.delete(RECORD).bearer(&key).with("if-match", "\"1\"").await.expect(412);
    stage.delete(RECORD).bearer(&key).with("if-match", "\"2\"").await.expect(204);
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let (stage, key) = stage().await;
    for name in ["a", "b", "c"] {
        put(&stage, &key, &format!("/v1/games/chess/storage/{name}"), b"").await.expect(200);
    }
    let first = stage.get("/v1/games/chess/storage?limit=2").bearer(&key).await.expect(200);
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let next = format!("/v1/games/chess/storage?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = stage.get(&next).bearer(&key).await.expect(200);
    assert_eq!((&second["items"][0]["key"], &second["next_cursor"]), (&json!("c"), &json!(null)));
    stage.get("/v1/games/chess/storage?limit=0").bearer(&key).await.expect(400);
    stage.get("/v1/games/chess/storage?cursor=%21").bearer(&key).await.expect(422);
}

#[tokio::test]
async fn players_reach_their_own_as_the_game_allows() {
    let (stage, key) = stage().await;
    let (id, token) = a_player(&stage).await;
    let own = format!("{RECORD}?player={id}");
    put(&stage, &key, &own, b"3 won").await.expect(200);
    let access = "/v1/games/chess/storage-access";
    assert_eq!(stage.get(access).await.expect(200), json!({"players": "none"}));
    stage.get(&own).bearer(&token).await.expect(403);
    stage.put_json(access, json!({"players": "read"})).bearer(&token).await.expect(403);
    stage.put_json(access, json!({"players": "read"})).bearer(&stage.another_developer().await).await.expect(403);
    stage.put_json(access, json!({"players": "all"})).bearer(&key).await.expect(422);
    stage.put_json(access, json!({"players": "read"})).bearer(&key).await.expect(200);
    assert_eq!(&stage.get(&own).bearer(&token).await.body[..], b"3 won");
    stage.get(&format!("/v1/games/chess/storage?player={id}")).bearer(&token).await.expect(200);
    put(&stage, &token, &own, b"9 won").await.expect(403);
    stage.put_json(access, json!({"players": "write"})).bearer(&key).await.expect(200);
    put(&stage, &token, &own, b"9 won").await.expect(200);
    for others in [RECORD.to_owned(), format!("{RECORD}?player=p-another")] {
        stage.get(&others).bearer(&token).await.expect(403);
        put(&stage, &token, &others, b"").await.expect(403);
        stage.delete(&others).bearer(&token).await.expect(403);
    }
    stage.get(&own).await.expect(401);
}

#[tokio::test]
async fn nonsense_is_refused() {
    let (stage, key) = stage().await;
    put(&stage, &key, "/v1/games/go/storage/k", b"").await.expect(404);
    put(&stage, &key, &format!("/v1/games/chess/storage/{}", "x".repeat(257)), b"").await.expect(422);
    put(&stage, &key, "/v1/games/chess/storage/a%00b", b"").await.expect(422);
    put(&stage, &key, "/v1/games/chess/storage/a?player=a%20b", b"").await.expect(422);
    let large = stage.put(RECORD, Bytes::from(vec![0; 262_145])).bearer(&key).await;
    large.expect(413);
    stage.put(RECORD, Bytes::from(vec![0; 262_144])).bearer(&key).await.expect(200);
    let crowd = stage.put(&format!("{RECORD}?player=p-1"), Bytes::from(vec![0; 262_144])).bearer(&key).await;
    crowd.expect(200);
    for n in 0..2 {
        let path = format!("/v1/games/chess/storage/{n}?player=p-1");
        stage.put(&path, Bytes::from(vec![0; 262_144])).bearer(&key).await.expect(200);
    }
    let path = "/v1/games/chess/storage/more?player=p-1";
    let refused = stage.put(path, Bytes::from(vec![0; 262_144])).bearer(&key).await.expect(429);
    assert_eq!(refused["type"], "urn:stadion:problem:quota");
}

#[tokio::test]
async fn what_games_keep_of_an_account_is_exported_and_goes_with_it() {
    let (stage, key) = stage().await;
    let ann = stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
    let (id, token) = (ann["player"]["id"].as_str().unwrap(), ann["access_token"].as_str().unwrap());
    let own = format!("{RECORD}?player={id}");
    put(&stage, &key, &own, b"hi").await.expect(200);
    let export = stage.get("/v1/me/export").bearer(token).await.expect(200);
    let kept = &export["documents"][0];
    assert_eq!((&kept["game"], &kept["key"], &kept["data"]), (&json!("chess"), &json!("record"), &json!("aGk=")));
    stage.store.delete_account(&id.parse().unwrap()).await.unwrap();
    stage.get(&own).bearer(&key).await.expect(404);
    put(&stage, &key, &own, b"again").await.expect(410);
}
