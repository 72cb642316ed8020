//! Ticks as JSON, for tools: what came in and what the game asked for, read by the game's schema.

use serde_json::{Value as Json, json};
use stadion_schema::envelope::{Down, Up};
use stadion_schema::{Root, Schema};

use crate::model::{Delivery, Event, Output, Stepped, Target, TickInput};

/// A tick with its outputs. Without an input it is the start, or the load of a match that went on in another instance.
pub fn tick(schema: Option<&Schema>, input: Option<&TickInput>, stepped: &Stepped) -> Json {
    let events = input.map_or(&[][..], |input| &input.events);
    json!({
        "tick": input.map_or(0, |input| input.number),
        "time_ns": input.map_or(0, |input| input.time),
        "skipped": input.map_or(0, |input| input.skipped),
        "events": events.iter().map(|one| event(schema, one)).collect::<Vec<_>>(),
        "outputs": stepped.outputs.iter().map(|one| output(schema, one)).collect::<Vec<_>>(),
        "wake": format!("{:?}", stepped.wake),
    })
}

/// What came in with a tick.
pub fn events(schema: Option<&Schema>, input: &TickInput) -> Json {
    input.events.iter().map(|one| event(schema, one)).collect()
}

fn event(schema: Option<&Schema>, event: &Event) -> Json {
    match event {
        Event::Joined { seat, player, .. } => {
            json!({"joined": {"seat": seat.0, "player": player.id.as_str(), "name": player.name, "bot": player.bot}})
        }
        Event::Message { seat, via, data } => {
            json!({"message": {"seat": seat.0, "reliable": reliable(*via), "content": up(schema, data)}})
        }
        Event::Disconnected(seat) => json!({"disconnected": {"seat": seat.0}}),
        Event::Connected { seat, fresh } => json!({"connected": {"seat": seat.0, "fresh": fresh}}),
        Event::Left { seat, departure } => json!({"left": {"seat": seat.0, "departure": departure}}),
        other => json!(other),
    }
}

fn output(schema: Option<&Schema>, output: &Output) -> Json {
    match output {
        Output::Send { to, via, data } => {
            json!({"send": {"to": target(*to), "reliable": reliable(*via), "content": down(schema, data)}})
        }
        Output::Finish { placings, data } => json!({"finish": {"placings": placings, "data": hex::encode(data)}}),
        other => json!(other),
    }
}

fn up(schema: Option<&Schema>, data: &[u8]) -> Json {
    match (schema, Up::parse(data)) {
        (Some(schema), Ok(Up::Message(data))) => typed(schema, Root::In, data),
        (Some(_), Ok(Up::Ack(number))) => json!({"seen": number}),
        _ => raw(data),
    }
}

fn down(schema: Option<&Schema>, data: &[u8]) -> Json {
    match (schema, Down::parse(data)) {
        (Some(schema), Ok(Down::Message(data))) => typed(schema, Root::Out, data),
        (Some(schema), Ok(Down::View { number, data })) => {
            let mut view = typed(schema, Root::View, data);
            view["number"] = number.into();
            view
        }
        _ => raw(data),
    }
}

fn typed(schema: &Schema, root: Root, data: &[u8]) -> Json {
    match schema.decode(root, data) {
        Ok(value) if root == Root::View => json!({"view": value.to_json()}),
        Ok(value) => json!({"message": value.to_json()}),
        Err(_) => raw(data),
    }
}

fn raw(data: &[u8]) -> Json {
    json!({"bytes": hex::encode(data)})
}

fn target(to: Target) -> String {
    match to {
        Target::Seat(seat) => format!("seat {seat}"),
        Target::Everyone => "everyone".to_owned(),
        Target::Spectators => "spectators".to_owned(),
    }
}

fn reliable(via: Delivery) -> bool {
    via == Delivery::Reliable
}
