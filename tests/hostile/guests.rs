//! Guests that spin, recurse and trap: the match ends, nothing else does.

use serde_json::json;
use stadion_protocol::CloseCode;
use stadion_tests::Guest;
use stadion_tests::guest::{SPIN, TRAP};

use crate::{Arena, Provocation};

/// Runs one hostile guest and checks all that must hold after any.
async fn ends(guest: Guest, how: Provocation, kind: &str) {
    let mut arena = Arena::open().await;
    let outcome = arena.provoke(&guest, how).await;
    assert_eq!(outcome.end["kind"], kind, "{outcome:?}");
    assert_eq!(outcome.code, CloseCode::GameFailed, "{outcome:?}");
    arena.assert_unharmed().await;
    arena.assert_replays(&outcome.id).await;
}

#[tokio::test]
async fn a_step_that_never_ends_is_cut_at_its_budget() {
    ends(Guest { message: SPIN, ..Guest::default() }, Provocation::Message, "over-budget").await;
}

#[tokio::test]
async fn a_leave_that_is_never_handled_still_completes() {
    ends(Guest { left: SPIN, ..Guest::default() }, Provocation::Leave, "over-budget").await;
}

#[tokio::test]
async fn recursion_without_end_is_a_trap() {
    ends(Guest::recursive(false), Provocation::Message, "trapped").await;
}

#[tokio::test]
async fn recursion_that_ends_in_a_host_call_is_a_trap() {
    // Every level writes to the log: either the stack is over, or the quota of the tick.
    let mut arena = Arena::open().await;
    let outcome = arena.provoke(&Guest::recursive(true), Provocation::Message).await;
    let kind = outcome.end["kind"].as_str().unwrap();
    assert!(["trapped", "over-quota", "over-budget"].contains(&kind), "{outcome:?}");
    assert_eq!(outcome.code, CloseCode::GameFailed, "{outcome:?}");
    arena.assert_unharmed().await;
    arena.assert_replays(&outcome.id).await;
}

#[tokio::test]
async fn a_trap_on_join_ends_the_match() {
    ends(Guest { joined: TRAP, ..Guest::default() }, Provocation::Join, "trapped").await;
}

#[tokio::test]
async fn a_trap_on_a_message_ends_the_match() {
    ends(Guest { message: TRAP, ..Guest::default() }, Provocation::Message, "trapped").await;
}

#[tokio::test]
async fn a_trap_on_leave_ends_the_match() {
    ends(Guest { left: TRAP, ..Guest::default() }, Provocation::Leave, "trapped").await;
}

#[tokio::test]
async fn a_match_that_cannot_start_is_an_error_of_its_creation() {
    let mut arena = Arena::open().await;
    for start in [TRAP, SPIN] {
        arena.api.publish("hostile", Guest { start, ..Guest::default() }.wasm()).await;
        let player = arena.api.guest("ada").await;
        let (status, problem) = player.api.play("hostile", &json!({"create": "private"})).await;
        assert!(status.is_client_error() || status.as_u16() == 502, "{start}: {status} {problem}");
        assert!(problem["title"].is_string(), "a problem document: {problem}");
        arena.assert_unharmed().await;
    }
}
