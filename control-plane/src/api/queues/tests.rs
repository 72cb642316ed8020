//! Stories of queues, from the search to the changed rating, by REST and events.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::parties::registered;
use crate::coordination::redis::testing::with_redis;
use crate::store::postgres::testing::with_database;
use crate::testing::{Ears, Stage};

/// A stage with a game for two that has a queue.
async fn stage(ready_seconds: &str) -> Stage {
    furnished(Stage::new().await, ready_seconds).await
}

async fn furnished(stage: Stage, ready_seconds: &str) -> Stage {
    let ready = ready_seconds.to_owned();
    stage.compiler.describe(|description| {
        description.settings.push(("queue.duel.teams".to_owned(), "2".to_owned()));
        description.settings.push(("queue.duel.ready-seconds".to_owned(), ready));
        description.settings.push(("queue.crowd.teams".to_owned(), "9".to_owned()));
    });
    stage.publish("chess").await;
    stage
}

const TICKETS: &str = "/v1/games/chess/queues/duel/tickets";

async fn search(stage: &Stage, token: &str) -> Value {
    stage.post(TICKETS, json!({})).bearer(token).await.expect(201)
}

async fn answer(stage: &Stage, token: &str, check: &Value, accept: bool) {
    let path = format!("/v1/ready-checks/{}", check["match"].as_str().unwrap());
    stage.put_json(&path, json!({"accept": accept})).bearer(token).await.expect(202);
}

