//! The host's secrets, which outlive its process: with the same keys after a restart, connections of the process before
//! are reset at once instead of timing out, Retry tokens in flight stay good, and a match's seed can be derived again.
//!
//! In a data directory (0700) each file is 0600 and replaced whole, by writing beside it and renaming. With no
//! directory the keys live in memory alone and are new at each start.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Bytes of each QUIC secret: one block of SHA-256, the best length for its HMAC (RFC 2104).
const QUIC_SECRET_BYTES: usize = 64;

const KEYS_FILE: &str = "host-keys.json";
const FORMAT: u32 = 1;

/// Why the host's keys cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file system refused.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried, such as `write`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The file is not what was written. It is never replaced silently: somebody may want it back.
    #[error("{path} is damaged ({problem}); restore it, or remove it to start with new keys")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The system gave no random bytes.
    #[error("no randomness: {0}")]
    NoRandomness(String),
}

/// Where secrets are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    Directory(PathBuf),
    Memory,
}

/// The host's secrets. Cheap to clone, and never shown by `Debug`.
#[derive(Clone)]
pub struct HostKeys {
    stateless_reset: [u8; QUIC_SECRET_BYTES],
    quic_token: [u8; QUIC_SECRET_BYTES],
    seed: [u8; 32],
    storage: Storage,
}

/// As in the file: secrets in hexadecimal.
#[derive(Serialize, Deserialize)]
struct KeysFile {
    format: u32,
    #[serde(with = "hexadecimal")]
    stateless_reset: Vec<u8>,
    #[serde(with = "hexadecimal")]
    quic_token: Vec<u8>,
    #[serde(with = "hexadecimal")]
    seed: Vec<u8>,
}

impl HostKeys {
    /// The keys of a data directory; both are made if they are not there.
    ///
    /// # Errors
    /// When the directory cannot be written, or its file is damaged.
    pub fn open(directory: &Path) -> Result<HostKeys, KeyError> {
        let storage = Storage::Directory(directory.to_owned());
        make_private_directory(directory)?;
        if let Some(file) = storage.load::<KeysFile>(KEYS_FILE)? {
            return HostKeys::from_file(&file, storage)
                .map_err(|problem| KeyError::Damaged { path: directory.join(KEYS_FILE), problem });
        }
        let keys = HostKeys::random(storage)?;
        keys.storage.save(KEYS_FILE, &keys.to_file())?;
        tracing::info!(directory = %directory.display(), "made the host's keys");
        Ok(keys)
    }

    /// New keys that end with the process.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn ephemeral() -> Result<HostKeys, KeyError> {
        HostKeys::random(Storage::Memory)
    }

    /// The secret from which the seeds of matches are derived.
    pub fn seed_secret(&self) -> [u8; 32] {
        self.seed
    }

    pub(super) fn stateless_reset(&self) -> &[u8] {
        &self.stateless_reset
    }

    pub(super) fn quic_token(&self) -> &[u8] {
        &self.quic_token
    }

    /// Marks connection ids as ours, so that only packets of an earlier process are answered with a reset.
    pub(super) fn connection_id_key(&self) -> u64 {
        let derived = blake3::derive_key("stadion 2026 quic connection ids", &self.stateless_reset);
        u64::from_le_bytes(*derived.first_chunk().expect("a BLAKE3 hash has 32 bytes"))
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }

    fn random(storage: Storage) -> Result<HostKeys, KeyError> {
        Ok(HostKeys { stateless_reset: random()?, quic_token: random()?, seed: random()?, storage })
    }

    fn to_file(&self) -> KeysFile {
        KeysFile {
            format: FORMAT,
            stateless_reset: self.stateless_reset.to_vec(),
            quic_token: self.quic_token.to_vec(),
            seed: self.seed.to_vec(),
        }
    }

    fn from_file(file: &KeysFile, storage: Storage) -> Result<HostKeys, String> {
        if file.format != FORMAT {
            return Err(format!("format {} instead of {FORMAT}", file.format));
        }
        Ok(HostKeys {
            stateless_reset: secret("stateless_reset", &file.stateless_reset)?,
            quic_token: secret("quic_token", &file.quic_token)?,
            seed: secret("seed", &file.seed)?,
            storage,
        })
    }
}

