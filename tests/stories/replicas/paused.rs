//! A replica stands still for longer than its lease of a queue, and goes on when another one steps the queue.

use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use stadion_api::operations::CREATE_TICKET;
use stadion_tests::Server;
use stadion_tests::cluster::Cluster;

use super::can_run;
use super::crowd::{becomes, plays, publish};
use super::people::{Arrived, Person};

const QUEUE: [&str; 2] = ["duel", "one"];

fn signal(server: &Server, signal: &str) {
    let sent = Command::new("kill").args([signal, &server.pid.to_string()]).status().unwrap();
    assert!(sent.success(), "{signal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_stood_still_makes_no_match_of_players_who_play_already() {
    if !can_run() {
        return;
    }
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    publish(&cluster).await;
    let again = Arc::default();
    let [paused, other] = [&cluster.replicas[0], &cluster.replicas[1]];
    let mut people = Vec::new();
    for number in 0..4 {
        people.push(Person::new(&other.http, number, &again).arrive().await);
    }
    let [ann, bob, eve, dan] = &people[..] else { panic!("four") };
    // Whoever is asked steps the queue.
    let (status, body) = paused.api().with_bearer(&ann.token).call(CREATE_TICKET, &QUEUE, &json!({})).await;
    assert!(status.is_success(), "{body}");
    signal(paused, "-STOP");
    bob.does(CREATE_TICKET, &QUEUE, json!({})).await;
    let first = both_play(ann, bob).await;
    signal(paused, "-CONT");
    for one in [eve, dan] {
        let (status, body) = paused.api().with_bearer(&one.token).call(CREATE_TICKET, &QUEUE, &json!({})).await;
        assert!(status.is_success(), "{body}");
    }
    assert_ne!(both_play(eve, dan).await, first);
    let two = ["2".to_owned()];
    let cluster = &cluster;
    let query = |sql: &'static str| move || cluster.query(sql);
    // Rows are written behind.
    becomes("both are there", &two, query("SELECT count(*) FROM matches WHERE game = 'duel' AND ended_at > 0")).await;
    becomes("and no other", &two, query("SELECT count(*) FROM matches WHERE game = 'duel'")).await;
    becomes("and rated", &two, query("SELECT count(*) FROM queued_matches WHERE rated_at IS NOT NULL")).await;
    let ratings = cluster.query("SELECT count(*), max(matches) FROM ratings");
    assert_eq!(ratings, ["4|1"], "everybody played once");
}

/// Two meet: in which match.
async fn both_play(one: &Arrived, other: &Arrived) -> String {
    let (mut ones, mut others) = (one.listens(), other.listens());
    let (here, there) = tokio::join!(plays(one, &mut ones), plays(other, &mut others));
    assert_eq!(here.of, there.of);
    here.of
}
