//! Channels: names that point at versions of a game, and what has been done to them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use stadion_protocol::{GameName, PlayerId, VersionId};

use super::UnixMs;

/// Characters of a channel's name at most.
const LONGEST: usize = 32;

/// A channel's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(try_from = "String")]
pub struct ChannelName(String);

/// A text that names no channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a channel's name is 1 to {LONGEST} characters of `a-z 0-9 -`, a letter first")]
pub struct InvalidChannelName;

impl ChannelName {
    /// What is played unless another channel says otherwise.
    pub fn stable() -> ChannelName {
        ChannelName("stable".to_owned())
    }

    /// What a share of all players gets before everybody does.
    pub fn canary() -> ChannelName {
        ChannelName("canary".to_owned())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is [`ChannelName::stable`].
    pub fn is_stable(&self) -> bool {
        self.0 == "stable"
    }

    /// Whether it is [`ChannelName::canary`].
    pub fn is_canary(&self) -> bool {
        self.0 == "canary"
    }
}

impl FromStr for ChannelName {
    type Err = InvalidChannelName;

    fn from_str(text: &str) -> Result<ChannelName, InvalidChannelName> {
        let fits = (1..=LONGEST).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits { Ok(ChannelName(text.to_owned())) } else { Err(InvalidChannelName) }
    }
}

impl TryFrom<String> for ChannelName {
    type Error = InvalidChannelName;

    fn try_from(text: String) -> Result<ChannelName, InvalidChannelName> {
        text.parse()
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A channel of a game.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Of which game.
    pub game: GameName,
    /// Its name.
    pub name: ChannelName,
    /// What it points at; `None`: nothing.
    pub version: Option<VersionId>,
    /// Of `canary`: to how many of a hundred players who ask for no channel it is given, 0 to 100.
    pub percent: u8,
    /// Whether everybody may ask for it.
    pub open: bool,
    /// Who may ask for it beside the game's owner.
    pub players: Vec<PlayerId>,
    /// Settings of its matches, over those of the version.
    pub settings: Vec<(String, String)>,
    /// For matches whose creator gives the game no parameters.
    pub parameters: Vec<u8>,
    /// How often it was changed: a change names the one it was made for.
    pub revision: u64,
    /// When it was changed last.
    pub changed_at: UnixMs,
}

impl Channel {
    /// One that points at nothing yet.
    pub fn new(game: GameName, name: ChannelName, now: UnixMs) -> Channel {
        Channel {
            open: name.is_stable(),
            game,
            name,
            version: None,
            percent: 0,
            players: Vec::new(),
            settings: Vec::new(),
            parameters: Vec::new(),
            revision: 0,
            changed_at: now,
        }
    }
}

/// What was done to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelAction {
    /// A version was published to it.
    Published,
    /// It got the version of another channel, or gave its own away.
    Promoted,
    /// It went back to a version that it had.
    RolledBack,
    /// Its version was deprecated.
    Deprecated,
    /// It was set by hand.
    Set,
    /// It was removed.
    Removed,
}

impl ChannelAction {
    const ALL: [ChannelAction; 6] = [
        ChannelAction::Published,
        ChannelAction::Promoted,
        ChannelAction::RolledBack,
        ChannelAction::Deprecated,
        ChannelAction::Set,
        ChannelAction::Removed,
    ];

    /// As it is written down.
    pub fn as_str(self) -> &'static str {
        match self {
            ChannelAction::Published => "published",
            ChannelAction::Promoted => "promoted",
            ChannelAction::RolledBack => "rolled-back",
            ChannelAction::Deprecated => "deprecated",
            ChannelAction::Set => "set",
            ChannelAction::Removed => "removed",
        }
    }
}

impl FromStr for ChannelAction {
    type Err = String;

    fn from_str(text: &str) -> Result<ChannelAction, String> {
        let known = ChannelAction::ALL.into_iter().find(|action| action.as_str() == text);
        known.ok_or_else(|| format!("{text:?} is nothing that is done to a channel"))
    }
}

/// A change of a channel that was made: one line of its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelChange {
    /// Later changes have greater numbers.
    pub number: u64,
    /// Of which channel.
    pub channel: ChannelName,
    /// What was done.
    pub action: ChannelAction,
    /// What it points at since then.
    pub version: Option<VersionId>,
    /// Its share since then.
    pub percent: u8,
    /// When.
    pub at: UnixMs,
    /// By whom; `None`: nobody, or it is not known.
    pub by: Option<PlayerId>,
}

/// A change of a channel to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelWrite {
    /// How it is to be; its revision is the one that it has before, 0 where there is none. [`ChannelAction::Removed`] takes
    /// it away.
    pub channel: Channel,
    /// What is done.
    pub action: ChannelAction,
    /// By whom.
    pub by: Option<PlayerId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_channels_are_short_and_plain() {
        for (text, good) in [
            ("stable", true),
            ("beta-2", true),
            ("", false),
            ("2nd", false),
            ("Beta", false),
            ("a b", false),
            (&"a".repeat(33), false),
        ] {
            assert_eq!(text.parse::<ChannelName>().is_ok(), good, "{text}");
        }
    }

    #[test]
    fn what_is_done_reads_back() {
        for action in ChannelAction::ALL {
            assert_eq!(action.as_str().parse(), Ok(action));
        }
    }
}
