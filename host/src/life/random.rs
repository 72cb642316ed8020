//! Random lives, checked against what must always hold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use stadion_protocol::Seat;
use stadion_protocol::contract::EndReason;
use stadion_protocol::server::{SeatLink, SeatLinkState};
use stadion_protocol::token::ResumeToken;

use super::host_state::SeatRecord;
use super::testing::{Log, World, join, reliable, resume, spec, stepped, unreliable};
use super::{HostState, MAX_EVENTS, MAX_UNCOMMITTED};
use crate::journal::{Link, Reader, Record, Writer};
use crate::link::{ConnId, FromPlayer, ToPlayer};
use crate::model::{Event, Output, Stepped, Target, Wake};

#[derive(Clone, Debug)]
enum Act {
    Pass(u16),
    Join(u16, u8),
    Resume(u16, u8),
    Input(u16),
    Skip(u16),
    Ack(u16),
    Close(u16),
    Leave(u16),
    Seal,
    Return(u8, Vec<u8>),
    Sync,
    Trap,
    End,
    Crash,
}

fn act() -> impl Strategy<Value = Act> {
    let seat = 0..3u16;
    prop_oneof![
        8 => (0..2_000u16).prop_map(Act::Pass),
        4 => (seat.clone(), 0..3u8).prop_map(|(s, n)| Act::Join(s, n)),
        4 => (seat.clone(), 0..3u8).prop_map(|(s, n)| Act::Resume(s, n)),
        6 => seat.clone().prop_map(Act::Input),
        1 => seat.clone().prop_map(Act::Skip),
        4 => seat.clone().prop_map(Act::Ack),
        2 => seat.clone().prop_map(Act::Close),
        1 => seat.prop_map(Act::Leave),
        10 => Just(Act::Seal),
        10 => (0..4u8, proptest::collection::vec(0..7u8, 0..4)).prop_map(|(w, o)| Act::Return(w, o)),
        6 => Just(Act::Sync),
        1 => Just(Act::Trap),
        1 => Just(Act::End),
        2 => Just(Act::Crash),
    ]
}

/// What a client would know.
#[derive(Default)]
struct Client {
    conn: Option<u64>,
    in_seq: u64,
    /// The newest of its inputs that was acknowledged.
    acked: u64,
    /// Newest reliable message; the next must be one more.
    out_seq: Option<u64>,
    tokens: Vec<ResumeToken>,
}

struct Checker {
    world: World,
    clients: BTreeMap<u16, Client>,
    conns: u64,
    in_flight: bool,
    next_tick: u64,
    time: u64,
    known: BTreeSet<Seat>,
}

