//! The segments of a log, for everybody who reads.

use std::collections::BTreeMap;
use std::io;
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
    /// Makes the file, or makes it anew.
    pub(super) fn create(files: &dyn FileSystem, base: u64) -> io::Result<Segment> {
        let file = files.create(&name(base))?;
        file.write_at(0, &segment_header(base))?;
        Ok(Segment { base, file })
    }

    pub(super) fn offset(&self, position: u64) -> u64 {
        position - self.base + SEGMENT_HEADER as u64
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

    /// The oldest segment, and the base of the one after it. `None`: there is one at most.
    pub(super) fn oldest(&self) -> Option<(u64, u64)> {
        let by_base = self.by_base();
        let mut bases = by_base.keys();
        Some((*bases.next()?, *bases.next()?))
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
