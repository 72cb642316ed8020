//! What is read from a log is not read on a shard: no match waits for another one's disk.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::task::Waker;

use bytes::Bytes;
use stadion_host::journal::log::files::{File, FileSystem, Guard, RealFiles};
use stadion_host::journal::{
    Begin, DiskJournals, Journal, JournalError, Journals, LogConfig, MemoryJournals, MemoryLimits, Recalled, Reopened,
    Unfinished,
};
use stadion_host::replay::Coverage;
use stadion_protocol::MatchId;
use stadion_protocol::contract::{Durability, EndReason, Host, HostEvent, MatchSettings, MatchState, TrapPolicy};

use crate::guests;
use crate::rig::{MOODY, PATIENCE, Rig, until};

/// Ticks of a neighbour that pass while a journal is being read.
const MEANWHILE: u64 = 20;

/// Reads that can be held up.
#[derive(Debug, Default)]
struct Gate {
    held: Mutex<bool>,
    changed: Condvar,
    /// Names of the threads that read while it was held.
    readers: Mutex<Vec<String>>,
}

impl Gate {
    fn hold(&self, held: bool) {
        *self.held.lock().unwrap() = held;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let held = self.held.lock().unwrap();
        if *held {
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            self.readers.lock().unwrap().push(name);
        }
        let (held, _) = self.changed.wait_timeout_while(held, PATIENCE, |held| *held).unwrap();
        assert!(!*held, "nobody let the reader go on");
    }

    fn readers(&self) -> Vec<String> {
        self.readers.lock().unwrap().clone()
    }
}

/// Real files, read as slowly as the gate says.
#[derive(Debug)]
struct SlowFiles(RealFiles, Arc<Gate>);

#[derive(Debug)]
struct SlowFile(Arc<dyn File>, Arc<Gate>);

impl SlowFiles {
    fn slow(&self, file: io::Result<Arc<dyn File>>) -> io::Result<Arc<dyn File>> {
        file.map(|file| Arc::new(SlowFile(file, Arc::clone(&self.1))) as Arc<dyn File>)
    }
}

impl FileSystem for SlowFiles {
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.slow(self.0.create(name))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.slow(self.0.open(name))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.0.list(folder)
    }

    fn make_folder(&self, folder: &str) -> io::Result<()> {
        self.0.make_folder(folder)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.0.sync_folder(folder)
    }

    fn lock(&self, name: &str) -> io::Result<Box<dyn Guard>> {
        self.0.lock(name)
    }
}

impl File for SlowFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.1.pass();
        self.0.read_at(offset, into)
    }

    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.0.truncate(size)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

fn slow_rig(folder: &Path) -> (Rig, Arc<Gate>) {
    let gate = Arc::<Gate>::default();
    let files = SlowFiles(RealFiles::new(folder).unwrap(), Arc::clone(&gate));
    let journals = DiskJournals::over(Arc::new(files), LogConfig::default()).unwrap();
    (Rig::over(Arc::new(journals), 1), gate)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_of_a_match_that_ends_is_read_while_its_neighbour_ticks() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rig, gate) = slow_rig(folder.path());
    let version = rig.publish_moody();
    let (ends, mut players) = rig.play(version, 1).await;
    let (neighbour, _others) = rig.play(version, 1).await;
    rig.until_tick(ends, 5).await;

    gate.hold(true);
    rig.say(&mut players[0], "F results");
    until(|| (!gate.readers().is_empty()).then_some(())).await;
    let now = rig.host.status(neighbour).await.unwrap().tick.0;
    rig.until_tick(neighbour, now + MEANWHILE).await;
    assert_eq!(rig.host.status(ends).await.unwrap().state, MatchState::Ended, "it is known to be over");
    let told = |event: &HostEvent| matches!(event, HostEvent::Ended { .. });
    assert!(!rig.heard(told), "results come with a journal");

    gate.hold(false);
    let (_, journal) = rig.until_ended(ends).await;
    assert_eq!(rig.replay(version, &journal).coverage, Coverage::Whole(EndReason::Finished));
    assert_eq!(rig.host.journal(ends).await.unwrap(), journal);
    assert!(gate.readers().iter().all(|thread| !thread.starts_with("shard")), "{:?}", gate.readers());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_of_a_match_that_runs_is_read_while_it_ticks() {
    let folder = tempfile::tempdir().unwrap();
    let (mut rig, gate) = slow_rig(folder.path());
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "one");
    rig.until_message(players[0].conn, "one").await;
    gate.hold(true);
    let host = Arc::clone(&rig.host);
    let reading = tokio::spawn(async move { host.journal(id).await });
    until(|| (!gate.readers().is_empty()).then_some(())).await;
    let now = rig.host.status(id).await.unwrap().tick.0;
    rig.until_tick(id, now + MEANWHILE).await;
    assert!(!reading.is_finished());
    gate.hold(false);
    let journal = reading.await.unwrap().unwrap();
    assert_eq!(rig.replay(version, &journal).coverage, Coverage::Running);
    assert!(gate.readers().iter().all(|thread| !thread.starts_with("shard")), "{:?}", gate.readers());
}

