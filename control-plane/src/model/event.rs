//! What happened: in games, to matches, on hosts. Kept for a while, listed and followed.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use stadion_protocol::contract::{EndReason, MatchStatus};
use stadion_protocol::{GameName, MatchId, VersionId};

use super::{HostName, MatchEnd, MatchRecord, Quarantine, UnixMs};

/// The largest data of an event, bytes: what a game may report, and a little for writing it in another form.
pub const EVENT_BYTES: usize = 20 * 1024;

/// The longest name that a game gives to what it reports, bytes.
const NAME_BYTES: usize = 64;

/// What a text that is cut ends with.
const CUT: char = '…';

macro_rules! kinds {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $name:literal,)*) => {
        /// Every kind of event that is kept. This is the one list of them: what is not here cannot be recorded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind {
            $($(#[doc = $meaning])+ $variant,)*
        }

        impl EventKind {
            /// All of them.
            pub const ALL: &[EventKind] = &[$(EventKind::$variant),*];

            /// As written in rows and answers.
            pub fn as_str(self) -> &'static str {
                match self { $(EventKind::$variant => $name,)* }
            }

            /// What it says and what its data has, for the API's document.
            pub fn meaning(self) -> &'static str {
                match self { $(EventKind::$variant => concat!($($meaning),+).trim_ascii(),)* }
            }
        }
    };
}

kinds! {
    /// A match was created. Data: `seats`, `visibility`.
    MatchStarted = "match.started",
    /// A match ended as matches do: by its game, by its owner, for nobody was there. Data: `reason`, `message`, `tick`, `players`, `placings`.
    MatchEnded = "match.ended",
    /// A match ended by a fault of its game or its host. Data: as of `match.ended`.
    MatchFailed = "match.failed",
    /// A version failed on every start and is out of play. Data: `reason`.
    VersionQuarantined = "version.quarantined",
    /// A game's own `report`. The event's `name` is what the game called it, its data is what the game said.
    GameReport = "game.report",
    /// A version was published to a channel. Data: `channel`, `by`.
    VersionPublished = "version.published",
    /// A channel got another one's version. Data: as of `version.published`.
    VersionPromoted = "version.promoted",
    /// A channel went back to a version that it had. Data: as of `version.published`.
    VersionRolledBack = "version.rolled-back",
    /// A version was taken out of play for new matches; it is the one that the event names. Data: `by`.
    VersionDeprecated = "version.deprecated",
    /// A player reported another. Data: `report`, `reason`.
    ReportFiled = "report.filed",
    /// Such a report was closed. Data: `report`, `state`.
    ReportClosed = "report.closed",
    /// A host takes matches. Data: `after`: `start`, or `return` where it was lost for a while.
    HostUp = "host.up",
    /// A host is gone. Data: `why`: `stopped`, or `lost` where it said nothing before it went.
    HostDown = "host.down",
    /// A host takes no more matches: it is about to go. Data: `matches`, `hibernated`, `players`, as many as are there then.
    HostDrained = "host.drained",
    /// Events came faster than they may, and some were dropped. Data: `dropped`, `why`.
    EventsDropped = "events.dropped",
}

/// A text that names no kind of event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of event; there are: {list}", list = EventKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", "))]
pub struct InvalidEventKind(String);

impl FromStr for EventKind {
    type Err = InvalidEventKind;

    fn from_str(text: &str) -> Result<EventKind, InvalidEventKind> {
        let found = EventKind::ALL.iter().find(|kind| kind.as_str() == text);
        found.copied().ok_or_else(|| InvalidEventKind(text.chars().take(NAME_BYTES).collect()))
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that happened and is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// When.
    pub at: UnixMs,
    /// What.
    pub kind: EventKind,
    /// How the game called it; of [`EventKind::GameReport`] alone.
    pub name: Option<String>,
    /// In which game; `None`: it is about no game.
    pub game: Option<GameName>,
    /// In which version of it.
    pub version: Option<VersionId>,
    /// In which match.
    pub of: Option<MatchId>,
    /// On which host.
    pub host: Option<HostName>,
    /// JSON, at most [`EVENT_BYTES`].
    pub data: String,
    /// Two events with the same of this are one: whoever may have recorded it already records it again.
    pub once: Option<String>,
}

impl NewEvent {
    /// Of this kind, about nothing yet.
    pub fn new(kind: EventKind, at: UnixMs) -> NewEvent {
        NewEvent {
            at,
            kind,
            name: None,
            game: None,
            version: None,
            of: None,
            host: None,
            data: "{}".to_owned(),
            once: None,
        }
    }

