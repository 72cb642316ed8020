//! Every game runs in every pool layout, whatever memory it declares.

use stadion_host::engine::{CodeSettings, Engine, EngineConfig, PoolLayout, Sessions};
use stadion_host::model::{Limits, Setup};
use stadion_host::session::Session;

use crate::guests::{Bench, budget, drive, module, setup, tick};

const LAYOUTS: [PoolLayout; 2] = [PoolLayout::Fast, PoolLayout::Dense];
const MIB: u64 = 1 << 20;

/// Grows to the pages of its first global and keeps a word at the end of what it has; a tick later it is still there.
const GROWS: &str = r#"
(global $kept (mut i32) (i32.const 0))
(func $on_step (param $events i32) (param $count i32)
  (if (global.get $kept)
    (then (if (i32.ne (i32.load (global.get $kept)) (i32.const 0x5eed)) (then unreachable)))
    (else
      (if (i32.eq (memory.grow (i32.sub (i32.const PAGES) (memory.size))) (i32.const -1)) (then unreachable))
      (global.set $kept (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)))
      (i32.store (global.get $kept) (i32.const 0x5eed)))))
"#;

/// Reads past the end of what it has.
const READS_PAST_ITS_END: &str = r"
(func $on_step (param $events i32) (param $count i32)
  (drop (i32.load (i32.mul (memory.size) (i32.const 65536)))))
";

fn with_memory(bytes: u64) -> Setup {
    Setup { limits: Limits { memory_bytes: bytes, ..setup().limits }, ..setup() }
}

#[test]
fn a_game_has_the_memory_that_it_declares_in_every_layout() {
    for layout in LAYOUTS {
        let bench = Bench::of(CodeSettings { layout, ..CodeSettings::default() });
        for mib in [64, 128] {
            let version = bench.load(&module(&GROWS.replace("PAGES", &(mib * 16).to_string())));
            let setup = with_memory(mib * MIB);
            let (mut session, _) = drive(Session::start(&version, &setup, budget(&version))).0.unwrap();
            for number in 1..=2 {
                let stepped = drive(session.step(&tick(number, Vec::new()))).0;
                stepped.unwrap_or_else(|fault| panic!("{layout:?}, {mib} MiB: {fault}"));
            }
            assert_eq!(session.usage().memory_bytes, mib * MIB, "{layout:?}");
        }
    }
}

#[test]
fn no_layout_shows_a_game_what_is_past_its_memory() {
    for layout in LAYOUTS {
        let bench = Bench::of(CodeSettings { layout, ..CodeSettings::default() });
        let version = bench.load(&module(READS_PAST_ITS_END));
        let (mut session, _) = drive(Session::start(&version, &setup(), budget(&version))).0.unwrap();
        assert!(drive(session.step(&tick(1, Vec::new()))).0.is_err(), "{layout:?}");
    }
}

#[test]
fn the_pool_that_a_machine_gives_by_itself_can_be_had_in_every_layout() {
    for layout in LAYOUTS {
        let code = CodeSettings { layout, ..CodeSettings::default() };
        let engine = Engine::new(EngineConfig { code, sessions: Sessions::Pooled(None) }).unwrap();
        assert!(engine.capacity() > 0, "{layout:?}");
    }
}
