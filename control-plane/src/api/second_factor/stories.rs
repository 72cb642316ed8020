//! Stories of accounts with a second factor.

use std::time::Duration;

use serde_json::{Value, json};

use crate::testing::{Answer, Authenticator, Stage};

const PERIOD: Duration = Duration::from_secs(30);

fn token(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

async fn register(stage: &Stage) -> Value {
    stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201)
}

async fn sign_in(stage: &Stage) -> Answer {
    stage.post("/v1/sessions", json!({"name": "ann", "password": "correct horse"})).await
}

async fn challenge(stage: &Stage) -> Value {
    let stopped = sign_in(stage).await.expect(401);
    assert_eq!(stopped["code"], "second-factor-required");
    stopped["challenge"].clone()
}

async fn answer(stage: &Stage, challenge: &Value, code: &str) -> Answer {
    stage.post("/v1/sessions/second-factor", json!({"challenge": challenge, "code": code})).await
}

/// Ann, with a second factor whose code of now was used.
async fn with_second_factor(stage: &Stage) -> (Value, Authenticator) {
    let ann = register(stage).await;
    let app = stage.second_factor(token(&ann), "correct horse").await;
    (ann, app)
}

#[tokio::test]
async fn it_is_asked_for_once_it_is_confirmed() {
    let stage = Stage::new().await;
    let ann = register(&stage).await;
    let me = async || stage.get("/v1/me/second-factor").bearer(token(&ann)).await.expect(200);
    let enrol =
        async |password| stage.post("/v1/me/second-factor", json!({"password": password})).bearer(token(&ann)).await;
    let confirm =
        async |code| stage.post("/v1/me/second-factor/confirm", json!({"code": code})).bearer(token(&ann)).await;
    assert_eq!(me().await, json!({"enabled": false, "since": null, "recovery_codes_left": 0}));
    confirm("287082").await.expect(404);
    enrol("wrong horse").await.expect(403);
    let begun = enrol("correct horse").await.expect(201);
    assert!(begun["uri"].as_str().unwrap().contains(begun["secret"].as_str().unwrap()));
    assert_eq!(me().await["enabled"], false);
    let there = sign_in(&stage).await.expect(200);
    confirm("aaaa-aaaa-aaaa-aaaa-aaaa-aaaa").await.expect(403);
    let app = stage.second_factor(token(&ann), "correct horse").await;
    assert_eq!(app.recovery.len(), 10);
    assert_eq!((&me().await["enabled"], &me().await["recovery_codes_left"]), (&json!(true), &json!(10)));
    stage.get("/v1/me").bearer(token(&there)).await.expect(401);
    enrol("correct horse").await.expect(409);
    confirm(&app.code(&stage)).await.expect(409);
    let guest = stage.guest().await;
    stage.post("/v1/me/second-factor", json!({"password": "correct horse"})).bearer(&guest).await.expect(409);
}

#[tokio::test]
async fn whoever_has_one_signs_in_in_two_steps_and_a_code_is_good_once() {
    let stage = Stage::new().await;
    let (ann, app) = with_second_factor(&stage).await;
    stage.post("/v1/sessions", json!({"name": "ann", "password": "wrong horse"})).await.expect(401);
    let challenge = challenge(&stage).await;
    let used = answer(&stage, &challenge, &app.code(&stage)).await.expect(401);
    assert_eq!(used["code"], "sign-in-refused", "it confirmed");
    stage.clock.advance(PERIOD);
    let code = app.code(&stage);
    let again = answer(&stage, &challenge, &code).await.expect(200);
    assert_eq!(again["player"]["id"], ann["player"]["id"]);
    stage.get("/v1/me").bearer(token(&again)).await.expect(200);
    answer(&stage, &challenge, &code).await.expect(401);
    stage.clock.advance(PERIOD);
    let code = app.code(&stage);
    let both = [(); 2].map(|()| answer(&stage, &challenge, &code));
    let mut statuses: Vec<_> = futures_util::future::join_all(both).await.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "of two at once one is in");
}

#[tokio::test]
async fn a_recovery_code_signs_in_once() {
    let stage = Stage::new().await;
    let (ann, app) = with_second_factor(&stage).await;
    let challenge = challenge(&stage).await;
    answer(&stage, &challenge, &app.recovery[3].to_uppercase()).await.expect(200);
    answer(&stage, &challenge, &app.recovery[3]).await.expect(401);
    let left = stage.get("/v1/me/second-factor").bearer(token(&ann)).await.expect(200);
    assert_eq!(left["recovery_codes_left"], 9);
}

