//! `stadion replay`: runs a match again, bit for bit, and compares.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use clap::Args;
use ed25519_dalek::{Signer, SigningKey};
use stadion_host::artifact::{VerifyingKeys, encode_manifest};
use stadion_host::compile::{ChildCompiler, CompilerConfig, version_of};
use stadion_host::engine::{Engine, EngineConfig, LoadedVersion, Sessions, Ticker};
use stadion_host::journal::{Damage, Reader, Record, SetupRecord};
use stadion_host::replay::{Coverage, ReplayError, Report, told, verify_all};
use stadion_protocol::contract::{Artifact, Compiled, Compiler, SIGNING_CONTEXT};
use stadion_protocol::{GameName, MatchId, VersionId};
use stadion_schema::Schema;

use super::{Context, block_on};
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use crate::story::Story;

/// Replays a match and compares every tick with its journal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion replay 06c1r8v5q2z3t4w5x6y7z8a9b0             a match of the server, by its id
  stadion replay 06c1r8v5q2z3t4w5x6y7z8a9b0 --print     every tick, decoded
  stadion replay match.stj --game hello.wasm            from files, without a server
  stadion replay 06c1r8v5q2z3t4w5x6y7z8a9b0 --save match.stj

Exits with 6 if any tick differs.")]
pub(crate) struct Replay {
    /// A journal's file, or the id of a match.
    #[arg(value_name = "FILE|ID")]
    what: String,
    /// The game as it was uploaded [default: fetched from the server].
    #[arg(long, value_name = "FILE.wasm")]
    game: Option<PathBuf>,
    /// Print every tick in which something happened, decoded by the game's schema.
    #[arg(long)]
    print: bool,
    /// Also write the journal to this file.
    #[arg(long, value_name = "FILE.stj")]
    save: Option<PathBuf>,
}

pub(crate) fn run(args: &Replay, context: &Context) -> Outcome {
    let journal = journal(&args.what, context)?;
    if let Some(path) = &args.save {
        std::fs::write(path, &journal).map_err(|error| Failure::file("writing", path, &error))?;
        context.out.note(format!("{} bytes written to {}", journal.len(), path.display()));
    }
    let (setup, ran) = versions_of(&journal)?;
    let given = args.game.as_deref().map(|path| own_component(path, &ran)).transpose()?;
    let mut shelf = Shelf { context, game: setup.game.clone(), given, loaded: HashMap::new() };
    let first = shelf.version(setup.version)?;
    let schema = first.description().schema.as_deref().map(Schema::parse).transpose();
    let schema = schema.map_err(|error| Failure::failed(format!("the game's schema: {error}")))?;
    let story = Story::new(schema.as_ref());
    let mut find = |version| {
        let unavailable = |failure: Failure| ReplayError::NoVersion { version, why: failure.to_string() };
        shelf.version(version).map_err(unavailable)
    };
    let report = verify_all(&mut find, &journal, &mut |input, stepped| {
        if args.print && context.out.is_json() {
            context.out.value(&told::tick(schema.as_ref(), input, stepped));
        } else if args.print
            && let Some(lines) = story.tick(input, &stepped.outputs)
        {
            context.out.line(lines.join("\n"));
        }
    })
    .map_err(|error| Failure::failed(error.to_string()))?;
    tell(&setup, &report, context.out);
    match report.first_difference {
        None => Ok(()),
        Some(difference) => {
            Err(Failure::new(Kind::Differs, format!("the replay differs from its journal: {difference}")))
        }
    }
}

/// From a file if there is one of that name, else from the server.
fn journal(what: &str, context: &Context) -> Outcome<Bytes> {
    let path = Path::new(what);
    if path.is_file() {
        return std::fs::read(path).map(Bytes::from).map_err(|error| Failure::file("reading", path, &error));
    }
    let id: MatchId = what.parse().map_err(|_| {
        Failure::not_found(format!("{what:?} is neither a file nor the id of a match"))
            .fix("`stadion matches` lists ids; the journal's file ends in .stj")
    })?;
    block_on(context.api()?.journal(&id.to_string()))
}

/// The setup, and every version that the match ran in.
fn versions_of(journal: &[u8]) -> Outcome<(SetupRecord, Vec<VersionId>)> {
    let damaged = |damage: Damage| Failure::failed(damage.to_string());
    let mut reader = Reader::new(journal).map_err(damaged)?;
    let Some(Record::Setup(setup)) = reader.next().transpose().map_err(damaged)? else {
        return Err(Failure::failed("the journal is empty"));
    };
    let mut versions = vec![setup.version];
    for record in reader {
        if let Record::Swapped(swap) = record.map_err(damaged)? {
            versions.push(swap.version);
        }
    }
    Ok((*setup, versions))
}

