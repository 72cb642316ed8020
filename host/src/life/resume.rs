//! A life that goes on in another session: after a crash, a wake-up or a move. And the other way round: what a life
//! stands on, for a checkpoint.
//!
//! **What changes for players.** Their connections are gone: the game is told so, and they have their reconnect time
//! anew. What was never recorded has not happened: inputs that were not acknowledged come again, and a player whose join
//! was lost joins again. Reservations are in no record, so for a while a valid join token is enough for a free seat.

use stadion_protocol::contract::PlayerInfo;
use stadion_protocol::server::Speakers;
use stadion_protocol::token::SchemaHash;
use stadion_protocol::{CloseCode, Incarnation, MatchId, Moment, Seat, Tick};

use crate::journal::{Record, ResumedRecord, SetupRecord};
use crate::link::{Admission, Credential};
use crate::model::{Departure, Event, MatchTime};

use super::commit::Release;
use super::host_state::{HostState, SeatRecord, TenantRecord};
use super::schedule::Schedule;
use super::seats::{SeatState, Tenancy, Tenant, Whereabouts};
use super::tick::{Known, Waiting};
use super::watching::Watching;
use super::{Life, Phase, Running, Spec};

/// When a match goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// On the clock of the process.
    pub now: Moment,
    /// Unix time, nanoseconds.
    pub unix_ns: u64,
}

impl Arrival {
    /// The match time that it is now: the wall's, and never before the newest tick.
    pub(super) fn match_time(self, spec: &Spec, state: &HostState) -> MatchTime {
        self.unix_ns.saturating_sub(spec.setup.started_unix_ns).max(state.time)
    }
}

impl Spec {
    /// Of a match that goes on in its next session, as its records say.
    pub fn next(id: MatchId, first: SetupRecord, state: &HostState, schema: Option<SchemaHash>) -> Spec {
        Spec {
            id,
            game: first.game,
            version: state.version,
            incarnation: Incarnation(state.incarnation + 1),
            // Without a session there is none, and nobody is let in.
            schema: schema.unwrap_or_default(),
            settings: first.settings,
            setup: state.restarted.as_deref().cloned().unwrap_or(first.setup),
        }
    }
}

impl Life {
    /// A match that goes on where its records end. `spec.incarnation` is that of the new session, which is written down
    /// first.
    pub fn resume(spec: Spec, state: HostState, arrival: Arrival) -> Life {
        let schedule = Schedule::resumed(spec.setup.rate, &state, (arrival.now, arrival.match_time(&spec, &state)));
        let (claim, reconnect) = (spec.settings.lifetimes.claim, spec.settings.lifetimes.reconnect);
        let mut life = Life::going_on(spec, state, schedule, (arrival, &|_| arrival.now + reconnect));
        life.lost_reservations_until = Some(arrival.now + claim);
        life
    }

    /// A match that goes on by this schedule; `kept_until`: how long the seat of somebody who is not there is kept.
    pub(super) fn going_on(
        spec: Spec,
        state: HostState,
        schedule: Schedule,
        (Arrival { now, unix_ns }, kept_until): (Arrival, &dyn Fn(Seat) -> Moment),
    ) -> Life {
        let mut life = Life {
            phase: Phase::Running(Running { schedule, in_flight: None }),
            tick: state.tick,
            durable_tick: state.tick,
            chain: state.chain,
            open: state.open,
            label: state.label,
            watching: Watching::resumed(state.spectators, now),
            ..Life::blank(spec, now)
        };
        let resumed = ResumedRecord { incarnation: life.spec.incarnation.0, tick: state.tick, unix_ns };
        let mark = life.append(Record::Resumed(resumed));
        life.raising = Some(mark);
        life.seat_again(state.seats, state.unintroduced, kept_until);
        for (seat, reason) in state.kicks {
            life.vacate(now, seat, Departure::Kicked, (CloseCode::Kicked, &reason));
        }
        life.ask_again(mark, state.requests);
        if let Some((placings, data)) = state.finished {
            life.finish_when_answered(now, placings, data);
        }
        life.publish_if_due(now);
        life
    }

    /// Everybody has the seat that they had, and is not connected.
    fn seat_again(&mut self, seats: Vec<SeatRecord>, unintroduced: bool, kept_until: &dyn Fn(Seat) -> Moment) {
        for (seat, state) in (0..).map(Seat).zip(seats) {
            match state {
                SeatRecord::Free => {}
                SeatRecord::Left(player) => self.seats.put(seat, SeatState::Left(player)),
                SeatRecord::Taken(tenant) => {
                    let TenantRecord { player, connected, misled, joins, resumes, mut link, speakers } = *tenant;
                    link.forget_acknowledgements();
                    let tenancy = self.seats.next_tenancy();
                    let whereabouts = Whereabouts::Away(kept_until(seat));
                    let joined = Event::Joined { seat, player: player.clone(), options: Vec::new() };
                    let tenant = Tenant { player, tenancy, joins, resumes, link, speakers, whereabouts };
                    self.seats.put(seat, SeatState::Taken(Box::new(tenant)));
                    if unintroduced {
                        self.inbound.push(Waiting::new(joined, None, tenancy));
                        continue;
                    }
                    self.inbound.know(seat, tenancy, if connected { Known::Here } else { Known::Away });
                    if misled {
                        self.inbound.mislead(seat);
                    }
                    if connected {
                        self.inbound.push(Waiting::new(Event::Disconnected(seat), None, tenancy));
                    }
                }
            }
        }
    }

