//! Images: what they hold, what they refuse to hold, and sessions that go on from them as if nothing had been.

use std::sync::Arc;

use stadion_host::compile::in_process;
use stadion_host::engine::{CodeSettings, CpuBaseline, LoadedVersion};
use stadion_host::image::{FORMAT, Image, ImageArena};
use stadion_host::model::{Event, Output, Stepped};
use stadion_host::session::{ImageError, Session};

use crate::guests::{Bench, budget, drive, guest, message, module, setup, tick};

/// Two engines, where it can be with code for different CPUs. (`tests/determinism` has guests that fit another layout.)
fn two_benches() -> [Bench; 2] {
    let usual = CodeSettings::default();
    let cpu = if cfg!(target_arch = "x86_64") { CpuBaseline::X86_64V2 } else { usual.cpu };
    [Bench::new(), Bench::of(CodeSettings { cpu, ..usual })]
}

fn start(version: &Arc<LoadedVersion>) -> Session {
    drive(Session::start(version, &setup(), budget(version))).0.unwrap().0
}

fn step(session: &mut Session, number: u64, events: Vec<Event>) -> Stepped {
    drive(session.step(&tick(number, events))).0.unwrap()
}

/// Takes a session's image, ends it, and goes on from the image as `version`.
fn moved(session: Session, version: &Arc<LoadedVersion>, arena: &mut ImageArena) -> Session {
    let mut session = session;
    let state = session.state();
    let image = session.image(arena).unwrap();
    drop(session);
    drive(Session::from_image(version, &setup(), &image, state, budget(version))).0.unwrap()
}

/// Sends what every kind of mutable global, the first bytes of memory and a page far out hold, and changes all of them.
const KEEPER: &str = r#"
(global $a (mut i32) (i32.const 1))
(global $b (mut i64) (i64.const 2))
(global $c (mut f32) (f32.const 3))
(global $d (mut f64) (f64.const 4))
(global $e (mut v128) (v128.const i64x2 5 6))
(global $far (mut i32) (i32.const 100000))
(func $on_step (param $events i32) (param $count i32)
  (i32.store (i32.const 1024) (global.get $a))
  (i64.store (i32.const 1032) (global.get $b))
  (f32.store (i32.const 1040) (global.get $c))
  (f64.store (i32.const 1048) (global.get $d))
  (v128.store (i32.const 1056) (global.get $e))
  (i64.store (i32.const 1072) (i64.load (i32.const 0)))
  (i64.store (i32.const 1080) (i64.load (global.get $far)))
  (i32.store (i32.const 1088) (memory.size))
  (call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 1024) (i32.const 68) (i32.const 512))
  (global.set $a (i32.sub (i32.mul (global.get $a) (i32.const -7)) (i32.const 3)))
  (global.set $b (i64.sub (i64.mul (global.get $b) (i64.const -77)) (i64.const 3)))
  (global.set $c (f32.reinterpret_i32 (i32.or (i32.const 0x7fa00000) (i32.and (global.get $a) (i32.const 0xffff)))))
  (global.set $d (f64.reinterpret_i64 (i64.or (i64.const 0xfff4000000000000) (global.get $b))))
  (global.set $e (i64x2.sub (i64x2.splat (global.get $b)) (global.get $e)))
  (i64.store (i32.const 0) (i64.mul (global.get $b) (i64.const 31)))
  (drop (memory.grow (i32.const 1)))
  (global.set $far (i32.add (global.get $far) (i32.const 65536)))
  (i64.store (global.get $far) (global.get $b)))
"#;

#[test]
fn a_hundred_generations_are_one_session() {
    let benches = two_benches();
    let arena = &mut ImageArena::new();
    for wasm in [module(KEEPER), guest("echo"), guest("saves")] {
        let versions = benches.each_ref().map(|bench| bench.load(&wasm));
        let (mut whole, mut parts) = (start(&versions[0]), start(&versions[1]));
        for number in 1..=100 {
            let events = vec![message(0, format!("tick {number}").as_bytes())];
            assert_eq!(step(&mut whole, number, events.clone()), step(&mut parts, number, events), "tick {number}");
            parts = moved(parts, &versions[usize::try_from(number).unwrap() % 2], arena);
        }
        assert_eq!(whole.state(), parts.state());
        assert_eq!(whole.usage().memory_bytes, parts.usage().memory_bytes);
    }
    assert!(benches.iter().all(|bench| bench.engine.memories() == 0));
}

