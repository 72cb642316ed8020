//! The keys of a deployment, and where they are kept.
//!
//! Four secrets, each for one purpose: access tokens of the API, join tokens, artifacts (Ed25519, RFC 8032), and the
//! authenticity of refresh tokens (BLAKE3 in keyed mode). In a directory each is one file with 64 hexadecimal digits,
//! readable by its owner alone. A signing key `NAME.key` may have a `NAME.previous.key` beside it: what it signed stays
//! good, nothing new is signed with it; that is how keys are changed.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};
use stadion_protocol::contract::SIGNING_CONTEXT;

use crate::clock::{Rng, random};

/// The keys could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A file or the directory.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Not 64 hexadecimal digits.
    #[error("{0}: not a key (64 hexadecimal digits)")]
    Malformed(PathBuf),
    /// Others may read it.
    #[error("{0}: readable by others; run chmod 600 on it")]
    Exposed(PathBuf),
}

/// See the module.
#[derive(Clone)]
pub struct Keys {
    pub(crate) api: SigningPair,
    pub(crate) join: SigningPair,
    artifact: SigningKey,
    pub(crate) refresh: [u8; 32],
}

/// A key that signs JWTs, and all whose signatures are good.
#[derive(Clone)]
pub(crate) struct SigningPair {
    pub(crate) kid: String,
    pub(crate) encoding: EncodingKey,
    pub(crate) public: BTreeMap<String, [u8; 32]>,
    pub(crate) decoding: BTreeMap<String, DecodingKey>,
}

impl Keys {
    /// Keys that are gone with the process.
    pub fn in_memory(rng: &dyn Rng) -> Keys {
        Keys {
            api: SigningPair::new(random(rng), None),
            join: SigningPair::new(random(rng), None),
            artifact: SigningKey::from_bytes(&random(rng)),
            refresh: random(rng),
        }
    }

    /// Reads the keys of a directory, and makes those that are missing.
    pub fn load(dir: &Path, rng: &dyn Rng) -> Result<Keys, KeysError> {
        std::fs::create_dir_all(dir).map_err(|error| KeysError::Io { path: dir.to_owned(), error })?;
        let pair = |name: &str| {
            let previous = read(&dir.join(format!("{name}.previous.key")))?;
            Ok(SigningPair::new(read_or_make(&dir.join(format!("{name}.key")), rng)?, previous))
        };
        Ok(Keys {
            api: pair("api")?,
            join: pair("join")?,
            artifact: SigningKey::from_bytes(&read_or_make(&dir.join("artifact.key"), rng)?),
            refresh: read_or_make(&dir.join("refresh.key"), rng)?,
        })
    }

    /// What hosts check join tokens with: key id -> Ed25519 public key.
    pub fn join_verifiers(&self) -> BTreeMap<String, [u8; 32]> {
        self.join.public.clone()
    }

    /// What hosts check artifacts with: an Ed25519 public key.
    pub fn artifact_verifier(&self) -> [u8; 32] {
        self.artifact.verifying_key().to_bytes()
    }

    /// Signs an encoded manifest, as [`stadion_protocol::contract::Artifact::signature`] says.
    pub(crate) fn sign_artifact(&self, manifest: &[u8]) -> [u8; 64] {
        self.artifact.sign(&[SIGNING_CONTEXT, manifest].concat()).to_bytes()
    }

    /// The public keys of access tokens as a JWK set (RFC 7517, RFC 8037).
    pub(crate) fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .api
            .public
            .iter()
            .map(|(kid, public)| {
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid,
                    "x": URL_SAFE_NO_PAD.encode(public),
                })
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}

/// What comes before the seed in the PKCS #8 form of an Ed25519 key (RFC 8410 section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

impl SigningPair {
    fn new(seed: [u8; 32], previous: Option<[u8; 32]>) -> SigningPair {
        let public_of = |seed: &[u8; 32]| SigningKey::from_bytes(seed).verifying_key().to_bytes();
        let current = public_of(&seed);
        let public: BTreeMap<_, _> =
            previous.as_ref().map(public_of).into_iter().chain([current]).map(|key| (key_id(&key), key)).collect();
        SigningPair {
            kid: key_id(&current),
            encoding: EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], &seed].concat()),
            decoding: public.iter().map(|(kid, key)| (kid.clone(), DecodingKey::from_ed_der(key))).collect(),
            public,
        }
    }
}

/// Names a public key: the first half of its SHA-256, in hexadecimal digits.
fn key_id(public: &[u8; 32]) -> String {
    hex::encode(&Sha256::digest(public)[..16])
}

fn read_or_make(path: &Path, rng: &dyn Rng) -> Result<[u8; 32], KeysError> {
    match read(path)? {
        Some(key) => Ok(key),
        None => make(path, rng),
    }
}

fn read(path: &Path) -> Result<Option<[u8; 32]>, KeysError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeysError::Io { path: path.to_owned(), error }),
    };
    check_private(path)?;
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key).map_err(|_| KeysError::Malformed(path.to_owned()))?;
    Ok(Some(key))
}

/// Written whole under another name first: a crash leaves no half key behind.
fn make(path: &Path, rng: &dyn Rng) -> Result<[u8; 32], KeysError> {
    let key: [u8; 32] = random(rng);
    let dir = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        // `tempfile` creates it readable by its owner alone.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        writeln!(file, "{}", hex::encode(key))?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)?;
        Ok(())
    };
    write().map_err(|error| KeysError::Io { path: path.to_owned(), error })?;
    Ok(key)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRng;

    #[test]
    fn keys_are_the_same_after_a_restart_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::load(dir.path(), &SystemRng).unwrap();
        let again = Keys::load(dir.path(), &SystemRng).unwrap();
        assert_eq!(keys.join_verifiers(), again.join_verifiers());
        assert_eq!(keys.artifact_verifier(), again.artifact_verifier());
        assert_eq!(keys.jwks(), again.jwks());
        assert_eq!(keys.refresh, again.refresh);
    }

    #[test]
    fn a_previous_key_is_still_good_and_signs_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let old = Keys::load(dir.path(), &SystemRng).unwrap();
        std::fs::rename(dir.path().join("api.key"), dir.path().join("api.previous.key")).unwrap();
        let new = Keys::load(dir.path(), &SystemRng).unwrap();
        assert_ne!(new.api.kid, old.api.kid);
        assert!(new.api.decoding.contains_key(&old.api.kid));
    }

    #[cfg(unix)]
    #[test]
    fn keys_that_others_can_read_are_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        Keys::load(dir.path(), &SystemRng).unwrap();
        let path = dir.path().join("join.key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keys::load(dir.path(), &SystemRng), Err(KeysError::Exposed(_))));
    }
}
