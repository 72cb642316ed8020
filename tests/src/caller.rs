//! A game that passes on: what a player says goes to the owner's backend as a call of `bank`, and what the backend answers
//! goes to everyone, reliably. A call that failed is told as `none`.

use crate::Guest;

/// The game, as it is uploaded.
pub fn wasm() -> Vec<u8> {
    Guest { imports: CALL, functions: WORDS, message: ASK, answer: TELL, ..Guest::default() }.wasm()
}

/// What a call that failed is told as.
pub const NONE: &[u8] = b"none";

const CALL: &str = r#"(import "stadion:game/backend@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32)))"#;
const WORDS: &str = r#"(data (i32.const 3000) "banknone")"#;
const ASK: &str = "
  (call $call (i32.const 3000) (i32.const 4)
    (i32.load offset=12 (local.get $event)) (i32.load offset=16 (local.get $event)) (i32.const 3072))";
const TELL: &str = "
  (if (i32.load8_u offset=16 (local.get $event))
    (then (call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 3004) (i32.const 4) (i32.const 3072)))
    (else (call $send (i32.const 1) (i32.const 0) (i32.const 0)
      (i32.load offset=24 (local.get $event)) (i32.load offset=28 (local.get $event)) (i32.const 3072))))";
