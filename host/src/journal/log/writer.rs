//! The one that writes: takes what waits, writes it, syncs it if something in it asks for that, and publishes how far
//! the log has come. One turn at a time, so that a test can stop between any two.
//!
//! ```text
//!   batch ──▶ write ──▶ written ──▶ sync, if asked for, or if the segment is full ──▶ synced
//!               │ failed            │ failed
//!               └───────────────────┴──▶ doubtful ──written again and synced──▶ the batch goes into another segment
//! ```
//!
//! Whatever is said to be synced says so of everything before it. So a segment that was given up with bytes that are not
//! known to be on the disk is written again and synced before anything else is written: until then the log fails, and
//! matches stall or degrade as they chose, whatever their durability.

use std::io;
use std::sync::Arc;

use super::Shared;
use super::segments::{FOLDER, Segment, name};
use super::staging::Batch;

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing waits.
    Idle,
    /// Something was written.
    Wrote,
    /// It could not be written, and is tried again in the next turn. The driver waits a little first.
    Failed,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct LogWriter {
    shared: Arc<Shared>,
    /// `None`: the next block begins one.
    segment: Option<Current>,
    /// Given up after a write or a sync that failed: what was published of them may not be on the disk. Two at most, for
    /// they are tried first.
    doubtful: Vec<Segment>,
}

#[derive(Debug)]
struct Current {
    segment: Segment,
    bytes: u64,
    /// Its name survives loss of power.
    named: bool,
}

impl LogWriter {
    pub(super) fn new(shared: Arc<Shared>) -> LogWriter {
        LogWriter { shared, segment: None, doubtful: Vec::new() }
    }

    /// Writes what waits.
    pub fn turn(&mut self) -> Turn {
        let Some(batch) = self.shared.segments.staging.take(self.shared.synced()) else { return Turn::Idle };
        match self.renew(&batch).and_then(|()| self.write(&batch)) {
            Ok(()) => {
                self.shared.segments.staging.written(batch);
                self.shared.healed();
                Turn::Wrote
            }
            Err(error) => {
                // What a file holds after a failed write or sync is unknown: the batch goes into another one.
                if let Some(Current { segment, .. }) = self.segment.take()
                    && self.doubtful.iter().all(|doubtful| doubtful.base != segment.base)
                {
                    self.doubtful.push(segment);
                }
                self.shared.failed(&error);
                batch.written.iter().chain(&batch.synced).for_each(std::task::Waker::wake_by_ref);
                Turn::Failed
            }
        }
    }

    /// Makes sure of what was published before the batch.
    fn renew(&mut self, batch: &Batch) -> io::Result<()> {
        if self.doubtful.is_empty() {
            return Ok(());
        }
        self.doubtful.iter().try_for_each(|segment| segment.renew(self.shared.synced()))?;
        self.shared.files.sync_folder(FOLDER)?;
        self.doubtful.clear();
        self.shared.publish_synced(batch.base);
        Ok(())
    }

    fn write(&mut self, batch: &Batch) -> io::Result<()> {
        if self.segment.as_ref().is_some_and(|current| current.bytes >= self.shared.config.segment_bytes) {
            // Only the newest segment may hold what is not synced.
            self.sync(batch.base)?;
            self.segment = None;
        }
        let current = match &mut self.segment {
            Some(current) => current,
            none => {
                let segment = Segment::create(&*self.shared.files, batch.base)?;
                none.insert(Current { segment, bytes: 0, named: false })
            }
        };
        current.segment.file.write_at(current.segment.offset(batch.base), &batch.bytes)?;
        if current.bytes == 0 {
            self.shared.segments.insert(current.segment.clone());
        }
        current.bytes += batch.bytes.len() as u64;
        // Readers find in the segment from here on what a woken match asks for.
        self.shared.publish_written(batch.end());
        batch.written.iter().for_each(std::task::Waker::wake_by_ref);
        if batch.sync {
            self.sync(batch.end())?;
            batch.synced.iter().for_each(std::task::Waker::wake_by_ref);
        }
        Ok(())
    }

    fn sync(&mut self, end: u64) -> io::Result<()> {
        if let Some(current) = &mut self.segment {
            current.segment.file.sync()?;
            if !current.named {
                self.shared.files.sync_folder(FOLDER)?;
                current.named = true;
            }
        }
        self.shared.publish_synced(end);
        Ok(())
    }

    /// From here on whoever appends rings again. Before [`LogWriter::turn`], by a driver that sleeps when it is idle.
    pub fn heard(&self) {
        self.shared.rung.store(false, std::sync::atomic::Ordering::Release);
    }

    /// Writes and syncs what waits, for an orderly end.
    pub fn finish(&mut self) -> Turn {
        self.shared.segments.staging.ask_for_sync();
        self.turn()
    }
}

/// Removes a segment that nothing needs any more. Synced before the next one goes: were an older one to come back without
/// a newer one, it would tell of matches without their end.
pub(super) fn remove(shared: &Shared, base: u64) -> io::Result<()> {
    shared.files.remove(&name(base))?;
    shared.files.sync_folder(FOLDER)?;
    shared.segments.forget(base);
    Ok(())
}
