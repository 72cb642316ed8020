//! The life of a match as a pure state machine: no clock, no socket, no journal, no guest. A driver hands in the time,
//! what players say and what steps returned; what should happen comes back as [`Effect`]s.
//!
//! ```text
//!              ┌───────────────────────── RUNNING ─────────────────────────┐
//!   started ──▶│  waiting ──seal──▶ in flight ──stepped──▶ recorded ──┐    │
//!              │     ▲                  │                             │    │
//!              │     └──────────────────│─────────────────────────────┘    │
//!              └────────────────────────│──────────────────────────────────┘
//!                finish, end, empty,    │ failed: trap, over budget, over quota
//!                too long               ▼ (the tick is cut: no outputs, never run again)
//!              ┌──────────────────── LINGERING ────────────────────┐
//!              │ the end is journaled; once it is durable, players │──▶ OVER
//!              │ are told and have time to acknowledge             │
//!              └───────────────────────────────────────────────────┘
//!
//!   recorded ──durable──▶ committed: reliable messages, acknowledgements, kicks, reports, requests, resume tokens
//!
//!   a seat:  free ──reserve──▶ reserved ──join──▶ connected ◀──resume──┐
//!             ▲                   │ claim time     │   └──lost──▶ disconnected
//!             └───────────────────┘                ▼ leave, kick      │ reconnect time
//!             ▲                                   left ◀──────────────┘
//!             └── reserved again for somebody else ┘
//! ```
//!
//! # Order of calls
//! [`Life::started`] once, or [`Life::resume`] for a match that another session began, or [`Life::wake`] for one that slept. Then, at any time, [`Life::reserve`], [`Life::hear`], [`Life::answered`] and [`Life::end`]; at
//! [`Life::deadline`], [`Life::turn`] and then [`Life::seal`]; for each sealed tick exactly one of [`Life::stepped`] and
//! [`Life::failed`] (or `end`, which cuts it). After each call, drain [`Life::poll_effect`]: an [`Effect::Append`] must be
//! answered by [`Life::durable`] when its record is durable. Time never goes back.
//!
//! **Invariants.** One tick is in flight at most. What a step asked for reaches nobody before its record is written, and
//! reliable messages not before it is durable. The journal's hashes cover what the guest asked for; what became of it is
//! this module's policy and is in no hash.

mod admission;
mod commit;
mod effect;
mod ending;
mod hear;
mod host_state;
mod link_bytes;
mod pace;
mod requests;
mod resume;
mod schedule;
mod seats;
mod skip;
mod sleep;
mod stand_in;
mod status;
mod swap;
mod tick;
mod watching;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use stadion_protocol::contract::{MatchEnded, MatchSettings, Reservation, ReserveError};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::{GameName, Incarnation, MatchId, Moment, Seat, VersionId};

use crate::journal::{Link, Record, SetupRecord, chain};
use crate::link::ConnId;
use crate::model::{Setup, Stepped, Wake};

pub use effect::{Effect, Mark};
pub use host_state::{BadHostState, HostState};
pub use pace::LONGEST_HOLD;
pub use resume::Arrival;
pub use schedule::exact_time;
pub use skip::{candidates, without};
pub use sleep::{Asleep, Rest};
pub use stand_in::Tenants;
pub use swap::Successor;
pub use watching::{COUNT_EVERY, MAX_SPECTATORS};

use commit::Uncommitted;
use ending::Lingering;
use pace::Hold;
use requests::{Finishing, Requests};
use schedule::Schedule;
use seats::Seats;
use tick::{InFlight, Inbound};
use watching::Watching;

/// The most events of one tick, as the contract says.
pub const MAX_EVENTS: usize = 4_096;

/// Bytes of events that may wait for a tick; what is over stays in the mailbox.
pub const MAX_WAITING_BYTES: usize = 1 << 20;

/// Recorded ticks that may wait for the log. Past it no tick is sealed: the match stalls until the log moves. At 60 Hz
/// that is four seconds, far more than a log that works takes.
pub const MAX_UNCOMMITTED: usize = 256;

/// How far a match may run ahead of its log before unreliable outputs are held back: what a crash may undo.
pub const RUN_AHEAD: Duration = Duration::from_millis(250);

/// Changes of a match's status within this time are told as one.
pub const PUBLISH_EVERY: Duration = Duration::from_millis(100);

/// Everything about a match that never changes.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Which match.
    pub id: MatchId,
    /// Of which game.
    pub game: GameName,
    /// The code it runs.
    pub version: VersionId,
    /// Which session of the match this is.
    pub incarnation: Incarnation,
    /// What clients must have been built for.
    pub schema: SchemaHash,
    /// Lifetimes and policies.
    pub settings: MatchSettings,
    /// As given to the guest.
    pub setup: Setup,
}

