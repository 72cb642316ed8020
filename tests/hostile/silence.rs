//! Connections that say nothing, too little, or nonsense.

use std::time::Duration;

use serde_json::json;
use stadion_protocol::CloseCode;
use stadion_protocol::wire::{ClientFrame, PROTOCOL_VERSION};
use stadion_tests::raw_player::{RawPlayer, hello};
use stadion_tests::{Guest, Server};

use crate::Arena;

#[tokio::test]
async fn whoever_never_says_hello_is_closed() {
    let server = Server::start();
    let mut silent = RawPlayer::connect(&server.quic).await;
    // One byte, and the rest never: the stream exists, the hello does not.
    silent.say_bytes(&[0x7f]).await;
    assert_eq!(silent.closed().await, CloseCode::TimedOut);
}

#[tokio::test]
async fn whoever_says_hello_slowly_is_closed() {
    let mut arena = Arena::open().await;
    arena.api.publish("hostile", Guest::default().wasm()).await;
    let joined = arena.seat("ada", &json!({"create": "private"})).await;
    let mut slow = RawPlayer::connect(&arena.server.quic).await;
    let bytes = ClientFrame::Hello(Box::new(hello(&joined, [1; 16]))).encode();
    for byte in &bytes[..bytes.len().min(60)] {
        slow.say_bytes(&[*byte]).await;
        tokio::time::sleep(Duration::from_millis(80)).await;
    }
    assert_eq!(slow.closed().await, CloseCode::TimedOut);
    arena.assert_unharmed().await;
}

#[tokio::test]
async fn nonsense_and_other_versions_are_told_apart() {
    let arena = Arena::open().await;
    arena.api.publish("hostile", Guest::default().wasm()).await;
    let joined = arena.seat("ada", &json!({"create": "private"})).await;
    let mut nonsense = RawPlayer::connect(&arena.server.quic).await;
    nonsense.say_bytes(&[5, 0xee, 1, 2, 3, 4]).await;
    assert_eq!(nonsense.closed().await, CloseCode::ProtocolError);

    let mut future = RawPlayer::connect(&arena.server.quic).await;
    let mut words = hello(&joined, [1; 16]);
    words.protocol_version = PROTOCOL_VERSION + 1;
    future.hello(&words).await;
    assert_eq!(future.closed().await, CloseCode::OutdatedClient);

    let mut stranger = RawPlayer::connect(&arena.server.quic).await;
    let mut words = hello(&joined, [1; 16]);
    words.schema.0[0] ^= 1;
    stranger.hello(&words).await;
    assert_eq!(stranger.closed().await, CloseCode::OutdatedClient);
}
