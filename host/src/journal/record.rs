//! What a journal records. Everything that the guest could observe is here, and the facts behind it that the guest never
//! sees but a recovered match needs: who may come back to which seat, which inputs were taken.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::{EndReason, MatchSettings, Placing};
use stadion_protocol::{GameName, VersionId};

use super::chain::{self, Link};
use super::wire;
use crate::model::{Asked, Event, MatchTime, Setup, TickInput, Wake};

/// One record of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// Always the first.
    Setup(Box<SetupRecord>),
    /// A tick that returned.
    Tick(Box<TickRecord>),
    /// Ticks on schedule, without events and without reliable output, folded.
    Idle(IdleRun),
    /// From here on nothing but the end was kept.
    Gap(GapRecord),
    /// A new session took over. Not in the chain: no tick was given or asked for anything.
    Resumed(ResumedRecord),
    /// From here on the guest is another instance. In the chain.
    Swapped(Box<SwappedRecord>),
    /// An event that trapped was dropped. Not in the chain: the tick that follows is, without the event.
    Skipped(Box<SkippedRecord>),
    /// Always the last.
    End(Box<EndRecord>),
}

/// Tick 0: what the match was derived from, and what `start` asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupRecord {
    /// Of which game.
    pub game: GameName,
    /// The code that ran.
    pub version: VersionId,
    /// In force for the whole match.
    #[serde(with = "wire::settings")]
    pub settings: MatchSettings,
    /// As given to the guest.
    pub setup: Setup,
    /// The first session's number.
    pub incarnation: u32,
    /// What `start` answered.
    pub wake: Wake,
    /// Hash of what `start` asked for.
    pub outputs: [u8; 16],
}

/// A tick that returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickRecord {
    /// Which session ran it.
    pub incarnation: u32,
    /// As given to the guest.
    pub input: TickInput,
    /// Facts about events, by index into `input.events`, ascending.
    pub facts: Vec<(u16, Fact)>,
    /// What the step answered.
    pub wake: Wake,
    /// Hash of what the step asked for.
    pub outputs: [u8; 16],
    /// The chain before this tick.
    pub previous: Link,
}

/// What the host knows about an event and the guest does not. New facts are added at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// The number of a reliable input.
    InSeq(u64),
    /// A seat was claimed with this join token and nonce.
    Joined {
        /// First 16 bytes of BLAKE3 of the token's id.
        token: [u8; 16],
        /// The client's nonce.
        nonce: [u8; 16],
    },
    /// A connection was let in. As written until it was noted whose it is.
    Connected {
        /// Hash of the resume token that it will be given.
        offered: [u8; 32],
        /// Hash of the resume token that it used; `None`: a join token.
        used: Option<[u8; 32]>,
    },
    /// A connection of a client was let in.
    ConnectedAs {
        /// Hash of the resume token that it will be given.
        offered: [u8; 32],
        /// Hash of the resume token that it used; `None`: a join token.
        used: Option<[u8; 32]>,
        /// Of which client: those before it were replaced, and do not come back by themselves.
        client: [u8; 8],
    },
}

/// Ticks `first ..= first + count - 1`, each one period after the one before, each with no events, no reliable output and
/// `Wake::Next` as its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleRun {
    /// Which session ran them.
    pub incarnation: u32,
    /// Number of the first.
    pub first: u64,
    /// Match time of the first.
    pub time: MatchTime,
    /// How many, at least 1.
    pub count: u32,
    /// The chain after the last.
    pub last: Link,
}

/// The journal was over its bound: ticks from `first` on are not here. The chain in the end record still covers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapRecord {
    /// The first tick that was not kept.
    pub first: u64,
}

/// A new session took over after a tick: recovery, a move, waking up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumedRecord {
    /// The new session's number.
    pub incarnation: u32,
    /// The newest tick that counts.
    pub tick: u64,
    /// When, nanoseconds since 1970.
    pub unix_ns: u64,
}

/// A journaled transition after a tick: replay makes the same one at the same place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwappedRecord {
    /// Which session did it.
    pub incarnation: u32,
    /// The newest tick before it.
    pub tick: u64,
    /// The code from here on.
    pub version: VersionId,
    /// How the new instance came by its state.
    pub by: Swap,
    /// What it answered: `load`, `start`, or the newest tick that it was given.
    pub wake: Wake,
    /// Hash of what `load` or `start` asked for; nothing for an instance that was given the ticks.
    pub outputs: [u8; 16],
    /// The chain before it.
    pub previous: Link,
}

/// How a new instance came by its state. New ways are added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Swap {
    /// The old one saved these bytes, a fresh one of the same or another version loaded them.
    Saved(Vec<u8>),
    /// An instance of another version was given all ticks since the start, or since the newest of the other ways.
    Replayed {
        /// The first of these ticks for which it asked for something else; what it asked for then never was.
        differs_from: Option<u64>,
    },
    /// As [`Swap::Begun`], of hosts that let the new instance number its requests from 1 again: what was asked before
    /// it is answered to nobody.
    Restarted(Box<Setup>),
    /// A fresh one was started with this and knows nothing of what was before. Its match time begins at 0. What the match
    /// asked before is answered all the same, and the new instance numbers its requests on.
    Begun {
        /// What it was started with.
        setup: Box<Setup>,
        /// By the instances before it.
        asked: Asked,
    },
}

