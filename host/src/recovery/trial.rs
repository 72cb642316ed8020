//! The child process in which a suspect is tried: its journal is replayed from the newest checkpoint on, and then the
//! very tick in which the process died is run. What ends a process ends this one.
//!
//! ```text
//!   stdin   length u32 LE │ postcard Job │ artifacts, each manifest, signature, code │ records, as .stj │ whole .stj
//! ```

use std::collections::{BTreeSet, HashMap};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stadion_protocol::VersionId;
use stadion_protocol::contract::Artifact;

use super::rebuild::{self, Past, rebuild};
use crate::artifact::VerifyingKeys;
use crate::clock;
use crate::engine::{CodeSettings, Engine, EngineConfig, LoadedVersion};
use crate::journal::{Checkpoint, JournalError, Reader, Recalled, Record, Swap, Writer};
use crate::life::HostState;
use crate::model::TickInput;
use crate::shard::Plant;

/// How long a child may take. It replays at the pace of a recovery.
const WITHIN: Duration = Duration::from_secs(60);

/// How often it is looked whether a child has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The most that a child reads.
const JOB_BYTES: u64 = 1 << 30;

/// What becomes of a suspect in its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The child lived.
    Survived,
    /// The child was ended by a signal, as the process before it.
    Died,
    /// Nothing was found out: no child, no time.
    Unknown,
}

/// Everything that a child needs to run a match.
#[derive(Clone, Debug)]
pub struct Case {
    /// Keys that its artifacts are signed with.
    pub keys: Vec<[u8; 32]>,
    /// What the artifacts were compiled for.
    pub code: CodeSettings,
    /// Its versions.
    pub artifacts: Vec<(VersionId, Artifact)>,
    /// What is played.
    pub part: Part,
    /// The tick that was being run.
    pub next: Option<TickInput>,
    /// For tests.
    pub plant: Option<Plant>,
}

/// The part of a match that is played again.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where to begin; `None`: at the start.
    checkpoint: Option<Checkpoint>,
    /// The setup, and what follows the checkpoint, in the frames of a `.stj` file.
    records: Bytes,
    /// The whole journal, if a version that the match was replayed onto is to be given the ticks from before again.
    whole: Bytes,
    /// Every version that is run.
    pub versions: BTreeSet<VersionId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Job {
    keys: Vec<[u8; 32]>,
    code: CodeSettings,
    next: Option<TickInput>,
    plant: Option<Plant>,
    checkpoint: Option<Checkpoint>,
    /// Lengths of manifest and code.
    artifacts: Vec<(VersionId, u64, u64)>,
    /// Length.
    records: u64,
}

impl Part {
    /// Reads all that is played.
    pub fn of(past: Past) -> Result<Part, JournalError> {
        let Past { setup, checkpoint, records, file, older: _ } = past.readable()?;
        let from = match &checkpoint {
            Some(checkpoint) => HostState::from_bytes(&checkpoint.host).map(|state| state.version),
            None => Ok(setup.version),
        };
        let from = from.map_err(|bad| JournalError::Damaged(format!("a checkpoint: {bad}")))?;
        let (mut versions, mut again) = (BTreeSet::from([from]), false);
        let mut writer = Writer::default();
        writer.append(&Record::Setup(Box::new(setup)))?;
        for record in records {
            let record = record?;
            if let Record::Swapped(swapped) = &record {
                versions.insert(swapped.version);
                again |= matches!(swapped.by, Swap::Replayed { .. });
            }
            writer.append(&record)?;
        }
        let whole = if again { file().unwrap_or_default() } else { Bytes::new() };
        Ok(Part { checkpoint, records: Bytes::from(writer.into_bytes()), whole, versions })
    }