/// A file that must be one of the very versions that the match ran.
fn own_component(path: &Path, ran: &[VersionId]) -> Outcome<(VersionId, Bytes)> {
    let wasm = std::fs::read(path).map_err(|error| Failure::file("reading", path, &error))?;
    let given = version_of(&wasm);
    if !ran.contains(&given) {
        let wanted: Vec<String> = ran.iter().map(VersionId::short).collect();
        let message = format!(
            "the match ran version {}, {} is version {}",
            wanted.join(", then "),
            path.display(),
            given.short()
        );
        return Err(Failure::new(Kind::Refused, message).fix("give the file that was uploaded, or leave out --game"));
    }
    Ok((given, Bytes::from(wasm)))
}

/// The versions of one match, compiled once each.
struct Shelf<'a> {
    context: &'a Context,
    game: GameName,
    /// From the command line.
    given: Option<(VersionId, Bytes)>,
    loaded: HashMap<VersionId, Runnable>,
}

impl Shelf<'_> {
    fn version(&mut self, id: VersionId) -> Outcome<Arc<LoadedVersion>> {
        if let Some(known) = self.loaded.get(&id) {
            return Ok(Arc::clone(&known.version));
        }
        let wasm = match &self.given {
            Some((given, wasm)) if *given == id => wasm.clone(),
            _ => self.fetch(id)?,
        };
        let loaded = load(wasm, id, self.context.out)?;
        let version = Arc::clone(&loaded.version);
        self.loaded.insert(id, loaded);
        Ok(version)
    }

    fn fetch(&self, id: VersionId) -> Outcome<Bytes> {
        let fetched = block_on(self.context.api()?.component(self.game.as_str(), &id.to_string()));
        fetched.map_err(|failure| match failure.kind {
            Kind::Unreachable => {
                failure.fix("start the server that has the game, or give the uploaded file with --game")
            }
            _ => failure,
        })
    }
}

/// A game that can be stepped. The ticker must live as long as its sessions do.
struct Runnable {
    version: Arc<LoadedVersion>,
    _ticker: Ticker,
}

/// Compiles as a server does, in a child with limits, and loads it into an engine of our own.
fn load(wasm: Bytes, version: VersionId, out: Output) -> Outcome<Runnable> {
    let spinner = out.spinner("compiling the game");
    let exe = std::env::current_exe().map_err(|error| Failure::failed(format!("where this program is: {error}")))?;
    let compiler = ChildCompiler::new(exe, CompilerConfig::default());
    let compiled = block_on(async { Ok(compiler.compile(wasm).await) })?;
    spinner.finish_and_clear();
    let mut compiled = compiled.map_err(failed)?;
    // What a server hands out may be the component that it made of an uploaded module: it stands for that version.
    compiled.manifest.version = version;

    let engine =
        Engine::new(EngineConfig { sessions: Sessions::OnDemand, ..EngineConfig::default() }).map_err(failed)?;
    let ticker = engine.start_ticker().map_err(failed)?;
    let (artifact, keys) = signed(&compiled)?;
    let version = engine.load(&artifact, &keys).map_err(failed)?;
    Ok(Runnable { version, _ticker: ticker })
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

fn tell(setup: &SetupRecord, report: &Report, out: Output) {
    let end = match &report.coverage {
        Coverage::Whole(reason) => format!("ended: {reason}"),
        Coverage::Running => "still running when the journal was taken".to_owned(),
        Coverage::Prefix { first, end } => {
            let end = end.as_ref().map_or_else(|| "not known".to_owned(), ToString::to_string);
            format!("ticks from {first} on were not kept; end: {end}")
        }
    };
    let exact = report.is_exact();
    out.value(&serde_json::json!({
        "match": setup.setup.match_id, "game": setup.game.as_str(), "version": setup.version.to_string(),
        "ticks": report.ticks, "chain": report.chain.to_string(), "exact": exact, "end": end,
        "difference": report.first_difference.as_ref().map(ToString::to_string),
    }));
    out.line(format!("{} of {}@{}   {end}", setup.setup.match_id, setup.game, setup.version.short()));
    let verdict = if exact { "every one the same as in the journal" } else { "then a difference" };
    out.line(format!("{} ticks replayed, {verdict}   chain {}", report.ticks, report.chain));
}
