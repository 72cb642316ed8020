//! A [`Game`] as the contract wants it: events in, calls to the game, views out.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stadion_schema::envelope::{Down, Up};
use stadion_schema::{Describe, StaticType};

use crate::cx::Cx;
use crate::game::Game;
use crate::message;
use crate::raw::{self, Delivery, Description, Event, Host, Level, RawGame, RawState, Setup, Target, Tick, Time, Wake};
use crate::rng::Rng;
use crate::save;
use crate::seat::{Player, Seat};
use crate::storage::{self, Request};
use crate::table::{MAX_BAD_MESSAGES, Table};
use crate::timers::Timers;

/// What an envelope adds to a view: its kind and its number.
const ENVELOPE_BYTES: usize = 11;

/// What [`game!`](crate::game) adds to a game. Do not implement it by hand.
pub trait GameModule: Game {
    /// The schema of the messages and the view; what clients are built for.
    const SCHEMA: &'static [u8];
    /// How matches are saved, if the game saves itself.
    const SAVES: Option<Saves<Self>>;
}

/// How a match is saved and loaded.
#[cfg_attr(target_arch = "wasm32", allow(dead_code, reason = "read by tests; modules export `RawState`"))]
pub struct Saves<G: Game> {
    pub(crate) save: fn(&Typed<G>) -> Vec<u8>,
    pub(crate) load: Load<G>,
}

type Load<G> = fn(Setup, Time, &[u8], Rc<dyn Host>) -> Result<Typed<G>, String>;

impl<G: Game + Serialize + DeserializeOwned> Saves<G> {
    /// As CBOR, through the game's own `Serialize` and `Deserialize`: see [`state`](macro@crate::state).
    pub const CBOR: Saves<G> = Saves { save: Typed::to_cbor, load: Typed::from_cbor };
}

/// A match of a typed game.
pub struct Typed<G: Game> {
    cx: Cx<G>,
    game: G,
    /// Where views are encoded.
    buffer: Vec<u8>,
}

impl<G: Game> Typed<G> {
    /// Tick 0.
    pub(crate) fn begin(setup: Setup, host: Rc<dyn Host>) -> Result<(Typed<G>, Wake), String> {
        let cx = Cx::new(setup, host);
        let game = G::start(&cx);
        if let Some(reason) = cx.refusal.take() {
            return Err(reason);
        }
        let mut typed = Typed { cx, game, buffer: Vec::new() };
        let wake = typed.end_of_step();
        Ok((typed, wake))
    }

    /// One tick.
    pub(crate) fn advance(&mut self, tick: Tick) -> Wake {
        self.cx.begin(tick.number, tick.time, tick.skipped);
        let mut events = tick.events.into_iter();
        while !self.cx.is_finished()
            && let Some(event) = events.next()
        {
            self.event(event, events.as_slice());
        }
        self.timers();
        if G::INFO.rate > 0 && !self.cx.is_finished() {
            self.game.tick(&self.cx);
        }
        self.end_of_step()
    }

    fn event(&mut self, event: Event, rest: &[Event]) {
        let Typed { cx, game, .. } = self;
        match event {
            Event::Joined((seat, player)) => self.join(Seat(seat), player.into(), rest),
            Event::Connected(presence) => self.connect(Seat(presence.seat), presence.fresh),
            Event::Disconnected(seat) => self.disconnect(Seat(seat)),
            Event::Left((seat, how)) => self.leave(Seat(seat), how),
            Event::Message(message) => self.message(Seat(message.seat), &message.data),
            // A game that was begun anew knows nothing of what was asked before.
            Event::Answer(answer) if !cx.is_own(answer.request) => {}
            Event::Answer(answer) => {
                if cx.is_call(answer.request) {
                    game.called(cx, Request(answer.request), answer.outcome);
                } else {
                    let (request, outcome) = storage::answer(&answer);
                    game.answer(cx, request, outcome);
                }
            }
            Event::Notice(notice) => game.notice(cx, &notice.topic, &notice.data),
            Event::Spectators(count) => cx.table.get_mut().watched_by(count),
            // For games that ask for it.
            Event::Quality(_) => {}
        }
    }

    /// The player's connection usually follows in the same tick: the game may send to them at once.
    fn join(&mut self, seat: Seat, player: Player, rest: &[Event]) {
        let connects = rest.iter().any(|event| matches!(event, Event::Connected(presence) if presence.seat == seat.0));
        let table = self.cx.table.get_mut();
        table.sit(seat, player);
        if let Some(place) = table.place_mut(seat) {
            place.connected = connects;
        }
        self.game.join(&self.cx, seat);
    }

