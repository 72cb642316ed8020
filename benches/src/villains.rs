//! Games that misbehave, as core modules in text, made into uploads.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// One of them.
pub(crate) struct Villain {
    /// The row's name.
    pub(crate) name: &'static str,
    /// What it does, for people.
    pub(crate) does: &'static str,
    /// What stands in its `step`, and what it keeps.
    body: &'static str,
}

/// Spins, eats memory until the host says no and insists, traps at every first tick, holds its thread in one instruction.
pub(crate) const VILLAINS: [Villain; 4] = [
    Villain { name: "spins", does: "never returns from a step", body: "(loop $again (br $again))" },
    Villain {
        name: "eats-memory",
        does: "touches all the memory that there is, anew each tick",
        body: "
  (local $at i32)
  (loop $grow (br_if $grow (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
  (local.set $at (i32.const 65536))
  (loop $touch
    (i32.store8 (local.get $at) (i32.add (i32.load8_u (local.get $at)) (i32.const 1)))
    (local.set $at (i32.add (local.get $at) (i32.const 4096)))
    (br_if $touch (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))",
    },
    Villain { name: "traps", does: "traps in its first tick", body: "unreachable" },
    Villain {
        name: "fills-64-mib",
        does: "fills 64 MiB in one instruction, again and again",
        body: "
  (drop (memory.grow (i32.sub (i32.const 1025) (memory.size))))
  (loop $again
    (memory.fill (i32.const 65536) (i32.const 7) (i32.const 67043328))
    (br $again))",
    },
];

/// What every guest has: memory for answers below 64 KiB, an allocator that starts afresh each step, a description of
/// four seats at 20 Hz with 64 MiB and 20 ms a step.
const FRAME: &str = r#"(module
(memory (export "memory") 2 1025)
(global $heap (mut i32) (i32.const 65536))
(data (i32.const 0) "villain")
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
  (global.set $heap (i32.add (local.get $at) (local.get 3)))
  (local.get $at))
(func (export "stadion:game/game@0.1.0#describe") (result i32)
  (i32.store (i32.const 256) (i32.const 0))
  (i32.store (i32.const 260) (i32.const 7))
  (i32.store16 (i32.const 264) (i32.const 1))
  (i32.store16 (i32.const 266) (i32.const 4))
  (i32.store16 (i32.const 270) (i32.const 20))
  (i64.store (i32.const 272) (i64.const 67174400))
  (i32.store (i32.const 280) (i32.const 20000))
  (i32.const 256))
(func (export "stadion:game/game@0.1.0#start") (param i32) (result i32) (i32.const 320))
(func (export "stadion:game/game@0.1.0#step") (param i64 i64 i64 i32 i32) (result i32)
  (call $act)
  (global.set $heap (i32.const 65536))
  (i32.const 384))
(func $act "#;

impl Villain {
    /// Writes it where a host can be told to take it from.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        let path = folder.join(format!("{}.wasm", self.name));
        std::fs::write(&path, self.upload()?)?;
        Ok(path)
    }

    /// A core module with the types of the contract's world, as `wit-bindgen` would leave it.
    fn upload(&self) -> anyhow::Result<Vec<u8>> {
        let mut module = wat::parse_str(format!("{FRAME}{}))", self.body)).with_context(|| self.name.to_owned())?;
        let mut resolve = wit_parser::Resolve::default();
        let package = resolve.push_str("game.wit", include_str!("../../wit/0.1/game.wit"))?;
        let world = resolve.select_world(&[package], Some("basic"))?;
        let encoding = wit_component::StringEncoding::UTF8;
        wit_component::embed_component_metadata(&mut module, &resolve, world, encoding)?;
        Ok(module)
    }
}

#[test]
fn every_villain_is_an_upload_that_fits_the_contract() {
    for villain in &VILLAINS {
        let upload = villain.upload().unwrap();
        let made = stadion_host::compile::in_process(stadion_host::engine::CodeSettings::default(), &upload);
        assert!(made.is_ok(), "{}: {:?}", villain.name, made.err());
    }
}
