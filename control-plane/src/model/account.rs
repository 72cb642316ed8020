//! Accounts: who somebody is and may do.

use std::fmt;
use std::str::FromStr;

use stadion_protocol::PlayerId;

use super::UnixMs;

/// What an account may do. Each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Plays.
    Player,
    /// Publishes games of its own.
    Developer,
    /// Runs the place: every game and match.
    Operator,
}

impl Role {
    /// As written in tokens and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Player => "player",
            Role::Developer => "developer",
            Role::Operator => "operator",
        }
    }
}

impl FromStr for Role {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Role, InvalidName> {
        [Role::Player, Role::Developer, Role::Operator]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(InvalidName("one of player, developer, operator"))
    }
}

/// A text that cannot be the name of anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("names are {0}")]
pub struct InvalidName(&'static str);

/// The name that others see; not unique. 1 to 32 characters, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

/// Hosts pass at most 64 bytes on ([`stadion_protocol::contract::PlayerInfo`]).
const NAME_BYTES: usize = 64;

impl DisplayName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DisplayName {
    type Err = InvalidName;

    /// Spaces around it do not count.
    fn from_str(text: &str) -> Result<DisplayName, InvalidName> {
        let text = text.trim();
        let fits = (1..=32).contains(&text.chars().count())
            && text.len() <= NAME_BYTES
            && !text.chars().any(|c| c.is_control() || is_invisible(c));
        if fits {
            Ok(DisplayName(text.to_owned()))
        } else {
            Err(InvalidName("1 to 32 visible characters, at most 64 bytes"))
        }
    }
}

/// Characters that turn the direction of text around or hide it: names with them imitate others.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// What a registered account signs in with; unique without regard to case. 3 to 32 characters of `a-z A-Z 0-9 _ - .`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountName(String);

impl AccountName {
    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is unique: the name in lower case.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl FromStr for AccountName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<AccountName, InvalidName> {
        let fits = (3..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if fits {
            Ok(AccountName(text.to_owned()))
        } else {
            Err(InvalidName("3 to 32 characters of a-z, A-Z, 0-9, _, - and ."))
        }
    }
}

impl From<AccountName> for DisplayName {
    fn from(name: AccountName) -> DisplayName {
        DisplayName(name.0)
    }
}

/// Somebody, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Opaque; the only thing of an account that journals hold.
    pub id: PlayerId,
    /// What others see.
    pub name: DisplayName,
    /// What it signs in with; `None` for guests, who come back by their refresh token alone, and where a key is all.
    pub sign_in: Option<AccountName>,
    /// What it may do.
    pub role: Role,
    /// Whether an identity provider vouches for it.
    pub linked: bool,
    /// Since when.
    pub created_at: UnixMs,
}

impl Account {
    /// Whether it is a player's whom nothing but a refresh token brings back. (Developers may have a key alone.)
    pub fn is_guest(&self) -> bool {
        self.sign_in.is_none() && !self.linked && self.role == Role::Player
    }
}

/// A password as it is kept: a PHC string (argon2id with its salt and parameters).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_imitate_or_break_a_line_are_refused() {
        for bad in ["", "   ", "a\nb", "a\u{202e}b", "x\u{200b}", &"x".repeat(33), &"界".repeat(30)] {
            assert!(bad.parse::<DisplayName>().is_err(), "{bad:?}");
        }
        assert_eq!(" Zoë ".parse::<DisplayName>().unwrap().as_str(), "Zoë");
    }

    #[test]
    fn sign_in_names_differ_by_more_than_case() {
        assert_eq!("Ann.B".parse::<AccountName>().unwrap().key(), "ann.b");
        assert!("ab".parse::<AccountName>().is_err());
        assert!("ann b".parse::<AccountName>().is_err());
    }
}
