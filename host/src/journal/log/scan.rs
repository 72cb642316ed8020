//! Opening a log that is there: which matches it has, how far each goes, and what is damaged.
//!
//! A frame counts if its checksum holds and it names the match's newest frame before it: what follows a hole is never
//! taken for what follows the frame before the hole. Bytes that are no frame are
//!
//! - a *torn tail*, when nothing after them was ever known to be durable: the last write before a loss of power. No
//!   promise was made about it, except to matches of level `process`, which lose it with the power;
//! - *damage*, when a later block says that they had been synced. Matches that may have had records there are told so.
//!
//! Whoever opens a log that was torn writes down where, since later blocks will say that all of it was synced by then. A
//! flipped bit in what was written last of all cannot be told from a torn write.
//!
//! What could not be written or synced goes into another segment, at the same positions. If the machine goes down before it
//! is there, only the first attempt has it, torn: a hole in that counts wherever the other segment has nothing.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

use super::files::{File, FileSystem};
use super::frame::{BLOCK_HEADER, Block, Moved, NoFrame, Payload, Read, SEGMENT_HEADER, segment_header};
use super::history::part_name;
use super::matches::{Match, Over, Part, Places, State};
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
    /// How far the log is known to have been synced.
    pub(super) synced: u64,
    /// The first number for a new match.
    pub(super) next_number: u32,
    /// What is damaged, for people.
    pub(super) damage: Vec<String>,
    /// Holes in what had not been synced: to be written down, so that they are not taken for damage later.
    pub(super) torn: Vec<(u64, u64)>,
}

/// Bytes that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hole {
    start: u64,
    end: u64,
    /// Something whole follows in the same segment.
    inside: bool,
}

impl Hole {
    /// Whether something may be missing in it that followed the frame at these positions. That may be the first attempt of what
    /// was written again where the hole is: the hole then begins before it. Of a frame that was moved out of the log only the
    /// beginning is known, and a hole there may be the frame itself.
    fn is_after(&self, frame: &Range<u64>) -> bool {
        self.start > frame.start || !frame.is_empty() && self.end > frame.end
    }
}

#[derive(Debug)]
struct Scan<'a> {
    files: &'a dyn FileSystem,
    matches: HashMap<u32, Known>,
    holes: Vec<Hole>,
    /// How far the log is known to have been synced.
    synced: u64,
    /// Holes that were there when the log was opened before.
    torn: Vec<(u64, u64)>,
    /// Frames of matches that are not known, and moved parts that cannot be read.
    lost: Vec<String>,
    next_number: u32,
    pass: Pass,
    /// Where the older part of a match stands, as the log says last.
    moved: HashMap<u32, (MatchId, Durability, Part)>,
}

/// Segments are read twice: what was moved out of the log is said after records that follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// Where matches begin.
    Beginnings,
    /// Everything else.
    Records,
}

/// A record where it stands.
#[derive(Debug)]
struct Standing {
    position: u64,
    size: u64,
    previous: u64,
    /// `None`: it does not decode.
    record: Option<Record>,
}

#[derive(Debug)]
struct Known {
    id: MatchId,
    level: Durability,
    state: State,
    /// Where a frame came that follows one which is not there; nothing that fits came since.
    orphan: Option<u64>,
}

