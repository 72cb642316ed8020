//! The keys of a deployment, and where they are kept.
//!
//! Each has one purpose. Four sign what others present, and are changed while everything runs ([`Keys::rotate`]): those of
//! access tokens of the API, of join tokens and of artifacts (Ed25519, RFC 8032), and that of refresh tokens (BLAKE3 in keyed
//! mode). Three are never shown anything: from them the secrets of webhooks, those of second factors and what replicas prove
//! themselves with are derived.
//!
//! In a directory each is one file with 64 hexadecimal digits, readable by its owner alone. Beside `NAME.key` of one that is
//! changed may be a `NAME.previous.key`: nothing new is signed with it, and what it signed is good until its time is over
//! ([`Keys::retire`]). No second change is allowed before. Replicas on one directory find a change there, at the latest when
//! somebody comes with something that is signed with a key that they do not know.

mod files;
mod pair;
mod ring;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer, SigningKey};
use jsonwebtoken::DecodingKey;
use stadion_protocol::contract::SIGNING_CONTEXT;
use tokio::task::JoinHandle;

pub(crate) use pair::SigningPair;

use crate::clock::{Clock, Rng, random};
use crate::model::UnixMs;
use ring::{Names, Ring};

type Secret = [u8; 32];

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
    /// They were changed a short while ago: what the keys before signed is still good.
    #[error("what the previous keys signed is good for up to {} s more; rotate after that", .0.as_secs().max(1))]
    TooSoon(Duration),
    /// They could not be written.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Which keys are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Those of access tokens and of join tokens.
    Tokens,
    /// That of refresh tokens.
    Refresh,
    /// That of artifacts.
    Artifacts,
}

/// How long what a key has signed is good after another one has taken its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLives {
    /// Access tokens and join tokens.
    pub tokens: Duration,
    /// Refresh tokens.
    pub refresh: Duration,
    /// Artifacts: they are signed anew when somebody asks for them, and compiled anew after this.
    pub artifacts: Duration,
}

impl KeyLives {
    pub(crate) fn of(&self, which: KeyUse) -> Duration {
        match which {
            KeyUse::Tokens => self.tokens,
            KeyUse::Refresh => self.refresh,
            KeyUse::Artifacts => self.artifacts,
        }
    }
}

/// Hears the public keys of join tokens before anything is signed with a new one: key id -> Ed25519 public key.
pub type JoinListener = Box<dyn Fn(&BTreeMap<String, [u8; 32]>) + Send + Sync>;

/// The same for artifacts; the key that signs is the first.
pub type ArtifactListener = Box<dyn Fn(&[[u8; 32]]) + Send + Sync>;

/// Whose signature something bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedBy {
    Present,
    Previous,
    Nobody,
}

const TOKENS: Names<2> = Names { keys: ["api", "join"], rotated: "rotated" };
const REFRESH: Names<1> = Names { keys: ["refresh"], rotated: "refresh.rotated" };
const ARTIFACTS: Names<1> = Names { keys: ["artifact"], rotated: "artifact.rotated" };

/// See the module.
pub struct Keys {
    tokens: RwLock<TokenKeys>,
    refresh: RwLock<Ring<1>>,
    artifacts: RwLock<Ring<1>>,
    pub(crate) webhooks: Secret,
    pub(crate) second_factors: Secret,
    /// For [`crate::replicas`].
    pub(crate) replicas: Secret,
    /// `None`: they are gone with the process.
    dir: Option<PathBuf>,
    changing: Mutex<()>,
    of_join: Mutex<Vec<JoinListener>>,
    of_artifacts: Mutex<Vec<ArtifactListener>>,
}

#[derive(Clone)]
struct TokenKeys {
    ring: Ring<2>,
    api: Arc<SigningPair>,
    join: Arc<SigningPair>,
    /// What signs join tokens until then: the key before.
    until_known: Option<(Arc<SigningPair>, UnixMs)>,
}

/// How long hosts of other replicas may take to hear of a new key of join tokens. Whoever checks an access token looks when it is of
/// a key that it does not know; a gateway has no time for that.
pub(crate) const HEARD_AFTER: Duration = Duration::from_secs(15);

impl TokenKeys {
    fn of(ring: Ring<2>) -> TokenKeys {
        let pair = |place: usize| Arc::new(SigningPair::new(&ring.present[place], ring.previous[place].as_ref()));
        let before = |seed: &Secret| Arc::new(SigningPair::new(seed, None));
        let until_known =
            ring.previous[1].as_ref().zip(ring.rotated_at).map(|(seed, at)| (before(seed), at.plus(HEARD_AFTER)));
        TokenKeys { api: pair(0), join: pair(1), until_known, ring }
    }
}

