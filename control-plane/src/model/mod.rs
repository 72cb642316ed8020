//! What the control plane keeps and decides about: accounts, sessions, games, versions, matches.
//!
//! Domain types only: nothing here is serialized, knows SQL or HTTP. Wire types are built from these at the door
//! ([`crate::api`]), rows in the store.

mod account;
mod game;
mod matches;
mod page;
mod session;
mod time;
mod usage;

pub use account::{Account, AccountName, ApiKey, DisplayName, InvalidName, PasswordHash, Role};
pub use game::{Game, GameEntry, Version};
pub use matches::{MatchEnd, MatchFilter, MatchRecord, MatchWrite, StateFilter, Viewer, Visibility};
pub use page::{Page, PageRequest};
pub use session::{Refresh, Session, SessionId};
pub use time::UnixMs;
pub use usage::{Usage, UsageScope, UsageSum};
