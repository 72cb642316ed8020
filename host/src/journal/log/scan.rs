//! Opening a log that is there: which matches it has, how far each goes, and what is damaged.
//!
//! A frame counts if its checksum holds and it names the match's newest frame before it: what follows a hole is never
//! taken for what follows the frame before the hole. Bytes that are no frame are
//!
//! - a *torn tail*, when nothing after them was ever known to be durable: the last write before a loss of power. No
//!   promise was made about it, except to matches of level `process`, which lose it with the power;
//! - *damage*, when a later block says that they had been synced. Matches that may have had records there are told so.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

use super::files::FileSystem;
use super::frame::{BLOCK_HEADER, Block, NoFrame, Payload, Read, SEGMENT_HEADER, run_of};
use super::history::part_name;
use super::matches::{Match, Over, Part, State};
use super::segments::{self, Segment};
use crate::journal::file::Reader;
use crate::journal::record::Record;
use crate::journal::summary::Summary;
use crate::journal::wire;

/// What a log holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) segments: Vec<Segment>,
    pub(super) matches: Vec<Arc<Match>>,
    /// The first position after everything.
    pub(super) end: u64,
    /// The first number for a new match.
    pub(super) next_number: u32,
    /// What is damaged, for people.
    pub(super) damage: Vec<String>,
}

/// Bytes that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hole {
    start: u64,
    end: u64,
    /// Something whole follows in the same segment.
    inside: bool,
    /// In which run of the log it was written.
    run: u64,
}

#[derive(Debug)]
struct Scan<'a> {
    files: &'a dyn FileSystem,
    matches: HashMap<u32, Known>,
    holes: Vec<Hole>,
    /// How far each run knew itself to be synced. What a later run says of it proves nothing: it found what was left.
    synced: HashMap<u64, u64>,
    /// Frames of matches that are not known, and moved parts that cannot be read.
    lost: Vec<String>,
    next_number: u32,
}

#[derive(Debug)]
struct Known {
    id: MatchId,
    level: Durability,
    state: State,
    /// Where, and in which run, a frame came that follows one which is not there; nothing that fits came since.
    orphan: Option<(u64, u64)>,
}

/// Reads all segments.
pub(super) fn scan(files: &dyn FileSystem) -> io::Result<Found> {
    let mut bases: Vec<u64> = files.list(segments::FOLDER)?.iter().filter_map(|name| segments::base_of(name)).collect();
    bases.sort_unstable();
    let mut scan = Scan {
        files,
        matches: HashMap::new(),
        holes: Vec::new(),
        synced: HashMap::new(),
        lost: Vec::new(),
        next_number: 0,
    };
    let mut found = Found::default();
    for (nth, base) in bases.iter().enumerate() {
        let file = files.open(&segments::name(*base))?;
        let size = usize::try_from(file.size()?).map_err(io::Error::other)?;
        let mut bytes = vec![0; size];
        let read = file.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        let next = bases.get(nth + 1).copied();
        scan.segment(*base, &bytes, next);
        found.end = found.end.max(base + bytes.len().saturating_sub(SEGMENT_HEADER) as u64);
        found.segments.push(Segment { base: *base, file });
    }
    found.next_number = scan.next_number;
    scan.settle(&mut found);
    Ok(found)
}

