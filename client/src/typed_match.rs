//! A seat in a match, in the game's own types.

use std::marker::PhantomData;

use stadion_sdk::message::{self, Message};
use stadion_sdk::{Game, GameModule};

use crate::end::End;
use crate::error::Error;
use crate::raw_match::{MatchInfo, RawEvent, RawMatch};
use crate::ticket::Ticket;

/// What happened, in order. `Out` and `View` are the game's.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<Out, View> {
    /// What this seat sees now. A program that reads late gets the newest alone.
    View(View),
    /// The game says something to this seat.
    Message(Out),
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

/// A seat in a match of `G`.
///
/// The connection is kept in the background. Dropping this lets go of it, and the seat is kept for a while;
/// [`leave`](Match::leave) gives the seat up.
pub struct Match<G: Game> {
    raw: RawMatch,
    game: PhantomData<fn() -> G>,
}

impl<G: GameModule> Match<G> {
    pub(crate) fn new(raw: RawMatch) -> Match<G> {
        Match { raw, game: PhantomData }
    }

    /// The next event. Dropping the future loses nothing. After [`Event::End`], that again.
    pub async fn next(&mut self) -> Event<G::Out, G::View> {
        loop {
            let event = self.raw.next().await;
            if let Some(event) = typed(event) {
                return event;
            }
        }
    }

    /// The next event if there is one now. Never blocks, and needs no runtime.
    pub fn poll(&mut self) -> Option<Event<G::Out, G::View>> {
        std::iter::from_fn(|| self.raw.poll()).find_map(typed)
    }

    /// Sends a message: in order, exactly once, also over a lost connection. Never blocks: [`Error::Full`] when too much is
    /// unacknowledged.
    pub fn send(&self, input: &G::In) -> Result<(), Error> {
        self.raw.send(&message::encode(input))
    }

    /// Sends a message at most once; dropped while there is no connection.
    pub fn send_unreliable(&self, input: &G::In) -> Result<(), Error> {
        self.raw.send_unreliable(&message::encode(input))
    }

    /// Gives up the seat, and waits until the server knows, two seconds at most.
    pub async fn leave(self) {
        self.raw.leave().await;
    }

    /// Whether this only watches: there is no seat, and nothing can be sent.
    pub fn is_watching(&self) -> bool {
        self.raw.is_watching()
    }

    /// This player's seat; 65535 when this only [watches](Match::is_watching).
    pub fn seat(&self) -> stadion_sdk::Seat {
        stadion_sdk::Seat(self.raw.seat())
    }

    /// What friends type to join, if there is such a code.
    pub fn code(&self) -> Option<&str> {
        self.info()?.code.as_deref()
    }

    /// What the control plane said about the match.
    pub fn info(&self) -> Option<&MatchInfo> {
        self.raw.info()
    }

    /// The smoothed round trip, milliseconds.
    pub fn rtt_ms(&self) -> u32 {
        self.raw.rtt_ms()
    }

    /// The tick that the server makes now, with its fraction: for prediction and interpolation.
    pub fn estimated_tick(&self) -> f64 {
        self.raw.estimated_tick()
    }

    /// What another process needs to come back to this seat: see [`RawMatch::ticket`].
    pub fn ticket(&self) -> Option<Ticket> {
        self.raw.ticket()
    }
}

impl<G: Game> std::fmt::Debug for Match<G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Match").field(&self.raw).finish()
    }
}

/// `None` for events that typed games deal with by themselves: views say it all.
fn typed<Out: Message, View: Message>(event: RawEvent) -> Option<Event<Out, View>> {
    Some(match event {
        RawEvent::View(data) => Event::View(decode(&data)?),
        RawEvent::Message(data) => Event::Message(decode(&data)?),
        RawEvent::Stalled => Event::Stalled,
        RawEvent::Live { rtt_ms } => Event::Live { rtt_ms },
        RawEvent::End(end) => Event::End(end),
        RawEvent::Fresh | RawEvent::Rewound { .. } | RawEvent::Unreliable(_) => return None,
    })
}

/// The schema's hash was compared at the door, so this does not fail between honest programs.
fn decode<M: Message>(data: &[u8]) -> Option<M> {
    message::decode(data)
        .inspect_err(|error| tracing::warn!(%error, bytes = data.len(), "dropped what the game sent"))
        .ok()
}