impl Known {
    /// Takes a record if it is the next one.
    fn take(&mut self, standing: Standing) {
        let Standing { position, size, previous, record } = standing;
        let state = &mut self.state;
        if position <= state.newest {
            // Moved, or written again after a failure: the same bytes at the same place.
            return;
        }
        let Some(record) = record.filter(|_| previous == state.newest) else {
            self.orphan.get_or_insert(position);
            return;
        };
        self.orphan = None;
        if state.records == 0 {
            state.first = position;
        }
        (state.newest, state.end) = (position, position + size);
        state.records += 1;
        state.bytes += size;
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
}

/// Reads all segments.
pub(super) fn scan(files: &dyn FileSystem) -> io::Result<Found> {
    let mut bases: Vec<u64> = files.list(segments::FOLDER)?.iter().filter_map(|name| segments::base_of(name)).collect();
    bases.sort_unstable();
    let mut scan = Scan {
        files,
        matches: HashMap::new(),
        holes: Vec::new(),
        synced: 0,
        torn: Vec::new(),
        lost: Vec::new(),
        next_number: 0,
        pass: Pass::Beginnings,
        moved: HashMap::new(),
    };
    let open = |base: u64| files.open(&segments::name(base)).map(|file| Segment { base, file });
    let mut found = Found { segments: bases.into_iter().map(open).collect::<io::Result<_>>()?, ..Found::default() };
    for pass in [Pass::Beginnings, Pass::Records] {
        scan.begin(pass);
        for (nth, segment) in found.segments.iter().enumerate() {
            let bytes = whole(&*segment.file)?;
            let again = found.segments.get(nth + 1).map(Segment::positions).transpose()?;
            scan.segment(segment.base, &bytes, &again.unwrap_or(u64::MAX..u64::MAX));
        }
    }
    for segment in &found.segments {
        found.end = found.end.max(segment.positions()?.end);
    }
    found.next_number = scan.next_number;
    scan.settle(&mut found);
    Ok(found)
}

fn whole(file: &dyn File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(file.size()?).map_err(io::Error::other)?];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

impl Scan<'_> {
    fn begin(&mut self, pass: Pass) {
        self.pass = pass;
        self.holes.clear();
        for (number, (id, level, part)) in std::mem::take(&mut self.moved) {
            self.moved(number, id, level, part);
        }
    }

    /// One file. The positions `again` stand in the segment after it as well.
    fn segment(&mut self, base: u64, bytes: &[u8], again: &Range<u64>) {
        let body = bytes.get(SEGMENT_HEADER..).unwrap_or_default();
        if !bytes.starts_with(&segment_header(base)) {
            if body.is_empty() {
                return self.hole(Hole { start: base, end: base + 1, inside: false }, again);
            }
            // Blocks know their positions: a bit of the header takes none of them along.
            tracing::warn!(base, "the header of a segment of the log is damaged: its blocks are read all the same");
        }
        let (mut at, mut bad) = (0, None);
        while at < body.len() {
            let position = base + at as u64;
            let Some(block) = Block::first_of(&body[at..], position) else {
                bad.get_or_insert(at);
                at += 1;
                continue;
            };
            if let Some(bad) = bad.take() {
                self.hole(Hole { start: base + bad as u64, end: position, inside: true }, again);
            }
            self.synced = self.synced.max(block.synced);
            let from = at + BLOCK_HEADER;
            let to = from.saturating_add(block.length).min(body.len());
            // What is left of a block that cannot be read on is searched for the next one.
            at = from + self.frames(&body[from..to], base + from as u64, again);
        }
        if let Some(bad) = bad {
            let (start, end) = (base + bad as u64, base + body.len() as u64);
            self.hole(Hole { start, end, inside: false }, again);
        }
    }

