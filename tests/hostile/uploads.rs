//! Damaged uploads, and uploads that are not wasm at all.

use stadion_tests::{Guest, programs};

use crate::Arena;

/// A small generator (xorshift64*), so that a failure can be had again.
fn random(seed: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(seed), |state| {
        let mut next = *state;
        next ^= next >> 12;
        next ^= next << 25;
        next ^= next >> 27;
        Some(next)
    })
    .skip(1)
    .map(|state| state.wrapping_mul(0x2545_f491_4f6c_dd1d))
}

#[tokio::test]
async fn truncated_flipped_and_random_bytes_are_refused_with_a_reason() {
    let mut arena = Arena::open().await;
    let good = Guest::default().wasm();
    let mut numbers = random(24);
    for length in [0, 1, 7, 8, good.len() / 3, good.len() / 2, good.len() - 1] {
        refused(&arena, &format!("cut to {length} bytes"), good[..length].to_vec()).await;
    }
    for size in [16, 1_000, 100_000] {
        let bytes: Vec<u8> = numbers.by_ref().map(|number| number as u8).take(size).collect();
        refused(&arena, &format!("{size} random bytes"), bytes).await;
    }
    for _ in 0..12 {
        let mut flipped = good.clone();
        let at = numbers.next().unwrap() as usize % (flipped.len() * 8);
        flipped[at / 8] ^= 1 << (at % 8);
        // A flipped bit may fall into a name or a constant: then it is another game, not a broken one.
        let (status, answer) = arena.api.upload("hostile", flipped).await;
        assert!(status.is_success() || status.is_client_error(), "bit {at}: {status} {answer}");
    }
    arena.assert_unharmed().await;
}

#[tokio::test]
async fn native_code_is_refused() {
    let mut arena = Arena::open().await;
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    refused(&arena, "a program", program[..1 << 20].to_vec()).await;
    refused(&arena, "wasmtime's own format", precompiled()).await;
    arena.assert_unharmed().await;
}

/// relay-arena as wasmtime compiles it ahead of time.
fn precompiled() -> Vec<u8> {
    let engine = wasmtime::Engine::new(&wasmtime::Config::new()).unwrap();
    let module = Guest::default().wasm();
    engine.precompile_module(&module).unwrap()
}

#[tokio::test]
async fn a_game_is_still_accepted_after_all_of_that() {
    let arena = Arena::open().await;
    refused(&arena, "nonsense", b"nonsense".to_vec()).await;
    let answer = arena.api.publish("relay-arena", programs::game("relay-arena")).await;
    assert_eq!(answer["seats_max"], 4, "{answer}");
}

async fn refused(arena: &Arena, what: &str, bytes: Vec<u8>) {
    let (status, problem) = arena.api.upload("hostile", bytes).await;
    assert!(status.is_client_error(), "{what}: {status} {problem}");
    let says_why = ["title", "detail"].iter().any(|key| problem[*key].as_str().is_some_and(|text| !text.is_empty()));
    assert!(says_why, "{what}: {problem}");
}
