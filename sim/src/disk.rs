//! A disk in memory that does what disks do at the worst moment: it forgets what was not synced, in any order and in
//! part, tears the write during which the power went, flips bits, fills up and refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stadion_host::journal::log::files::{File, FileSystem, Guard};

use crate::Rng;

/// What a disk writes as one: a write that is torn or forgotten is so in whole sectors.
const SECTOR: usize = 512;

/// How a machine goes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process is killed: what it wrote is there.
    Kill,
    /// The power goes: what was not synced may be there, in part or not at all.
    PowerLoss,
}

/// See the module's documentation. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    rng: Rng,
    /// Which process may use its handles.
    epoch: u64,
    locks: BTreeSet<String>,
    now: BTreeMap<String, u64>,
    durable: BTreeMap<String, u64>,
    files: BTreeMap<u64, Data>,
    next_file: u64,
    capacity: usize,
    /// Operations until the process is killed in the middle of one.
    crash_in: Option<u64>,
    crashed: bool,
    failing_syncs: u32,
    lying: bool,
    /// Reads so far, and their bytes.
    reads: (u64, u64),
}

#[derive(Debug, Default)]
struct Data {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl Change {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Write(at, bytes) => {
                if to.len() < at + bytes.len() {
                    to.resize(at + bytes.len(), 0);
                }
                to[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Change::Truncate(size) => to.truncate(*size),
        }
    }

    /// What of it was on its way when the power went: each sector may have arrived or not.
    fn survives(&self, rng: &mut Rng, to: &mut Vec<u8>) {
        match self {
            Change::Write(at, bytes) => {
                let chance = [0, 500, 1_000][rng.below(3) as usize];
                let mut from = 0;
                while from < bytes.len() {
                    let until = (from + SECTOR - (at + from) % SECTOR).min(bytes.len());
                    if rng.permille(chance) {
                        Change::Write(at + from, bytes[from..until].to_vec()).apply(to);
                    }
                    from = until;
                }
            }
            Change::Truncate(_) if rng.permille(500) => self.apply(to),
            Change::Truncate(_) => {}
        }
    }
}

impl Disk {
    /// An empty disk with this much room, bytes.
    pub fn new(rng: Rng, capacity: usize) -> Disk {
        Disk(Arc::new(Mutex::new(Inner {
            rng,
            epoch: 0,
            locks: BTreeSet::new(),
            now: BTreeMap::new(),
            durable: BTreeMap::new(),
            files: BTreeMap::new(),
            next_file: 0,
            capacity,
            crash_in: None,
            crashed: false,
            failing_syncs: 0,
            lying: false,
            reads: (0, 0),
        })))
    }

    /// As a process sees it that starts now. What earlier ones hold is of no use to them any more.
    pub fn mount(&self) -> Arc<dyn FileSystem> {
        Arc::new(Mounted { disk: self.clone(), epoch: self.inner().epoch })
    }

    /// The process is killed within the n-th operation from now, 0 for the next; a write then is there in part.
    pub fn crash_in(&self, operations: u64) {
        self.inner().crash_in = Some(operations);
    }

    /// Whether that has happened.
    pub fn has_crashed(&self) -> bool {
        self.inner().crashed
    }

    /// The next so many syncs fail.
    pub fn fail_syncs(&self, count: u32) {
        self.inner().failing_syncs = count;
    }

    /// Whether the next sync fails.
    pub fn is_failing(&self) -> bool {
        self.inner().failing_syncs > 0
    }

    /// From here on no sync does anything.
    pub fn lie(&self) {
        self.inner().lying = true;
    }

    /// Gives it another size, bytes.
    pub fn set_capacity(&self, capacity: usize) {
        self.inner().capacity = capacity;
    }

    /// How often bytes were asked for so far, and how many were given.
    pub fn reads(&self) -> (u64, u64) {
        self.inner().reads
    }

    /// Bytes in files whose names begin like this.
    pub fn held(&self, prefix: &str) -> u64 {
        let inner = self.inner();
        let of = |(name, id): (&String, &u64)| name.starts_with(prefix).then(|| inner.files[id].now.len() as u64);
        inner.now.iter().filter_map(of).sum()
    }

    /// Segments of the log that are there.
    pub fn segments(&self) -> usize {
        self.inner().now.keys().filter(|name| name.starts_with("segments/")).count()
    }

