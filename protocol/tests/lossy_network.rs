//! Client and server machines against each other over a network that loses, doubles, reorders, breaks and falls silent,
//! with a reference model of what was said.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use stadion_protocol::client::{Client, ClientConfig, Endpoint, Event, Input, PathId, SendError, Transmit};
use stadion_protocol::server::{
    Accepted, Connection, ConnectionConfig, InputLimits, Pushed, Received, SeatLink, Speakers,
};
use stadion_protocol::token::{ResumeToken, SchemaHash};
use stadion_protocol::virtual_net::{self, Packet, Rng, To, Weather};
use stadion_protocol::wire::{Credential, Hello, ServerFrame, Welcome};
use stadion_protocol::{CloseCode, Incarnation, MatchId, Moment, Seat, Tick};

type Network = virtual_net::Network<PathId>;
type Arrival = virtual_net::Arrival<PathId>;

const FAIR: Weather = Weather::fair(Duration::from_millis(20));

/// A payload that shows when it was cut or mixed up: its number, then bytes that follow from it.
fn payload(number: u64, len: usize) -> Bytes {
    let tail = (0..len).map(|i| (number as usize).wrapping_mul(31).wrapping_add(i) as u8);
    number.to_le_bytes().into_iter().chain(tail).collect()
}

fn number_of(data: &Bytes) -> u64 {
    let number = u64::from_le_bytes(data[..8].try_into().unwrap());
    assert_eq!(*data, payload(number, data.len() - 8), "a payload was damaged");
    number
}

/// The match and its gateway, as simple as they can be: one seat.
struct Server {
    link: SeatLink,
    incarnation: u32,
    tick: u64,
    connections: BTreeMap<PathId, Connection>,
    live: Option<PathId>,
    speakers: Speakers,
    nonce: Option<[u8; 16]>,
    tokens: Vec<[u8; 16]>,
    next_token: u8,
    /// What the game has seen, with the number each came under.
    inputs: Vec<u64>,
    unreliable_inputs: BTreeSet<u64>,
    /// When inputs up to a number become durable.
    becoming_durable: VecDeque<(Moment, u64)>,
    sent: u64,
    /// The first message that was said since the client was last told to start afresh.
    fresh_from: u64,
    unreliable_sent: u64,
}

impl Server {
    fn new() -> Server {
        Server {
            link: SeatLink::new(),
            incarnation: 1,
            tick: 0,
            connections: BTreeMap::new(),
            live: None,
            speakers: Speakers::default(),
            nonce: None,
            tokens: Vec::new(),
            next_token: 0,
            inputs: Vec::new(),
            unreliable_inputs: BTreeSet::new(),
            becoming_durable: VecDeque::new(),
            sent: 0,
            fresh_from: 0,
            unreliable_sent: 0,
        }
    }

    fn admit(&mut self, credential: &Credential) {
        match credential {
            Credential::Join { token, nonce } => {
                assert_eq!(token, "join");
                assert_eq!(self.nonce.get_or_insert(*nonce), nonce, "an honest retry has the same nonce");
            }
            Credential::Resume(token) => {
                let at = self.tokens.iter().position(|known| *known == token.secret).expect("a token that was given");
                // Older tokens are dead once a newer one was used.
                self.tokens.drain(..at);
            }
        }
    }

    fn write(&self, net: &mut Network, now: Moment, path: PathId, frame: &ServerFrame) {
        net.send(now, path, To::Client, Packet::Stream(self.connections[&path].frame(frame)));
    }

    fn write_live(&self, net: &mut Network, now: Moment, frame: &ServerFrame) {
        if let Some(path) = self.live {
            self.write(net, now, path, frame);
        }
    }

    fn close(&mut self, net: &mut Network, now: Moment, path: PathId, code: CloseCode) {
        self.connections.remove(&path);
        net.send(now, path, To::Client, Packet::Closed { code: Some(u64::from(code.number())) });
    }

