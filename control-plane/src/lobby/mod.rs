//! The lobby: what players do together before and after a match, and how they hear of it.
//!
//! ```text
//!   REST ──▶ parties ──▶ searches ──tickets, words──▶ coordination ◀── runner: one replica steps each queue
//!               │            │                                             │
//!               └────────────┴── told: one topic for each player ◀─────────┴── results: ratings, back in the party
//!                                   │
//!                              GET /v1/events, on whatever replica the player listens
//! ```
//! The rules are those of the pure cores [`crate::parties`] and [`crate::queues`]; this keeps their values in coordination,
//! changes them by compare-and-set, and carries out what comes of it. Any replica serves any player.
//!
//! **Invariant.** Whatever is told can be asked for too: an event that is lost costs a moment, not a party. When coordination
//! loses everything, parties and searches have to be formed anew; friends, blocks, ratings and results are in the store.

mod backfill;
mod body;
#[cfg(test)]
mod fencing;
mod making;
mod parties;
mod presence;
mod results;
mod runner;
mod searches;
mod task;
mod told;

use std::sync::Arc;

use stadion_protocol::{MatchId, PlayerId};
use tokio::sync::Notify;

use crate::clock::{Clock, Rng, random};
use crate::coordination::{Coordination, CoordinationError};
use crate::games::Catalog;
use crate::matches::{LiveIndex, Placer};
use crate::store::Store;

pub(crate) use body::PartyBody;
pub(crate) use parties::{InvitationNote, PartyError, Way};
pub(crate) use presence::{PresentHere, RENEW};
pub(crate) use results::Over;
pub(crate) use runner::run_queues;
pub(crate) use searches::{Asked, QueueKey, QueueView, SearchError, TicketView};
pub(crate) use told::PlayerEvent;

/// What the lobby stands on.
pub(crate) struct LobbyParts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) placer: Arc<Placer>,
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
}

/// See the module.
pub(crate) struct Lobby {
    parts: LobbyParts,
    /// Names this replica where several want the same thing.
    replica: String,
    present: presence::Present,
    /// Something was put into a queue that nobody may be stepping yet.
    called: Notify,
}

impl Lobby {
    pub(crate) fn new(parts: LobbyParts) -> Lobby {
        let replica = hex::encode(random::<8>(&*parts.rng));
        Lobby { parts, replica, present: presence::Present::default(), called: Notify::new() }
    }

    fn coordination(&self) -> &dyn Coordination {
        &*self.parts.coordination
    }

    fn new_id(&self) -> MatchId {
        MatchId(random(&*self.parts.rng))
    }

    /// A note as what it says.
    async fn note<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, CoordinationError> {
        self.coordination().get(key).await?.map(|note| read(&note)).transpose()
    }
}

fn read<T: serde::de::DeserializeOwned>(note: &[u8]) -> Result<T, CoordinationError> {
    serde_json::from_slice(note).map_err(|error| CoordinationError(format!("a note does not read: {error}")))
}

fn written(note: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(note).expect("notes are plain JSON")
}

fn ids<'a>(players: impl IntoIterator<Item = &'a PlayerId>) -> Vec<String> {
    players.into_iter().map(ToString::to_string).collect()
}
