//! How a match ends: a journaled decision, then time for players to hear of it.

use stadion_protocol::contract::{EndReason, MatchEnded, Placing};
use stadion_protocol::{CloseCode, Moment, Seat, Tick};

use crate::journal::{Cut, EndRecord, Record};
use crate::link::{ConnId, ToPlayer};

use super::effect::{Effect, Mark};
use super::seats::Whereabouts;
use super::tick::InFlight;
use super::{Life, Phase};

/// Over, and being told.
#[derive(Debug)]
pub(super) struct Lingering {
    ended: MatchEnded,
    /// The end's record.
    mark: Mark,
    told: Told,
    until: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The end is not durable yet.
    NotYet,
    /// Players know.
    Yes,
}

impl Lingering {
    pub(super) fn until(&self) -> Moment {
        self.until
    }
}

impl Life {
    /// Ends the match from outside or by its host. A tick in flight is cut. Ending twice changes nothing, and one that has
    /// given its results ends with them.
    pub fn end(&mut self, now: Moment, reason: EndReason) {
        if !self.finish_now(now) {
            self.close(now, reason, Vec::new(), Vec::new());
        }
    }

    /// The step did not return, for this reason. The tick is cut.
    pub fn failed(&mut self, now: Moment, reason: EndReason) {
        self.close(now, reason, Vec::new(), Vec::new());
    }

    /// The journal does not take records any more: nothing can be promised, so it ends at once and without a record.
    pub fn journal_failed(&mut self, now: Moment, what: &str) {
        let reason = EndReason::HostFailed(format!("its journal failed: {what}"));
        self.close(now, reason, Vec::new(), Vec::new());
        self.uncommitted.clear();
        self.over(now);
    }

    /// How it ended, once that is decided.
    pub fn ended(&self) -> Option<&MatchEnded> {
        match &self.phase {
            Phase::Running(_) => None,
            Phase::Lingering(lingering) => Some(&lingering.ended),
            Phase::Over(ended) => Some(ended),
        }
    }

    /// The game called `finish` in the newest tick. Results are told best first, in whatever order the game gave them.
    pub(super) fn finish(&mut self, now: Moment, mut placings: Vec<Placing>, data: Vec<u8>) {
        placings.sort_by_key(|placing| placing.rank);
        self.close(now, EndReason::Finished, placings, data);
    }

    pub(super) fn end_code(&self) -> Option<CloseCode> {
        self.ended().map(|ended| ended.reason.close_code())
    }

    /// A match whose own time is over. Looked at between steps only: a step is short.
    pub(super) fn expire_match(&mut self, now: Moment) {
        let Phase::Running(running) = &self.phase else { return };
        if running.in_flight.is_some() {
            return;
        }
        if self.longest(running).is_some_and(|at| at <= now) {
            self.end(now, EndReason::TooLong);
        } else if self.empty_ends().is_some_and(|at| at <= now) {
            self.end(now, EndReason::Empty);
        }
    }

    fn close(&mut self, now: Moment, reason: EndReason, placings: Vec<Placing>, data: Vec<u8>) {
        let Phase::Running(running) = &mut self.phase else { return };
        let cut = running.in_flight.take().map(|InFlight { input, facts, .. }| Cut { input: (*input).clone(), facts });
        let record = EndRecord {
            incarnation: self.spec.incarnation.0,
            tick: self.tick,
            reason: reason.clone(),
            cut,
            placings: placings.clone(),
            data: data.clone(),
            previous: self.chain,
        };
        self.chain = record.link();
        let ended = MatchEnded { reason, tick: Tick(self.tick), placings, data, chain: self.chain.0 };
        self.effects.push_back(Effect::DropSession);
        let mark = self.append(Record::End(Box::new(record)));
        let until = now + self.spec.settings.lifetimes.linger;
        self.phase = Phase::Lingering(Box::new(Lingering { ended, mark, told: Told::NotYet, until }));
        self.inbound.clear();
        self.effects.push_back(Effect::Changed);
    }

    pub(super) fn end_is_durable(&mut self, mark: Mark) {
        let Phase::Lingering(lingering) = &mut self.phase else { return };
        if lingering.told == Told::Yes || lingering.mark > mark {
            return;
        }
        lingering.told = Told::Yes;
        let conns: Vec<ConnId> = self.seats.tenants().filter_map(|(_, tenant)| tenant.conn()).collect();
        conns.into_iter().for_each(|conn| self.tell_end(conn));
        self.end_watching();
    }

    /// Tells one connection, if players may know already.
    pub(super) fn tell_end(&mut self, conn: ConnId) {
        let Phase::Lingering(lingering) = &self.phase else { return };
        if lingering.told == Told::Yes {
            let reason = &lingering.ended.reason;
            let word = ToPlayer::Ended { code: reason.close_code(), reason: told(reason).to_owned() };
            self.effects.push_back(Effect::Post(conn, word));
        }
    }

    /// Lets those go who have everything; ends the match when all have, or when the time is over.
    pub(super) fn linger(&mut self, now: Moment) {
        let Phase::Lingering(lingering) = &self.phase else { return };
        if now >= lingering.until {
            return self.over(now);
        }
        if lingering.told == Told::NotYet {
            return;
        }
        let served = |seat: &Seat, life: &Life| {
            life.seats.tenant(*seat).is_none_or(|tenant| tenant.link.unacknowledged().len() == 0)
        };
        let seats: Vec<Seat> = self.seats.tenants().map(|(seat, _)| seat).collect();
        let (done, waiting): (Vec<_>, Vec<_>) = seats.into_iter().partition(|seat| served(seat, self));
        done.into_iter().for_each(|seat| self.dismiss(now, seat));
        if waiting.is_empty() {
            self.over(now);
        }
    }

    /// Closes a seat's connection for good.
    fn dismiss(&mut self, now: Moment, seat: Seat) {
        let Some(reason) = self.ended().map(|ended| ended.reason.clone()) else { return };
        let Some(tenant) = self.seats.tenant_mut(seat) else { return };
        if let Some(conn) = tenant.conn() {
            tenant.whereabouts = Whereabouts::Away(now);
            self.conns.remove(&conn);
            self.post_close(conn, reason.close_code(), told(&reason));
        }
    }

    fn over(&mut self, now: Moment) {
        self.end_watching();
        let seats: Vec<Seat> = self.seats.tenants().map(|(seat, _)| seat).collect();
        seats.into_iter().for_each(|seat| self.dismiss(now, seat));
        let Phase::Lingering(lingering) = &self.phase else { return };
        let ended = Box::new(lingering.ended.clone());
        self.phase = Phase::Over(ended.clone());
        self.effects.push_back(Effect::Ended(ended));
    }
}

/// What players read. The details of a failure are its owner's.
pub(super) fn told(reason: &EndReason) -> &'static str {
    match reason {
        EndReason::Finished => "the match is over",
        EndReason::Closed => "the match was closed",
        EndReason::Empty => "nobody was there",
        EndReason::TooLong => "the match reached its longest time",
        EndReason::Trapped(_) => "the game failed",
        EndReason::OverBudget => "the game took too long",
        EndReason::OverQuota(_) => "the game asked for too much",
        EndReason::HostFailed(_) => "the server went away",
        EndReason::Diverged => "the match could not be restored exactly",
        EndReason::Poisoned => "the match could not be restored",
    }
}
