//! Stories of parties, by REST and with the events that their members hear.

use serde_json::{Value, json};

use crate::testing::{Ears, Stage};

/// Somebody with a name to sign in with: token and account id.
pub(crate) async fn registered(stage: &Stage, name: &str) -> (String, String) {
    let body = json!({"name": name, "password": "correct horse"});
    let account = stage.post("/v1/accounts", body).await.expect(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&account["access_token"]), text(&account["player"]["id"]))
}

fn members(party: &Value) -> Vec<&str> {
    party["members"].as_array().unwrap().iter().map(|member| member["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn friends_come_together_by_invitation_and_by_link() {
    let stage = Stage::new().await;
    let (ann, _) = registered(&stage, "ann").await;
    let (bob, bob_id) = registered(&stage, "bob").await;
    let (cid, _) = registered(&stage, "cid").await;
    let party = stage.post("/v1/parties", json!({})).bearer(&ann).await.expect(201);
    assert_eq!((members(&party), &party["phase"]), (vec!["ann"], &json!("gathering")));
    stage.post("/v1/parties", json!({})).bearer(&ann).await.expect(409);

    let mut ears = Ears::of(&stage, &bob).await;
    let invite =
        |token: &str, whom: &str| stage.post("/v1/parties/mine/invitations", json!({"player": whom})).bearer(token);
    let invited = invite(&ann, "BOB").await.expect(200);
    assert_eq!(invited["invitations"][0]["player"], bob_id);
    invite(&ann, "nobody-at-all").await.expect(404);
    let heard = ears.next("invitation").await;
    assert_eq!((&heard["name"], &heard["party"]), (&json!("ann"), &party["id"]));
    let open = stage.get("/v1/invitations").bearer(&bob).await.expect(200);
    assert_eq!(open["items"][0]["party"], party["id"]);

    let joined = stage.post("/v1/parties/join", json!({"party": party["id"]})).bearer(&bob).await.expect(200);
    assert_eq!(members(&joined), ["ann", "bob"]);
    assert_eq!(stage.get("/v1/invitations").bearer(&bob).await.expect(200)["items"], json!([]));
    let joined = stage.post("/v1/parties/join", json!({"code": party["code"]})).bearer(&cid).await.expect(200);
    assert_eq!(members(&joined), ["ann", "bob", "cid"]);
    while members(&ears.next("party").await["party"]) != ["ann", "bob", "cid"] {}
    let mine = stage.get("/v1/parties/mine").bearer(&bob).await.expect(200);
    assert_eq!(mine["members"][1]["away"], false);
}

#[tokio::test]
async fn the_leader_has_members_go_and_hands_over() {
    let stage = Stage::new().await;
    let (ann, ann_id) = registered(&stage, "ann").await;
    let (bob, bob_id) = registered(&stage, "bob").await;
    let party = stage.post("/v1/parties", json!({})).bearer(&ann).await.expect(201);
    let join = |code: &Value| stage.post("/v1/parties/join", json!({"code": code})).bearer(&bob);
    join(&party["code"]).await.expect(200);
    let remove = |token: &str, whom: &str| stage.delete(&format!("/v1/parties/mine/members/{whom}")).bearer(token);
    remove(&bob, &ann_id).await.expect(403);
    remove(&ann, &bob_id).await.expect(204);
    stage.get("/v1/parties/mine").bearer(&bob).await.expect(404);
    join(&party["code"]).await.expect(404);
    let party = stage.get("/v1/parties/mine").bearer(&ann).await.expect(200);
    join(&party["code"]).await.expect(200);
    let lead = stage.put_json("/v1/parties/mine/leader", json!({"player": "bob"})).bearer(&ann).await.expect(200);
    assert_eq!(lead["leader"], bob_id);
    remove(&bob, "me").await.expect(204);
    assert_eq!(stage.get("/v1/parties/mine").bearer(&ann).await.expect(200)["leader"], ann_id);
    remove(&ann, "me").await.expect(204);
    join(&party["code"]).await.expect(404);
}

#[tokio::test]
async fn an_invitation_is_declined_and_wishes_that_cannot_be_are_refused() {
    let stage = Stage::new().await;
    let (ann, _) = registered(&stage, "ann").await;
    let (bob, bob_id) = registered(&stage, "bob").await;
    let party = stage.post("/v1/parties", json!({})).bearer(&ann).await.expect(201);
    stage.post("/v1/parties/mine/invitations", json!({"player": bob_id})).bearer(&ann).await.expect(200);
    let path = format!("/v1/invitations/{}", party["id"].as_str().unwrap());
    stage.delete(&path).bearer(&bob).await.expect(204);
    stage.delete(&path).bearer(&bob).await.expect(404);
    assert_eq!(stage.get("/v1/parties/mine").bearer(&ann).await.expect(200)["invitations"], json!([]));
    for body in [json!({}), json!({"code": "KBQT", "party": party["id"]}), json!({"code": "aeiou"})] {
        stage.post("/v1/parties/join", body).bearer(&bob).await.expect(422);
    }
    stage.post("/v1/parties/join", json!({"party": party["id"]})).bearer(&bob).await.expect(404);
    stage.get("/v1/parties/mine").await.expect(401);
}

#[tokio::test]
async fn whoever_listens_is_there_and_whoever_does_not_is_away() {
    let stage = Stage::new().await;
    let (ann, _) = registered(&stage, "ann").await;
    let (bob, _) = registered(&stage, "bob").await;
    let party = stage.post("/v1/parties", json!({})).bearer(&ann).await.expect(201);
    stage.post("/v1/parties/join", json!({"code": party["code"]})).bearer(&bob).await.expect(200);
    let mut anns = Ears::of(&stage, &ann).await;
    let bobs = Ears::of(&stage, &bob).await;
    drop(bobs);
    while anns.next("party").await["party"]["members"][1]["away"] != true {}
    let _again = Ears::of(&stage, &bob).await;
    while anns.next("party").await["party"]["members"][1]["away"] != false {}
}