    fn connect(&mut self, seat: Seat, fresh: bool) {
        let Some(place) = self.cx.table.get_mut().place_mut(seat) else { return };
        place.connected = true;
        if fresh {
            place.shown.reset();
        }
        if std::mem::replace(&mut place.met, true) {
            self.game.reconnect(&self.cx, seat);
        }
    }

    fn disconnect(&mut self, seat: Seat) {
        let Some(place) = self.cx.table.get_mut().place_mut(seat) else { return };
        if std::mem::take(&mut place.connected) {
            self.game.disconnect(&self.cx, seat);
        }
    }

    fn leave(&mut self, seat: Seat, how: raw::Departure) {
        let Some(place) = self.cx.table.get_mut().place_mut(seat) else { return };
        (place.connected, place.leaving) = (false, true);
        self.game.leave(&self.cx, seat, how.into());
        self.cx.table.get_mut().stand_up(seat);
    }

    fn message(&mut self, seat: Seat, bytes: &[u8]) {
        let Some(place) = self.cx.table.get_mut().place_mut(seat).filter(|place| !place.kicked) else { return };
        match Up::parse(bytes) {
            Ok(Up::Ack(number)) => place.shown.acknowledged(number),
            Ok(Up::Message(data)) => match message::decode(data) {
                Ok(message) => self.game.message(&self.cx, seat, message),
                Err(_) => self.bad_message(seat, bytes.len()),
            },
            Err(_) => self.bad_message(seat, bytes.len()),
        }
    }

    /// The schema in the client's `hello` was right, so the client is broken or hostile: a few such messages and it goes.
    fn bad_message(&mut self, seat: Seat, length: usize) {
        let Some(place) = self.cx.table.get_mut().place_mut(seat) else { return };
        place.bad_messages += 1;
        let count = place.bad_messages;
        if count >= MAX_BAD_MESSAGES {
            self.cx.kick(seat, &format!("sent {count} messages that this game cannot read"));
        } else {
            let text = format!("seat {seat} sent {length} bytes that are no message of this game ({count} so far)");
            self.cx.log_as(Level::Warn, text);
        }
    }

    /// Timers set on the way wait for the next step, so that a game cannot keep itself here for ever.
    fn timers(&mut self) {
        let before = self.cx.timers.get_mut().next_number();
        while !self.cx.is_finished()
            && let Some(name) = self.cx.timers.get_mut().take_due(self.cx.now, before)
        {
            self.game.timer(&self.cx, name);
        }
    }

    fn end_of_step(&mut self) -> Wake {
        self.send_views();
        if let Some(results) = self.cx.results.get_mut().take() {
            let everybody = self.cx.table.get_mut().seats(|place| place.used).into_iter().collect();
            let (placings, data) = results.settle(&everybody);
            self.cx.host.finish(&placings, &data);
            return Wake::Event;
        }
        self.wake()
    }

    fn wake(&mut self) -> Wake {
        if G::INFO.rate > 0 {
            return Wake::Next;
        }
        let places = &self.cx.table.get_mut().places;
        let repeats = places.iter().filter(|place| place.connected).filter_map(|place| place.shown.repeat_at()).min();
        let next = self.cx.timers.get_mut().next().into_iter().chain(repeats).min();
        next.map_or(Wake::Event, Wake::At)
    }
}

/// Views.
impl<G: Game> Typed<G> {
    fn send_views(&mut self) {
        if matches!(G::View::TYPE, StaticType::Unit) {
            return;
        }
        self.send_spectator_view();
        let due = self.due_views();
        let Some((first, others)) = due.split_first() else { return };
        let table = self.cx.table.get_mut();
        let connected = table.seats(|place| place.connected);
        let shown = |seat: &Seat| &table.places[seat.index()].shown;
        let equal = |seat: &Seat| shown(seat).number == shown(first).number && shown(seat).bytes == shown(first).bytes;
        // One output instead of many when all see the same, as in games without secrets.
        if !others.is_empty() && due == connected && others.iter().all(equal) {
            self.send_view(*first, Target::Everyone, &due);
        } else {
            due.iter().for_each(|seat| self.send_view(*seat, Target::Seat(seat.0), &[*seat]));
        }
    }

