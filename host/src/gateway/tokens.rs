//! Join tokens at the door: JWT (RFC 7519) signed with Ed25519 (RFC 8037) by the control plane. Signature, key id,
//! audience and expiry are decided here; what a match has to know (seat, nonce, reuse) is decided by the match.
//!
//! The caller is told `expired` or `refused` and nothing more. Which of the causes it was stands in the log alone.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use stadion_protocol::CloseCode;
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims};
use stadion_protocol::wire::MAX_JOIN_TOKEN;

/// How far clocks of control plane and host may differ.
const LEEWAY_S: u64 = 5;

/// The public keys of the control plane, by key id (`kid`). Clones share the keys, so that rotation reaches a running
/// gateway: add the new key, wait for the last token of the old one to expire, remove the old one.
#[derive(Clone, Default)]
pub struct JoinKeys {
    keys: Arc<RwLock<HashMap<String, DecodingKey>>>,
}

/// Why a join token was not accepted. For the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// In order, but too old.
    #[error("expired {0} s ago")]
    Expired(u64),
    /// Not a JWT with our claims.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Signed with something that is not EdDSA, or not signed.
    #[error("another algorithm than EdDSA")]
    Algorithm,
    /// No key id, or one that is not ours.
    #[error("unknown key id {0:?}")]
    UnknownKey(String),
    /// Changed, or signed by somebody else.
    #[error("bad signature")]
    Signature,
    /// Made for something else than joining.
    #[error("another audience")]
    Audience,
}

impl TokenRefusal {
    /// What the client is told.
    pub fn close_code(&self) -> CloseCode {
        match self {
            TokenRefusal::Expired(_) => CloseCode::Expired,
            _ => CloseCode::Refused,
        }
    }
}

impl JoinKeys {
    /// No keys yet: every token is refused.
    pub fn new() -> JoinKeys {
        JoinKeys::default()
    }

    /// Trusts a key (raw Ed25519 public key) from now on, replacing one of the same id.
    pub fn insert(&self, kid: &str, public_key: [u8; 32]) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(kid.to_owned(), DecodingKey::from_ed_der(&public_key));
    }

    /// Trusts a key no longer.
    pub fn remove(&self, kid: &str) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).remove(kid);
    }

    /// The claims of a token that is in order at this time (Unix seconds).
    ///
    /// # Errors
    /// The first cause found; a token that is wrong in another way too is never told to be `Expired`.
    pub fn verify(&self, token: &str, now_s: u64) -> Result<JoinClaims, TokenRefusal> {
        if token.len() > MAX_JOIN_TOKEN {
            return Err(TokenRefusal::Malformed(format!("{} bytes", token.len())));
        }
        let key = self.key_of(token)?;
        let decoded = jsonwebtoken::decode::<JoinClaims>(token, &key, &validation());
        let claims = decoded.map_err(|error| refusal(error.into_kind()))?.claims;
        if claims.exp.saturating_add(LEEWAY_S) <= now_s {
            return Err(TokenRefusal::Expired(now_s - claims.exp));
        }
        Ok(claims)
    }

    fn key_of(&self, token: &str) -> Result<DecodingKey, TokenRefusal> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| refusal(error.into_kind()))?;
        if header.alg != Algorithm::EdDSA {
            return Err(TokenRefusal::Algorithm);
        }
        let kid = header.kid.unwrap_or_default();
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(&kid).cloned().ok_or_else(|| TokenRefusal::UnknownKey(kid.chars().take(40).collect()))
    }
}

impl std::fmt::Debug for JoinKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        f.debug_set().entries(keys.keys()).finish()
    }
}

/// Algorithm and audience are pinned. Expiry is checked afterwards, against the time that the caller hands in.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[JOIN_AUDIENCE]);
    validation.set_required_spec_claims(&["aud", "exp"]);
    validation.validate_exp = false;
    validation
}

