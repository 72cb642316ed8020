//! The versions that replays need: given as files or fetched from the server, compiled once each.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use ed25519_dalek::{Signer, SigningKey};
use stadion_host::artifact::{VerifyingKeys, encode_manifest};
use stadion_host::compile::{ChildCompiler, CompilerConfig, version_of};
use stadion_host::engine::{Engine, EngineConfig, LoadedVersion, Sessions, Ticker};
use stadion_host::replay::ReplayError;
use stadion_protocol::contract::{Artifact, CompileError, Compiled, Compiler, SIGNING_CONTEXT};
use stadion_protocol::{GameName, VersionId};
use stadion_schema::Schema;

use super::Tape;
use crate::commands::{Context, ask, block_on};
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;

/// The versions of one game.
pub(super) struct Shelf<'a> {
    context: &'a Context,
    game: GameName,
    /// From the command line, by what they are.
    given: HashMap<VersionId, Bytes>,
    loaded: HashMap<VersionId, Arc<LoadedVersion>>,
    /// Sessions are cut only while these live.
    tickers: Vec<Ticker>,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(context: &'a Context, game: GameName) -> Shelf<'a> {
        Shelf { context, game, given: HashMap::new(), loaded: HashMap::new(), tickers: Vec::new() }
    }

    /// Takes the files of the command line. One that the match did not run is another build of the game, and is given
    /// back.
    pub(super) fn put(&mut self, files: &[PathBuf], tape: &Tape) -> Outcome<Option<(PathBuf, Bytes)>> {
        let mut build = None;
        for path in files {
            let wasm = std::fs::read(path).map_err(|error| Failure::file("reading", path, &error))?;
            let wasm = Bytes::from(wasm);
            let version = version_of(&wasm);
            if tape.versions.contains(&version) {
                self.given.insert(version, wasm);
            } else if let Some((other, _)) = build.replace((path.clone(), wasm)) {
                let message = format!("the match ran neither {} nor {}", other.display(), path.display());
                return Err(Failure::usage(message).fix("compare it with one build at a time"));
            }
        }
        Ok(build)
    }

    /// A version, compiled and loaded.
    pub(super) fn version(&mut self, id: VersionId) -> Outcome<Arc<LoadedVersion>> {
        if let Some(known) = self.loaded.get(&id) {
            return Ok(Arc::clone(known));
        }
        let wasm = match self.given.get(&id) {
            Some(wasm) => wasm.clone(),
            None => self.fetch(id)?,
        };
        self.load(wasm, id)
    }

    /// Compiles as a server does, in a child with limits, and loads it into an engine of our own.
    pub(super) fn load(&mut self, wasm: Bytes, id: VersionId) -> Outcome<Arc<LoadedVersion>> {
        let mut compiled = compile(wasm, self.context.out)?;
        // What a server hands out may be the component that it made of an uploaded module: it stands for that version.
        compiled.manifest.version = id;
        let config = EngineConfig { sessions: Sessions::OnDemand, ..EngineConfig::default() };
        let engine = Engine::new(config).map_err(failed)?;
        self.tickers.push(engine.start_ticker().map_err(failed)?);
        let (artifact, keys) = signed(&compiled)?;
        let version = engine.load(&artifact, &keys).map_err(failed)?;
        self.loaded.insert(id, Arc::clone(&version));
        Ok(version)
    }

    /// Every version that a match ran in, for its replay.
    pub(super) fn library(
        &mut self,
        tape: &Tape,
    ) -> Outcome<impl FnMut(VersionId) -> Result<Arc<LoadedVersion>, ReplayError> + use<>> {
        let mut versions = HashMap::new();
        for id in &tape.versions {
            versions.insert(*id, self.version(*id)?);
        }
        Ok(move |version| {
            let why = || ReplayError::NoVersion { version, why: "the journal did not name it".to_owned() };
            versions.get(&version).cloned().ok_or_else(why)
        })
    }

    /// What messages of a match mean: as the version says that it began in.
    pub(super) fn schema(&mut self, tape: &Tape) -> Outcome<Option<Schema>> {
        schema(&*self.version(tape.setup.version)?)
    }

    fn fetch(&self, id: VersionId) -> Outcome<Bytes> {
        let fetched = ask(self.context.api()?.component(self.game.as_str(), &id.to_string()));
        fetched.map_err(|failure| match failure.kind {
            Kind::Unreachable | Kind::NotFound => failure.fix(format!(
                "start the server that has the game, or give the uploaded file of version {} with --game",
                id.short()
            )),
            _ => failure,
        })
    }
}

/// What messages of a version mean; `None`: they are bytes.
pub(super) fn schema(version: &LoadedVersion) -> Outcome<Option<Schema>> {
    let schema = version.description().schema.as_deref().map(Schema::parse).transpose();
    schema.map_err(|error| Failure::failed(format!("the game's schema: {error}")))
}

fn compile(wasm: Bytes, out: Output) -> Outcome<Compiled> {
    let spinner = out.spinner("compiling the game");
    let exe = std::env::current_exe().map_err(|error| Failure::failed(format!("where this program is: {error}")))?;
    let compiler = ChildCompiler::new(exe, CompilerConfig::default());
    let compiled = block_on(async { Ok(compiler.compile(wasm).await) })?;
    spinner.finish_and_clear();
    compiled.map_err(|error| match error {
        CompileError::Rejected { .. } => {
            Failure::usage(format!("this is no game: {error}")).fix("give the .wasm file that `stadion build` names")
        }
        error => failed(error),
    })
}

/// Engines load nothing unsigned: signed with a key for this once.
fn signed(compiled: &Compiled) -> Outcome<(Artifact, VerifyingKeys)> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(failed)?;
    let key = SigningKey::from_bytes(&seed);
    let manifest = encode_manifest(&compiled.manifest);
    let signature = key.sign(&[SIGNING_CONTEXT, &manifest].concat()).to_bytes();
    let keys = VerifyingKeys::new([key.verifying_key().to_bytes()]).map_err(failed)?;
    Ok((Artifact { manifest: manifest.into(), signature, code: compiled.code.clone() }, keys))
}

#[allow(clippy::needless_pass_by_value, reason = "map_err hands errors over by value")]
fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::failed(error.to_string())
}