    /// Bytes in all files.
    pub fn used(&self) -> usize {
        self.inner().used()
    }

    /// The machine goes down and comes up again.
    pub fn crash(&self, how: Crash) {
        let mut inner = self.inner();
        inner.epoch += 1;
        inner.locks.clear();
        (inner.crash_in, inner.crashed, inner.failing_syncs) = (None, false, 0);
        if how == Crash::PowerLoss {
            inner.lose_power();
        }
    }

    /// Flips one bit of a file whose name begins like this; `false`: there is none with a byte in it.
    pub fn flip(&self, prefix: &str) -> bool {
        let inner = &mut *self.inner();
        let found =
            |(name, id): (&String, &u64)| (name.starts_with(prefix) && !inner.files[id].now.is_empty()).then_some(*id);
        let ids: Vec<u64> = inner.now.iter().filter_map(found).collect();
        if ids.is_empty() {
            return false;
        }
        let id = ids[inner.rng.below(ids.len() as u64) as usize];
        let data = inner.files.get_mut(&id).expect("it was found");
        let bit = inner.rng.below(data.now.len() as u64 * 8) as usize;
        data.now[bit / 8] ^= 1 << (bit % 8);
        data.durable.clone_from(&data.now);
        data.unsynced.clear();
        true
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn used(&self) -> usize {
        self.now.values().filter_map(|id| self.files.get(id)).map(|data| data.now.len()).sum()
    }

    fn lose_power(&mut self) {
        let names: BTreeSet<String> = self.now.keys().chain(self.durable.keys()).cloned().collect();
        let mut after = BTreeMap::new();
        for name in names {
            let (now, durable) = (self.now.get(&name), self.durable.get(&name));
            let survivor = if now == durable || self.rng.permille(500) { now } else { durable };
            survivor.map(|id| after.insert(name, *id));
        }
        (self.now, self.durable) = (after.clone(), after);
        for data in self.files.values_mut() {
            let mut bytes = std::mem::take(&mut data.durable);
            data.unsynced.drain(..).for_each(|change| change.survives(&mut self.rng, &mut bytes));
            data.now.clone_from(&bytes);
            data.durable = bytes;
        }
        let kept: BTreeSet<u64> = self.now.values().copied().collect();
        self.files.retain(|id, _| kept.contains(id));
    }

    /// Counts an operation. `Err`: the process does not live to see it; `Ok(true)`: it is killed within it.
    fn operate(&mut self, epoch: u64) -> io::Result<bool> {
        if self.crashed || epoch != self.epoch {
            return Err(io::Error::other("the process was killed"));
        }
        match &mut self.crash_in {
            Some(0) => {
                self.crashed = true;
                Ok(true)
            }
            Some(left) => {
                *left -= 1;
                Ok(false)
            }
            None => Ok(false),
        }
    }
}

#[derive(Debug)]
struct Mounted {
    disk: Disk,
    epoch: u64,
}

impl Mounted {
    /// Counts an operation that happens whole or not at all.
    fn operate(&self) -> io::Result<MutexGuard<'_, Inner>> {
        let mut inner = self.disk.inner();
        if inner.operate(self.epoch)? { Err(io::Error::other("the process was killed")) } else { Ok(inner) }
    }

