//! Uploads that do not fit the contract: refused, naming what is wrong and what to do.

use stadion_tests::Guest;
use stadion_tests::guest::{SPIN, TRAP, embed};

use crate::Arena;

/// Uploads and expects a refusal whose text holds every word.
async fn refused(arena: &Arena, what: &str, wasm: Vec<u8>, words: &[&str]) {
    let (status, problem) = arena.api.upload("hostile", wasm).await;
    assert!(status.is_client_error(), "{what}: {status} {problem}");
    let text = problem.to_string().to_lowercase();
    words.iter().for_each(|word| assert!(text.contains(word), "{what}: no {word:?} in {problem}"));
}

#[tokio::test]
async fn unknown_imports_wrong_signatures_and_missing_exports_are_refused_by_name() {
    let mut arena = Arena::open().await;
    let good = Guest::default().wat();
    let unknown = good.replacen("(module", "(module (import \"env\" \"now\" (func (result i64)))", 1);
    refused(&arena, "an unknown module", embed(&unknown), &["env"]).await;
    let unknown = good.replacen("(module", "(module (import \"stadion:game/host@0.1.0\" \"warp\" (func))", 1);
    refused(&arena, "an unknown function", embed(&unknown), &["warp"]).await;
    let wrong = good.replacen("(param $number i64)", "(param $number i32)", 1);
    refused(&arena, "a wrong signature", embed(&wrong), &["step"]).await;
    let missing = good.replacen("stadion:game/game@0.1.0#describe", "not-describe", 1);
    refused(&arena, "a missing export", embed(&missing), &["describe"]).await;
    let component = wat::parse_str("(component (import \"wasi:http/types@0.2.0\" (instance)))").unwrap();
    refused(&arena, "a component with an unknown import", component, &["wasi:http/types"]).await;
    refused(&arena, "an empty component", wat::parse_str("(component)").unwrap(), &["stadion:game/game"]).await;
    arena.assert_unharmed().await;
}

#[tokio::test]
async fn a_describe_that_never_ends_or_traps_is_refused() {
    let mut arena = Arena::open().await;
    let start = "(func $begin (loop $forever (br $forever))) (start $begin)";
    for (what, guest) in [
        ("an endless describe", Guest { describe: SPIN, ..Guest::default() }),
        ("a trap in describe", Guest { describe: TRAP, ..Guest::default() }),
        ("an endless start function", Guest { functions: start, ..Guest::default() }),
    ] {
        refused(&arena, what, guest.wasm(), &[]).await;
    }
    arena.assert_unharmed().await;
}
