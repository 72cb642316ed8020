//! Uploads that are not games, by the stage that refuses them. The checks run in this process here; `child` tries the
//! child around them.

use proptest::prelude::*;
use stadion_host::compile::in_process;
use stadion_host::engine::{BadArtifact, CodeSettings, CpuBaseline, Engine, EngineConfig, PoolLayout, Sessions};
use stadion_protocol::contract::{CompileError, CompileStage};

use crate::guests::wat::embed;
use crate::guests::{Bench, guest, module};

/// Why an upload is refused.
fn refused(upload: &[u8]) -> (CompileStage, String) {
    match in_process(CodeSettings::default(), upload) {
        Err(CompileError::Rejected { stage, message }) => (stage, message),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn a_description_becomes_the_manifest() {
    let bench = Bench::new();
    let upload = guest("quiet");
    let compiled = bench.compile(&upload);
    let description = &compiled.manifest.description;
    assert_eq!((description.title.as_str(), description.seats_min, description.seats_max), ("guest", 1, 4));
    assert_eq!((description.rate, description.step_us, description.saves), (20, 20_000, false));
    assert_eq!(compiled.manifest.engine, bench.engine.compatibility());
    assert_eq!(compiled.manifest.version, stadion_host::compile::version_of(&upload));
    assert_eq!(
        bench.compile(&compiled.component).manifest.description,
        *description,
        "a component is accepted as well"
    );
}

#[test]
fn unknown_imports_are_named_with_what_to_do() {
    for (module, name, advice) in [
        ("env", "abort", "link time"),
        ("wasi_snapshot_preview1", "fd_write", "wasm32-wasip2"),
        ("wbg", "__wbg_now", "browsers"),
        ("os", "fork", "game contract"),
    ] {
        let wat = format!("(module (import \"{module}\" \"{name}\" (func)))");
        let (stage, message) = refused(&embed(&wat, "basic"));
        assert_eq!(stage, CompileStage::Contract, "{message}");
        assert!(message.contains(name) && message.contains(advice), "{message}");
    }
    let component = |import| wat::parse_str(format!("(component (import \"{import}\" (instance)))")).unwrap();
    for (import, advice) in [
        ("wasi:http/outgoing-handler@0.2.0", "no network"),
        ("stadion:game/host@0.9.0", "0.1.0"),
        ("acme:tools/magic@1.0.0", "remove the dependency"),
    ] {
        let (stage, message) = refused(&component(import));
        assert_eq!(stage, CompileStage::Contract, "{message}");
        assert!(message.contains(import) && message.contains(advice), "{message}");
    }
}

#[test]
fn wrong_signatures_and_missing_exports_are_named() {
    let step = "(func (export \"stadion:game/game@0.1.0#step\") (param i32))";
    let (stage, message) = refused(&embed(&format!("(module {step})"), "basic"));
    assert_eq!(stage, CompileStage::Componentize);
    assert!(message.contains("stadion:game/game@0.1.0"), "{message}");

    let nothing = wat::parse_str("(component)").unwrap();
    let (stage, message) = refused(&nothing);
    assert_eq!(stage, CompileStage::Contract);
    assert!(message.contains("missing export `stadion:game/game@0.1.0`"), "{message}");

    let other = "(component (instance $i) (export \"stadion:game/game@0.1.0\" (instance $i)))";
    let (stage, message) = refused(&wat::parse_str(other).unwrap());
    assert_eq!(stage, CompileStage::Contract);
    assert!(message.contains("describe"), "{message}");

    let (stage, message) = refused(&wat::parse_str("(module)").unwrap());
    assert_eq!(stage, CompileStage::Contract);
    assert!(message.contains("embedded WIT types"), "{message}");
}

#[test]
fn declarations_past_a_limit_are_named() {
    let many = |field: &str, count: usize| field.repeat(count);
    for (fields, limit) in [
        ("(memory 65536)".to_owned(), "linear memory"),
        ("(table 10000000 funcref)".to_owned(), "elements in a table"),
        (many("(global i32 (i32.const 0))", 50_000), "globals"),
        (format!("(memory 1) {}", many("(data (i32.const 0) \"\")", 50_000)), "data segments"),
        (format!("(table 1 funcref) {}", many("(elem (i32.const 0))", 50_000)), "element segments"),
        (many("(func)", 300_000), "functions"),
        (format!("(func (local {}))", many("i32 ", 40_000)), "locals"),
        (format!("(func {})", many("nop ", 2 << 20)), "bytes in one function"),
    ] {
        let (stage, message) = refused(&wat::parse_str(format!("(module {fields})")).unwrap());
        assert_eq!(stage, CompileStage::Limits, "{message}");
        assert!(message.contains(limit) && message.contains("at most"), "{message}");
    }
    let nested = format!("{}{}", "(component ".repeat(40), ")".repeat(40));
    let (stage, message) = refused(&wat::parse_str(nested).unwrap());
    assert_eq!(stage, CompileStage::Limits, "{message}");
}

/// A field of a module: a function of any signature, a global, data, elements.
fn field() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["i32", "i64", "f32", "f64"]);
    let kinds = prop::collection::vec(kind.clone(), 0..6);
    let function = (kinds, kind.clone(), any::<u8>()).prop_map(|(params, result, n)| {
        format!("(func (export \"NAME\") (param {}) (result {result}) {result}.const {n})", params.join(" "))
    });
    let global = (kind, any::<u8>()).prop_map(|(kind, n)| format!("(global (mut {kind}) ({kind}.const {n}))"));
    let data =
        (0..60_000u32, 0..200usize).prop_map(|(at, len)| format!("(data (i32.const {at}) \"{}\")", "x".repeat(len)));
    let elements = (0..9u32).prop_map(|at| format!("(elem (i32.const {at}) $first)"));
    prop_oneof![function, global, data, elements]
}