    /// The frames of a block; says how many bytes of it could be read.
    fn frames(&mut self, bytes: &[u8], base: u64, again: &Range<u64>) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let position = base + at as u64;
            match Read::first_of(&bytes[at..]) {
                Ok(frame) => {
                    self.frame(&frame, position);
                    at += frame.size;
                }
                Err(NoFrame::Damaged(size)) => {
                    let end = position + size as u64;
                    self.hole(Hole { start: position, end, inside: at + size < bytes.len() }, again);
                    at += size;
                }
                Err(NoFrame::Longer(_) | NoFrame::Unreadable) => return at,
            }
        }
        at
    }

    /// Notes a hole, without what stands again elsewhere: that tells of its own holes.
    fn hole(&mut self, hole: Hole, again: &Range<u64>) {
        let before = Hole { end: hole.end.min(again.start), ..hole };
        let after = Hole { start: hole.start.max(again.end), ..hole };
        self.holes.extend([before, after].into_iter().filter(|hole| hole.start < hole.end));
    }

    fn frame(&mut self, frame: &Read<'_>, position: u64) {
        let end = position + frame.size as u64;
        match (self.pass, frame.payload()) {
            (Pass::Beginnings, Some(Payload::Moved(id, moved))) => {
                let Moved { through, bytes, records, level, .. } = moved;
                let part = Part { through, bytes, records, said_at: Some(position) };
                self.moved.insert(frame.number, (id, level, part));
                self.next_number = self.next_number.max(frame.number.saturating_add(1));
            }
            (Pass::Beginnings, Some(Payload::Torn(torn))) => self.torn.extend(torn.holes),
            (Pass::Records, Some(Payload::Opened(id, opened))) => {
                self.next_number = self.next_number.max(frame.number.saturating_add(1));
                let known = Known { id, level: opened.level, state: State::opened(position, end), orphan: None };
                self.matches.entry(frame.number).or_insert(known);
            }
            (Pass::Records, Some(Payload::Record(body))) => {
                if let Some(known) = self.matches.get_mut(&frame.number) {
                    let (size, record) = (frame.size as u64, wire::decode_record(body).ok());
                    known.take(Standing { position, size, previous: frame.previous, record });
                }
            }
            (_, None) => self.lost.push(format!("the frame at position {position} says nothing")),
            _ => {}
        }
    }

    /// A match whose beginning is in no segment any more.
    fn moved(&mut self, number: u32, id: MatchId, level: Durability, part: Part) {
        let mut state = State::opened(part.through, part.through);
        state.part = part;
        state.records = part.records;
        state.bytes = part.bytes;
        match summary_of_part(self.files, id, &part) {
            Ok((summary, places)) => (state.summary, state.places) = (summary, places),
            Err(error) => {
                self.lost.push(format!("the older part of match {id} cannot be read ({error}): the match is lost"));
                state.over = Over::Abandoned;
            }
        }
        self.matches.insert(number, Known { id, level, state, orphan: None });
    }

    fn settle(self, found: &mut Found) {
        let Scan { matches, holes, synced, torn, lost, .. } = self;
        found.damage = lost;
        found.synced = synced;
        let was_torn = |hole: &&Hole| torn.iter().any(|(start, end)| *start <= hole.start && hole.end <= *end);
        let (known, new): (Vec<&Hole>, Vec<&Hole>) = holes.iter().partition(was_torn);
        let (damaged, tail): (Vec<&Hole>, Vec<&Hole>) = new.into_iter().partition(|hole| hole.start < synced);
        for hole in &damaged {
            found.damage.push(format!("positions {} to {} of the log are damaged", hole.start, hole.end));
        }
        found.torn = tail.iter().map(|hole| (hole.start, hole.end)).collect();
        // Written and not synced: nothing that a killed process leaves has a hole inside, so the power was lost.
        let written: Vec<&Hole> = known.into_iter().chain(tail).filter(|hole| hole.inside).collect();
        for (number, Known { id, level, mut state, orphan }) in matches {
            if level == Durability::None && state.over == Over::No {
                state.over = Over::Abandoned;
            }
            let promised = match level {
                Durability::None => Vec::new(),
                Durability::Process => [&damaged[..], &written].concat(),
                Durability::Disk | Durability::Fleet => damaged.clone(),
            };
            state.damage = damage(&(state.newest..state.end), orphan, &promised, &holes);
            found.matches.push(Arc::new(Match::new(id, number, level, state)));
        }
    }
}

/// Whether records that a match was promised may be missing after its newest, which stands at these positions.
fn damage(newest: &Range<u64>, orphan: Option<u64>, promised: &[&Hole], holes: &[Hole]) -> Option<String> {
    if let Some(Hole { start, end, .. }) = promised.iter().find(|hole| hole.is_after(newest)) {
        return Some(format!("positions {start} to {end} of the log are damaged and may have held records of it"));
    }
    let position = orphan?;
    let explained = holes.iter().any(|hole| hole.is_after(newest) && hole.start < position);
    (!explained).then(|| format!("the record at position {position} of the log follows one that is not there"))
}

fn summary_of_part(files: &dyn FileSystem, id: MatchId, part: &Part) -> io::Result<(Option<Summary>, Places)> {
    let mut places = Places::default();
    if part.records == 0 {
        return Ok((None, places));
    }
    let file = files.open(&part_name(id))?;
    let mut bytes = vec![0; usize::try_from(part.bytes).map_err(io::Error::other)?];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    let (mut summary, mut records) = (None, 0);
    let mut reader = Reader::new(&bytes).map_err(io::Error::other)?;
    loop {
        let at = reader.offset() as u64;
        let Some(record) = reader.next() else { break };
        let record = record.map_err(io::Error::other)?;
        places.note(records, at);
        records += 1;
        match (&mut summary, &record) {
            (None, Record::Setup(setup)) => summary = Some(Summary::new(setup)),
            (Some(summary), record) => Summary::note(summary, record),
            (None, _) => {}
        }
    }
    if records == part.records { Ok((summary, places)) } else { Err(io::Error::other("records are missing")) }
}
