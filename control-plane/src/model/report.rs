//! What a player says of another who did wrong in a match.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use stadion_protocol::{GameName, MatchId, PlayerId};

use super::UnixMs;

/// A report: `r-` and 24 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ReportId(String);

/// A text that is no report's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a report's id is r- and 24 hexadecimal digits")]
pub struct InvalidReportId;

impl ReportId {
    /// A new one, of random bytes.
    pub fn from_random(bytes: [u8; 12]) -> ReportId {
        ReportId(format!("r-{}", hex::encode(bytes)))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReportId {
    type Err = InvalidReportId;

    fn from_str(text: &str) -> Result<ReportId, InvalidReportId> {
        let digits = text.strip_prefix("r-").ok_or(InvalidReportId)?;
        let fits = digits.len() == 24 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(ReportId(text.to_owned())) } else { Err(InvalidReportId) }
    }
}

impl TryFrom<String> for ReportId {
    type Error = InvalidReportId;

    fn try_from(text: String) -> Result<ReportId, InvalidReportId> {
        text.parse()
    }
}

impl fmt::Display for ReportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// As written in rows and answers.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl FromStr for $name {
            type Err = InvalidReportWord;

            fn from_str(text: &str) -> Result<$name, InvalidReportWord> {
                match text { $($text => Ok($name::$variant),)* _ => Err(InvalidReportWord) }
            }
        }
    };
}

/// A text that is no reason or state of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no reason or state of a report")]
pub struct InvalidReportWord;

named! {
    /// What somebody is reported for.
    ReportReason {
        /// With a program, or by what the game does not mean to allow.
        Cheating = "cheating",
        /// By what they say or are called.
        Abuse = "abuse",
        /// By playing so that nobody else can.
        Griefing = "griefing",
        /// By leaving, or by not playing.
        Leaving = "leaving",
        /// As the text says.
        Other = "other",
    }
}

named! {
    /// How a report stands.
    ReportState {
        /// Nobody has looked at it; the journal of its match is kept.
        Open = "open",
        /// Something was done.
        Resolved = "resolved",
        /// There was nothing to do.
        Dismissed = "dismissed",
    }
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which.
    pub id: ReportId,
    /// When.
    pub at: UnixMs,
    /// In which match.
    pub of: MatchId,
    /// Of which game.
    pub game: GameName,
    /// By whom.
    pub reporter: PlayerId,
    /// Of whom.
    pub player: PlayerId,
    /// For what.
    pub reason: ReportReason,
    /// In the reporter's words; gone when that account is.
    pub text: String,
    /// How it stands.
    pub state: ReportState,
    /// When it was closed, by whom.
    pub closed: Option<(UnixMs, PlayerId)>,
    /// What whoever closed it wrote.
    pub note: String,
}

/// What became of a new report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filed {
    /// It is kept.
    New,
    /// The reporter has reported this player in this match before: so.
    Before(ReportId),
    /// As many reports of this game are open as may be.
    TooMany,
}
