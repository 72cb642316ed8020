//! A game that is over once everybody has spoken: for stories in which matches have to end by themselves, with places.

use crate::Guest;

/// The game for two (each for itself) and the one for four (seats 0 and 1 against 2 and 3): the lower the seat, the better.
/// Every message is answered, reliably, with 16 bytes; the last player to speak ends the match.
pub fn wasm(players: u16) -> Vec<u8> {
    let message = match players {
        2 => MESSAGE_OF_TWO,
        4 => MESSAGE_OF_FOUR,
        _ => panic!("there is none for {players}"),
    };
    Guest { functions: PLACINGS, message, ..Guest::default() }.wasm()
}

/// Four placings of 16 bytes at 4096: seat and rank as u16, a score of 0.
const PLACINGS: &str = r#"
  (data (i32.const 4096)
    "\00\00\01\00\00\00\00\00\00\00\00\00\00\00\00\00" "\01\00\02\00\00\00\00\00\00\00\00\00\00\00\00\00"
    "\02\00\03\00\00\00\00\00\00\00\00\00\00\00\00\00" "\03\00\04\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (func $heard (param $seat i32) (param $all i32) (param $players i32)
    (local $before i32)
    (local.set $before (i32.load (i32.const 1024)))
    (i32.store (i32.const 1024) (i32.or (local.get $before) (i32.shl (i32.const 1) (local.get $seat))))
    (call $send (i32.const 0) (local.get $seat) (i32.const 0) (i32.const 2048) (i32.const 16) (i32.const 3072))
    (if (i32.and (i32.ne (local.get $before) (local.get $all))
                 (i32.eq (i32.load (i32.const 1024)) (local.get $all)))
      (then (call $finish (i32.const 4096) (local.get $players) (i32.const 0) (i32.const 0)))))"#;

const MESSAGE_OF_TWO: &str = "(call $heard (i32.load16_u offset=8 (local.get $event)) (i32.const 3) (i32.const 2))";
const MESSAGE_OF_FOUR: &str = "(call $heard (i32.load16_u offset=8 (local.get $event)) (i32.const 15) (i32.const 4))";