proptest! {
    /// Whatever a valid module holds, with the contract's types or without them, it is no game: that is said.
    #[test]
    fn random_valid_modules_are_refused_with_a_reason(
        fields in prop::collection::vec(field(), 0..40),
        pages in 1..8u32,
    ) {
        let named = fields.iter().enumerate().map(|(n, field)| field.replace("NAME", &n.to_string()));
        let fields = named.collect::<Vec<_>>().join("\n");
        let text = format!("(module (func $first) (memory {pages}) (table 10 funcref) {fields})");
        let (_, message) = refused(&wat::parse_str(&text).unwrap());
        prop_assert!(message.contains("embedded WIT types"), "{}", message);
        let (stage, message) = refused(&embed(&text, "basic"));
        prop_assert_eq!(stage, CompileStage::Componentize, "{}", message);
        prop_assert!(message.contains("stadion:game/game@0.1.0"), "{}", message);
    }
}

#[test]
fn features_off_the_list_are_refused() {
    let relaxed = "(func (param v128) (result v128) (f32x4.relaxed_madd (local.get 0) (local.get 0) (local.get 0)))";
    for fields in
        ["(memory i64 1)", "(memory 1 1 shared)", "(tag)", "(type (struct))", "(memory 1) (memory 1)", relaxed]
    {
        let (stage, message) = refused(&wat::parse_str(format!("(module {fields})")).unwrap());
        assert_eq!(stage, CompileStage::Validate, "{fields}: {message}");
    }
}

#[test]
fn endless_and_impure_descriptions_are_refused() {
    for (name, reason) in [
        ("endless-describe", "CPU budget"),
        ("endless-start-function", "CPU budget"),
        ("sends-in-describe", "send was called in describe"),
    ] {
        let (stage, message) = refused(&guest(name));
        assert_eq!(stage, CompileStage::Describe, "{message}");
        assert!(message.contains(reason), "{message}");
    }
    let (stage, message) =
        refused(&module("(func $on_describe (i32.store16 (i32.const 266) (i32.const 9)) unreachable)"));
    assert_eq!(stage, CompileStage::Describe, "{message}");
}

#[test]
fn what_is_not_wasm_is_told_what_it_is() {
    for (upload, reason) in [
        (&b""[..], "empty"),
        (b"\x7fELF\x02\x01\x01", "native code"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"(module)", "text format"),
        (b"#!/bin/sh", "not a valid module"),
    ] {
        let (stage, message) = refused(upload);
        assert_eq!(stage, CompileStage::Validate);
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn native_code_passed_off_as_wasm_is_refused() {
    let compiled = Bench::new().compile(&guest("quiet"));
    let (stage, message) = refused(&compiled.code);
    assert_eq!(stage, CompileStage::Validate);
    assert!(message.contains("native code"), "{message}");
}

#[test]
fn damaged_uploads_are_refused_without_a_panic() {
    let whole = Bench::new().compile(&guest("echo")).component;
    let mut random = blake3::Hasher::new().update(b"damage").finalize_xof();
    let mut draw = |below: usize| {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % below as u64).unwrap()
    };
    let cut = draw(whole.len());
    let step = (whole.len() / 60).max(1);
    for length in (0..whole.len()).step_by(step).chain([cut]) {
        assert!(in_process(CodeSettings::default(), &whole[..length]).is_err(), "cut at {length}");
    }
    // A flipped bit may leave a valid game: what counts is that there is an answer.
    for _ in 0..60 {
        let mut flipped = whole.to_vec();
        let at = draw(flipped.len());
        flipped[at] ^= 1 << draw(8);
        let _ = in_process(CodeSettings::default(), &flipped);
    }
    for length in [1, 7, 8, 64, 4096] {
        let mut noise: Vec<u8> = (0..length).map(|_| u8::try_from(draw(256)).unwrap()).collect();
        assert!(in_process(CodeSettings::default(), &noise).is_err());
        noise.splice(0..0, *b"\0asm\x0d\0\x01\0");
        assert!(in_process(CodeSettings::default(), &noise).is_err());
    }
}

#[test]
fn only_our_own_artifacts_for_this_engine_are_loaded() {
    let bench = Bench::new();
    let good = bench.sign(&bench.compile(&guest("quiet")));
    bench.engine.load(&good, &bench.keys).unwrap();

    let mut forged = good.clone();
    forged.signature[0] ^= 1;
    assert_eq!(bench.engine.load(&forged, &bench.keys).err(), Some(BadArtifact::Signature));

    let mut swapped = good.clone();
    let mut code = swapped.code.to_vec();
    *code.last_mut().unwrap() ^= 1;
    swapped.code = code.into();
    let fresh = Bench::new();
    assert_eq!(fresh.engine.load(&swapped, &fresh.keys).err(), Some(BadArtifact::Code));

    for code in [
        CodeSettings { layout: PoolLayout::Dense, ..bench.engine.code() },
        CodeSettings { cpu: CpuBaseline::X86_64V2, ..bench.engine.code() },
    ] {
        if code == bench.engine.code() || !cfg!(target_arch = "x86_64") {
            continue;
        }
        let other = Engine::new(EngineConfig { code, sessions: Sessions::OnDemand }).unwrap();
        assert!(matches!(other.load(&good, &bench.keys), Err(BadArtifact::Engine(_))), "{code:?}");
    }
}
