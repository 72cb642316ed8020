//! A certificate from PEM files, read again when they change: whoever renews it (an ACME client, an operator) replaces
//! files and restarts nothing.

use std::fs;
use std::mem::{Discriminant, discriminant};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::certificate::{CertificateError, Rotation, Served};
use super::validity::Validity;

/// The files, and what was in them when they last made sense.
pub(super) struct Files {
    chain_path: PathBuf,
    key_path: PathBuf,
    /// As of the last reading, good or not: a fault is told once, and not every few seconds.
    seen: Seen,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// What was last said of the chain's validity.
    said: Option<Discriminant<Validity>>,
}

/// What tells that a file has changed: time of change and length, of both files.
type Seen = [Option<(SystemTime, u64)>; 2];

impl Files {
    pub(super) fn open(chain_path: &Path, key_path: &Path, now_s: u64) -> Result<Files, CertificateError> {
        let seen = look(chain_path, key_path);
        let (chain, key) = read(chain_path, key_path, now_s)?;
        Ok(Files { chain_path: chain_path.to_owned(), key_path: key_path.to_owned(), seen, chain, key, said: None })
    }

    /// Reads them again if they have changed. A chain that does not go with its key yet is an error, and the second file's
    /// change is the next chance.
    pub(super) fn advance(&mut self, now_s: u64) -> Result<Rotation, CertificateError> {
        let seen = look(&self.chain_path, &self.key_path);
        if seen == self.seen {
            return Ok(Rotation::Unchanged);
        }
        self.seen = seen;
        let (chain, key) = read(&self.chain_path, &self.key_path, now_s)?;
        if (&chain, &key) == (&self.chain, &self.key) {
            return Ok(Rotation::Unchanged);
        }
        (self.chain, self.key, self.said) = (chain, key, None);
        Ok(Rotation::Changed)
    }

    /// What whoever runs this server should know of the certificate that serves: that it is about to expire, and that it has.
    /// Each is said once.
    pub(super) fn warning(&mut self, now_s: u64) -> Option<String> {
        let validity = Validity::of(&self.chain, now_s);
        let problem = format!("{}: {}", self.chain_path.display(), validity.problem()?);
        // Hours pass; that it is about to expire stays what it is.
        let kind = discriminant(&validity);
        (self.said.replace(kind) != Some(kind)).then_some(problem)
    }

    /// No hashes: the system's roots vouch.
    pub(super) fn served(&self) -> Served {
        Served { chain: self.chain.clone(), key: self.key.clone_key(), hashes: Vec::new() }
    }
}

fn look(chain: &Path, key: &Path) -> Seen {
    [chain, key].map(|path| {
        let file = fs::metadata(path).ok()?;
        Some((file.modified().ok()?, file.len()))
    })
}

