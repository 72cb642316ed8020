//! Stories of friends and blocks.

use serde_json::{Value, json};

use crate::api::parties::registered;
use crate::testing::{Ears, Stage};

async fn put(stage: &Stage, token: &str, path: &str) -> crate::testing::Answer {
    stage.put_json(path, Value::Null).bearer(token).await
}

#[tokio::test]
async fn friends_are_those_who_both_want_it_and_see_who_is_online() {
    let stage = Stage::new().await;
    let (ann, _) = registered(&stage, "ann").await;
    let (bob, bob_id) = registered(&stage, "bob").await;
    let mut bobs = Ears::of(&stage, &bob).await;
    assert_eq!(put(&stage, &ann, "/v1/friends/bob").await.expect(200)["state"], "asked");
    let asked = bobs.next("friend").await;
    assert_eq!((&asked["name"], &asked["what"]), (&json!("ann"), &json!("asked")));
    let anns = stage.get("/v1/friends").bearer(&ann).await.expect(200);
    assert_eq!((&anns["items"][0]["state"], &anns["items"][0]["online"]), (&json!("asked"), &json!(false)));
    assert_eq!(put(&stage, &bob, "/v1/friends/ann").await.expect(200)["state"], "friends");
    let anns = stage.get("/v1/friends").bearer(&ann).await.expect(200);
    assert_eq!((&anns["items"][0]["player"], &anns["items"][0]["online"]), (&json!(bob_id), &json!(true)));
    let _here = Ears::of(&stage, &ann).await;
    while bobs.next("friend").await["what"] != "online" {}
    stage.delete("/v1/friends/ann").bearer(&bob).await.expect(204);
    assert_eq!(stage.get("/v1/friends").bearer(&ann).await.expect(200)["items"], json!([]));
    put(&stage, &ann, "/v1/friends/ann").await.expect(409);
    put(&stage, &ann, "/v1/friends/nobody").await.expect(404);
}

#[tokio::test]
async fn whoever_is_blocked_is_no_friend_and_is_not_invited() {
    let stage = Stage::new().await;
    let (ann, _) = registered(&stage, "ann").await;
    let (bob, bob_id) = registered(&stage, "bob").await;
    put(&stage, &ann, "/v1/friends/bob").await.expect(200);
    put(&stage, &bob, "/v1/blocks/ann").await.expect(204);
    assert_eq!(stage.get("/v1/friends").bearer(&bob).await.expect(200)["items"], json!([]));
    put(&stage, &ann, "/v1/friends/bob").await.expect(409);
    stage.post("/v1/parties", json!({})).bearer(&ann).await.expect(201);
    let invite = stage.post("/v1/parties/mine/invitations", json!({"player": bob_id})).bearer(&ann);
    invite.await.expect(409);
    assert_eq!(stage.get("/v1/blocks").bearer(&bob).await.expect(200)["items"][0]["name"], "ann");
    stage.delete("/v1/blocks/ann").bearer(&bob).await.expect(204);
    assert_eq!(put(&stage, &ann, "/v1/friends/bob").await.expect(200)["state"], "asked");
}

#[tokio::test]
async fn a_stream_goes_on_behind_the_last_event_and_ends_with_its_sign_in() {
    let stage = Stage::new().await;
    let (ann, _) = registered(&stage, "ann").await;
    let (bob, _) = registered(&stage, "bob").await;
    let mut bobs = Ears::of(&stage, &bob).await;
    put(&stage, &ann, "/v1/friends/bob").await.expect(200);
    bobs.next("friend").await;
    let last = bobs.last_id().to_owned();
    drop(bobs);
    stage.delete("/v1/friends/bob").bearer(&ann).await.expect(204);
    put(&stage, &ann, "/v1/friends/bob").await.expect(200);
    let mut again = Ears::after(&stage, &bob, &last).await;
    assert_eq!(again.next("friend").await["what"], "asked", "it was told while nobody listened");
    stage.delete("/v1/sessions/current").bearer(&bob).await.expect(204);
    again.next("signed-out").await;
    assert!(again.is_over().await);
    stage.get("/v1/events").bearer(&bob).await.expect(401);
}
