//! A game whose answers prove that each input counted once: it counts the inputs of each seat and answers every one,
//! reliably, with the count and the input itself. A player who numbers its inputs from 1 sees the two numbers equal for
//! ever, or knows which kind of harm was done.

use crate::Guest;

/// The game, as it is uploaded: counters of 8 bytes at 1024, the answer at 2048.
pub fn wasm() -> Vec<u8> {
    Guest { functions: "", message: COUNT_AND_ANSWER, ..Guest::default() }.wasm()
}

const COUNT_AND_ANSWER: &str = "
  (i64.store offset=1024 (i32.shl (i32.load16_u offset=8 (local.get $event)) (i32.const 3))
    (i64.add (i64.const 1)
      (i64.load offset=1024 (i32.shl (i32.load16_u offset=8 (local.get $event)) (i32.const 3)))))
  (i64.store (i32.const 2048)
    (i64.load offset=1024 (i32.shl (i32.load16_u offset=8 (local.get $event)) (i32.const 3))))
  (i64.store (i32.const 2056) (i64.load (i32.load offset=12 (local.get $event))))
  (call $send (i32.const 0) (i32.load16_u offset=8 (local.get $event)) (i32.const 0)
    (i32.const 2048) (i32.const 16) (i32.const 3072))";

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How many inputs of this seat the game has counted, this one included.
    pub count: u64,
    /// The input.
    pub input: u64,
}

/// Reads an answer.
pub fn read(message: &[u8]) -> Answer {
    let number = |at: usize| u64::from_le_bytes(message[at..at + 8].try_into().unwrap());
    Answer { count: number(0), input: number(8) }
}
