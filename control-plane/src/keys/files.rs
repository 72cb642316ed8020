//! Secrets in a directory: one file for each, 64 hexadecimal digits, readable by its owner alone.

use std::io::Write;
use std::path::Path;

use super::{KeysError, Secret};
use crate::clock::{Rng, random};
use crate::model::UnixMs;

pub(super) fn read_or_make(path: &Path, rng: &dyn Rng) -> Result<Secret, KeysError> {
    match read(path)? {
        Some(key) => Ok(key),
        None => make(path, rng),
    }
}

pub(super) fn read(path: &Path) -> Result<Option<Secret>, KeysError> {
    let Some(text) = text_of(path)? else { return Ok(None) };
    check_private(path)?;
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key).map_err(|_| KeysError::Malformed(path.to_owned()))?;
    Ok(Some(key))
}

/// A time, Unix milliseconds, if there is one.
pub(super) fn read_time(path: &Path) -> Result<Option<UnixMs>, KeysError> {
    let Some(text) = text_of(path)? else { return Ok(None) };
    text.trim().parse().map(|ms| Some(UnixMs(ms))).map_err(|_| KeysError::Malformed(path.to_owned()))
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), KeysError> {
    let file = whole(path, text).map_err(|error| KeysError::Io { path: path.to_owned(), error })?;
    file.persist(path).map_err(|error| KeysError::Io { path: path.to_owned(), error: error.error })?;
    Ok(())
}

fn text_of(path: &Path) -> Result<Option<String>, KeysError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeysError::Io { path: path.to_owned(), error }),
    }
}

fn make(path: &Path, rng: &dyn Rng) -> Result<Secret, KeysError> {
    let key: Secret = random(rng);
    let file = whole(path, &hex::encode(key)).map_err(|error| KeysError::Io { path: path.to_owned(), error })?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        // Another replica that starts now was first.
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| KeysError::Malformed(path.to_owned()))
        }
        Err(error) => Err(KeysError::Io { path: path.to_owned(), error: error.error }),
    }
}

/// Written whole under another name first: a crash leaves no half key behind. `tempfile` creates it readable by its owner
/// alone.
fn whole(path: &Path, text: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    writeln!(file, "{text}")?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), KeysError> {
    use std::os::unix::fs::PermissionsExt;
    let mode =
        std::fs::metadata(path).map_err(|error| KeysError::Io { path: path.to_owned(), error })?.permissions().mode();
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeysError::Exposed(path.to_owned())) }
}

#[cfg(not(unix))]
fn check_private(_path: &Path) -> Result<(), KeysError> {
    Ok(())
}
