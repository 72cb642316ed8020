//! Passwords known from breaches: a file of the operator's with a SHA-1 hash on each line, in order, as Have I Been Pwned hands
//! them out (`HASH:count`). It may have tens of gigabytes: it is searched by halving, and nothing of it is kept in memory.
//!
//! The file is opened for each password anew, so that it may be replaced while the server runs. What is hashed is compared with
//! what has leaked: SHA-1 guards nothing here.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use ring::digest;

/// Digits of a hash.
const DIGITS: usize = 40;

/// Bytes of a line at most: a hash, a colon, a count of up to 20 digits, the end.
const LONGEST_LINE: usize = DIGITS + 1 + 20 + 2;

/// What is wrong with a list.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Something else than lines of hashes.
    #[error("no list of SHA-1 hashes: a line at byte {0} does not begin with 40 hexadecimal digits, or is too long")]
    Malformed(u64),
    /// Its last line comes before its first.
    #[error("not in the order of the hashes: take the list that is ordered by hash")]
    Unordered,
}

/// Whether a file can be searched, as far as its first and its last line tell.
pub(crate) fn check(path: &Path) -> Result<(), ListError> {
    let mut list = List::open(path)?;
    if list.length == 0 {
        return Err(ListError::Malformed(0));
    }
    let (first, last) = (list.line_at(0)?, list.line_at(list.length - 1)?);
    if first.hash > last.hash { Err(ListError::Unordered) } else { Ok(()) }
}

/// Whether a password is in a list.
pub(crate) fn holds(path: &Path, password: &str) -> Result<bool, ListError> {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let wanted = hex::encode_upper(hash.as_ref());
    let mut list = List::open(path)?;
    // If it is there, its line begins in between; the lower one is where a line begins.
    let (mut low, mut high) = (0, list.length);
    while low < high {
        let line = list.line_at(low + (high - low) / 2)?;
        match wanted.as_bytes().cmp(&line.hash) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => high = line.begins,
            std::cmp::Ordering::Greater => low = line.ends,
        }
    }
    Ok(false)
}

struct List {
    file: File,
    length: u64,
}

struct Line {
    begins: u64,
    /// Where the next one begins.
    ends: u64,
    hash: [u8; DIGITS],
}

impl List {
    fn open(path: &Path) -> Result<List, ListError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(List { file, length })
    }

    /// The line that the byte at `place` belongs to.
    fn line_at(&mut self, place: u64) -> Result<Line, ListError> {
        let from = place.saturating_sub(LONGEST_LINE as u64);
        let mut around = Vec::with_capacity(2 * LONGEST_LINE + 1);
        self.file.seek(SeekFrom::Start(from))?;
        (&self.file).take(2 * LONGEST_LINE as u64 + 1).read_to_end(&mut around)?;
        let malformed = || ListError::Malformed(place);
        let at = (place - from) as usize;
        let (before, rest) = around.split_at_checked(at).ok_or_else(malformed)?;
        let begin = match before.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => newline + 1,
            None if from == 0 => 0,
            None => return Err(malformed()),
        };
        let end = match rest.iter().position(|byte| *byte == b'\n') {
            Some(newline) => at + newline + 1,
            None if from + around.len() as u64 == self.length => around.len(),
            None => return Err(malformed()),
        };
        let (digits, count) = around[begin..end].split_at_checked(DIGITS).ok_or_else(malformed)?;
        let plain = matches!(count.first(), None | Some(b':' | b'\r' | b'\n'));
        if !plain || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(malformed());
        }
        let mut hash = [0; DIGITS];
        hash.copy_from_slice(digits);
        hash.make_ascii_uppercase();
        Ok(Line { begins: from + begin as u64, ends: from + end as u64, hash })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn hash(password: &str) -> String {
        hex::encode_upper(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref())
    }

    fn list(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    /// As Have I Been Pwned writes it: no end of line after the last.
    fn of(passwords: &[String], end: &str) -> tempfile::NamedTempFile {
        let mut lines: Vec<_> = passwords.iter().map(|password| hash(password)).collect();
        lines.sort();
        let counted = lines.iter().enumerate().map(|(place, hash)| format!("{hash}:{}", 7_u64.pow(place as u32 % 20)));
        list(&counted.collect::<Vec<_>>().join(end))
    }

    #[test]
    fn every_password_of_a_list_is_found_and_no_other() {
        for (count, end) in [(1, "\r\n"), (2, "\n"), (3, "\r\n"), (500, "\r\n"), (501, "\n")] {
            let leaked: Vec<_> = (0..count).map(|number| format!("leaked {number}")).collect();
            let list = of(&leaked, end);
            check(list.path()).unwrap();
            for password in &leaked {
                assert!(holds(list.path(), password).unwrap(), "{password} of {count}");
            }
            for number in 0..200 {
                assert!(!holds(list.path(), &format!("secret {number}")).unwrap());
            }
        }
    }

    #[test]
    fn lists_without_counts_and_in_lower_case_are_read() {
        let mut lines = [hash("one").to_lowercase(), hash("two").to_lowercase()];
        lines.sort();
        let list = list(&format!("{}\n{}\n", lines[0], lines[1]));
        check(list.path()).unwrap();
        assert!(holds(list.path(), "one").unwrap() && holds(list.path(), "two").unwrap());
        assert!(!holds(list.path(), "three").unwrap());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let mut lines = [hash("one"), hash("two")];
        lines.sort();
        for (text, wrong) in [
            (String::new(), "no list"),
            ("password\n123456\n".to_owned(), "no list"),
            ("x".repeat(1000), "no list"),
            (format!("{}x\n", lines[0]), "no list"),
            (format!("{}:1\n{}:1\n", lines[1], lines[0]), "not in the order"),
        ] {
            let error = check(list(&text).path()).unwrap_err().to_string();
            assert!(error.contains(wrong), "{text}: {error}");
        }
        assert!(matches!(check(Path::new("/nowhere/at/all")), Err(ListError::Io(_))));
    }
}
