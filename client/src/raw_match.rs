//! A seat in a match, in bytes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::Seat;
use stadion_protocol::client::{Client, ClientConfig};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::{MAX_INPUT, MAX_UNRELIABLE};
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::driver::{Command, Driver, Shared};
use crate::end::End;
use crate::entry::Entry;
use crate::error::{Error, random};
use crate::path;
use crate::ticket::Ticket;
use crate::tls;
use crate::views::{self, Views};

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawEvent {
    /// The game's `View`, encoded: what this seat sees now. Games without a schema have none.
    View(Bytes),
    /// One of the game's `Out`, encoded; in games without a schema any reliable message.
    Message(Bytes),
    /// An unreliable message of a game without a schema.
    Unreliable(Bytes),
    /// Forget what you know: everything is told again.
    Fresh,
    /// The match was recovered: forget predictions of later ticks.
    Rewound {
        /// The last tick that counts.
        tick: u64,
    },
    /// Nothing is heard; reconnecting. Nothing reliable is lost.
    Stalled,
    /// Heard from, for the first time or again.
    Live {
        /// The round trip, milliseconds.
        rtt_ms: u32,
    },
    /// Nothing more will come.
    End(End),
}

/// What the control plane said about a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchInfo {
    /// The match's id.
    pub id: String,
    /// What friends type to join, if there is one.
    pub code: Option<String>,
    /// The game's name.
    pub game: String,
    /// Its version, as 64 hexadecimal digits.
    pub version: String,
    /// The schema of its messages; `None`: raw bytes. Only [`Stadion::play_raw`](crate::Stadion::play_raw) fetches it.
    pub schema: Option<Bytes>,
}

/// A seat in a match, in bytes: for tools that decode by the schema, and for engines.
///
/// The connection is kept in the background. Dropping this lets go of it, and the seat is kept for a while;
/// [`leave`](RawMatch::leave) gives the seat up.
#[derive(Debug)]
pub struct RawMatch {
    commands: mpsc::Sender<Command>,
    shared: Arc<Shared>,
    clock: Clock,
    seat: Seat,
    entry: Entry,
    info: Option<MatchInfo>,
    server: String,
}

/// Commands on their way to the driver; it takes none while too much is unacknowledged.
const MAX_COMMANDS: usize = 64;
/// Nobody waits longer for a first welcome.
const ENTER_WITHIN: Duration = Duration::from_secs(10);

impl RawMatch {
    /// Enters a match with what the control plane gave, and waits until the player is let in. Needs a tokio runtime.
    ///
    /// Most programs get here through [`Stadion`](crate::Stadion).
    pub async fn enter(entry: Entry) -> Result<RawMatch, Error> {
        if entry.endpoints.iter().any(|endpoint| endpoint.certificate_hashes.is_empty()) {
            // Without trusted roots no attempt can succeed: say so now.
            tls::config(&[])?;
        }
        let clock = Clock::start();
        let seed = u64::from_le_bytes(random()?);
        let mut config = ClientConfig::new(entry.endpoints.clone(), entry.credential.clone(), entry.schema, seed);
        config.options = entry.options.clone();
        let (commands, to_do) = mpsc::channel(MAX_COMMANDS);
        let (welcomed, welcome) = oneshot::channel();
        let shared = Arc::new(Shared::default());
        let driver = Driver {
            client: Client::new(config, clock.now()),
            clock,
            shared: Arc::clone(&shared),
            server_name: entry.server_name.as_str().into(),
            views: (entry.schema != SchemaHash::default()).then(Views::default),
            commands: to_do,
            path_events: mpsc::channel(path::MAX_EVENTS),
            paths: HashMap::new(),
            welcomed: Some(welcomed),
            waiting: None,
            watches: false,
        };
        tokio::spawn(driver.run());
        let seat = match tokio::time::timeout(ENTER_WITHIN, welcome).await {
            Ok(Ok(result)) => result?,
            Ok(Err(_)) | Err(_) => return Err(no_answer(&entry, &shared.status().problem)),
        };
        Ok(RawMatch { commands, shared, clock, seat, entry, info: None, server: String::new() })
    }

