//! What is accepted as a bundle: a tar of plain files whose names mean the same on every system.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::{Archive, EntryType};

/// A path at most, bytes.
const PATH_BYTES: usize = 255;
/// Folders in a path at most.
const DEPTH: usize = 16;
/// The page that a bundle opens with.
pub(crate) const INDEX: &str = "index.html";

/// How much a bundle may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackLimits {
    /// Files.
    pub(crate) files: u32,
    /// Bytes of the tar.
    pub(crate) bytes: u64,
}

/// A file's place in the tar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PackedFile {
    /// Its first byte.
    pub(crate) at: u64,
    /// Its size.
    pub(crate) bytes: u64,
    /// The first 16 digits of its SHA-256: its entity tag.
    pub(crate) tag: String,
}

/// Files by path, `/` between their parts.
pub(crate) type Files = BTreeMap<String, PackedFile>;

/// Why a tar is no bundle.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackError {
    /// Damaged, or something else.
    #[error("the body is not a tar archive: {0}")]
    NotTar(std::io::Error),
    /// A path that would mean something else somewhere.
    #[error(
        "the path {0:?} is not accepted: relative, with `/` between its parts, no `..`, no control characters or `\\` or `:`, at most 255 bytes and 16 folders"
    )]
    Path(String),
    /// A link, a device.
    #[error("{0:?} is not a plain file; bundles hold files and folders alone, no links")]
    Kind(String),
    /// The same path twice.
    #[error("{0:?} is there twice")]
    Twice(String),
    /// More files than are accepted.
    #[error("a bundle has at most {0} files")]
    Files(u32),
    /// Nothing to open.
    #[error("there is no {INDEX} at the top of the bundle")]
    NoIndex,
}

/// Reads the table of contents and hashes each file.
pub(crate) fn read(tar: &mut (impl Read + Seek), limits: PackLimits) -> Result<Files, PackError> {
    tar.seek(SeekFrom::Start(0)).map_err(PackError::NotTar)?;
    let mut archive = Archive::new(tar);
    let mut files = Files::new();
    for entry in archive.entries().map_err(PackError::NotTar)? {
        let mut entry = entry.map_err(PackError::NotTar)?;
        let shown = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        match entry.header().entry_type() {
            EntryType::Directory => continue,
            EntryType::Regular => {}
            _ => return Err(PackError::Kind(shown)),
        }
        let path = checked_path(&entry.path_bytes()).ok_or(PackError::Path(shown))?;
        if files.len() >= limits.files as usize {
            return Err(PackError::Files(limits.files));
        }
        let (at, bytes) = (entry.raw_file_position(), entry.size());
        let tag = tag_of(&mut entry).map_err(PackError::NotTar)?;
        if files.insert(path.clone(), PackedFile { at, bytes, tag }).is_some() {
            return Err(PackError::Twice(path));
        }
    }
    if files.contains_key(INDEX) { Ok(files) } else { Err(PackError::NoIndex) }
}

fn tag_of(entry: &mut impl Read) -> std::io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match entry.read(&mut buffer)? {
            0 => return Ok(hex::encode(&hash.finalize()[..8])),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// `./a/b` is `a/b`; everything else must be written in the one way.
fn checked_path(bytes: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(bytes).ok()?;
    let path = path.strip_prefix("./").unwrap_or(path);
    let plain = path.chars().all(|c| !c.is_control() && c != '\\' && c != ':');
    let parts = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    let fits = path.len() <= PATH_BYTES && path.split('/').count() <= DEPTH + 1;
    (plain && parts && fits).then(|| path.to_owned())
}

/// A tar of these files, for tests.
#[cfg(test)]
pub(crate) fn of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        // By hand: the builder refuses what a stranger would send.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_entry_type(EntryType::Regular);
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const LIMITS: PackLimits = PackLimits { files: 3, bytes: 1 << 20 };

    fn read_bytes(tar: Vec<u8>) -> Result<Files, PackError> {
        read(&mut Cursor::new(tar), LIMITS)
    }

    #[test]
    fn files_are_found_where_they_lie() {
        let tar = of(&[("./index.html", b"<p>hello"), ("assets/a.js", b"run()")]);
        let files = read_bytes(tar.clone()).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["assets/a.js", "index.html"]);
        for (path, content) in [("index.html", &b"<p>hello"[..]), ("assets/a.js", b"run()")] {
            let file = &files[path];
            let at = usize::try_from(file.at).unwrap();
            assert_eq!(&tar[at..at + usize::try_from(file.bytes).unwrap()], content);
            assert_eq!(file.tag, hex::encode(&Sha256::digest(content)[..8]));
        }
    }

    #[test]
    fn paths_that_leave_the_bundle_or_mean_something_else_elsewhere_are_refused() {
        for path in ["../index.html", "a/../../b", "/etc/passwd", "a//b", "a\\b", "c:/x", "a/./b", "a\nb"] {
            assert!(matches!(read_bytes(of(&[(path, b"")])), Err(PackError::Path(_))), "{path}");
        }
        let deep = "a/".repeat(17) + "b";
        assert!(matches!(read_bytes(of(&[(&deep, b"")])), Err(PackError::Path(_))));
    }

    #[test]
    fn links_and_devices_are_refused() {
        for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Fifo] {
            let mut builder = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(0);
            builder.append_link(&mut header, "index.html", "elsewhere").unwrap();
            assert!(matches!(read_bytes(builder.into_inner().unwrap()), Err(PackError::Kind(_))), "{kind:?}");
        }
    }

    #[test]
    fn too_many_files_one_path_twice_and_no_first_page_are_refused() {
        let many: Vec<String> = (0..4).map(|n| format!("{n}.txt")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|path| (path.as_str(), &b""[..])).collect();
        assert!(matches!(read_bytes(of(&many)), Err(PackError::Files(3))));
        assert!(matches!(read_bytes(of(&[("a", b""), ("./a", b"")])), Err(PackError::Twice(_))));
        assert!(matches!(read_bytes(of(&[("a", b"")])), Err(PackError::NoIndex)));
        assert!(matches!(
            read_bytes(b"no tar, but long enough to be read as one".repeat(20)),
            Err(PackError::NotTar(_))
        ));
    }
}