impl Keys {
    /// Keys that are gone with the process.
    pub fn in_memory(rng: &dyn Rng) -> Keys {
        let rings = (Ring::make(rng), Ring::make(rng), Ring::make(rng));
        Keys::of(rings, [(); 3].map(|()| random(rng)), None)
    }

    /// Reads the keys of a directory, and makes those that are missing.
    pub fn load(dir: &Path, rng: &dyn Rng) -> Result<Keys, KeysError> {
        std::fs::create_dir_all(dir).map_err(|error| KeysError::Io { path: dir.to_owned(), error })?;
        let rings =
            (Ring::load(dir, &TOKENS, rng)?, Ring::load(dir, &REFRESH, rng)?, Ring::load(dir, &ARTIFACTS, rng)?);
        let other = |name: &str| files::read_or_make(&dir.join(format!("{name}.key")), rng);
        let others = [other("webhooks")?, other("second-factors")?, other("replicas")?];
        Ok(Keys::of(rings, others, Some(dir.to_owned())))
    }

    fn of(
        (tokens, refresh, artifacts): (Ring<2>, Ring<1>, Ring<1>),
        [webhooks, second_factors, replicas]: [Secret; 3],
        dir: Option<PathBuf>,
    ) -> Keys {
        Keys {
            tokens: RwLock::new(TokenKeys::of(tokens)),
            refresh: RwLock::new(refresh),
            artifacts: RwLock::new(artifacts),
            webhooks,
            second_factors,
            replicas,
            dir,
            changing: Mutex::default(),
            of_join: Mutex::default(),
            of_artifacts: Mutex::default(),
        }
    }

    /// What signs access tokens now.
    pub(crate) fn api(&self) -> Arc<SigningPair> {
        read(&self.tokens).api
    }

    /// What signs join tokens at a time: the present key, once every host has heard of it.
    pub(crate) fn join(&self, now: UnixMs) -> Arc<SigningPair> {
        match read(&self.tokens) {
            TokenKeys { until_known: Some((before, until)), .. } if now < until => before,
            TokenKeys { join, .. } => join,
        }
    }

    /// What an access token of this key id is checked with. One that is not known may be another replica's new one.
    pub(crate) fn api_verifier(&self, kid: &str) -> Option<DecodingKey> {
        let known = || self.api().decoding.get(kid).cloned();
        known().or_else(|| self.found_newer().then(known).flatten())
    }

    /// What makes refresh tokens now.
    pub(crate) fn refresh(&self) -> Secret {
        let [present] = read(&self.refresh).present;
        present
    }

    /// Whether a refresh token is of a key that is good.
    pub(crate) fn verifies_refresh(&self, is_of: impl Fn(&Secret) -> bool) -> bool {
        let known = || {
            let Ring { present: [present], previous: [previous], .. } = read(&self.refresh);
            is_of(&present) || previous.as_ref().is_some_and(&is_of)
        };
        known() || self.found_newer() && known()
    }

    /// Changes keys; what the present ones signed stays good for a while, and until that is over they are not changed again.
    /// Says until when that is.
    pub fn rotate(&self, which: KeyUse, now: UnixMs, lives: &KeyLives, rng: &dyn Rng) -> Result<UnixMs, RotateError> {
        let _one_at_a_time = locked(&self.changing);
        self.reread()?;
        let life = lives.of(which);
        match which {
            KeyUse::Tokens => {
                let next = read(&self.tokens).ring.rotated(now, life, rng)?;
                self.write(&next, &TOKENS)?;
                self.replace_tokens(next);
            }
            KeyUse::Refresh => {
                let next = read(&self.refresh).rotated(now, life, rng)?;
                self.write(&next, &REFRESH)?;
                replace(&self.refresh, next);
            }
            KeyUse::Artifacts => {
                let next = read(&self.artifacts).rotated(now, life, rng)?;
                self.write(&next, &ARTIFACTS)?;
                self.replace_artifacts(next);
            }
        }
        Ok(now.plus(life))
    }

    /// Believes previous keys no more whose time is over: whether there were any.
    pub fn retire(&self, now: UnixMs, lives: &KeyLives) -> bool {
        let _one_at_a_time = locked(&self.changing);
        let tokens = read(&self.tokens).ring.retired(now, lives.tokens).map(|ring| self.replace_tokens(ring));
        let refresh = read(&self.refresh).retired(now, lives.refresh).map(|ring| replace(&self.refresh, ring));
        let artifacts = read(&self.artifacts).retired(now, lives.artifacts).map(|ring| self.replace_artifacts(ring));
        tokens.or(refresh).or(artifacts).is_some()
    }