    fn hello(&mut self, net: &mut Network, now: Moment, path: PathId, hello: &Hello) {
        assert!(hello.incarnation <= self.incarnation);
        if let Err(code) = self.speakers.judge(hello.speaker, self.live.is_some()) {
            return self.close(net, now, path, code);
        }
        self.admit(&hello.credential);
        let code = self.speakers.take(hello.speaker);
        if let Some(old) = self.live.replace(path) {
            self.close(net, now, old, code);
        }
        let resumed = self.link.resume(hello.fresh, hello.last_out_seq).expect("an honest client");
        if resumed.fresh {
            let predecessor = hello.last_out_seq < self.fresh_from;
            assert!(hello.fresh || predecessor, "only what a fresh start dropped makes another one needed");
            self.fresh_from = self.sent;
        }
        let welcome = Welcome {
            seat: Seat(3),
            incarnation: Incarnation(self.incarnation),
            tick: Tick(self.tick),
            in_seq: resumed.in_seq,
            next_out_seq: resumed.next_out_seq,
            fresh: resumed.fresh,
            rate: 20,
        };
        self.write(net, now, path, &ServerFrame::Welcome(welcome));
        for held in self.link.unacknowledged() {
            let frame = ServerFrame::Message { out_seq: held.out_seq, tick: held.tick, data: held.data.clone() };
            self.write(net, now, path, &frame);
        }
        self.next_token += 1;
        let secret = [self.next_token; 16];
        self.tokens.push(secret);
        let token = ResumeToken { match_id: MatchId([1; 16]), seat: Seat(3), secret };
        self.write(net, now, path, &ServerFrame::ResumeToken(token));
    }

    fn arrived(&mut self, net: &mut Network, now: Moment, arrival: &Arrival, commit: Duration) {
        let path = arrival.wire;
        if arrival.packet == Packet::Established {
            let limits = InputLimits {
                messages_per_second: 100_000,
                messages_burst: 100_000,
                bytes_per_second: 1 << 30,
                bytes_burst: 1 << 30,
            };
            self.connections
                .insert(path, Connection::new(ConnectionConfig { limits, ..ConnectionConfig::default() }, now));
        }
        let Some(connection) = self.connections.get_mut(&path) else { return };
        match &arrival.packet {
            Packet::Established => {}
            Packet::Stream(bytes) => connection.on_stream(now, bytes).expect("an honest client"),
            Packet::Datagram(bytes) => connection.on_datagram(now, bytes).expect("an honest client"),
            Packet::Closed { .. } => {
                self.connections.remove(&path);
                self.live = self.live.filter(|live| *live != path);
            }
        }
        while let Some(received) = self.connections.get_mut(&path).and_then(Connection::poll_received) {
            self.received(net, now, (path, received), commit);
        }
        while let Some(reply) = self.connections.get_mut(&path).and_then(Connection::poll_reply) {
            net.send(now, path, To::Client, Packet::Stream(reply));
        }
    }

    fn received(&mut self, net: &mut Network, now: Moment, (path, received): (PathId, Received), commit: Duration) {
        match received {
            Received::Hello(hello) => self.hello(net, now, path, &hello),
            _ if self.live != Some(path) => {}
            Received::Input { in_seq, data } => match self.link.accept(in_seq) {
                Accepted::Next => {
                    self.inputs.push(number_of(&data));
                    self.becoming_durable.push_back((now + commit, in_seq));
                }
                Accepted::Duplicate => {}
                Accepted::Gap => panic!("a gap before input {in_seq}"),
            },
            Received::Unreliable { data } => {
                assert!(self.unreliable_inputs.insert(number_of(&data)), "an unreliable input came twice");
            }
            Received::Ack { out_seq } => self.link.ack(out_seq).expect("an honest client"),
            Received::Quality(_) => {}
            Received::Leave => panic!("nobody left"),
        }
    }

    fn commit_due(&mut self, net: &mut Network, now: Moment) {
        while self.becoming_durable.front().is_some_and(|(at, _)| *at <= now) {
            let (_, in_seq) = self.becoming_durable.pop_front().unwrap();
            if let Some(in_seq) = self.link.make_durable(in_seq) {
                self.write_live(net, now, &ServerFrame::Ack { in_seq });
            }
        }
    }

    fn say(&mut self, net: &mut Network, now: Moment, len: usize) {
        self.tick += 1;
        let data = payload(self.sent, len);
        self.sent += 1;
        let Pushed::Kept { out_seq } = self.link.push(Tick(self.tick), data.clone()) else { panic!("overflow") };
        self.write_live(net, now, &ServerFrame::Message { out_seq, tick: Tick(self.tick), data });
    }

