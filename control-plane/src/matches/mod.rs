//! Matches from the control plane's side: finding or making one for a player, hearing from hosts, remembering.

mod audience;
mod bots;
mod events;
mod fork;
mod journals;
#[cfg(test)]
mod key_stories;
mod live;
mod open;
mod place;
#[cfg(test)]
mod place_stories;
mod reconcile;
mod rematch;
mod results;
mod service;
mod unplaced;
mod upgrade;
mod watch;
mod writer;

pub(crate) use audience::{AudienceError, Watch};
pub use events::HostEventQueue;
pub(crate) use events::{EventParts, handle_events};
pub(crate) use fork::ForkFailure;
pub(crate) use journals::Journals;
pub(crate) use live::{LiveIndex, LiveMatch, NoteError};
pub(crate) use open::{InvalidFilter, LabelFilter, OpenEntry};
pub(crate) use place::{
    Carried, FarOrder, FormRequest, Formed, FormedBody, KeptFor, Near, NewOrder, ORDERS, Order, PlaceParts,
    PlaceRequest, Placed, Placer, SeatWish, Seating, Template, WantedVersion, target,
};
pub(crate) use reconcile::{Reconciler, tell_of_ends};
pub(crate) use rematch::{RematchFailure, rematch_key, rematch_until};
pub(crate) use results::ResultsBody;
pub(crate) use service::{ElsewhereError, MatchError, MatchService, MatchUsed, MatchView};
pub(crate) use unplaced::PlaceError;
pub(crate) use upgrade::UpgradeFailure;
pub(crate) use watch::WatchFailure;
pub(crate) use writer::{Writer, write_behind};
