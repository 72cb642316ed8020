//! One transport connection, as the client sees it.

use super::unreliable::{Incoming, Outgoing};
use super::{Endpoint, PathId, Timers};
use crate::clock::Moment;
use crate::ids::Incarnation;
use crate::token::ResumeToken;
use crate::wire::{DEFAULT_MAX_DATAGRAM, FrameReader, MAX_SERVER_FRAME};

/// A connection and how far it has come.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) id: PathId,
    pub(super) purpose: Purpose,
    pub(super) endpoint: Endpoint,
    pub(super) stage: Stage,
    pub(super) reader: FrameReader,
    pub(super) outgoing: Outgoing,
    pub(super) incoming: Incoming,
    pub(super) max_datagram: usize,
}

/// What it was opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To reach the match.
    Reach,
    /// To be there when the match arrives, with the token that was given for it.
    Target(ResumeToken),
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The transport is being established.
    Connecting { since: Moment },
    /// `hello` was sent: whatever happens here, the server may have made this the seat's connection.
    Greeting { since: Moment, connecting_since: Moment },
    /// Let in, by this session of the match.
    Welcomed { incarnation: Incarnation },
}

impl Path {
    pub(super) fn new(id: PathId, purpose: Purpose, endpoint: Endpoint, now: Moment, repeats: usize) -> Path {
        Path {
            id,
            purpose,
            endpoint,
            stage: Stage::Connecting { since: now },
            reader: FrameReader::new(MAX_SERVER_FRAME),
            outgoing: Outgoing::new(repeats),
            incoming: Incoming::default(),
            max_datagram: DEFAULT_MAX_DATAGRAM,
        }
    }

    /// When it is dropped if it is not welcomed by then. A target is there early and welcomes when the match arrives.
    pub(super) fn give_up_at(&self, timers: &Timers) -> Option<Moment> {
        let within = if self.purpose == Purpose::Reach { timers.attempt } else { timers.give_up };
        match self.stage {
            Stage::Connecting { since } | Stage::Greeting { connecting_since: since, .. } => Some(since + within),
            Stage::Welcomed { .. } => None,
        }
    }

    /// Not welcomed yet.
    pub(super) fn is_attempt(&self) -> bool {
        !matches!(self.stage, Stage::Welcomed { .. })
    }

    pub(super) fn is_greeting(&self) -> bool {
        matches!(self.stage, Stage::Greeting { .. })
    }

    pub(super) fn is_connecting(&self) -> bool {
        matches!(self.stage, Stage::Connecting { .. })
    }
}