    fn say_unreliable(&mut self, net: &mut Network, now: Moment, len: usize) {
        let data = payload(self.unreliable_sent, len);
        self.unreliable_sent += 1;
        let Some(path) = self.live else { return };
        let connection = self.connections.get_mut(&path).unwrap();
        let datagrams: Vec<Bytes> =
            connection.unreliable(Incarnation(self.incarnation), Tick(self.tick), data).unwrap().collect();
        datagrams.into_iter().for_each(|datagram| net.send(now, path, To::Client, Packet::Datagram(datagram)));
    }

    /// The host dies and the match is recovered: what was not durable did not happen.
    fn crash(&mut self, net: &mut Network, now: Moment) {
        let mut state = self.link.state();
        self.inputs.truncate(self.inputs.len() - (state.accepted - state.durable) as usize);
        state.accepted = state.durable;
        self.link = SeatLink::restore(state);
        self.becoming_durable.clear();
        self.incarnation += 1;
        self.live = None;
        for path in std::mem::take(&mut self.connections).into_keys() {
            net.cut(now, path);
        }
    }
}

/// The whole world of one story.
struct World {
    now: Moment,
    net: Network,
    rng: Rng,
    client: Client,
    server: Server,
    inputs_sent: u64,
    unreliable_sent: u64,
    messages: Vec<u64>,
    unreliable_messages: BTreeSet<u64>,
    welcomes: u32,
    incarnation: Incarnation,
}

const STEP: Duration = Duration::from_millis(5);

impl World {
    fn new(weather: Weather, seed: u64) -> World {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let endpoints = vec![Endpoint { address, certificate_hashes: Vec::new() }];
        let join = Credential::Join { token: "join".into(), nonce: [7; 16] };
        let mut config = ClientConfig::new(endpoints, join, SchemaHash::default(), seed);
        config.timers.give_up = Duration::from_secs(300);
        World {
            now: Moment(1),
            net: Network::new(weather, Rng::new(seed ^ 1)),
            rng: Rng::new(seed ^ 2),
            client: Client::new(config, Moment(1)),
            server: Server::new(),
            inputs_sent: 0,
            unreliable_sent: 0,
            messages: Vec::new(),
            unreliable_messages: BTreeSet::new(),
            welcomes: 0,
            incarnation: Incarnation(0),
        }
    }

    fn run(&mut self, time: Duration, mut each_step: impl FnMut(&mut World)) {
        let end = self.now + time;
        while self.now < end {
            self.now = self.now + STEP;
            each_step(self);
            self.server.commit_due(&mut self.net, self.now);
            while let Some(arrival) = self.net.poll(self.now) {
                match arrival.to {
                    To::Client => self.deliver(&arrival),
                    To::Server => {
                        let commit = self.rng.between(Duration::ZERO, Duration::from_millis(300));
                        self.server.arrived(&mut self.net, self.now, &arrival, commit);
                    }
                }
                self.drain();
            }
            if self.client.next_timeout().is_some_and(|at| at <= self.now) {
                self.client.on_timeout(self.now);
                let next = self.client.next_timeout().expect("it never gives up here");
                assert!(next > self.now, "a timer that does not move on");
            }
            self.drain();
        }
    }

    fn deliver(&mut self, arrival: &Arrival) {
        let path = arrival.wire;
        let input = match &arrival.packet {
            Packet::Established => Input::Connected { path, max_datagram: Some(1_121) },
            Packet::Stream(chunk) => Input::Stream { path, chunk },
            Packet::Datagram(data) => Input::Datagram { path, data },
            Packet::Closed { code } => Input::Closed { path, code: *code, reason: "" },
        };
        self.client.handle(self.now, input);
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.client.poll_transmit() {
            match transmit {
                Transmit::Connect { path, .. } => self.net.connect(self.now, path, true),
                Transmit::Stream { path, data } => self.net.send(self.now, path, To::Server, Packet::Stream(data)),
                Transmit::Datagram { path, data } => self.net.send(self.now, path, To::Server, Packet::Datagram(data)),
                Transmit::Close { path, code } => {
                    let code = Some(u64::from(code.number()));
                    self.net.send(self.now, path, To::Server, Packet::Closed { code });
                }
            }
        }
        while let Some(event) = self.client.poll_event() {
            self.event(event);
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Welcome { seat, incarnation, fresh, .. } => {
                assert_eq!(seat, Seat(3));
                assert!(incarnation >= self.incarnation, "a session that was replaced spoke");
                if fresh {
                    self.messages.clear();
                }
                self.incarnation = incarnation;
                self.welcomes += 1;
            }
            Event::Message { data, .. } => self.messages.push(number_of(&data)),
            Event::Unreliable { data, .. } => {
                assert!(self.unreliable_messages.insert(number_of(&data)), "an unreliable message came twice");
            }
            Event::Rewound { incarnation, .. } => assert!(incarnation > self.incarnation),
            Event::Stalled | Event::Live { .. } => {}
            Event::Moved { .. } | Event::Ended { .. } | Event::Closed { .. } => panic!("unexpected {event:?}"),
        }
    }

