//! Webhooks from their making to their end, with a receiver.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::config::{Config, Reach};
use crate::model::{Delivery, DeliveryId, DeliveryStatus, Quarantine, WebhookId, WebhookKind, WebhookName};
use crate::testing::{Answer, Ears, Received, Receiver, Stage};

const HOOKS: &str = "/v1/games/chess/webhooks";

async fn stage() -> Stage {
    let stage = Stage::with(|config| config.webhooks.reach = Reach::ThisMachine).await;
    stage.publish("chess").await;
    stage
}

async fn make(stage: &Stage, name: &str, url: &str) -> Value {
    let body = json!({"name": name, "url": url, "kinds": ["match.ended"]});
    stage.post(HOOKS, body).bearer(&stage.developer_key).await.expect(201)
}

async fn get(stage: &Stage, path: &str) -> Value {
    stage.get(&format!("{HOOKS}/{path}")).bearer(&stage.developer_key).await.expect(200)
}

async fn post(stage: &Stage, path: &str, body: Value) -> Answer {
    stage.post(&format!("{HOOKS}/{path}"), body).bearer(&stage.developer_key).await
}

/// Something to be told, as events make it.
async fn something(stage: &Stage, webhook: &str, n: u8) -> DeliveryId {
    let id = webhook_id(stage, webhook).await;
    let (now, message) = (stage.clock.now(), DeliveryId([n; 16]));
    let delivery = Delivery {
        number: 0,
        id: message,
        webhook: id,
        kind: WebhookKind::MatchEnded,
        body: json!({"type": "match.ended", "data": {"n": n}}).to_string(),
        created_at: now,
        status: DeliveryStatus::Pending,
        attempts: 0,
        tries: 0,
        next_at: now,
        last: None,
    };
    stage.store.add_deliveries(&[delivery]).await.unwrap();
    message
}

async fn webhook_id(stage: &Stage, name: &str) -> WebhookId {
    let name: WebhookName = name.parse().unwrap();
    stage.store.webhook(&"chess".parse().unwrap(), &name).await.unwrap().unwrap().id
}

