//! Runs a log: a thread that writes, and one that keeps house.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

use super::files::{FileSystem, RealFiles};
use super::{Log, LogConfig, LogKeeper, LogWriter, OpenError, Turn};
use crate::journal::{Begin, Journal, JournalError, Journals, Recalled, Reopened, Unfinished};

/// Between two writes: what many matches append meanwhile is written at once. At most 4,000 wake-ups a second, and half
/// of it is what a reliable message waits on average.
const GATHER: Duration = Duration::from_micros(250);

/// Before a write that failed is tried again: a full disk is not helped by haste.
const RETRY: Duration = Duration::from_millis(100);

/// How often the keeper looks whether there is something to do.
const KEEPER_LOOKS: Duration = Duration::from_millis(50);

/// The journals of a host, in a folder of their own.
///
/// Dropping it writes and syncs what waits and ends both threads; journals that are still open take no more.
#[derive(Debug)]
pub struct DiskJournals {
    log: Log,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl DiskJournals {
    /// Opens the log in this folder, which is made if it is not there.
    pub fn open(folder: &Path, config: LogConfig) -> Result<DiskJournals, OpenError> {
        DiskJournals::over(Arc::new(RealFiles::new(folder)?), config)
    }

    /// Opens the log in these files.
    pub fn over(files: Arc<dyn FileSystem>, config: LogConfig) -> Result<DiskJournals, OpenError> {
        let (log, writer, keeper) = Log::open(files, config)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (stop_writer, stop_keeper) = (Arc::clone(&stop), Arc::clone(&stop));
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let threads = vec![
            named("log-writer").spawn(move || write(writer, &stop_writer))?,
            named("log-keeper").spawn(move || keep(keeper, &stop_keeper))?,
        ];
        // Until here nobody could have appended: no ring is lost.
        let _ = log.shared.writer.set(threads[0].thread().clone());
        log.shared.ring();
        Ok(DiskJournals { log, stop, threads })
    }

    /// The log itself: what is damaged, whether it fails.
    pub fn log(&self) -> &Log {
        &self.log
    }
}

impl Drop for DiskJournals {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("a thread of the log ended in a panic");
            }
        }
    }
}

fn write(mut writer: LogWriter, stop: &AtomicBool) {
    crate::os::exact_timers();
    while !stop.load(Ordering::Acquire) {
        writer.heard();
        match writer.turn() {
            Turn::Idle => std::thread::park(),
            Turn::Wrote => std::thread::sleep(GATHER),
            Turn::Failed => std::thread::sleep(RETRY),
        }
    }
    if writer.finish() == Turn::Failed {
        tracing::error!("what the log still held could not be written");
    }
}

fn keep(mut keeper: LogKeeper, stop: &AtomicBool) {
    while !stop.load(Ordering::Acquire) {
        let wait = match keeper.turn() {
            Ok(true) => continue,
            Ok(false) => KEEPER_LOOKS,
            Err(error) => {
                tracing::error!(%error, "the log's housekeeping failed and is tried again");
                RETRY
            }
        };
        std::thread::park_timeout(wait);
    }
}

impl Journals for DiskJournals {
    fn open(&self, id: MatchId, level: Durability, advanced: Waker) -> Result<Box<dyn Journal>, JournalError> {
        Journals::open(&self.log, id, level, advanced)
    }

    fn unfinished(&self) -> Vec<Unfinished> {
        self.log.unfinished()
    }

    fn reopen(&self, id: MatchId, advanced: Waker) -> Result<Reopened, JournalError> {
        self.log.reopen(id, advanced)
    }

    fn outlives_process(&self, level: Durability) -> bool {
        self.log.outlives_process(level)
    }

    fn read(&self, id: MatchId) -> Option<Bytes> {
        self.log.read(id)
    }

    fn recall(&self, id: MatchId, begin: Begin) -> Result<Recalled, JournalError> {
        self.log.recall(id, begin)
    }
}
