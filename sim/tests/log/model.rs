//! Random use of a log, checked against what must always hold.

use std::collections::BTreeMap;
use std::task::Waker;

use stadion_host::journal::log::{Log, LogConfig, LogKeeper, LogWriter};
use stadion_host::journal::{
    Checkpoint, CheckpointKind, Journal, Journals, Link, Position, Reader, Record, ResumedRecord,
};
use stadion_protocol::contract::{Durability, LogFailure};
use stadion_sim::{Crash, Disk, Rng};

use crate::records::{end, id, idle, setup, tick, unfolded};

pub(crate) const ROOM: usize = 64 << 20;

/// Small, so that segments are closed, emptied and removed all the time.
pub(crate) const CONFIG: LogConfig = LogConfig {
    segment_bytes: 2_000,
    log_bytes: 6_000,
    retain_bytes: 20_000,
    match_checkpoint_bytes: 1_600,
    checkpoint_bytes: 8_000,
};

/// What is known of a match. Each record of `appended` is one tick at most.
struct Known {
    level: Durability,
    journal: Option<Box<dyn Journal>>,
    appended: Vec<Record>,
    positions: Vec<Position>,
    /// How many records were said to be durable.
    durable: usize,
    ended: bool,
    /// What happened to the disk excuses the loss of anything.
    excused: bool,
}

impl Known {
    fn next_tick(&self) -> u64 {
        1 + self.appended.iter().filter(|one| matches!(one, Record::Tick(_) | Record::Idle(_))).count() as u64
    }

    fn give(&mut self, record: Record) {
        let position = self.journal.as_mut().unwrap().append(&record).unwrap();
        self.appended.push(record);
        self.positions.push(position);
    }
}

struct Model {
    seed: u64,
    rng: Rng,
    disk: Disk,
    log: Option<(Log, LogWriter, LogKeeper)>,
    matches: BTreeMap<u8, Known>,
    next: u8,
}

impl Model {
    fn new(seed: u64) -> Model {
        let mut rng = Rng::new(seed);
        let disk = Disk::new(rng.fork(), ROOM);
        let mut model = Model { seed, rng, disk, log: None, matches: BTreeMap::new(), next: 0 };
        model.open();
        model
    }

    fn open(&mut self) {
        self.log = Some(Log::open(self.disk.mount(), CONFIG).unwrap());
    }

    fn log(&mut self) -> &mut (Log, LogWriter, LogKeeper) {
        self.log.as_mut().unwrap()
    }

    fn act(&mut self) {
        match self.rng.below(100) {
            0..4 => self.create(),
            4..60 => self.append(),
            60..75 => {
                self.log().1.turn();
            }
            75..80 => drop(self.log().2.turn()),
            80..84 => self.checkpoint(),
            84..88 => self.hibernate(),
            88..92 => self.wake(),
            92..94 => self.end(),
            94..95 => self.crash(),
            _ => self.listen(),
        }
        if self.disk.has_crashed() {
            self.crash();
        }
    }

    fn create(&mut self) {
        if self.matches.len() > 12 || self.next == u8::MAX {
            return;
        }
        self.next += 1;
        let level = [Durability::Process, Durability::Disk][self.rng.below(2) as usize];
        let number = self.next;
        let journal = self.log().0.open(id(number), level, Waker::noop().clone()).unwrap();
        let mut known = Known {
            level,
            journal: Some(journal),
            appended: Vec::new(),
            positions: Vec::new(),
            durable: 0,
            ended: false,
            excused: false,
        };
        known.give(setup(level, LogFailure::Stall));
        self.matches.insert(number, known);
    }

    fn any(&mut self, fits: impl Fn(&Known) -> bool) -> Option<u8> {
        let fitting: Vec<u8> = self.matches.iter().filter(|(_, one)| fits(one)).map(|(n, _)| *n).collect();
        (!fitting.is_empty()).then(|| fitting[self.rng.below(fitting.len() as u64) as usize])
    }

    fn any_open(&mut self) -> Option<&mut Known> {
        let number = self.any(|one| one.journal.is_some() && !one.ended)?;
        self.matches.get_mut(&number)
    }

    fn append(&mut self) {
        let uneventful = self.rng.permille(600);
        let Some(known) = self.any_open() else { return };
        let next = known.next_tick();
        known.give(if uneventful { idle(next) } else { tick(next) });
    }

    fn end(&mut self) {
        let Some(known) = self.any_open() else { return };
        known.ended = true;
        known.give(end(known.next_tick() - 1));
        self.listen();
        self.matches.values_mut().filter(|known| known.ended).for_each(|known| known.journal = None);
    }

    fn checkpoint(&mut self) {
        let Some(known) = self.any_open() else { return };
        let checkpoint = Checkpoint {
            incarnation: 1,
            tick: known.next_tick() - 1,
            chain: Link::default(),
            kind: CheckpointKind::State,
            // What the match had when it was taken, so that the model can tell.
            host: (known.appended.len() as u64).to_le_bytes().to_vec(),
            guest: vec![7; 700],
        };
        known.journal.as_mut().unwrap().keep_checkpoint(checkpoint).unwrap();
    }

    fn hibernate(&mut self) {
        self.listen();
        if let Some(known) = self.any_open() {
            known.journal = None;
        }
    }

