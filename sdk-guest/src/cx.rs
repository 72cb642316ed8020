//! What a game acts through.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crate::game::Game;
use crate::message::{Message, encode_into};
use crate::raw::{Delivery, Host, Level, SendError, Setup, Target};
use crate::results::Results;
use crate::rng::Rng;
use crate::seat::{Player, Seat};
use crate::storage::{Request, Storage, StorageError};
use crate::table::Table;
use crate::timers::Timers;

/// The byte before a message in its envelope, see `stadion_schema::envelope`.
const MESSAGE: u8 = 0x00;

/// The match around the game: players, time, chance, messages. All methods take `&self`, so that a game may send while it
/// walks over its own state.
///
/// Everything asked for here takes effect when the step returns, or not at all.
pub struct Cx<G: Game> {
    /// The number of this step, from 1; 0 in [`Game::start`]. With a tick rate, and apart from `skipped`, the periods
    /// since the start.
    pub tick: u64,
    /// Periods that passed without a tick just before this one, because the match slept or its host was overloaded.
    pub skipped: u64,
    /// The match's own chance.
    pub rng: Rng,
    pub(crate) now: u64,
    pub(crate) setup: Setup,
    pub(crate) host: Rc<dyn Host>,
    pub(crate) table: RefCell<Table>,
    pub(crate) timers: RefCell<Timers<G::Timer>>,
    /// Calls without an answer: the others are requests for documents.
    pub(crate) calls: RefCell<BTreeSet<u64>>,
    /// The first request of this instance. What has a lower number, a game asked that was begun anew since.
    pub(crate) first_request: Cell<Option<u64>>,
    pub(crate) results: RefCell<Option<Results>>,
    pub(crate) refusal: RefCell<Option<String>>,
    /// A send of this step failed for its size or a quota, and that was logged.
    complained: Cell<bool>,
}

impl<G: Game> Cx<G> {
    pub(crate) fn new(setup: Setup, host: Rc<dyn Host>) -> Cx<G> {
        let (a, b, c, d) = setup.seed;
        Cx {
            tick: 0,
            skipped: 0,
            rng: Rng::new([a, b, c, d]),
            now: 0,
            table: RefCell::new(Table::new(setup.seats)),
            setup,
            host,
            timers: RefCell::new(Timers::new()),
            calls: RefCell::default(),
            first_request: Cell::new(None),
            results: RefCell::new(None),
            refusal: RefCell::new(None),
            complained: Cell::new(false),
        }
    }

    pub(crate) fn begin(&mut self, tick: u64, now: u64, skipped: u64) {
        (self.tick, self.now, self.skipped) = (tick, now, skipped);
        self.complained.set(false);
    }

    // ---- Time