    /// A random word from one side to the other.
    fn chatter(&mut self) {
        let len = if self.rng.permille(50) { self.rng.below(6_000) } else { self.rng.below(100) } as usize;
        match self.rng.below(40) {
            0..=3 => match self.client.send(payload(self.inputs_sent, len)) {
                Ok(()) => self.inputs_sent += 1,
                Err(SendError::Full) => {}
                Err(error) => panic!("{error}"),
            },
            4..=7 => match self.client.send_unreliable(self.now, payload(self.unreliable_sent, len)) {
                Ok(()) => self.unreliable_sent += 1,
                Err(SendError::NotConnected) => {}
                Err(error) => panic!("{error}"),
            },
            // A client that is away for long must not overflow its queue here: that is another story.
            8..=11 if self.server.link.unacknowledged().len() < 40 => self.server.say(&mut self.net, self.now, len),
            12..=15 => self.server.say_unreliable(&mut self.net, self.now, len),
            _ => {}
        }
    }

    /// Everything that was said arrives once the weather is fair.
    fn settle(&mut self) {
        self.net.weather = FAIR;
        self.run(Duration::from_secs(40), |_| {});
        assert_eq!(self.server.inputs, (0..self.inputs_sent).collect::<Vec<_>>());
        assert_eq!(self.messages, (self.server.fresh_from..self.server.sent).collect::<Vec<_>>());
        assert_eq!(self.client.unacknowledged(), 0);
        assert!(self.server.link.all_acknowledged());
    }
}

fn weather() -> impl Strategy<Value = Weather> {
    (0..400u64, 0..200u64, 1..150u64, 0..150u64, (0..20u64, 0..10u64, 0..10u64)).prop_map(
        |(lost, doubled, delay, spread, (breaks, silences, holds))| Weather {
            lost,
            doubled,
            delay: (Duration::from_millis(delay), Duration::from_millis(delay + spread)),
            breaks,
            silences,
            holds,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_network_does_everything_reliable_arrives_once_and_in_order(weather in weather(), seed: u64) {
        let mut world = World::new(weather, seed);
        world.run(Duration::from_secs(15), World::chatter);
        world.settle();
    }

    #[test]
    fn whenever_the_host_dies_nothing_acknowledged_is_lost(weather in weather(), seed: u64) {
        let mut world = World::new(weather, seed);
        world.run(Duration::from_secs(15), |world| {
            world.chatter();
            if world.rng.below(800) == 0 {
                world.server.crash(&mut world.net, world.now);
            }
        });
        world.settle();
    }
}

#[test]
fn on_a_fair_network_one_connection_is_enough() {
    let mut world = World::new(FAIR, 1);
    world.run(Duration::from_secs(15), World::chatter);
    assert_eq!(world.welcomes, 1);
    world.settle();
    assert_eq!(world.server.unreliable_inputs.len() as u64, world.unreliable_sent);
    let first = *world.unreliable_messages.first().unwrap();
    assert_eq!(world.unreliable_messages.len() as u64, world.server.unreliable_sent - first, "all since it was there");
}

#[test]
fn an_idle_connection_stays_live() {
    let mut world = World::new(FAIR, 1);
    world.run(Duration::from_secs(60), |_| {});
    assert_eq!(world.welcomes, 1);
    assert!(world.client.round_trip().unwrap() >= Duration::from_millis(40));
}
