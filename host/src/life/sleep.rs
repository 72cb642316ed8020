//! When a match leaves memory, and how it goes on when it comes back: policy alone.
//!
//! A match sleeps while nothing can happen in it: nobody is connected or watches, no event waits, nothing is on its way into the log,
//! and the next thing that time itself brings (a wanted wake, a seat that is given up) is some seconds off. What is in no
//! record goes along as [`Rest`]: the plan of its ticks and how long seats are kept. So for its game nothing has happened when
//! it comes back: ticks show the times that they would have shown. Its session is another one, and so is its incarnation.

use std::time::Duration;

use stadion_protocol::contract::{MatchState, MatchStatus, RateAsleep};
use stadion_protocol::token::ResumeToken;
use stadion_protocol::{Moment, Seat};

use super::commit::Uncommitted;
use super::host_state::{HostState, SeatRecord};
use super::pace::Hold;
use super::schedule::Schedule;
use super::seats::{SeatState, Whereabouts};
use super::{Arrival, Life, Phase, Running, Spec};
use crate::model::{MatchTime, Wake};

/// Nobody lies down for less: leaving memory is an image and a file, coming back is reading it.
const SHORTEST_SLEEP: Duration = Duration::from_secs(3);

/// A match that ends of itself sooner than this may as well wait for it awake.
const WORTH_KEEPING: Duration = Duration::from_secs(600);

/// What a match that sleeps has beside its checkpoint: what is in no record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// Match time is `base` then.
    origin: Moment,
    base: MatchTime,
    empty_since: Moment,
    /// See [`Life`]: only of a match that an earlier process left asleep.
    lost_reservations_until: Option<Moment>,
    /// Until when the seats of players who are not there are kept.
    away: Box<[(Seat, Moment)]>,
    /// Hashes of the resume tokens that bring them back: nobody wakes a match with a token that somebody made up.
    returns: Box<[[u8; 32]]>,
}

/// A match that is about to leave memory, or is found asleep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asleep {
    /// As others see it meanwhile.
    pub status: MatchStatus,
    /// When its time comes; `None`: it waits for somebody.
    pub wakes_at: Option<Moment>,
    /// For [`Life::wake`].
    pub rest: Rest,
}

impl Asleep {
    /// A match that an earlier process left asleep. Its records end with the checkpoint that this state is of. `None`: it was
    /// awake, or has to be.
    pub fn found(spec: Spec, state: HostState, arrival: Arrival) -> Option<Asleep> {
        let rest = Rest::found(&spec, &state, arrival)?;
        Life::wake(spec, state, &rest, arrival).asleep()
    }
}

impl Rest {
    fn found(spec: &Spec, state: &HostState, arrival: Arrival) -> Option<Rest> {
        let ticks_on = state.rate(spec.setup.rate) > 0 && state.wake == Wake::Next;
        let hibernation = spec.settings.hibernation;
        let may = !hibernation.after.is_zero() && (!ticks_on || hibernation.rate != RateAsleep::Never);
        if !may || !state.is_quiet() {
            return None;
        }
        let until = arrival.now + spec.settings.lifetimes.reconnect;
        let taken =
            |(seat, record): (u16, &SeatRecord)| matches!(record, SeatRecord::Taken(_)).then_some((Seat(seat), until));
        Some(Rest {
            origin: arrival.now,
            base: arrival.match_time(spec, state),
            empty_since: arrival.now,
            lost_reservations_until: Some(arrival.now + spec.settings.lifetimes.claim),
            away: (0..).zip(&state.seats).filter_map(taken).collect(),
            returns: state.resume_hashes().collect(),
        })
    }

    /// Whether this token may bring a player back. Which seat it is for is judged once the match is awake.
    pub fn knows(&self, token: &ResumeToken) -> bool {
        self.returns.contains(&token.hash())
    }

    /// How long a seat is kept; one that is not known was taken by nobody.
    fn kept_until(&self, seat: Seat) -> Moment {
        self.away.iter().find(|(away, _)| *away == seat).map_or(self.origin, |(_, until)| *until)
    }
}

