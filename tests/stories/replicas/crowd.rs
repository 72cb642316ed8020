//! Two hundred people sign in, come together in parties, search and play, while each replica dies once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use reqwest::StatusCode;
use serde_json::{Value, json};
use stadion_api::operations as ops;
use stadion_tests::api::text;
use stadion_tests::cluster::{Cluster, place_of};
use stadion_tests::{ledger, rally};
use tokio::sync::watch;

use super::can_run;
use super::people::{Arrived, Ears, PATIENCE, Person};

/// Couples, and how many of them at once. The even ones form a party and search against another party; of each odd one, the
/// first searches alone. So there are 50 parties, and 50 matches.
const COUPLES: u32 = 100;
const AT_ONCE: usize = 10;
const PARTIES: usize = 50;
const MATCHES: usize = 50;

/// A replica dies once so many couples are done, and stays away for a while.
const DIES_AFTER: [usize; 3] = [12, 42, 72];
const AWAY: Duration = Duration::from_secs(3);

/// What a queue made of a search.
pub(super) struct Result {
    pub(super) of: String,
    players: usize,
}

struct Couple {
    both: [Arrived; 2],
    /// Of whoever searched.
    results: Vec<Result>,
}

#[tokio::test(flavor = "multi_thread")]
async fn any_replica_may_die_while_two_hundred_people_sign_in_form_parties_and_play() {
    if !can_run() {
        return;
    }
    let mut cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    publish(&cluster).await;
    let again = Arc::new(AtomicU64::new(0));
    let (base, began) = (cluster.http.clone(), Instant::now());
    let (done, told) = watch::channel(0);
    let couples = futures_util::stream::iter(0..COUPLES).map(|number| {
        let both = [2 * number, 2 * number + 1].map(|number| Person::new(&base, number, &again));
        async move { tokio::spawn(couple(both, number.is_multiple_of(2))).await.unwrap() }
    });
    let crowd = async {
        let mut coming = couples.buffer_unordered(AT_ONCE);
        let mut came = Vec::new();
        while let Some(couple) = coming.next().await {
            came.push(couple);
            done.send_replace(came.len());
        }
        came
    };
    let (couples, ()) = tokio::join!(crowd, kill_each_once(&mut cluster, told));
    let took = began.elapsed();
    nothing_is_lost_or_doubled(&cluster, &couples).await;
    everybody_sits_where_they_were_told(&cluster, &couples).await;
    let spread = cluster.spread().await;
    eprintln!(
        "{} people, {PARTIES} parties, {MATCHES} matches in {took:.1?}, {AT_ONCE} couples at once; each replica killed once; \
         {} requests were repeated",
        2 * COUPLES,
        again.load(Ordering::Relaxed)
    );
    for (replica, requests, downs) in &spread {
        eprintln!("  replica {replica}: {requests} requests, found dead {downs} times");
    }
    assert!(spread.iter().all(|(_, requests, _)| *requests > u64::from(COUPLES)), "{spread:?}");
}

/// Rooms for anybody, a duel, and a queue in which two parties of two meet.
pub(super) async fn publish(cluster: &Cluster) {
    let api = cluster.api();
    api.publish("ledger", ledger::wasm()).await;
    for (game, players, settings) in [
        ("duel", 2, json!({"queue.one.teams": "2", "queue.one.ready-seconds": "60"})),
        ("doubles", 4, json!({"queue.two.teams": "2", "queue.two.team-size": "2", "queue.two.ready-seconds": "60"})),
    ] {
        let published = api.publish(game, rally::wasm(players)).await;
        api.set(&published, &settings).await;
    }
}

/// Each dies once, and comes back before the next one does.
async fn kill_each_once(cluster: &mut Cluster, mut done: watch::Receiver<usize>) {
    for (victim, after) in DIES_AFTER.into_iter().enumerate() {
        done.wait_for(|done| *done >= after).await.unwrap();
        cluster.replicas[victim].kill();
        tokio::time::sleep(AWAY).await;
        let mut replica = cluster.replicas.remove(victim);
        let replica = tokio::task::spawn_blocking(move || {
            replica.restart();
            replica
        });
        cluster.replicas.insert(victim, replica.await.unwrap());
    }
}

async fn couple([one, other]: [Person; 2], is_party: bool) -> Couple {
    let (one, other) = tokio::join!(one.arrive(), other.arrive());
    let results = if is_party {
        together(&one, &other).await
    } else {
        let mut ears = one.listens();
        one.does(ops::CREATE_TICKET, &["duel", "one"], json!({})).await;
        vec![plays(&one, &mut ears).await]
    };
    Couple { both: [one, other], results }
}

/// Two form a party, search as one, play, and are back in it.
async fn together(leader: &Arrived, member: &Arrived) -> Vec<Result> {
    let (mut leaders, mut members) = (leader.listens(), member.listens());
    let (status, party) = leader.ask(ops::CREATE_PARTY, &[], Value::Null).await;
    // The answer to the first try was lost, not the party.
    let party =
        if status == StatusCode::CONFLICT { leader.does(ops::GET_PARTY, &[], Value::Null).await } else { party };
    leader.does(ops::INVITE, &[], json!({"player": member.person.name})).await;
    let invitation = until(&mut members, "invitation").await;
    assert_eq!(invitation["party"], party["id"]);
    member.does(ops::JOIN_PARTY, &[], json!({"party": party["id"]})).await;
    member.does(ops::SET_READY, &[], json!({"ready": true})).await;
    leader.does(ops::CREATE_TICKET, &["doubles", "two"], json!({})).await;
    let results = tokio::join!(plays(leader, &mut leaders), plays(member, &mut members));
    assert_eq!(results.0.of, results.1.of, "a party plays one match");
    back_together(&party, leader, member).await;
    vec![results.0, results.1]
}