impl Swap {
    /// What a fresh instance was started with, if one was.
    pub fn begun(&self) -> Option<&Setup> {
        match self {
            Swap::Restarted(setup) | Swap::Begun { setup, .. } => Some(setup),
            Swap::Saved(_) | Swap::Replayed { .. } => None,
        }
    }
}

/// Trap policy `skip-once`: a tick trapped, and is run again under the same number without one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedRecord {
    /// Which session goes on.
    pub incarnation: u32,
    /// The tick that trapped.
    pub tick: u64,
    /// Index in the cut's events of the one that was dropped.
    pub event: u16,
    /// How it trapped.
    pub why: String,
    /// The tick as it trapped.
    pub cut: Cut,
}

/// How a match ended: a decision, not something that replay finds out again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndRecord {
    /// Which session was there.
    pub incarnation: u32,
    /// The last tick that counts.
    pub tick: u64,
    /// Why.
    pub reason: EndReason,
    /// The tick that was being run when the match ended, if any. It has no outputs and is never run again.
    pub cut: Option<Cut>,
    /// Best first; empty unless the game finished.
    pub placings: Vec<Placing>,
    /// The game's own result bytes; empty unless the game finished.
    pub data: Vec<u8>,
    /// The chain before this record.
    pub previous: Link,
}

/// A tick that did not return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// What it was given.
    pub input: TickInput,
    /// Facts about its events.
    pub facts: Vec<(u16, Fact)>,
}

impl SetupRecord {
    /// The chain after tick 0.
    pub fn link(&self) -> Link {
        chain::first(self)
    }
}

impl TickRecord {
    /// The chain after this tick.
    pub fn link(&self) -> Link {
        chain::next(self)
    }

    /// What a run of idle ticks can say as well: nothing happened, on schedule.
    pub fn is_idle(&self) -> bool {
        self.input.skipped == 0 && self.input.events.is_empty() && self.wake == Wake::Next
    }

    /// Events with their facts, in order.
    pub fn events(&self) -> impl Iterator<Item = (&Event, Option<&Fact>)> {
        with_facts(&self.input.events, &self.facts)
    }
}

impl Cut {
    /// Events with their facts, in order.
    pub fn events(&self) -> impl Iterator<Item = (&Event, Option<&Fact>)> {
        with_facts(&self.input.events, &self.facts)
    }
}

impl EndRecord {
    /// The chain after the whole match.
    pub fn link(&self) -> Link {
        chain::last(self)
    }
}

impl Record {
    /// About how many bytes it takes.
    pub fn weight(&self) -> u64 {
        const PLAIN: usize = 96;
        let events = match self {
            Record::Tick(tick) => tick.input.events.iter().map(Event::weight).sum(),
            Record::Swapped(swapped) => match &swapped.by {
                Swap::Saved(bytes) => bytes.len(),
                Swap::Replayed { .. } | Swap::Restarted(_) | Swap::Begun { .. } => 0,
            },
            _ => 0,
        };
        (PLAIN + events) as u64
    }

    /// The newest tick that it is of or stands behind.
    pub fn newest_tick(&self) -> Option<u64> {
        match self {
            Record::Setup(_) => Some(0),
            Record::Tick(tick) => Some(tick.input.number),
            Record::Idle(run) => Some(run.last_tick()),
            Record::Resumed(resumed) => Some(resumed.tick),
            Record::Swapped(swapped) => Some(swapped.tick),
            Record::End(end) => Some(end.tick),
            Record::Gap(_) | Record::Skipped(_) => None,
        }
    }
}

impl SwappedRecord {
    /// The ticks before it for which the new instance may have asked for something else.
    pub fn foreign(&self) -> Option<RangeInclusive<u64>> {
        match self.by {
            Swap::Replayed { differs_from: Some(from) } => Some(from..=self.tick),
            Swap::Replayed { differs_from: None } | Swap::Saved(_) | Swap::Restarted(_) | Swap::Begun { .. } => None,
        }
    }

    /// The chain after the swap.
    pub fn link(&self) -> Link {
        chain::after_swap(self)
    }
}

impl IdleRun {
    /// This run and the one that follows it as one, if it does follow it.
    pub fn followed_by(&self, next: &IdleRun) -> Option<IdleRun> {
        let follows = self.incarnation == next.incarnation && self.last_tick().checked_add(1) == Some(next.first);
        let count = self.count.checked_add(next.count).filter(|_| follows)?;
        Some(IdleRun { count, last: next.last, ..*self })
    }

    /// The last tick of the run.
    pub fn last_tick(&self) -> u64 {
        self.first.saturating_add(u64::from(self.count)).saturating_sub(1)
    }
}

fn with_facts<'a>(
    events: &'a [Event],
    facts: &'a [(u16, Fact)],
) -> impl Iterator<Item = (&'a Event, Option<&'a Fact>)> {
    let mut facts = facts.iter().peekable();
    events
        .iter()
        .enumerate()
        .map(move |(i, event)| (event, facts.next_if(|(at, _)| usize::from(*at) == i).map(|(_, fact)| fact)))
}
