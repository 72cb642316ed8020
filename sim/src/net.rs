//! A network of made-up time: datagrams are lost, doubled and overtake each other, streams keep their order, and
//! connections break, fall silent or are held up at any moment.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::Moment;

use crate::rng::Rng;

/// How bad the network is. Chances are of a thousand, each time something is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) delay: (Duration, Duration),
    /// A connection breaks.
    pub(crate) breaks: u64,
    /// A connection carries nothing more, and nobody is told for long.
    pub(crate) silences: u64,
    /// A connection is held up for up to three seconds; what it carries arrives afterwards.
    pub(crate) holds: u64,
}

impl Weather {
    pub(crate) const FAIR: Weather = Weather {
        lost: 0,
        doubled: 0,
        delay: (Duration::from_millis(10), Duration::from_millis(10)),
        breaks: 0,
        silences: 0,
        holds: 0,
    };

    pub(crate) fn any(rng: &mut Rng) -> Weather {
        let delay = Duration::from_millis(1 + rng.below(100));
        Weather {
            lost: rng.below(400),
            doubled: rng.below(200),
            delay: (delay, delay + Duration::from_millis(rng.below(100))),
            breaks: rng.below(8),
            silences: rng.below(4),
            holds: rng.below(6),
        }
    }
}

/// How long until both ends notice that a connection is gone.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);
/// A silent connection is noticed by its idle timeout alone.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_HOLD: Duration = Duration::from_secs(3);

/// One connection: of which player, and its path there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wire {
    pub(crate) player: u64,
    /// Counted over all pages of the player.
    pub(crate) path: u64,
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
    at: Moment,
    order: u64,
    pub(crate) wire: Wire,
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

/// All connections.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) weather: Weather,
    rng: Rng,
    links: BTreeMap<Wire, Link>,
    arrivals: BinaryHeap<Reverse<Arrival>>,
    order: u64,
}

impl Network {
    pub(crate) fn new(weather: Weather, rng: Rng) -> Network {
        Network { weather, rng, links: BTreeMap::new(), arrivals: BinaryHeap::new(), order: 0 }
    }

    /// A connection is asked for; nobody answers while the server is down.
    pub(crate) fn connect(&mut self, now: Moment, wire: Wire, answered: bool) {
        self.links.insert(wire, Link::default());
        if !answered {
            return self.cut(now, wire);
        }
        let delay = self.delay() + self.delay();
        for to in [To::Server, To::Client] {
            self.arrive(now + delay, wire, to, Packet::Established);
        }
    }

    pub(crate) fn send(&mut self, now: Moment, wire: Wire, to: To, packet: Packet) {
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
    pub(crate) fn cut(&mut self, now: Moment, wire: Wire) {
        self.links.entry(wire).or_default().dead = true;
        for to in [To::Client, To::Server] {
            let at = now + self.rng.between(Duration::ZERO, NOTICED_WITHIN);
            self.arrive(at, wire, to, Packet::Closed { code: None });
        }
    }

    /// Everything breaks: the server is gone.
    pub(crate) fn cut_all(&mut self, now: Moment) {
        let alive: Vec<Wire> = self.links.iter().filter(|(_, link)| !link.dead).map(|(wire, _)| *wire).collect();
        alive.into_iter().for_each(|wire| self.cut(now, wire));
    }

    fn silence(&mut self, now: Moment, wire: Wire) {
        self.links.entry(wire).or_default().dead = true;
        for to in [To::Client, To::Server] {
            self.arrive(now + IDLE_TIMEOUT, wire, to, Packet::Closed { code: None });
        }
    }

    fn alive(&self, wire: Wire) -> bool {
        self.links.get(&wire).is_some_and(|link| !link.dead)
    }

    /// What arrives by now. What was on its way when its connection broke does not.
    pub(crate) fn poll(&mut self, now: Moment) -> Option<Arrival> {
        while self.arrivals.peek().is_some_and(|Reverse(arrival)| arrival.at <= now) {
            let Reverse(arrival) = self.arrivals.pop()?;
            if self.alive(arrival.wire) || matches!(arrival.packet, Packet::Closed { .. }) {
                return Some(arrival);
            }
        }
        None
    }

    /// When something sent now gets through.
    fn passes(&mut self, now: Moment, wire: Wire) -> Moment {
        let at = now + self.delay();
        at.max(self.links.entry(wire).or_default().held_until)
    }

    fn delay(&mut self) -> Duration {
        let (low, high) = self.weather.delay;
        self.rng.between(low, high)
    }

    fn arrive(&mut self, at: Moment, wire: Wire, to: To, packet: Packet) {
        self.order += 1;
        self.arrivals.push(Reverse(Arrival { at, order: self.order, wire, to, packet }));
    }
}
