//! The segments of a log, for everybody who reads.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::files::{File, FileSystem};
use super::frame::{NoFrame, Read, SEGMENT_HEADER, segment_header};
use super::staging::Staging;
use crate::journal::JournalError;

/// Where segments stand.
pub(super) const FOLDER: &str = "segments";
const SUFFIX: &str = ".log";

/// What is read at once: most frames are smaller.
const WINDOW: usize = 1_024;

/// In how many segments a frame is looked for.
const MOST_ATTEMPTS: usize = 8;

/// A segment's name.
pub(super) fn name(base: u64) -> String {
    format!("{FOLDER}/{base:016x}{SUFFIX}")
}

/// The base of the segment with this name, its folder left out.
pub(super) fn base_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX).filter(|digits| digits.len() == 16)?;
    u64::from_str_radix(digits, 16).ok()
}

/// A file of the log.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) base: u64,
    pub(super) file: Arc<dyn File>,
}

impl Segment {
    /// Makes the file. One that is there is of an attempt that failed, and may be the only one that holds what was
    /// published as written: the same bytes go over it, and it is never empty in between.
    pub(super) fn create(files: &dyn FileSystem, base: u64) -> io::Result<Segment> {
        let file = match files.open(&name(base)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => files.create(&name(base))?,
            found => found?,
        };
        file.write_at(0, &segment_header(base))?;
        Ok(Segment { base, file })
    }

    /// The positions of what is in it, whole or not.
    pub(super) fn positions(&self) -> io::Result<Range<u64>> {
        let size = self.file.size()?.saturating_sub(SEGMENT_HEADER as u64);
        Ok(self.base..self.base + size)
    }

    pub(super) fn offset(&self, position: u64) -> u64 {
        position - self.base + SEGMENT_HEADER as u64
    }

    /// Makes what can be read durable from a position on. After a sync that failed the system may show bytes which are
    /// not on the disk, and says of the next sync that all is well: only what is written again is known to be there.
    pub(super) fn renew(&self, synced: u64) -> io::Result<()> {
        let from = if synced <= self.base { 0 } else { self.offset(synced) };
        let mut bytes = vec![0; usize::try_from(self.file.size()?.saturating_sub(from)).map_err(io::Error::other)?];
        let read = self.file.read_at(from, &mut bytes)?;
        self.file.write_at(from, &bytes[..read])?;
        self.file.sync()
    }
}

/// All segments and what is not in one yet.
#[derive(Debug)]
pub(super) struct Segments {
    by_base: Mutex<BTreeMap<u64, Segment>>,
    pub(super) staging: Staging,
}

impl Segments {
    pub(super) fn new(segments: impl IntoIterator<Item = Segment>, staging: Staging) -> Segments {
        let by_base = segments.into_iter().map(|segment| (segment.base, segment)).collect();
        Segments { by_base: Mutex::new(by_base), staging }
    }

    pub(super) fn insert(&self, segment: Segment) {
        self.by_base().insert(segment.base, segment);
    }

    pub(super) fn forget(&self, base: u64) {
        self.by_base().remove(&base);
    }

    /// The oldest segment, and where it ends. `None`: there is one at most.
    ///
    /// That may be past the base of the next one: what a sync failed for was to be written again there, and if the process
    /// was killed before it was, only the older one has it.
    pub(super) fn oldest(&self) -> io::Result<Option<(u64, u64)>> {
        let (oldest, next) = {
            let by_base = self.by_base();
            let mut segments = by_base.values();
            let (Some(oldest), Some(next)) = (segments.next(), segments.next()) else { return Ok(None) };
            (oldest.clone(), next.base)
        };
        let positions = oldest.positions()?;
        Ok(Some((oldest.base, next.max(positions.end))))
    }

    /// Reads the frame at a position and hands it over.
    pub(super) fn frame<T>(&self, position: u64, read: impl Fn(Read<'_>) -> T) -> Result<T, JournalError> {
        // Staging first: what leaves it is in a segment already.
        if let Some(found) = first_frame(|most| Ok(self.staging.read(position, most).unwrap_or_default()), &read)? {
            return Ok(found);
        }
        for segment in self.holding(position) {
            let bytes = |most: usize| {
                let mut bytes = vec![0; most];
                let size = segment.file.read_at(segment.offset(position), &mut bytes);
                bytes.truncate(size.map_err(|error| JournalError::Failed(error.to_string()))?);
                Ok(bytes)
            };
            if let Some(found) = first_frame(bytes, &read)? {
                return Ok(found);
            }
        }
        Err(JournalError::Damaged(format!("no frame stands at position {position}")))
    }

    /// Segments that may hold a position, the likeliest first: what was written again after a failure is in two, and the
    /// newer one may be torn.
    fn holding(&self, position: u64) -> Vec<Segment> {
        self.by_base().range(..=position).rev().take(MOST_ATTEMPTS).map(|(_, segment)| segment.clone()).collect()
    }

    fn by_base(&self) -> MutexGuard<'_, BTreeMap<u64, Segment>> {
        self.by_base.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The frame at the beginning of bytes of which more can be asked for; `None`: there is none.
fn first_frame<T>(
    bytes: impl Fn(usize) -> Result<Vec<u8>, JournalError>,
    read: &impl Fn(Read<'_>) -> T,
) -> Result<Option<T>, JournalError> {
    let mut most = WINDOW;
    loop {
        let bytes = bytes(most)?;
        match Read::first_of(&bytes) {
            Ok(frame) => return Ok(Some(read(frame))),
            Err(NoFrame::Longer(size)) if size > most => most = size,
            Err(_) => return Ok(None),
        }
    }
}
