//! Whole matches in tests, without a server.
//!
//! A [`Match`] plays host and clients: it feeds events, keeps match time, opens views and messages. It runs two copies of
//! the game over the same events and compares everything they ask for, and if the game saves itself it saves and loads
//! one of them again and again. A game that depends on anything but its events fails its own tests.

mod client;
mod copy;
mod documents;
mod host;
mod outcome;
mod plan;

use std::time::Duration;

use crate::message;
use crate::raw::{
    Answer, Delivery, Departure, Event, Level, Message, Player, Presence, RequestError, Target, Tick, Wake,
};
use crate::seat::Seat;
use crate::typed::GameModule;
use client::Client;
use copy::Copy;
use host::Output;

pub use documents::Documents;
pub use outcome::Outcome;
pub use plan::Plan;

/// One copy is saved and loaded every so many steps of a game with a tick rate ..
const SAVE_EVERY_TICKS: u64 = 50;
/// .. or without one: there a test makes few steps.
const SAVE_EVERY_EVENTS: u64 = 3;
/// Steps that one call may take without match time passing, such as kicks that follow from kicks.
const MAX_STEPS_AT_ONCE: usize = 1_000;

/// A match under test.
///
/// Without a tick rate every event is a step of its own, at once. With one, events wait for the next of [`Match::ticks`]
/// or [`Match::pass`].
///
/// All methods panic when the two copies of the game differ, and on misuse such as a seat that nobody has.
pub struct Match<G: GameModule> {
    live: Copy<G>,
    twin: Copy<G>,
    clients: Vec<Client<G>>,
    /// What those see who watch; they all see the same.
    watcher: Client<G>,
    spectators: u32,
    queue: Vec<Event>,
    tick: u64,
    now: u64,
    wake: Wake,
    open: bool,
    label: Option<String>,
    logs: Vec<(Level, String)>,
    reports: Vec<(String, String)>,
    outcome: Option<Outcome>,
    documents: Documents,
    storage_fails: bool,
    backend: Option<Backend>,
}

/// The owner's backend, as a test plays it.
type Backend = Box<dyn FnMut(&str, &str) -> Result<Vec<u8>, RequestError>>;

impl<G: GameModule> Match<G> {
    /// A match that `players` have joined. It has exactly as many seats, or the least the game allows.
    pub fn with_players(players: u16) -> Match<G> {
        Plan::new().players(players)
    }

    /// A match with parameters, another seed or another number of seats.
    pub fn plan() -> Plan<G> {
        Plan::new()
    }

    // ---- Players

    /// Somebody joins on the first free seat, whose number is given.
    ///
    /// # Panics
    /// If there is no free seat.
    pub fn join(&mut self) -> u16 {
        self.join_with(|_| {})
    }

    /// Somebody special joins: `set` changes the player from what it would be.
    pub fn join_with(&mut self, set: impl FnOnce(&mut Player)) -> u16 {
        let seat = self.clients.iter().position(|client| !client.seated).expect("a free seat") as u16;
        let mut player = Player {
            id: format!("player-{seat}"),
            name: format!("player {seat}"),
            team: 0,
            bot: false,
            data: Vec::new(),
            options: Vec::new(),
        };
        set(&mut player);
        self.clients[usize::from(seat)] = Client::seated();
        self.queue.extend([Event::Joined((seat, player)), Event::Connected(Presence { seat, fresh: true })]);
        self.run_events();
        seat
    }

    /// A player sends a message.
    pub fn send(&mut self, from: impl Into<Seat>, message: impl Into<G::In>) -> &mut Self {
        let data = message::encode(&message.into());
        let bytes = stadion_schema::envelope::Up::Message(&data).to_bytes();
        self.send_raw(from, &bytes)
    }

    /// The answer to a request with this number comes, whoever made it: after a developer restarted the match, those to what
    /// was asked before come too.
    pub fn answer_raw(&mut self, request: u64, outcome: Result<Vec<u8>, RequestError>) -> &mut Self {
        self.answer(request, outcome);
        self.run_events();
        self
    }

    /// A broken or hostile client sends these bytes.
    pub fn send_raw(&mut self, from: impl Into<Seat>, bytes: &[u8]) -> &mut Self {
        let seat = self.seated(from).0;
        self.queue.push(Event::Message(Message { seat, via: Delivery::Reliable, data: bytes.to_vec() }));
        self.run_events()
    }

    /// A player's connection breaks.
    pub fn disconnect(&mut self, seat: impl Into<Seat>) -> &mut Self {
        let seat = self.seated(seat);
        self.clients[seat.index()].connected = false;
        self.queue.push(Event::Disconnected(seat.0));
        self.run_events()
    }

    /// A player's connection comes back; the client still knows what it knew.
    pub fn reconnect(&mut self, seat: impl Into<Seat>) -> &mut Self {
        let seat = self.seated(seat);
        self.clients[seat.index()].connected = true;
        self.queue.push(Event::Connected(Presence { seat: seat.0, fresh: false }));
        self.run_events()
    }

