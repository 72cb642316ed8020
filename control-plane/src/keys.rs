//! The keys of a deployment, and where they are kept.
//!
//! Five secrets, each for one purpose: access tokens of the API, join tokens, artifacts (Ed25519, RFC 8032), the authenticity of
//! refresh tokens, and that of what replicas ask of one another (BLAKE3 in keyed mode). In a directory each is one file with 64
//! hexadecimal digits, readable by its owner alone. All but the last, `NAME.key`, may have a `NAME.previous.key` beside it: what
//! it signed stays good, nothing new is signed with it.
//!
//! [`Keys::rotate`] changes the keys of access tokens and join tokens while everything runs, [`Keys::rotate_refresh`] that of
//! refresh tokens: the present ones become the previous ones. It is refused while a token of a previous key may still be good.
//! Replicas on one directory find the change there, at the latest when somebody comes with a token of a key that they do not
//! know. The key of artifacts is changed by renaming its file while nothing runs; what no key has signed is compiled anew.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey};
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};
use stadion_protocol::contract::SIGNING_CONTEXT;

use crate::clock::{Rng, random};
use crate::model::UnixMs;

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

/// Keys were not changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// They were changed a short while ago: tokens of the keys before are still good.
    #[error("tokens of the previous keys are good for up to {} s more; rotate after that", .0.as_secs().max(1))]
    TooSoon(Duration),
    /// They could not be written.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Hears the public keys of join tokens before anything is signed with a new one: key id -> Ed25519 public key.
pub type JoinListener = Box<dyn Fn(&BTreeMap<String, [u8; 32]>) + Send + Sync>;

/// See the module.
pub struct Keys {
    tokens: RwLock<TokenKeys>,
    artifact: SigningKey,
    /// It signs nothing any more.
    previous_artifact: Option<SigningKey>,
    refresh: RwLock<RefreshKeys>,
    /// For [`crate::replicas`].
    pub(crate) replicas: [u8; 32],
    /// `None`: they are gone with the process.
    dir: Option<PathBuf>,
    listeners: Mutex<Vec<JoinListener>>,
}

/// What refresh tokens are made with, and what those before were.
#[derive(Clone, Copy)]
struct RefreshKeys {
    present: [u8; 32],
    previous: Option<[u8; 32]>,
    rotated_at: Option<UnixMs>,
}

/// The keys that can be changed.
#[derive(Clone)]
struct TokenKeys {
    api: Arc<SigningPair>,
    join: Arc<SigningPair>,
    rotated_at: Option<UnixMs>,
}

/// A key that signs JWTs, and all whose signatures are good.
#[derive(Clone)]
pub(crate) struct SigningPair {
    seed: [u8; 32],
    pub(crate) kid: String,
    pub(crate) encoding: EncodingKey,
    pub(crate) public: BTreeMap<String, [u8; 32]>,
    pub(crate) decoding: BTreeMap<String, DecodingKey>,
}

impl Keys {
    /// Keys that are gone with the process.
    pub fn in_memory(rng: &dyn Rng) -> Keys {
        let pair = || Arc::new(SigningPair::new(random(rng), None));
        Keys {
            tokens: RwLock::new(TokenKeys { api: pair(), join: pair(), rotated_at: None }),
            artifact: SigningKey::from_bytes(&random(rng)),
            previous_artifact: None,
            refresh: RwLock::new(RefreshKeys { present: random(rng), previous: None, rotated_at: None }),
            replicas: random(rng),
            dir: None,
            listeners: Mutex::default(),
        }
    }

    /// Reads the keys of a directory, and makes those that are missing.
    pub fn load(dir: &Path, rng: &dyn Rng) -> Result<Keys, KeysError> {
        std::fs::create_dir_all(dir).map_err(|error| KeysError::Io { path: dir.to_owned(), error })?;
        for name in [API, JOIN, REFRESH] {
            read_or_make(&dir.join(format!("{name}.key")), rng)?;
        }
        Ok(Keys {
            tokens: RwLock::new(TokenKeys::read(dir)?),
            artifact: SigningKey::from_bytes(&read_or_make(&dir.join("artifact.key"), rng)?),
            previous_artifact: read(&dir.join("artifact.previous.key"))?.as_ref().map(SigningKey::from_bytes),
            refresh: RwLock::new(RefreshKeys::read(dir)?),
            replicas: read_or_make(&dir.join("replicas.key"), rng)?,
            dir: Some(dir.to_owned()),
            listeners: Mutex::default(),
        })
    }

