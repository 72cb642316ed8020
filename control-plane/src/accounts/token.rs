//! Tokens: access tokens and join tokens (JWT, RFC 7519, EdDSA by RFC 8037), refresh tokens, API keys.
//!
//! An access token and a join token are signed by different keys and name different audiences: neither passes for the
//! other. A refresh token is opaque to its holder: `rt-` and base64url of session id (16 bytes), generation (4,
//! big-endian) and a BLAKE3 MAC over both (32). The store holds no secret of it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stadion_protocol::PlayerId;
use stadion_protocol::token::JoinClaims;

use crate::keys::Keys;
use crate::model::{Account, DisplayName, Role, Scopes, SessionId, UnixMs};

/// The `aud` claim of access tokens.
pub const API_AUDIENCE: &str = "stadion/api";

/// Longer texts are no token of ours.
const LONGEST: usize = 4096;

const REFRESH_PREFIX: &str = "rt-";
/// Of a developer's own key, and of keys with scopes: who finds one in a log or a repository knows what it is.
const KEY_PREFIXES: [&str; 2] = ["dev-", "key-"];

/// Why a token was not accepted. Callers are told of [`TokenError::Expired`] alone; the rest is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// Not the shape of a token.
    #[error("malformed")]
    Malformed,
    /// Signed with another algorithm, or with none.
    #[error("algorithm")]
    Algorithm,
    /// No such key.
    #[error("unknown key id")]
    UnknownKey,
    /// The signature is not that key's.
    #[error("signature")]
    Signature,
    /// For somebody else, such as a join token.
    #[error("audience")]
    Audience,
    /// Claims are missing or of another type.
    #[error("claims")]
    Claims,
    /// It was good.
    #[error("expired")]
    Expired,
    /// Its session was signed out or caught with a copied token.
    #[error("revoked")]
    Revoked,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: PlayerId,
    pub(crate) name: DisplayName,
    pub(crate) role: Role,
    pub(crate) guest: bool,
    /// `None` for API keys.
    pub(crate) session: Option<SessionId>,
    /// Which part of what the account may do; everything for whoever signed in.
    pub(crate) scopes: Scopes,
}

