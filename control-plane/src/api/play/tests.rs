//! Seats by `play`, asked through the real router.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stadion_protocol::contract::CreateError;
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims};

use crate::testing::{Ears, Stage, wasm};

#[tokio::test]
async fn two_players_meet_and_the_third_gets_a_match_of_its_own() {
    let stage = Stage::new().await;
    let version = stage.publish("chess").await;
    let first = stage.play("chess", json!({})).await.expect(201);
    let second = stage.play("chess", json!({})).await.expect(200);
    let third = stage.play("chess", json!({})).await.expect(201);
    assert_eq!(first["match"], second["match"]);
    assert_eq!((&first["seat"], &second["seat"]), (&json!(0), &json!(1)));
    assert_ne!(first["match"]["id"], third["match"]["id"]);
    assert_eq!(first["schema_hash"], version["schema_hash"]);
    assert_eq!(first["quic"], json!(["192.0.2.1:7879"]));
    assert_eq!(first["certificate_hashes"], json!(["07".repeat(32)]));
    assert_eq!(first["endpoints"]["quic"], first["quic"]);
    assert_eq!(first["endpoints"]["certificate_hashes"], json!(["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="]));
}

#[tokio::test]
async fn a_browser_is_told_to_come_back_to_the_host_that_it_asked() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let guest = stage.guest().await;
    let play = stage.post("/v1/games/chess/play", json!({})).bearer(&guest).with("host", "play.example:8080");
    let endpoints = &play.await.expect(201)["endpoints"];
    assert_eq!(endpoints["webtransport"], "https://play.example:7879/v1/connect");
    assert_eq!(endpoints["websocket"], "ws://play.example:8080/v1/connect");
}

#[tokio::test]
async fn a_join_token_names_its_player_seat_and_match() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let seat = stage.play("chess", json!({"bot": true})).await.expect(201);
    let token = seat["join_token"].as_str().unwrap();
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let key = jsonwebtoken::DecodingKey::from_ed_der(&stage.keys.join_verifiers()[&kid]);
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    validation.set_audience(&[JOIN_AUDIENCE]);
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<JoinClaims>(token, &key, &validation).unwrap().claims;
    assert_eq!(claims.match_id.to_string(), seat["match"]["id"]);
    assert_eq!((claims.seat.0, claims.bot), (0, true));
    assert_eq!(claims.schema.to_string(), seat["schema_hash"]);
}

#[tokio::test]
async fn a_private_match_is_found_by_its_code_alone() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let private = stage.play("chess", json!({"create": "private"})).await.expect(201);
    let other = stage.play("chess", json!({})).await.expect(201);
    assert_ne!(private["match"]["id"], other["match"]["id"]);
    let code = private["match"]["code"].as_str().unwrap().to_lowercase();
    let friend = stage.play("chess", json!({"code": code})).await.expect(200);
    assert_eq!(friend["match"], private["match"]);
    assert_eq!(stage.play("chess", json!({"code": code})).await.expect(409)["code"], "match-full");
    stage.publish("go").await;
    stage.play("go", json!({"code": code})).await.expect(404);
}

#[tokio::test]
async fn a_public_match_is_filled_and_a_code_opens_it_too() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let public = stage.play("chess", json!({"create": "public"})).await.expect(201);
    let second = stage.play("chess", json!({})).await.expect(200);
    assert_eq!(second["match"], public["match"]);
}

#[tokio::test]
async fn sixteen_at_once_fill_matches_without_double_booking() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let mut players = Vec::new();
    for _ in 0..16 {
        players.push(stage.guest().await);
    }
    let calls = players.iter().map(|player| stage.play_as(player, "chess", json!({})));
    let answers = futures_util::future::join_all(calls).await;
    let mut taken: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for answer in answers {
        let seat = answer.json();
        taken.entry(seat["match"]["id"].to_string()).or_default().push(seat["seat"].as_u64().unwrap());
    }
    for seats in taken.values_mut() {
        seats.sort_unstable();
    }
    assert!(taken.values().all(|seats| *seats == [0, 1]), "{taken:?}");
    assert_eq!(taken.len(), 8);
}

#[tokio::test]
async fn a_full_host_and_a_failing_game_are_told_apart_and_leave_no_trace() {
    let stage = Stage::with(|config| config.quotas.running_matches = 1).await;
    stage.publish("chess").await;
    for (error, status) in [
        (CreateError::Full("draining"), 503),
        (CreateError::Refused("no such map".to_owned()), 422),
        (CreateError::Failed("unreachable".to_owned()), 424),
    ] {
        stage.host.refuse_with(Some(error));
        stage.play("chess", json!({})).await.expect(status);
    }
    stage.host.refuse_with(None);
    stage.play("chess", json!({})).await.expect(201);
    stage.play("chess", json!({})).await.expect(200);
    let refused = stage.play("chess", json!({})).await;
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.expect(429)["code"], "quota");
}

#[tokio::test]
async fn a_match_that_ended_makes_room_and_frees_its_code() {
    let stage = Stage::with(|config| config.quotas.running_matches = 1).await;
    stage.publish("chess").await;
    let seat = stage.play("chess", json!({})).await.expect(201);
    stage.host.finish(seat["match"]["id"].as_str().unwrap());
    stage.settled().await;
    stage.play("chess", json!({"code": seat["match"]["code"]})).await.expect(404);
    stage.play("chess", json!({})).await.expect(201);
}