    /// What signs access tokens now.
    pub(crate) fn api(&self) -> Arc<SigningPair> {
        self.tokens().api
    }

    /// What signs join tokens now.
    pub(crate) fn join(&self) -> Arc<SigningPair> {
        self.tokens().join
    }

    /// What an access token of this key id is checked with. One that is not known may be another replica's new one.
    pub(crate) fn api_verifier(&self, kid: &str) -> Option<DecodingKey> {
        let known = || self.api().decoding.get(kid).cloned();
        known().or_else(|| {
            // A directory that cannot be read now keeps the keys as they are; whoever starts next is told.
            self.reread().ok().filter(|changed| *changed).and_then(|_| known())
        })
    }

    /// Changes the keys of access tokens and join tokens; the present ones stay good for what they signed. `longest` is how
    /// long a token may be good.
    pub fn rotate(&self, now: UnixMs, longest: Duration, rng: &dyn Rng) -> Result<(), RotateError> {
        let present = self.tokens();
        let since = present.rotated_at.map_or(Duration::MAX, |at| now.since(at));
        if since < longest {
            return Err(RotateError::TooSoon(longest - since));
        }
        let next = |pair: &SigningPair| Arc::new(SigningPair::new(random(rng), Some(pair.seed)));
        let next = TokenKeys { api: next(&present.api), join: next(&present.join), rotated_at: Some(now) };
        if let Some(dir) = &self.dir {
            next.write(dir, &present)?;
        }
        self.replace(next);
        Ok(())
    }

    /// What refresh tokens are made with now.
    pub(crate) fn refresh(&self) -> [u8; 32] {
        self.refresh_keys().present
    }

    /// Whether this is good of a refresh token, by the present key or the one before. One that is not may be another replica's
    /// new one.
    pub(crate) fn verifies_refresh(&self, good: impl Fn(&[u8; 32]) -> bool) -> bool {
        let any = || {
            let RefreshKeys { present, previous, .. } = self.refresh_keys();
            good(&present) || previous.is_some_and(|key| good(&key))
        };
        any() || (self.reread().is_ok_and(|changed| changed) && any())
    }

    /// Changes the key of refresh tokens; those of the present one stay good, `longest` at most, and are replaced as they are
    /// used. Answers when that is over: until then it cannot be done again.
    pub fn rotate_refresh(&self, now: UnixMs, longest: Duration, rng: &dyn Rng) -> Result<UnixMs, RotateError> {
        let keys = self.refresh_keys();
        let since = keys.rotated_at.map_or(Duration::MAX, |at| now.since(at));
        if since < longest {
            return Err(RotateError::TooSoon(longest - since));
        }
        let next = RefreshKeys { present: random(rng), previous: Some(keys.present), rotated_at: Some(now) };
        if let Some(dir) = &self.dir {
            next.write(dir)?;
        }
        *self.refresh.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(now.plus(longest))
    }