#[tokio::test]
async fn two_who_search_are_asked_play_and_are_rated() {
    let stage = stage("20").await;
    let (ann, ann_id) = registered(&stage, "ann").await;
    let (bob, _) = registered(&stage, "bob").await;
    let (mut anns, mut bobs) = (Ears::of(&stage, &ann).await, Ears::of(&stage, &bob).await);
    let ticket = search(&stage, &ann).await;
    let again = stage.post(TICKETS, json!({})).bearer(&ann).await.expect(200);
    assert_eq!(again["id"], ticket["id"], "asked again, answered again");
    let path = format!("/v1/tickets/{}", ticket["id"].as_str().unwrap());
    assert_eq!(stage.get(&path).bearer(&ann).await.expect(200)["players"], json!([ann_id]));
    stage.get(&path).bearer(&bob).await.expect(404);
    stage.clock.advance(Duration::from_millis(1));
    search(&stage, &bob).await;
    let check = anns.next("ready-check").await;
    assert_eq!((&check["players"], &check["queue"]), (&json!(2), &json!("duel")));
    assert_eq!(bobs.next("ready-check").await["match"], check["match"]);
    answer(&stage, &ann, &check, true).await;
    answer(&stage, &bob, &check, true).await;
    let (ready, bobs_ready) = (anns.next("match-ready").await, bobs.next("match-ready").await);
    assert_eq!((&ready["match"], &ready["code"]), (&check["match"], &bobs_ready["code"]));
    let seat = stage.play_as(&ann, "chess", json!({"code": ready["code"]})).await.expect(200);
    assert_eq!((&seat["match"]["id"], &seat["seat"]), (&ready["match"], &json!(0)), "the seat that was kept for her");
    stage.play("chess", json!({"code": ready["code"]})).await.expect(409);
    stage.get(&path).bearer(&ann).await.expect(404);

    stage.host.finish(ready["match"].as_str().unwrap());
    let result = anns.next("result").await;
    assert_eq!((&result["rank"], &result["rating"]["before"]), (&json!(1), &json!(1500)));
    // The fake host's games have one winner and say nothing of others: alone, nothing is won.
    let ratings = stage.get("/v1/players/me/ratings").bearer(&ann).await.expect(200);
    assert_eq!((&ratings["items"][0]["queue"], &ratings["items"][0]["matches"]), (&json!("duel"), &json!(1)));
    let board = stage.get("/v1/games/chess/queues/duel/leaderboard").await.expect(200);
    assert_eq!((&board["items"][0]["name"], &board["items"][0]["place"]), (&json!("ann"), &json!(1)));
    stage.get("/v1/games/chess/queues/duel/leaderboard?of=around").await.expect(401);
    let around = stage.get("/v1/games/chess/queues/duel/leaderboard?of=around").bearer(&ann).await.expect(200);
    assert_eq!(around["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_declines_is_out_and_the_other_waits_on() {
    let stage = stage("20").await;
    let (ann, _) = registered(&stage, "ann").await;
    let (bob, _) = registered(&stage, "bob").await;
    let (cid, _) = registered(&stage, "cid").await;
    let (mut anns, mut bobs) = (Ears::of(&stage, &ann).await, Ears::of(&stage, &bob).await);
    search(&stage, &ann).await;
    search(&stage, &bob).await;
    let check = anns.next("ready-check").await;
    answer(&stage, &bob, &check, false).await;
    assert_eq!(bobs.next("search-over").await["why"], "not-confirmed");
    while anns.next("searching").await["again"] != "not-confirmed" {}
    search(&stage, &cid).await;
    let second = anns.next("ready-check").await;
    assert_ne!(second["match"], check["match"]);
    stage.clock.advance(Duration::from_secs(21));
    assert_eq!(anns.next("search-over").await["why"], "not-confirmed", "she was silent");
    search(&stage, &bob).await;
}

#[tokio::test]
async fn a_party_searches_as_one_and_is_back_together_after_the_match() {
    let stage = stage("0").await;
    stage.compiler.describe(|description| {
        description.seats_max = 4;
        description.settings.push(("queue.pairs.team-size".to_owned(), "2".to_owned()));
        description.settings.push(("queue.pairs.ready-seconds".to_owned(), "0".to_owned()));
    });
    stage.publish("chess2").await;
    let (ann, _) = registered(&stage, "ann").await;
    let (bob, _) = registered(&stage, "bob").await;
    let mut bobs = Ears::of(&stage, &bob).await;
    let party = stage.post("/v1/parties", json!({})).bearer(&ann).await.expect(201);
    stage.post("/v1/parties/join", json!({"code": party["code"]})).bearer(&bob).await.expect(200);
    let tickets = "/v1/games/chess2/queues/pairs/tickets";
    let refused = stage.post(tickets, json!({})).bearer(&ann).await.expect(409);
    assert!(refused["detail"].as_str().unwrap().contains("ready"), "{refused}");
    stage.put_json("/v1/parties/mine/ready", json!({"ready": true})).bearer(&bob).await.expect(200);
    stage.post(tickets, json!({})).bearer(&bob).await.expect(403);
    stage.post(tickets, json!({})).bearer(&ann).await.expect(201);
    assert_eq!(stage.get("/v1/parties/mine").bearer(&bob).await.expect(200)["phase"], "searching");
    stage.put_json("/v1/parties/mine/ready", json!({"ready": false})).bearer(&bob).await.expect(200);
    assert_eq!(bobs.next("search-over").await["why"], "cancelled");
    stage.put_json("/v1/parties/mine/ready", json!({"ready": true})).bearer(&bob).await.expect(200);
    stage.post(tickets, json!({})).bearer(&ann).await.expect(201);
    for name in ["cid", "dan"] {
        let (token, _) = registered(&stage, name).await;
        stage.post(tickets, json!({})).bearer(&token).await.expect(201);
    }
    let ready = bobs.next("match-ready").await;
    assert!(ready["team"].as_u64().unwrap() >= 1, "{ready}");
    let mine = stage.get("/v1/parties/mine").bearer(&bob).await.expect(200);
    assert_eq!((&mine["phase"], &mine["activity"]["match"]), (&json!("playing"), &ready["match"]));
    stage.host.finish(ready["match"].as_str().unwrap());
    while bobs.next("party").await["party"]["phase"] != "gathering" {}
}

#[tokio::test]
async fn two_of_a_party_meet_one_another_in_a_duel_and_three_do_not_fit() {
    let stage = stage("0").await;
    let mut tokens = Vec::new();
    for name in ["ann", "bob", "cid"] {
        tokens.push(registered(&stage, name).await.0);
    }
    let party = stage.post("/v1/parties", json!({})).bearer(&tokens[0]).await.expect(201);
    for token in &tokens[1..] {
        stage.post("/v1/parties/join", json!({"code": party["code"]})).bearer(token).await.expect(200);
        stage.put_json("/v1/parties/mine/ready", json!({"ready": true})).bearer(token).await.expect(200);
    }
    let refused = stage.post(TICKETS, json!({})).bearer(&tokens[0]).await.expect(409);
    assert!(refused["detail"].as_str().unwrap().contains("at most 2 players"), "{refused}");
    stage.delete("/v1/parties/mine/members/me").bearer(&tokens[2]).await.expect(204);
    let mut bobs = Ears::of(&stage, &tokens[1]).await;
    search(&stage, &tokens[0]).await;
    assert_eq!(bobs.next("match-ready").await["team"], 0);
}

#[tokio::test]
async fn queues_are_listed_and_odd_wishes_refused() {
    let stage = stage("0").await;
    let (ann, _) = registered(&stage, "ann").await;
    let queues = stage.get("/v1/games/chess/queues").await.expect(200);
    let duel = &queues["items"][1];
    assert_eq!((&duel["name"], &duel["teams"], &duel["ready_check_s"]), (&json!("duel"), &json!(2), &Value::Null));
    let tickets = |queue: &str, body: Value| stage.post(&format!("/v1/games/chess/queues/{queue}/tickets"), body);
    tickets("none", json!({})).bearer(&ann).await.expect(404);
    tickets("crowd", json!({})).bearer(&ann).await.expect(409);
    tickets("duel", json!({"latencies": {"": 3}})).bearer(&ann).await.expect(422);
    tickets("duel", json!({})).await.expect(401);
    let ticket = search(&stage, &ann).await;
    let path = format!("/v1/tickets/{}", ticket["id"].as_str().unwrap());
    stage.delete(&path).bearer(&ann).await.expect(204);
    stage.delete(&path).bearer(&ann).await.expect(404);
    stage
        .put_json(&format!("/v1/ready-checks/{}", "0".repeat(26)), json!({"accept": true}))
        .bearer(&ann)
        .await
        .expect(404);
    search(&stage, &ann).await;
}

#[tokio::test]
async fn the_loss_of_the_replica_that_steps_a_queue_loses_nobody() {
    let first = stage("0").await;
    let second = first.beside().await;
    let (ann, _) = registered(&first, "ann").await;
    let (bob, _) = registered(&first, "bob").await;
    search(&first, &ann).await;
    while first.get("/v1/games/chess/queues").await.expect(200)["items"][1]["players"] != 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // As if its machine had gone: nothing is given back.
    first.control_plane.queueing.abort();
    let mut anns = Ears::of(&second, &ann).await;
    search(&second, &bob).await;
    first.clock.advance(Duration::from_secs(7));
    let ready = anns.next("match-ready").await;
    let seat = second.play_as(&ann, "chess", json!({"code": ready["code"]})).await.expect(200);
    assert_eq!(seat["match"]["id"], ready["match"]);
}

#[tokio::test]
async fn a_seat_that_falls_free_goes_to_whoever_searches() {
    let stage = Stage::new().await;
    stage.compiler.describe(|description| {
        for (key, value) in [("teams", "2"), ("ready-seconds", "0"), ("backfill", "yes")] {
            description.settings.push((format!("queue.duel.{key}"), value.to_owned()));
        }
    });
    stage.publish("chess").await;
    let mut tokens = Vec::new();
    for name in ["ann", "bob", "cid"] {
        tokens.push(registered(&stage, name).await.0);
    }
    let mut anns = Ears::of(&stage, &tokens[0]).await;
    let mut cids = Ears::of(&stage, &tokens[2]).await;
    search(&stage, &tokens[0]).await;
    search(&stage, &tokens[1]).await;
    let ready = anns.next("match-ready").await;
    search(&stage, &tokens[2]).await;
    stage.host.leave(ready["match"].as_str().unwrap(), 1);
    let late = cids.next("match-ready").await;
    assert_eq!((&late["match"], &late["code"]), (&ready["match"], &ready["code"]));
    stage.play_as(&tokens[2], "chess", json!({"code": late["code"]})).await.expect(200);
}

#[tokio::test]
async fn players_on_two_replicas_meet_over_redis_and_postgresql() {
    with_redis(async |redis| {
        with_database(async |database| {
            let connect = async || (Arc::new(database.open().await), Arc::new(redis.connect().await));
            let ((store, coordination), (other_store, other_coordination)) = (connect().await, connect().await);
            let first = furnished(Stage::on(store, coordination).await, "20").await;
            let second = first.beside_on(other_store, other_coordination).await;
            let (ann, _) = registered(&first, "ann").await;
            let (bob, _) = registered(&second, "bob").await;
            let (mut anns, mut bobs) = (Ears::of(&second, &ann).await, Ears::of(&first, &bob).await);
            let party = first.post("/v1/parties", json!({})).bearer(&ann).await.expect(201);
            second.post("/v1/parties/join", json!({"code": party["code"]})).bearer(&bob).await.expect(200);
            while anns.next("party").await["party"]["members"].as_array().unwrap().len() < 2 {}
            first.put_json("/v1/parties/mine/ready", json!({"ready": true})).bearer(&bob).await.expect(200);
            search(&second, &ann).await;
            let check = bobs.next("ready-check").await;
            answer(&first, &ann, &check, true).await;
            answer(&second, &bob, &check, true).await;
            let (ready, bobs_ready) = (anns.next("match-ready").await, bobs.next("match-ready").await);
            assert_eq!((&ready["match"], &ready["code"]), (&check["match"], &bobs_ready["code"]));
            let host = if first.host.matches() == 1 { &first.host } else { &second.host };
            host.finish(ready["match"].as_str().unwrap());
            assert_eq!(bobs.next("result").await["match"], ready["match"]);
            while anns.next("party").await["party"]["phase"] != "gathering" {}
        })
        .await;
    })
    .await;
}