    /// Sets a seat aside for a player whose reservation, or whose join, was lost with the session before.
    pub(super) fn keep_lost_reservation(&mut self, now: Moment, admission: &Admission) {
        let Credential::Join { claims, .. } = &admission.credential else { return };
        let until = self.lost_reservations_until.filter(|until| now < *until);
        if let Some(until) = until
            && claims.match_id == self.spec.id
            // What the issuer adds is in the reservation alone, not decoded here: such a player asks for a seat again.
            && claims.data.is_empty()
            && matches!(self.seats.get(claims.seat), Some(SeatState::Free))
            && self.seats.of_player(&claims.sub).is_none()
        {
            let player = PlayerInfo {
                id: claims.sub.clone(),
                name: claims.name.clone(),
                team: 0,
                bot: claims.bot,
                data: Vec::new(),
            };
            self.seats.put(claims.seat, SeatState::Reserved { player, until });
        }
    }

    /// What the match stands on after its newest recorded tick. `None` while a step is in flight, when it is over, and
    /// while the game is about to hear what is in no record (a player has left, or who its players are): then again after the
    /// next tick.
    pub fn host_state(&self) -> Option<HostState> {
        let Phase::Running(Running { schedule, in_flight: None }) = &self.phase else { return None };
        if self.inbound.tells_of_changes() {
            return None;
        }
        let mut state = HostState {
            incarnation: self.spec.incarnation.0,
            version: self.spec.version,
            tick: self.tick,
            time: schedule.time(),
            origin: schedule.first(),
            restarted: (schedule.first() > 0).then(|| Box::new(self.spec.setup.clone())),
            unintroduced: false,
            skipped: schedule.skipped(),
            wake: schedule.wake(),
            chain: self.chain,
            seats: (0..self.seats.count()).map(|seat| self.seat_record(Seat(seat))).collect::<Option<_>>()?,
            kicks: Vec::new(),
            requests: self.requests.unanswered(),
            open: self.open,
            label: self.label.clone(),
            finished: self.given_results(),
            spectators: self.watching.told(),
        };
        for waiting in &self.uncommitted {
            let tick = Tick(waiting.tick);
            for release in &waiting.releases {
                self.will_release(&mut state, tick, release);
            }
            for (seat, tenancy, in_seq) in &waiting.promised.acks {
                if let Some(tenant) = self.still(&mut state, *seat, *tenancy) {
                    tenant.link.make_durable(*in_seq);
                }
            }
        }
        Some(state)
    }

    fn seat_record(&self, seat: Seat) -> Option<SeatRecord> {
        let Some((tenancy, known)) = self.inbound.known(seat) else {
            return Some(match self.seats.get(seat) {
                Some(SeatState::Left(player)) => SeatRecord::Left(player.clone()),
                _ => SeatRecord::Free,
            });
        };
        let tenant = self.seats.tenant(seat).filter(|tenant| tenant.tenancy == tenancy)?;
        Some(SeatRecord::Taken(Box::new(TenantRecord {
            player: tenant.player.clone(),
            connected: known == Known::Here,
            misled: self.inbound.is_misled(seat),
            joins: tenant.joins.clone(),
            resumes: tenant.resumes.clone(),
            link: tenant.link.clone(),
            // Numbers of connections are of no use to a session in which nobody is connected.
            speakers: Speakers::after(tenant.speakers.clients()),
        })))
    }

    /// What is recorded counts, also where the log has not caught up yet.
    fn will_release(&self, state: &mut HostState, tick: Tick, release: &Release) {
        match release {
            Release::Message(seat, tenancy, data) => {
                if let Some(tenant) = self.still(state, *seat, *tenancy) {
                    tenant.link.push(tick, data.clone());
                }
            }
            Release::Kick(seat, tenancy, reason) => {
                if self.still(state, *seat, *tenancy).is_some() {
                    state.kicks.push((*seat, reason.clone()));
                }
            }
            Release::Label(label) => state.label.clone_from(label),
            Release::Open(open) => state.open = *open,
            // Requests are among those without an answer.
            Release::Report { .. } | Release::Request(_) | Release::Shown(_) => {}
        }
    }

    fn still<'a>(&self, state: &'a mut HostState, seat: Seat, tenancy: Tenancy) -> Option<&'a mut TenantRecord> {
        self.inbound.known(seat).filter(|known| known.0 == tenancy).and_then(|_| state.tenant(seat))
    }
}
