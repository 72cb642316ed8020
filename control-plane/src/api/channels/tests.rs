//! Channels from publishing to rolling back, through the API.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::testing::{Answer, Stage, wasm};

const CHANNELS: &str = "/v1/games/chess/channels";

/// A stage with one version on `stable`.
async fn stage() -> (Stage, Value) {
    let stage = Stage::new().await;
    let first = stage.publish("chess").await;
    (stage, first)
}

async fn publish(stage: &Stage, name: &str, query: &str) -> Value {
    let path = format!("/v1/games/chess/versions{query}");
    stage.put(&path, wasm(name)).bearer(&stage.developer_key).await.expect(201)
}

async fn act(stage: &Stage, channel: &str, action: &str, body: Value) -> Answer {
    stage.post(&format!("{CHANNELS}/{channel}/{action}"), body).bearer(&stage.developer_key).await
}

async fn set(stage: &Stage, channel: &str, body: Value) -> Answer {
    stage.put_json(&format!("{CHANNELS}/{channel}"), body).bearer(&stage.developer_key).await
}

async fn served(stage: &Stage) -> Value {
    stage.play("chess", json!({"create": "private"})).await.expect(201)["version"].clone()
}

#[tokio::test]
async fn a_canary_gets_its_share_is_promoted_and_rolled_back() {
    let (stage, first) = stage().await;
    let second = publish(&stage, "two", "?channel=canary&percent=50").await;
    assert_eq!(second["channels"], json!(["canary"]));
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..40 {
        *counts.entry(served(&stage).await.as_str().unwrap().to_owned()).or_default() += 1;
    }
    // Binomial: outside of this once in ten million runs.
    assert!(counts.len() == 2 && counts.values().all(|count| (5..=35).contains(count)), "{counts:?}");

    let promoted = act(&stage, "canary", "promote", json!({})).await.expect(200);
    assert_eq!((&promoted["name"], &promoted["version"]), (&json!("stable"), &second["version"]));
    for _ in 0..8 {
        assert_eq!(served(&stage).await, second["version"]);
    }
    act(&stage, "canary", "promote", json!({})).await.expect(409);
    let back = act(&stage, "stable", "rollback", json!({})).await.expect(200);
    assert_eq!(back["version"], first["version"]);
    assert_eq!(served(&stage).await, first["version"]);
    act(&stage, "stable", "rollback", json!({})).await.expect(409);
    let events = stage
        .get("/v1/games/chess/events?kind=version.published,version.promoted,version.rolled-back")
        .bearer(&stage.developer_key)
        .await
        .expect(200);
    let kinds = events["items"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap());
    let mut told: Vec<&str> = kinds.collect();
    told.sort_unstable();
    assert_eq!(told, ["version.promoted", "version.published", "version.published", "version.rolled-back"]);

    let history =
        stage.get(&format!("{CHANNELS}/stable/history?limit=2")).bearer(&stage.developer_key).await.expect(200);
    let actions: Vec<&str> =
        history["items"].as_array().unwrap().iter().map(|change| change["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["rolled-back", "promoted"]);
    assert!(history["items"][0]["by"].as_str().unwrap().starts_with("p-"));
    let next = history["next_cursor"].as_str().unwrap();
    let path = format!("{CHANNELS}/stable/history?limit=2&cursor={next}");
    let rest = stage.get(&path).bearer(&stage.developer_key).await.expect(200);
    assert_eq!((&rest["items"][0]["action"], &rest["next_cursor"]), (&json!("published"), &Value::Null));
}

#[tokio::test]
async fn a_player_is_given_the_same_version_each_time() {
    let (stage, _) = stage().await;
    publish(&stage, "two", "?channel=canary&percent=50").await;
    for _ in 0..6 {
        let guest = stage.guest().await;
        let mut versions = Vec::new();
        for _ in 0..4 {
            versions.push(
                stage.play_as(&guest, "chess", json!({"create": "private"})).await.expect(201)["version"].clone(),
            );
        }
        versions.dedup();
        assert_eq!(versions.len(), 1);
    }
}

#[tokio::test]
async fn a_canary_that_does_not_start_is_given_to_nobody() {
    let (stage, first) = stage().await;
    let second = publish(&stage, "two", "?channel=canary&percent=100").await;
    assert_eq!(served(&stage).await, second["version"]);
    stage.delete(&version_path(&second)).bearer(&stage.developer_key).await.expect(204);
    assert_eq!(served(&stage).await, first["version"]);
    let canary = stage.get(&format!("{CHANNELS}/canary")).bearer(&stage.developer_key).await.expect(200);
    assert_eq!(canary["version"], Value::Null);
}

fn version_path(version: &Value) -> String {
    format!("/v1/games/chess/versions/{}", version["version"].as_str().unwrap())
}

#[tokio::test]
async fn a_channel_is_for_those_who_may_ask_for_it() {
    let (stage, _) = stage().await;
    let beta = publish(&stage, "two", "?channel=beta").await;
    let guest = stage.guest().await;
    let wish = || json!({"create": "private", "channel": "beta"});
    let refused = stage.play_as(&guest, "chess", wish()).await.expect(403);
    assert!(refused["detail"].as_str().unwrap().contains("beta"), "{refused}");
    stage.play_as(&guest, "chess", json!({"channel": "nightly"})).await.expect(404);
    let owner = stage.developer_key.clone();
    assert_eq!(stage.play_as(&owner, "chess", wish()).await.expect(201)["version"], beta["version"]);

    let me = stage.get("/v1/me").bearer(&guest).await.expect(200);
    set(&stage, "beta", json!({"players": [me["id"]]})).await.expect(200);
    assert_eq!(stage.play_as(&guest, "chess", wish()).await.expect(201)["version"], beta["version"]);
    stage.play("chess", wish()).await.expect(403);
    set(&stage, "beta", json!({"open": true})).await.expect(200);
    assert_eq!(stage.play("chess", wish()).await.expect(201)["version"], beta["version"]);
    for body in [
        json!({"channel": "beta", "code": "KBQT"}),
        json!({"channel": "beta", "version": beta["version"]}),
        json!({"channel": "No!"}),
    ] {
        stage.play_as(&guest, "chess", body).await.expect(422);
    }
}

#[tokio::test]
async fn settings_and_parameters_are_the_codes_then_the_channels_then_the_matchs() {
    let (stage, _) = stage().await;
    set(&stage, "stable", json!({"settings": {"reconnect-seconds": "77"}, "parameters": "aGFyZA=="})).await.expect(200);
    stage.play("chess", json!({"create": "private"})).await.expect(201);
    let own = json!({"create": {"visibility": "private", "parameters": "ZWFzeQ=="}});
    stage.play("chess", own).await.expect(201);
    let seconds: Vec<u64> =
        stage.host.settings().iter().map(|settings| settings.lifetimes.reconnect.as_secs()).collect();
    assert_eq!(seconds, [77, 77]);
    assert_eq!(stage.host.all_parameters(), [b"hard".to_vec(), b"easy".to_vec()]);
    set(&stage, "stable", json!({"settings": {}, "parameters": ""})).await.expect(200);
    stage.play("chess", json!({"create": "private"})).await.expect(201);
    assert_eq!(stage.host.all_parameters()[2], b"");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name() {
    let (stage, first) = stage().await;
    for (channel, body, status) in [
        ("beta", json!({"percent": 10}), 422),
        ("canary", json!({"percent": 101}), 422),
        ("canary", json!({"percnt": 10}), 422),
        ("canary", json!({"version": "0".repeat(64)}), 422),
        ("canary", json!({"version": "x"}), 422),
        ("canary", json!({"parameters": "no base64!"}), 422),
        ("canary", json!({"settings": {"reconect-seconds": "60"}}), 422),
        ("canary", json!({"players": ["not an id"]}), 422),
        ("Canary", json!({}), 400),
    ] {
        set(&stage, channel, body.clone()).await.expect(status);
    }
    let key = stage.developer_key.clone();
    stage.put("/v1/games/chess/versions?channel=beta&percent=5", wasm("two")).bearer(&key).await.expect(422);
    stage.put("/v1/games/chess/versions?channel=No!", wasm("two")).bearer(&key).await.expect(422);
    assert_eq!(stage.compiler.compiled(), 1, "refused before it is compiled");
    act(&stage, "stable", "promote", json!({"to": "stable"})).await.expect(422);
    let unknown = act(&stage, "nightly", "promote", json!({})).await.expect(404);
    assert!(unknown["detail"].as_str().unwrap().contains("it has stable"), "{unknown}");
    act(&stage, "nightly", "rollback", json!({})).await.expect(404);
    stage.delete(&format!("{CHANNELS}/stable")).bearer(&key).await.expect(409);
    for n in 0..15 {
        set(&stage, &format!("c{n}"), json!({"version": first["version"]})).await.expect(200);
    }
    set(&stage, "one-more", json!({})).await.expect(409);
    stage.delete(&format!("{CHANNELS}/c0")).bearer(&key).await.expect(204);
    set(&stage, "one-more", json!({})).await.expect(200);
}

#[tokio::test]
async fn channels_are_the_owners_business() {
    let (stage, _) = stage().await;
    let other = stage.another_developer().await;
    for path in ["", "/stable", "/stable/history"] {
        stage.get(&format!("{CHANNELS}{path}")).bearer(&other).await.expect(403);
        stage.get(&format!("{CHANNELS}{path}")).await.expect(401);
    }
    stage.put_json(&format!("{CHANNELS}/stable"), json!({})).bearer(&other).await.expect(403);
    stage.post(&format!("{CHANNELS}/stable/promote"), json!({})).bearer(&other).await.expect(403);
    stage.post(&format!("{CHANNELS}/stable/rollback"), json!({})).bearer(&other).await.expect(403);
    stage.delete(&format!("{CHANNELS}/beta")).bearer(&other).await.expect(403);
    let list = stage.get(CHANNELS).bearer(&stage.developer_key).await.expect(200);
    assert_eq!(list["items"][0]["name"], "stable");
}

#[tokio::test]
async fn a_change_for_what_was_seen_is_not_made_to_something_else() {
    let (stage, _) = stage().await;
    let path = format!("{CHANNELS}/stable");
    let seen = stage.get(&path).bearer(&stage.developer_key).await;
    let tag = seen.header("etag").to_owned();
    assert!(tag.starts_with('"'), "{tag}");
    let change = |tag: &str, seconds: &str| {
        let body = json!({"settings": {"reconnect-seconds": seconds}});
        stage.put_json(&path, body).bearer(&stage.developer_key).with("if-match", tag)
    };
    change(&tag, "40").await.expect(200);
    let refused = change(&tag, "50").await.expect(412);
    assert_eq!(refused["code"], "changed");
    change("*", "60").await.expect(200);
    let missing = stage.put_json(&format!("{CHANNELS}/beta"), json!({})).bearer(&stage.developer_key);
    missing.with("if-match", "*").await.expect(412);
}

#[tokio::test]
async fn matches_that_run_finish_on_their_version() {
    let (stage, first) = stage().await;
    let seat = stage.play("chess", json!({"create": "public"})).await.expect(201);
    publish(&stage, "two", "").await;
    stage.delete(&version_path(&first)).bearer(&stage.developer_key).await.expect(204);
    let friend = stage.play("chess", json!({"code": seat["match"]["code"]})).await.expect(200);
    assert_eq!((&friend["version"], &friend["match"]), (&first["version"], &seat["match"]));
}