    /// Reliably: whoever watches acknowledges nothing.
    fn send_spectator_view(&mut self) {
        if self.cx.table.get_mut().spectators == 0 {
            return;
        }
        let Some(view) = self.game.spectator_view(&self.cx) else { return };
        self.buffer.clear();
        message::encode_into(&view, &mut self.buffer);
        let (tick, now) = (self.cx.tick, self.cx.now);
        let shown = &mut self.cx.table.get_mut().shown_to_spectators;
        if !shown.update(&mut self.buffer, tick, now) {
            return;
        }
        shown.sent(now, true);
        let bytes = Down::View { number: shown.number, data: &shown.bytes }.to_bytes();
        self.cx.put(Target::Spectators, Delivery::Reliable, &bytes);
    }

    /// Looks at every connected seat's view and gives those that have to be sent.
    fn due_views(&mut self) -> Vec<Seat> {
        let (tick, now, last) = (self.cx.tick, self.cx.now, self.cx.is_finished());
        let mut seats = self.cx.table.get_mut().seats(|place| place.connected && !place.kicked);
        seats.retain(|seat| {
            let view = self.game.view(&self.cx, *seat);
            self.buffer.clear();
            message::encode_into(&view, &mut self.buffer);
            let shown = &mut self.cx.table.get_mut().places[seat.index()].shown;
            shown.update(&mut self.buffer, tick, now) || (last && shown.repeat_at().is_some())
        });
        seats
    }

    /// Sends the view of `seat` to all of `seats`, which see the same.
    fn send_view(&mut self, seat: Seat, to: Target, seats: &[Seat]) {
        let room = self.cx.setup.limits.unreliable_bytes as usize;
        let (now, last) = (self.cx.now, self.cx.is_finished());
        let shown = &self.cx.table.get_mut().places[seat.index()].shown;
        let reliably = last || !G::INFO.unreliable_view || shown.bytes.len() + ENVELOPE_BYTES > room;
        let bytes = Down::View { number: shown.number, data: &shown.bytes }.to_bytes();
        self.cx.put(to, if reliably { Delivery::Reliable } else { Delivery::Unreliable }, &bytes);
        for seat in seats {
            self.cx.table.get_mut().places[seat.index()].shown.sent(now, reliably);
        }
    }
}

/// Everything of a match that is not in its setup: written with references, read with values.
#[derive(Serialize, Deserialize)]
struct Saved<Table, Timers, State> {
    /// Of this layout.
    format: u32,
    tick: u64,
    drawn: u64,
    table: Table,
    timers: Timers,
    /// Calls without an answer; earlier SDKs made none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    calls: BTreeSet<u64>,
    game: State,
}

const SAVED_FORMAT: u32 = 1;

impl<G: Game + Serialize + DeserializeOwned> Typed<G> {
    fn to_cbor(&self) -> Vec<u8> {
        save::to_cbor(&Saved {
            format: SAVED_FORMAT,
            tick: self.cx.tick,
            drawn: self.cx.rng.drawn(),
            table: &*self.cx.table.borrow(),
            timers: &*self.cx.timers.borrow(),
            calls: self.cx.calls.borrow().clone(),
            game: &self.game,
        })
    }

    fn from_cbor(setup: Setup, now: Time, saved: &[u8], host: Rc<dyn Host>) -> Result<Typed<G>, String> {
        let saved: Saved<Table, Timers<G::Timer>, G> = save::from_cbor(saved)?;
        if saved.format != SAVED_FORMAT {
            return Err(format!("the match was saved by another SDK, in format {}", saved.format));
        }
        let (a, b, c, d) = setup.seed;
        let mut cx = Cx::new(setup, host);
        cx.begin(saved.tick, now, 0);
        cx.rng = Rng::resumed([a, b, c, d], saved.drawn);
        cx.table.replace(saved.table);
        cx.timers.replace(saved.timers);
        cx.calls.replace(saved.calls);
        // What the match asked, it asked before it was saved.
        cx.first_request.set(Some(0));
        Ok(Typed { cx, game: saved.game, buffer: Vec::new() })
    }
}

impl<G: GameModule> RawGame for Typed<G> {
    fn describe() -> Description {
        G::INFO.describe(Some(G::SCHEMA))
    }

    fn start(setup: Setup, host: Rc<dyn Host>) -> Result<(Self, Wake), String> {
        Typed::begin(setup, host)
    }

    fn step(&mut self, tick: Tick) -> Wake {
        self.advance(tick)
    }
}

impl<G: GameModule + Serialize + DeserializeOwned> RawState for Typed<G> {
    fn save(&self) -> Vec<u8> {
        self.to_cbor()
    }

    fn load(setup: Setup, now: Time, saved: &[u8], host: Rc<dyn Host>) -> Result<(Self, Wake), String> {
        let mut typed = Typed::from_cbor(setup, now, saved, host)?;
        let wake = typed.wake();
        Ok((typed, wake))
    }
}
