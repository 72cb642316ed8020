//! Three replicas on one PostgreSQL and one Redis behind HAProxy are one server, and any of them may die.
#![allow(clippy::disallowed_methods, reason = "it measures how long things heal on the wall")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use stadion_client::{RawEvent, RawMatch};
use stadion_tests::api::text;
use stadion_tests::cluster::{self, Cluster, place_of};
use stadion_tests::{chaos, ledger};

/// People who register, sign in and play while replicas die, and how many at once.
const PEOPLE: u32 = 200;
const AT_ONCE: usize = 16;

/// A person gives up after so many tries of one thing, with a pause between two.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_millis(250);

/// What is lost is healed within this.
const HEALED: Duration = Duration::from_secs(5);

/// Whether everything that these stories need is on this machine; says what is not.
fn can_run() -> bool {
    match cluster::missing() {
        None => true,
        Some(missing) => {
            eprintln!("SKIPPED: {missing}");
            false
        }
    }
}

/// Somebody with an address of their own, who tries again when told to.
struct Person {
    client: Client,
    base: String,
    name: String,
    /// Of all people.
    again: Arc<AtomicU64>,
    /// Things asked for so far, whose number is their Idempotency-Key.
    asked: AtomicU64,
}

/// Somebody who sits in a match.
struct Seated {
    player: String,
    seat: Value,
    _connection: RawMatch,
}

impl Person {
    fn new(base: &str, number: u32, again: &Arc<AtomicU64>) -> Person {
        let [.., high, low] = number.to_be_bytes();
        let address = Ipv4Addr::new(127, 0, 1 + high, 1 + low);
        let client = Client::builder().local_address(Some(address.into())).timeout(Duration::from_secs(20));
        let client = client.build().unwrap();
        Person {
            client,
            base: base.to_owned(),
            name: format!("person-{number}"),
            again: again.clone(),
            asked: AtomicU64::new(0),
        }
    }

