//! A player: pages that come and go and other devices, a real client machine on each, and what it was told.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::client::{Client, ClientConfig, Endpoint, Event, Input as Happened, PathId, Transmit};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::Credential;
use stadion_protocol::{CloseCode, Incarnation, Moment};

use crate::game::{Input, Told};
use crate::net::{Arrival, Network, Packet, To, Wire};

/// Players of these stories do not give up.
const GIVE_UP: Duration = Duration::from_secs(100_000);

/// How many ticks a crash may undo: `life::RUN_AHEAD` at 20 Hz.
pub(crate) const UNDONE: u64 = 5;

/// Wires are named by their page and their path there; no page gets near as many.
const PATHS_OF_A_PAGE: u64 = 100_000;

/// A page, with the paths that it has asked for.
struct Page {
    seat: u16,
    number: u64,
    client: Client,
    newest_path: u64,
}

/// See the module's documentation.
pub(crate) struct Player {
    pub(crate) seat: u16,
    /// The newest one.
    page: Page,
    /// On devices that the player has left alone: whoever still holds the seat there is told that it is gone.
    left_alone: Vec<Page>,
    /// The newest page was let in by the server that runs.
    known: bool,
    /// Inputs of this page.
    sent: u64,
    /// Of each page, the newest input that was acknowledged.
    pub(crate) acknowledged: BTreeMap<u64, u64>,
    /// The next message's number; `None`: the game was told that this player knows nothing.
    expected: Option<u64>,
    /// Everything that any page of this player was told.
    told: BTreeMap<u64, Told>,
    incarnation: Incarnation,
    /// Newest tick of an unreliable message in this incarnation.
    seen: u64,
    pub(crate) welcomes: u64,
    pub(crate) fault: Option<String>,
}

impl Player {
    pub(crate) fn new(seat: u16, now: Moment) -> Player {
        let credential = Credential::Join { token: seat.to_string(), nonce: [seat as u8; 16] };
        Player {
            seat,
            page: Page::new(seat, 1, credential, now),
            left_alone: Vec::new(),
            known: false,
            sent: 0,
            acknowledged: BTreeMap::new(),
            expected: None,
            told: BTreeMap::new(),
            incarnation: Incarnation(0),
            seen: 0,
            welcomes: 0,
            fault: None,
        }
    }

    /// The page is loaded again: nothing is kept but the resume token.
    pub(crate) fn reload(&mut self, net: &mut Network, now: Moment) {
        let Some(token) = self.page.client.resume_token() else { return };
        let old = self.turn_page(Credential::Resume(token), now);
        old.cut(net, now);
    }

    /// The player goes on with another device, and leaves this one as it is.
    pub(crate) fn another_device(&mut self, now: Moment) {
        // One that the server does not know yet may come in last, and then the seat is its.
        if !self.known {
            return;
        }
        let token = format!("{} {}", self.seat, self.page.number);
        let old = self.turn_page(Credential::Join { token, nonce: [7; 16] }, now);
        self.left_alone.push(old);
    }

    /// The next session knows nobody. Devices left alone are switched off, or it might let them in again.
    pub(crate) fn server_forgot(&mut self, net: &mut Network, now: Moment) {
        self.listen();
        self.known = false;
        self.left_alone.drain(..).for_each(|page| page.cut(net, now));
    }

    fn turn_page(&mut self, credential: Credential, now: Moment) -> Page {
        (self.sent, self.expected, self.seen, self.incarnation) = (0, None, 0, Incarnation(0));
        self.known = false;
        let next = Page::new(self.seat, self.page.number + 1, credential, now);
        std::mem::replace(&mut self.page, next)
    }

    /// Sends a reliable input, unless too many wait.
    pub(crate) fn send(&mut self) {
        let input = Input { page: self.page.number, number: self.sent + 1 };
        if self.page.client.send(Bytes::from(input.to_bytes())).is_ok() {
            self.sent += 1;
        }
    }

    pub(crate) fn send_unreliable(&mut self, now: Moment) {
        // Not connected: it is dropped, as it may be.
        let _ = self.page.client.send_unreliable(now, Bytes::from_static(b"move"));
    }

    pub(crate) fn arrived(&mut self, now: Moment, arrival: &Arrival) {
        let pages = self.left_alone.iter_mut().chain([&mut self.page]);
        pages.for_each(|page| page.arrived(now, arrival));
    }

    /// Its timers, what it sends, what it was told.
    pub(crate) fn turn(&mut self, net: &mut Network, now: Moment, up: bool) {
        self.page.turn(net, now, up);
        self.listen();
        self.acknowledged.insert(self.page.number, self.sent - self.page.client.unacknowledged() as u64);
        self.turn_left_alone(net, now, up);
    }

    fn listen(&mut self) {
        while let Some(event) = self.page.client.poll_event() {
            if let Err(fault) = self.told(event) {
                self.fault.get_or_insert(format!("player {}, page {}: {fault}", self.seat, self.page.number));
            }
        }
    }

    fn turn_left_alone(&mut self, net: &mut Network, now: Moment, up: bool) {
        for page in &mut self.left_alone {
            page.turn(net, now, up);
            let final_words = std::iter::from_fn(|| page.client.poll_event()).find_map(|event| match event {
                Event::Closed { code, .. } => Some(code),
                _ => None,
            });
            if let Some(code) = final_words.filter(|code| *code != CloseCode::Replaced) {
                self.fault.get_or_insert(format!("a device left alone was told {code:?}"));
            }
        }
        self.left_alone.retain(|page| !page.client.is_closed());
    }

