//! Webhooks: where the owner of a game is told what happens in it, and what was told.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use stadion_protocol::GameName;

use super::{EventKind, UnixMs};

/// What a webhook of a game is called: 1 to 40 characters of `a-z 0-9 -`, starting with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookName(String);

/// A text that is no name of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a webhook is 1 to 40 characters of a-z, 0-9 and -, a letter first")]
pub struct InvalidWebhookName;

impl WebhookName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebhookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WebhookName {
    type Err = InvalidWebhookName;

    fn from_str(text: &str) -> Result<WebhookName, InvalidWebhookName> {
        let fits = (1..=40).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(WebhookName(text.to_owned())) } else { Err(InvalidWebhookName) }
    }
}

/// Names a webhook for ever: its name may be given to another one once it is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WebhookId(pub [u8; 8]);

/// What is told to a receiver as `webhook-id`: the same however often it is told. Written `msg_` and 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub [u8; 16]);

/// A text that is no id of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a delivery is msg_ and 32 hexadecimal digits, as the list of deliveries shows it")]
pub struct InvalidDeliveryId;

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "msg_{}", hex::encode(self.0))
    }
}

impl FromStr for DeliveryId {
    type Err = InvalidDeliveryId;

    fn from_str(text: &str) -> Result<DeliveryId, InvalidDeliveryId> {
        let mut id = [0; 16];
        let digits = text.strip_prefix("msg_").ok_or(InvalidDeliveryId)?;
        hex::decode_to_slice(digits, &mut id).map_err(|_| InvalidDeliveryId)?;
        Ok(DeliveryId(id))
    }
}

/// Of which kind a message to a webhook is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WebhookKind {
    /// A match was created.
    MatchStarted,
    /// A match is over, and its game is not to blame: with its results, where it has any.
    MatchEnded,
    /// A match is over because something went wrong in it.
    MatchFailed,
    /// A version failed on every start and is out of play.
    VersionQuarantined,
    /// A match of the game reported something.
    GameReport,
    /// A player reported another.
    ReportFiled,
    /// Such a report was closed.
    ReportClosed,
    /// Its owner wants to see whether it answers.
    Ping,
}

impl WebhookKind {
    /// Those that a webhook can be told of; a ping is asked for.
    pub const EVENTS: [WebhookKind; 7] = [
        WebhookKind::MatchStarted,
        WebhookKind::MatchEnded,
        WebhookKind::MatchFailed,
        WebhookKind::VersionQuarantined,
        WebhookKind::GameReport,
        WebhookKind::ReportFiled,
        WebhookKind::ReportClosed,
    ];

    /// As receivers read it.
    pub fn as_str(self) -> &'static str {
        match self {
            WebhookKind::MatchStarted => "match.started",
            WebhookKind::MatchEnded => "match.ended",
            WebhookKind::MatchFailed => "match.failed",
            WebhookKind::VersionQuarantined => "version.quarantined",
            WebhookKind::GameReport => "game.report",
            WebhookKind::ReportFiled => "report.filed",
            WebhookKind::ReportClosed => "report.closed",
            WebhookKind::Ping => "ping",
        }
    }
}

impl WebhookKind {
    /// The kind of events that it tells of; none: a ping.
    pub fn event(self) -> Option<EventKind> {
        match self {
            WebhookKind::MatchStarted => Some(EventKind::MatchStarted),
            WebhookKind::MatchEnded => Some(EventKind::MatchEnded),
            WebhookKind::MatchFailed => Some(EventKind::MatchFailed),
            WebhookKind::VersionQuarantined => Some(EventKind::VersionQuarantined),
            WebhookKind::GameReport => Some(EventKind::GameReport),
            WebhookKind::ReportFiled => Some(EventKind::ReportFiled),
            WebhookKind::ReportClosed => Some(EventKind::ReportClosed),
            WebhookKind::Ping => None,
        }
    }
}

/// A text that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no kind of event; there are match.started, match.ended, match.failed, version.quarantined and report.filed"
)]
pub struct InvalidWebhookKind(pub String);

impl FromStr for WebhookKind {
    type Err = InvalidWebhookKind;

    fn from_str(text: &str) -> Result<WebhookKind, InvalidWebhookKind> {
        let all = WebhookKind::EVENTS.into_iter().chain([WebhookKind::Ping]);
        all.into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| InvalidWebhookKind(text.chars().take(40).collect()))
    }
}

