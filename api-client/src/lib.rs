//! The REST API of a control plane (v1), typed: what may be asked, what is answered, and what goes wrong.
//!
//! ```no_run
//! # async fn ask() -> Result<(), stadion_api::Error> {
//! use stadion_api::{Api, Server};
//!
//! let api = Api::new(&Server::at("http://127.0.0.1:7878").with_bearer("dev-..."))?;
//! for game in api.games().await? {
//!     println!("{} {}", game.name, game.latest_version.unwrap_or_default());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - [`operations`] lists every call: its verb, its path and what it is answered with. [`Api::call`] makes a [`Call`] of one;
//!   the methods of [`Api`] are the usual ones, ready to use.
//! - A refusal is a [`Problem`] (RFC 9457) in an [`Error::Refused`], with the id under which the server's log has the request.
//! - What is safe to be asked again is asked again within [`Patience`]: calls that are idempotent by their verb, and those with
//!   an `Idempotency-Key`, which every call gets that takes one.
//! - [`Pages`] brings lists entry by entry, [`Told`] server-sent events, from where a broken connection ended on.
//!
//! **Invariants.** Nothing is asked but through an [`Operation`], and a test compares all of them, and the shapes of what they
//! answer with, with the server's `openapi.json`. The crate knows nothing else of ours; whose certificates are trusted is said by
//! whoever makes an [`Api`].

mod accounts;
mod answer;
mod api;
mod call;
mod channels;
mod error;
mod event_log;
mod events;
mod games;
mod history;
mod lobby;
mod log;
mod matches;
mod operation;
pub mod operations;
mod pages;
mod patience;
mod play;
pub mod sse;
mod storage;
mod told;
mod uploads;
mod usage;
mod versions;
mod webhooks;

pub use accounts::{
    Account, AuditEntry, CreatedKey, Enrolment, Export, Identity, Key, NewKey, Provider, RecoveryCodes, RotatedKey,
    RotatedKeys, SecondFactor, SignIn, SignedIn, StartedSignIn,
};
pub use answer::{Answer, Bytes, Events as EventStream, Items, Json, Nothing, Page};
pub use api::{Api, Server};
pub use call::{Call, Tagged};
pub use channels::{Channel, ChannelChange};
pub use error::{Error, Problem, Refusal};
pub use event_log::{Happened, Hears, Wanted};
pub use events::{Events, PlayerEvent};
pub use games::{Game, Load, Origins, Queue, QuotaLimits, QuotaUse, Quotas};
pub use history::{FiledReport, PlayedMatch, PlayedWith, PlayerReport, RatingMove, Rematch};
pub use lobby::{Activity, Blocked, Friend, Friendship, Invitation, Invited, Member, Party, Rating, Standing, Ticket};
pub use log::{Followed, LogLine, LogPage};
pub use matches::{
    Difference, DifferingOutput, EndInfo, FailureInfo, Forked, MatchInfo, MatchPlace, PlacingInfo, PlayerInfo,
    ResultsInfo, SeatInfo, TickInfo, Ticks, Upgraded,
};
pub use operation::{Operation, Shape, Verb};
pub use pages::Pages;
pub use patience::Patience;
pub use play::{Claimed, Endpoints, OpenMatch, Seat, WatchedMatch, Watching};
pub use storage::{Document, Expected, Shelf, StorageAccess};
pub use told::{Told, Word};
pub use uploads::{Upload, UploadWord};
pub use usage::{MatchUsage, Punctuality, Usage, UsageSums, VersionUsage};
pub use versions::{Bundle, Finding, Published, PublishedBundle, Quarantine, Sent};
pub use webhooks::{Delivery, MadeWebhook, NewSecret, WantedWebhook, Webhook};