#[tokio::test]
async fn codes_are_not_to_be_guessed_and_nobody_is_locked_out() {
    let stage = Stage::with(|config| config.accounts.codes_by_account.burst = 3).await;
    let (_, app) = with_second_factor(&stage).await;
    stage.clock.advance(PERIOD);
    let challenge = challenge(&stage).await;
    let wrong = if app.code(&stage) == "123456" { "654321" } else { "123456" };
    for status in [401, 401, 401, 429] {
        answer(&stage, &challenge, wrong).await.expect(status);
    }
    let refused = answer(&stage, &challenge, &app.code(&stage)).await;
    assert_ne!(refused.header("retry-after"), "");
    refused.expect(429);
    answer(&stage, &challenge, &app.recovery[0]).await.expect(200);
    answer(&stage, &challenge, &app.code(&stage)).await.expect(200);
}

#[tokio::test]
async fn a_challenge_is_of_this_server_for_one_account_and_five_minutes() {
    let stage = Stage::new().await;
    let (_, app) = with_second_factor(&stage).await;
    let good = challenge(&stage).await;
    stage.clock.advance(PERIOD);
    let text = good.as_str().unwrap();
    let another = if text.ends_with('A') { "B" } else { "A" };
    let altered = format!("{}{another}", &text[..text.len() - 1]);
    for forged in ["", "sf-", "sf-AAAA", "rt-AAAA", altered.as_str(), &text[..text.len() - 4]] {
        answer(&stage, &json!(forged), &app.code(&stage)).await.expect(401);
    }
    stage.clock.advance(Duration::from_secs(271));
    answer(&stage, &good, &app.code(&stage)).await.expect(401);
    let fresh = challenge(&stage).await;
    answer(&stage, &fresh, &app.code(&stage)).await.expect(200);
}

#[tokio::test]
async fn removing_it_takes_the_password_and_a_code() {
    let stage = Stage::new().await;
    let (ann, app) = with_second_factor(&stage).await;
    let there = answer(&stage, &challenge(&stage).await, &app.recovery[0]).await.expect(200);
    stage.clock.advance(PERIOD);
    let remove = async |password: &str, code: &str| {
        let body = json!({"password": password, "code": code});
        stage.post("/v1/me/second-factor/remove", body).bearer(token(&ann)).await
    };
    remove("wrong horse", &app.code(&stage)).await.expect(403);
    remove("correct horse", &app.recovery[0]).await.expect(403);
    remove("correct horse", &app.code(&stage)).await.expect(204);
    remove("correct horse", &app.code(&stage)).await.expect(404);
    stage.get("/v1/me").bearer(token(&there)).await.expect(401);
    sign_in(&stage).await.expect(200);
}

#[tokio::test]
async fn an_operator_takes_it_away_from_whoever_has_lost_it() {
    let stage = Stage::new().await;
    let (ann, app) = with_second_factor(&stage).await;
    let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
    let path = format!("/v1/accounts/{}/second-factor", ann["player"]["id"].as_str().unwrap());
    let open = challenge(&stage).await;
    stage.delete(&path).bearer(token(&ann)).await.expect(403);
    stage.delete(&path).bearer(&operator).await.expect(204);
    stage.delete(&path).bearer(&operator).await.expect(404);
    stage.get("/v1/me").bearer(token(&ann)).await.expect(401);
    answer(&stage, &open, &app.recovery[0]).await.expect(401);
    sign_in(&stage).await.expect(200);
}

#[tokio::test]
async fn it_is_noted_and_exported_without_its_secrets() {
    let stage = Stage::new().await;
    let (ann, app) = with_second_factor(&stage).await;
    challenge(&stage).await;
    let export = stage.get("/v1/me/export").bearer(token(&ann)).await.expect(200);
    assert_eq!(export["second_factor"]["enabled"], true);
    let noted: Vec<_> =
        export["audit"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let expected =
        ["POST /v1/sessions", "POST /v1/me/second-factor/confirm", "POST /v1/me/second-factor", "POST /v1/accounts"];
    assert_eq!(noted, expected, "the first step with the right password too");
    assert!(!export.to_string().contains(&app.recovery[0]));
    let delete = json!({"confirm": ann["player"]["id"], "password": "correct horse"});
    stage.post("/v1/me/delete", delete).bearer(token(&ann)).await.expect(204);
}
