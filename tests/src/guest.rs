//! Games written by hand in WAT against the canonical ABI of `wit/0.1/game.wit`: what no SDK would ever produce.
//!
//! A [`Guest`] is a core module with embedded WIT types, as it is uploaded. Its parts are bodies of WAT that run at the
//! named moment; what is not set does nothing.

use wit_component::StringEncoding;
use wit_parser::Resolve;

/// Addresses of the static part of the guest's memory; the arena of the host's arguments begins at [`ARENA`].
const DESCRIPTION: u32 = 16;
const TITLE: u32 = 256;
const STARTED: u32 = 512;
const STEPPED: u32 = 640;
const ARENA: u32 = 8192;
/// Bytes of one `event` of a tick's list, and the discriminants of those that a guest can react to.
const EVENT_SIZE: u32 = 48;
const JOINED: u32 = 0;
const LEFT: u32 = 3;
const MESSAGE: u32 = 4;
const ANSWER: u32 = 6;

/// An endless loop.
pub const SPIN: &str = "(loop $forever (br $forever))";
/// A trap.
pub const TRAP: &str = "unreachable";
/// Calls itself until the stack is over; `$deep` is in [`Guest::functions`] of [`Guest::recursive`].
pub const RECURSE: &str = "(drop (call $deep (i32.const 1)))";
/// Ends the match with no placings.
pub const FINISH: &str = "(call $finish (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))";

/// A game of up to 4 seats.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// Ticks a second.
    pub rate: u16,
    /// CPU budget of one step, microseconds.
    pub step_us: u32,
    /// More imports.
    pub imports: &'static str,
    /// More functions, globals, data or a start section.
    pub functions: &'static str,
    /// In `describe`, before it answers.
    pub describe: &'static str,
    /// In `start`, before it answers.
    pub start: &'static str,
    /// At the begin of every step.
    pub step: &'static str,
    /// When a player joined.
    pub joined: &'static str,
    /// When a message came.
    pub message: &'static str,
    /// When a request was answered.
    pub answer: &'static str,
    /// When a seat was given up.
    pub left: &'static str,
}

impl Default for Guest {
    fn default() -> Guest {
        Guest {
            rate: 20,
            step_us: 20_000,
            imports: "",
            functions: "",
            describe: "",
            start: "",
            step: "",
            joined: "",
            message: "",
            answer: "",
            left: "",
        }
    }
}

impl Guest {
    /// One that recurses without end on a message. With `host_call`, every level calls the host.
    pub fn recursive(host_call: bool) -> Guest {
        let functions = if host_call {
            "(func $deep (param i32) (result i32)
               (call $log (i32.const 1) (i32.const 256) (i32.const 1))
               (i32.add (i32.const 1) (call $deep (local.get 0))))"
        } else {
            "(func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))"
        };
        Guest { functions, message: RECURSE, ..Guest::default() }
    }

    /// The module as it is uploaded.
    pub fn wasm(&self) -> Vec<u8> {
        embed(&self.wat())
    }

    /// The module as text.
    pub fn wat(&self) -> String {
        let Guest { imports, functions, describe, start, step, joined, message, answer, left, .. } = self;
        let describe_data = self.description();
        format!(
            r#"(module
  (import "stadion:game/host@0.1.0" "log" (func $log (param i32 i32 i32)))
  (import "stadion:game/host@0.1.0" "finish" (func $finish (param i32 i32 i32 i32)))
  (import "stadion:game/host@0.1.0" "send" (func $send (param i32 i32 i32 i32 i32 i32)))
  {imports}
  (memory (export "memory") 4)
  (global $arena (mut i32) (i32.const {ARENA}))
  (data (i32.const {DESCRIPTION}) "{describe_data}")
  (data (i32.const {TITLE}) "guest")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $arena) (i32.const 7)) (i32.const -8)))
    (global.set $arena (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  {functions}
  (func (export "stadion:game/game@0.1.0#describe") (result i32)
    {describe}
    (i32.const {DESCRIPTION}))
  (func (export "stadion:game/game@0.1.0#start") (param i32) (result i32)
    {start}
    (i32.const {STARTED}))
  (func (export "stadion:game/game@0.1.0#step")
    (param $number i64) (param $time i64) (param $skipped i64) (param $event i32) (param $count i32) (result i32)
    (local $kind i32)
    {step}
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (local.set $kind (i32.load8_u (local.get $event)))
      (if (i32.eq (local.get $kind) (i32.const {JOINED})) (then {joined}))
      (if (i32.eq (local.get $kind) (i32.const {MESSAGE})) (then {message}))
      (if (i32.eq (local.get $kind) (i32.const {ANSWER})) (then {answer}))
      (if (i32.eq (local.get $kind) (i32.const {LEFT})) (then {left}))
      (local.set $event (i32.add (local.get $event) (i32.const {EVENT_SIZE})))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
    (global.set $arena (i32.const {ARENA}))
    (i32.const {STEPPED})))"#
        )
    }

    /// The record `description` as the canonical ABI lays it out, escaped for a data segment.
    fn description(&self) -> String {
        let mut record = Vec::with_capacity(48);
        record.extend(TITLE.to_le_bytes());
        record.extend(5u32.to_le_bytes());
        // Seats from 1 to 4, no teams.
        [1, 4, 0, self.rate].iter().for_each(|field: &u16| record.extend(field.to_le_bytes()));
        record.extend((1u64 << 20).to_le_bytes());
        record.extend(self.step_us.to_le_bytes());
        // No schema, no settings.
        record.resize(48, 0);
        record.iter().map(|byte| format!("\\{byte:02x}")).collect()
    }
}

/// A core module from WAT, with the contract's types embedded.
pub fn embed(wat: &str) -> Vec<u8> {
    with_types(wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}")))
}

/// A core module, with the contract's types embedded.
pub fn with_types(mut module: Vec<u8>) -> Vec<u8> {
    let mut wit = Resolve::default();
    let package = wit.push_source("game.wit", include_str!("../../wit/0.1/game.wit")).unwrap();
    let world = wit.select_world(&[package], Some("basic")).unwrap();
    wit_component::embed_component_metadata(&mut module, &wit, world, StringEncoding::UTF8).unwrap();
    module
}
