//! A network of made-up time: datagrams are lost, doubled and overtake each other, streams keep their order, and
//! connections break or fall silent at any moment. Everything follows from one seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::Moment;
use stadion_protocol::client::PathId;

/// A small generator (SplitMix64), so that a seed tells a whole story.
#[derive(Debug)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn permille(&mut self, chance: u64) -> bool {
        self.below(1_000) < chance
    }

    pub(crate) fn between(&mut self, low: Duration, high: Duration) -> Duration {
        low + Duration::from_nanos(self.below((high - low).as_nanos() as u64 + 1))
    }
}

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) lost_permille: u64,
    pub(crate) doubled_permille: u64,
    pub(crate) delay: (Duration, Duration),
    /// Chance of a connection to break, each time something is sent on it.
    pub(crate) break_permille: u64,
    /// Chance of a connection to fall silent, each time something is sent on it.
    pub(crate) silence_permille: u64,
    /// Chance of a connection to be held up for up to three seconds, each time something is sent on it. What it carries
    /// arrives afterwards.
    pub(crate) hold_permille: u64,
    /// How long until both ends notice that a connection is gone.
    pub(crate) noticed_after: (Duration, Duration),
}

impl Weather {
    pub(crate) const FAIR: Weather = Weather {
        lost_permille: 0,
        doubled_permille: 0,
        delay: (Duration::from_millis(20), Duration::from_millis(20)),
        break_permille: 0,
        silence_permille: 0,
        hold_permille: 0,
        noticed_after: (Duration::ZERO, Duration::ZERO),
    };
}

/// Towards which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum To {
    Client,
    Server,
}

/// What arrives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Packet {
    Established,
    Stream(Bytes),
    Datagram(Bytes),
    Closed { code: Option<u64> },
}

/// An arrival.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrival {
    pub(crate) at: Moment,
    order: u64,
    pub(crate) path: PathId,
    pub(crate) to: To,
    pub(crate) packet: Packet,
}

#[derive(Debug, Default)]
struct Link {
    /// Nothing gets through any more.
    dead: bool,
    held_until: Moment,
    last_stream: BTreeMap<To, Moment>,
}

/// All connections between one client and one server.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) weather: Weather,
    rng: Rng,
    links: BTreeMap<PathId, Link>,
    arrivals: BinaryHeap<Reverse<Arrival>>,
    order: u64,
}

impl Network {
    pub(crate) fn new(weather: Weather, seed: u64) -> Network {
        Network { weather, rng: Rng(seed), links: BTreeMap::new(), arrivals: BinaryHeap::new(), order: 0 }
    }

    pub(crate) fn connect(&mut self, now: Moment, path: PathId) {
        self.links.insert(path, Link::default());
        let delay = self.delay() + self.delay();
        for to in [To::Server, To::Client] {
            self.arrive(now + delay, path, to, Packet::Established);
        }
    }

    pub(crate) fn send(&mut self, now: Moment, path: PathId, to: To, packet: Packet) {
        if !self.alive(path) {
            return;
        }
        if self.rng.permille(self.weather.break_permille) {
            return self.cut(now, path);
        }
        if self.rng.permille(self.weather.silence_permille) {
            return self.silence(now, path);
        }
        if self.rng.permille(self.weather.hold_permille) {
            let until = now + self.rng.between(Duration::ZERO, Duration::from_secs(3));
            self.links.entry(path).or_default().held_until = until;
        }
        match packet {
            Packet::Datagram(_) => {
                let copies = u64::from(!self.rng.permille(self.weather.lost_permille))
                    + u64::from(self.rng.permille(self.weather.doubled_permille));
                for _ in 0..copies {
                    let at = self.passes(now, path);
                    self.arrive(at, path, to, packet.clone());
                }
            }
            Packet::Stream(_) | Packet::Established => {
                let at = self.passes(now, path);
                let last = self.links.entry(path).or_default().last_stream.entry(to).or_default();
                *last = at.max(*last);
                let at = *last;
                self.arrive(at, path, to, packet);
            }
            // A close overtakes what was written before it.
            Packet::Closed { .. } => {
                let at = now + self.delay();
                self.links.entry(path).or_default().dead = true;
                self.arrive(at, path, to, packet);
            }
        }
    }

    /// The connection breaks now; both ends notice, each when it does.
    pub(crate) fn cut(&mut self, now: Moment, path: PathId) {
        self.links.entry(path).or_default().dead = true;
        let (low, high) = self.weather.noticed_after;
        for to in [To::Client, To::Server] {
            let at = now + self.rng.between(low, high);
            self.arrive(at, path, to, Packet::Closed { code: None });
        }
    }

    /// The connection carries nothing from now on; both ends notice by their idle timeout alone.
    pub(crate) fn silence(&mut self, now: Moment, path: PathId) {
        self.links.entry(path).or_default().dead = true;
        for to in [To::Client, To::Server] {
            self.arrive(now + Duration::from_secs(10), path, to, Packet::Closed { code: None });
        }
    }

    pub(crate) fn alive(&self, path: PathId) -> bool {
        self.links.get(&path).is_some_and(|link| !link.dead)
    }

    pub(crate) fn next_arrival(&self) -> Option<Moment> {
        self.arrivals.peek().map(|Reverse(arrival)| arrival.at)
    }

    /// What arrives by now. What was on its way when its connection broke does not.
    pub(crate) fn poll(&mut self, now: Moment) -> Option<Arrival> {
        while self.next_arrival().is_some_and(|at| at <= now) {
            let Reverse(arrival) = self.arrivals.pop()?;
            if self.alive(arrival.path) || matches!(arrival.packet, Packet::Closed { .. }) {
                return Some(arrival);
            }
        }
        None
    }

    /// When something sent now gets through.
    fn passes(&mut self, now: Moment, path: PathId) -> Moment {
        let at = now + self.delay();
        at.max(self.links.entry(path).or_default().held_until)
    }

    fn delay(&mut self) -> Duration {
        let (low, high) = self.weather.delay;
        self.rng.between(low, high)
    }

    fn arrive(&mut self, at: Moment, path: PathId, to: To, packet: Packet) {
        self.order += 1;
        self.arrivals.push(Reverse(Arrival { at, order: self.order, path, to, packet }));
    }
}
