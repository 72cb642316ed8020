//! What waits to be written: shards append, the writer takes it all at once.
//!
//! One buffer for all shards behind a lock that is held for a copy of some hundred bytes: a place in it is a place in
//! the log, so that positions are known before anything is written. Bounded; past half of the bound matches stall.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::frame::{BLOCK_HEADER, Frame, seal_block};
use crate::journal::JournalError;

/// Bytes that may wait. A log that works writes them within a second; half of them is room for a record of every match
/// that has one in flight when the log begins to stall.
pub(super) const MAX_STAGED_BYTES: usize = 128 << 20;

/// A buffer that grew past this is given back once it was written.
const KEEP_CAPACITY: usize = 1 << 20;

/// What is written at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// A block; its header is filled in when it is taken.
    pub(super) bytes: Vec<u8>,
    /// Position of the first byte.
    pub(super) base: u64,
    /// Something in it must be synced before it is durable.
    pub(super) sync: bool,
    /// Woken once it is written.
    pub(super) written: Vec<Waker>,
    /// Woken once it is synced.
    pub(super) synced: Vec<Waker>,
}

impl Batch {
    fn at(base: u64, mut bytes: Vec<u8>) -> Batch {
        bytes.clear();
        bytes.resize(BLOCK_HEADER, 0);
        Batch { bytes, base, ..Batch::default() }
    }

    /// Position after the last byte.
    pub(super) fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// A copy of the bytes from a position on.
    fn from(&self, position: u64, most: usize) -> Option<Vec<u8>> {
        let at = usize::try_from(position.checked_sub(self.base)?).ok()?;
        let bytes = self.bytes.get(at..)?;
        Some(bytes[..bytes.len().min(most)].to_vec())
    }
}

/// Who is woken, and after what.
#[derive(Debug)]
pub(super) enum Wake {
    Nobody,
    Written(Waker),
    Synced(Waker),
}

/// Where a frame stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) start: u64,
    pub(super) end: u64,
}

#[derive(Debug)]
struct Both {
    filling: Batch,
    /// Being written.
    sealed: Option<Arc<Batch>>,
    /// Of the batch before, to be used again.
    spare: Vec<u8>,
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Staging(Mutex<Both>);

impl Staging {
    pub(super) fn new(base: u64) -> Staging {
        Staging(Mutex::new(Both { filling: Batch::at(base, Vec::new()), sealed: None, spare: Vec::new() }))
    }

    /// Appends a frame.
    pub(super) fn append(&self, frame: &Frame, wake: Wake, sync: bool) -> Result<Place, JournalError> {
        let mut both = self.both();
        let filling = &mut both.filling;
        if filling.bytes.len() + frame.size() > MAX_STAGED_BYTES {
            return Err(JournalError::Failed("too much waits to be written".to_owned()));
        }
        let start = filling.end();
        frame.write(&mut filling.bytes);
        filling.sync |= sync;
        match wake {
            Wake::Nobody => {}
            Wake::Written(waker) => filling.written.push(waker),
            Wake::Synced(waker) => filling.synced.push(waker),
        }
        Ok(Place { start, end: filling.end() })
    }

    /// Asks for a sync of everything that was appended so far.
    pub(super) fn ask_for_sync(&self) {
        self.both().filling.sync = true;
    }

    /// Whether more waits than a log that keeps up ever lets wait.
    pub(super) fn is_crowded(&self) -> bool {
        self.both().filling.bytes.len() > MAX_STAGED_BYTES / 2
    }

    /// Everything that waits, as a block; what was taken before and not [`Staging::written`] comes again. `synced` is for
    /// its header.
    pub(super) fn take(&self, synced: u64) -> Option<Arc<Batch>> {
        let mut both = self.both();
        if let Some(sealed) = &both.sealed {
            return Some(Arc::clone(sealed));
        }
        if both.filling.bytes.len() == BLOCK_HEADER && !both.filling.sync {
            return None;
        }
        let (end, spare) = (both.filling.end(), std::mem::take(&mut both.spare));
        let mut batch = std::mem::replace(&mut both.filling, Batch::at(end, spare));
        seal_block(&mut batch.bytes, batch.base, synced);
        let sealed = Arc::new(batch);
        both.sealed = Some(Arc::clone(&sealed));
        Some(sealed)
    }

    /// The batch that was taken is in its segment.
    pub(super) fn written(&self, batch: Arc<Batch>) {
        drop(batch);
        let mut both = self.both();
        if let Some(batch) = both.sealed.take().and_then(Arc::into_inner)
            && batch.bytes.capacity() <= KEEP_CAPACITY
        {
            both.spare = batch.bytes;
        }
    }

    /// Bytes from a position on that are not in a segment yet.
    pub(super) fn read(&self, position: u64, most: usize) -> Option<Vec<u8>> {
        let both = self.both();
        let sealed = || both.sealed.as_ref().and_then(|sealed| sealed.from(position, most));
        both.filling.from(position, most).or_else(sealed)
    }

    fn both(&self) -> MutexGuard<'_, Both> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