    /// Takes over what another replica changed in the directory: whether there was anything.
    pub fn reread(&self) -> Result<bool, KeysError> {
        let Some(dir) = &self.dir else { return Ok(false) };
        let tokens = read(&self.tokens).ring.newer(dir, &TOKENS)?.map(|ring| self.replace_tokens(ring));
        let refresh = read(&self.refresh).newer(dir, &REFRESH)?.map(|ring| replace(&self.refresh, ring));
        let artifacts = read(&self.artifacts).newer(dir, &ARTIFACTS)?.map(|ring| self.replace_artifacts(ring));
        Ok(tokens.or(refresh).or(artifacts).is_some())
    }

    /// A directory that cannot be read now keeps the keys as they are; whoever starts next is told.
    fn found_newer(&self) -> bool {
        self.reread().unwrap_or(false)
    }

    fn write<const N: usize>(&self, ring: &Ring<N>, names: &Names<N>) -> Result<(), KeysError> {
        self.dir.as_deref().map_or(Ok(()), |dir| ring.write(dir, names))
    }

    /// Has somebody told of the keys of join tokens, now and at every change, before the first token is signed with a new one.
    pub fn tell(&self, listener: JoinListener) {
        listener(&self.join_verifiers());
        locked(&self.of_join).push(listener);
    }

    /// The same for the keys of artifacts.
    pub fn tell_of_artifacts(&self, listener: ArtifactListener) {
        listener(&self.artifact_verifiers());
        locked(&self.of_artifacts).push(listener);
    }

    fn replace_tokens(&self, ring: Ring<2>) {
        let next = TokenKeys::of(ring);
        locked(&self.of_join).iter().for_each(|listener| listener(&next.join.public));
        replace(&self.tokens, next);
    }

    fn replace_artifacts(&self, ring: Ring<1>) {
        let verifiers = verifiers(&ring);
        locked(&self.of_artifacts).iter().for_each(|listener| listener(&verifiers));
        replace(&self.artifacts, ring);
    }

    /// What hosts check join tokens with: key id -> Ed25519 public key.
    pub fn join_verifiers(&self) -> BTreeMap<String, [u8; 32]> {
        read(&self.tokens).join.public.clone()
    }

    /// What hosts check artifacts with: Ed25519 public keys, the present one first.
    pub fn artifact_verifiers(&self) -> Vec<[u8; 32]> {
        verifiers(&read(&self.artifacts))
    }

    /// Signs an encoded manifest, as [`stadion_protocol::contract::Artifact::signature`] says.
    pub(crate) fn sign_artifact(&self, manifest: &[u8]) -> [u8; 64] {
        let [present] = read(&self.artifacts).present;
        SigningKey::from_bytes(&present).sign(&[SIGNING_CONTEXT, manifest].concat()).to_bytes()
    }

    /// Who signed a manifest. A signature that is nobody's may be by another replica's new key.
    pub(crate) fn signer_of_artifact(&self, manifest: &[u8], signature: &[u8; 64]) -> SignedBy {
        let (message, signature) = ([SIGNING_CONTEXT, manifest].concat(), Signature::from_bytes(signature));
        let by = |key: &Secret| SigningKey::from_bytes(key).verifying_key().verify_strict(&message, &signature).is_ok();
        let signer = || match read(&self.artifacts) {
            Ring { present: [present], .. } if by(&present) => SignedBy::Present,
            Ring { previous: [Some(previous)], .. } if by(&previous) => SignedBy::Previous,
            _ => SignedBy::Nobody,
        };
        match signer() {
            SignedBy::Nobody if self.found_newer() => signer(),
            signer => signer,
        }
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

/// Time between two looks at whose time is over: seldom next to how long it is.
const LOOK_AFTER: Duration = Duration::from_secs(60);

/// Retires keys as long as the control plane runs; those whose time went by while it did not, before this returns.
pub(crate) fn retire_in_time(keys: &Arc<Keys>, clock: &Arc<dyn Clock>, lives: KeyLives) -> JoinHandle<()> {
    let (keys, clock) = (Arc::clone(keys), Arc::clone(clock));
    let look = move || {
        if keys.retire(clock.now(), &lives) {
            tracing::info!("what keys of before have signed is good no more: its time is over");
        }
    };
    look();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(LOOK_AFTER).await;
            look();
        }
    })
}

fn verifiers(ring: &Ring<1>) -> Vec<[u8; 32]> {
    let keys = ring.present.iter().chain(ring.previous.iter().flatten());
    keys.map(|key| SigningKey::from_bytes(key).verifying_key().to_bytes()).collect()
}

fn read<T: Clone>(place: &RwLock<T>) -> T {
    place.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// As a whole: nobody can find half of it.
fn replace<T>(place: &RwLock<T>, next: T) {
    *place.write().unwrap_or_else(PoisonError::into_inner) = next;
}

/// What is behind these locks is changed by one call: whatever panicked while holding one, it is whole.
fn locked<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
