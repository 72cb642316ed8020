//! Where matches are made: two replicas on real sockets, each with a host of its own in another region.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use stadion_protocol::contract::CreateError;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use crate::testing::Stage;

struct Two {
    eu: Arc<Stage>,
    us: Arc<Stage>,
    /// Answers of the one in the US that are still to be lost.
    lost: Arc<AtomicU32>,
}

impl Two {
    async fn new() -> Two {
        Two::within("us").await
    }

    /// The other one stands in this region.
    async fn within(region: &str) -> Two {
        let common = Stage::new().await;
        common.publish("chess").await;
        let listener = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let (in_eu, in_us, between) = (listener().await, listener().await, listener().await);
        let lost = Arc::new(AtomicU32::new(0));
        let (eu_url, us_url) = (url(&in_eu), url(&between));
        tokio::spawn(forward(between, in_us.local_addr().unwrap(), lost.clone()));
        let eu = common.among("h-eu", "eu", in_eu, &eu_url).await;
        let us = common.among("h-us", region, in_us, &us_url).await;
        Two { eu, us, lost }
    }

    /// How many matches run in the EU, and in the US.
    fn matches(&self) -> (usize, usize) {
        (self.eu.host.matches(), self.us.host.matches())
    }
}

/// Passes connections on, and loses answers on their way back.
async fn forward(listener: TcpListener, to: std::net::SocketAddr, lost: Arc<AtomicU32>) {
    while let Ok((mut near, _)) = listener.accept().await {
        let lost = lost.clone();
        tokio::spawn(async move {
            let mut far = TcpStream::connect(to).await.unwrap();
            let take = |left: u32| left.checked_sub(1);
            if lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                let (mut from_near, mut near_back) = near.split();
                let (mut from_far, mut to_far) = far.split();
                let mut answer = [0; 1];
                tokio::select! {
                    _ = tokio::io::copy(&mut from_near, &mut to_far) => {}
                    // The request was carried out; nobody hears of it.
                    _ = from_far.read_exact(&mut answer) => {}
                }
                let _ = tokio::io::AsyncWriteExt::shutdown(&mut near_back).await;
            } else {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}

fn full() -> Option<CreateError> {
    Some(CreateError::Full("it runs as many matches as it can"))
}

#[tokio::test]
async fn a_full_host_has_another_replica_make_the_match() {
    let two = Two::new().await;
    two.eu.host.refuse_with(full());
    let first = two.eu.play("chess", json!({})).await.expect(201);
    let second = two.us.play("chess", json!({"match": first["match"]["id"]})).await.expect(200);
    assert_eq!((&second["match"], two.matches()), (&first["match"], (0, 1)));
    let private = json!({"create": {"visibility": "private", "seats": 2, "parameters": "AQI="}});
    two.eu.play("chess", private).await.expect(201);
    two.eu.play("chess", json!({"key": "again"})).await.expect(201);
    let there = two.eu.play("chess", json!({"key": "again"})).await.expect(200);
    assert_eq!(there["seat"], 1, "the key leads to the same match");
    assert_eq!(two.matches(), (0, 3));
    two.us.host.refuse_with(full());
    two.eu.play("chess", json!({})).await.expect(503);
    two.eu.host.refuse_with(None);
    two.eu.play("chess", json!({})).await.expect(201);
    assert_eq!(two.matches(), (1, 3), "nothing of what was refused stays");
}

#[tokio::test]
async fn players_are_placed_where_they_are_near() {
    let two = Two::new().await;
    for (wish, matches) in [
        (json!({"region": "us"}), (0, 1)),
        (json!({"create": "private", "latencies": {"eu": 90, "us": 12}}), (0, 2)),
        (json!({"create": "private", "latencies": {"eu": 9, "us": 120}}), (1, 2)),
        (json!({"create": "private", "region": "mars"}), (2, 2)),
        (json!({"create": "private"}), (3, 2)),
    ] {
        two.eu.play("chess", wish.clone()).await.expect(201);
        assert_eq!(two.matches(), matches, "{wish}");
    }
    two.eu.play("chess", json!({"region": "us"})).await.expect(200);
    two.eu.play("chess", json!({})).await.expect(201);
    assert_eq!(two.matches(), (4, 2), "open matches of another region are for those who ask for it");
    for bad in [json!({"region": "us", "latencies": {"eu": 1}}), json!({"region": "U S"})] {
        two.eu.play("chess", bad).await.expect(422);
    }
}

#[tokio::test]
async fn a_match_is_made_where_its_version_is_loaded() {
    let two = Two::within("eu").await;
    two.us.play("chess", json!({"create": "private"})).await.expect(201);
    let before = tokio::time::Instant::now();
    loop {
        let listed = two.eu.coordination.map_entries("replicas").await.unwrap();
        let listed = listed.iter().find(|(name, _)| name == "h-us").map(|(_, json)| json.clone()).unwrap_or_default();
        let listed: Value = serde_json::from_slice(&listed).unwrap_or_default();
        if listed["loaded"].as_array().is_some_and(|loaded| !loaded.is_empty()) {
            break;
        }
        assert!(before.elapsed() < Duration::from_secs(20), "it says what it has loaded: {listed}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    two.eu.play("chess", json!({"create": "private"})).await.expect(201);
    assert_eq!(two.matches(), (0, 2), "the other one need not load it");
    two.us.host.refuse_with(full());
    two.eu.play("chess", json!({"create": "private"})).await.expect(201);
    assert_eq!(two.matches(), (1, 2), "it is loaded where there is room");
    two.us.host.refuse_with(None);
    two.eu.play("chess", json!({"create": "private"})).await.expect(201);
    assert_eq!(two.matches(), (2, 2), "both have it: no hop");
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_makes_one_match() {
    for order in [json!({"create": "private", "region": "us"}), json!({"region": "us"})] {
        // Each with connections of its own: one that is kept from before would not be lost.
        let two = Two::new().await;
        let player = two.eu.guest().await;
        two.lost.store(1, Ordering::SeqCst);
        let seat: Value = two.eu.play_as(&player, "chess", order).await.expect(201);
        assert_eq!(two.matches(), (0, 1), "asked for twice, made once");
        let status = two.us.get(&format!("/v1/matches/{}", seat["match"]["id"].as_str().unwrap())).await.expect(200);
        assert_eq!(status["seats"].as_array().unwrap().len(), 1);
        assert_eq!(two.lost.load(Ordering::SeqCst), 0, "one was lost");
    }
}

#[tokio::test]
async fn a_caller_whose_answer_is_lost_gets_it_again() {
    let two = Two::new().await;
    let player = two.eu.guest().await;
    let play = async || {
        let call = two.eu.post("/v1/games/chess/play", json!({"create": "public"})).bearer(&player);
        call.with("idempotency-key", "lost").await.expect(201)
    };
    // Whoever does not hear an answer asks again, wherever the balancer leads it.
    let first = play().await;
    let again = two.us.post("/v1/games/chess/play", json!({"create": "public"})).bearer(&player);
    assert_eq!(again.with("idempotency-key", "lost").await.expect(201), first);
    assert_eq!((play().await, two.matches()), (first, (1, 0)));
}