impl Checker {
    fn new(rate: u16, log: Log) -> Checker {
        let world = World::with(spec(rate, 3), log, stepped(vec![]));
        let clients = (0..3).map(|seat| (seat, Client::default())).collect();
        Checker { world, clients, conns: 100, in_flight: false, next_tick: 1, time: 0, known: BTreeSet::new() }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Pass(ms) => {
                self.world.pass(Duration::from_millis(u64::from(ms)));
            }
            Act::Join(seat, nonce) => {
                let conn = self.connect(seat);
                self.world.hello(conn, join(seat, "token", nonce));
            }
            Act::Resume(seat, nth) => self.resume(seat, usize::from(nth)),
            Act::Input(seat) => {
                let client = self.clients.get_mut(&seat).unwrap();
                client.in_seq += 1;
                let in_seq = client.in_seq;
                self.say(seat, FromPlayer::Input { in_seq, data: vec![1].into() });
            }
            Act::Skip(seat) => {
                let in_seq = self.clients[&seat].in_seq + 5;
                self.say(seat, FromPlayer::Input { in_seq, data: vec![1].into() });
            }
            Act::Ack(seat) => {
                let out_seq = self.clients[&seat].out_seq.unwrap_or(0);
                self.say(seat, FromPlayer::Ack { out_seq });
            }
            Act::Close(seat) => {
                self.say(seat, FromPlayer::Closed);
                self.clients.get_mut(&seat).unwrap().conn = None;
            }
            Act::Leave(seat) => self.say(seat, FromPlayer::Leave),
            Act::Seal => self.seal(),
            Act::Return(wake, outputs) if self.in_flight => self.step_returns(wake, &outputs),
            Act::Return(..) => {}
            Act::Sync => self.world.sync(),
            Act::Trap if self.in_flight => self.fail(),
            Act::Trap => {}
            Act::End => {
                self.world.life.end(self.world.now, EndReason::Closed);
                self.in_flight = false;
                self.world.drain();
            }
            Act::Crash if self.world.life.is_running() => self.crash(),
            Act::Crash => {}
        }
        self.listen();
        self.check();
    }

    fn crash(&mut self) {
        self.world.crash();
        self.in_flight = false;
        self.clients.values_mut().for_each(|client| client.conn = None);
        let state = self.world.folded();
        (self.next_tick, self.time) = (state.tick + 1, state.time);
        self.known.clear();
        let seats = state.seats.iter().enumerate();
        let taken = seats.filter(|(_, seat)| matches!(seat, SeatRecord::Taken(_)));
        self.known.extend(taken.map(|(i, _)| Seat(i as u16)));
    }

    fn connect(&mut self, seat: u16) -> u64 {
        self.conns += 1;
        self.clients.get_mut(&seat).unwrap().conn = Some(self.conns);
        self.conns
    }

    fn resume(&mut self, seat: u16, nth: usize) {
        let client = &self.clients[&seat];
        let Some(token) = client.tokens.iter().rev().nth(nth).copied() else { return };
        let admission = resume(token, client.out_seq.unwrap_or(0));
        let conn = self.connect(seat);
        self.world.hello(conn, admission);
    }

    fn say(&mut self, seat: u16, word: FromPlayer) {
        if let Some(conn) = self.clients[&seat].conn {
            self.world.hear(conn, word);
        }
    }

    fn seal(&mut self) {
        let Some(input) = self.world.life.seal(self.world.now) else { return };
        assert!(!self.in_flight, "one tick in flight");
        self.in_flight = true;
        assert_eq!(input.number, self.next_tick);
        assert!(input.time >= self.time && input.events.len() <= MAX_EVENTS);
        (self.next_tick, self.time) = (input.number + 1, input.time);
        for event in &input.events {
            match event {
                Event::Joined { seat, .. } => assert!(self.known.insert(*seat), "joined twice"),
                Event::Left { seat, .. } => assert!(self.known.remove(seat), "left without having joined"),
                Event::Connected { seat, .. } | Event::Disconnected(seat) | Event::Message { seat, .. } => {
                    assert!(self.known.contains(seat), "{event:?} before it joined");
                }
                _ => {}
            }
        }
        self.world.drain();
    }

    fn step_returns(&mut self, wake: u8, outputs: &[u8]) {
        self.in_flight = false;
        let output = |kind: &u8| match kind {
            0 | 1 => unreliable("view"),
            2 | 3 => reliable(Target::Everyone, "news"),
            4 => reliable(Target::Seat(Seat(1)), "only you"),
            5 => Output::Label("{}".to_owned()),
            _ => Output::Kick { seat: Seat(2), reason: String::new() },
        };
        let wake = [Wake::Next, Wake::Event, Wake::At(self.time + 100_000_000), Wake::Next][usize::from(wake)];
        let outputs = outputs.iter().map(output).collect();
        self.world.returns(Stepped { wake, outputs });
    }

    fn fail(&mut self) {
        self.in_flight = false;
        self.world.life.failed(self.world.now, EndReason::OverBudget);
        self.world.drain();
    }

    /// What clients make of what they are told.
    fn listen(&mut self) {
        let mut missing = Vec::new();
        for (ConnId(conn), word) in std::mem::take(&mut self.world.said) {
            let Some(client) = self.clients.values_mut().find(|client| client.conn == Some(conn)) else { continue };
            match word {
                ToPlayer::Welcome { fresh, in_seq, next_out_seq, .. } => {
                    assert!(fresh || client.out_seq.unwrap_or(0) + 1 == next_out_seq, "a hole after a resume");
                    assert!(in_seq <= client.in_seq || fresh);
                    assert!(in_seq >= client.acked || fresh, "an acknowledged input was lost");
                    client.out_seq = Some(next_out_seq - 1);
                    if fresh {
                        (client.in_seq, client.acked) = (in_seq, 0);
                    }
                    missing.extend((in_seq + 1..=client.in_seq).map(|in_seq| (conn, in_seq)));
                }
                ToPlayer::Reliable { out_seq, .. } => {
                    assert_eq!(Some(out_seq), client.out_seq.map(|seq| seq + 1), "in order, exactly once");
                    client.out_seq = Some(out_seq);
                }
                ToPlayer::Ack { in_seq } => {
                    assert!(in_seq <= client.in_seq);
                    client.acked = in_seq;
                }
                ToPlayer::ResumeToken(token) => client.tokens.push(token),
                ToPlayer::Close { .. } => client.conn = None,
                ToPlayer::Unreliable { .. } | ToPlayer::Ended { .. } => {}
            }
        }
        for (conn, in_seq) in missing {
            self.world.hear(conn, FromPlayer::Input { in_seq, data: vec![1].into() });
        }
    }

    fn check(&self) {
        let life = &self.world.life;
        assert!(life.uncommitted.len() <= MAX_UNCOMMITTED);
        for (conn, seat) in &life.conns {
            assert_eq!(
                life.seats.tenant(*seat).and_then(super::seats::Tenant::conn),
                Some(*conn),
                "one connection a seat"
            );
        }
        assert!(life.durable_tick <= life.tick);
        if let Some(state) = life.host_state() {
            assert_eq!(recorded(state), recorded(self.world.folded()), "a checkpoint and a replay say the same");
        }
    }

    /// The journal reads back, and its links form one chain.
    fn check_journal(&self) {
        let mut writer = Writer::default();
        let mut chain = Link::default();
        for record in &self.world.records {
            writer.append(record).unwrap();
            match record {
                Record::Setup(setup) => chain = setup.link(),
                Record::Tick(tick) => {
                    assert_eq!(tick.previous, chain);
                    chain = tick.link();
                }
                Record::Idle(run) => chain = run.last,
                Record::End(end) => assert_eq!(end.previous, chain),
                Record::Swapped(swap) => chain = swap.link(),
                Record::Resumed(_) | Record::Skipped(_) => {}
                Record::Gap(_) => unreachable!("a life knows no bounds of journals"),
            }
        }
        let read: Vec<Record> = Reader::new(writer.as_bytes()).unwrap().map(Result::unwrap).collect();
        assert_eq!(read, self.world.records);
    }
}