    fn handle(&self, id: u64) -> Arc<dyn File> {
        Arc::new(Handle { disk: self.disk.clone(), epoch: self.epoch, id })
    }
}

impl FileSystem for Mounted {
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut inner = self.operate()?;
        let id = match inner.now.get(name) {
            Some(id) => *id,
            None => {
                inner.next_file += 1;
                let id = inner.next_file;
                inner.now.insert(name.to_owned(), id);
                id
            }
        };
        let data = inner.files.entry(id).or_default();
        data.now.clear();
        data.unsynced.push(Change::Truncate(0));
        Ok(self.handle(id))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let inner = self.operate()?;
        let id = *inner.now.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.handle(id))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let prefix = format!("{folder}/");
        let inner = self.operate()?;
        Ok(inner.now.keys().filter_map(|name| name.strip_prefix(&prefix)).map(str::to_owned).collect())
    }

    fn make_folder(&self, _: &str) -> io::Result<()> {
        self.operate().map(drop)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut inner = self.operate()?;
        let id = inner.now.remove(from).ok_or(io::ErrorKind::NotFound)?;
        inner.now.insert(to.to_owned(), id);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.operate()?.now.remove(name);
        Ok(())
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        let mut inner = self.operate()?;
        let prefix = format!("{folder}/");
        let now: Vec<_> = inner.now.iter().filter(|(name, _)| name.starts_with(&prefix)).collect();
        let now: Vec<_> = now.into_iter().map(|(name, id)| (name.clone(), *id)).collect();
        inner.durable.retain(|name, _| !name.starts_with(&prefix));
        inner.durable.extend(now);
        Ok(())
    }

    fn lock(&self, name: &str) -> io::Result<Box<dyn Guard>> {
        let mut inner = self.operate()?;
        if !inner.locks.insert(name.to_owned()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Held { disk: self.disk.clone(), epoch: self.epoch, name: name.to_owned() }))
    }
}

#[derive(Debug)]
struct Held {
    disk: Disk,
    epoch: u64,
    name: String,
}

impl Guard for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        let mut inner = self.disk.inner();
        if inner.epoch == self.epoch {
            inner.locks.remove(&self.name);
        }
    }
}

#[derive(Debug)]
struct Handle {
    disk: Disk,
    epoch: u64,
    id: u64,
}

impl Handle {
    fn change(&self, change: Change) -> io::Result<()> {
        let inner = &mut *self.disk.inner();
        let killed = inner.operate(self.epoch)?;
        let room = inner.capacity.saturating_sub(inner.used());
        let data = inner.files.get_mut(&self.id).ok_or(io::ErrorKind::NotFound)?;
        let (change, error) = match change {
            Change::Write(at, mut bytes) => {
                let more = (at + bytes.len()).saturating_sub(data.now.len());
                if killed {
                    bytes.truncate(inner.rng.below(bytes.len() as u64 + 1) as usize);
                    (Change::Write(at, bytes), Some(io::Error::other("the process was killed")))
                } else if more > room {
                    bytes.truncate(bytes.len() - (more - room).min(bytes.len()));
                    (Change::Write(at, bytes), Some(io::ErrorKind::StorageFull.into()))
                } else {
                    (Change::Write(at, bytes), None)
                }
            }
            Change::Truncate(_) if killed => return Err(io::Error::other("the process was killed")),
            truncate @ Change::Truncate(_) => (truncate, None),
        };
        change.apply(&mut data.now);
        data.unsynced.push(change);
        error.map_or(Ok(()), Err)
    }
}

impl File for Handle {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.change(Change::Write(offset as usize, bytes.to_vec()))
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        // Reading changes nothing: no need to count it.
        let inner = &mut *self.disk.inner();
        if inner.crashed || inner.epoch != self.epoch {
            return Err(io::Error::other("the process was killed"));
        }
        let data = inner.files.get(&self.id).ok_or(io::ErrorKind::NotFound)?;
        let from = data.now.get(offset as usize..).unwrap_or_default();
        let size = from.len().min(into.len());
        into[..size].copy_from_slice(&from[..size]);
        inner.reads = (inner.reads.0 + 1, inner.reads.1 + size as u64);
        Ok(size)
    }

    fn size(&self) -> io::Result<u64> {
        let inner = self.disk.inner();
        inner.files.get(&self.id).map(|data| data.now.len() as u64).ok_or(io::ErrorKind::NotFound.into())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.change(Change::Truncate(size as usize))
    }

    fn sync(&self) -> io::Result<()> {
        let inner = &mut *self.disk.inner();
        if inner.operate(self.epoch)? {
            return Err(io::Error::other("the process was killed"));
        }
        if inner.lying {
            return Ok(());
        }
        let data = inner.files.get_mut(&self.id).ok_or(io::ErrorKind::NotFound)?;
        if inner.failing_syncs > 0 {
            inner.failing_syncs -= 1;
            // As Linux does: what could not be written is forgotten, and the next sync says that all is well.
            data.unsynced.clear();
            return Err(io::Error::other("the disk failed"));
        }
        let Data { durable, unsynced, .. } = data;
        unsynced.drain(..).for_each(|change| change.apply(durable));
        Ok(())
    }
}
