//! One tick: sealed from what waits, given to the guest, recorded when the step has returned.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use stadion_protocol::contract::RequestKey;
use stadion_protocol::token::ResumeToken;
use stadion_protocol::{Moment, Seat, Tick};

use crate::journal::chain;
use crate::journal::{Fact, IdleRun, Record, TickRecord};
use crate::link::{ConnId, ToPlayer};
use crate::model::{Delivery, Event, Output, Stepped, Target, TickInput};

use super::commit::{Release, Uncommitted};
use super::effect::{Effect, Mark};
use super::pace::Hold;
use super::seats::Tenancy;
use super::{Life, MAX_EVENTS, MAX_UNCOMMITTED, MAX_WAITING_BYTES, Phase, Running};

/// What an event is counted with beside its bytes.
const EVENT_OVERHEAD: usize = 64;

/// Events that wait for the next tick, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Inbound {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// The newest measurement of each seat. They go along with the next tick and cause none.
    qualities: BTreeMap<Seat, Event>,
    /// Who has joined as far as the game knows, and who of them is there.
    audience: BTreeMap<Seat, (Tenancy, Known)>,
    /// Whose players were never shown what the game believes that it has shown them, since it became another instance:
    /// it will be told that they know nothing.
    misled: BTreeSet<Seat>,
}

/// What the game knows of a seat's player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Joined, not connected: reliable messages wait.
    Away,
    /// Connected.
    Here,
}

/// One event that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) event: Event,
    pub(super) fact: Option<Fact>,
    pub(super) tenancy: Tenancy,
    /// A resume token to be handed over when the event's tick is durable.
    pub(super) offer: Option<(ConnId, ResumeToken)>,
}

/// What players are told once a tick is durable, besides the game's own outputs.
#[derive(Debug, Default)]
pub(super) struct Promised {
    /// Newest reliable input of each seat.
    pub(super) acks: Vec<(Seat, Tenancy, u64)>,
    /// Resume tokens.
    pub(super) tokens: Vec<(Seat, Tenancy, ConnId, ResumeToken)>,
    /// Requests whose answers the tick has: nobody asks them again.
    pub(super) answers: Vec<RequestKey>,
}

/// The tick that the guest is working on.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) input: Arc<TickInput>,
    pub(super) facts: Vec<(u16, Fact)>,
    pub(super) promised: Promised,
}

impl Waiting {
    pub(super) fn new(event: Event, fact: Option<Fact>, tenancy: Tenancy) -> Waiting {
        Waiting { event, fact, tenancy, offer: None }
    }
}

impl Inbound {
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.bytes += cost(&waiting.event);
        self.waiting.push_back(waiting);
    }

    pub(super) fn quality(&mut self, seat: Seat, event: Event) {
        self.qualities.insert(seat, event);
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < MAX_EVENTS && self.bytes < MAX_WAITING_BYTES
    }

    /// Whether something is there that a match wakes up for.
    pub(super) fn any(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Inbound::default();
    }

    /// Who has joined as far as the game knows.
    pub(super) fn audience(&self) -> impl Iterator<Item = (Seat, Tenancy, Known)> {
        self.audience.iter().map(|(seat, (tenancy, known))| (*seat, *tenancy, *known))
    }

    /// The game knows nobody any more.
    pub(super) fn forget_audience(&mut self) {
        self.audience.clear();
        self.misled.clear();
    }

    /// What was asked for needs no answer.
    pub(super) fn forget_answers(&mut self) {
        self.waiting.retain(|waiting| !matches!(waiting.event, Event::Answer { .. }));
        self.bytes = self.waiting.iter().map(|waiting| cost(&waiting.event)).sum();
    }

    /// Puts events before everything that waits.
    pub(super) fn push_first(&mut self, events: Vec<Waiting>) {
        for waiting in events.into_iter().rev() {
            self.bytes += cost(&waiting.event);
            self.waiting.push_front(waiting);
        }
    }

    /// See the field.
    pub(super) fn mislead(&mut self, seat: Seat) {
        self.misled.insert(seat);
    }

    /// See the field.
    pub(super) fn is_misled(&self, seat: Seat) -> bool {
        self.misled.contains(&seat)
    }

    /// What the game knows of a seat's player.
    pub(super) fn known(&self, seat: Seat) -> Option<(Tenancy, Known)> {
        self.audience.get(&seat).copied()
    }

    /// The game knows this already, from an earlier session.
    pub(super) fn know(&mut self, seat: Seat, tenancy: Tenancy, known: Known) {
        self.audience.insert(seat, (tenancy, known));
    }

    /// Whether the game is about to hear of something that is in no record: that a seat was given up, or, after a swap,
    /// who its players are.
    pub(super) fn tells_of_changes(&self) -> bool {
        self.waiting.iter().any(|waiting| match waiting.event {
            Event::Left { .. } => true,
            Event::Joined { .. } | Event::Connected { .. } => waiting.fact.is_none(),
            _ => false,
        })
    }

    /// Takes the events of a tick.
    fn take(&mut self) -> (Vec<Event>, Vec<(u16, Fact)>, Promised) {
        let count = self.waiting.len().min(MAX_EVENTS);
        let (mut events, mut facts, mut promised) = (Vec::with_capacity(count), Vec::new(), Promised::default());
        for waiting in self.waiting.drain(..count) {
            self.bytes -= cost(&waiting.event);
            notice(&mut self.audience, &waiting);
            if let Event::Joined { seat, .. } | Event::Connected { seat, fresh: true } | Event::Left { seat, .. } =
                waiting.event
            {
                self.misled.remove(&seat);
            }
            promised.note(&waiting);
            if let Some(fact) = waiting.fact {
                facts.push((u16::try_from(events.len()).expect("at most 4,096"), fact));
            }
            events.push(waiting.event);
        }
        while events.len() < MAX_EVENTS
            && let Some((seat, quality)) = self.qualities.pop_first()
        {
            if self.audience.get(&seat).is_some_and(|(_, known)| *known == Known::Here) {
                events.push(quality);
            }
        }
        (events, facts, promised)
    }

    /// The seats that an output is for, as of the tick that made it: the same that the session answered for.
    fn resolve(&self, target: Target, via: Delivery) -> Vec<(Seat, Tenancy)> {
        match target {
            Target::Seat(seat) => {
                let reached = |known: &&(Tenancy, Known)| via == Delivery::Reliable || known.1 == Known::Here;
                self.audience.get(&seat).filter(reached).map(|known| (seat, known.0)).into_iter().collect()
            }
            Target::Everyone => {
                let here = self.audience.iter().filter(|(_, known)| known.1 == Known::Here);
                here.map(|(seat, known)| (*seat, known.0)).collect()
            }
            // They have no seats: see `watching`.
            Target::Spectators => Vec::new(),
        }
    }
}

