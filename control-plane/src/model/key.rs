//! Keys: names that players agree on to meet in one match, such as `rematch:` and the id of the match before.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Characters of a key at most.
const LONGEST: usize = 64;

/// What a match is created under and found by while it runs, apart for each game.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MatchKey(String);

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 1 to {LONGEST} characters of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`")]
pub struct InvalidKey;

impl MatchKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MatchKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<MatchKey, InvalidKey> {
        let fits = (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte));
        if fits { Ok(MatchKey(text.to_owned())) } else { Err(InvalidKey) }
    }
}

impl fmt::Display for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
