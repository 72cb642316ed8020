//! Identifiers. Each is a type of its own, so that none can stand in for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not an identifier of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: {text:?} ({expected})")]
pub struct InvalidId {
    /// What was wanted, such as `match id`.
    pub kind: &'static str,
    /// What came instead, cut to 80 characters.
    pub text: String,
    /// The shape that is accepted.
    pub expected: &'static str,
}

impl InvalidId {
    fn new(kind: &'static str, text: &str, expected: &'static str) -> InvalidId {
        InvalidId { kind, text: text.chars().take(80).collect(), expected }
    }
}

/// A match, for ever: 128 random bits, written as 26 characters of Crockford's base 32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MatchId(pub [u8; 16]);

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl fmt::Display for MatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u128::from_be_bytes(self.0);
        let text: String = (0..26).rev().map(|i| char::from(BASE32[(bits >> (5 * i)) as usize & 31])).collect();
        f.write_str(&text)
    }
}

impl fmt::Debug for MatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MatchId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<MatchId, InvalidId> {
        let refuse = || InvalidId::new("match id", text, "26 characters of 0-9 a-z without i, l, o, u");
        // 26 characters hold 130 bits: the first may only use its low three.
        if text.len() != 26 || text.as_bytes()[0] > b'7' {
            return Err(refuse());
        }
        let mut bits = 0u128;
        for byte in text.bytes() {
            let digit = BASE32.iter().position(|&c| c == byte).ok_or_else(refuse)?;
            bits = bits << 5 | digit as u128;
        }
        Ok(MatchId(bits.to_be_bytes()))
    }
}

/// A version of a game: the SHA-256 of the bytes that were uploaded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionId(pub [u8; 32]);

impl VersionId {
    /// The first eight hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VersionId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<VersionId, InvalidId> {
        let refuse = || InvalidId::new("version id", text, "64 lowercase hexadecimal digits");
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(refuse());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| refuse())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| refuse())?;
        }
        Ok(VersionId(bytes))
    }
}

/// The name of a game, as in its URL: 1 to 40 characters of `a-z 0-9 -`, starting with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GameName(String);

impl GameName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GameName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GameName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<GameName, InvalidId> {
        let fits = (1..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(GameName(text.to_owned()))
        } else {
            Err(InvalidId::new("game name", text, "1 to 40 characters of a-z, 0-9 and -, a letter first"))
        }
    }
}

/// What a person types to join a friend's match: 4 to 8 capital letters without vowels or look-alikes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MatchCode(String);

impl MatchCode {
    /// The letters a code is made of: no vowels (no words by accident), nothing that reads like a digit.
    pub const ALPHABET: &'static [u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A code of `length` letters from random bytes, one byte a letter (bytes above 239 count modulo 20, unevenly, which
    /// does not matter: codes are short-lived and not secret).
    pub fn from_random(bytes: &[u8]) -> MatchCode {
        MatchCode(bytes.iter().map(|byte| char::from(Self::ALPHABET[usize::from(byte % 20)])).collect())
    }
}

impl fmt::Display for MatchCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MatchCode {
    type Err = InvalidId;

    /// Accepts lower case too, since people type it.
    fn from_str(text: &str) -> Result<MatchCode, InvalidId> {
        let upper = text.to_ascii_uppercase();
        if (4..=8).contains(&upper.len()) && upper.bytes().all(|b| Self::ALPHABET.contains(&b)) {
            Ok(MatchCode(upper))
        } else {
            Err(InvalidId::new("match code", text, "4 to 8 letters, no vowels, no Y"))
        }
    }
}

/// An account, opaque to hosts and games: 1 to 64 printable ASCII characters without spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlayerId(String);

impl PlayerId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PlayerId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<PlayerId, InvalidId> {
        if (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(PlayerId(text.to_owned()))
        } else {
            Err(InvalidId::new("player id", text, "1 to 64 printable ASCII characters without spaces"))
        }
    }
}

macro_rules! text_conversions {
    ($($name:ident),+) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<$name, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    )+};
}

text_conversions!(MatchId, VersionId, GameName, MatchCode, PlayerId);

/// A player's place in a match, dense from 0, kept over reconnects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seat(pub u16);

impl Seat {
    /// Stands where a seat does for somebody who has none and watches: no match has so many.
    pub const SPECTATOR: Seat = Seat(u16::MAX);

    /// Whether this is no seat: see [`Seat::SPECTATOR`].
    pub fn is_spectator(self) -> bool {
        self == Seat::SPECTATOR
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Which session of a match this is: raised at every recovery and every change of host. The first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u32);

/// The number of a tick. 0 is `start`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tick(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_id_survives_being_written_and_read() {
        for id in [MatchId([0; 16]), MatchId([255; 16]), MatchId(*b"0123456789abcdef")] {
            assert_eq!(id.to_string().parse::<MatchId>(), Ok(id));
            assert_eq!(id.to_string().len(), 26);
        }
    }

    #[test]
    fn identifiers_refuse_what_does_not_fit() {
        assert!("8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<MatchId>().is_err(), "more than 128 bits");
        assert!("é0000000000000000000000000".parse::<MatchId>().is_err(), "not ASCII");
        assert!("".parse::<GameName>().is_err());
        assert!("1st".parse::<GameName>().is_err());
        assert!("a/b".parse::<GameName>().is_err());
        assert!("AAAA".parse::<MatchCode>().is_err(), "vowels");
        assert!("a b".parse::<PlayerId>().is_err());
        assert_eq!("kbqt".parse::<MatchCode>().unwrap().as_str(), "KBQT");
    }
}
