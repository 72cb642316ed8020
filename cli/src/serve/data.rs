//! A server's data folder: who may use it, and what lies where in it.
//!
//! ```text
//!   lock             held while a server runs
//!   keys/            of the control plane          host/            of the gateway, with its certificates
//!   stadion.db       accounts, games, matches      blobs/           components, artifacts, journals
//!   journals/        of matches                    recovery/        who was being run
//!   developer.key    for publishing from this machine
//!   operator.key     for looking after everything   host.name        by which its matches are known to be its own
//! ```

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use stadion_control_plane::clock::{Rng, SystemRng};
use stadion_control_plane::model::HostName;

use super::settings::Data;
use crate::failure::{Failure, Outcome};

/// An opened data folder, or none.
pub(crate) enum Storage {
    /// State lives here. The lock is held as long as this lives.
    Folder {
        /// The folder.
        path: PathBuf,
        /// Released by the system however the process ends.
        _lock: File,
    },
    /// State is gone with the process.
    Memory,
}

impl Storage {
    /// Makes the folder if it is not there, readable by its owner alone, and locks it.
    pub(crate) fn open(data: &Data) -> Outcome<Storage> {
        let Data::Folder(path) = data else { return Ok(Storage::Memory) };
        make_private(path).map_err(|error| Failure::file("making", path, &error).fix("choose a folder with --data"))?;
        let lock_path = path.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock =
            lock.map_err(|error| Failure::file("opening", &lock_path, &error).fix("choose a folder with --data"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Storage::Folder { path: path.clone(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::failed(format!("another server uses the data in {}", path.display()))
                    .fix("stop it, or give this one a folder of its own: stadion serve --data DIR --port PORT"))
            }
            Err(TryLockError::Error(error)) => Err(Failure::file("locking", &lock_path, &error)),
        }
    }

    /// A place in the folder; `None` without one.
    pub(crate) fn place(&self, name: &str) -> Option<PathBuf> {
        match self {
            Storage::Folder { path, .. } => Some(path.join(name)),
            Storage::Memory => None,
        }
    }
}

impl Storage {
    /// The name of the host whose journals lie here; made at the first start. Without a folder, a new one each time.
    pub(crate) fn host_name(&self) -> Outcome<HostName> {
        let mut random = [0; 8];
        SystemRng.fill(&mut random);
        let fresh = HostName::from_random(random);
        let Some(path) = self.place("host.name") else { return Ok(fresh) };
        match std::fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(|error| Failure::failed(format!("{}: {error}", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_whole(&path, &format!("{fresh}\n")).map_err(|error| Failure::file("writing", &path, &error))?;
                Ok(fresh)
            }
            Err(error) => Err(Failure::file("reading", &path, &error)),
        }
    }
}

/// Writes a secret, whole or not at all, readable by its owner alone.
pub(crate) fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    write_whole(path, text)
}

fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn make_private(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_never_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::Folder(folder.path().join("state"));
        let first = Storage::open(&data).unwrap();
        let Err(failure) = Storage::open(&data) else { panic!("opened twice") };
        assert!(failure.fix.is_some_and(|fix| fix.contains("--data")));
        drop(first);
        assert!(Storage::open(&data).is_ok(), "free again");
    }

    #[test]
    fn a_host_keeps_its_name_with_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = Data::Folder(folder.path().join("state"));
        let name = Storage::open(&data).unwrap().host_name().unwrap();
        assert_eq!(Storage::open(&data).unwrap().host_name().unwrap(), name);
        assert_ne!(Storage::open(&Data::Memory).unwrap().host_name().unwrap(), name);
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_and_its_secrets_are_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        Storage::open(&Data::Folder(path.clone())).unwrap();
        write_secret(&path.join("developer.key"), "dev-0").unwrap();
        for path in [path.clone(), path.join("developer.key")] {
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
        }
    }
}