/// Confirms what is found, plays it, and hears how it ended.
pub(super) async fn plays(player: &Arrived, ears: &mut Ears<'_>) -> Result {
    let ready = loop {
        let event = ears.next().await;
        match text(&event, "kind") {
            "ready-check" => {
                let check = [text(&event, "match")];
                let (status, body) = player.ask(ops::ANSWER_READY_CHECK, &check, json!({"accept": true})).await;
                // It may have been confirmed by all by the time that a lost answer is asked for again.
                assert!(status.is_success() || status == StatusCode::NOT_FOUND, "{status} {body}");
            }
            "match-ready" => break event,
            "search-over" | "missed" => panic!("{}: {event}", player.person.name),
            _ => {}
        }
    };
    player.speaks_in(text(&ready, "game"), text(&ready, "code")).await;
    let result = until(ears, "result").await;
    assert_eq!(result["match"], ready["match"], "{}", player.person.name);
    assert!(result["rank"].is_u64(), "{result}");
    Result { of: text(&ready, "match").to_owned(), players: if ready["game"] == "duel" { 2 } else { 4 } }
}

async fn until(ears: &mut Ears<'_>, kind: &str) -> Value {
    loop {
        let event = ears.next().await;
        if event["kind"] == kind {
            return event;
        }
        assert!(event["kind"] != "missed" && event["kind"] != "search-over", "{event}");
    }
}

/// The two, and nobody else, are in the party that they made, and it does nothing.
async fn back_together(party: &Value, leader: &Arrived, member: &Arrived) {
    let until = Instant::now() + PATIENCE;
    loop {
        let [leaders, members] = [leader, member].map(|one| one.does(ops::GET_PARTY, &[], Value::Null));
        let (leaders, members) = tokio::join!(leaders, members);
        assert_eq!((&leaders["id"], &members["id"]), (&party["id"], &party["id"]));
        let players: Vec<_> = leaders["members"].as_array().unwrap().iter().map(|one| &one["player"]).collect();
        assert_eq!(players, [&leader.player, &member.player]);
        if leaders["phase"] == "gathering" {
            return;
        }
        assert!(Instant::now() < until, "a match that is over has its party gather: {leaders}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn nothing_is_lost_or_doubled(cluster: &Cluster, couples: &[Couple]) {
    let arrived = || couples.iter().flat_map(|couple| &couple.both);
    let people = arrived().count();
    assert_eq!(people, 2 * COUPLES as usize);
    let players: BTreeSet<&String> = arrived().map(|one| &one.player).collect();
    assert_eq!(players.len(), people, "everybody is somebody else");
    let accounts = cluster.query("SELECT count(*) FROM accounts WHERE sign_in LIKE 'person-%'");
    assert_eq!(accounts, [people.to_string()], "no account is lost or doubled");
    let seats: BTreeSet<_> = arrived().map(|one| place_of(&one.seat)).collect();
    assert_eq!(seats.len(), people, "nobody sits where somebody else does");

    // Everybody who searched played one match, with as many as there should be.
    let mut played: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
    for result in couples.iter().flat_map(|couple| &couple.results) {
        played.entry(&result.of).or_default().push(result.players);
    }
    assert_eq!(played.len(), MATCHES);
    assert!(played.values().all(|each| each.len() == each[0]), "{played:?}");
    let finished = "SELECT count(*) FROM matches WHERE game IN ('duel', 'doubles') AND end_reason LIKE '%inished%'";
    // Rows are written behind.
    becomes("each match was played once", &[MATCHES.to_string()], || cluster.query(finished)).await;
    let rated = "SELECT count(*) FROM queued_matches WHERE rated_at IS NOT NULL";
    becomes("and rated", &[MATCHES.to_string()], || cluster.query(rated)).await;
    let searched = couples.iter().map(|couple| couple.results.len()).sum::<usize>();
    let ratings = cluster.query("SELECT count(*), sum(matches), max(matches) FROM ratings");
    assert_eq!(ratings, [format!("{searched}|{searched}|1")], "of each player once");

    // Nobody waits any more, and there are no other parties than those that everybody knows.
    // What was told by whoever died then is told again by whoever takes over, and taken away.
    let keys = |pattern: &'static str| move || cluster.redis(&["--scan", "--pattern", pattern]);
    becomes("nobody waits", &[], keys("stadion:map:tickets/*")).await;
    becomes("nobody is noted as waiting", &[], keys("stadion:note:ticket-of/*")).await;
    assert_eq!(cluster.redis(&["--scan", "--pattern", "stadion:note:party/*"]).len(), PARTIES);
    assert_eq!(cluster.redis(&["--scan", "--pattern", "stadion:note:party-of/*"]).len(), 2 * PARTIES);
}

/// Looks until it is so.
pub(super) async fn becomes(what: &str, expected: &[String], look: impl Fn() -> Vec<String>) {
    let until = Instant::now() + PATIENCE;
    loop {
        let now = look();
        if now == expected {
            return;
        }
        assert!(Instant::now() < until, "{what}: {now:?} instead of {expected:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Every match is there, on whichever replica, and everybody is in the seat that they were given, or is there again.
async fn everybody_sits_where_they_were_told(cluster: &Cluster, couples: &[Couple]) {
    let mut told: BTreeMap<String, BTreeMap<u64, &String>> = BTreeMap::new();
    for one in couples.iter().flat_map(|couple| &couple.both) {
        let (id, number) = place_of(&one.seat);
        told.entry(id).or_default().insert(number, &one.player);
    }
    eprintln!("  {} rooms", told.len());
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