impl std::fmt::Debug for HostKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostKeys").field("storage", &self.storage).finish_non_exhaustive()
    }
}

impl Storage {
    /// Reads a file of secrets; `None` if it was never written.
    pub(super) fn load<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, KeyError> {
        let Storage::Directory(directory) = self else { return Ok(None) };
        let path = directory.join(name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeyError::Io { action: "read", path, source }),
        };
        make_private_file(&path)?;
        match serde_json::from_slice(&bytes) {
            Ok(content) => Ok(Some(content)),
            Err(error) => Err(KeyError::Damaged { path, problem: error.to_string() }),
        }
    }

    /// Replaces a file of secrets, whole or not at all. Does nothing in memory.
    pub(super) fn save<T: Serialize>(&self, name: &str, content: &T) -> Result<(), KeyError> {
        let Storage::Directory(directory) = self else { return Ok(()) };
        let path = directory.join(name);
        let beside = directory.join(format!("{name}.{}.new", std::process::id()));
        let bytes = serde_json::to_vec_pretty(content).expect("plain structs of texts and numbers become JSON");
        let written = write_private(&beside, &bytes).and_then(|()| fs::rename(&beside, &path));
        written.map_err(|source| KeyError::Io { action: "write", path, source })
    }
}

/// Random bytes from the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| KeyError::NoRandomness(error.to_string()))?;
    Ok(bytes)
}

fn secret<const N: usize>(name: &str, bytes: &[u8]) -> Result<[u8; N], String> {
    bytes.try_into().map_err(|_| format!("{name} has {} bytes instead of {N}", bytes.len()))
}

/// Bytes in files, as text.
pub(super) mod hexadecimal {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(bytes))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn make_private_directory(directory: &Path) -> Result<(), KeyError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|source| KeyError::Io {
        action: "make directory",
        path: directory.to_owned(),
        source,
    })
}

/// Takes a secret back from group and others, as after a careless copy.
#[cfg(unix)]
fn make_private_file(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |source| KeyError::Io { action: "protect", path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), mode = format!("{:o}", mode & 0o777), "others could read this secret");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private_file(_path: &Path) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let before = HostKeys::open(directory.path()).unwrap();
        let after = HostKeys::open(directory.path()).unwrap();
        assert_eq!(before.seed_secret(), after.seed_secret());
        assert_eq!(before.stateless_reset(), after.stateless_reset());
        assert_eq!(before.quic_token(), after.quic_token());
        assert_eq!(before.connection_id_key(), after.connection_id_key());
    }

    #[test]
    fn ephemeral_keys_are_new_each_time() {
        assert_ne!(HostKeys::ephemeral().unwrap().seed_secret(), HostKeys::ephemeral().unwrap().seed_secret());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_files_even_after_a_careless_copy() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let mode = || fs::metadata(directory.path().join(KEYS_FILE)).unwrap().permissions().mode() & 0o777;
        HostKeys::open(directory.path()).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(directory.path().join(KEYS_FILE), fs::Permissions::from_mode(0o644)).unwrap();
        HostKeys::open(directory.path()).unwrap();
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn a_damaged_file_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(KEYS_FILE);
        for content in ["{", r#"{"format":1,"stateless_reset":"00","quic_token":"00","seed":"00"}"#] {
            fs::write(&path, content).unwrap();
            let error = HostKeys::open(directory.path()).unwrap_err();
            assert!(matches!(&error, KeyError::Damaged { .. }), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let keys = HostKeys::ephemeral().unwrap();
        let shown = format!("{keys:?}");
        assert!(!shown.contains(&hex::encode(keys.seed_secret())) && !shown.contains("seed"), "{shown}");
    }
}