    /// Asks until there is an answer that does not say to come again; whether it was asked for again.
    async fn ask(&self, path: &str, bearer: &str, body: &Value) -> (StatusCode, Value, bool) {
        let key = format!("{}-{}", self.name, self.asked.fetch_add(1, Ordering::Relaxed));
        for tried in 0..TRIES {
            let request = self.client.request(Method::POST, format!("{}{path}", self.base)).json(body);
            let request = if bearer.is_empty() { request } else { request.bearer_auth(bearer) };
            let answer = request.header("idempotency-key", &key).send().await;
            if let Some((status, body)) = whole(answer).await {
                return (status, body, tried > 0);
            }
            self.again.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{} got no answer from {path}", self.name);
    }

    /// Registers, signs in, plays, takes the seat.
    async fn arrive(&self) -> Seated {
        let secret = json!({"name": self.name, "password": format!("the password of {}", self.name)});
        let (made, registered, again) = self.ask("/v1/accounts", "", &secret).await;
        // The answer to the first try was lost, not the account.
        assert!(made == StatusCode::CREATED || (again && made == StatusCode::CONFLICT), "{made} {registered}");
        let (status, session, _) = self.ask("/v1/sessions", "", &secret).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        let player = text(&session["player"], "id").to_owned();
        if made == StatusCode::CREATED {
            assert_eq!(player, text(&registered["player"], "id"));
        }
        let token = text(&session, "access_token");
        for _ in 0..TRIES {
            let (status, seat, _) = self.ask("/v1/games/ledger/play", token, &json!({})).await;
            assert!(status.is_success(), "{status} {seat}");
            // A seat that nobody could take in time, since its replica was away, is gone. And a join counts from its tick
            // on: whoever comes in while the replica dies may find the seat given to somebody else.
            if let Ok(mut connection) = chaos::try_enter(&seat).await
                && plays(&mut connection).await
            {
                return Seated { player, seat, _connection: connection };
            }
            self.again.fetch_add(1, Ordering::Relaxed);
        }
        panic!("{} got no seat", self.name);
    }
}

/// Whether the game answered a first input: from then on the seat is its player's, whoever dies.
async fn plays(seat: &mut RawMatch) -> bool {
    seat.send(&1_u64.to_le_bytes()).unwrap();
    let answered = async {
        loop {
            match seat.next().await {
                RawEvent::Message(_) => return true,
                RawEvent::End(_) => return false,
                _ => {}
            }
        }
    };
    tokio::time::timeout(HEALED * 4, answered).await.expect("a seat answers or ends")
}

/// An answer that came whole and does not say to come again: the server is not ready, or carries the same request out.
async fn whole(answer: reqwest::Result<reqwest::Response>) -> Option<(StatusCode, Value)> {
    let answer = answer.ok().filter(|answer| !answer.headers().contains_key("retry-after"))?;
    Some((answer.status(), answer.json().await.ok()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn any_replica_may_die_while_two_hundred_people_register_sign_in_and_play() {
    if !can_run() {
        return;
    }
    let mut cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    cluster.api().publish("ledger", ledger::wasm()).await;
    let again = Arc::new(AtomicU64::new(0));
    let (base, began) = (cluster.http.clone(), Instant::now());
    let people = futures_util::stream::iter(0..PEOPLE).map(|number| {
        let person = Person::new(&base, number, &again);
        tokio::spawn(async move { person.arrive().await })
    });
    let mut arriving = people.buffer_unordered(AT_ONCE);
    let mut arrived = Vec::new();
    while let Some(person) = arriving.next().await {
        arrived.push(person.unwrap());
        // Each dies once, and comes back before the next one does.
        let (victim, step) = (arrived.len() / 60, arrived.len() % 60);
        if victim < 3 && step == 20 {
            cluster.replicas[victim].kill();
        } else if victim < 3 && step == 45 {
            let mut replica = cluster.replicas.remove(victim);
            let replica = tokio::task::spawn_blocking(move || {
                replica.restart();
                replica
            });
            cluster.replicas.insert(victim, replica.await.unwrap());
        }
    }
    drop(arriving);
    let took = began.elapsed();
    assert_eq!(arrived.len(), PEOPLE as usize);
    let players: BTreeSet<&String> = arrived.iter().map(|person| &person.player).collect();
    assert_eq!(players.len(), PEOPLE as usize, "everybody is somebody else");
    let accounts = cluster.query("SELECT count(*) FROM accounts WHERE sign_in LIKE 'person-%'");
    assert_eq!(accounts, [PEOPLE.to_string()], "no account is lost or doubled");
    let seats: BTreeSet<_> = arrived.iter().map(|person| place_of(&person.seat)).collect();
    assert_eq!(seats.len(), PEOPLE as usize, "nobody sits where somebody else does");
    everybody_sits_where_they_were_told(&cluster, &arrived).await;
    let spread = cluster.spread().await;
    eprintln!(
        "{PEOPLE} people in {took:.1?}, {AT_ONCE} at once; each replica killed once; {} requests were repeated",
        again.load(Ordering::Relaxed)
    );
    for (replica, requests, downs) in &spread {
        eprintln!("  replica {replica}: {requests} requests, found dead {downs} times");
    }
    assert!(spread.iter().all(|(_, requests, _)| *requests > u64::from(PEOPLE) / 4), "{spread:?}");
}

/// Every match is there, on whichever replica, and everybody is in the seat that they were given, or is there again.
async fn everybody_sits_where_they_were_told(cluster: &Cluster, arrived: &[Seated]) {
    let mut told: BTreeMap<String, BTreeMap<u64, &String>> = BTreeMap::new();
    for person in arrived {
        let (id, number) = place_of(&person.seat);
        told.entry(id).or_default().insert(number, &person.player);
    }
    eprintln!("  {} matches", told.len());
    for (id, seats) in told {
        let all_there = |now: &Value| {
            seats.iter().all(|(number, player)| {
                let is_theirs = |seat: &&Value| seat["seat"] == *number && seat["player"]["id"] == ***player;
                let seat = now["seats"].as_array().unwrap().iter().find(is_theirs);
                seat.is_some_and(|seat| seat["presence"] == "connected")
            })
        };
        cluster.api().match_when(&id, all_there).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_is_the_same_from_every_replica() {
    if !can_run() {
        return;
    }
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let apis: Vec<_> = cluster.replicas.iter().map(stadion_tests::Server::api).collect();
    apis[0].publish("ledger", ledger::wasm()).await;
    let people = [apis[0].guest("ada").await, apis[1].guest("bob").await, apis[2].guest("eve").await];
    // Each asks another replica.
    let asked = |n: usize| apis[n].with_bearer(people[n].api.bearer());
    let (status, first) = asked(0).play("ledger", &json!({})).await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    let (status, second) = asked(1).play("ledger", &json!({})).await;
    assert_eq!((status, &second["match"]), (StatusCode::OK, &first["match"]), "{second}");
    assert_eq!(second["quic"], first["quic"], "where it runs");
    assert_eq!(second["endpoints"], first["endpoints"]);
    let by_code = json!({"code": first["match"]["code"]});
    let (status, third) = asked(2).play("ledger", &by_code).await;
    assert_eq!((status, &third["match"]), (StatusCode::OK, &first["match"]), "{third}");
    let keyed = json!({"key": "rematch:1"});
    let (status, mine) = asked(1).play("ledger", &keyed).await;
    assert_eq!(status, StatusCode::CREATED, "{mine}");
    let (_, theirs) = asked(2).play("ledger", &keyed).await;
    assert_eq!((&theirs["match"], &theirs["quic"]), (&mine["match"], &mine["quic"]));
    let _seats = (chaos::enter(&first).await, chaos::enter(&second).await, chaos::enter(&third).await);
    let id = text(&first["match"], "id").to_owned();
    for api in &apis {
        let now = api.match_when(&id, |it| it["seats"][2]["presence"] == "connected").await;
        assert_eq!(now["state"], "running", "{now}");
    }
    let owner = apis[2].with_bearer(apis[0].bearer());
    owner.get(&format!("/v1/matches/{id}/usage")).await;
    let (status, _) = owner.call(Method::DELETE, &format!("/v1/matches/{id}"), &Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "another replica ends it");
    for api in &apis {
        assert_eq!(api.ended(&id).await["end"]["kind"], "closed");
    }
    assert!(!owner.bytes(&format!("/v1/matches/{id}/journal")).await.is_empty(), "journals are common");
}

/// Sends an input and waits for its answer.
async fn answered(seat: &mut RawMatch, input: u64) {
    seat.send(&input.to_le_bytes()).unwrap();
    let answer = async {
        loop {
            if let RawEvent::Message(bytes) = seat.next().await
                && ledger::read(&bytes).input == input
            {
                return;
            }
        }
    };
    tokio::time::timeout(HEALED, answer).await.expect("the match goes on");
}

/// Until `is_so`, at most [`HEALED`].
async fn heals(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < HEALED, "{what} within {HEALED:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eprintln!("{what}: {:.0?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_or_lost_redis_loses_no_match_and_no_account() {
    if !can_run() {
        return;
    }
    let mut cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let api = cluster.api();
    api.publish("ledger", ledger::wasm()).await;
    let (ada, bob, gone) = (api.guest("ada").await, api.guest("bob").await, api.guest("gone").await);
    let (_, public) = ada.api.play("ledger", &json!({})).await;
    let (_, keyed) = ada.api.play("ledger", &json!({"key": "k"})).await;
    let mut seat = chaos::enter(&public).await;
    answered(&mut seat, 1).await;
    let (status, _) = gone.api.call(Method::DELETE, "/v1/sessions/current", &Value::Null).await;
    assert!(status.is_success(), "signed out: {status}");

    cluster.empty_redis();
    answered(&mut seat, 2).await;
    let (_, by_code) = bob.api.play("ledger", &json!({"code": public["match"]["code"]})).await;
    assert_eq!(by_code["match"], public["match"], "at once: {by_code}");
    let (_, by_key) = bob.api.play("ledger", &json!({"key": "k"})).await;
    assert_eq!(by_key["match"], keyed["match"], "at once: {by_key}");
    let signed_out = async || gone.api.call(Method::GET, "/v1/me", &Value::Null).await.0 == StatusCode::UNAUTHORIZED;
    heals("who signed out is out again", signed_out).await;
    let led = async || bob.api.play("ledger", &json!({})).await.1["match"] == public["match"];
    heals("players are led to the open match again", led).await;

    cluster.stop_redis();
    answered(&mut seat, 3).await;
    let (status, refused) = ada.api.play("ledger", &json!({})).await;
    assert_eq!((status, &refused["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")), "{refused}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    cluster.start_redis();
    heals("Redis is back", async || ada.api.play("ledger", &json!({"key": "k"})).await.1["match"] == keyed["match"])
        .await;
    answered(&mut seat, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_said_with_when_to_come_back_and_matches_go_on() {
    if !can_run() {
        return;
    }
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let api = cluster.replicas[0].api();
    api.publish("ledger", ledger::wasm()).await;
    let ada = api.guest("ada").await;
    let (_, joined) = ada.api.play("ledger", &json!({})).await;
    let mut seat = chaos::enter(&joined).await;
    answered(&mut seat, 1).await;

    cluster.let_into_database(false);
    answered(&mut seat, 2).await;
    let refused = api.send(Method::POST, "/v1/guests", "application/json", "{}").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let (status, created) = ada.api.play("ledger", &json!({"create": "private"})).await;
    assert_eq!(status, StatusCode::CREATED, "creating a match needs no database: {created}");
    let through = cluster.api().send(Method::POST, "/v1/guests", "application/json", "{}").await;
    assert_eq!(through.status(), StatusCode::SERVICE_UNAVAILABLE, "and so says the balancer");

    cluster.let_into_database(true);
    let guests = async || api.send(Method::POST, "/v1/guests", "application/json", "{}").await.status().is_success();
    heals("the database is back", guests).await;
    answered(&mut seat, 3).await;
    api.match_when(text(&created["match"], "id"), |it| it["state"] == "running").await;
}
