//! Model types as wire types, borrowing their bytes: nothing is copied before wasmtime writes it into the guest.

use super::bindings::stadion::game::types as wit;
use crate::model::{Delivery, Departure, Event, RequestError, Setup, Wake};

pub(super) fn setup(setup: &Setup) -> wit::Setup<'_> {
    let [a, b, c, d] = setup.seed;
    wit::Setup {
        match_id: &setup.match_id,
        seed: (a, b, c, d),
        started_unix_ns: setup.started_unix_ns,
        rate: setup.rate,
        seats: setup.seats,
        parameters: &setup.parameters,
        limits: wit::Limits {
            memory_bytes: setup.limits.memory_bytes,
            unreliable_bytes: setup.limits.unreliable_bytes,
            reliable_bytes: setup.limits.reliable_bytes,
            sends_per_tick: setup.limits.sends_per_tick,
            send_bytes_per_tick: setup.limits.send_bytes_per_tick,
            requests_open: setup.limits.requests_open,
            saved_bytes: setup.limits.saved_bytes,
        },
    }
}

pub(super) fn event(event: &Event) -> wit::Event<'_> {
    match event {
        Event::Joined { seat, player, options } => {
            let player = wit::Player {
                id: player.id.as_str(),
                name: &player.name,
                team: player.team,
                bot: player.bot,
                data: &player.data,
                options,
            };
            wit::Event::Joined((seat.0, player))
        }
        Event::Disconnected(seat) => wit::Event::Disconnected(seat.0),
        Event::Connected { seat, fresh } => wit::Event::Connected(wit::Presence { seat: seat.0, fresh: *fresh }),
        Event::Left { seat, departure } => wit::Event::Left((seat.0, departure_of(*departure))),
        Event::Message { seat, via, data } => {
            wit::Event::Message(wit::Message { seat: seat.0, via: delivery(*via), data })
        }
        Event::Spectators(count) => wit::Event::Spectators(*count),
        Event::Answer { request, outcome } => {
            let outcome = outcome.as_ref().map(Vec::as_slice).map_err(request_error);
            wit::Event::Answer(wit::Answer { request: *request, outcome })
        }
        Event::Quality { seat, round_trip_ms, jitter_ms, loss_permille } => wit::Event::Quality(wit::Quality {
            seat: seat.0,
            round_trip_ms: *round_trip_ms,
            jitter_ms: *jitter_ms,
            loss_permille: *loss_permille,
        }),
        Event::Notice { topic, data } => wit::Event::Notice(wit::Notice { topic, data }),
    }
}

pub(super) fn wake(wake: wit::Wake) -> Wake {
    match wake {
        wit::Wake::Next => Wake::Next,
        wit::Wake::At(time) => Wake::At(time),
        wit::Wake::Event => Wake::Event,
    }
}

fn delivery(via: Delivery) -> wit::Delivery {
    match via {
        Delivery::Reliable => wit::Delivery::Reliable,
        Delivery::Unreliable => wit::Delivery::Unreliable,
    }
}

fn departure_of(departure: Departure) -> wit::Departure {
    match departure {
        Departure::Left => wit::Departure::Left,
        Departure::Kicked => wit::Departure::Kicked,
        Departure::TimedOut => wit::Departure::TimedOut,
        Departure::Replaced => wit::Departure::Replaced,
    }
}

fn request_error(error: &RequestError) -> wit::RequestError {
    match error {
        RequestError::NotFound => wit::RequestError::NotFound,
        RequestError::Conflict(version) => wit::RequestError::Conflict(*version),
        RequestError::TooLarge => wit::RequestError::TooLarge,
        RequestError::OverQuota => wit::RequestError::OverQuota,
        RequestError::Denied => wit::RequestError::Denied,
        RequestError::Unavailable => wit::RequestError::Unavailable,
    }
}