/// Reading borrows the first eight bytes of guest memory for the length of a call: a new wasmtime must not change that.
#[test]
fn the_first_eight_bytes_are_the_guests_before_and_after() {
    let bench = Bench::new();
    let version = bench.load(&module(KEEPER));
    let (mut watched, mut alone) = (start(&version), start(&version));
    let arena = &mut ImageArena::new();
    for number in 1..=3 {
        let first = watched.image(arena).unwrap().as_bytes().to_vec();
        assert_eq!(first, watched.image(arena).unwrap().as_bytes(), "looking changes nothing");
        assert_eq!(step(&mut watched, number, vec![]), step(&mut alone, number, vec![]), "tick {number}");
    }
    let image = watched.image(arena).unwrap();
    let mut restored =
        drive(Session::from_image(&version, &setup(), &image, watched.state(), budget(&version))).0.unwrap();
    assert_eq!(step(&mut restored, 4, vec![]), step(&mut alone, 4, vec![]));
}

#[test]
fn an_image_holds_only_what_was_written() {
    let bench = Bench::new();
    let version = bench.load(&module(KEEPER));
    let mut session = start(&version);
    let arena = &mut ImageArena::new();
    let fresh = session.image(arena).unwrap().as_bytes().len();
    step(&mut session, 1, vec![]);
    let later = session.image(arena).unwrap().as_bytes().len();
    assert!(fresh < 2 * 4096, "start writes one page at most: {fresh}");
    assert!((1..=4).contains(&(later / 4096)), "two pages and the globals: {later}");
    assert_eq!(FORMAT, 1, "a new format needs a reader for the old one");
}

#[test]
fn an_image_of_something_else_is_refused() {
    let bench = Bench::new();
    let (keeper, echo) = (bench.load(&module(KEEPER)), bench.guest("echo"));
    let arena = &mut ImageArena::new();
    let mut session = start(&keeper);
    let state = session.state();
    let image = session.image(arena).unwrap();
    let refused = drive(Session::from_image(&echo, &setup(), &image, state.clone(), budget(&echo))).0.err();
    assert!(matches!(&refused, Some(ImageError::Unfit(why)) if why.contains("another version")), "{refused:?}");
    let smaller = stadion_host::model::Setup { seats: 1, ..setup() };
    let refused = drive(Session::from_image(&keeper, &smaller, &image, state, budget(&keeper))).0.err();
    assert!(matches!(refused, Some(ImageError::Unfit(_))), "{refused:?}");
    assert!(Image::parse(&image.as_bytes()[..image.as_bytes().len() - 1]).is_err());
}

#[test]
fn a_session_that_is_over_has_no_image() {
    let bench = Bench::new();
    let version = bench.guest("trap-step");
    let mut session = start(&version);
    assert!(drive(session.step(&tick(1, vec![]))).0.is_err());
    assert_eq!(session.image(&mut ImageArena::new()).err(), Some(ImageError::Over));
}