fn refusal(kind: ErrorKind) -> TokenRefusal {
    match kind {
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => {
            TokenRefusal::Algorithm
        }
        ErrorKind::InvalidSignature => TokenRefusal::Signature,
        ErrorKind::InvalidAudience => TokenRefusal::Audience,
        // The library reports an unknown `alg`, such as `none`, as JSON that does not fit.
        other => TokenRefusal::Malformed(format!("{other:?}").chars().take(200).collect()),
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use jsonwebtoken::{EncodingKey, Header};
    use stadion_protocol::token::SchemaHash;
    use stadion_protocol::{MatchId, Seat};

    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// What stands before the 32 bytes of a private key (RFC 8410 section 7).
    const PKCS8_ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

    fn keys_of(seed: u8) -> (EncodingKey, [u8; 32]) {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let der = [&PKCS8_ED25519[..], key.as_bytes()].concat();
        (EncodingKey::from_ed_der(&der), key.verifying_key().to_bytes())
    }

    fn claims() -> JoinClaims {
        JoinClaims {
            aud: JOIN_AUDIENCE.to_owned(),
            exp: NOW + 60,
            jti: "token-1".to_owned(),
            match_id: MatchId([1; 16]),
            seat: Seat(3),
            sub: "player".parse().unwrap(),
            name: "Ada".to_owned(),
            bot: false,
            data: String::new(),
            schema: SchemaHash::default(),
        }
    }

    fn signed(kid: Option<&str>, key: &EncodingKey, claims: &JoinClaims) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, claims, key).unwrap()
    }

    fn trusted() -> (EncodingKey, JoinKeys) {
        let (private, public) = keys_of(7);
        let keys = JoinKeys::new();
        keys.insert("k1", public);
        (private, keys)
    }

    #[test]
    fn a_token_in_order_gives_its_claims() {
        let (private, keys) = trusted();
        assert_eq!(keys.verify(&signed(Some("k1"), &private, &claims()), NOW), Ok(claims()));
    }

    #[test]
    fn clocks_may_differ_a_little_and_then_it_is_expired() {
        let (private, keys) = trusted();
        let token = signed(Some("k1"), &private, &claims());
        assert!(keys.verify(&token, NOW + 64).is_ok());
        assert_eq!(keys.verify(&token, NOW + 65), Err(TokenRefusal::Expired(5)));
        assert_eq!(TokenRefusal::Expired(5).close_code(), CloseCode::Expired);
    }

    #[test]
    fn every_other_fault_is_refused_and_told_apart_in_the_log_only() {
        let (private, keys) = trusted();
        let (stranger, _) = keys_of(8);
        let good = signed(Some("k1"), &private, &claims());
        let (message, _) = good.rsplit_once('.').unwrap();
        let (_, payload) = message.split_once('.').unwrap();
        let foreign = JoinClaims { aud: "stadion/access".to_owned(), ..claims() };
        let expired_and_foreign = JoinClaims { exp: 1, ..foreign.clone() };
        let none = format!("eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.{payload}.");
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
        let public_key_as_secret = EncodingKey::from_secret(&keys_of(7).1);
        let confused = jsonwebtoken::encode(&header, &claims(), &public_key_as_secret).unwrap();
        let cases = [
            ("stranger's key", signed(Some("k1"), &stranger, &claims()), TokenRefusal::Signature),
            ("unknown kid", signed(Some("k2"), &private, &claims()), TokenRefusal::UnknownKey("k2".to_owned())),
            ("no kid", signed(None, &private, &claims()), TokenRefusal::UnknownKey(String::new())),
            ("foreign audience", signed(Some("k1"), &private, &foreign), TokenRefusal::Audience),
            ("foreign and old", signed(Some("k1"), &private, &expired_and_foreign), TokenRefusal::Audience),
            ("HMAC with the public key", confused, TokenRefusal::Algorithm),
        ];
        for (name, token, refusal) in cases {
            assert_eq!(keys.verify(&token, NOW), Err(refusal.clone()), "{name}");
            assert_eq!(refusal.close_code(), CloseCode::Refused, "{name}");
        }
        for (name, token) in [("alg=none", none), ("no token", String::new()), ("long", "x".repeat(1 << 20))] {
            let refusal = keys.verify(&token, NOW).unwrap_err();
            assert_eq!(refusal.close_code(), CloseCode::Refused, "{name}: {refusal}");
        }
    }

    #[test]
    fn keys_rotate_while_the_gateway_runs() {
        let (_, keys) = trusted();
        let running = keys.clone();
        let (newer, public) = keys_of(9);
        keys.insert("k2", public);
        let token = signed(Some("k2"), &newer, &claims());
        assert!(running.verify(&token, NOW).is_ok());
        keys.remove("k2");
        assert_eq!(running.verify(&token, NOW), Err(TokenRefusal::UnknownKey("k2".to_owned())));
    }
}