    /// As it was when it was read.
    fn past(self) -> Result<Past, String> {
        let Part { checkpoint, records, whole, versions: _ } = self;
        let mut reader = Reader::new(&records).map_err(|damage| damage.to_string())?;
        let Some(Ok(Record::Setup(setup))) = reader.next() else { return Err("no setup".to_owned()) };
        reader.pass_to(checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.tick));
        let records: Vec<_> =
            reader.map(|record| record.map_err(|damage| JournalError::Damaged(damage.to_string()))).collect();
        let file = Box::new(move || Some(whole.clone()).filter(|whole| !whole.is_empty()));
        Ok(Past::alone(Recalled { setup: *setup, checkpoint, records: Box::new(records.into_iter()) }, file))
    }
}

/// Runs `exe trial-child` for a suspect. Blocks until it has ended.
pub fn try_in_child(exe: &Path, case: &Case) -> Tried {
    let child = Command::new(exe)
        .arg("trial-child")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            tracing::error!(exe = %exe.display(), %error, "no child process for a suspect");
            return Tried::Unknown;
        }
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A child that died no longer reads: its end says why.
        let _ = stdin.write_all(&encode(case)).and_then(|()| stdin.write_all(&case.part.whole));
    }
    wait(&mut child)
}

/// The body of `stadion trial-child`. It succeeds if the match does no harm, whatever else may be wrong with it.
pub fn trial_main() -> ExitCode {
    let mut input = Vec::new();
    let read = std::io::stdin().lock().take(JOB_BYTES).read_to_end(&mut input);
    match read.map_err(|error| error.to_string()).and_then(|_| run(&Bytes::from(input))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "trial: {message}");
            ExitCode::SUCCESS
        }
    }
}

fn run(input: &Bytes) -> Result<(), String> {
    let (job, versions, part) = decode(input)?;
    let past = part.past()?;
    let parameters = past.setup.setup.parameters.clone();
    let mut library = |id: VersionId| versions.get(&id).cloned().ok_or_else(|| format!("version {id} was not given"));
    let mut progress = |tick: u64| {
        strike(job.plant.as_ref(), &parameters, tick);
        true
    };
    let mut rebuilt = rebuild(past, &mut library, &mut progress).map_err(|error| error.to_string())?;
    if let Some(next) = &job.next {
        strike(job.plant.as_ref(), &parameters, next.number);
        rebuild::finish(rebuilt.session.step(next)).map_err(|fault| fault.to_string())?;
    }
    Ok(())
}

fn strike(plant: Option<&Plant>, parameters: &[u8], tick: u64) {
    if let Some(plant) = plant {
        plant.strike(parameters, tick);
    }
}

fn encode(case: &Case) -> Vec<u8> {
    let lengths = case.artifacts.iter().map(|(id, it)| (*id, it.manifest.len() as u64, it.code.len() as u64));
    let job = Job {
        keys: case.keys.clone(),
        code: case.code,
        next: case.next.clone(),
        plant: case.plant.clone(),
        checkpoint: case.part.checkpoint.clone(),
        artifacts: lengths.collect(),
        records: case.part.records.len() as u64,
    };
    let job = postcard::to_stdvec(&job).expect("plain data encodes");
    let length = u32::try_from(job.len()).expect("a job is far below 4 GiB");
    let mut bytes = [&length.to_le_bytes()[..], &job].concat();
    for (_, artifact) in &case.artifacts {
        bytes.extend_from_slice(&artifact.manifest);
        bytes.extend_from_slice(&artifact.signature);
        bytes.extend_from_slice(&artifact.code);
    }
    bytes.extend_from_slice(&case.part.records);
    bytes
}

type Versions = HashMap<VersionId, Arc<LoadedVersion>>;