#[test]
fn what_cannot_be_captured_is_named() {
    let table = "(table $t 4 funcref) (func $f) (elem $s func $f) (elem declare func $f)";
    for (fields, reason) in [
        (format!("{table} (func (export \"x\") (table.set $t (i32.const 0) (ref.func $f)))"), "table.set"),
        (format!("{table} (func (export \"x\") (drop (table.grow $t (ref.null func) (i32.const 1))))"), "table.grow"),
        (
            format!("{table} (func (export \"x\") (table.fill $t (i32.const 0) (ref.null func) (i32.const 1)))"),
            "table.fill",
        ),
        (format!("{table} (func (export \"x\") (table.copy (i32.const 0) (i32.const 1) (i32.const 1)))"), "table.copy"),
        (
            format!("{table} (func (export \"x\") (table.init $s (i32.const 0) (i32.const 0) (i32.const 1)))"),
            "table.init",
        ),
        (format!("{table} (func (export \"x\") (elem.drop $s))"), "elem.drop"),
        ("(data $d \"x\") (func (export \"x\") (data.drop $d))".to_owned(), "data.drop"),
        ("(global (mut funcref) (ref.null func))".to_owned(), "references"),
    ] {
        let compiled = in_process(CodeSettings::default(), &module(&fields)).unwrap();
        let why = compiled.manifest.description.image_checkpoints.unwrap_err();
        assert!(why.contains(reason), "{fields}: {why}");
        assert_eq!(compiled.manifest.image_layout, None);
    }
    let all = format!("{table} (global (mut funcref) (ref.null func)) (func (export \"x\") (elem.drop $s))");
    let compiled = in_process(CodeSettings::default(), &module(&all)).unwrap();
    let why = compiled.manifest.description.image_checkpoints.unwrap_err();
    assert!(why.contains("references") && why.contains("elem.drop"), "every reason is told: {why}");
}

/// What stands at a component's top level, beside a game that could be kept.
#[test]
fn parts_of_a_component_that_cannot_be_captured_are_named() {
    let bench = Bench::new();
    let component = bench.compile(&guest("quiet")).component;
    let text = |extra: &str| {
        // A component may go on after its exports.
        let extra = wat::parse_str(format!("(component {extra})")).unwrap();
        [&component[..], &extra[8..]].concat()
    };
    let empty_type = "(type (instance))";
    for (extra, reason) in
        [("(component (core module))", "nests"), ("(component (core module) (core instance (instantiate 0)))", "nests")]
    {
        let compiled = in_process(CodeSettings::default(), &text(extra)).unwrap();
        let why = compiled.manifest.description.image_checkpoints.unwrap_err();
        assert!(why.contains(reason), "{extra}: {why}");
    }
    for harmless in [empty_type, "(component)", "(core module (table 1 funcref) (func (elem.drop 0)) (elem func))"] {
        let compiled = in_process(CodeSettings::default(), &text(harmless)).unwrap();
        assert_eq!(compiled.manifest.description.image_checkpoints, Ok(()), "{harmless}");
    }
}

#[test]
fn a_version_without_images_plays_and_says_so() {
    let bench = Bench::new();
    let version = bench.load(&module("(global (mut funcref) (ref.null func))"));
    assert!(!version.has_images() && version.description().image_checkpoints.is_err());
    let mut session = start(&version);
    step(&mut session, 1, vec![]);
    assert_eq!(session.image(&mut ImageArena::new()).err(), Some(ImageError::NotOffered));
}

/// The instrumented code is the code: a journal of one compilation replays on any other.
#[test]
fn instrumenting_changes_nothing_that_a_guest_asks_for() {
    let bench = Bench::new();
    let plain = module(KEEPER);
    let blocked = module(&format!("{KEEPER} (global (mut funcref) (ref.null func))"));
    let (mut one, mut other) = (start(&bench.load(&plain)), start(&bench.load(&blocked)));
    for number in 1..=20 {
        assert_eq!(step(&mut one, number, vec![]), step(&mut other, number, vec![]), "tick {number}");
    }
}

/// An author who exports the host's own access functions gets none of the host's.
#[test]
fn an_export_by_the_hosts_name_is_a_reason() {
    let bench = Bench::new();
    let component = bench.compile(&guest("quiet")).component;
    // A component may go on after its exports; instance 0 is the first that the game imports.
    let extra = wat::parse_str("(component (instance) (export \"stadion-image-get\" (instance 0)))").unwrap();
    let forged = [&component[..], &extra[8 + 5..]].concat();
    let compiled = in_process(CodeSettings::default(), &forged).unwrap();
    let why = compiled.manifest.description.image_checkpoints.unwrap_err();
    assert!(why.contains("instrument"), "{why}");
}