    /// Takes a match up again and compares what comes back.
    fn wake(&mut self) {
        let Some(number) = self.any(|one| one.journal.is_none() && !one.ended) else { return };
        if self.disk.has_crashed() {
            return;
        }
        let seed = self.seed;
        let Ok(reopened) = self.log().0.reopen(id(number), Waker::noop().clone()) else {
            assert!(self.disk.has_crashed(), "seed {seed}: match {number} cannot be taken up again");
            return;
        };
        let known = self.matches.get_mut(&number).unwrap();
        let mut before = vec![Record::Setup(Box::new(reopened.setup))];
        if let Some(checkpoint) = &reopened.checkpoint {
            let count = u64::from_le_bytes(checkpoint.host[..].try_into().unwrap()) as usize;
            assert!(count <= known.appended.len(), "seed {seed}: a checkpoint of another future");
            before = known.appended[..count].to_vec();
        }
        let records = reopened.records.map(|record| record.unwrap());
        assert_eq!(unfolded(before.into_iter().chain(records)), unfolded(known.appended.clone()), "seed {seed}");
        known.journal = Some(reopened.journal);
        // What was not durable when the match went to sleep is so once what follows is.
        known.positions.clear();
        known.positions.resize(known.appended.len(), Position(1));
        known.give(Record::Resumed(ResumedRecord { incarnation: 1, tick: known.next_tick() - 1, unix_ns: 0 }));
    }

    /// What matches are told of their durability.
    fn listen(&mut self) {
        for known in self.matches.values_mut() {
            let Some(journal) = &known.journal else { continue };
            let durable = journal.durable();
            known.durable = known.durable.max(known.positions.partition_point(|position| *position <= durable));
        }
    }

    fn crash(&mut self) {
        let how = if self.rng.permille(500) { Crash::Kill } else { Crash::PowerLoss };
        self.crash_with(how, false);
    }

    fn crash_with(&mut self, how: Crash, flip: bool) {
        if flip {
            self.vouch();
        }
        self.listen();
        self.disk.crash(how);
        self.matches.values_mut().for_each(|known| known.journal = None);
        self.log = None;
        for known in self.matches.values_mut() {
            known.excused = flip || (how == Crash::PowerLoss && known.level == Durability::Process);
        }
        if flip {
            self.disk.flip("");
        }
        self.open();
        self.check();
    }

    /// Something newer than everything else: a flipped bit in the very last block could not be told from a torn write.
    fn vouch(&mut self) {
        for number in 1..=2 {
            self.log().1.turn();
            let mut journal = self.log().0.open(id(u8::MAX), Durability::Disk, Waker::noop().clone()).unwrap();
            journal.append(&setup(Durability::Disk, LogFailure::Stall)).unwrap();
            journal.append(&tick(number)).unwrap();
            self.log().1.turn();
        }
    }

    /// Everything that is there is a prefix of what was appended, as long as was said.
    fn check(&mut self) {
        for number in self.matches.keys().copied().collect::<Vec<_>>() {
            if !self.came_back(number) {
                self.matches.remove(&number);
            }
        }
    }

    /// Whether the match goes on.
    fn came_back(&mut self, number: u8) -> bool {
        let seed = self.seed;
        let file = self.log().0.read(id(number));
        let found = self.log().0.unfinished().into_iter().find(|one| one.id == id(number));
        let known = self.matches.get_mut(&number).unwrap();
        let Some(file) = file else {
            // Over and no longer retained, or never durable.
            let may_be_gone = known.durable == 0 || known.ended || known.excused;
            assert!(may_be_gone, "seed {seed}: match {number} is gone");
            return false;
        };
        let read: Result<Vec<Record>, _> = Reader::new(&file).unwrap().collect();
        let read = match read {
            Ok(read) => unfolded(read),
            Err(damage) => {
                // Filed away, and the bit was flipped there: found when it is read.
                assert!(known.excused, "seed {seed}: match {number}: {damage}");
                return false;
            }
        };
        let whole = unfolded(known.appended.clone());
        assert_eq!(read[..], whole[..read.len()], "seed {seed}: match {number} is no prefix");
        let (level, durable) = (known.level, known.durable);
        let enough = read.len() >= durable || known.excused;
        let why = found.as_ref().map(|one| &one.damage);
        assert!(enough, "seed {seed}: match {number} ({level:?}) has {} of {durable} records: {why:?}", read.len());
        let Some(found) = found else {
            let over = known.ended || known.excused || read.is_empty();
            assert!(over, "seed {seed}: match {number} is forgotten");
            return false;
        };
        let told = read.len() >= durable || found.damage.is_some() || known.level == Durability::Process;
        assert!(told, "seed {seed}: match {number} was cut to {} of {durable} and nobody is told", read.len());
        // From here on the match is what came back.
        known.appended.truncate(read.len());
        (known.durable, known.ended, known.excused) = (read.len(), false, false);
        true
    }
}

#[test]
fn whatever_happens_to_the_disk_what_was_durable_comes_back() {
    for seed in 0..300 {
        let mut model = Model::new(seed);
        for _ in 0..400 {
            model.act();
        }
        model.crash_with(Crash::Kill, false);
    }
}

#[test]
fn a_process_killed_within_any_write_loses_nothing_that_was_durable() {
    for seed in 0..300 {
        let mut model = Model::new(seed);
        model.disk.crash_in(5 + seed);
        for _ in 0..300 {
            model.act();
        }
        model.crash_with(if seed % 2 == 0 { Crash::Kill } else { Crash::PowerLoss }, false);
    }
}

#[test]
fn a_flipped_bit_is_found_and_nothing_behind_it_is_replayed() {
    for seed in 0..300 {
        let mut model = Model::new(seed);
        for _ in 0..200 {
            model.act();
        }
        model.crash_with(Crash::Kill, true);
    }
}
