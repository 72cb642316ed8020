//! API keys: what a studio's programs come with.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use stadion_protocol::PlayerId;

use super::UnixMs;

/// Something that a key may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Games, versions, settings and pages.
    Publish,
    /// Seats and join tokens for players of the studio's own accounts.
    Players,
    /// Looking at the matches of its games, ending and moving them.
    Matches,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 3] = [Scope::Publish, Scope::Players, Scope::Matches];

    /// As written in rows and by callers.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Publish => "publish",
            Scope::Players => "players",
            Scope::Matches => "matches",
        }
    }
}

/// A text that names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scopes are publish, players and matches")]
pub struct InvalidScope;

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Scope, InvalidScope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(InvalidScope)
    }
}

/// What a caller may do of what its account may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// All of it: whoever signed in, and a developer's own key.
    Everything,
    /// This alone.
    Only(BTreeSet<Scope>),
}

impl Scopes {
    /// Whether a scope is among them.
    pub fn cover(&self, scope: Scope) -> bool {
        match self {
            Scopes::Everything => true,
            Scopes::Only(scopes) => scopes.contains(&scope),
        }
    }

    /// Their names; `*` alone for everything.
    pub fn names(&self) -> Vec<&'static str> {
        match self {
            Scopes::Everything => vec!["*"],
            Scopes::Only(scopes) => scopes.iter().map(|scope| scope.as_str()).collect(),
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

impl FromStr for Scopes {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Scopes, InvalidScope> {
        match text {
            "*" => Ok(Scopes::Everything),
            _ => Ok(Scopes::Only(text.split(',').map(str::parse).collect::<Result<_, _>>()?)),
        }
    }
}

/// What a key is called where it is listed and revoked: the first 8 bytes of its hash. It leads nobody to the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiKeyId(pub [u8; 8]);

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A text that is no id of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a key is 16 hexadecimal digits, as the list of keys shows it")]
pub struct InvalidApiKeyId;

impl FromStr for ApiKeyId {
    type Err = InvalidApiKeyId;

    fn from_str(text: &str) -> Result<ApiKeyId, InvalidApiKeyId> {
        let mut id = [0; 8];
        hex::decode_to_slice(text, &mut id).map_err(|_| InvalidApiKeyId)?;
        Ok(ApiKeyId(id))
    }
}

/// A key as it is kept. Keys have 128 random bits: a plain hash of them cannot be searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// SHA-256 of the key's text.
    pub hash: [u8; 32],
    /// Whose.
    pub account: PlayerId,
    /// What its owner calls it.
    pub label: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Since when.
    pub created_at: UnixMs,
    /// Until when; `None`: until it is revoked.
    pub expires_at: Option<UnixMs>,
}

impl ApiKey {
    /// What it is called in lists.
    pub fn id(&self) -> ApiKeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.hash[..8]);
        ApiKeyId(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_and_read_and_cover_what_they_name() {
        let scopes: Scopes = "players,publish".parse().unwrap();
        assert_eq!(scopes.to_string(), "publish,players");
        assert!(scopes.cover(Scope::Players) && !scopes.cover(Scope::Matches));
        assert!("*".parse::<Scopes>().unwrap().cover(Scope::Matches));
        for bad in ["", "all", "publish,", "publish, players"] {
            assert_eq!(bad.parse::<Scopes>(), Err(InvalidScope), "{bad:?}");
        }
    }
}