/// A game that takes its time to make a table of a million numbers, and plays by it.
const SLOW: &str = r#";; image
(global $made (mut i32) (i32.const 0))
(func $make (local $i i32) (local $x i32) (local $round i32)
  (local.set $x (i32.const 12345))
  (loop $rounds
    (local.set $i (i32.const 0))
    (loop $more
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store (i32.add (i32.const 70000) (local.get $i)) (local.get $x))
      (local.set $i (i32.add (local.get $i) (i32.const 4)))
      (br_if $more (i32.lt_u (local.get $i) (i32.const 40000))))
    (local.set $round (i32.add (local.get $round) (i32.const 1)))
    (br_if $rounds (i32.lt_u (local.get $round) (i32.const ROUNDS))))
  (global.set $made (i32.const 1)))
(func $on_prepare (call $make))
(func $on_start (if (i32.eqz (global.get $made)) (then (call $make))))
(func $on_step (param i32 i32)
  (call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 70000) (i32.const 64) (i32.const 512)))
"#;

#[test]
fn a_version_that_prepares_itself_starts_from_what_it_prepared() {
    let bench = Bench::new();
    let rounds = if cfg!(debug_assertions) { "5000" } else { "20000" };
    let wasm = module(&SLOW.replace("ROUNDS", rounds));
    let warm = bench.load(&wasm);
    assert_eq!(warm.description().warm_image, Some(Ok(())));
    let cold = bench.load(&module(
        &SLOW.replace("ROUNDS", rounds).replace("(func $on_prepare (call $make))", "(func $on_prepare)"),
    ));
    let took = |version: &Arc<LoadedVersion>| {
        let before = std::time::Instant::now();
        let mut session = start(version);
        let took = before.elapsed();
        (step(&mut session, 1, vec![]), took, session)
    };
    let ((first, cold_took, _), (second, warm_took, mut session)) = (took(&cold), took(&warm));
    eprintln!("session start: {cold_took:?} without a warm image, {warm_took:?} with it");
    assert_eq!(first, second, "the same game");
    assert!(matches!(&second.outputs[0], Output::Send { data, .. } if data.iter().any(|byte| *byte != 0)));
    assert!(warm_took * 10 < cold_took, "{cold_took:?} {warm_took:?}");
    let image = session.image(&mut ImageArena::new()).unwrap().as_bytes().len();
    assert!(image < 8 * 4096, "what was prepared is no part of an image: {image}");
}

#[test]
fn a_preparation_that_cannot_be_kept_is_told() {
    let bench = Bench::new();
    for (prepare, reason) in [
        ("unreachable", "unreachable"),
        (
            "(call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 512))",
            "send was called in prepare",
        ),
        (
            "(drop (memory.grow (i32.const 2046))) (drop (memory.grow (i32.const 1))) (i32.store (i32.const -8) (i32.const 1))",
            "out of bounds",
        ),
    ] {
        let version = bench.load(&module(&format!(";; image\n(func $on_prepare {prepare})")));
        let Some(Err(why)) = &version.description().warm_image else { panic!("{prepare}") };
        assert!(why.contains(reason), "{prepare}: {why}");
        step(&mut start(&version), 1, vec![]);
    }
    let version = bench.load(&module(";; image\n(global (mut funcref) (ref.null func))"));
    assert!(matches!(&version.description().warm_image, Some(Err(why)) if why.contains("image checkpoints")));
    assert_eq!(bench.guest("quiet").description().warm_image, None);
}

/// On a faster machine it might be done in time, and its matches would play otherwise.
#[test]
fn an_endless_preparation_is_refused() {
    let endless = module(";; image\n(func $on_prepare (loop $for_ever (br $for_ever)))");
    let refused = in_process(CodeSettings::default(), &endless).unwrap_err();
    assert!(refused.to_string().contains("image.prepare ran past its CPU budget"), "{refused}");
}
