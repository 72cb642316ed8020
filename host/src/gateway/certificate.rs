//! The certificate of the gateway: one from files, or a development certificate of our own.
//!
//! Browsers accept a certificate without a CA only if its hash is named beforehand, it is ECDSA P-256 and it is valid
//! for at most 14 days (W3C WebTransport section 5.4, "custom certificate requirements"). So it has to change while
//! clients hold its hash. A certificate is therefore announced long before it serves:
//!
//! ```text
//! day   0        6        12       18       24
//! first |=serves=========|
//! second         |-told--|=serves=|            valid for 13 days from the day it is made
//! third                  |--told--|=serves=|
//! ```
//!
//! Whoever learns the hashes now can come back for six days. Both hashes are always told.
//!
//! A certificate from files is read again when they change. Connections that are there keep what they began with.

use std::path::PathBuf;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::certificate_files::Files;
use super::keys::{self, KeyError, Storage};

const DAY_S: u64 = 24 * 3600;

/// From the day it is made. With [`BACKDATED_S`] under the 14 days that browsers allow.
const VALID_S: u64 = 13 * DAY_S;

/// For clients whose clock is late.
const BACKDATED_S: u64 = 3600;

/// With less than this left, the next one is made and told.
const ANNOUNCE_LEFT_S: u64 = 7 * DAY_S;

/// With less than this left, the next one serves.
const REPLACE_LEFT_S: u64 = DAY_S;

/// How often [`Certificates::advance`] wants to be called. For files it makes two calls of the system; for development
/// certificates it compares two numbers, and a machine that has slept for a week serves a good one soon after.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(5);

const FILE: &str = "development-certificates.json";

/// Where the gateway's certificate comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Identity {
    /// Made here and rotated; clients pin its hash.
    #[default]
    Development,
    /// PEM files: the certificate chain, the leaf first, and its private key. Read at start and when they change.
    Files {
        /// Certificates.
        chain: PathBuf,
        /// Private key (PKCS#8, SEC1 or PKCS#1).
        key: PathBuf,
    },
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It could not be kept or read back.
    #[error(transparent)]
    Storage(#[from] KeyError),
    /// It could not be made.
    #[error("making a development certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The PEM file does not hold what it should.
    #[error("{path}: {problem}")]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and what it should be.
        problem: String,
    },
}

/// What the TLS side serves, and what clients are told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// SHA-256 of the certificates that clients may pin; empty when the system's roots vouch.
    pub(super) hashes: Vec<[u8; 32]>,
}

/// The gateway's certificates over time.
pub(super) enum Certificates {
    Files(Files),
    Rotating { storage: Storage, pair: Pair, kept: Kept },
}

/// Whether a rotated pair would survive a restart. Where it could not be written it serves all the same: the one before is
/// near its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Yes,
    /// To be tried again, in silence: it was said.
    NotYet,
}

/// The certificate that serves and the one that will.
#[derive(Serialize, Deserialize)]
pub(super) struct Pair {
    current: Made,
    next: Option<Made>,
}

/// A development certificate with its key.
#[derive(Clone, Serialize, Deserialize)]
struct Made {
    /// X.509, DER.
    #[serde(with = "keys::hexadecimal")]
    certificate: Vec<u8>,
    /// PKCS#8, DER.
    #[serde(with = "keys::hexadecimal")]
    key: Vec<u8>,
    /// Unix seconds.
    not_before: u64,
    /// Unix seconds.
    not_after: u64,
}

/// What [`Pair::advance`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rotation {
    Unchanged,
    /// Save it, serve it and tell the hashes anew.
    Changed,
}

impl Certificates {
    /// The certificates of a host, made or renewed if it is time.
    pub(super) fn open(identity: &Identity, storage: &Storage, now_s: u64) -> Result<Certificates, CertificateError> {
        if let Identity::Files { chain, key } = identity {
            return Ok(Certificates::Files(Files::open(chain, key, now_s)?));
        }
        let stored = storage.load::<Pair>(FILE)?;
        let made_now = stored.is_none();
        let mut pair = match stored {
            Some(pair) => pair,
            None => Pair { current: make(now_s)?, next: None },
        };
        if pair.advance(now_s)? == Rotation::Changed || made_now {
            storage.save(FILE, &pair)?;
        }
        Ok(Certificates::Rotating { storage: storage.clone(), pair, kept: Kept::Yes })
    }

    /// Rotates if it is time, or reads files that have changed. After an error what served before serves on.
    pub(super) fn advance(&mut self, now_s: u64) -> Result<Rotation, CertificateError> {
        let (storage, pair, kept) = match self {
            Certificates::Files(files) => return files.advance(now_s),
            Certificates::Rotating { storage, pair, kept } => (storage, pair, kept),
        };
        let rotation = pair.advance(now_s)?;
        if rotation == Rotation::Changed || *kept == Kept::NotYet {
            *kept = keep(storage, pair, *kept);
        }
        Ok(rotation)
    }

    /// Something that whoever runs this server should know, once.
    pub(super) fn warning(&mut self, now_s: u64) -> Option<String> {
        match self {
            Certificates::Files(files) => files.warning(now_s),
            Certificates::Rotating { .. } => None,
        }
    }

    /// What to serve and to tell now.
    pub(super) fn served(&self) -> Served {
        match self {
            Certificates::Files(files) => files.served(),
            Certificates::Rotating { pair, .. } => Served {
                chain: vec![CertificateDer::from(pair.current.certificate.clone())],
                key: PrivatePkcs8KeyDer::from(pair.current.key.clone()).into(),
                hashes: [Some(&pair.current), pair.next.as_ref()].into_iter().flatten().map(Made::hash).collect(),
            },
        }
    }
}