    /// With data. Where that is larger than [`EVENT_BYTES`] the event says so in its place.
    #[must_use]
    #[allow(clippy::needless_pass_by_value, reason = "calls read better with `json!` written in place")]
    pub fn with(mut self, data: Value) -> NewEvent {
        let text = data.to_string();
        self.data = if text.len() <= EVENT_BYTES { text } else { r#"{"too_large":true}"#.to_owned() };
        self
    }

    /// On this host.
    #[must_use]
    pub fn on(mut self, host: &HostName) -> NewEvent {
        self.host = Some(host.clone());
        self
    }

    /// What a game reports. What does not read as JSON, which hosts let nobody say, is kept as text.
    pub fn report(at: UnixMs, name: &str, data: &str) -> NewEvent {
        let mut event = NewEvent::new(EventKind::GameReport, at);
        event.name = Some(plain(name, NAME_BYTES));
        let read = serde_json::from_str(data).unwrap_or_else(|_| Value::String(plain(data, EVENT_BYTES / 8)));
        event.with(read)
    }

    /// That a match was created.
    pub fn started(record: &MatchRecord) -> NewEvent {
        NewEvent {
            game: Some(record.game.clone()),
            version: Some(record.version),
            of: Some(record.id),
            host: record.host.clone(),
            once: Some(format!("started/{}", record.id)),
            ..NewEvent::new(EventKind::MatchStarted, record.created_at)
        }
        .with(json!({"seats": record.seat_count, "visibility": record.visibility.as_str()}))
    }

    /// That a match is over, and how.
    pub fn ended(status: &MatchStatus, end: &MatchEnd, host: Option<HostName>) -> NewEvent {
        let kind = if is_failure(&end.reason) { EventKind::MatchFailed } else { EventKind::MatchEnded };
        let placing =
            |p: &stadion_protocol::contract::Placing| json!({"seat": p.seat.0, "rank": p.rank, "score": p.score});
        let data = json!({
            "reason": reason_name(&end.reason),
            "message": plain(&end.reason.to_string(), 2048),
            "tick": status.tick.0,
            "players": status.seats.len(),
            "placings": end.placings.iter().take(128).map(placing).collect::<Vec<_>>(),
        });
        NewEvent {
            game: Some(status.game.clone()),
            version: Some(status.version),
            of: Some(status.id),
            host,
            once: Some(format!("ended/{}", status.id)),
            ..NewEvent::new(kind, end.at)
        }
        .with(data)
    }

    /// That a version is in quarantine.
    pub fn quarantined(game: &GameName, id: VersionId, quarantine: &Quarantine) -> NewEvent {
        NewEvent {
            game: Some(game.clone()),
            version: Some(id),
            ..NewEvent::new(EventKind::VersionQuarantined, quarantine.at)
        }
        .with(json!({"reason": plain(&quarantine.reason, 2048)}))
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> u64 {
        /// Of a row with its places in indexes, beside its texts.
        const ROW: usize = 200;
        (ROW + self.data.len() + self.name.as_ref().map_or(0, String::len)) as u64
    }
}

/// Whether an end is somebody's fault.
pub fn is_failure(reason: &EndReason) -> bool {
    !matches!(reason, EndReason::Finished | EndReason::Closed | EndReason::Empty | EndReason::TooLong)
}

/// All that [`reason_name`] answers.
pub const REASON_NAMES: [&str; 10] = [
    "finished",
    "closed",
    "empty",
    "too-long",
    "trapped",
    "over-budget",
    "over-quota",
    "host-failed",
    "diverged",
    "poisoned",
];

/// How an end is named in rows and answers.
pub fn reason_name(reason: &EndReason) -> &'static str {
    match reason {
        EndReason::Finished => "finished",
        EndReason::Closed => "closed",
        EndReason::Empty => "empty",
        EndReason::TooLong => "too-long",
        EndReason::Trapped(_) => "trapped",
        EndReason::OverBudget => "over-budget",
        EndReason::OverQuota(_) => "over-quota",
        EndReason::HostFailed(_) => "host-failed",
        EndReason::Diverged => "diverged",
        EndReason::Poisoned => "poisoned",
    }
}

/// Cut, and without characters that do something where they are shown or that a database does not take.
fn plain(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest));
    for c in text.chars() {
        let c = if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        if out.len() + c.len_utf8() > longest {
            out.truncate(out.floor_char_boundary(longest.saturating_sub(CUT.len_utf8())));
            out.push(CUT);
            break;
        }
        out.push(c);
    }
    out
}

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Greater than that of every event that was there before it.
    pub number: u64,
    /// When.
    pub at: UnixMs,
    /// What.
    pub kind: EventKind,
    /// How the game called it.
    pub name: Option<String>,
    /// In which game.
    pub game: Option<GameName>,
    /// In which version.
    pub version: Option<VersionId>,
    /// In which match.
    pub of: Option<MatchId>,
    /// On which host.
    pub host: Option<HostName>,
    /// JSON.
    pub data: String,
}