    /// Match time: since the start, standing still within a step. It goes on while a match sleeps or is recovered.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.now)
    }

    /// Calls [`Game::timer`] with this name once that much match time has passed. Several timers of one name may run.
    pub fn after(&self, delay: Duration, name: G::Timer) {
        let delay = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
        self.timers.borrow_mut().set(self.now.saturating_add(delay), name);
    }

    /// Stops all timers of this name.
    pub fn cancel(&self, name: &G::Timer) {
        self.timers.borrow_mut().cancel(name);
    }

    /// How long until the next timer of this name; none if there is none.
    pub fn left(&self, name: &G::Timer) -> Option<Duration> {
        let due_at = self.timers.borrow().due_at(name)?;
        Some(Duration::from_nanos(due_at.saturating_sub(self.now)))
    }

    // ---- Players

    /// The seats that are taken, whether their players are connected or not, in order.
    pub fn seats(&self) -> Vec<Seat> {
        self.table.borrow().seats(|place| place.player.is_some() && !place.leaving)
    }

    /// How many seats this match has.
    pub fn seat_count(&self) -> usize {
        usize::from(self.setup.seats)
    }

    /// Whether every seat is taken.
    pub fn full(&self) -> bool {
        self.seats().len() >= self.seat_count()
    }

    /// How many watch without a seat.
    pub fn spectators(&self) -> u32 {
        self.table.borrow().spectators
    }

    /// Whether somebody sits there and is connected now.
    pub fn is_connected(&self, seat: Seat) -> bool {
        self.table.borrow().place(seat).is_some_and(|place| place.connected)
    }

    /// Who sits there.
    pub fn player(&self, seat: Seat) -> Option<Rc<Player>> {
        self.table.borrow().place(seat).and_then(|place| place.player.clone())
    }

    /// Removes a player, who is told why. [`Game::leave`] follows in a later step.
    pub fn kick(&self, seat: Seat, reason: &str) {
        if let Some(place) = self.table.borrow_mut().place_mut(seat)
            && !place.kicked
        {
            place.kicked = true;
            // The seat is taken, so the host knows it; if its player is gone already, `leave` is on its way.
            let _ = self.host.kick(seat.0, reason);
        }
    }

    // ---- Messages

    /// Sends to one player, in order and exactly once. Players who are not connected do not get it: what they must know
    /// when they come back belongs in the view.
    pub fn send(&self, to: Seat, message: &G::Out) {
        self.deliver(Target::Seat(to.0), Delivery::Reliable, message);
    }

    /// Sends to every connected player, in order and exactly once.
    pub fn broadcast(&self, message: &G::Out) {
        self.deliver(Target::Everyone, Delivery::Reliable, message);
    }

    /// Sends to those who watch without a seat, in order. Players do not get it.
    pub fn send_to_spectators(&self, message: &G::Out) {
        self.deliver(Target::Spectators, Delivery::Reliable, message);
    }

    /// Sends to one player sooner, at most once and in no certain order.
    pub fn send_unreliable(&self, to: Seat, message: &G::Out) {
        self.deliver(Target::Seat(to.0), Delivery::Unreliable, message);
    }

    /// Sends to every connected player sooner, at most once and in no certain order.
    pub fn broadcast_unreliable(&self, message: &G::Out) {
        self.deliver(Target::Everyone, Delivery::Unreliable, message);
    }

    // ---- The match

    /// What the creator of the match or its channel asked for, as they wrote it.
    pub fn parameters(&self) -> &[u8] {
        &self.setup.parameters
    }

    /// One of the parameters when they are text of the form `points=50&passing=off`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let text = std::str::from_utf8(&self.setup.parameters).ok()?;
        let mut pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// In [`Game::start`] only: the match cannot be, for this reason, which its creator is told. Later it does nothing.
    pub fn refuse(&self, reason: &str) {
        self.refusal.borrow_mut().get_or_insert_with(|| reason.to_owned());
    }

    /// Ends the match with this step. Players still get what was sent in it, and their last views. Only the first
    /// results count.
    pub fn finish(&self, results: Results) {
        self.results.borrow_mut().get_or_insert(results);
    }

    /// Whether new players may still join. They may from the start, while there are seats.
    pub fn set_open(&self, open: bool) {
        self.host.set_open(open);
    }

    /// What the public list of matches shows of this one, as JSON.
    pub fn set_label(&self, json: &str) {
        self.host.set_label(json);
    }

    /// Writes a line to the match's log, for the game's author.
    pub fn log(&self, text: impl AsRef<str>) {
        self.host.log(Level::Info, text.as_ref());
    }

    /// Writes a line of another severity.
    pub fn log_as(&self, level: Level, text: impl AsRef<str>) {
        self.host.log(level, text.as_ref());
    }

    /// Tells the owner's event stream that something of this kind happened, as JSON.
    pub fn report(&self, kind: &str, json: &str) {
        self.host.report(kind, json);
    }

    /// The documents of a player, or with `None` of the game, in all of its matches. None if nobody sits on that seat.
    pub fn storage(&self, of: Option<Seat>) -> Option<Storage<'_>> {
        let player = match of {
            Some(seat) => Some(self.player(seat)?),
            None => None,
        };
        Some(Storage { host: &*self.host, player, first: &self.first_request })
    }

    /// Asks the backend of the game's owner: an endpoint that the owner registered, and JSON of at most 64 KiB. The answer
    /// comes in a later step, to [`Game::called`]. After a crash of the server the backend may be asked once more, under
    /// the same id.
    ///
    /// # Errors
    /// [`StorageError::OverQuota`]: 64 requests wait for their answers. [`StorageError::TooLarge`], [`StorageError::Denied`]: what
    /// is asked for cannot be.
    pub fn call(&self, endpoint: &str, json: &str) -> Result<Request, StorageError> {
        let request = self.host.call(endpoint, json)?;
        self.calls.borrow_mut().insert(request);
        Ok(Request::of(request, &self.first_request))
    }

    // ---- Inside

    /// Whether this instance made the request.
    pub(crate) fn is_own(&self, request: u64) -> bool {
        self.first_request.get().is_some_and(|first| first <= request)
    }

    /// Whether this request was a call; it is answered now.
    pub(crate) fn is_call(&mut self, request: u64) -> bool {
        self.calls.get_mut().remove(&request)
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.results.borrow().is_some()
    }

    fn deliver<M: Message>(&self, to: Target, via: Delivery, message: &M) {
        let mut bytes = vec![MESSAGE];
        encode_into(message, &mut bytes);
        self.put(to, via, &bytes);
    }

    /// Hands bytes to the host. That nobody is there is normal; other refusals the author should hear of, once a step.
    pub(crate) fn put(&self, to: Target, via: Delivery, bytes: &[u8]) {
        let refused = match self.host.send(to, via, bytes) {
            Ok(()) | Err(SendError::NoSuchSeat | SendError::NotConnected) => return,
            Err(SendError::TooLarge) => "it is too large",
            Err(SendError::OverQuota) => "this step has sent too much",
        };
        if !self.complained.replace(true) {
            self.host.log(Level::Warn, &format!("{} bytes to {to:?} were not sent: {refused}", bytes.len()));
        }
    }
}
