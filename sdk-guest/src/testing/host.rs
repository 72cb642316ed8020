//! A host that only takes notes.

use std::cell::{Cell, RefCell};

use super::documents::Place;
use crate::raw::{Delivery, Event, Host, Level, Limits, Placing, Request, RequestError, SendError, Setup, Target};

/// The longest name and the most bytes of a document, and of a call.
const DOCUMENT: (usize, usize) = (256, 256 * 1024);
/// See [`DOCUMENT`].
const CALL: (usize, usize) = (64, 64 * 1024);

/// What a game asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Output {
    Send { to: Target, via: Delivery, data: Vec<u8> },
    Kick { seat: u16, reason: String },
    Label(String),
    Open(bool),
    Finish { placings: Vec<Placing>, data: Vec<u8> },
    Log { level: Level, text: String },
    Report { kind: String, json: String },
    Get { request: Request, place: Place },
    Put { request: Request, place: Place, expect: Option<u64>, data: Vec<u8> },
    Delete { request: Request, place: Place, expect: Option<u64> },
    Call { request: Request, endpoint: String, json: String },
}

pub(super) struct TestHost {
    outputs: RefCell<Vec<Output>>,
    /// By seat.
    connected: RefCell<Vec<bool>>,
    limits: Limits,
    sent: Cell<u32>,
    requests: Cell<Request>,
    /// Requests without an answer.
    open: Cell<u32>,
}

/// Whether an output for `to` is for the seat at `index`, if that one is connected.
pub(super) fn reaches(to: Target, index: usize) -> bool {
    match to {
        Target::Seat(seat) => usize::from(seat) == index,
        Target::Everyone => true,
        Target::Spectators => false,
    }
}

impl TestHost {
    pub(super) fn new(setup: &Setup) -> TestHost {
        TestHost {
            outputs: RefCell::default(),
            connected: RefCell::new(vec![false; usize::from(setup.seats)]),
            limits: setup.limits,
            sent: Cell::new(0),
            requests: Cell::new(0),
            open: Cell::new(0),
        }
    }

    /// A tick with these events begins: who is connected as of it.
    pub(super) fn begin(&self, events: &[Event]) {
        self.sent.set(0);
        let mut connected = self.connected.borrow_mut();
        for event in events {
            match event {
                Event::Connected(presence) => connected[usize::from(presence.seat)] = true,
                Event::Disconnected(seat) | Event::Left((seat, _)) => connected[usize::from(*seat)] = false,
                Event::Answer(_) => self.open.set(self.open.get().saturating_sub(1)),
                _ => {}
            }
        }
    }

    pub(super) fn take(&self) -> Vec<Output> {
        self.outputs.take()
    }

    fn push(&self, output: Output) {
        self.outputs.borrow_mut().push(output);
    }

    fn connected(&self, seat: u16) -> Result<(), SendError> {
        match self.connected.borrow().get(usize::from(seat)) {
            None => Err(SendError::NoSuchSeat),
            Some(false) => Err(SendError::NotConnected),
            Some(true) => Ok(()),
        }
    }

    /// Numbers a request, within the bounds of the contract.
    fn request(&self, name: &str, most: (usize, usize), bytes: usize) -> Result<Request, RequestError> {
        if name.is_empty() {
            return Err(RequestError::Denied);
        }
        if name.len() > most.0 || bytes > most.1 {
            return Err(RequestError::TooLarge);
        }
        if self.open.get() >= self.limits.requests_open {
            return Err(RequestError::OverQuota);
        }
        self.open.set(self.open.get() + 1);
        self.requests.set(self.requests.get() + 1);
        Ok(self.requests.get())
    }
}

impl Host for TestHost {
    fn send(&self, to: Target, via: Delivery, data: &[u8]) -> Result<(), SendError> {
        if let Target::Seat(seat) = to {
            self.connected(seat)?;
        }
        let limit = match via {
            Delivery::Reliable => self.limits.reliable_bytes,
            Delivery::Unreliable => self.limits.unreliable_bytes,
        };
        if data.len() > limit as usize {
            return Err(SendError::TooLarge);
        }
        self.sent.set(self.sent.get() + 1);
        if self.sent.get() > self.limits.sends_per_tick {
            return Err(SendError::OverQuota);
        }
        self.push(Output::Send { to, via, data: data.to_vec() });
        Ok(())
    }

    fn kick(&self, seat: u16, reason: &str) -> Result<(), SendError> {
        self.push(Output::Kick { seat, reason: reason.to_owned() });
        Ok(())
    }

    fn set_label(&self, json: &str) {
        self.push(Output::Label(json.to_owned()));
    }

    fn set_open(&self, open: bool) {
        self.push(Output::Open(open));
    }

    fn finish(&self, placings: &[Placing], data: &[u8]) {
        self.push(Output::Finish { placings: placings.to_vec(), data: data.to_vec() });
    }

    fn log(&self, level: Level, text: &str) {
        self.push(Output::Log { level, text: text.to_owned() });
    }

    fn report(&self, kind: &str, json: &str) {
        self.push(Output::Report { kind: kind.to_owned(), json: json.to_owned() });
    }

    fn get(&self, player: Option<&str>, key: &str) -> Result<Request, RequestError> {
        let request = self.request(key, DOCUMENT, 0)?;
        self.push(Output::Get { request, place: place(player, key) });
        Ok(request)
    }

    fn put(&self, player: Option<&str>, key: &str, expect: Option<u64>, data: &[u8]) -> Result<Request, RequestError> {
        let request = self.request(key, DOCUMENT, data.len())?;
        self.push(Output::Put { request, place: place(player, key), expect, data: data.to_vec() });
        Ok(request)
    }

    fn delete(&self, player: Option<&str>, key: &str, expect: Option<u64>) -> Result<Request, RequestError> {
        let request = self.request(key, DOCUMENT, 0)?;
        self.push(Output::Delete { request, place: place(player, key), expect });
        Ok(request)
    }

    fn call(&self, endpoint: &str, json: &str) -> Result<Request, RequestError> {
        let request = self.request(endpoint, CALL, json.len())?;
        self.push(Output::Call { request, endpoint: endpoint.to_owned(), json: json.to_owned() });
        Ok(request)
    }
}

fn place(player: Option<&str>, key: &str) -> Place {
    (player.map(str::to_owned), key.to_owned())
}
