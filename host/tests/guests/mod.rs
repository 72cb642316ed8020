//! Guests for tests: a few lines of WAT each, made into contract-conforming components by a common prelude, and the
//! machinery to load and run them on the real engine.

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use ed25519_dalek::{Signer, SigningKey};
use stadion_host::artifact::encode_manifest;
use stadion_host::compile;
use stadion_host::engine::{CodeSettings, Engine, EngineConfig, LoadedVersion, Sessions, Ticker, VerifyingKeys};
use stadion_host::model::{Delivery, Event, Limits, Setup, TickInput};
use stadion_host::session::StepBudget;
use stadion_protocol::Seat;
use stadion_protocol::contract::{Artifact, Compiled, SIGNING_CONTEXT};

/// Sessions at once in a test's engine.
const SLOTS: u32 = 8;

/// The folder of the guests.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests")
}

/// A guest from the folder, as a core module with embedded WIT types.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.wat"));
    module(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// A guest from WAT fields: `$on_describe`, `$on_start`, `$on_step`, `$on_save`, `$on_load`, and `$on_alloc` (which
/// may change the address that is given out) where they are defined. The
/// word `state` on the first line asks for the `state` interface, `image` for that one and `image` (`$on_prepare`).
pub(crate) fn module(fields: &str) -> Vec<u8> {
    let asks_for = |word: &str| fields.lines().next().is_some_and(|line| line.trim() == word);
    let prepared = asks_for(";; image");
    let stateful = prepared || asks_for(";; state");
    let mut text = std::fs::read_to_string(folder().join("prelude.wat")).unwrap();
    let pass = "(param i32) (result i32) (local.get 0)";
    let mut hooks = vec![("$on_describe", ""), ("$on_start", ""), ("$on_step", "(param i32 i32)"), ("$on_alloc", pass)];
    if stateful {
        text.push_str(&std::fs::read_to_string(folder().join("state.wat")).unwrap());
        hooks.extend([("$on_save", ""), ("$on_load", "")]);
    }
    if prepared {
        text.push_str(&std::fs::read_to_string(folder().join("image.wat")).unwrap());
        hooks.push(("$on_prepare", ""));
    }
    for (hook, rest) in hooks {
        if !fields.contains(&format!("(func {hook}")) {
            text.push_str(&format!("(func {hook} {rest})\n"));
        }
    }
    let world = if prepared {
        "full"
    } else if stateful {
        "stateful"
    } else {
        "basic"
    };
    embed(&format!("(module {text} {fields})"), world)
}

/// A core module in WAT with the types of one of the contract's worlds.
pub(crate) fn embed(wat: &str, world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}"));
    let mut resolve = wit_parser::Resolve::default();
    let wit = include_str!("../../../wit/0.1/game.wit");
    let package = resolve.push_str("game.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    module
}

/// An engine with its ticker, and the key that its artifacts are signed with.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) keys: VerifyingKeys,
    key: SigningKey,
    _ticker: Ticker,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::of(CodeSettings::default())
    }

    pub(crate) fn of(code: CodeSettings) -> Bench {
        let engine = Engine::new(EngineConfig { code, sessions: Sessions::Pooled(Some(SLOTS)) }).unwrap();
        let key = SigningKey::from_bytes(&[7; 32]);
        let keys = VerifyingKeys::new([key.verifying_key().to_bytes()]).unwrap();
        let ticker = engine.start_ticker().unwrap();
        Bench { engine, keys, key, _ticker: ticker }
    }

    pub(crate) fn compile(&self, wasm: &[u8]) -> Compiled {
        compile::in_process(self.engine.code(), wasm).unwrap_or_else(|error| panic!("{error}"))
    }

    pub(crate) fn sign(&self, compiled: &Compiled) -> Artifact {
        let manifest = encode_manifest(&compiled.manifest);
        let signature = self.key.sign(&[SIGNING_CONTEXT, &manifest].concat()).to_bytes();
        Artifact { manifest: manifest.into(), signature, code: compiled.code.clone() }
    }

    pub(crate) fn load(&self, wasm: &[u8]) -> Arc<LoadedVersion> {
        self.engine.load(&self.sign(&self.compile(wasm)), &self.keys).unwrap()
    }

    /// A guest of the folder, loaded.
    pub(crate) fn guest(&self, name: &str) -> Arc<LoadedVersion> {
        self.load(&guest(name))
    }
}

/// Polls a call to its end as a shard does, and counts its slices.
pub(crate) fn drive<T>(call: impl Future<Output = T>) -> (T, u32) {
    const MOST_SLICES: u32 = 100_000;
    let mut call = pin!(call);
    for slice in 1..=MOST_SLICES {
        if let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return (result, slice);
        }
    }
    panic!("no end after {MOST_SLICES} slices");
}

pub(crate) fn budget(version: &LoadedVersion) -> StepBudget {
    StepBudget::of(version.description())
}

pub(crate) fn setup() -> Setup {
    Setup {
        match_id: "m".to_owned(),
        seed: [1, 2, 3, 4],
        started_unix_ns: 1_700_000_000_000_000_000,
        rate: 20,
        seats: 4,
        parameters: Vec::new(),
        limits: Limits {
            memory_bytes: 128 << 20,
            unreliable_bytes: 8 * 1024,
            reliable_bytes: 64 * 1024,
            sends_per_tick: 256,
            send_bytes_per_tick: 256 * 1024,
            requests_open: 4,
            saved_bytes: 1 << 20,
        },
    }
}

pub(crate) fn tick(number: u64, events: Vec<Event>) -> TickInput {
    TickInput { number, time: number * 50_000_000, skipped: 0, events }
}

pub(crate) fn message(seat: u16, data: &[u8]) -> Event {
    Event::Message { seat: Seat(seat), via: Delivery::Reliable, data: data.to_vec() }
}