/// Journals that note from which tick on matches are made again.
struct Noting(MemoryJournals, Arc<Mutex<Vec<Option<u64>>>>);

impl Journals for Noting {
    fn open(&self, id: MatchId, level: Durability, advanced: Waker) -> Result<Box<dyn Journal>, JournalError> {
        self.0.open(id, level, advanced)
    }

    fn unfinished(&self) -> Vec<Unfinished> {
        self.0.unfinished()
    }

    fn reopen(&self, id: MatchId, advanced: Waker) -> Result<Reopened, JournalError> {
        self.0.reopen(id, advanced)
    }

    fn read(&self, id: MatchId) -> Option<Bytes> {
        self.0.read(id)
    }

    fn recall(&self, id: MatchId, begin: Begin) -> Result<Recalled, JournalError> {
        let recalled = self.0.recall(id, begin)?;
        self.1.lock().unwrap().push(recalled.checkpoint.as_ref().map(|checkpoint| checkpoint.tick));
        Ok(recalled)
    }
}

/// Works for some milliseconds in every step, so that checkpoints of it are taken.
fn busy_and_moody() -> Vec<u8> {
    let work = "(local $word i32) (local $left i32)
  (local.set $left (i32.const 12000000))
  (loop $more
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $more (local.get $left)))";
    guests::module(&MOODY.replacen("(local $word i32)", work, 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_trapped_is_run_again_from_the_newest_checkpoint_on() {
    let from = Arc::<Mutex<Vec<Option<u64>>>>::default();
    let journals = Noting(MemoryJournals::new(MemoryLimits::default()), Arc::clone(&from));
    let mut rig = Rig::over(Arc::new(journals), 1);
    let version = rig.publish(&busy_and_moody());
    let mut request = rig.request(version, 1);
    request.settings = MatchSettings { trap: TrapPolicy::SkipOnce, ..MatchSettings::default() };
    let (id, mut players) = rig.play_as(request).await;
    until_checkpoint(&rig, id).await;
    rig.say(&mut players[0], "T");
    rig.say(&mut players[0], "two");
    rig.until_message(players[0].conn, "two").await;
    let from = from.lock().unwrap().clone();
    assert!(!from.is_empty() && from.iter().all(|tick| tick.is_some_and(|tick| tick > 0)), "{from:?}");
    let journal = rig.host.journal(id).await.unwrap();
    rig.replay(version, &journal);
}

async fn until_checkpoint(rig: &Rig, id: MatchId) {
    let before = std::time::Instant::now();
    while rig.host.match_stats(id).await.unwrap().checkpoints == 0 {
        assert!(before.elapsed() < PATIENCE, "no checkpoint was taken");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
