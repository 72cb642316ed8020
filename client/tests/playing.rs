//! The whole client against a small server over real QUIC and HTTP: handshake, both deliveries, lost connections.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod server;

use std::time::Duration;

use stadion_client::{CloseCode, Entry, Error, Event, Network, Play, RawEvent, RawMatch, Stadion, Ticket};
use stadion_protocol::client::Endpoint;
use stadion_protocol::token::SchemaHash;
use stadion_sdk::prelude::*;

use server::TestServer;

/// Long against anything that should happen, short against a person's patience.
const SOON: Duration = Duration::from_secs(20);

async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, work).await.expect("in time")
}

/// Both ways.
#[message]
pub struct Count(u32);

/// The test server speaks for it: it is never run.
pub struct Counting;

impl Game for Counting {
    const INFO: Info = Info::new("counting");
    type In = Count;
    type Out = Count;
    type View = Vec<u32>;
    type Timer = ();

    fn start(_: &Cx<Self>) -> Self {
        Counting
    }

    fn view(&self, _: &Cx<Self>, _: Seat) -> Vec<u32> {
        Vec::new()
    }
}

game!(Counting);

const SCHEMA: &[u8] = <Counting as stadion_sdk::GameModule>::SCHEMA;

async fn signed_in(server: &TestServer) -> Stadion {
    soon(Stadion::guest(&server.http(), "ada")).await.unwrap()
}

async fn playing(server: &TestServer) -> stadion_client::Match<Counting> {
    soon(signed_in(server).await.play("counting", Play::Any)).await.unwrap()
}

/// The next message, whatever else happens.
async fn message(game: &mut stadion_client::Match<Counting>) -> u32 {
    loop {
        match soon(game.next()).await {
            Event::Message(Count(count)) => return count,
            Event::End(end) => panic!("ended: {end}"),
            _ => {}
        }
    }
}

async fn view(game: &mut stadion_client::Match<Counting>) -> Vec<u32> {
    loop {
        match soon(game.next()).await {
            Event::View(view) => return view,
            Event::End(end) => panic!("ended: {end}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_guest_plays_with_both_deliveries() {
    let server = TestServer::start(SCHEMA).await;
    let mut game = playing(&server).await;
    assert_eq!(game.code(), Some("KBQT"));
    assert!(matches!(soon(game.next()).await, Event::Live { .. }));
    game.send(&Count(7)).unwrap();
    assert_eq!(message(&mut game).await, 7, "reliable inputs come back as messages");
    game.send_unreliable(&Count(8)).unwrap();
    assert_eq!(view(&mut game).await, [8], "unreliable ones as unreliable views");
    soon(server.acknowledged_view(1)).await;
}

#[tokio::test]
async fn a_killed_connection_loses_nothing() {
    let server = TestServer::start(SCHEMA).await;
    let mut game = playing(&server).await;
    for count in 1..=60 {
        game.send(&Count(count)).unwrap();
        if count % 20 == 0 {
            server.kill_connections();
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
    for count in 1..=60 {
        assert_eq!(message(&mut game).await, count);
    }
    assert_eq!(server.inputs(), (1..=60).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_silent_server_is_found_again_over_a_second_connection() {
    let server = TestServer::start(SCHEMA).await;
    let mut game = playing(&server).await;
    assert!(matches!(soon(game.next()).await, Event::Live { .. }));
    server.mute_connections();
    game.send(&Count(1)).unwrap();
    assert_eq!(soon(game.next()).await, Event::Stalled);
    assert!(matches!(soon(game.next()).await, Event::Live { .. }));
    assert_eq!(message(&mut game).await, 1);
}

#[tokio::test]
async fn a_restarted_program_comes_back_with_its_ticket() {
    let server = TestServer::start(SCHEMA).await;
    let mut game = playing(&server).await;
    game.send(&Count(1)).unwrap();
    assert_eq!(message(&mut game).await, 1);
    let ticket = game.ticket().expect("given with the welcome").to_string();
    drop(game);

    let ticket: Ticket = ticket.parse().unwrap();
    let mut game = soon(Stadion::resume::<Counting>(&ticket)).await.unwrap();
    assert_eq!(game.code(), Some("KBQT"));
    game.send(&Count(2)).unwrap();
    assert_eq!(message(&mut game).await, 2);
    assert_eq!(server.inputs(), [1, 2]);
}

#[tokio::test]
async fn the_raw_variant_gives_bytes_and_the_schema() {
    let server = TestServer::start(SCHEMA).await;
    let mut game = soon(signed_in(&server).await.play_raw("counting", Play::Code("KBQT".into()))).await.unwrap();
    assert_eq!(game.info().unwrap().schema.as_deref(), Some(SCHEMA));
    game.send(&[5]).unwrap();
    loop {
        if let RawEvent::Message(data) = soon(game.next()).await {
            break assert_eq!(data.as_ref(), [5]);
        }
    }
}

#[tokio::test]
async fn leaving_and_ending_are_told_apart() {
    let server = TestServer::start(SCHEMA).await;
    soon(playing(&server).await.leave()).await;
    assert!(server.left());

    let server = TestServer::start(SCHEMA).await;
    let mut game = playing(&server).await;
    server.finish();
    let end = loop {
        if let Event::End(end) = soon(game.next()).await {
            break end;
        }
    };
    assert_eq!((end.code, end.reason.as_str()), (CloseCode::Finished, "enough"));
    assert!(matches!(game.next().await, Event::End(_)), "again and again");
}

#[tokio::test]
async fn a_program_for_another_schema_is_told_so() {
    let server = TestServer::start(b"another schema").await;
    let result = soon(signed_in(&server).await.play::<Counting>("counting", Play::Any)).await;
    assert!(matches!(result, Err(Error::OutdatedClient)), "{result:?}");
}

#[tokio::test]
async fn problems_of_the_api_are_told_as_they_are() {
    let server = TestServer::start(SCHEMA).await;
    let error = soon(signed_in(&server).await.play::<Counting>("unknown", Play::Any)).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.code()), ("not found: no game of that name", 404));
    let error = soon(Stadion::guest("http://127.0.0.1:1", "ada")).await.unwrap_err();
    assert_eq!(error.code(), 1, "{error}");
}

#[tokio::test]
async fn a_certificate_with_another_hash_is_not_talked_to() {
    let server = TestServer::start(SCHEMA).await;
    let endpoint = Endpoint { address: server.quic(), certificate_hashes: vec![[0; 32]] };
    let entry = Entry::join(vec![endpoint], "join".into(), SchemaHash::of(Some(SCHEMA))).unwrap();
    let result = soon(RawMatch::enter(entry)).await;
    assert!(matches!(result, Err(Error::Untrusted(_))), "{result:?}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_engine_without_a_runtime_plays_by_polling() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(TestServer::start(SCHEMA));
    let network = Network::start().unwrap();
    let url = server.http();
    let mut joining =
        network.spawn(async move { Stadion::guest(&url, "ada").await?.play_raw("counting", Play::Any).await });
    let mut game = frames(|| joining.poll()).unwrap();
    game.send(&[9]).unwrap();
    let message = frames(|| game.poll().filter(|event| matches!(event, RawEvent::Message(_))));
    assert_eq!(message, RawEvent::Message(vec![9].into()));
}

/// Frames of an engine, until something is there.
fn frames<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let frame = Duration::from_millis(5);
    for _ in 0..SOON.as_millis() / frame.as_millis() {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(frame);
    }
    panic!("nothing came in time");
}