/// Follows what the game knows of who is there.
fn notice(audience: &mut BTreeMap<Seat, (Tenancy, Known)>, waiting: &Waiting) {
    match waiting.event {
        Event::Joined { seat, .. } => {
            audience.insert(seat, (waiting.tenancy, Known::Away));
        }
        Event::Connected { seat, .. } => {
            audience.insert(seat, (waiting.tenancy, Known::Here));
        }
        Event::Disconnected(seat) => {
            audience.insert(seat, (waiting.tenancy, Known::Away));
        }
        Event::Left { seat, .. } => {
            audience.remove(&seat);
        }
        _ => {}
    }
}

impl Promised {
    fn note(&mut self, waiting: &Waiting) {
        match (&waiting.event, waiting.fact, waiting.offer) {
            (Event::Message { seat, .. }, Some(Fact::InSeq(in_seq)), _) => {
                match self.acks.iter_mut().find(|(at, tenancy, _)| (*at, *tenancy) == (*seat, waiting.tenancy)) {
                    Some(ack) => ack.2 = in_seq,
                    None => self.acks.push((*seat, waiting.tenancy, in_seq)),
                }
            }
            (Event::Connected { seat, .. }, _, Some((conn, token))) => {
                self.tokens.push((*seat, waiting.tenancy, conn, token));
            }
            _ => {}
        }
    }
}

impl Life {
    /// Seals the next tick, if it is due: the guest's input. [`Life::stepped`] or [`Life::failed`] must follow.
    pub fn seal(&mut self, now: Moment) -> Option<Arc<TickInput>> {
        let Phase::Running(running) = &self.phase else { return None };
        if self.tick_due(running)? > now {
            return None;
        }
        self.hurry(now);
        let Phase::Running(running) = &mut self.phase else { return None };
        let heading = running.schedule.seal(now);
        self.stepped_on();
        let Phase::Running(running) = &mut self.phase else { return None };
        let (events, facts, mut promised) = self.inbound.take();
        promised.answers.extend(events.iter().filter_map(|event| self.requests.told(answered(event)?)));
        self.watching.sealed(heading.number, &events);
        let input = TickInput { number: heading.number, time: heading.time, skipped: heading.skipped, events };
        let input = Arc::new(input);
        running.in_flight = Some(InFlight { input: Arc::clone(&input), facts, promised });
        Some(input)
    }

