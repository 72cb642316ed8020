//! A driver of one life in virtual time, with a scripted guest.

use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::contract::{GameRequest, MatchEnded, MatchSettings, PlayerInfo, Reservation};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims, ResumeToken, SchemaHash};
use stadion_protocol::wire::{ClientId, Speaker};
use stadion_protocol::{CloseCode, Incarnation, MatchId, Moment, Seat, Tick, VersionId};

use super::{Arrival, Effect, HostState, Life, Mark, Spec};
use crate::journal::{Record, TickRecord};
use crate::link::{Admission, ConnId, Credential, FromPlayer, ToPlayer};
use crate::model::{Delivery, Event, Limits, Output, Setup, Stepped, Target, TickInput, Wake};

pub(super) const ID: MatchId = MatchId([5; 16]);

/// Match time 0.
const START: Moment = Moment(1_000_000_000);

/// How the log of a test behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Log {
    /// Durable as soon as it is written.
    Instant,
    /// Durable when the test says so.
    Held,
}

pub(super) struct World {
    pub(super) life: Life,
    pub(super) now: Moment,
    pub(super) log: Log,
    pub(super) said: Vec<(ConnId, ToPlayer)>,
    pub(super) records: Vec<Record>,
    /// How many of them are durable.
    pub(super) durable: usize,
    /// What each step asked for, by tick; 0 is `start`.
    pub(super) asked: Vec<Vec<Output>>,
    pub(super) newest: Mark,
    pub(super) ended: Option<MatchEnded>,
    pub(super) session_dropped: bool,
    pub(super) published: usize,
    /// What was asked of the world outside.
    pub(super) requests: Vec<GameRequest>,
    secrets: u8,
}

pub(super) fn spec(rate: u16, seats: u16) -> Spec {
    let limits = Limits {
        memory_bytes: 1 << 20,
        unreliable_bytes: 1_100,
        reliable_bytes: 65_536,
        sends_per_tick: 64,
        send_bytes_per_tick: 1 << 20,
        requests_open: 4,
        saved_bytes: 1 << 20,
    };
    Spec {
        id: ID,
        game: "tictactoe".parse().unwrap(),
        version: VersionId([1; 32]),
        incarnation: Incarnation(1),
        schema: SchemaHash([3; 8]),
        settings: MatchSettings::default(),
        setup: Setup {
            match_id: ID.to_string(),
            seed: [1; 4],
            started_unix_ns: 0,
            rate,
            seats,
            parameters: Vec::new(),
            limits,
        },
    }
}

pub(super) fn player(n: u16) -> PlayerInfo {
    let id = format!("player-{n}").parse().unwrap();
    PlayerInfo { id, name: format!("player {n}"), team: 0, bot: false, data: Vec::new() }
}

pub(super) fn reservation(n: u16) -> Reservation {
    Reservation { player: player(n), claim_within: Duration::from_secs(15) }
}

pub(super) fn stepped(outputs: Vec<Output>) -> Stepped {
    Stepped { wake: Wake::Next, outputs }
}

pub(super) fn reliable(to: Target, text: &str) -> Output {
    Output::Send { to, via: Delivery::Reliable, data: text.into() }
}

pub(super) fn unreliable(text: &str) -> Output {
    Output::Send { to: Target::Everyone, via: Delivery::Unreliable, data: text.into() }
}

pub(super) fn finish() -> Output {
    Output::Finish { placings: Vec::new(), data: vec![1] }
}

/// A first hello with a join token; the nonce also names the client.
pub(super) fn join(seat: u16, token: &str, nonce: u8) -> Admission {
    let claims = JoinClaims {
        aud: JOIN_AUDIENCE.to_owned(),
        exp: 0,
        jti: token.to_owned(),
        match_id: ID,
        seat: Seat(seat),
        sub: player(seat).id,
        name: String::new(),
        bot: false,
        data: String::new(),
        schema: SchemaHash([3; 8]),
    };
    Admission {
        speaker: Speaker { client: ClientId([nonce; 8]), connection: 0 },
        credential: Credential::Join { claims: Box::new(claims), nonce: [nonce; 16] },
        schema: SchemaHash([3; 8]),
        last_out_seq: 0,
        incarnation: 0,
        last_tick: Tick(0),
        fresh: true,
        options: Bytes::new(),
    }
}

