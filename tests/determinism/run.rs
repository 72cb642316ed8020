//! One run of a script: in which engine, moved how often.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use ed25519_dalek::{Signer, SigningKey};
use stadion_host::artifact::encode_manifest;
use stadion_host::compile::in_process;
use stadion_host::engine::{CodeSettings, Engine, EngineConfig, LoadedVersion, Sessions, Ticker, VerifyingKeys};
use stadion_host::image::ImageArena;
use stadion_host::model::{Limits, Setup, Stepped};
use stadion_host::session::{Session, StepBudget, StepFault};
use stadion_protocol::contract::{Artifact, SIGNING_CONTEXT};

use crate::script::{RATE, Script};

/// What a guest asked for in a tick.
pub(crate) type Hash = [u8; 16];

/// Sessions of an engine at once: runs side by side, and their moves.
const SLOTS: u32 = 16;

/// A guest under test.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) wasm: Vec<u8>,
    pub(crate) parameters: String,
}

/// An engine with a subject in it.
pub(crate) struct Place {
    pub(crate) version: Arc<LoadedVersion>,
    _engine: Engine,
    _ticker: Ticker,
}

impl Place {
    pub(crate) fn new(subject: &Subject, code: CodeSettings) -> Place {
        let engine = Engine::new(EngineConfig { code, sessions: Sessions::Pooled(Some(SLOTS)) }).unwrap();
        let ticker = engine.start_ticker().unwrap();
        let compiled = in_process(code, &subject.wasm).unwrap_or_else(|error| panic!("{error}"));
        let key = SigningKey::from_bytes(&[7; 32]);
        let manifest = encode_manifest(&compiled.manifest);
        let signature = key.sign(&[SIGNING_CONTEXT, &manifest].concat()).to_bytes();
        let artifact = Artifact { manifest: manifest.into(), signature, code: compiled.code };
        let keys = VerifyingKeys::new([key.verifying_key().to_bytes()]).unwrap();
        let version = engine.load(&artifact, &keys).unwrap();
        assert_eq!(version.description().image_checkpoints, Ok(()));
        Place { version, _engine: engine, _ticker: ticker }
    }
}

/// Runs `ticks` ticks, match after match where the game finishes, in the first place; every so many ticks the session goes
/// on in the next place, from an image. Answers a hash for each tick, `start` included.
pub(crate) fn run(subject: &Subject, seed: u64, ticks: u64, places: &[&Place], image_every: Option<u64>) -> Vec<Hash> {
    let mut hashes = Vec::new();
    let mut arena = ImageArena::new();
    let (mut at, mut matches) = (0, 0);
    let seats = places[0].version.description().seats_max.min(4);
    while (hashes.len() as u64) < ticks {
        matches += 1;
        let setup = setup(subject, seed.wrapping_add(matches), seats);
        let mut script = Script::new(seed ^ (matches << 32), places[0].version.description().schema.as_deref(), seats);
        let (mut session, started) =
            finish(Session::start(&places[at].version, &setup, budget(&places[at].version))).unwrap();
        hashes.push(hash(&Ok(started)));
        while (hashes.len() as u64) < ticks {
            let input = script.next();
            let stepped = finish(session.step(&input));
            hashes.push(hash(&stepped));
            // A trap is an answer like another; what follows is another match.
            if stepped.is_err() || script.heard(&stepped.unwrap()) {
                break;
            }
            if image_every.is_some_and(|every| (hashes.len() as u64).is_multiple_of(every)) {
                at = (at + 1) % places.len();
                session = moved(session, &setup, &places[at].version, &mut arena);
            }
        }
    }
    hashes
}

/// Takes an image, ends the session, and goes on in a fresh one of `version`.
fn moved(mut session: Session, setup: &Setup, version: &Arc<LoadedVersion>, arena: &mut ImageArena) -> Session {
    let state = session.state();
    let image = session.image(arena).unwrap();
    drop(session);
    finish(Session::from_image(version, setup, &image, state, budget(version))).unwrap()
}

fn hash(stepped: &Result<Stepped, StepFault>) -> Hash {
    let text = match stepped {
        Ok(Stepped { wake, outputs }) => format!("{wake:?} {outputs:?}"),
        // What a trap's report says besides depends on what a compilation has inlined.
        Err(StepFault::Trap(report)) => report.code.to_owned(),
        Err(other) => panic!("{other}"),
    };
    *stadion_host::compile::version_of(text.as_bytes()).0.first_chunk().unwrap()
}

/// A busy machine must not turn a step that returns into one that does not.
fn budget(version: &LoadedVersion) -> StepBudget {
    const PATIENCE: u32 = 100;
    let usual = StepBudget::of(version.description());
    StepBudget { step: usual.step * PATIENCE, start: usual.start * PATIENCE, ..usual }
}

fn setup(subject: &Subject, seed: u64, seats: u16) -> Setup {
    Setup {
        match_id: "00000000000000000000000000".to_owned(),
        seed: [seed, 2, 3, 4],
        started_unix_ns: 1_700_000_000_000_000_000,
        rate: u16::try_from(RATE).unwrap(),
        seats,
        parameters: subject.parameters.as_bytes().to_vec(),
        limits: Limits {
            memory_bytes: 16 << 20,
            unreliable_bytes: 8 << 10,
            reliable_bytes: 64 << 10,
            sends_per_tick: 1_024,
            send_bytes_per_tick: 1 << 20,
            requests_open: 16,
            saved_bytes: 1 << 20,
        },
    }
}

/// Polls to the end, as a shard does without neighbours.
fn finish<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    loop {
        if let Poll::Ready(done) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
        std::thread::yield_now();
    }
}