/// Waits until a webhook's newest delivery says this.
async fn settles(stage: &Stage, webhook: &str, status: &str, attempts: u64) -> Value {
    loop {
        let newest = get(stage, &format!("{webhook}/deliveries")).await["items"][0].clone();
        // While a try is under way, what is told is what came of the one before.
        let tried = newest["tried_at"] == stage.clock.now().to_string();
        if newest["status"] == status && newest["attempts"] == attempts && tried {
            return newest;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_webhook_is_made_changed_listed_and_deleted_by_the_owner_alone() {
    let stage = stage().await;
    let made = make(&stage, "results", "https://hooks.example.com/a").await;
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!((&made["state"], &made["kinds"]), (&json!("enabled"), &json!(["match.ended"])));
    let listed = stage.get(HOOKS).bearer(&stage.developer_key).await.expect(200);
    assert_eq!(listed["items"][0]["name"], "results");
    assert!(!listed.to_string().contains("whsec_"), "{listed}");
    let wanted = json!({"url": "https://hooks.example.com/b", "kinds": [], "enabled": false});
    let path = format!("{HOOKS}/results");
    let set = stage.put_json(&path, wanted.clone()).bearer(&stage.developer_key).await.expect(200);
    assert_eq!((&set["state"], &set["url"]), (&json!("paused"), &json!("https://hooks.example.com/b")));
    let other = stage.another_developer().await;
    for refused in [
        stage.get(HOOKS).bearer(&other),
        stage.get(&path).bearer(&other),
        stage.put_json(&path, wanted.clone()).bearer(&other),
        stage.delete(&path).bearer(&other),
        stage.post(&format!("{path}/test"), json!({})).bearer(&other),
        stage.post(&format!("{path}/secret"), json!({})).bearer(&other),
        stage.get(&format!("{path}/deliveries")).bearer(&other),
        stage.post(HOOKS, json!({"name": "x", "url": "https://a.example"})).bearer(&other),
        stage.get(HOOKS).bearer(&stage.guest().await),
    ] {
        refused.await.expect(403);
    }
    stage.delete(&path).bearer(&stage.developer_key).await.expect(204);
    for gone in [stage.delete(&path), stage.get(&path), stage.put_json(&path, wanted)] {
        gone.bearer(&stage.developer_key).await.expect(404);
    }
    stage.get("/v1/games/go/webhooks").bearer(&stage.developer_key).await.expect(404);
}

#[tokio::test]
async fn nonsense_is_refused_with_what_would_do() {
    let stage = stage().await;
    let ask = async |body: Value| stage.post(HOOKS, body).bearer(&stage.developer_key).await;
    for url in [
        "http://hooks.example.com/\u{e4}",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "http://1.1.1.1/",
        "https://me:secret@hooks.example.com/",
        "ftp://hooks.example.com/",
        "hooks.example.com",
        "",
    ] {
        let refused = ask(json!({"name": "a", "url": url})).await.expect(422);
        assert!(refused["detail"].as_str().unwrap().starts_with("url: "), "{refused}");
    }
    let url = "https://hooks.example.com/";
    for body in [
        json!({"name": "A", "url": url}),
        json!({"name": "", "url": url}),
        json!({"name": "a", "url": url, "kinds": ["match.over"]}),
        json!({"name": "a", "url": url, "kinds": ["ping"]}),
        json!({"name": "a"}),
        json!({"name": "a", "url": url, "secret": "mine"}),
    ] {
        ask(body).await.expect(422);
    }
    for n in 0..20 {
        make(&stage, &format!("hook-{n}"), url).await;
    }
    assert_eq!(ask(json!({"name": "hook-1", "url": url})).await.expect(409)["code"], "name-taken");
    assert_eq!(ask(json!({"name": "more", "url": url})).await.expect(409)["code"], "conflict");
    post(&stage, "hook-1/secret", json!({"overlap_s": 604_801})).await.expect(422);
    post(&stage, "hook-1/deliveries/msg_1/redeliver", json!({})).await.expect(400);
    let unknown = format!("hook-1/deliveries/msg_{}/redeliver", "0".repeat(32));
    post(&stage, &unknown, json!({})).await.expect(404);
    let page = format!("{HOOKS}/hook-1/deliveries");
    stage.get(&format!("{page}?status=lost")).bearer(&stage.developer_key).await.expect(400);
    stage.get(&format!("{page}?cursor=x")).bearer(&stage.developer_key).await.expect(422);
}

#[tokio::test]
async fn a_ping_tells_what_came_of_it_and_both_secrets_sign_while_one_replaces_the_other() {
    let (stage, receiver) = (stage().await, Receiver::start().await);
    let first = make(&stage, "results", &receiver.url).await["secret"].as_str().unwrap().to_owned();
    let ping = post(&stage, "results/test", json!({})).await.expect(200);
    assert_eq!((&ping["status"], &ping["code"]), (&json!("delivered"), &json!(204)));
    let told = receiver.got()[0].clone();
    assert_eq!((told.id(), &told.json()["type"]), (ping["id"].as_str().unwrap(), &json!("ping")));
    assert_eq!(told.header("webhook-timestamp"), stage.clock.now().seconds().to_string());
    assert!(told.is_signed_by(&first));
    let rotated = post(&stage, "results/secret", json!({"overlap_s": 60})).await.expect(200);
    let second = rotated["secret"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    let signed = async |count: usize| {
        post(&stage, "results/test", json!({})).await.expect(200);
        let told = receiver.wait_for(count).await.remove(count - 1);
        (told.is_signed_by(&first), told.is_signed_by(&second))
    };
    assert_eq!(signed(2).await, (true, true));
    stage.clock.advance(Duration::from_secs(60));
    assert_eq!(signed(3).await, (false, true));
    receiver.answer(&[500]);
    let failed = post(&stage, "results/test", json!({})).await.expect(200);
    assert_eq!((&failed["status"], &failed["code"], &failed["attempts"]), (&json!("failed"), &json!(500), &json!(1)));
}

#[tokio::test]
async fn what_is_not_taken_is_told_again_until_it_is_with_the_same_id() {
    let (stage, receiver) = (stage().await, Receiver::start().await);
    let secret = make(&stage, "results", &receiver.url).await["secret"].as_str().unwrap().to_owned();
    receiver.answer(&[500, 302]);
    let id = something(&stage, "results", 1).await;
    let first = settles(&stage, "results", "pending", 1).await;
    assert_eq!((&first["code"], &first["error"]), (&json!(500), &json!("it answered 500 Internal Server Error")));
    assert!(!get(&stage, "results").await["failing_since"].is_null());
    stage.clock.advance(Duration::from_secs(6));
    settles(&stage, "results", "pending", 2).await;
    stage.clock.advance(Duration::from_secs(36));
    assert_eq!(settles(&stage, "results", "delivered", 3).await["code"], 204);
    assert!(get(&stage, "results").await["failing_since"].is_null());
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|told| told.id() == id.to_string() && told.is_signed_by(&secret)));
    assert_ne!(got[0].header("webhook-timestamp"), got[2].header("webhook-timestamp"), "each try has its own time");
    post(&stage, &format!("results/deliveries/{id}/redeliver"), json!({})).await.expect(202);
    settles(&stage, "results", "delivered", 4).await;
    assert_eq!(receiver.wait_for(4).await[3].id(), id.to_string());
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_told_nothing_more_and_its_owner_hears_of_it() {
    let (stage, receiver) = (stage().await, Receiver::start().await);
    make(&stage, "results", &receiver.url).await;
    let mut ears = Ears::of(&stage, &stage.developer_key).await;
    receiver.answer(&[410]);
    something(&stage, "results", 1).await;
    let told = ears.next("webhook-disabled").await;
    assert_eq!((&told["game"], &told["webhook"]), (&json!("chess"), &json!("results")));
    let off = get(&stage, "results").await;
    assert_eq!(off["state"], "disabled");
    assert_eq!(off["disabled_because"], told["because"]);
    something(&stage, "results", 2).await;
    let wanted = json!({"url": receiver.url, "kinds": ["match.ended"]});
    let path = format!("{HOOKS}/results");
    let on = stage.put_json(&path, wanted).bearer(&stage.developer_key).await.expect(200);
    assert_eq!(on["state"], "enabled");
    let got = receiver.wait_for(2).await;
    assert_eq!(got[1].json()["data"]["n"], 2, "what waited meanwhile is told");
}

#[tokio::test]
async fn silence_for_a_day_turns_a_webhook_off() {
    let stage = stage().await;
    // Nobody listens there.
    make(&stage, "results", "http://127.0.0.1:9/").await;
    something(&stage, "results", 1).await;
    for tried in 1..=11 {
        let status = if tried < 11 { "pending" } else { "failed" };
        let said = settles(&stage, "results", status, tried).await;
        assert!(said["code"].is_null() && said["error"].as_str().unwrap().contains("no connection"), "{said}");
        stage.clock.advance(Duration::from_secs(10 * 3_600));
    }
    while get(&stage, "results").await["state"] != "disabled" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_slow_receiver_harms_itself_alone() {
    let (stage, slow, quick) = (stage().await, Receiver::start().await, Receiver::start().await);
    make(&stage, "slow", &slow.url).await;
    make(&stage, "quick", &quick.url).await;
    for n in 0..20 {
        slow.keep_silent();
        something(&stage, "slow", n).await;
    }
    slow.wait_for(4).await;
    for n in 100..140 {
        something(&stage, "quick", n).await;
    }
    quick.wait_for(40).await;
    assert_eq!(slow.got().len(), 4, "as many as one may have under way");
}

#[tokio::test]
async fn the_owner_is_told_what_happens_in_the_game_and_of_nothing_before() {
    let (stage, receiver) = (stage().await, Receiver::start().await);
    stage.play("chess", json!({})).await.expect(201);
    stage.control_plane.written().await;
    let kinds = ["match.started", "match.ended", "match.failed", "version.quarantined"];
    let body = json!({"name": "all", "url": receiver.url, "kinds": kinds});
    let secret = stage.post(HOOKS, body).bearer(&stage.developer_key).await.expect(201)["secret"].clone();
    let mut matches = Vec::new();
    for _ in 0..2 {
        let played = stage.play("chess", json!({"create": "public"})).await.expect(201);
        matches.push(played["match"]["id"].as_str().unwrap().to_owned());
    }
    stage.host.finish(&matches[0]);
    stage.host.trap(&matches[1], "unreachable");
    let version = stage.store.versions(&"chess".parse().unwrap(), 1).await.unwrap().remove(0);
    let reason = Quarantine { at: stage.clock.now(), reason: "it trapped".to_owned() };
    stage.store.set_quarantine(&version.game, version.id, Some(&reason)).await.unwrap();
    let told = receiver.wait_for(5).await;
    let find = |kind: &str, id: Option<&str>| {
        let fits = |told: &&Received| {
            let json = told.json();
            json["type"] == kind && id.is_none_or(|id| json["data"]["match"] == id)
        };
        told.iter().find(fits).unwrap_or_else(|| panic!("{kind} was not told")).json()["data"].clone()
    };
    for id in &matches {
        find("match.started", Some(id));
    }
    let ended = find("match.ended", Some(&matches[0]));
    assert_eq!(ended["details"]["placings"], json!([{"seat": 0, "rank": 1, "score": 3}]));
    let shown = stage.get(&format!("/v1/matches/{}", matches[0])).await.expect(200);
    assert_eq!(ended["results"], shown["results"], "in the words of the match");
    assert_eq!(ended["results"]["data"], "d2Vs");
    assert!(find("match.failed", Some(&matches[1])).get("results").is_none());
    assert_eq!(find("match.failed", Some(&matches[1]))["details"]["reason"], "trapped");
    assert_eq!(find("version.quarantined", None)["details"]["reason"], "it trapped");
    assert!(told.iter().all(|told| told.is_signed_by(secret.as_str().unwrap())));
    let ids: BTreeSet<_> = told.iter().map(|told| told.id().to_owned()).collect();
    assert_eq!((ids.len(), receiver.got().len()), (5, 5));
}

/// Nobody looks before the bell rings: a stage that looks by itself once in an hour.
fn only_by_the_bell(config: &mut Config) {
    config.webhooks.reach = Reach::ThisMachine;
    config.webhooks.look = Duration::from_secs(3_600);
}

#[tokio::test]
async fn what_happens_is_told_at_once_and_by_whichever_replica_is_there() {
    let (stage, receiver) = (Stage::with(only_by_the_bell).await, Receiver::start().await);
    stage.publish("chess").await;
    make(&stage, "results", &receiver.url).await;
    let end_one = async |n: usize| {
        let played = stage.play("chess", json!({"create": "public"})).await.expect(201);
        let id = played["match"]["id"].as_str().unwrap().to_owned();
        stage.host.finish(&id);
        assert_eq!(receiver.wait_for(n).await[n - 1].json()["data"]["match"], id);
    };
    end_one(1).await;
    end_one(2).await;
    let other = stage.beside_with(only_by_the_bell).await;
    stage.control_plane.stop_delivering();
    end_one(3).await;
    drop(other);
}

#[tokio::test]
async fn what_a_replica_was_telling_when_it_died_is_told_by_another() {
    let (stage, receiver) = (stage().await, Receiver::start().await);
    let other = stage.beside_with(|config| config.webhooks.reach = Reach::ThisMachine).await;
    make(&stage, "results", &receiver.url).await;
    receiver.keep_silent();
    let id = something(&stage, "results", 1).await;
    receiver.wait_for(1).await;
    // Whichever has it: both are cut off in the middle, and a third one comes.
    stage.control_plane.stop_delivering();
    other.control_plane.stop_delivering();
    let _next = stage.beside_with(|config| config.webhooks.reach = Reach::ThisMachine).await;
    assert_eq!(receiver.got().len(), 1);
    stage.clock.advance(Duration::from_secs(60));
    let told = receiver.wait_for(2).await;
    assert_eq!((told[1].id(), &told[1].body), (id.to_string().as_str(), &told[0].body));
    assert_eq!(settles(&stage, "results", "delivered", 2).await["code"], 204);
}

/// The Python of `docs/webhooks.md`, with a line that reads what to check and says what came of it.
async fn checked_by_the_document(secret: &str, told: &Received, body: &[u8], now: u64) -> bool {
    const DOCUMENT: &str = include_str!("../../../../docs/webhooks.md");
    let (_, code) = DOCUMENT.split_once("```python\n").unwrap();
    let (code, _) = code.split_once("```").unwrap();
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| (name, told.header(name)));
    let input = json!({"secret": secret, "headers": headers, "body": String::from_utf8_lossy(body), "now": now});
    let ask = "import json, sys\na = json.loads(sys.argv[1])\n\
        print(verify(a['secret'], dict(a['headers']), a['body'].encode(), a['now']))";
    let mut python = tokio::process::Command::new("python3");
    python.args(["-c", &format!("{code}\n{ask}"), &input.to_string()]);
    let said = python.output().await.unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).unwrap().trim() == told.id()
}

#[tokio::test]
async fn receivers_that_check_as_the_document_says_take_what_is_new_and_true_alone() {
    if tokio::process::Command::new("python3").arg("--version").output().await.is_err() {
        assert!(std::env::var_os("CI").is_none(), "in CI there must be python3");
        eprintln!("SKIPPED: there is no python3");
        return;
    }
    let (stage, receiver) = (stage().await, Receiver::start().await);
    let old = make(&stage, "results", &receiver.url).await["secret"].as_str().unwrap().to_owned();
    let rotated = post(&stage, "results/secret", json!({})).await.expect(200);
    let new = rotated["secret"].as_str().unwrap();
    post(&stage, "results/test", json!({})).await.expect(200);
    let told = receiver.got().remove(0);
    let now = stage.clock.now().seconds();
    let forged = String::from_utf8_lossy(&told.body).replace("ping", "pong");
    for (secret, body, at, good) in [
        (new, &told.body[..], now, true),
        (&old, &told.body[..], now + 300, true),
        (new, &told.body[..], now + 301, false),
        (new, forged.as_bytes(), now, false),
        ("whsec_AAAA", &told.body[..], now, false),
    ] {
        assert_eq!(checked_by_the_document(secret, &told, body, at).await, good, "{secret} {at}");
    }
}
