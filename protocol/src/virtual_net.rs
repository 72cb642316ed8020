//! A network of made-up time, for tests and simulations (feature `virtual-net`): datagrams are lost, doubled and overtake
//! each other, streams keep their order, and connections break, fall silent or are held up at any moment. Everything
//! follows from one seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use bytes::Bytes;

use crate::Moment;

/// A small generator (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>), so that a seed tells a whole story.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below a bound that is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.any() % bound
    }

    /// True with this chance of a thousand.
    pub fn permille(&mut self, chance: u64) -> bool {
        self.below(1_000) < chance
    }

    /// A time from `low` to `high`.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        low + Duration::from_nanos(self.below((high - low).as_nanos() as u64 + 1))
    }

    /// Another generator that follows from this one.
    pub fn fork(&mut self) -> Rng {
        Rng(self.any())
    }
}

/// How bad the network is. Chances are of a thousand, each time something is sent.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// A datagram does not arrive.
    pub lost: u64,
    /// A datagram arrives twice.
    pub doubled: u64,
    /// From sending to arriving: at least, at most.
    pub delay: (Duration, Duration),
    /// A connection breaks.
    pub breaks: u64,
    /// A connection carries nothing more, and nobody is told for long.
    pub silences: u64,
    /// A connection is held up for up to three seconds; what it carries arrives afterwards.
    pub holds: u64,
}

impl Weather {
    /// Everything arrives, once, after this time.
    pub const fn fair(delay: Duration) -> Weather {
        Weather { lost: 0, doubled: 0, delay: (delay, delay), breaks: 0, silences: 0, holds: 0 }
    }
}

/// How long until both ends notice that a connection is gone.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);
/// A silent connection is noticed by its idle timeout alone.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_HOLD: Duration = Duration::from_secs(3);

/// Towards which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    /// A player's.
    Client,
    /// The host's.
    Server,
}

/// What arrives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Packet {
    /// The connection is there.
    Established,
    /// Bytes of its stream, in order.
    Stream(Bytes),
    /// One datagram.
    Datagram(Bytes),
    /// It is gone.
    Closed {
        /// As the other end closed it; `None`: nobody did.
        code: Option<u64>,
    },
}

/// An arrival.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival<W> {
    at: Moment,
    order: u64,
    /// On which connection.
    pub wire: W,
    /// At which end.
    pub to: To,
    /// What.
    pub packet: Packet,
}

#[derive(Debug, Default)]
struct Link {
    /// Nothing gets through any more.
    dead: bool,
    held_until: Moment,
    last_stream: BTreeMap<To, Moment>,
}

/// All connections, each named by a `W` that is used once.
#[derive(Debug)]
pub struct Network<W> {
    /// As it is from now on.
    pub weather: Weather,
    rng: Rng,
    links: BTreeMap<W, Link>,
    arrivals: BinaryHeap<Reverse<Arrival<W>>>,
    order: u64,
}

impl<W: Copy + Ord> Network<W> {
    /// One without connections.
    pub fn new(weather: Weather, rng: Rng) -> Network<W> {
        Network { weather, rng, links: BTreeMap::new(), arrivals: BinaryHeap::new(), order: 0 }
    }

    /// A connection is asked for; nobody answers while the server is down.
    pub fn connect(&mut self, now: Moment, wire: W, answered: bool) {
        self.links.insert(wire, Link::default());
        if !answered {
            return self.cut(now, wire);
        }
        let delay = self.delay() + self.delay();
        for to in [To::Server, To::Client] {
            self.arrive(now + delay, wire, to, Packet::Established);
        }
    }

    /// Gives something to a connection; one that is gone takes it and it is lost.
    pub fn send(&mut self, now: Moment, wire: W, to: To, packet: Packet) {
        if !self.alive(wire) {
            return;
        }
        if self.rng.permille(self.weather.breaks) {
            return self.cut(now, wire);
        }
        if self.rng.permille(self.weather.silences) {
            return self.silence(now, wire);
        }
        if self.rng.permille(self.weather.holds) {
            let until = now + self.rng.between(Duration::ZERO, LONGEST_HOLD);
            self.links.entry(wire).or_default().held_until = until;
        }
        match packet {
            Packet::Datagram(_) => {
                let copies = u64::from(!self.rng.permille(self.weather.lost))
                    + u64::from(self.rng.permille(self.weather.doubled));
                for _ in 0..copies {
                    let at = self.passes(now, wire);
                    self.arrive(at, wire, to, packet.clone());
                }
            }
            Packet::Stream(_) | Packet::Established => {
                let at = self.passes(now, wire);
                let last = self.links.entry(wire).or_default().last_stream.entry(to).or_default();
                *last = at.max(*last);
                let at = *last;
                self.arrive(at, wire, to, packet);
            }
            // A close overtakes what was written before it.
            Packet::Closed { .. } => {
                let at = now + self.delay();
                self.links.entry(wire).or_default().dead = true;
                self.arrive(at, wire, to, packet);
            }
        }
    }

    /// The connection breaks now; both ends notice, each when it does.
    pub fn cut(&mut self, now: Moment, wire: W) {
        self.links.entry(wire).or_default().dead = true;
        for to in [To::Client, To::Server] {
            let at = now + self.rng.between(Duration::ZERO, NOTICED_WITHIN);
            self.arrive(at, wire, to, Packet::Closed { code: None });
        }
    }

    /// Everything breaks: the server is gone.
    pub fn cut_all(&mut self, now: Moment) {
        let alive: Vec<W> = self.links.iter().filter(|(_, link)| !link.dead).map(|(wire, _)| *wire).collect();
        alive.into_iter().for_each(|wire| self.cut(now, wire));
    }

    fn silence(&mut self, now: Moment, wire: W) {
        self.links.entry(wire).or_default().dead = true;
        for to in [To::Client, To::Server] {
            self.arrive(now + IDLE_TIMEOUT, wire, to, Packet::Closed { code: None });
        }
    }

    fn alive(&self, wire: W) -> bool {
        self.links.get(&wire).is_some_and(|link| !link.dead)
    }

    /// What arrives by now. What was on its way when its connection broke does not.
    pub fn poll(&mut self, now: Moment) -> Option<Arrival<W>> {
        while self.arrivals.peek().is_some_and(|Reverse(arrival)| arrival.at <= now) {
            let Reverse(arrival) = self.arrivals.pop()?;
            if self.alive(arrival.wire) || matches!(arrival.packet, Packet::Closed { .. }) {
                return Some(arrival);
            }
        }
        None
    }

    /// When something sent now gets through.
    fn passes(&mut self, now: Moment, wire: W) -> Moment {
        let at = now + self.delay();
        at.max(self.links.entry(wire).or_default().held_until)
    }

    fn delay(&mut self) -> Duration {
        let (low, high) = self.weather.delay;
        self.rng.between(low, high)
    }

    fn arrive(&mut self, at: Moment, wire: W, to: To, packet: Packet) {
        self.order += 1;
        self.arrivals.push(Reverse(Arrival { at, order: self.order, wire, to, packet }));
    }
}