fn decode(input: &Bytes) -> Result<(Job, Versions, Part), String> {
    let mut rest = input.clone();
    let mut take = |length: usize| {
        if length > rest.len() { Err("the job is cut short".to_owned()) } else { Ok(rest.split_to(length)) }
    };
    let length = u32::from_le_bytes(take(4)?[..].try_into().map_err(|_| "no length")?);
    let mut job: Job = postcard::from_bytes(&take(length as usize)?).map_err(|error| error.to_string())?;
    let engine = Engine::new(EngineConfig { code: job.code, ..EngineConfig::default() });
    let engine = engine.map_err(|error| error.to_string())?;
    let keys = VerifyingKeys::new(job.keys.iter().copied()).map_err(|error| error.to_string())?;
    let mut versions = HashMap::new();
    for (id, manifest, code) in &job.artifacts {
        let manifest = take(usize::try_from(*manifest).unwrap_or(usize::MAX))?;
        let signature = take(64)?[..].try_into().map_err(|_| "no signature")?;
        let code = take(usize::try_from(*code).unwrap_or(usize::MAX))?;
        let artifact = Artifact { manifest, signature, code };
        versions.insert(*id, engine.load(&artifact, &keys).map_err(|error| error.to_string())?);
    }
    // Without its ticks no step of a guest would ever be cut.
    std::mem::forget(engine.start_ticker().map_err(|error| error.to_string())?);
    let records = take(usize::try_from(job.records).unwrap_or(usize::MAX))?;
    let ran = versions.keys().copied().collect();
    let part = Part { checkpoint: job.checkpoint.take(), records, whole: rest, versions: ran };
    Ok((job, versions, part))
}

/// Waits for the end of a child, and kills one that takes too long.
fn wait(child: &mut Child) -> Tried {
    let until = clock::now() + WITHIN;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return judge(status),
            Ok(None) if clock::now() < until => std::thread::sleep(LOOK_EVERY),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Tried::Unknown;
            }
        }
    }
}

#[cfg(unix)]
fn judge(status: ExitStatus) -> Tried {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(_) => Tried::Died,
        None => Tried::Survived,
    }
}

#[cfg(not(unix))]
fn judge(status: ExitStatus) -> Tried {
    if status.success() { Tried::Survived } else { Tried::Died }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::CheckpointKind;
    use crate::journal::testing::{setup, swapped, tick};

    fn past(checkpoint: Option<Checkpoint>, records: Vec<Record>) -> Past {
        let Record::Setup(setup) = setup() else { panic!("a setup") };
        let file = Box::new(|| Some(Bytes::from_static(b"whole")));
        let records = Box::new(records.into_iter().map(Ok));
        Past::alone(Recalled { setup: *setup, checkpoint, records }, file)
    }

    fn checkpoint(tick: u64) -> Checkpoint {
        let Record::Setup(setup) = setup() else { panic!("a setup") };
        let host = HostState::begun(&setup, &[]).to_bytes();
        let kind = CheckpointKind::Image;
        Checkpoint { incarnation: 1, tick, chain: crate::journal::Link([2; 16]), kind, host, guest: vec![9] }
    }

    #[test]
    fn a_child_is_given_what_follows_the_checkpoint() {
        let part = Part::of(past(Some(checkpoint(7)), vec![tick(8), tick(9)])).unwrap();
        assert_eq!((part.versions.len(), part.whole.len()), (1, 0));
        let Past { checkpoint: from, records, file, .. } = part.past().unwrap();
        assert_eq!(from, Some(checkpoint(7)));
        assert_eq!(records.map(Result::unwrap).collect::<Vec<_>>(), [tick(8), tick(9)]);
        assert_eq!(file(), None);
    }

    #[test]
    fn a_match_that_was_replayed_onto_another_version_comes_with_all_of_its_journal() {
        let Record::Swapped(mut swap) = swapped(1) else { panic!("a swap") };
        swap.by = Swap::Replayed { differs_from: None };
        let part = Part::of(past(None, vec![tick(1), Record::Swapped(swap), tick(2)])).unwrap();
        assert_eq!((part.versions.len(), &part.whole[..]), (2, &b"whole"[..]));
        assert_eq!(part.past().unwrap().records.count(), 3);
    }
}