    /// The step returned.
    pub fn stepped(&mut self, now: Moment, stepped: Stepped) {
        let Phase::Running(running) = &mut self.phase else { return };
        let Some(flown) = running.in_flight.take() else { return };
        running.schedule.answered(stepped.wake);
        let outputs = chain::outputs(&stepped.outputs);
        let record = TickRecord {
            incarnation: self.spec.incarnation.0,
            input: Arc::unwrap_or_clone(flown.input),
            facts: flown.facts,
            wake: stepped.wake,
            outputs,
            previous: self.chain,
        };
        self.tick = record.input.number;
        self.chain = record.link();
        let record = self.folded(record, &stepped.outputs);
        let mark = self.append(record);
        self.take_outputs(now, mark, stepped.outputs, flown.promised);
    }

    /// When the next tick is due; `None` while one is in flight or the log is too far behind.
    pub(super) fn tick_due(&self, running: &Running) -> Option<Moment> {
        if running.in_flight.is_some() || self.uncommitted.len() >= MAX_UNCOMMITTED || self.finishing.is_some() {
            return None;
        }
        let due = running.schedule.due(self.inbound.any());
        match self.hold {
            Hold::Free => due,
            Hold::Held { steps: 0, .. } => None,
            // At once, if the game wants one at all.
            Hold::Held { since, .. } => due.map(|_| since),
        }
    }

    /// A tick in which nothing happened but unreliable output is worth no record of its own.
    fn folded(&self, record: TickRecord, outputs: &[Output]) -> Record {
        let unreliable = |output: &Output| matches!(output, Output::Send { via: Delivery::Unreliable, .. });
        if self.spec.setup.rate > 0 && record.is_idle() && outputs.iter().all(unreliable) {
            let TickRecord { incarnation, input, .. } = record;
            return Record::Idle(IdleRun {
                incarnation,
                first: input.number,
                time: input.time,
                count: 1,
                last: self.chain,
            });
        }
        Record::Tick(Box::new(record))
    }

    /// Sorts what a step asked for into what leaves at once and what waits for the log.
    pub(super) fn take_outputs(&mut self, now: Moment, mark: Mark, outputs: Vec<Output>, promised: Promised) {
        let (mut releases, mut finished) = (Vec::new(), None);
        for output in outputs {
            releases.extend(self.wants(&output));
            match output {
                Output::Send { to, via: Delivery::Unreliable, data } => self.post_unreliable(now, to, data),
                Output::Send { to: Target::Spectators, via: Delivery::Reliable, data } => {
                    if self.watching.anybody() {
                        releases.push(Release::Shown(data.into()));
                    }
                }
                Output::Send { to, via: Delivery::Reliable, data } => {
                    let data = Bytes::from(data);
                    let messages = self.inbound.resolve(to, Delivery::Reliable).into_iter();
                    releases.extend(messages.map(|(seat, tenancy)| Release::Message(seat, tenancy, data.clone())));
                }
                Output::Kick { seat, reason } => {
                    // Whom the game knows: a player who has joined and lost the connection too, but nobody who came since.
                    if let Some((tenancy, _)) = self.inbound.known(seat) {
                        releases.push(Release::Kick(seat, tenancy, reason));
                    }
                }
                Output::Label(json) => releases.push(Release::Label(json)),
                Output::Open(open) => releases.push(Release::Open(open)),
                Output::Report { kind, json } => releases.push(Release::Report { kind, json }),
                Output::Log { level, text } => self.effects.push_back(Effect::Log { level, text }),
                Output::Finish { placings, data } => finished = Some((placings, data)),
                Output::Storage { .. } | Output::Call { .. } => {}
            }
        }
        self.uncommitted.push_back(Uncommitted { mark, tick: self.tick, releases, promised });
        if let Some((placings, data)) = finished {
            self.finish_when_answered(now, placings, data);
        }
    }

    fn post_unreliable(&mut self, now: Moment, to: Target, data: Vec<u8>) {
        if self.tick.saturating_sub(self.durable_tick) > self.run_ahead_ticks {
            return;
        }
        let data = Bytes::from(data);
        if to == Target::Spectators {
            return self.show(now, Tick(self.tick), Delivery::Unreliable, data);
        }
        for (seat, tenancy) in self.inbound.resolve(to, Delivery::Unreliable) {
            let conn = self.seats.tenant_of(seat, tenancy).and_then(|tenant| tenant.conn());
            let word = |data| ToPlayer::Unreliable { incarnation: self.known_as, tick: Tick(self.tick), data };
            self.effects.extend(conn.map(|conn| Effect::Post(conn, word(data.clone()))));
        }
    }
}

/// Which request this is the answer to.
fn answered(event: &Event) -> Option<u64> {
    if let Event::Answer { request, .. } = event { Some(*request) } else { None }
}

fn cost(event: &Event) -> usize {
    let bytes = match event {
        Event::Message { data, .. } | Event::Notice { data, .. } => data.len(),
        Event::Joined { player, options, .. } => player.data.len() + options.len(),
        Event::Answer { outcome: Ok(data), .. } => data.len(),
        _ => 0,
    };
    bytes + EVENT_OVERHEAD
}