/// What must be the same after a checkpoint and after a replay. A checkpoint may know of tokens that wait for their tick,
/// and spares messages that were acknowledged.
fn recorded(mut state: HostState) -> HostState {
    let bytes = state.to_bytes();
    assert_eq!(HostState::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    for seat in &mut state.seats {
        if let SeatRecord::Taken(tenant) = seat {
            let SeatLinkState { durable, last_out_seq, .. } = tenant.link.state();
            tenant.link = SeatLink::restore(SeatLinkState {
                accepted: durable,
                durable,
                last_out_seq,
                ..SeatLinkState::default()
            });
            (tenant.joins, tenant.resumes, tenant.speakers) = Default::default();
        }
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn random_lives_keep_every_promise(
        acts in proptest::collection::vec(act(), 1..200),
        rate in prop_oneof![Just(0u16), Just(20), Just(60)],
        held: bool,
    ) {
        let mut checker = Checker::new(rate, if held { Log::Held } else { Log::Instant });
        acts.into_iter().for_each(|act| checker.act(act));
        checker.check_journal();
        checker.world.life.end(checker.world.now, EndReason::Closed);
        checker.world.drain();
        checker.world.sync();
        checker.world.pass(Duration::from_secs(11));
        prop_assert!(checker.world.ended.is_some(), "every match comes to its end");
    }
}
