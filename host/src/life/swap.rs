//! A match that goes on in another instance between two ticks: a journaled transition. Seats, connections and the
//! numbers of messages stay as they are.

use stadion_protocol::token::SchemaHash;
use stadion_protocol::{CloseCode, Moment, Seat, VersionId};

use crate::journal::{Record, Swap, SwappedRecord, chain};
use crate::link::ConnId;
use crate::model::{Event, MatchTime, Setup, Stepped};

use super::commit::Uncommitted;
use super::tick::{self, Known, Waiting};
use super::{Life, Phase};

/// The instance in which a match goes on.
#[derive(Clone, Debug)]
pub struct Successor {
    /// Its code.
    pub version: VersionId,
    /// What clients must have been built for.
    pub schema: SchemaHash,
    /// How it came by its state.
    pub by: Swap,
    /// What `load` or `start` asked for; of a replay, what its newest step answered, and no outputs.
    pub stepped: Stepped,
}

impl Life {
    /// Whether no step is in flight and nothing waits to be released: the only time for [`Life::swap`]. Ticks that asked
    /// for nothing need not be durable: a log may keep them back until there is more to write.
    pub fn rests(&self) -> bool {
        matches!(&self.phase, Phase::Running(running) if running.in_flight.is_none())
            && !self.is_finishing()
            && self.uncommitted.iter().all(Uncommitted::is_mute)
    }

    /// Match time of the newest tick.
    pub fn time(&self) -> MatchTime {
        match &self.phase {
            Phase::Running(running) => running.schedule.time(),
            Phase::Lingering(_) | Phase::Over(_) => 0,
        }
    }

    /// The match goes on in another instance, in a session of the next number. Only while it [rests](Life::rests).
    /// Answers what was recorded, and how many clients were closed because the instance speaks other messages.
    pub fn swap(&mut self, now: Moment, successor: Successor) -> (SwappedRecord, u32) {
        let Successor { version, schema, by, stepped } = successor;
        self.spec.incarnation.0 += 1;
        let record = SwappedRecord {
            incarnation: self.spec.incarnation.0,
            tick: self.tick,
            version,
            by,
            wake: stepped.wake,
            outputs: chain::outputs(&stepped.outputs),
            previous: self.chain,
        };
        self.chain = record.link();
        self.go_on(now, &record);
        let outdated = if schema == self.spec.schema { 0 } else { self.outdate(now) };
        (self.spec.version, self.spec.schema) = (version, schema);
        let mark = self.append(Record::Swapped(Box::new(record.clone())));
        self.take_outputs(now, mark, stepped.outputs, tick::Promised::default());
        self.changed();
        self.publish_if_due(now);
        (record, outdated)
    }

    fn go_on(&mut self, now: Moment, record: &SwappedRecord) {
        let Phase::Running(running) = &mut self.phase else { return };
        match &record.by {
            // What its players were shown is what it believes that they were shown.
            Swap::Replayed { differs_from: None } => running.schedule.answered(record.wake),
            Swap::Replayed { differs_from: Some(_) } | Swap::Saved(_) => {
                running.schedule.answered(record.wake);
                self.watching.show_again(now);
                self.show_everything();
            }
            Swap::Begun { setup, .. } => {
                running.schedule = running.schedule.restarted(setup.rate, record.wake, now);
                self.begin_anew(now, setup);
            }
            Swap::Restarted(setup) => {
                running.schedule = running.schedule.restarted(setup.rate, record.wake, now);
                self.begin_anew(now, setup);
                self.requests.forget();
                self.inbound.forget_answers();
            }
        }
    }

    /// The game knows nothing any more. What it asked before is answered all the same: the match asked.
    fn begin_anew(&mut self, now: Moment, setup: &Setup) {
        self.watching.unknown(now);
        self.run_ahead_ticks = super::run_ahead_ticks(setup.rate);
        self.spec.setup = setup.clone();
        (self.open, self.label) = (true, String::new());
        self.introduce_all();
    }

    /// Tells the game that everybody who is there knows nothing, before anything else that waits for it, and of others when
    /// they come back.
    fn show_everything(&mut self) {
        let seats: Vec<Seat> = self.inbound.audience().map(|(seat, ..)| seat).collect();
        seats.into_iter().for_each(|seat| self.inbound.mislead(seat));
        let here = self.inbound.audience().filter(|(_, _, known)| *known == Known::Here);
        let shown = here.map(|(seat, tenancy, _)| Waiting::new(Event::Connected { seat, fresh: true }, None, tenancy));
        self.inbound.push_first(shown.collect());
    }

    /// Tells a game that knows nobody who its players are, before anything else that waits for it.
    fn introduce_all(&mut self) {
        let known: Vec<_> = self.inbound.audience().collect();
        let mut introductions = Vec::new();
        for (seat, tenancy, known) in known {
            // A player who has left meanwhile is not introduced: that it left waits and says nothing to the new game.
            let Some(tenant) = self.seats.tenant(seat).filter(|tenant| tenant.tenancy == tenancy) else { continue };
            let joined = Event::Joined { seat, player: tenant.player.clone(), options: Vec::new() };
            introductions.push(Waiting::new(joined, None, tenancy));
            if known == Known::Here {
                introductions.push(Waiting::new(Event::Connected { seat, fresh: true }, None, tenancy));
            }
        }
        self.inbound.forget_audience();
        self.inbound.push_first(introductions);
    }

    /// The messages are other ones from here on: whoever was built for those before is closed and keeps the seat, and
    /// what was not delivered yet never will be.
    fn outdate(&mut self, now: Moment) -> u32 {
        let seats: Vec<(Seat, Option<ConnId>)> =
            self.seats.tenants().map(|(seat, tenant)| (seat, tenant.conn())).collect();
        let mut closed = 0;
        for conn in self.watching.dismiss(now) {
            self.post_close(conn, CloseCode::OutdatedClient, "the game was changed; reload or update the client");
        }
        for (seat, conn) in seats {
            if let Some(tenant) = self.seats.tenant_mut(seat) {
                // Whoever comes back without having received them is told everything afresh.
                let dropped = tenant.link.resume(true, 0);
                debug_assert!(dropped.is_ok(), "it claims nothing");
            }
            if let Some(conn) = conn {
                self.post_close(conn, CloseCode::OutdatedClient, "the game was changed; reload or update the client");
                self.lost(now, conn, seat);
                closed += 1;
            }
        }
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{World, stepped, unreliable};
    use super::*;
    use crate::link::ToPlayer;

    #[test]
    fn whoever_was_welcomed_before_a_swap_hears_what_is_said_unreliably_after_it() {
        let mut world = World::new(20, 1);
        world.all_join();
        let welcomed = world.words(0).into_iter().find_map(|word| match word {
            ToPlayer::Welcome { incarnation, .. } => Some(incarnation),
            _ => None,
        });
        let spec = world.life.spec();
        let by = Swap::Replayed { differs_from: None };
        let successor = Successor { version: spec.version, schema: spec.schema, by, stepped: stepped(Vec::new()) };
        world.life.swap(world.now, successor);
        world.drain();
        world.tick(vec![unreliable("here")]);
        let heard = world.words(0).into_iter().find_map(|word| match word {
            ToPlayer::Unreliable { incarnation, .. } => Some(incarnation),
            _ => None,
        });
        assert!(heard.is_some() && heard == welcomed, "{heard:?} after {welcomed:?}");
    }
}