    /// A player's client starts anew and knows nothing, as after a page reload.
    pub fn reload(&mut self, seat: impl Into<Seat>) -> &mut Self {
        let seat = self.seated(seat);
        if self.clients[seat.index()].connected {
            self.disconnect(seat);
        }
        self.clients[seat.index()] = Client::seated();
        self.queue.push(Event::Connected(Presence { seat: seat.0, fresh: true }));
        self.run_events()
    }

    /// A player leaves by choice.
    pub fn leave(&mut self, seat: impl Into<Seat>) -> &mut Self {
        self.depart(seat, Departure::Left)
    }

    /// A lost player did not come back in time.
    pub fn time_out(&mut self, seat: impl Into<Seat>) -> &mut Self {
        self.depart(seat, Departure::TimedOut)
    }

    /// From now on everything unreliable to and from this player is lost, or no longer.
    pub fn set_lossy(&mut self, seat: impl Into<Seat>, lossy: bool) -> &mut Self {
        let seat = self.seated(seat);
        self.clients[seat.index()].lossy = lossy;
        self
    }

    /// From now on requests for documents are answered `Unavailable`, as when a database is lost, or no longer.
    pub fn set_storage_fails(&mut self, fails: bool) -> &mut Self {
        self.storage_fails = fails;
        self
    }

    /// From now on this answers the game's calls: it is given the endpoint and the JSON. Until then every call is denied.
    pub fn set_backend(
        &mut self,
        backend: impl FnMut(&str, &str) -> Result<Vec<u8>, RequestError> + 'static,
    ) -> &mut Self {
        self.backend = Some(Box::new(backend));
        self
    }

    fn depart(&mut self, seat: impl Into<Seat>, how: Departure) -> &mut Self {
        let seat = self.seated(seat);
        let client = &mut self.clients[seat.index()];
        (client.connected, client.seated) = (false, false);
        self.queue.push(Event::Left((seat.0, how)));
        self.run_events()
    }

    // ---- Time

    /// So many periods of the tick rate pass.
    ///
    /// # Panics
    /// If the game has no tick rate.
    pub fn ticks(&mut self, count: u64) -> &mut Self {
        assert!(G::INFO.rate > 0, "this game has no tick rate: let time pass() instead");
        for _ in 0..count {
            self.acknowledge();
            self.now = (self.tick + 1) * 1_000_000_000 / u64::from(G::INFO.rate);
            self.step();
        }
        self
    }

    /// Match time passes: with a tick rate so many whole periods, without one until every timer due by then has gone off.
    pub fn pass(&mut self, time: Duration) -> &mut Self {
        let span = u64::try_from(time.as_nanos()).expect("less than 584 years");
        if G::INFO.rate > 0 {
            return self.ticks(span * u64::from(G::INFO.rate) / 1_000_000_000);
        }
        let end = self.now + span;
        while let Some(due) = self.next_due().filter(|due| *due <= end && self.outcome.is_none()) {
            self.now = due.max(self.now);
            self.acknowledge();
            self.step();
            self.run_events();
        }
        self.now = end;
        self
    }

    /// Somebody comes to watch without a seat.
    pub fn watch(&mut self) -> &mut Self {
        self.spectators += 1;
        self.watcher = Client::seated();
        self.queue.push(Event::Spectators(self.spectators));
        self.run_events()
    }

    /// Somebody who watched goes.
    ///
    /// # Panics
    /// If nobody watches.
    pub fn stop_watching(&mut self) -> &mut Self {
        self.spectators = self.spectators.checked_sub(1).expect("somebody watches");
        self.queue.push(Event::Spectators(self.spectators));
        self.run_events()
    }

    // ---- What came of it

    /// What those see who watch, the one who came last among them.
    ///
    /// # Panics
    /// If nothing was shown to them since.
    pub fn spectator_view(&self) -> G::View {
        self.watcher.view.as_ref().expect("those who watch have seen something").1.clone()
    }

    /// The messages for those who watch since this was last asked.
    pub fn received_by_spectators(&mut self) -> Vec<G::Out> {
        std::mem::take(&mut self.watcher.received)
    }

    /// What the player of that seat sees.
    ///
    /// # Panics
    /// If nothing was ever shown there.
    pub fn view(&self, seat: impl Into<Seat>) -> G::View {
        let seat = seat.into();
        let view = self.client(seat).view.as_ref();
        view.unwrap_or_else(|| panic!("seat {seat} has seen nothing yet")).1.clone()
    }

    /// The messages that the player of that seat got since this was last asked.
    pub fn received(&mut self, seat: impl Into<Seat>) -> Vec<G::Out> {
        let seat = seat.into();
        self.client(seat);
        std::mem::take(&mut self.clients[seat.index()].received)
    }

    /// Why the player of that seat was kicked, if so.
    pub fn kicked(&self, seat: impl Into<Seat>) -> Option<&str> {
        self.client(seat.into()).kicked.as_deref()
    }

    /// Whether the match is over.
    pub fn is_finished(&self) -> bool {
        self.outcome.is_some()
    }

    /// How the match ended.
    ///
    /// # Panics
    /// If it has not.
    pub fn result(&self) -> &Outcome {
        self.outcome.as_ref().expect("the match is not over yet")
    }