#[tokio::test]
async fn play_goes_on_without_the_store_until_too_much_waits_to_be_written() {
    let stage = Stage::with(|config| config.matches.write_behind = 16).await;
    stage.publish("chess").await;
    let (first, second) = (stage.guest().await, stage.guest().await);
    stage.play_as(&first, "chess", json!({"create": "private"})).await.expect(201);
    stage.lose_store().await;
    stage.play_as(&first, "chess", json!({})).await.expect(201);
    stage.play_as(&second, "chess", json!({})).await.expect(200);
    // What is queued and the batch that is being tried again are all that is taken.
    for _ in 0..40 {
        let answer = stage.play_as(&first, "chess", json!({"create": "private"})).await;
        if answer.status == 503 {
            assert_eq!(answer.header("retry-after"), "1");
            return;
        }
        answer.expect(201);
    }
    panic!("matches were created without end");
}

#[tokio::test]
async fn the_same_key_gets_the_same_seat() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let player = stage.guest().await;
    let play = |body: Value| stage.post("/v1/games/chess/play", body).bearer(&player).with("idempotency-key", "k1");
    let first = play(json!({"create": "private"})).await.expect(201);
    let again = play(json!({"create": "private"})).await.expect(201);
    assert_eq!(first, again);
    play(json!({"create": "public"})).await.expect(422);
    assert_eq!(stage.host.matches(), 1);
}

#[tokio::test]
async fn wishes_that_cannot_be_are_refused() {
    let stage = Stage::new().await;
    stage.put("/v1/games/chess/versions", wasm("x")).bearer(&stage.developer_key).await.expect(201);
    for (body, status) in [
        (json!({"code": "KBQT", "create": "public"}), 422),
        (json!({"code": "aeiou"}), 422),
        (json!({"code": "KBQT"}), 404),
        (json!({"create": "secret"}), 422),
        (json!({"create": {"visibility": "public", "seats": 3}}), 422),
        (json!({"create": {"visibility": "public", "parameters": "%"}}), 422),
        (json!({"version": "12"}), 422),
        (json!({"version": "0".repeat(64)}), 404),
        (json!({"bots": true}), 422),
    ] {
        stage.play("chess", body).await.expect(status);
    }
    stage.play("go", json!({})).await.expect(404);
    stage.post("/v1/games/chess/play", json!({})).await.expect(401);
}

#[tokio::test]
async fn kept_seats_are_for_those_they_are_kept_for() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let account = async |name: &str| {
        let body = json!({"name": name, "password": "correct horse battery"});
        let made = stage.post("/v1/accounts", body).await.expect(201);
        (made["access_token"].as_str().unwrap().to_owned(), made["player"]["id"].as_str().unwrap().to_owned())
    };
    let ((ann, _), (bob, _)) = (account("ann").await, account("bob").await);
    let create = json!({"create": {"visibility": "public", "reserve": ["bob", "bob", "ann"], "reserve_s": 30}});
    let match_of_ann = stage.play_as(&ann, "chess", create).await.expect(201);
    let code = json!({"code": match_of_ann["match"]["code"]});
    assert_eq!(stage.play("chess", code.clone()).await.expect(409)["code"], "match-full");
    let strangers = stage.play("chess", json!({})).await.expect(201);
    assert_ne!(strangers["match"], match_of_ann["match"], "nobody is led to a kept seat");
    let seat = stage.play_as(&bob, "chess", code).await.expect(200);
    assert_eq!((&seat["match"], &seat["seat"]), (&match_of_ann["match"], &json!(1)));
}

#[tokio::test]
async fn a_party_and_friends_hear_of_seats_that_are_kept_for_them() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let (ann, bob) = (stage.guest().await, stage.guest().await);
    let party = stage.post("/v1/parties", json!({})).bearer(&ann).await.expect(201);
    stage.post("/v1/parties/join", json!({"code": party["code"]})).bearer(&bob).await.expect(200);
    let mut bobs = Ears::of(&stage, &bob).await;
    let create = json!({"create": {"visibility": "private", "reserve_party": true}});
    let created = stage.play_as(&ann, "chess", create).await.expect(201);
    let told = bobs.next("seat-kept").await;
    assert_eq!((&told["match"], &told["code"]), (&created["match"]["id"], &created["match"]["code"]));
    stage.play_as(&bob, "chess", json!({"code": told["code"]})).await.expect(200);
}

#[tokio::test]
async fn seats_are_kept_within_what_a_match_has() {
    let stage = Stage::new().await;
    stage.publish("chess").await;
    let guest = stage.guest().await;
    let me = stage.get("/v1/me").bearer(&guest).await.expect(200)["id"].clone();
    let other = stage.get("/v1/me").bearer(&stage.guest().await).await.expect(200)["id"].clone();
    for (keep, status) in [
        (json!({"reserve": [me, other]}), 422),
        (json!({"reserve": ["nobody-there"]}), 404),
        (json!({"reserve": vec!["x"; 65]}), 422),
        (json!({"reserve": [], "reserve_s": 5}), 422),
        (json!({"reserve_party": true}), 404),
    ] {
        let mut create = keep.clone();
        create["visibility"] = json!("private");
        stage.play("chess", json!({"create": create})).await.expect(status);
    }
    assert_eq!(stage.host.matches(), 0);
}