    fn refresh_keys(&self) -> RefreshKeys {
        *self.refresh.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what another replica changed in the directory: whether there was anything.
    pub fn reread(&self) -> Result<bool, KeysError> {
        let Some(dir) = &self.dir else { return Ok(false) };
        let tokens = read_time(dir, ROTATED)? != self.tokens().rotated_at;
        if tokens {
            self.replace(TokenKeys::read(dir)?);
        }
        let refresh = read_time(dir, REFRESH_ROTATED)? != self.refresh_keys().rotated_at;
        if refresh {
            *self.refresh.write().unwrap_or_else(PoisonError::into_inner) = RefreshKeys::read(dir)?;
        }
        Ok(tokens || refresh)
    }

    /// Has somebody told of the keys of join tokens, now and at every change, before the first token is signed with a new one.
    pub fn tell(&self, listener: JoinListener) {
        listener(&self.join_verifiers());
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    fn replace(&self, next: TokenKeys) {
        for listener in self.listeners.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            listener(&next.join.public);
        }
        // Replaced as a whole: nobody can find half of it.
        *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn tokens(&self) -> TokenKeys {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What hosts check join tokens with: key id -> Ed25519 public key.
    pub fn join_verifiers(&self) -> BTreeMap<String, [u8; 32]> {
        self.join().public.clone()
    }

    /// What hosts check artifacts with: Ed25519 public keys, the present one first.
    pub fn artifact_verifiers(&self) -> Vec<[u8; 32]> {
        let keys = std::iter::once(&self.artifact).chain(&self.previous_artifact);
        keys.map(|key| key.verifying_key().to_bytes()).collect()
    }

    /// Whether hosts accept a manifest with this signature.
    pub(crate) fn verifies_artifact(&self, manifest: &[u8], signature: &[u8; 64]) -> bool {
        let (message, signature) = ([SIGNING_CONTEXT, manifest].concat(), Signature::from_bytes(signature));
        let mut keys = std::iter::once(&self.artifact).chain(&self.previous_artifact);
        keys.any(|key| key.verifying_key().verify_strict(&message, &signature).is_ok())
    }

    /// Signs an encoded manifest, as [`stadion_protocol::contract::Artifact::signature`] says.
    pub(crate) fn sign_artifact(&self, manifest: &[u8]) -> [u8; 64] {
        self.artifact.sign(&[SIGNING_CONTEXT, manifest].concat()).to_bytes()
    }

    /// The public keys of access tokens as a JWK set (RFC 7517, RFC 8037).
    pub(crate) fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .api()
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

/// Names of the keys that can be changed.
const API: &str = "api";
const JOIN: &str = "join";
const REFRESH: &str = "refresh";

/// When they were, Unix milliseconds; not there: never.
const ROTATED: &str = "rotated";
const REFRESH_ROTATED: &str = "refresh.rotated";

impl RefreshKeys {
    fn read(dir: &Path) -> Result<RefreshKeys, KeysError> {
        // Read before the keys: a change in between is found at the next look.
        let rotated_at = read_time(dir, REFRESH_ROTATED)?;
        let path = dir.join(format!("{REFRESH}.key"));
        let present = read(&path)?.ok_or(KeysError::Malformed(path))?;
        Ok(RefreshKeys { present, previous: read(&dir.join(format!("{REFRESH}.previous.key")))?, rotated_at })
    }

    /// In the order of [`TokenKeys::write`].
    fn write(&self, dir: &Path) -> Result<(), KeysError> {
        if let Some(previous) = self.previous {
            write(&dir.join(format!("{REFRESH}.previous.key")), &hex::encode(previous))?;
        }
        write(&dir.join(format!("{REFRESH}.key")), &hex::encode(self.present))?;
        write(&dir.join(REFRESH_ROTATED), &self.rotated_at.unwrap_or_default().0.to_string())
    }
}

impl TokenKeys {
    fn read(dir: &Path) -> Result<TokenKeys, KeysError> {
        let pair = |name: &str| {
            let path = dir.join(format!("{name}.key"));
            let seed = read(&path)?.ok_or(KeysError::Malformed(path))?;
            Ok(Arc::new(SigningPair::new(seed, read(&dir.join(format!("{name}.previous.key")))?)))
        };
        // Read before the keys: a change in between is found at the next look.
        let rotated_at = read_time(dir, ROTATED)?;
        Ok(TokenKeys { api: pair(API)?, join: pair(JOIN)?, rotated_at })
    }

    /// The present keys become the previous ones first: a crash in between leaves a key twice, and none lost. The time comes
    /// last, and tells other replicas to look.
    fn write(&self, dir: &Path, present: &TokenKeys) -> Result<(), KeysError> {
        for (name, next, present) in [(API, &self.api, &present.api), (JOIN, &self.join, &present.join)] {
            write(&dir.join(format!("{name}.previous.key")), &hex::encode(present.seed))?;
            write(&dir.join(format!("{name}.key")), &hex::encode(next.seed))?;
        }
        write(&dir.join(ROTATED), &self.rotated_at.unwrap_or_default().0.to_string())
    }
}

fn read_time(dir: &Path, name: &str) -> Result<Option<UnixMs>, KeysError> {
    let path = dir.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().map(|ms| Some(UnixMs(ms))).map_err(|_| KeysError::Malformed(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeysError::Io { path, error }),
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
            seed,
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

fn make(path: &Path, rng: &dyn Rng) -> Result<[u8; 32], KeysError> {
    let key: [u8; 32] = random(rng);
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

fn write(path: &Path, text: &str) -> Result<(), KeysError> {
    let file = whole(path, text).map_err(|error| KeysError::Io { path: path.to_owned(), error })?;
    file.persist(path).map_err(|error| KeysError::Io { path: path.to_owned(), error: error.error })?;
    Ok(())
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
        assert_eq!(keys.artifact_verifiers(), again.artifact_verifiers());
        assert_eq!(keys.jwks(), again.jwks());
        assert_eq!((keys.refresh(), keys.replicas), (again.refresh(), again.replicas));
    }

    #[test]
    fn refresh_tokens_of_two_keys_are_good_and_those_of_a_third_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let [here, there] = [(); 2].map(|()| Keys::load(dir.path(), &SystemRng).unwrap());
        let first = here.refresh();
        assert_eq!(here.rotate_refresh(UnixMs(1000), HOUR, &SystemRng).unwrap(), UnixMs(1000).plus(HOUR));
        let second = here.refresh();
        assert!(first != second && here.verifies_refresh(|key| *key == first));
        assert!(there.verifies_refresh(|key| *key == second), "another replica looks");
        assert_eq!(there.refresh(), second);
        let soon = UnixMs(1000).plus(HOUR / 2);
        assert!(matches!(here.rotate_refresh(soon, HOUR, &SystemRng), Err(RotateError::TooSoon(_))));
        here.rotate_refresh(UnixMs(1000).plus(HOUR), HOUR, &SystemRng).unwrap();
        assert!(!here.verifies_refresh(|key| *key == first) && here.verifies_refresh(|key| *key == second));
        let after = Keys::load(dir.path(), &SystemRng).unwrap();
        assert!(after.refresh() == here.refresh() && after.verifies_refresh(|key| *key == second));
    }

    #[test]
    fn a_renamed_key_of_artifacts_verifies_and_a_new_one_signs() {
        let dir = tempfile::tempdir().unwrap();
        let before = Keys::load(dir.path(), &SystemRng).unwrap();
        let signature = before.sign_artifact(b"manifest");
        std::fs::rename(dir.path().join("artifact.key"), dir.path().join("artifact.previous.key")).unwrap();
        let after = Keys::load(dir.path(), &SystemRng).unwrap();
        assert_eq!(after.artifact_verifiers()[1], before.artifact_verifiers()[0]);
        assert!(after.verifies_artifact(b"manifest", &signature) && !after.verifies_artifact(b"other", &signature));
        assert!(!before.verifies_artifact(b"manifest", &after.sign_artifact(b"manifest")), "signed with the new one");
        std::fs::remove_file(dir.path().join("artifact.previous.key")).unwrap();
        assert!(!Keys::load(dir.path(), &SystemRng).unwrap().verifies_artifact(b"manifest", &signature));
    }

    const HOUR: Duration = Duration::from_secs(3600);

    fn kids(keys: &Keys) -> Vec<String> {
        keys.api().public.keys().cloned().collect()
    }

    #[test]
    fn after_a_change_both_keys_are_good_and_the_new_one_signs() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::load(dir.path(), &SystemRng).unwrap();
        let old = keys.api().kid.clone();
        keys.rotate(UnixMs(1), HOUR, &SystemRng).unwrap();
        assert_ne!(keys.api().kid, old);
        assert!(keys.api_verifier(&old).is_some());
        assert_eq!(kids(&keys).len(), 2);
        let after = Keys::load(dir.path(), &SystemRng).unwrap();
        assert_eq!((kids(&after), after.api().kid.clone()), (kids(&keys), keys.api().kid.clone()));
        assert_eq!(after.join_verifiers(), keys.join_verifiers());
    }

    #[test]
    fn no_token_loses_its_key_before_it_expires() {
        let keys = Keys::in_memory(&SystemRng);
        keys.rotate(UnixMs(1000), HOUR, &SystemRng).unwrap();
        let soon = UnixMs(1000).plus(HOUR / 2);
        assert!(matches!(keys.rotate(soon, HOUR, &SystemRng), Err(RotateError::TooSoon(wait)) if wait == HOUR / 2));
        keys.rotate(UnixMs(1000).plus(HOUR), HOUR, &SystemRng).unwrap();
        assert_eq!(kids(&keys).len(), 2);
    }

    #[test]
    fn another_replica_finds_the_new_key_when_it_is_needed() {
        let dir = tempfile::tempdir().unwrap();
        let [here, there] = [(); 2].map(|()| Keys::load(dir.path(), &SystemRng).unwrap());
        here.rotate(UnixMs(1), HOUR, &SystemRng).unwrap();
        assert!(there.api_verifier("0000").is_none());
        assert!(there.api_verifier(&here.api().kid).is_some());
        assert_eq!(there.api().kid, here.api().kid);
        assert!(!there.reread().unwrap(), "there is nothing new");
    }

    #[test]
    fn hosts_hear_of_a_key_before_it_signs() {
        let keys = Keys::in_memory(&SystemRng);
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = told.clone();
        keys.tell(Box::new(move |verifiers| hears.lock().unwrap().push(verifiers.clone())));
        keys.rotate(UnixMs(1), HOUR, &SystemRng).unwrap();
        let told = told.lock().unwrap();
        assert_eq!((told[0].len(), &told[1]), (1, &keys.join_verifiers()));
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
