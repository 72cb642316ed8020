//! A certificate from PEM files, read again when they change: whoever renews it (an ACME client, an operator) replaces
//! files and restarts nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::certificate::{CertificateError, Rotation, Served};

/// The files, and what was in them when they last made sense.
pub(super) struct Files {
    chain_path: PathBuf,
    key_path: PathBuf,
    /// As of the last reading, good or not: a fault is told once, and not every few seconds.
    seen: Seen,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// What tells that a file has changed: time of change and length, of both files.
type Seen = [Option<(SystemTime, u64)>; 2];

impl Files {
    pub(super) fn open(chain_path: &Path, key_path: &Path) -> Result<Files, CertificateError> {
        let seen = look(chain_path, key_path);
        let (chain, key) = read(chain_path, key_path)?;
        Ok(Files { chain_path: chain_path.to_owned(), key_path: key_path.to_owned(), seen, chain, key })
    }

    /// Reads them again if they have changed. A chain that does not go with its key yet is an error, and the second file's
    /// change is the next chance.
    pub(super) fn advance(&mut self) -> Result<Rotation, CertificateError> {
        let seen = look(&self.chain_path, &self.key_path);
        if seen == self.seen {
            return Ok(Rotation::Unchanged);
        }
        self.seen = seen;
        let (chain, key) = read(&self.chain_path, &self.key_path)?;
        if (&chain, &key) == (&self.chain, &self.key) {
            return Ok(Rotation::Unchanged);
        }
        (self.chain, self.key) = (chain, key);
        Ok(Rotation::Changed)
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

fn read(chain_path: &Path, key_path: &Path) -> Result<Read, CertificateError> {
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
    Ok((chain, key))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

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
            Files::open(&self.path("chain.pem"), &self.path("key.pem"))
        }
    }

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["play.example".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
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
        assert_eq!(files.advance().unwrap(), Rotation::Unchanged);
        let (chain, key) = pair();
        folder.write("chain.pem", &chain);
        assert!(files.advance().unwrap_err().to_string().contains("give the pair"));
        assert_eq!(files.served(), before, "what served before serves on");
        assert_eq!(files.advance().unwrap(), Rotation::Unchanged, "told once");
        folder.write("key.pem", &key);
        assert_eq!(files.advance().unwrap(), Rotation::Changed);
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
}
