//! `stadion bench journal`: what it takes until a record is durable, beside what the same disk needs for a write and a
//! sync of the same size, and what a busy host's log costs.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use stadion_host::journal::log::files::{FileSystem, RealFiles};
use stadion_host::journal::{
    DiskJournals, Fact, IdleRun, Journal, Journals, Link, LogConfig, Record, SetupRecord, TickRecord,
};
use stadion_host::model::{Delivery, Event, Limits, Setup, TickInput, Wake as NextTick};
use stadion_protocol::contract::{Durability, MatchSettings};
use stadion_protocol::{MatchId, Seat, VersionId};

use crate::clock;
use crate::conditions::LoadMeter;
use crate::cpu::CpuTimes;
use crate::samples::Samples;
use crate::{Conditions, Figures, Line};

/// Between two records whose latency is taken: the log has nothing else to do.
const PAUSE: Duration = Duration::from_millis(3);
/// A record that is not durable by then is a failure.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How often the matches of the busy rows are looked at.
const TURN: Duration = Duration::from_millis(1);
const RATE: u16 = 20;
const PERIOD: Duration = Duration::from_millis(50);
/// Ticks in which nothing happens, for their bytes.
const IDLE_TICKS: u64 = 6_000;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// On whose disk; the log goes into a temporary folder in it.
    pub folder: PathBuf,
    /// Records of each latency row.
    pub records: u32,
    /// Matches at 20 Hz of the busy rows.
    pub matches: u32,
    /// How long each busy row is measured.
    pub lasts: Duration,
}

/// Measures. Blocks for some ten seconds; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let mut lines = Vec::new();
    progress("floors: a write, a sync");
    lines.extend(floors(options)?);
    for (name, level) in [("process", Durability::Process), ("disk", Durability::Disk)] {
        progress(&format!("latency, durability {name}"));
        lines.push(latency(options, level)?.named(format!("append-{name}")));
        progress(&format!("{} matches, durability {name}", options.matches));
        lines.push(busy(options, level)?.named(format!("busy-{name}")));
    }
    progress("ticks in which nothing happens");
    lines.push(idle(options)?);
    let notes = vec![
        format!(
            "the log is in {}; write and sync are of one frame each, at the end of a file",
            options.folder.display()
        ),
        "latency: from append to the thread being woken with the record durable, nothing else in the log".to_owned(),
        "busy: one input in every tick of every match; cpu of the log's threads, and of append on the shard's"
            .to_owned(),
    ];
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    Ok(Figures { lines, omitted: Vec::new(), conditions, notes })
}

fn floors(options: &Options) -> anyhow::Result<[Line; 2]> {
    let folder = tempfile::tempdir_in(&options.folder)?;
    let file = RealFiles::new(folder.path())?.create("floor")?;
    let frame = [7; 120];
    let (mut writes, mut syncs) = (Samples::with_capacity(options.records), Samples::with_capacity(options.records));
    for nth in 0..u64::from(options.records) {
        writes.time(|| file.write_at(nth * frame.len() as u64, &frame))?;
        syncs.time(|| file.sync())?;
    }
    Ok([durations("floor-write", writes)?, durations("floor-sync", syncs)?])
}

fn latency(options: &Options, level: Durability) -> anyhow::Result<Line> {
    let folder = tempfile::tempdir_in(&options.folder)?;
    let journals = DiskJournals::open(folder.path(), LogConfig::default())?;
    let mut journal = opened(&journals, 0, level)?;
    let mut samples = Samples::with_capacity(options.records);
    for number in 1..=u64::from(options.records) {
        std::thread::sleep(PAUSE);
        let record = tick(number);
        samples.time(|| durable(&mut *journal, &record))?;
    }
    durations("append", samples)
}

/// Appends and waits as a shard does: until it is woken.
fn durable(journal: &mut dyn Journal, record: &Record) -> anyhow::Result<()> {
    let began = clock::now();
    let position = journal.append(record)?;
    while journal.durable() < position {
        anyhow::ensure!(began.elapsed() < GIVE_UP, "a record is not durable after {GIVE_UP:?}");
        std::thread::park_timeout(GIVE_UP);
    }
    Ok(())
}