/// The life of one match. See the module's documentation for the order of calls.
#[derive(Debug)]
pub struct Life {
    spec: Spec,
    /// The session that clients are told of: the one that this life began with. One that takes its place between two ticks
    /// undoes nothing, so nobody need hear of it; and who was welcomed by the one before would take its unreliable words for
    /// those of a stranger.
    known_as: Incarnation,
    phase: Phase,
    seats: Seats,
    /// Connections that speak for a seat.
    conns: HashMap<ConnId, Seat>,
    /// Those without a seat.
    watching: Watching,
    /// What waits for the next tick.
    inbound: Inbound,
    /// Asked of the world outside.
    requests: Requests,
    /// Its results, given while it waited for answers. No tick follows.
    finishing: Option<Box<Finishing>>,
    /// Recorded, not yet durable.
    uncommitted: VecDeque<Uncommitted>,
    chain: Link,
    /// Newest recorded tick.
    tick: u64,
    /// Newest durable tick.
    durable_tick: u64,
    /// The record that raised the incarnation, until it is durable. Nobody is heard before: a number that a crash takes back
    /// would be given again, and who was told it would take another session's words for this one's.
    raising: Option<Mark>,
    /// Records appended.
    marks: u64,
    /// How many ticks [`RUN_AHEAD`] is, at least 1.
    run_ahead_ticks: u64,
    open: bool,
    label: String,
    /// After a recovery: until when a join token stands for a reservation that was lost.
    lost_reservations_until: Option<Moment>,
    /// In a copy of a match: seats that somebody else has for who had them.
    stand_ins: Option<Vec<Seat>>,
    /// Since when nobody is connected.
    empty_since: Option<Moment>,
    publish: Publish,
    /// Whether a developer holds it still.
    hold: Hold,
    effects: VecDeque<Effect>,
}

#[derive(Debug)]
enum Phase {
    Running(Running),
    Lingering(Box<Lingering>),
    Over(Box<MatchEnded>),
}

#[derive(Debug)]
struct Running {
    schedule: Schedule,
    in_flight: Option<InFlight>,
}

/// Tells changes at once, and then no more often than [`PUBLISH_EVERY`].
#[derive(Debug)]
struct Publish {
    changed: bool,
    not_before: Moment,
}

impl Life {
    /// A match whose `start` returned. The reservations get seats in their order.
    ///
    /// # Errors
    /// More reservations than seats.
    pub fn started(
        spec: Spec,
        reservations: &[Reservation],
        stepped: Stepped,
        now: Moment,
    ) -> Result<(Life, Vec<Seat>), ReserveError> {
        let record = SetupRecord {
            game: spec.game.clone(),
            version: spec.version,
            settings: spec.settings,
            setup: spec.setup.clone(),
            incarnation: spec.incarnation.0,
            wake: stepped.wake,
            outputs: chain::outputs(&stepped.outputs),
        };
        let rate = spec.setup.rate;
        let schedule = Schedule::new(rate, stepped.wake, now);
        let mut life = Life {
            phase: Phase::Running(Running { schedule, in_flight: None }),
            chain: record.link(),
            ..Life::blank(spec, now)
        };
        let seats = reservations.iter().map(|wanted| life.reserve(now, wanted)).collect::<Result<_, _>>()?;
        let mark = life.append(Record::Setup(Box::new(record)));
        life.take_outputs(now, mark, stepped.outputs, tick::Promised::default());
        life.publish_if_due(now);
        Ok((life, seats))
    }

    /// What never changes.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Keeps a seat for a player. The same player gets the same seat again.
    pub fn reserve(&mut self, now: Moment, wanted: &Reservation) -> Result<Seat, ReserveError> {
        if !matches!(self.phase, Phase::Running(_)) || self.is_finishing() {
            return Err(ReserveError::Ended);
        }
        let until = now + wanted.claim_within;
        if let Some(seat) = self.seats.of_player(&wanted.player.id) {
            self.seats.keep_until(seat, until);
            return Ok(seat);
        }
        if let Some(seat) = self.stand_in(now, wanted) {
            self.changed();
            return Ok(seat);
        }
        if !self.open {
            return Err(ReserveError::Closed);
        }
        let seat = self.seats.reserve(&wanted.player, until).ok_or(ReserveError::Full)?;
        self.changed();
        Ok(seat)
    }

    /// When to call [`Life::turn`] and [`Life::seal`] next, if nothing happens before.
    pub fn deadline(&self) -> Option<Moment> {
        let publish = self.publish.changed.then_some(self.publish.not_before);
        match &self.phase {
            Phase::Running(running) => {
                let tick = self.tick_due(running);
                if tick.is_some() && running.schedule.is_periodic() {
                    // The next period is near: lifetimes and changes are looked at then.
                    return tick;
                }
                let lifetimes = self.next_lifetime(running);
                [tick, publish, self.hold_ends(), lifetimes, self.watching.deadline()].into_iter().flatten().min()
            }
            Phase::Lingering(lingering) => Some(lingering.until()),
            Phase::Over(_) => None,
        }
    }

