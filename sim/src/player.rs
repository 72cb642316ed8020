//! A player: pages that come and go, a real client machine on each, and what it was told.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::client::{Client, ClientConfig, Endpoint, Event, Input as Happened, PathId, Transmit};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::Credential;
use stadion_protocol::{Incarnation, Moment};

use crate::game::{Input, Told};
use crate::net::{Arrival, Network, Packet, To, Wire};

/// Players of these stories do not give up.
const GIVE_UP: Duration = Duration::from_secs(100_000);

/// How many ticks a crash may undo: `life::RUN_AHEAD` at 20 Hz.
pub(crate) const UNDONE: u64 = 5;

/// See the module's documentation.
pub(crate) struct Player {
    pub(crate) seat: u16,
    client: Client,
    /// Paths of earlier pages.
    paths: u64,
    newest_path: u64,
    page: u64,
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
            client: client(seat, credential, 1, now),
            paths: 0,
            newest_path: 0,
            page: 1,
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
        let Some(token) = self.client.resume_token() else { return };
        for path in self.paths..=self.newest_path {
            net.cut(now, Wire { player: u64::from(self.seat), path });
        }
        self.paths = self.newest_path;
        self.page += 1;
        self.client = client(self.seat, Credential::Resume(token), self.page, now);
        (self.sent, self.expected, self.seen, self.incarnation) = (0, None, 0, Incarnation(0));
    }

    /// Sends a reliable input, unless too many wait.
    pub(crate) fn send(&mut self) {
        let input = Input { page: self.page, number: self.sent + 1 };
        if self.client.send(Bytes::from(input.to_bytes())).is_ok() {
            self.sent += 1;
        }
    }

    pub(crate) fn send_unreliable(&mut self, now: Moment) {
        // Not connected: it is dropped, as it may be.
        let _ = self.client.send_unreliable(now, Bytes::from_static(b"move"));
    }

    pub(crate) fn arrived(&mut self, now: Moment, arrival: &Arrival) {
        let Some(path) = arrival.wire.path.checked_sub(self.paths).filter(|path| *path > 0).map(PathId) else { return };
        let input = match &arrival.packet {
            Packet::Established => Happened::Connected { path, max_datagram: Some(1_121) },
            Packet::Stream(chunk) => Happened::Stream { path, chunk },
            Packet::Datagram(data) => Happened::Datagram { path, data },
            Packet::Closed { code } => Happened::Closed { path, code: *code, reason: "" },
        };
        self.client.handle(now, input);
    }

    /// Its timers, what it sends, what it was told.
    pub(crate) fn turn(&mut self, net: &mut Network, now: Moment, up: bool) {
        if self.client.next_timeout().is_some_and(|at| at <= now) {
            self.client.on_timeout(now);
        }
        while let Some(transmit) = self.client.poll_transmit() {
            let wire = |path: PathId| Wire { player: u64::from(self.seat), path: self.paths + path.0 };
            match transmit {
                Transmit::Connect { path, .. } => {
                    self.newest_path = self.newest_path.max(wire(path).path);
                    net.connect(now, wire(path), up);
                }
                Transmit::Stream { path, data } => net.send(now, wire(path), To::Server, Packet::Stream(data)),
                Transmit::Datagram { path, data } => net.send(now, wire(path), To::Server, Packet::Datagram(data)),
                Transmit::Close { path, code } => {
                    let code = Some(u64::from(code.number()));
                    net.send(now, wire(path), To::Server, Packet::Closed { code });
                }
            }
        }
        while let Some(event) = self.client.poll_event() {
            if let Err(fault) = self.told(event) {
                self.fault.get_or_insert(format!("player {}, page {}: {fault}", self.seat, self.page));
            }
        }
        self.acknowledged.insert(self.page, self.sent - self.client.unacknowledged() as u64);
    }

    fn told(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Welcome { incarnation, tick, fresh, .. } => {
                self.welcomes += 1;
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
        self.client.unacknowledged() == 0 && self.welcomes > 0
    }

    /// The newest input of the newest page.
    pub(crate) fn newest(&self) -> (u64, u64) {
        (self.page, self.sent)
    }

    /// The newest message's number.
    pub(crate) fn newest_told(&self) -> u64 {
        self.told.last_key_value().map_or(0, |(number, _)| *number)
    }
}

fn client(seat: u16, credential: Credential, page: u64, now: Moment) -> Client {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let endpoints = vec![Endpoint { address, certificate_hashes: Vec::new() }];
    let mut config = ClientConfig::new(endpoints, credential, SchemaHash::default(), page << 16 | u64::from(seat));
    config.timers.give_up = GIVE_UP;
    Client::new(config, now)
}