    fn told(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Welcome { incarnation, tick, fresh, .. } => {
                self.welcomes += 1;
                self.known = true;
                self.raised(incarnation, tick.0)?;
                // Ticks are undone under a newer incarnation only: that is how a client knows what to forget.
                if self.seen > tick.0 {
                    return Err(format!("it saw tick {}, and in the same incarnation it is {}", self.seen, tick.0));
                }
                if fresh {
                    self.expected = None;
                }
            }
            Event::Rewound { incarnation, tick } => self.raised(incarnation, tick.0)?,
            Event::Message { data, .. } => self.message(&data)?,
            Event::Unreliable { tick, .. } => self.seen = self.seen.max(tick.0),
            Event::Stalled | Event::Live { .. } => {}
            Event::Moved { .. } | Event::Ended { .. } | Event::Closed { .. } => {
                return Err(format!("it was told {event:?}"));
            }
        }
        Ok(())
    }

    fn raised(&mut self, incarnation: Incarnation, tick: u64) -> Result<(), String> {
        let before = std::mem::replace(&mut self.incarnation, incarnation);
        if incarnation < before {
            return Err(format!("incarnation {} after {}", incarnation.0, before.0));
        }
        if incarnation > before && before.0 > 0 {
            let seen = std::mem::take(&mut self.seen);
            if seen > tick + UNDONE {
                return Err(format!("it saw tick {seen}, and the match goes on after tick {tick}"));
            }
        }
        Ok(())
    }

    fn message(&mut self, data: &[u8]) -> Result<(), String> {
        let told = Told::from_bytes(data).ok_or_else(|| format!("it was told {data:?}"))?;
        match (self.expected, self.told.last_key_value()) {
            (Some(expected), _) if told.number != expected => {
                return Err(format!("message {} instead of {expected}", told.number));
            }
            (None, Some((newest, _))) if told.number <= *newest => {
                return Err(format!("a fresh page is told message {}, the one before had {newest}", told.number));
            }
            _ => {}
        }
        if let Some(before) = self.told.insert(told.number, told).filter(|before| *before != told) {
            return Err(format!("it was told {before:?}, and now {told:?}"));
        }
        self.expected = Some(told.number + 1);
        Ok(())
    }

    /// Everything that was said has arrived, as far as it can know.
    pub(crate) fn is_settled(&self) -> bool {
        self.page.client.unacknowledged() == 0 && self.welcomes > 0
    }

    /// The newest input of the newest page.
    pub(crate) fn newest(&self) -> (u64, u64) {
        (self.page.number, self.sent)
    }

    /// The newest message's number.
    pub(crate) fn newest_told(&self) -> u64 {
        self.told.last_key_value().map_or(0, |(number, _)| *number)
    }
}

impl Page {
    fn new(seat: u16, number: u64, credential: Credential, now: Moment) -> Page {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let endpoints = vec![Endpoint { address, certificate_hashes: Vec::new() }];
        let seed = number << 16 | u64::from(seat);
        let mut config = ClientConfig::new(endpoints, credential, SchemaHash::default(), seed);
        config.timers.give_up = GIVE_UP;
        Page { seat, number, client: Client::new(config, now), newest_path: 0 }
    }

    fn wire(&self, path: PathId) -> Wire {
        Wire { player: u64::from(self.seat), path: self.number * PATHS_OF_A_PAGE + path.0 }
    }

    /// It is switched off.
    fn cut(&self, net: &mut Network, now: Moment) {
        (1..=self.newest_path).for_each(|path| net.cut(now, self.wire(PathId(path))));
    }

    fn arrived(&mut self, now: Moment, arrival: &Arrival) {
        if arrival.wire.path / PATHS_OF_A_PAGE != self.number {
            return;
        }
        let path = PathId(arrival.wire.path % PATHS_OF_A_PAGE);
        let input = match &arrival.packet {
            Packet::Established => Happened::Connected { path, max_datagram: Some(1_121) },
            Packet::Stream(chunk) => Happened::Stream { path, chunk },
            Packet::Datagram(data) => Happened::Datagram { path, data },
            Packet::Closed { code } => Happened::Closed { path, code: *code, reason: "" },
        };
        self.client.handle(now, input);
    }

    /// Its timers, and what it sends.
    fn turn(&mut self, net: &mut Network, now: Moment, up: bool) {
        if self.client.next_timeout().is_some_and(|at| at <= now) {
            self.client.on_timeout(now);
        }
        while let Some(transmit) = self.client.poll_transmit() {
            match transmit {
                Transmit::Connect { path, .. } => {
                    self.newest_path = self.newest_path.max(path.0);
                    net.connect(now, self.wire(path), up);
                }
                Transmit::Stream { path, data } => net.send(now, self.wire(path), To::Server, Packet::Stream(data)),
                Transmit::Datagram { path, data } => net.send(now, self.wire(path), To::Server, Packet::Datagram(data)),
                Transmit::Close { path, code } => {
                    let code = Some(u64::from(code.number()));
                    net.send(now, self.wire(path), To::Server, Packet::Closed { code });
                }
            }
        }
    }
}
