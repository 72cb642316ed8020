//! Players of a studio's own accounts: known to the studio's backend, which has an API key, and to nobody here.

use std::str::FromStr;

use stadion_protocol::PlayerId;
use stadion_protocol::contract::PlayerInfo;

use crate::model::DisplayName;

/// Characters of a studio's own id at most.
const LONGEST: usize = 128;

/// Trusted data at most, bytes ([`PlayerInfo::data`]).
pub(crate) const DATA: usize = 4 * 1024;

/// What a studio calls a player: 1 to 128 visible characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternalId(String);

/// A player who is not described as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidExternal {
    #[error("the id of a player has 1 to {LONGEST} characters, none of them a control character")]
    Id,
    #[error("the data of a player is base64 of at most {DATA} bytes")]
    Data,
}

impl FromStr for ExternalId {
    type Err = InvalidExternal;

    fn from_str(text: &str) -> Result<ExternalId, InvalidExternal> {
        let fits = (1..=LONGEST).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Ok(ExternalId(text.to_owned())) } else { Err(InvalidExternal::Id) }
    }
}

/// A player as a studio's backend vouches for one.
#[derive(Clone, Debug)]
pub(crate) struct ExternalPlayer {
    pub(crate) id: ExternalId,
    pub(crate) name: DisplayName,
    pub(crate) bot: bool,
    /// For the game, which may trust it.
    pub(crate) data: Vec<u8>,
}

impl ExternalPlayer {
    /// The player as games and journals know one: an id that is always the same for this studio and player, and tells nobody
    /// who it is.
    pub(crate) fn info(self, studio: &PlayerId) -> PlayerInfo {
        let mut hash = blake3::Hasher::new_derive_key("stadion 2026 players of a studio's own accounts");
        hash.update(studio.as_str().as_bytes()).update(&[0]).update(self.id.0.as_bytes());
        let id = format!("x-{}", hex::encode(&hash.finalize().as_bytes()[..16]));
        PlayerInfo {
            id: id.parse().expect("34 printable characters"),
            name: self.name.as_str().to_owned(),
            team: 0,
            bot: self.bot,
            data: self.data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(studio: &str, player: &str) -> String {
        let player =
            ExternalPlayer { id: player.parse().unwrap(), name: "Ann".parse().unwrap(), bot: false, data: Vec::new() };
        player.info(&studio.parse().unwrap()).id.to_string()
    }

    #[test]
    fn a_studios_player_is_always_the_same_and_no_other_studios() {
        assert_eq!(id("p-1", "steam:76561198000000000"), id("p-1", "steam:76561198000000000"));
        assert_ne!(id("p-1", "steam:1"), id("p-2", "steam:1"));
        assert!(!id("p-1", "ann@example.com").contains("ann"));
        for bad in ["", "a\nb", &"x".repeat(129)] {
            assert_eq!(bad.parse::<ExternalId>(), Err(InvalidExternal::Id), "{bad:?}");
        }
    }
}