impl Caller {
    pub(crate) fn of(account: &Account, session: Option<SessionId>) -> Caller {
        Caller {
            account: account.id.clone(),
            name: account.name.clone(),
            role: account.role,
            guest: account.is_guest(),
            session,
            scopes: Scopes::Everything,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct AccessClaims {
    aud: String,
    iat: u64,
    exp: u64,
    sub: PlayerId,
    sid: String,
    name: String,
    role: String,
    guest: bool,
}

/// Makes an access token that is good until `expires_at`.
pub(crate) fn access(keys: &Keys, caller: &Caller, now: UnixMs, expires_at: UnixMs) -> String {
    let claims = AccessClaims {
        aud: API_AUDIENCE.to_owned(),
        iat: now.seconds(),
        exp: expires_at.seconds(),
        sub: caller.account.clone(),
        sid: caller.session.map(|id| hex::encode(id.0)).unwrap_or_default(),
        name: caller.name.as_str().to_owned(),
        role: caller.role.as_str().to_owned(),
        guest: caller.guest,
    };
    let key = keys.api();
    sign(&key.kid, &key.encoding, &claims)
}

/// Makes join tokens.
#[derive(Clone)]
pub(crate) struct TokenMint(pub(crate) Arc<Keys>);

impl TokenMint {
    /// Signs claims.
    pub(crate) fn join(&self, claims: &JoinClaims, now: UnixMs) -> String {
        let key = self.0.join(now);
        sign(&key.kid, &key.encoding, claims)
    }
}

fn sign(kid: &str, key: &jsonwebtoken::EncodingKey, claims: &impl Serialize) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, key).expect("the key is an Ed25519 key of ours and claims are plain JSON")
}

/// Reads an access token. Whether it was revoked is not in it.
pub(crate) fn read_access(keys: &Keys, token: &str, now: UnixMs) -> Result<Caller, TokenError> {
    if token.len() > LONGEST {
        return Err(TokenError::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|error| reason(&error))?;
    let kid = header.kid.ok_or(TokenError::UnknownKey)?;
    let key = keys.api_verifier(&kid).ok_or(TokenError::UnknownKey)?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[API_AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    // Compared below, with the clock that the rest of this process goes by.
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<AccessClaims>(token, &key, &validation).map_err(|error| reason(&error))?.claims;
    if claims.exp <= now.seconds() {
        return Err(TokenError::Expired);
    }
    let mut session = [0; 16];
    hex::decode_to_slice(&claims.sid, &mut session).map_err(|_| TokenError::Claims)?;
    Ok(Caller {
        account: claims.sub,
        name: claims.name.parse().map_err(|_| TokenError::Claims)?,
        role: claims.role.parse().map_err(|_| TokenError::Claims)?,
        guest: claims.guest,
        session: Some(SessionId(session)),
        scopes: Scopes::Everything,
    })
}

fn reason(error: &jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => TokenError::Algorithm,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => TokenError::Claims,
        _ => TokenError::Malformed,
    }
}

/// Makes the refresh token of a session's generation: the same one each time.
pub(crate) fn refresh(keys: &Keys, session: SessionId, generation: u32) -> String {
    let mut bytes = [0; 52];
    bytes[..16].copy_from_slice(&session.0);
    bytes[16..20].copy_from_slice(&generation.to_be_bytes());
    let mac = blake3::keyed_hash(&keys.refresh(), &bytes[..20]);
    bytes[20..].copy_from_slice(mac.as_bytes());
    format!("{REFRESH_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Reads a refresh token: of which session and generation it is, if it is one of ours.
pub(crate) fn read_refresh(keys: &Keys, token: &str) -> Result<(SessionId, u32), TokenError> {
    let text = token.strip_prefix(REFRESH_PREFIX).ok_or(TokenError::Malformed)?;
    let mut bytes = [0; 52];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).map_err(|_| TokenError::Malformed)?;
    if length != bytes.len() {
        return Err(TokenError::Malformed);
    }
    let (head, mac) = bytes.split_at(20);
    let mac: [u8; 32] = mac.try_into().map_err(|_| TokenError::Malformed)?;
    // `blake3::Hash` compares in constant time.
    if !keys.verifies_refresh(|key| blake3::keyed_hash(key, head) == blake3::Hash::from_bytes(mac)) {
        return Err(TokenError::Signature);
    }
    let (session, generation) = head.split_at(16);
    let session = session.try_into().map_err(|_| TokenError::Malformed)?;
    let generation = generation.try_into().map_err(|_| TokenError::Malformed)?;
    Ok((SessionId(session), u32::from_be_bytes(generation)))
}

/// Makes the text of a developer's own key: `dev-` and 32 hexadecimal digits.
pub(crate) fn developer_key(random: [u8; 16]) -> String {
    format!("{}{}", KEY_PREFIXES[0], hex::encode(random))
}

/// Makes the text of a key with scopes: `key-` and 32 hexadecimal digits.
pub(crate) fn scoped_key(random: [u8; 16]) -> String {
    format!("{}{}", KEY_PREFIXES[1], hex::encode(random))
}

/// What the store knows a key by, if the text is the shape of one.
pub(crate) fn key_hash(text: &str) -> Option<[u8; 32]> {
    let digits = KEY_PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix))?;
    (digits.len() == 32).then(|| Sha256::digest(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRng;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);

    fn caller() -> Caller {
        Caller {
            account: "p-1".parse().unwrap(),
            name: "Ann".parse().unwrap(),
            role: Role::Developer,
            guest: false,
            session: Some(SessionId([3; 16])),
            scopes: Scopes::Everything,
        }
    }

    fn token(keys: &Keys) -> String {
        access(keys, &caller(), NOW, UnixMs(NOW.0 + 60_000))
    }

    #[test]
    fn an_access_token_says_who_calls_until_it_expires() {
        let keys = Keys::in_memory(&SystemRng);
        let token = token(&keys);
        assert_eq!(read_access(&keys, &token, UnixMs(NOW.0 + 59_000)), Ok(caller()));
        assert_eq!(read_access(&keys, &token, UnixMs(NOW.0 + 60_000)), Err(TokenError::Expired));
    }

    fn forged(keys: &Keys, header: &serde_json::Value, claims: &serde_json::Value) -> String {
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = token(keys).rsplit('.').next().unwrap().to_owned();
        format!("{}.{}.{signature}", part(header), part(claims))
    }

    #[test]
    fn every_kind_of_forgery_is_refused_and_told_apart_in_the_log() {
        let (keys, foreign) = (Keys::in_memory(&SystemRng), Keys::in_memory(&SystemRng));
        let kid = &keys.api().kid.clone();
        let claims = serde_json::json!({"aud": API_AUDIENCE, "iat": 0, "exp": 4_000_000_000_u64, "sub": "p-1",
            "sid": "00000000000000000000000000000000", "name": "Eve", "role": "operator", "guest": false});
        let unsigned = forged(&keys, &serde_json::json!({"alg": "none", "typ": "JWT", "kid": kid}), &claims);
        let confused = forged(&keys, &serde_json::json!({"alg": "HS256", "typ": "JWT", "kid": kid}), &claims);
        let altered = forged(&keys, &serde_json::json!({"alg": "EdDSA", "typ": "JWT", "kid": kid}), &claims);
        let no_kid = forged(&keys, &serde_json::json!({"alg": "EdDSA", "typ": "JWT"}), &claims);
        let mut for_hosts = claims.clone();
        for_hosts["aud"] = "stadion/join".into();
        let wrong_audience = sign(kid, &keys.api().encoding, &for_hosts);
        for (text, expected) in [
            (unsigned, TokenError::Malformed),
            (confused, TokenError::Algorithm),
            (altered, TokenError::Signature),
            (no_kid, TokenError::UnknownKey),
            (token(&foreign), TokenError::UnknownKey),
            (wrong_audience, TokenError::Audience),
            ("a.b.c".to_owned(), TokenError::Malformed),
            ("x".repeat(100_000), TokenError::Malformed),
        ] {
            assert_eq!(read_access(&keys, &text, NOW), Err(expected), "{text:.80}");
        }
    }

    #[test]
    fn refresh_tokens_cannot_be_made_without_the_key() {
        let keys = Keys::in_memory(&SystemRng);
        let token = refresh(&keys, SessionId([7; 16]), 3);
        assert_eq!(read_refresh(&keys, &token), Ok((SessionId([7; 16]), 3)));
        let foreign = refresh(&Keys::in_memory(&SystemRng), SessionId([7; 16]), 3);
        assert_eq!(read_refresh(&keys, &foreign), Err(TokenError::Signature));
        for bad in ["", "rt-", "rt-AAAA", "rt-!!!!", &token[1..], &format!("{token}AAAA")] {
            assert_eq!(read_refresh(&keys, bad), Err(TokenError::Malformed), "{bad}");
        }
    }

    #[test]
    fn keys_are_known_by_their_hash() {
        let key = developer_key([0xab; 16]);
        assert_eq!(key, format!("dev-{}", "ab".repeat(16)));
        let hashes = [&key, &scoped_key([0xab; 16])].map(|key| key_hash(key).unwrap());
        assert_ne!(hashes[0], hashes[1]);
        assert!(key_hash("dev-1").is_none());
    }
}
