//! A key that signs JWTs, and all whose signatures are good.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};

use super::Secret;

/// See the module.
#[derive(Clone)]
pub(crate) struct SigningPair {
    pub(crate) kid: String,
    pub(crate) encoding: EncodingKey,
    pub(crate) public: BTreeMap<String, [u8; 32]>,
    pub(crate) decoding: BTreeMap<String, DecodingKey>,
}

/// What comes before the seed in the PKCS #8 form of an Ed25519 key (RFC 8410 section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

impl SigningPair {
    pub(super) fn new(seed: &Secret, previous: Option<&Secret>) -> SigningPair {
        let public_of = |seed: &Secret| SigningKey::from_bytes(seed).verifying_key().to_bytes();
        let current = public_of(seed);
        let public: BTreeMap<_, _> =
            previous.map(public_of).into_iter().chain([current]).map(|key| (key_id(&key), key)).collect();
        SigningPair {
            kid: key_id(&current),
            encoding: EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], seed].concat()),
            decoding: public.iter().map(|(kid, key)| (kid.clone(), DecodingKey::from_ed_der(key))).collect(),
            public,
        }
    }
}

/// Names a public key: the first half of its SHA-256, in hexadecimal digits.
fn key_id(public: &[u8; 32]) -> String {
    hex::encode(&Sha256::digest(public)[..16])
}
