//! A match told tick by tick: what happened and what the game made of it, decoded by the game's schema. Pure: lines come
//! back, nobody is spoken to. Programs are told by [`stadion_host::replay::told`].

use stadion_host::model::{Delivery, Event, Output, Target, TickInput};
use stadion_schema::envelope::{Down, Up};
use stadion_schema::{Root, Schema, Value};

/// The longest line of one message or view.
const LINE_CHARS: usize = 400;
/// Bytes of a message without a schema that are shown.
const RAW_BYTES: usize = 64;

/// Reads messages of one game.
pub(crate) struct Story<'a> {
    schema: Option<&'a Schema>,
}

/// A message of a game, read as far as its schema goes.
enum Message {
    /// One of the game's types.
    Typed(Root, Option<u64>, Value),
    /// A client says that it has a view.
    Seen(u64),
    /// Bytes: no schema, or not of its shape.
    Raw(Vec<u8>),
}

impl<'a> Story<'a> {
    pub(crate) fn new(schema: Option<&'a Schema>) -> Story<'a> {
        Story { schema }
    }

    /// A tick with its outputs; `None` where nothing happened. Without an input it is the start.
    pub(crate) fn tick(&self, input: Option<&TickInput>, outputs: &[Output]) -> Option<Vec<String>> {
        let events = input.map_or(&[][..], |input| &input.events);
        if input.is_some() && events.is_empty() && outputs.is_empty() {
            return None;
        }
        let head = match input {
            None => "start".to_owned(),
            Some(input) => {
                let late = if input.skipped > 0 { format!("  ({} skipped)", input.skipped) } else { String::new() };
                format!("tick {:<6} {:>9.3} s{late}", input.number, input.time as f64 / 1e9)
            }
        };
        let mut lines = vec![head];
        lines.extend(events.iter().map(|event| format!("  {}", self.event(event))));
        lines.extend(outputs.iter().map(|output| format!("  => {}", self.asked(output))));
        Some(lines)
    }

    /// What was sent to a player, from its bytes alone.
    pub(crate) fn sent(&self, data: &[u8]) -> String {
        shown(&self.down(data))
    }

    /// What was sent to a player, if the schema reads it: a message, or the content of a view.
    pub(crate) fn value(&self, data: &[u8]) -> Option<(Root, Value)> {
        match self.down(data) {
            Message::Typed(root, _, value) => Some((root, value)),
            Message::Seen(_) | Message::Raw(_) => None,
        }
    }

    fn event(&self, event: &Event) -> String {
        match event {
            Event::Joined { seat, player, .. } => {
                let bot = if player.bot { " (bot)" } else { "" };
                format!("seat {seat}  joined: {}{bot}", player.name)
            }
            Event::Disconnected(seat) => format!("seat {seat}  disconnected"),
            Event::Connected { seat, fresh } => {
                format!("seat {seat}  connected{}", if *fresh { ", knowing nothing" } else { "" })
            }
            Event::Left { seat, departure } => format!("seat {seat}  left: {departure:?}"),
            Event::Message { seat, via, data } => {
                format!("seat {seat}  {}{}", shown(&self.up(data)), unreliable(*via))
            }
            Event::Spectators(count) => format!("{count} spectators"),
            Event::Answer { request, outcome: Ok(data) } => format!("answer {request}: {} bytes", data.len()),
            Event::Answer { request, outcome: Err(error) } => format!("answer {request}: {error:?}"),
            Event::Quality { seat, round_trip_ms, jitter_ms, loss_permille } => {
                format!("seat {seat}  quality: {round_trip_ms} ms, jitter {jitter_ms} ms, lost {loss_permille}/1000")
            }
            Event::Notice { topic, data } => format!("notice {topic:?}: {} bytes", data.len()),
        }
    }

    /// One thing that the game asked for.
    pub(crate) fn asked(&self, output: &Output) -> String {
        match output {
            Output::Send { to, via, data } => {
                format!("{}  {}{}", target(*to), shown(&self.down(data)), unreliable(*via))
            }
            Output::Kick { seat, reason } => format!("kick seat {seat}: {reason}"),
            Output::Label(label) => format!("label {label}"),
            Output::Open(open) => (if *open { "open to new players" } else { "closed to new players" }).to_owned(),
            Output::Finish { placings, data } => {
                let places = placings.iter().map(|p| format!("{}. seat {} ({})", p.rank, p.seat, p.score));
                format!("finish: {}, {} bytes of results", places.collect::<Vec<_>>().join("  "), data.len())
            }
            Output::Log { level, text } => format!("log {level:?}: {text}"),
            Output::Report { kind, json } => format!("report {kind}: {json}"),
            Output::Storage { request, player, key, op } => {
                let whose = player.as_deref().unwrap_or("the game");
                format!("storage {request}: {op:?} {key:?} of {whose}")
            }
            Output::Call { request, endpoint, json } => format!("call {request}: {endpoint} {json}"),
        }
    }

    fn up(&self, data: &[u8]) -> Message {
        match (self.schema, Up::parse(data)) {
            (Some(schema), Ok(Up::Message(data))) => typed(schema, Root::In, None, data),
            (Some(_), Ok(Up::Ack(number))) => Message::Seen(number),
            _ => Message::Raw(data.to_vec()),
        }
    }

    fn down(&self, data: &[u8]) -> Message {
        match (self.schema, Down::parse(data)) {
            (Some(schema), Ok(Down::Message(data))) => typed(schema, Root::Out, None, data),
            (Some(schema), Ok(Down::View { number, data })) => typed(schema, Root::View, Some(number), data),
            _ => Message::Raw(data.to_vec()),
        }
    }
}

fn typed(schema: &Schema, root: Root, number: Option<u64>, data: &[u8]) -> Message {
    match schema.decode(root, data) {
        Ok(value) => Message::Typed(root, number, value),
        Err(_) => Message::Raw(data.to_vec()),
    }
}

fn shown(message: &Message) -> String {
    match message {
        Message::Typed(Root::View, number, value) => {
            format!("view {}: {}", number.unwrap_or(0), value.line(LINE_CHARS))
        }
        Message::Typed(_, _, value) => value.line(LINE_CHARS),
        Message::Seen(number) => format!("has view {number}"),
        Message::Raw(bytes) => {
            let more = if bytes.len() > RAW_BYTES { ".." } else { "" };
            format!("{} bytes: {}{more}", bytes.len(), hex::encode(&bytes[..bytes.len().min(RAW_BYTES)]))
        }
    }
}

fn target(to: Target) -> String {
    match to {
        Target::Seat(seat) => format!("seat {seat}"),
        Target::Everyone => "everyone".to_owned(),
        Target::Spectators => "spectators".to_owned(),
    }
}

fn unreliable(via: Delivery) -> &'static str {
    match via {
        Delivery::Reliable => "",
        Delivery::Unreliable => "  (unreliable)",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stadion_protocol::Seat;

    use super::*;
    use crate::input::{self, fixture};

    fn message(text: &str) -> Event {
        let schema = fixture::schema();
        let data = schema.encode(Root::In, &input::parse(&schema, text).unwrap()).unwrap();
        Event::Message { seat: Seat(1), via: Delivery::Reliable, data: Up::Message(&data).to_bytes() }
    }

    fn view() -> Output {
        let schema = fixture::schema();
        let value = schema.from_json(Root::View, &json!({"total": 3, "names": [], "turn": 1})).unwrap();
        let data = schema.encode(Root::View, &value).unwrap();
        let data = Down::View { number: 7, data: &data }.to_bytes();
        Output::Send { to: Target::Seat(Seat(0)), via: Delivery::Unreliable, data }
    }

    #[test]
    fn a_tick_reads_as_what_was_said_and_shown() {
        let schema = fixture::schema();
        let input = TickInput { number: 12, time: 600_000_000, skipped: 0, events: vec![message("Place 4")] };
        let lines = Story::new(Some(&schema)).tick(Some(&input), &[view()]).unwrap();
        assert_eq!(
            lines,
            [
                "tick 12         0.600 s",
                "  seat 1  Place(4)",
                "  => seat 0  view 7: View { total: 3, names: [], turn: 1 }  (unreliable)",
            ]
        );
    }

    #[test]
    fn without_a_schema_bytes_are_shown() {
        let input = TickInput { number: 1, time: 0, skipped: 2, events: vec![message("Resign")] };
        let lines = Story::new(None).tick(Some(&input), &[]).unwrap();
        assert_eq!(lines[1], "  seat 1  2 bytes: 0001");
        assert!(lines[0].ends_with("(2 skipped)"));
    }

    #[test]
    fn a_tick_in_which_nothing_happened_is_passed_over() {
        let input = TickInput { number: 1, time: 0, skipped: 0, events: vec![] };
        assert_eq!(Story::new(None).tick(Some(&input), &[]), None);
    }
}
