//! The words of the contract as the host's own types: setup, ticks, events, outputs.
//!
//! These are what the journal records, what the match core decides over and what a session hands to its guest. The
//! types that wasmtime's bindings generate are wire types: they stop at the door of `session`.

use serde::{Deserialize, Serialize};
use stadion_protocol::Seat;
use stadion_protocol::contract::{Placing, PlayerInfo};

pub use stadion_protocol::contract::{DocumentAction, LogLevel, RequestError};

/// Match time in nanoseconds, 0 at the start.
pub type MatchTime = u64;

/// How bytes travel between a game and its players.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// In order, exactly once, released when its tick is durable.
    Reliable,
    /// At most once, unordered.
    Unreliable,
}

/// Bounds in force for the whole match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Linear memory of the guest, bytes.
    pub memory_bytes: u64,
    /// The largest unreliable output, bytes.
    pub unreliable_bytes: u32,
    /// The largest reliable output, bytes.
    pub reliable_bytes: u32,
    /// Sends in one tick.
    pub sends_per_tick: u32,
    /// Bytes sent in one tick.
    pub send_bytes_per_tick: u32,
    /// Requests without an answer, for documents and for the owner's backend.
    pub requests_open: u32,
    /// The largest `save`, bytes.
    pub saved_bytes: u64,
}

/// Everything a match is derived from, besides its ticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The match id as text.
    pub match_id: String,
    /// Secret from players; also the root of WASI random.
    pub seed: [u64; 4],
    /// Unix time of match time 0, nanoseconds.
    pub started_unix_ns: u64,
    /// Ticks a second; 0: driven by events and `wake`.
    pub rate: u16,
    /// Seats of this match.
    pub seats: u16,
    /// From the channel and the creator.
    pub parameters: Vec<u8>,
    /// In force for the whole match.
    pub limits: Limits,
}

/// How a seat was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Departure {
    /// By the player.
    Left,
    /// By the game.
    Kicked,
    /// The player did not come back in time.
    TimedOut,
    /// Another player has the seat now.
    Replaced,
}

/// What happened since the tick before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A player took a seat for the first time.
    Joined {
        /// Which.
        seat: Seat,
        /// Who.
        player: PlayerInfo,
        /// Untrusted, from the player's client.
        options: Vec<u8>,
    },
    /// The connection is gone; the seat is kept until [`Event::Left`].
    Disconnected(Seat),
    /// A connection is there, the first or a later one.
    Connected {
        /// Whose.
        seat: Seat,
        /// The client knows nothing yet.
        fresh: bool,
    },
    /// The seat is given up.
    Left {
        /// Which.
        seat: Seat,
        /// How.
        departure: Departure,
    },
    /// Bytes from a player.
    Message {
        /// From whom.
        seat: Seat,
        /// How they came.
        via: Delivery,
        /// As sent.
        data: Vec<u8>,
    },
    /// How many spectators watch now.
    Spectators(u32),
    /// A request's answer.
    Answer {
        /// Which request.
        request: u64,
        /// Version and bytes, or why not.
        outcome: Result<Vec<u8>, RequestError>,
    },
    /// A player's connection, measured.
    Quality {
        /// Whose.
        seat: Seat,
        /// Milliseconds.
        round_trip_ms: u16,
        /// Milliseconds.
        jitter_ms: u16,
        /// Lost of a thousand.
        loss_permille: u16,
    },
    /// From the operator or the owner.
    Notice {
        /// What about.
        topic: String,
        /// Content.
        data: Vec<u8>,
    },
}

impl Event {
    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        const PLAIN: usize = 16;
        PLAIN
            + match self {
                Event::Message { data, .. } | Event::Notice { data, .. } => data.len(),
                Event::Joined { player, options, .. } => player.data.len() + options.len(),
                Event::Answer { outcome: Ok(data), .. } => data.len(),
                _ => 0,
            }
    }
}

/// The input of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickInput {
    /// 1, 2, 3, ... without gaps.
    pub number: u64,
    /// With a rate: (number + all skipped so far) / rate, exactly.
    pub time: MatchTime,
    /// Periods that passed without a tick.
    pub skipped: u64,
    /// In order of arrival.
    pub events: Vec<Event>,
}

/// When the guest wants to be called next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wake {
    /// The next period of the rate; with rate 0, the next event.
    Next,
    /// The next event or this time, whichever is first.
    At(MatchTime),
    /// The next event.
    Event,
}

/// Whom an output is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// One seat.
    Seat(Seat),
    /// The seats connected as of this tick.
    Everyone,
    /// Those who only watch.
    Spectators,
}

/// What a step asked for, in the order in which it asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Bytes to players.
    Send {
        /// To whom.
        to: Target,
        /// How.
        via: Delivery,
        /// What.
        data: Vec<u8>,
    },
    /// Remove a player.
    Kick {
        /// Whom.
        seat: Seat,
        /// Why, for the player.
        reason: String,
    },
    /// The public label.
    Label(String),
    /// Whether new players may join.
    Open(bool),
    /// The match is over when the step returns.
    Finish {
        /// Ranks and scores.
        placings: Vec<Placing>,
        /// The game's own result bytes.
        data: Vec<u8>,
    },
    /// A log line (also WASI stdout and stderr).
    Log {
        /// How bad.
        level: LogLevel,
        /// As written, cut and escaped.
        text: String,
    },
    /// For the owner's event stream.
    Report {
        /// What kind.
        kind: String,
        /// JSON.
        json: String,
    },
    /// A storage request.
    Storage {
        /// Its number, counted from 1.
        request: u64,
        /// Whose document; `None`: the game's.
        player: Option<String>,
        /// Which document.
        key: String,
        /// What to do.
        op: DocumentAction,
    },
    /// A request to the backend of the game's owner.
    Call {
        /// Its number, counted with those of storage.
        request: u64,
        /// As the owner named it.
        endpoint: String,
        /// For it.
        json: String,
    },
}

/// What a match has asked of the world outside: a game that is begun anew numbers on, so that no number is used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Requests numbered so far.
    pub requests: u64,
    /// Those of them without an answer.
    pub open: u32,
}

/// What a step that returned gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// When to call next.
    pub wake: Wake,
    /// In order.
    pub outputs: Vec<Output>,
}