impl Life {
    /// A match that slept goes on in another session, as if it never had. `spec.incarnation` is that of the session, which
    /// is written down first.
    pub fn wake(spec: Spec, state: HostState, rest: &Rest, arrival: Arrival) -> Life {
        let mut schedule = Schedule::resumed(spec.setup.rate, &state, (rest.origin, rest.base));
        if spec.settings.hibernation.rate == RateAsleep::Ticks && schedule.is_periodic() {
            schedule.make_up(arrival.now);
        }
        let mut life = Life::going_on(spec, state, schedule, (arrival, &|seat| rest.kept_until(seat)));
        life.empty_since = Some(rest.empty_since);
        life.lost_reservations_until = rest.lost_reservations_until;
        life
    }

    /// When it could leave memory, if nothing happens before; it may be past. `None`: not as it stands.
    pub fn sleeps_at(&self, now: Moment) -> Option<Moment> {
        let Phase::Running(running) = &self.phase else { return None };
        let hibernation = self.spec.settings.hibernation;
        let held_up = running.schedule.is_periodic() && hibernation.rate == RateAsleep::Never;
        if hibernation.after.is_zero() || held_up || !self.is_at_rest(running) {
            return None;
        }
        let at = self.empty_since? + hibernation.after;
        let from = at.max(now);
        let far = |event: Option<Moment>, least| event.is_none_or(|event| event.since(from) >= least);
        let ends = [self.empty_ends(), self.longest(running)].into_iter().flatten().min();
        (far(self.wakes_at(), SHORTEST_SLEEP) && far(ends, WORTH_KEEPING)).then_some(at)
    }

    /// The match as it leaves memory after its newest tick. Only when [`Life::sleeps_at`] says so, and what
    /// [`Life::host_state`] tells is kept.
    pub fn asleep(&self) -> Option<Asleep> {
        let Phase::Running(running) = &self.phase else { return None };
        let (origin, base) = running.schedule.put_down();
        let away = self.seats.tenants().filter_map(|(seat, tenant)| match tenant.whereabouts {
            Whereabouts::Away(until) => Some((seat, until)),
            Whereabouts::Here(_) => None,
        });
        let (empty_since, lost_reservations_until) = (self.empty_since?, self.lost_reservations_until);
        let returns = self.seats.tenants().flat_map(|(_, tenant)| tenant.resumes.iter()).collect();
        let rest = Rest { origin, base, empty_since, lost_reservations_until, away: away.collect(), returns };
        let status = MatchStatus { state: MatchState::Hibernated, ..self.status() };
        Some(Asleep { status, wakes_at: self.wakes_at(), rest })
    }

    /// Whether ticks from before now are made up for: nobody is let in meanwhile.
    pub(super) fn makes_up(&self) -> bool {
        matches!(&self.phase, Phase::Running(running) if running.schedule.is_making_up())
    }

    /// When something happens by itself. Ticks at a rate do not count: who sleeps through them chose to.
    fn wakes_at(&self) -> Option<Moment> {
        let Phase::Running(running) = &self.phase else { return None };
        let tick = if running.schedule.is_periodic() { None } else { running.schedule.due(false) };
        let ends = [self.empty_ends(), self.longest(running)];
        [tick, self.seats.next_expiry()].into_iter().chain(ends).flatten().min()
    }

    /// Nothing is under way, and nothing would be lost that is in no record.
    fn is_at_rest(&self, running: &Running) -> bool {
        let reserved = |seat| matches!(self.seats.get(Seat(seat)), Some(SeatState::Reserved { .. }));
        running.in_flight.is_none()
            && !running.schedule.is_making_up()
            && self.conns.is_empty()
            && self.watching.is_settled()
            && !self.inbound.any()
            && self.raising.is_none()
            && self.hold == Hold::Free
            && !self.is_finishing()
            && self.stand_ins.is_none()
            && self.uncommitted.iter().all(Uncommitted::is_mute)
            && !(0..self.seats.count()).any(reserved)
    }
}

#[cfg(test)]
#[path = "sleep_tests.rs"]
mod tests;