/// What the secret of a webhook is derived from, with a key of the server's: a copy of the database holds no secret.
pub type Salt = [u8; 16];

/// What messages to a webhook are signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salts {
    /// Of the newest secret.
    pub current: Salt,
    /// Of the one before, and until when it signs beside the newest.
    pub previous: Option<(Salt, UnixMs)>,
}

/// Whether a webhook is told anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookState {
    /// It is.
    Enabled,
    /// Its owner wants none of it for now.
    Paused,
    /// It was turned off because it did not answer: why.
    Disabled(String),
}

/// Where the owner of a game is told what happens in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Which.
    pub id: WebhookId,
    /// Of which game.
    pub game: GameName,
    /// What its owner calls it, and its games when they call it.
    pub name: WebhookName,
    /// Where messages go.
    pub url: String,
    /// What it is told of.
    pub kinds: BTreeSet<WebhookKind>,
    /// Whether it is told.
    pub state: WebhookState,
    /// What messages are signed with.
    pub salts: Salts,
    /// Since when no message has reached it, if the last one did not.
    pub failing_since: Option<UnixMs>,
    /// The number of the newest event that it was told of, or was not to be told of.
    pub cursor: u64,
    /// Since when there is one.
    pub created_at: UnixMs,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It is tried, again if need be.
    Pending,
    /// It was taken.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryStatus {
    /// All of them.
    pub const ALL: [DeliveryStatus; 3] = [DeliveryStatus::Pending, DeliveryStatus::Delivered, DeliveryStatus::Failed];

    /// As written in rows and by callers.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryStatus::Pending => "pending",
            DeliveryStatus::Delivered => "delivered",
            DeliveryStatus::Failed => "failed",
        }
    }
}

/// A text that names no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a delivery is pending, delivered or failed")]
pub struct InvalidDeliveryStatus;

impl FromStr for DeliveryStatus {
    type Err = InvalidDeliveryStatus;

    fn from_str(text: &str) -> Result<DeliveryStatus, InvalidDeliveryStatus> {
        DeliveryStatus::ALL.into_iter().find(|status| status.as_str() == text).ok_or(InvalidDeliveryStatus)
    }
}

/// A message to a webhook, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its place among all of them, given by the store: newer ones have greater numbers.
    pub number: u64,
    /// What the receiver knows it by.
    pub id: DeliveryId,
    /// To which webhook.
    pub webhook: WebhookId,
    /// Of which kind.
    pub kind: WebhookKind,
    /// JSON, as it is sent and signed.
    pub body: String,
    /// Since when.
    pub created_at: UnixMs,
    /// What became of it.
    pub status: DeliveryStatus,
    /// How often it was tried in all. Whoever tries it may say what came of it while this is the number of the try.
    pub attempts: u32,
    /// How often since it was made or was last asked for by hand: so many are bounded.
    pub tries: u32,
    /// When it is tried next, while it is pending.
    pub next_at: UnixMs,
    /// What came of the last try.
    pub last: Option<Attempt>,
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it was over.
    pub at: UnixMs,
    /// The HTTP status of the answer, if there was one.
    pub code: Option<u16>,
    /// Why it did not count.
    pub error: Option<String>,
}

/// What a try makes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Delivered,
    /// It is to be tried again from then on.
    Again(UnixMs),
    /// It is given up.
    Failed,
}

/// How many deliveries a replica takes upon itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The time.
    pub now: UnixMs,
    /// If nobody has said by then what came of them, another may try.
    pub until: UnixMs,
    /// To one webhook at once, whoever tries.
    pub at_once: u32,
    /// In all.
    pub most: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ids_and_kinds_are_read_as_they_are_written() {
        for good in ["a", "ledger", "a-1"] {
            assert_eq!(good.parse::<WebhookName>().unwrap().as_str(), good);
        }
        for bad in ["", "A", "1a", "-a", "a_b", "a b", &"a".repeat(41)] {
            assert_eq!(bad.parse::<WebhookName>(), Err(InvalidWebhookName), "{bad:?}");
        }
        let id = DeliveryId([7; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "msg_", "msg_07", &"07".repeat(16)] {
            assert_eq!(bad.parse::<DeliveryId>(), Err(InvalidDeliveryId), "{bad:?}");
        }
        for kind in WebhookKind::EVENTS {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(kind.event().map(EventKind::as_str), Some(kind.as_str()));
        }
        assert!("match.over".parse::<WebhookKind>().is_err());
    }
}