/// Matches at 20 Hz, their ticks spread over the period, for a while.
fn busy(options: &Options, level: Durability) -> anyhow::Result<Line> {
    let folder = tempfile::tempdir_in(&options.folder)?;
    let journals = DiskJournals::open(folder.path(), LogConfig::default())?;
    let mut all = (0..options.matches).map(|nth| opened(&journals, nth, level)).collect::<Result<Vec<_>, _>>()?;
    let turns = PERIOD.as_millis() / TURN.as_millis();
    let (before, began) = (CpuTimes::of(std::process::id()), clock::now());
    let (mut appending, mut appended, mut behind) = (Duration::ZERO, 0u64, 0u64);
    let mut turn = 0u32;
    while began.elapsed() < options.lasts {
        let number = u64::from(turn) / turns as u64 + 1;
        let due = all.iter_mut().skip(turn as usize % turns as usize).step_by(turns as usize);
        let from = clock::now();
        for journal in due {
            let before = journal.durable();
            let position = journal.append(&tick(number))?;
            // The tick before, 50 ms ago, should be durable by now.
            behind += u64::from(before.0 + 1 < position.0);
            appended += 1;
        }
        appending += from.elapsed();
        turn += 1;
        std::thread::sleep((TURN * turn).saturating_sub(began.elapsed()));
    }
    let took = began.elapsed().as_secs_f64();
    let used = CpuTimes::of(std::process::id()).since(&before);
    let percent = |time: Duration| time.as_secs_f64() / took * 100.0;
    Ok(Line::new("busy")
        .with("matches", options.matches)
        .with("records_per_s", appended as f64 / took)
        .with("log_cpu_percent", percent(used.of_role("log")))
        .with("append_us", appending.as_secs_f64() * 1e6 / appended.max(1) as f64)
        .with("not_durable_after_50_ms", behind)
        .with("log_bytes_per_record", written(&folder)? as f64 / appended.max(1) as f64))
}

fn idle(options: &Options) -> anyhow::Result<Line> {
    let folder = tempfile::tempdir_in(&options.folder)?;
    let journals = DiskJournals::open(folder.path(), LogConfig::default())?;
    let none = kept(&journals, 0, 0)?;
    let (run, many) = (kept(&journals, 1, 3)? - none, kept(&journals, 2, IDLE_TICKS)? - none);
    Ok(Line::new("idle").with("bytes_per_run", run).with("bytes_per_tick", many as f64 / IDLE_TICKS as f64))
}

/// What the records of a match take in which nothing happens for so many ticks, an hour in.
fn kept(journals: &DiskJournals, nth: u32, ticks: u64) -> anyhow::Result<u64> {
    let mut journal = opened(journals, nth, Durability::Process)?;
    for first in (72_000..).take(usize::try_from(ticks)?) {
        let time = first * u64::try_from(PERIOD.as_nanos())?;
        journal.append(&Record::Idle(IdleRun { incarnation: 1, first, time, count: 1, last: Link([9; 16]) }))?;
    }
    drop(journal);
    let found = journals.unfinished().into_iter().find(|one| one.id == id(nth));
    found.map(|one| one.bytes).ok_or_else(|| anyhow::anyhow!("the match is gone"))
}

/// Bytes of the segments.
fn written(folder: &tempfile::TempDir) -> io::Result<u64> {
    let entries = std::fs::read_dir(folder.path().join("segments"))?;
    entries.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

fn durations(name: &'static str, samples: Samples) -> anyhow::Result<Line> {
    let row = samples.row(name).ok_or_else(|| anyhow::anyhow!("nothing was measured"))?;
    Ok(Line::new(name).with("p50_us", row.p50_us).with("p99_us", row.p99_us).with("runs", row.runs))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn opened(journals: &DiskJournals, nth: u32, level: Durability) -> anyhow::Result<Box<dyn Journal>> {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut journal = journals.open(id(nth), level, waker)?;
    journal.append(&setup(level)?)?;
    Ok(journal)
}

fn id(nth: u32) -> MatchId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&nth.to_le_bytes());
    MatchId(id)
}

fn setup(durability: Durability) -> anyhow::Result<Record> {
    let limits = Limits {
        memory_bytes: 1 << 20,
        unreliable_bytes: 1_100,
        reliable_bytes: 65_536,
        sends_per_tick: 64,
        send_bytes_per_tick: 65_536,
        requests_open: 4,
        saved_bytes: 1 << 20,
    };
    let setup = Setup {
        match_id: String::new(),
        seed: [1; 4],
        started_unix_ns: 0,
        rate: RATE,
        seats: 4,
        parameters: Vec::new(),
        limits,
    };
    Ok(Record::Setup(Box::new(SetupRecord {
        game: "relay-arena".parse()?,
        version: VersionId([0; 32]),
        settings: MatchSettings { durability, ..MatchSettings::default() },
        setup,
        incarnation: 1,
        wake: NextTick::Next,
        outputs: [0; 16],
    })))
}

/// A tick with one reliable input of 32 bytes.
fn tick(number: u64) -> Record {
    let input = Event::Message { seat: Seat(0), via: Delivery::Reliable, data: vec![1; 32] };
    let time = number * u64::try_from(PERIOD.as_nanos()).unwrap_or(u64::MAX);
    Record::Tick(Box::new(TickRecord {
        incarnation: 1,
        input: TickInput { number, time, skipped: 0, events: vec![input] },
        facts: vec![(0, Fact::InSeq(number))],
        wake: NextTick::Next,
        outputs: [3; 16],
        previous: Link([2; 16]),
    }))
}