type Read = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn read(chain_path: &Path, key_path: &Path, now_s: u64) -> Result<Read, CertificateError> {
    let refuse = |path: &Path, problem: String| CertificateError::Pem { path: path.to_owned(), problem };
    let chain = CertificateDer::pem_file_iter(chain_path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| refuse(chain_path, format!("{error}; it must be a certificate chain in PEM")))?;
    if chain.is_empty() {
        let problem = "no certificate in it; it must hold the server's own, then those of its issuers, in PEM";
        return Err(refuse(chain_path, problem.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key_path)
        .map_err(|error| refuse(key_path, format!("{error}; it must be the certificate's private key in PEM")))?;
    let signing = any_supported_type(&key)
        .map_err(|error| refuse(key_path, format!("{error}; ECDSA (P-256, P-384), RSA and Ed25519 keys are taken")))?;
    if CertifiedKey::new(chain.clone(), signing).keys_match().is_err() {
        let problem = format!("this is not the key of the certificate in {}; give the pair", chain_path.display());
        return Err(refuse(key_path, problem));
    }
    match Validity::of(&chain, now_s) {
        validity @ (Validity::Ended(_) | Validity::NotBefore(_)) => {
            Err(refuse(chain_path, validity.problem().unwrap_or_default()))
        }
        Validity::Good | Validity::EndsIn(_) => Ok((chain, key)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: u64 = 1_800_000_000;
    const DAY_S: u64 = 24 * 3600;

    struct Folder {
        directory: tempfile::TempDir,
        changes: u64,
    }

    impl Folder {
        fn new() -> Folder {
            Folder { directory: tempfile::tempdir().unwrap(), changes: 0 }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.directory.path().join(name)
        }

        /// Each change is a second younger than the one before, whatever the file system's clock resolves.
        fn write(&mut self, name: &str, text: &str) {
            self.changes += 1;
            fs::write(self.path(name), text).unwrap();
            let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + self.changes);
            fs::File::options().write(true).open(self.path(name)).unwrap().set_modified(changed).unwrap();
        }

        fn open(&self) -> Result<Files, CertificateError> {
            self.open_at(NOW)
        }

        fn open_at(&self, now_s: u64) -> Result<Files, CertificateError> {
            Files::open(&self.path("chain.pem"), &self.path("key.pem"), now_s)
        }
    }

    /// Valid from yesterday on, for 90 days.
    fn pair() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(["play.example".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(NOW - DAY_S);
        parameters.not_after = parameters.not_before + Duration::from_secs(90 * DAY_S);
        (parameters.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn written() -> (Folder, Files) {
        let mut folder = Folder::new();
        let (chain, key) = pair();
        folder.write("chain.pem", &chain);
        folder.write("key.pem", &key);
        let files = folder.open().unwrap();
        (folder, files)
    }

    #[test]
    fn a_renewed_certificate_is_served_once_both_files_are_there() {
        let (mut folder, mut files) = written();
        let before = files.served();
        assert_eq!(before.hashes, Vec::<[u8; 32]>::new());
        assert_eq!(files.advance(NOW).unwrap(), Rotation::Unchanged);
        let (chain, key) = pair();
        folder.write("chain.pem", &chain);
        assert!(files.advance(NOW).unwrap_err().to_string().contains("give the pair"));
        assert_eq!(files.served(), before, "what served before serves on");
        assert_eq!(files.advance(NOW).unwrap(), Rotation::Unchanged, "told once");
        folder.write("key.pem", &key);
        assert_eq!(files.advance(NOW).unwrap(), Rotation::Changed);
        assert_ne!(files.served(), before);
    }

    #[test]
    fn a_bad_file_is_named_with_what_it_should_be() {
        let (chain, key) = pair();
        for (name, text, said) in [
            ("chain.pem", "", "the server's own"),
            ("chain.pem", key.as_str(), "the server's own"),
            ("key.pem", "", "private key"),
            ("key.pem", chain.as_str(), "private key"),
            ("key.pem", pair().1.as_str(), "give the pair"),
        ] {
            let (mut folder, _) = written();
            folder.write("chain.pem", &chain);
            folder.write("key.pem", &key);
            folder.write(name, text);
            let error = folder.open().map(drop).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(said), "{error}");
        }
        let (folder, _) = written();
        fs::remove_file(folder.path("key.pem")).unwrap();
        assert!(folder.open().map(drop).unwrap_err().to_string().contains("key.pem"));
    }

    #[test]
    fn a_certificate_out_of_its_time_is_refused_and_named() {
        let (folder, _) = written();
        for (now_s, said) in [(NOW - 3 * DAY_S, "not valid yet"), (NOW + 100 * DAY_S, "expired 11 days ago")] {
            let error = folder.open_at(now_s).map(drop).unwrap_err().to_string();
            assert!(error.contains("chain.pem") && error.contains(said), "{error}");
        }
    }

    #[test]
    fn that_nobody_renews_it_is_said_once_before_its_end_and_once_after() {
        let (mut folder, mut files) = written();
        let said: Vec<String> = (0..24 * 100).filter_map(|hour| files.warning(NOW + hour * 3600)).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].contains("expires in") && said[1].contains("expired"), "{said:?}");
        let (chain, key) = pair();
        folder.write("chain.pem", &chain);
        folder.write("key.pem", &key);
        assert!(files.advance(NOW + 100 * DAY_S).unwrap_err().to_string().contains("expired"), "nor is that one taken");
    }
}