    pub(crate) fn described(mut self, info: MatchInfo, server: &str) -> RawMatch {
        self.info = Some(info);
        server.clone_into(&mut self.server);
        self
    }

    /// The next event. Dropping the future loses nothing. After [`RawEvent::End`], that again.
    pub async fn next(&mut self) -> RawEvent {
        self.shared.inbox.next().await
    }

    /// The next event if there is one now. Never blocks, and needs no runtime.
    pub fn poll(&mut self) -> Option<RawEvent> {
        self.shared.inbox.pop()
    }

    /// Sends the game's `In`, encoded (any bytes in a game without a schema): in order, exactly once, also over a lost
    /// connection. Never blocks: [`Error::Full`] when too much is unacknowledged.
    pub fn send(&self, data: &[u8]) -> Result<(), Error> {
        if self.is_watching() {
            return Err(Error::Watching);
        }
        let data = self.envelope(data);
        if data.len() > MAX_INPUT {
            return Err(Error::TooLarge(data.len()));
        }
        self.command(Command::Input(data))
    }

    /// Sends the game's `In` at most once; dropped while there is no connection.
    pub fn send_unreliable(&self, data: &[u8]) -> Result<(), Error> {
        if self.is_watching() {
            return Err(Error::Watching);
        }
        let data = self.envelope(data);
        if data.len() > MAX_UNRELIABLE {
            return Err(Error::TooLarge(data.len()));
        }
        match self.command(Command::Unreliable(data)) {
            Err(Error::Full) => Ok(()),
            result => result,
        }
    }

    /// Gives up the seat, and waits until the server knows, two seconds at most.
    pub async fn leave(self) {
        self.shared.leave.notify_one();
        while !matches!(self.shared.inbox.next().await, RawEvent::End(_)) {}
    }

    /// Whether this only watches: there is no seat, and nothing can be sent.
    pub fn is_watching(&self) -> bool {
        self.seat.is_spectator()
    }

    /// This player's seat; 65535 when this only [watches](RawMatch::is_watching).
    pub fn seat(&self) -> u16 {
        self.seat.0
    }

    /// What the control plane said about the match; `None` after [`RawMatch::enter`].
    pub fn info(&self) -> Option<&MatchInfo> {
        self.info.as_ref()
    }

    /// Ticks a second; 0 in event-driven games.
    pub fn rate(&self) -> u16 {
        self.shared.status().rate
    }

    /// The smoothed round trip, milliseconds.
    pub fn rtt_ms(&self) -> u32 {
        self.shared.status().rtt_ms
    }

    /// The tick that the server makes now, with its fraction: for prediction and interpolation.
    pub fn estimated_tick(&self) -> f64 {
        let status = self.shared.status();
        let (at, tick) = status.tick;
        tick + self.clock.now().since(at).as_secs_f64() * f64::from(status.rate)
    }

    /// What another process needs to come back to this seat; `None` until the server has given it, a moment after the
    /// welcome. It changes after each return: keep the newest, and keep it secret.
    pub fn ticket(&self) -> Option<Ticket> {
        let status = self.shared.status();
        Some(Ticket {
            token: status.resume?,
            endpoints: status.endpoint.iter().cloned().collect(),
            server: self.server.clone(),
            server_name: self.entry.server_name.clone(),
            schema: self.entry.schema,
            info: self.info.as_ref().map(|info| MatchInfo { schema: None, ..info.clone() }),
        })
    }

    fn envelope(&self, data: &[u8]) -> Bytes {
        if self.entry.schema == SchemaHash::default() { Bytes::copy_from_slice(data) } else { views::input(data) }
    }

    fn command(&self, command: Command) -> Result<(), Error> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Full,
            mpsc::error::TrySendError::Closed(_) => Error::Ended(self.shared.inbox.ended()),
        })
    }
}

fn no_answer(entry: &Entry, problem: &str) -> Error {
    let url = entry.endpoints.first().map_or_else(String::new, |endpoint| endpoint.address.to_string());
    let why = if problem.is_empty() { String::new() } else { format!(": {problem}") };
    Error::Unreachable { url, problem: format!("no answer over QUIC (UDP){why}") }
}