/// A later hello, of a client that kept what it has.
pub(super) fn resume(token: ResumeToken, last_out_seq: u64) -> Admission {
    Admission { credential: Credential::Resume(token), last_out_seq, fresh: false, ..join(token.seat.0, "", 1) }
}

impl World {
    /// A match with a reserved seat for each player.
    pub(super) fn new(rate: u16, seats: u16) -> World {
        World::with(spec(rate, seats), Log::Instant, stepped(Vec::new()))
    }

    pub(super) fn with(spec: Spec, log: Log, first: Stepped) -> World {
        let now = START;
        let asked = vec![first.outputs.clone()];
        let reservations: Vec<_> = (0..spec.setup.seats).map(reservation).collect();
        let (life, seats) = Life::started(spec, &reservations, first, now).unwrap();
        assert_eq!(seats.len(), reservations.len());
        let mut world = World {
            life,
            now,
            log,
            said: Vec::new(),
            records: Vec::new(),
            durable: 0,
            asked,
            newest: Mark(0),
            ended: None,
            session_dropped: false,
            published: 0,
            requests: Vec::new(),
            secrets: 0,
        };
        world.drain();
        world
    }

    pub(super) fn drain(&mut self) {
        while let Some(effect) = self.life.poll_effect() {
            match effect {
                Effect::Append { mark, record } => {
                    self.records.push(record);
                    self.newest = mark;
                    if self.log == Log::Instant {
                        self.durable = self.records.len();
                        self.life.durable(self.now, mark);
                    }
                }
                Effect::Post(conn, word) => self.said.push((conn, word)),
                Effect::Ended(ended) => self.ended = Some(*ended),
                Effect::DropSession => self.session_dropped = true,
                Effect::Changed => self.published += 1,
                Effect::Ask(request) => self.requests.push(*request),
                Effect::Log { .. } | Effect::Report { .. } => {}
            }
        }
    }

    /// The process is gone; another one goes on from the records that are durable, at once.
    pub(super) fn crash(&mut self) -> &mut World {
        // A match whose setup is lost was never answered for.
        self.records.truncate(self.durable.max(1));
        let state = self.folded();
        self.asked.truncate(usize::try_from(state.tick).unwrap() + 1);
        let spec = Spec { incarnation: Incarnation(state.incarnation + 1), ..self.life.spec().clone() };
        let unix_ns = self.now.0 - START.0;
        self.life = Life::resume(spec, state, Arrival { now: self.now, unix_ns });
        self.newest = Mark(0);
        self.said.clear();
        self.requests.clear();
        self.drain();
        self
    }

    /// What a replay of the records makes of them.
    pub(super) fn folded(&self) -> HostState {
        let mut records = self.records.iter();
        let Some(Record::Setup(setup)) = records.next() else { panic!("no setup") };
        let mut state = HostState::begun(setup, &self.asked[0]);
        for record in records {
            match record {
                Record::Tick(tick) => state.ticked(tick, &self.asked[tick.input.number as usize]),
                Record::Idle(run) => state.idled(run, setup.setup.rate),
                Record::Resumed(resumed) => state.taken_over(resumed.incarnation),
                Record::Swapped(swapped) => state.swapped(swapped, &[]),
                _ => {}
            }
        }
        state
    }

    pub(super) fn sync(&mut self) {
        self.durable = self.records.len();
        self.life.durable(self.now, self.newest);
        self.drain();
    }

    pub(super) fn hear(&mut self, conn: u64, word: FromPlayer) -> &mut World {
        let secrets = &mut self.secrets;
        self.life.hear(self.now, ConnId(conn), word, &mut || {
            *secrets += 1;
            [*secrets; 16]
        });
        self.drain();
        self
    }

    /// A client's younger connections have the higher numbers.
    pub(super) fn hello(&mut self, conn: u64, mut admission: Admission) -> &mut World {
        admission.speaker.connection = u32::try_from(conn).unwrap() + 1;
        self.hear(conn, FromPlayer::Hello(Box::new(admission)))
    }

