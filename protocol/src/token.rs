//! Join tokens and resume tokens: what lets a player take a seat, and take it again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{InvalidId, MatchId, PlayerId, Seat};

/// The `aud` claim of join tokens; access tokens of the API carry another, so neither passes for the other.
pub const JOIN_AUDIENCE: &str = "stadion/join";

/// What a join token says: a JWT (RFC 7519) signed with EdDSA (RFC 8037), made by the control plane, checked by hosts.
///
/// One player, one seat of one match, for a short time. Whoever presents it first with a nonce owns that use: the same
/// nonce again is an honest retry, another nonce is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinClaims {
    /// Audience, always [`JOIN_AUDIENCE`].
    pub aud: String,
    /// Expiry, Unix seconds.
    pub exp: u64,
    /// Token id, unique.
    pub jti: String,
    /// The match.
    #[serde(rename = "match")]
    pub match_id: MatchId,
    /// The seat that was reserved for this player.
    pub seat: Seat,
    /// The player's account.
    pub sub: PlayerId,
    /// The name that others see.
    pub name: String,
    /// Whether a program plays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bot: bool,
    /// Trusted data from whoever issued the token, base64 (RFC 4648 section 4), empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub data: String,
    /// First 8 bytes of the BLAKE3 hash of the game's schema, as 16 hexadecimal digits; all zero without a schema.
    pub schema: SchemaHash,
}

/// Identifies a message schema: the first 8 bytes of the BLAKE3 hash of its bytes. Zero: raw bytes, no schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SchemaHash(pub [u8; 8]);

impl SchemaHash {
    /// The hash of a schema's bytes; `None` has the zero hash.
    pub fn of(schema: Option<&[u8]>) -> SchemaHash {
        let mut short = [0; 8];
        if let Some(bytes) = schema {
            short.copy_from_slice(&blake3::hash(bytes).as_bytes()[..8]);
        }
        SchemaHash(short)
    }
}

impl fmt::Display for SchemaHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl FromStr for SchemaHash {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<SchemaHash, InvalidId> {
        u64::from_str_radix(text, 16)
            .ok()
            .filter(|_| text.len() == 16)
            .map(|bits| SchemaHash(bits.to_be_bytes()))
            .ok_or_else(|| InvalidId {
                kind: "schema hash",
                text: text.chars().take(80).collect(),
                expected: "16 hexadecimal digits",
            })
    }
}

impl TryFrom<String> for SchemaHash {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<SchemaHash, InvalidId> {
        text.parse()
    }
}

impl From<SchemaHash> for String {
    fn from(hash: SchemaHash) -> String {
        hash.to_string()
    }
}

/// Brings a lost player back to a seat: which match and seat, and 128 random bits that only the player and the match
/// know. The match keeps (and journals) its hash alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ResumeToken {
    /// The match.
    pub match_id: MatchId,
    /// The seat in it.
    pub seat: Seat,
    /// The secret.
    pub secret: [u8; 16],
}

impl ResumeToken {
    /// Bytes on the wire: match id (16), seat (2, little-endian), secret (16).
    pub const LEN: usize = 34;

    /// As on the wire.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..16].copy_from_slice(&self.match_id.0);
        bytes[16..18].copy_from_slice(&self.seat.0.to_le_bytes());
        bytes[18..].copy_from_slice(&self.secret);
        bytes
    }

    /// From the wire; `None` when the length is another.
    pub fn from_bytes(bytes: &[u8]) -> Option<ResumeToken> {
        let bytes: &[u8; Self::LEN] = bytes.try_into().ok()?;
        let (head, secret) = bytes.split_at(18);
        Some(ResumeToken {
            match_id: MatchId(head[..16].try_into().ok()?),
            seat: Seat(u16::from_le_bytes([head[16], head[17]])),
            secret: secret.try_into().ok()?,
        })
    }

    /// What a match keeps of it: BLAKE3 over the wire bytes.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(&self.to_bytes()).as_bytes()
    }
}

impl fmt::Debug for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeToken")
            .field("match_id", &self.match_id)
            .field("seat", &self.seat)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_token_survives_the_wire_and_hides_its_secret() {
        let token = ResumeToken { match_id: MatchId([7; 16]), seat: Seat(300), secret: [9; 16] };
        assert_eq!(ResumeToken::from_bytes(&token.to_bytes()), Some(token));
        assert_eq!(ResumeToken::from_bytes(&token.to_bytes()[1..]), None);
        assert!(!format!("{token:?}").contains('9'));
    }
}