/// Which events are about what somebody asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EventScope {
    /// All of them.
    #[default]
    Everything,
    /// Of this game.
    Game(GameName),
    /// About no game: hosts.
    NoGame,
}

/// Which events are wanted; `None` is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// About what.
    pub scope: EventScope,
    /// Of these kinds; empty: of all.
    pub kinds: Vec<EventKind>,
    /// That the game called so.
    pub name: Option<String>,
    /// In this match.
    pub of: Option<MatchId>,
    /// On this host.
    pub host: Option<HostName>,
    /// Then or later.
    pub since: Option<UnixMs>,
    /// Before that.
    pub until: Option<UnixMs>,
}

/// Events behind a number, for those who follow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventsSince {
    /// Oldest first.
    pub items: Vec<Event>,
    /// Everything up to this number has been looked at: go on behind it.
    pub upto: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert!(kind.meaning().ends_with('.'), "{kind}");
        }
        assert!("match.begun".parse::<EventKind>().unwrap_err().to_string().contains("match.started"));
    }

    #[test]
    fn what_games_report_is_kept_bounded_and_plain() {
        let at = UnixMs(1);
        let said = NewEvent::report(at, "goal", r#"{"by": 1, "at": "\u0000"}"#);
        assert_eq!((said.name.as_deref(), said.data.as_str()), (Some("goal"), r#"{"at":"\u0000","by":1}"#));
        let deep = "[".repeat(5000) + &"]".repeat(5000);
        assert!(NewEvent::report(at, "deep", &deep).data.starts_with("\"[[["), "too deep to read is text");
        let odd = NewEvent::report(at, &"a\u{0}\u{1b}[31m\u{85}".repeat(20), "1");
        let name = odd.name.unwrap();
        assert!(name.len() <= NAME_BYTES && !name.chars().any(char::is_control), "{name:?}");
        for data in [deep, format!("\"{}\"", "\u{7f}".repeat(16_000)), format!("[{}1]", "1e300,".repeat(2_700))] {
            assert!(NewEvent::report(at, "x", &data).data.len() <= EVENT_BYTES);
        }
    }

    #[test]
    fn a_text_is_cut_at_a_character() {
        for (text, longest, cut) in
            [("abc", 3, "abc"), ("abcdef", 5, "ab…"), ("äöüäöü", 6, "ä…"), ("a\nb", 9, "a\u{fffd}b")]
        {
            assert_eq!(plain(text, longest), cut, "{text}");
        }
    }
}
