//! What a match wants done.

use stadion_protocol::contract::{GameRequest, MatchEnded};

use crate::journal::Record;
use crate::link::{ConnId, ToPlayer};
use crate::model::LogLevel;

/// Names a record that was handed out for appending; later records have greater marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(pub u64);

/// One thing to do, in the order of [`super::Life::poll_effect`].
#[derive(Clone, Debug)]
pub enum Effect {
    /// Append to the journal; answer with [`super::Life::durable`] once it is durable.
    Append {
        /// What to answer with.
        mark: Mark,
        /// What to append.
        record: Record,
    },
    /// Say this to a connection.
    Post(ConnId, ToPlayer),
    /// The status changed: publish it.
    Changed,
    /// A line of the match's log.
    Log {
        /// How bad.
        level: LogLevel,
        /// As the session cut and escaped it.
        text: String,
    },
    /// For the owner's event stream.
    Report {
        /// As the game named it.
        kind: String,
        /// As the game wrote it.
        json: String,
    },
    /// Have this carried out; answer with [`super::Life::answered`].
    Ask(Box<GameRequest>),
    /// The guest is not needed any more, whatever it is doing.
    DropSession,
    /// The match is over. Always the last.
    Ended(Box<MatchEnded>),
}
