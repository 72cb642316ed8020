//! What seats saw at a tick: the newest view that each was sent by then, decoded.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use stadion_host::model::{Event, Output as Asked, Stepped, Target, TickInput};
use stadion_host::replay::Played;
use stadion_protocol::Seat;
use stadion_schema::envelope::Down;
use stadion_schema::{Root, Schema, Value};

use super::shelf::Shelf;
use super::tape::Tape;
use super::{playback, stopped};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// The longest line of a view.
const LINE_CHARS: usize = 4_000;

/// Who is there to see what is shown to everyone. Told the ticks in their order.
#[derive(Debug, Default)]
pub(super) struct Audience(BTreeSet<Seat>);

/// The newest view of each seat. Told the ticks in their order.
#[derive(Default)]
struct Views {
    audience: Audience,
    seen: BTreeMap<Seat, Seen>,
}

/// A view, and the tick that sent it.
struct Seen {
    tick: u64,
    /// As it was sent.
    data: Vec<u8>,
}

pub(super) fn run(tape: &Tape, tick: u64, seat: Option<u16>, shelf: &mut Shelf<'_>, out: Output) -> Outcome {
    tape.check(Some(tick))?;
    let seats = tape.setup.setup.seats;
    if let Some(seat) = seat.filter(|seat| *seat >= seats) {
        let message = format!("there is no seat {seat}: the match has {seats}");
        return Err(Failure::usage(message).fix(format!("seats are 0 to {}", seats.saturating_sub(1))));
    }
    let Some(schema) = shelf.schema(tape)? else {
        return Err(Failure::failed("this game sends bytes of its own: there are no views to show")
            .fix("--print shows what it sent"));
    };
    let mut playback = playback(tape, shelf)?;
    let bar = out.ticks_bar("replaying", tick);
    let mut views = Views::default();
    while let Some(played) = playback.next_tick().map_err(stopped)? {
        bar.set_position(played.tick);
        views.hear(&played);
        // What comes after may be damaged.
        if played.tick == tick {
            break;
        }
    }
    bar.finish_and_clear();
    let wanted = |number: &u16| seat.is_none_or(|seat| seat == *number);
    (0..seats).filter(wanted).for_each(|seat| views.tell(seat, tick, &schema, out));
    Ok(())
}

impl Audience {
    /// What a tick showed to whom, as it was sent, in its order.
    pub(super) fn shown<'a>(&mut self, input: Option<&TickInput>, stepped: &'a Stepped) -> Vec<(Seat, &'a [u8])> {
        input.into_iter().flat_map(|input| &input.events).for_each(|event| self.hear(event));
        let mut shown = Vec::new();
        for output in &stepped.outputs {
            if let Asked::Send { to, data, .. } = output
                && let Ok(Down::View { .. }) = Down::parse(data)
            {
                shown.extend(self.seats(*to).into_iter().map(|seat| (seat, &data[..])));
            }
        }
        shown
    }

    fn seats(&self, to: Target) -> Vec<Seat> {
        match to {
            Target::Seat(seat) => vec![seat],
            Target::Everyone => self.0.iter().copied().collect(),
            Target::Spectators => Vec::new(),
        }
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Connected { seat, .. } => {
                self.0.insert(*seat);
            }
            Event::Disconnected(seat) | Event::Left { seat, .. } => {
                self.0.remove(seat);
            }
            _ => {}
        }
    }
}

impl Views {
    /// Takes note of what a tick showed.
    fn hear(&mut self, Played { tick, input, stepped }: &Played) {
        for (seat, data) in self.audience.shown(input.as_ref(), stepped) {
            self.seen.insert(seat, Seen { tick: *tick, data: data.to_vec() });
        }
    }

    fn tell(&self, seat: u16, tick: u64, schema: &Schema, out: Output) {
        let seen = self.seen.get(&Seat(seat));
        let view = seen.and_then(|seen| view(schema, &seen.data));
        let since = seen.map(|seen| seen.tick);
        let shown = view.as_ref().map(Value::to_json);
        out.value(&json!({"tick": tick, "seat": seat, "since_tick": since, "view": shown}));
        match (since, view) {
            (Some(since), Some(view)) => {
                out.line(format!("seat {seat}  since tick {since}  {}", view.line(LINE_CHARS)));
            }
            (Some(since), None) => out.line(format!("seat {seat}  since tick {since}  a view that does not read")),
            (None, _) => out.line(format!("seat {seat}  saw nothing yet")),
        }
    }
}

/// A view as it was sent, read.
pub(super) fn view(schema: &Schema, sent: &[u8]) -> Option<Value> {
    match Down::parse(sent) {
        Ok(Down::View { data, .. }) => schema.decode(Root::View, data).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use stadion_host::model::{Delivery, Wake};

    use super::*;

    fn tick(events: Vec<Event>) -> TickInput {
        TickInput { number: 1, time: 0, skipped: 0, events }
    }

    fn shows(to: Target) -> Stepped {
        let data = Down::View { number: 1, data: b"view" }.to_bytes();
        Stepped { outputs: vec![Asked::Send { to, via: Delivery::Reliable, data }], wake: Wake::Next }
    }

    #[test]
    fn everyone_is_who_is_there() {
        let mut audience = Audience::default();
        let seen = |audience: &mut Audience, events, to| {
            let (input, stepped) = (tick(events), shows(to));
            audience.shown(Some(&input), &stepped).into_iter().map(|(seat, _)| seat.0).collect::<Vec<_>>()
        };
        let come = |seat| Event::Connected { seat: Seat(seat), fresh: true };
        assert_eq!(seen(&mut audience, vec![come(0), come(2)], Target::Everyone), [0, 2]);
        assert_eq!(seen(&mut audience, vec![Event::Disconnected(Seat(0))], Target::Everyone), [2]);
        assert_eq!(seen(&mut audience, vec![], Target::Seat(Seat(0))), [0]);
        assert!(seen(&mut audience, vec![], Target::Spectators).is_empty());
    }
}
