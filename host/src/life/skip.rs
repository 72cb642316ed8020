//! Trap policy `skip-once`: a tick that trapped is run again without the event that made it trap.
//!
//! The driver finds out which event that is, in sessions made again by replay, and whether the tick returns without it.
//! Here is what that means for the match: it is written down before the tick that takes its place, the dropped input
//! counts as heard, and the owner is told. Once for a tick: if it traps again, the match ends.

use std::sync::Arc;

use stadion_protocol::Moment;
use stadion_protocol::contract::TrapPolicy;

use crate::journal::{Cut, Record, SkippedRecord};
use crate::model::{Event, Stepped, TickInput};

use super::effect::Effect;
use super::{Life, Phase};

/// What the owner's event stream names it.
const REPORT: &str = "stadion.event-skipped";

impl Life {
    /// The tick that trapped, if its match may go on without one of its events.
    pub fn skippable(&self) -> Option<Arc<TickInput>> {
        let Phase::Running(running) = &self.phase else { return None };
        let flown = running.in_flight.as_ref()?;
        let may = self.spec.settings.trap == TrapPolicy::SkipOnce && candidates(&flown.input).next().is_some();
        may.then(|| Arc::clone(&flown.input))
    }

    /// The tick in flight returned without its event number `event`, with which it had trapped for this reason.
    pub fn stepped_without(&mut self, now: Moment, event: u16, why: &str, stepped: Stepped) {
        let Phase::Running(running) = &mut self.phase else { return };
        let Some(flown) = &mut running.in_flight else { return };
        let cut = Cut { input: (*flown.input).clone(), facts: flown.facts.clone() };
        flown.input = Arc::new(without(&flown.input, event));
        flown.facts.retain(|(at, _)| *at != event);
        flown.facts.iter_mut().filter(|(at, _)| *at > event).for_each(|(at, _)| *at -= 1);
        let tick = cut.input.number;
        let incarnation = self.spec.incarnation.0;
        let record = SkippedRecord { incarnation, tick, event, why: why.to_owned(), cut };
        self.append(Record::Skipped(Box::new(record)));
        let json = serde_json::json!({ "tick": tick, "event": event, "why": why }).to_string();
        self.effects.push_back(Effect::Report { kind: REPORT.to_owned(), json });
        self.stepped(now, stepped);
    }
}

/// Events that may be dropped: what players send. Comings and goings must stay, or seats would no longer be what they
/// are.
pub fn candidates(input: &TickInput) -> impl Iterator<Item = u16> {
    let sent = |(at, event): (u16, &Event)| matches!(event, Event::Message { .. }).then_some(at);
    (0..).zip(&input.events).filter_map(sent)
}

/// A tick without one of its events.
pub fn without(input: &TickInput, event: u16) -> TickInput {
    let mut input = input.clone();
    if usize::from(event) < input.events.len() {
        input.events.remove(usize::from(event));
    }
    input
}
