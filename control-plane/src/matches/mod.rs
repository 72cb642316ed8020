//! Matches from the control plane's side: finding or making one for a player, hearing from hosts, remembering.

mod events;
mod fork;
mod journals;
mod key;
mod live;
mod place;
mod reconcile;
mod service;
mod upgrade;
mod watch;
mod writer;

pub use events::HostEventQueue;
pub(crate) use events::{EventParts, handle_events};
pub(crate) use fork::ForkFailure;
pub(crate) use journals::Journals;
pub(crate) use key::InvalidKey;
pub(crate) use live::{LiveIndex, NoteError};
pub(crate) use place::{Order, PlaceError, PlaceParts, PlaceRequest, Placed, Placer};
pub(crate) use reconcile::Reconciler;
pub(crate) use service::{MatchError, MatchService, MatchUsed, MatchView};
pub(crate) use upgrade::UpgradeFailure;
pub(crate) use watch::WatchFailure;
pub(crate) use writer::{Writer, write_behind};