    /// Whether new players may join.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The public label.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The lines logged so far.
    pub fn logs(&self) -> &[(Level, String)] {
        &self.logs
    }

    /// Kind and JSON of what was reported so far.
    pub fn reports(&self) -> &[(String, String)] {
        &self.reports
    }

    /// The documents that the game has written, for a look or for its next match.
    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    /// Match time.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.now)
    }

    // ---- Inside

    fn client(&self, seat: Seat) -> &Client<G> {
        self.clients.get(seat.index()).unwrap_or_else(|| panic!("this match has no seat {seat}"))
    }

    fn seated(&self, seat: impl Into<Seat>) -> Seat {
        let seat = seat.into();
        assert!(self.client(seat).seated || self.outcome.is_some(), "nobody sits on seat {seat}");
        seat
    }

    /// Without a tick rate, events do not wait.
    fn run_events(&mut self) -> &mut Self {
        if G::INFO.rate == 0 {
            let mut steps = 0;
            while !self.queue.is_empty() {
                self.step();
                steps += 1;
                assert!(steps < MAX_STEPS_AT_ONCE, "events follow from events without end");
            }
        }
        self
    }

    fn next_due(&self) -> Option<u64> {
        let wake = match self.wake {
            Wake::At(time) => Some(time),
            Wake::Next | Wake::Event => None,
        };
        self.clients.iter().filter_map(|client| client.acknowledge_at).chain(wake).min()
    }

    fn acknowledge(&mut self) {
        for (seat, client) in self.clients.iter_mut().enumerate() {
            if let Some(data) = client.acknowledgement(self.now) {
                self.queue.push(Event::Message(Message { seat: seat as u16, via: Delivery::Unreliable, data }));
            }
        }
    }

    fn step(&mut self) {
        let events = std::mem::take(&mut self.queue);
        if self.outcome.is_some() {
            return;
        }
        self.tick += 1;
        let tick = Tick { number: self.tick, time: self.now, skipped: 0, events };
        let (wake, outputs) = self.live.step(tick.clone());
        let twin = self.twin.step(tick);
        assert!(
            twin == (wake, outputs.clone()),
            "two copies of the game differ at tick {}: it depends on something else than its events (a HashMap's order, \
             a clock, a static), or loses something when saved\n one: {wake:?} {outputs:?}\n two: {twin:?}",
            self.tick
        );
        self.wake = wake;
        outputs.into_iter().for_each(|output| self.deliver(output));
        let every = if G::INFO.rate > 0 { SAVE_EVERY_TICKS } else { SAVE_EVERY_EVENTS };
        if self.tick.is_multiple_of(every) && self.outcome.is_none() {
            self.twin.save_and_load(self.now);
        }
    }

    fn deliver(&mut self, output: Output) {
        match output {
            Output::Send { to: Target::Spectators, via, data } => {
                if self.spectators > 0 {
                    self.watcher.receive(via, &data, self.now);
                }
            }
            Output::Send { to, via, data } => {
                let now = self.now;
                let clients = self.clients.iter_mut().enumerate();
                clients
                    .filter(|(seat, _)| host::reaches(to, *seat))
                    .for_each(|(_, client)| client.receive(via, &data, now));
            }
            Output::Kick { seat, reason } => {
                let client = &mut self.clients[usize::from(seat)];
                (client.kicked, client.connected, client.seated) = (Some(reason), false, false);
                self.queue.push(Event::Left((seat, Departure::Kicked)));
            }
            Output::Label(json) => self.label = Some(json),
            Output::Open(open) => self.open = open,
            Output::Finish { placings, data } => self.outcome = Some(Outcome::new(placings, data)),
            Output::Log { level, text } => self.logs.push((level, text)),
            Output::Report { kind, json } => self.reports.push((kind, json)),
            Output::Get { request, place } => {
                let outcome = self.documents.read(&place);
                self.answer_document(request, outcome);
            }
            Output::Put { request, place, expect, data } if !self.storage_fails => {
                let outcome = self.documents.put(place, expect, data);
                self.answer(request, outcome);
            }
            Output::Delete { request, place, expect } if !self.storage_fails => {
                let outcome = self.documents.delete(&place, expect);
                self.answer(request, outcome);
            }
            Output::Put { request, .. } | Output::Delete { request, .. } => {
                self.answer(request, Err(RequestError::Unavailable));
            }
            Output::Call { request, endpoint, json } => {
                let denied = || Err(RequestError::Denied);
                let outcome = self.backend.as_mut().map_or_else(denied, |backend| backend(&endpoint, &json));
                self.answer(request, outcome);
            }
        }
    }

    fn answer_document(&mut self, request: u64, outcome: Result<Vec<u8>, RequestError>) {
        let outcome = if self.storage_fails { Err(RequestError::Unavailable) } else { outcome };
        self.answer(request, outcome);
    }

    /// In the next step.
    fn answer(&mut self, request: u64, outcome: Result<Vec<u8>, RequestError>) {
        self.queue.push(Event::Answer(Answer { request, outcome }));
    }
}