impl Scan<'_> {
    /// One file. What is at or past `next`, where the segment after it begins, was written again there.
    fn segment(&mut self, base: u64, bytes: &[u8], next: Option<u64>) {
        let until = next.unwrap_or(u64::MAX);
        let Some(run) = run_of(bytes, base) else {
            let end = (base + bytes.len().saturating_sub(SEGMENT_HEADER) as u64).max(base + 1);
            return self.hole(Hole { start: base, end, inside: next.is_some(), run: base }, until);
        };
        let body = &bytes[SEGMENT_HEADER..];
        let (mut at, mut bad) = (0, None);
        while at < body.len() {
            let position = base + at as u64;
            let Some(block) = Block::first_of(&body[at..], position) else {
                bad.get_or_insert(at);
                at += 1;
                continue;
            };
            if let Some(bad) = bad.take() {
                self.hole(Hole { start: base + bad as u64, end: position, inside: true, run }, until);
            }
            let synced = self.synced.entry(run).or_default();
            *synced = block.synced.max(*synced);
            let from = at + BLOCK_HEADER;
            let to = from.saturating_add(block.length).min(body.len());
            // What is left of a block that cannot be read on is searched for the next one.
            at = from + self.frames(&body[from..to], base + from as u64, (run, until));
        }
        if let Some(bad) = bad {
            let (start, end) = (base + bad as u64, base + body.len() as u64);
            self.hole(Hole { start, end, inside: false, run }, until);
        }
    }

    /// The frames of a block; says how many bytes of it could be read.
    fn frames(&mut self, bytes: &[u8], base: u64, (run, until): (u64, u64)) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let position = base + at as u64;
            match Read::first_of(&bytes[at..]) {
                Ok(frame) => {
                    self.frame(&frame, position, run);
                    at += frame.size;
                }
                Err(NoFrame::Damaged(size)) => {
                    let end = position + size as u64;
                    self.hole(Hole { start: position, end, inside: at + size < bytes.len(), run }, until);
                    at += size;
                }
                Err(NoFrame::Longer(_) | NoFrame::Unreadable) => return at,
            }
        }
        at
    }

    fn hole(&mut self, hole: Hole, until: u64) {
        if hole.start < until {
            self.holes.push(hole);
        }
    }

    fn frame(&mut self, frame: &Read<'_>, position: u64, run: u64) {
        let end = position + frame.size as u64;
        match frame.payload() {
            Some(Payload::Opened(id, opened)) => {
                self.next_number = self.next_number.max(frame.number.saturating_add(1));
                let known = Known { id, level: opened.level, state: State::opened(position, end), orphan: None };
                self.matches.entry(frame.number).or_insert(known);
            }
            Some(Payload::Moved(id, moved)) => {
                self.next_number = self.next_number.max(frame.number.saturating_add(1));
                let part = Part {
                    through: moved.through,
                    bytes: moved.bytes,
                    records: moved.records,
                    said_at: Some(position),
                };
                match self.matches.get_mut(&frame.number) {
                    Some(known) => known.state.part = part,
                    None => self.moved(frame.number, id, moved.level, part),
                }
            }
            Some(Payload::Record(body)) => self.record(frame, body, (position, run)),
            None => self.lost.push(format!("the frame at position {position} says nothing")),
        }
    }

    /// A match whose beginning is in no segment any more.
    fn moved(&mut self, number: u32, id: MatchId, level: Durability, part: Part) {
        let mut state = State::opened(part.through, part.through);
        state.part = part;
        state.records = part.records;
        state.bytes = part.bytes;
        match summary_of_part(self.files, id, &part) {
            Ok(summary) => state.summary = summary,
            Err(error) => {
                self.lost.push(format!("the older part of match {id} cannot be read ({error}): the match is lost"));
                state.over = Over::Abandoned;
            }
        }
        self.matches.insert(number, Known { id, level, state, orphan: None });
    }

    fn record(&mut self, frame: &Read<'_>, body: &[u8], (position, run): (u64, u64)) {
        let Some(known) = self.matches.get_mut(&frame.number) else { return };
        let state = &mut known.state;
        if position <= state.newest {
            // Written again after a failure: the same bytes at the same place.
            return;
        }
        let record = (frame.previous == state.newest).then(|| wire::decode_record(body).ok()).flatten();
        let Some(record) = record else {
            known.orphan.get_or_insert((position, run));
            return;
        };
        known.orphan = None;
        (state.newest, state.end) = (position, position + frame.size as u64);
        state.records += 1;
        state.bytes += frame.size as u64;
        match (&mut state.summary, &record) {
            (None, Record::Setup(setup)) => state.summary = Some(Summary::new(setup)),
            (Some(summary), record) => summary.note(record),
            (None, _) => {}
        }
        match record {
            Record::End(_) => state.over = Over::Ended,
            Record::Gap(_) => state.over = Over::Abandoned,
            _ => {}
        }
    }

    fn settle(self, found: &mut Found) {
        let Scan { matches, holes, synced, lost, .. } = self;
        found.damage = lost;
        let synced = |run: u64| synced.get(&run).copied().unwrap_or(0);
        for hole in holes.iter().filter(|hole| hole.inside || hole.start < synced(hole.run)) {
            found.damage.push(format!("positions {} to {} of the log are damaged", hole.start, hole.end));
        }
        for (number, Known { id, level, mut state, orphan }) in matches {
            if level == Durability::None && state.over == Over::No {
                state.over = Over::Abandoned;
            }
            state.damage = damage(level, &state, orphan, &holes, &synced);
            found.matches.push(Arc::new(Match::new(id, number, level, state)));
        }
    }
}

/// Whether records that a match was promised may be missing after its newest.
fn damage(
    level: Durability,
    state: &State,
    orphan: Option<(u64, u64)>,
    holes: &[Hole],
    synced: &impl Fn(u64) -> u64,
) -> Option<String> {
    let promised = |start: u64, run: u64, inside: bool| match level {
        Durability::None => false,
        Durability::Process => inside || start < synced(run),
        Durability::Disk | Durability::Fleet => start < synced(run),
    };
    if let Some((position, _)) = orphan.filter(|(position, run)| promised(*position, *run, true)) {
        return Some(format!("the record at position {position} of the log follows one that is damaged"));
    }
    let hole = holes.iter().find(|hole| hole.start > state.newest && promised(hole.start, hole.run, hole.inside))?;
    Some(format!("positions {} to {} of the log are damaged and may have held records of it", hole.start, hole.end))
}

fn summary_of_part(files: &dyn FileSystem, id: MatchId, part: &Part) -> io::Result<Option<Summary>> {
    if part.records == 0 {
        return Ok(None);
    }
    let file = files.open(&part_name(id))?;
    let mut bytes = vec![0; usize::try_from(part.bytes).map_err(io::Error::other)?];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    let (mut summary, mut records) = (None, 0);
    for record in Reader::new(&bytes).map_err(io::Error::other)? {
        let record = record.map_err(io::Error::other)?;
        records += 1;
        match (&mut summary, &record) {
            (None, Record::Setup(setup)) => summary = Some(Summary::new(setup)),
            (Some(summary), record) => Summary::note(summary, record),
            (None, _) => {}
        }
    }
    if records == part.records { Ok(summary) } else { Err(io::Error::other("records are missing")) }
}
