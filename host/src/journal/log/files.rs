//! The files of a log, behind a trait of our own: a test drops writes that were not synced, tears tails, flips bits and
//! fills the disk.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder with subfolders of one level. Names are relative to it, with `/` between folder and file.
pub trait FileSystem: Debug + Send + Sync + 'static {
    /// An empty file for reading and writing, in place of one that may be there.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// A file that is there, for reading and writing.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// The names of the files in a subfolder, without it, in no order. None when there is no such subfolder.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Makes a subfolder, unless it is there.
    fn make_folder(&self, folder: &str) -> io::Result<()>;

    /// Gives a file another name, in place of one that may have it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file; one that is not there is gone already.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// What was created, renamed and removed in a subfolder survives loss of power.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;

    /// Keeps everybody else from this lock until the guard is dropped. [`io::ErrorKind::WouldBlock`]: somebody has it.
    fn lock(&self, name: &str) -> io::Result<Box<dyn Guard>>;
}

/// Holds a lock.
pub trait Guard: Debug + Send + Sync {}

/// An open file.
pub trait File: Debug + Send + Sync {
    /// Writes all bytes at this place. After an error any part of them may be there.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Reads what is there, up to the end of the file; fewer bytes than asked for only at its end.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// How long it is, bytes.
    fn size(&self) -> io::Result<u64>;

    /// Drops what is past this length.
    fn truncate(&self, size: u64) -> io::Result<()>;

    /// What was written survives loss of power.
    fn sync(&self) -> io::Result<()>;
}

/// Files of the operating system.
#[derive(Debug)]
pub struct RealFiles {
    root: PathBuf,
}

impl RealFiles {
    /// Files below this folder, which is made if it is not there.
    pub fn new(root: &Path) -> io::Result<RealFiles> {
        std::fs::create_dir_all(root)?;
        Ok(RealFiles { root: root.to_owned() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

impl FileSystem for RealFiles {
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut options = std::fs::OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true).open(self.path(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = std::fs::OpenOptions::new().read(true).write(true).open(self.path(name))?;
        Ok(Arc::new(RealFile(file)))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        match std::fs::read_dir(self.path(folder)) {
            Ok(entries) => entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn make_folder(&self, folder: &str) -> io::Result<()> {
        std::fs::create_dir_all(self.path(folder))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        std::fs::File::open(self.path(folder))?.sync_all()
    }

    /// Folders cannot be synced here: the file system journals what happens to names.
    #[cfg(not(unix))]
    fn sync_folder(&self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, name: &str) -> io::Result<Box<dyn Guard>> {
        let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(self.path(name))?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(RealGuard(file))),
            Err(std::fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The operating system unlocks a file when it is closed, also when the process is killed.
#[derive(Debug)]
struct RealGuard(#[expect(dead_code, reason = "held, not used")] std::fs::File);

impl Guard for RealGuard {}

#[derive(Debug)]
struct RealFile(std::fs::File);

impl File for RealFile {
    #[cfg(unix)]
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.0, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(&self.0, bytes, offset)?;
            (offset, bytes) = (offset + written as u64, &bytes[written..]);
        }
        Ok(())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut read = 0;
        while read < into.len() {
            match read_some(&self.0, offset + read as u64, &mut into[read..]) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(unix)]
fn read_some(file: &std::fs::File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, offset)
}

#[cfg(windows)]
fn read_some(file: &std::fs::File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, into, offset)
}