    /// Looks at the time: seats and matches whose time is over, changes to be told.
    pub fn turn(&mut self, now: Moment) {
        match self.phase {
            Phase::Running(_) => {
                self.expire_hold(now);
                self.expire_seats(now);
                self.expire_match(now);
                self.look_at_spectators(now);
                self.publish_if_due(now);
            }
            Phase::Lingering(_) => self.linger(now),
            Phase::Over(_) => {}
        }
    }

    /// The next thing to do, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The match is over: nothing that is handed in has any effect.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over(_))
    }

    /// The guest is needed no more.
    pub fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running(_))
    }

    /// Whether something happens as soon as the journal moves; otherwise [`Life::durable`] can wait for the next tick.
    pub fn awaits_journal(&self) -> bool {
        match &self.phase {
            _ if self.raising.is_some() => true,
            Phase::Running(running) if running.schedule.is_periodic() => {
                self.uncommitted.len() >= MAX_UNCOMMITTED || !self.uncommitted.iter().all(Uncommitted::is_mute)
            }
            _ => true,
        }
    }

    /// Whether a sealed tick has not been answered yet.
    pub fn is_in_flight(&self) -> bool {
        matches!(&self.phase, Phase::Running(running) if running.in_flight.is_some())
    }

    /// Whether any word of a player wants to be heard at once; otherwise inputs can wait for [`Life::deadline`].
    pub fn wants_input_now(&self) -> bool {
        match &self.phase {
            Phase::Running(running) => {
                !running.schedule.is_periodic() || self.stands_still() || self.finishing.is_some()
            }
            Phase::Lingering(_) => true,
            Phase::Over(_) => false,
        }
    }

    fn append(&mut self, record: Record) -> Mark {
        self.marks += 1;
        let mark = Mark(self.marks);
        self.effects.push_back(Effect::Append { mark, record });
        mark
    }

    fn changed(&mut self) {
        self.publish.changed = true;
    }

    fn publish_if_due(&mut self, now: Moment) {
        if self.publish.changed && now >= self.publish.not_before {
            self.publish = Publish { changed: false, not_before: now + PUBLISH_EVERY };
            self.effects.push_back(Effect::Changed);
        }
    }

    /// The next moment at which somebody's time is over.
    fn next_lifetime(&self, running: &Running) -> Option<Moment> {
        if running.in_flight.is_some() {
            // Looked at again when the step has returned.
            return self.seats.next_expiry();
        }
        [self.seats.next_expiry(), self.empty_ends(), self.longest(running)].into_iter().flatten().min()
    }

    /// When it ends for want of players.
    fn empty_ends(&self) -> Option<Moment> {
        let empty = self.spec.settings.lifetimes.empty;
        self.empty_since.filter(|_| !empty.is_zero()).map(|since| since + empty)
    }

    /// In match time: it counts through recoveries.
    fn longest(&self, running: &Running) -> Option<Moment> {
        let longest = self.spec.settings.lifetimes.longest;
        (!longest.is_zero()).then(|| running.schedule.moment(longest.as_nanos().try_into().unwrap_or(u64::MAX)))
    }

    /// A life without a past.
    fn blank(spec: Spec, now: Moment) -> Life {
        let rate = spec.setup.rate;
        Life {
            known_as: spec.incarnation,
            phase: Phase::Running(Running { schedule: Schedule::new(rate, Wake::Next, now), in_flight: None }),
            seats: Seats::new(spec.setup.seats),
            conns: HashMap::new(),
            watching: Watching::default(),
            inbound: Inbound::default(),
            requests: Requests::default(),
            finishing: None,
            uncommitted: VecDeque::new(),
            chain: Link::default(),
            tick: 0,
            durable_tick: 0,
            raising: None,
            marks: 0,
            run_ahead_ticks: run_ahead_ticks(rate),
            open: true,
            label: String::new(),
            lost_reservations_until: None,
            stand_ins: None,
            empty_since: Some(now),
            publish: Publish { changed: true, not_before: now },
            hold: Hold::Free,
            effects: VecDeque::new(),
            spec,
        }
    }
}

/// How many ticks [`RUN_AHEAD`] is, at least 1.
fn run_ahead_ticks(rate: u16) -> u64 {
    (RUN_AHEAD.as_millis() as u64 * u64::from(rate) / 1_000).max(1)
}

#[cfg(test)]
mod random;
#[cfg(test)]
mod recoveries;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod testing;