    /// Every player joins, player n on connection n.
    pub(super) fn all_join(&mut self) -> &mut World {
        for seat in 0..self.life.spec().setup.seats {
            self.hello(u64::from(seat), join(seat, &format!("token-{seat}"), 1));
        }
        self.tick(Vec::new());
        self
    }

    pub(super) fn input(&mut self, conn: u64, in_seq: u64) -> &mut World {
        self.hear(conn, FromPlayer::Input { in_seq, data: Bytes::from(vec![in_seq as u8]) })
    }

    /// Time passes; what is due besides ticks happens.
    pub(super) fn pass(&mut self, time: Duration) -> &mut World {
        self.now = self.now + time;
        self.life.turn(self.now);
        self.drain();
        self
    }

    /// The next tick, when it is due.
    pub(super) fn begin(&mut self) -> std::sync::Arc<TickInput> {
        for _ in 0..1_000 {
            self.now = self.life.deadline().unwrap_or(self.now).max(self.now);
            self.life.turn(self.now);
            let sealed = self.life.seal(self.now);
            self.drain();
            if let Some(input) = sealed {
                return input;
            }
        }
        panic!("no tick is ever due");
    }

    /// The next tick, in which the guest asks for this.
    pub(super) fn tick(&mut self, outputs: Vec<Output>) -> std::sync::Arc<TickInput> {
        let input = self.begin();
        self.returns(stepped(outputs));
        input
    }

    /// The step in flight returns.
    pub(super) fn returns(&mut self, stepped: Stepped) {
        self.asked.push(stepped.outputs.clone());
        self.life.stepped(self.now, stepped);
        self.drain();
    }

    pub(super) fn words(&mut self, conn: u64) -> Vec<ToPlayer> {
        let (words, rest) = std::mem::take(&mut self.said).into_iter().partition(|(to, _)| *to == ConnId(conn));
        self.said = rest;
        words.into_iter().map(|(_, word): (ConnId, ToPlayer)| word).collect()
    }

    /// Reliable messages to a connection since last asked: numbers and texts.
    pub(super) fn messages(&mut self, conn: u64) -> Vec<(u64, String)> {
        let text = |word| match word {
            ToPlayer::Reliable { out_seq, data, .. } => Some((out_seq, String::from_utf8(data.to_vec()).unwrap())),
            _ => None,
        };
        self.words(conn).into_iter().filter_map(text).collect()
    }

    pub(super) fn closed(&mut self, conn: u64) -> Option<CloseCode> {
        self.words(conn).into_iter().find_map(|word| match word {
            ToPlayer::Close { code, .. } => Some(code),
            _ => None,
        })
    }

    /// The newest resume token of a connection; forgets its other words.
    pub(super) fn token(&mut self, conn: u64) -> ResumeToken {
        let token = |word| match word {
            ToPlayer::ResumeToken(token) => Some(token),
            _ => None,
        };
        self.words(conn).into_iter().filter_map(token).next_back().expect("a resume token was handed out")
    }

    pub(super) fn last_tick(&self) -> &TickRecord {
        self.records
            .iter()
            .rev()
            .find_map(|record| match record {
                Record::Tick(tick) => Some(&**tick),
                _ => None,
            })
            .unwrap()
    }
}

/// What kinds of events a tick has, for short.
pub(super) fn kinds(input: &TickInput) -> Vec<String> {
    let kind = |event: &Event| match event {
        Event::Joined { seat, .. } => format!("joined {seat}"),
        Event::Connected { seat, fresh: true } => format!("connected {seat} fresh"),
        Event::Connected { seat, fresh: false } => format!("connected {seat}"),
        Event::Disconnected(seat) => format!("disconnected {seat}"),
        Event::Left { seat, departure } => format!("left {seat} {departure:?}"),
        Event::Message { seat, via, data } => format!("message {seat} {via:?} {data:?}"),
        Event::Quality { seat, .. } => format!("quality {seat}"),
        Event::Answer { request, outcome } => format!("answer {request} {outcome:?}"),
        other => format!("{other:?}"),
    };
    input.events.iter().map(kind).collect()
}
