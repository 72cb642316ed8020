//! Guests for tests, and the machinery to load and run them on the real engine.

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

pub(crate) mod wat;

pub(crate) use wat::module;

/// Sessions at once in a test's engine.
const SLOTS: u32 = 8;

/// The folder of the guests.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests")
}

/// The folder of guests that mean harm: tests of the whole run them, too.
pub(crate) fn hostile_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/guests/hostile")
}

/// A guest from either folder, as a core module with embedded WIT types.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let file = format!("{name}.wat");
    let ours = folder().join(&file);
    let path = if ours.is_file() { ours } else { hostile_folder().join(&file) };
    module(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
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
