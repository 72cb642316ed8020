//! The contract between control plane and host: what each asks of the other, as traits and plain types.
//!
//! In `stadion serve` both sides share a process and call one another through these traits; in a cluster an adapter
//! carries the same calls over the network. Neither side ever names the other.
//!
//! ```text
//!   control plane ──[Host: create, reserve, upgrade, end, ...]─────▶ host
//!   control plane ──[Compiler: compile an upload in a child]───────▶ host (compile child)
//!   control plane ◀──[Artifacts: fetch a signed artifact]─────────── host
//!   control plane ◀──[HostEvents: joined, left, ended, report]────── host
//!   control plane ◀──[Requests: documents, calls of matches]──────── host
//! ```
//!
//! **Invariant.** The host decides: a reservation or a creation that it refuses does not exist, whatever the control
//! plane believed about its load.

mod account;
mod artifact;
mod fork;
mod host;
mod queues;
mod requests;
mod settings;
mod status;
mod upgrade;
mod watch;

use std::future::Future;
use std::pin::Pin;

pub use account::{LogLevel, LogLine, LogPage, MatchUsage};
pub use artifact::{
    Artifact, ArtifactManifest, ArtifactUnavailable, Artifacts, CompileError, CompileStage, Compiled, Compiler,
    Description, SIGNING_CONTEXT, StageSink,
};
pub use fork::{ForkError, ForkMatch, Forked};
pub use host::{
    CreateError, CreateMatch, EndedMatch, Endpoints, Host, HostEvent, HostEvents, HostLoad, MatchCreated, PlayerInfo,
    Reservation, ReserveError, UnknownMatch, WebAddress,
};
pub use queues::{InvalidQueueName, MAX_QUEUES, QueueName, QueueRules, WideningWindow, queues_of};
pub use requests::{
    DocumentAction, GameRequest, MAX_CALL_BYTES, MAX_DOCUMENT_BYTES, MAX_ENDPOINT_BYTES, MAX_KEY_BYTES, RequestError,
    RequestKey, RequestOutcome, Requests, Wanted,
};
pub use settings::{
    Durability, Hibernation, InvalidSetting, Lifetimes, LogFailure, MatchSettings, RateAsleep, Spectators, TrapPolicy,
    Watchers,
};
pub use status::{EndReason, MatchEnded, MatchState, MatchStatus, Placing, Presence, SeatStatus};
pub use upgrade::{
    MAX_SHOWN_BYTES, MAX_SHOWN_OUTPUTS, Moved, OnDifference, ShownOutput, UpgradeError, UpgradeWay, Upgraded,
    VersionDifference,
};
pub use watch::{MAX_STEPS, MAX_TOLD, Pace, TickRange, TicksError, ToldTicks};

/// A boxed future: these traits are used as objects.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