fn keep(storage: &Storage, pair: &Pair, before: Kept) -> Kept {
    match storage.save(FILE, pair) {
        Ok(()) => Kept::Yes,
        Err(error) => {
            if before == Kept::Yes {
                tracing::error!(%error, "the new certificate serves, but a restart would make another; trying again");
            }
            Kept::NotYet
        }
    }
}

impl Pair {
    /// Applies the rule of the module at this time; also after a long sleep, and after a clock that was set back.
    fn advance(&mut self, now_s: u64) -> Result<Rotation, CertificateError> {
        let mut rotation = Rotation::Unchanged;
        if self.current.left(now_s) < REPLACE_LEFT_S {
            let next = self.next.take().filter(|next| next.left(now_s) >= REPLACE_LEFT_S);
            self.current = match next {
                Some(next) => next,
                None => make(now_s)?,
            };
            rotation = Rotation::Changed;
        }
        if self.next.is_none() && self.current.left(now_s) < ANNOUNCE_LEFT_S {
            self.next = Some(make(now_s)?);
            rotation = Rotation::Changed;
        }
        Ok(rotation)
    }
}

impl Made {
    /// Seconds of validity that are left; 0 also before it begins.
    fn left(&self, now_s: u64) -> u64 {
        if now_s < self.not_before { 0 } else { self.not_after.saturating_sub(now_s) }
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.certificate).into()
    }
}

fn make(now_s: u64) -> Result<Made, CertificateError> {
    let (not_before, not_after) = (now_s.saturating_sub(BACKDATED_S), now_s + VALID_S);
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut parameters = rcgen::CertificateParams::new(names)?;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    parameters.not_before = epoch + Duration::from_secs(not_before);
    parameters.not_after = epoch + Duration::from_secs(not_after);
    parameters.serial_number = Some(keys::random::<16>()?.to_vec().into());
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "Stadion development host");
    let certificate = parameters.self_signed(&key)?.der().to_vec();
    Ok(Made { certificate, key: key.serialize_der(), not_before, not_after })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn in_memory() -> Certificates {
        Certificates::open(&Identity::Development, &Storage::Memory, NOW).unwrap()
    }

    fn hashes(certificates: &Certificates) -> Vec<[u8; 32]> {
        certificates.served().hashes
    }

    #[test]
    fn browsers_take_its_validity() {
        let made = make(NOW).unwrap();
        assert!(made.not_after - made.not_before < 14 * DAY_S);
        assert!(made.not_before < NOW && NOW < made.not_after);
    }

    #[test]
    fn a_certificate_is_told_days_before_it_serves_over_a_whole_year() {
        let mut certificates = in_memory();
        let mut told = hashes(&certificates);
        for day in 1..=365 {
            certificates.advance(NOW + day * DAY_S).unwrap();
            let now = hashes(&certificates);
            if now[0] != told[0] {
                assert_eq!(Some(&now[0]), told.get(1), "day {day}: what serves was told before");
            }
            let Certificates::Rotating { pair, .. } = &certificates else { unreachable!("development rotates") };
            assert!(pair.current.left(NOW + day * DAY_S) >= REPLACE_LEFT_S, "day {day}: never near its end");
            told = now;
        }
    }

    #[test]
    fn a_hash_that_was_told_serves_for_six_days() {
        for learned_on in 0..40 {
            let mut certificates = in_memory();
            for day in 0..=learned_on {
                certificates.advance(NOW + day * DAY_S).unwrap();
            }
            let told = hashes(&certificates);
            certificates.advance(NOW + (learned_on + 5) * DAY_S).unwrap();
            assert!(told.contains(&hashes(&certificates)[0]), "learned on day {learned_on}");
        }
    }

    #[test]
    fn after_a_long_sleep_or_a_clock_set_back_a_good_one_serves() {
        for now in [NOW + 400 * DAY_S, NOW - 400 * DAY_S] {
            let mut certificates = in_memory();
            assert_eq!(certificates.advance(now).unwrap(), Rotation::Changed);
            let Certificates::Rotating { pair, .. } = &certificates else { unreachable!("development rotates") };
            assert!(pair.current.left(now) > ANNOUNCE_LEFT_S);
        }
    }

    #[test]
    fn a_certificate_that_cannot_be_written_serves_and_is_written_later() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("keys");
        let storage = Storage::Directory(folder.clone());
        std::fs::create_dir(&folder).unwrap();
        let mut certificates = Certificates::open(&Identity::Development, &storage, NOW).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "no folder").unwrap();
        assert_eq!(certificates.advance(NOW + 8 * DAY_S).unwrap(), Rotation::Changed);
        let told = hashes(&certificates);
        assert_eq!(told.len(), 2, "it is told all the same");
        std::fs::remove_file(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(certificates.advance(NOW + 8 * DAY_S).unwrap(), Rotation::Unchanged);
        let again = Certificates::open(&Identity::Development, &storage, NOW + 8 * DAY_S).unwrap();
        assert_eq!(hashes(&again), told);
    }

    #[test]
    fn it_survives_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let storage = Storage::Directory(directory.path().to_owned());
        let open = || hashes(&Certificates::open(&Identity::Development, &storage, NOW).unwrap());
        assert_eq!(open(), open());
    }
}
