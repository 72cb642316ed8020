//! Compile bombs: small uploads that make a compiler ask for hours or for all memory.

use std::fmt::Write;

use stadion_tests::Guest;
use stadion_tests::guest::embed;

use crate::Arena;

/// The serving process may grow by this much through any upload; the child alone pays for it.
const GROWTH: u64 = 32 << 20;

/// Uploads a guest with more functions, which may be refused or accepted, but must be answered.
async fn is_answered(functions: &str) {
    let mut arena = Arena::open().await;
    let before = arena.server.memory();
    let wat = Guest::default().wat().replacen("(global $arena", &format!("{functions} (global $arena"), 1);
    let (status, answer) = arena.api.upload("bomb", embed(&wat)).await;
    assert!(status.is_success() || status.is_client_error(), "{status} {answer}");
    let grown = arena.server.memory().saturating_sub(before);
    assert!(grown < GROWTH, "the server grew by {grown} bytes");
    arena.assert_unharmed().await;
}

#[tokio::test]
async fn three_hundred_thousand_functions() {
    is_answered(&"(func)".repeat(300_000)).await;
}

#[tokio::test]
async fn thousands_of_locals_in_nested_loops() {
    const LOCALS: usize = 4_000;
    let mut body = format!("(func (local {})", "i64 ".repeat(LOCALS));
    for local in 0..LOCALS {
        // Every loop keeps every local alive around its back edge.
        write!(
            body,
            "(loop (local.set {local} (i64.add (local.get {local}) (local.get {})))",
            (local * 7 + 1) % LOCALS
        )
        .unwrap();
        if local % 8 == 7 {
            body.push_str(&"(br_if 0 (i32.wrap_i64 (local.get 0))))".repeat(8));
        }
    }
    body.push(')');
    is_answered(&body.repeat(16)).await;
}

#[tokio::test]
async fn one_function_with_a_huge_table_of_branches() {
    let blocks = 2_000;
    let targets: String = (0..60_000).map(|target| format!("{} ", target % blocks)).collect();
    let body = format!(
        "(func (param i32) {} (br_table {targets} 0 (local.get 0)) {})",
        "(block ".repeat(blocks),
        ")".repeat(blocks)
    );
    is_answered(&body).await;
}

#[tokio::test]
async fn one_function_of_two_megabytes() {
    let body = "(local.set 0 (i64.add (i64.mul (local.get 0) (i64.const 0x123456789)) (i64.const 77)))".repeat(140_000);
    is_answered(&format!("(func (param i64) {body})")).await;
}
