//! The server: the match's life, its journal in a log on a disk, and a gateway, each the real one, driven in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use stadion_host::journal::log::{Log, LogConfig, LogKeeper, LogWriter};
use stadion_host::journal::{Checkpoint, CheckpointKind, Journal, Journals, Position, Standing};
use stadion_host::life::{Arrival, Effect, Life, Mark, Spec};
use stadion_host::link::{Admission, ConnId, Credential, FromPlayer, ToPlayer};
use stadion_host::model::{Limits, Setup, TickInput};
use stadion_protocol::contract::{
    Durability, GameRequest, Hibernation, Lifetimes, MatchSettings, PlayerInfo, RateAsleep, RequestKey, RequestOutcome,
    Reservation,
};
use stadion_protocol::server::{Connection, ConnectionConfig, InputLimits, Received};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims, SchemaHash};
use stadion_protocol::wire::{self, ServerFrame, Welcome};
use stadion_protocol::{Incarnation, MatchId, Moment, Seat, Tick, VersionId};

use crate::Rng;
use crate::bug::Bug;
use crate::disk::Disk;
use crate::game::Game;
use crate::nap::{Closed, Nap, restored};
use crate::net::{Network, Packet, To, Wire};

const ID: MatchId = MatchId([5; 16]);
pub(crate) const RATE: u16 = 20;
/// Nothing in these stories ends by itself.
const LONG: Duration = Duration::from_secs(3_600);
/// Whenever nobody is there for a moment.
const NAPS: Hibernation = Hibernation { after: Duration::from_millis(20), rate: RateAsleep::Skipped };
/// Small, so that segments are emptied while the match runs.
const LOG: LogConfig = LogConfig {
    segment_bytes: 4_000,
    log_bytes: 16_000,
    retain_bytes: 1 << 20,
    match_checkpoint_bytes: 1 << 20,
    checkpoint_bytes: 1 << 20,
};

/// See the module's documentation. Dropping it is what a crash leaves of a process.
pub(crate) struct Server {
    log: Log,
    writer: LogWriter,
    keeper: LogKeeper,
    life: Life,
    journal: Box<dyn Journal>,
    pub(crate) game: Game,
    unsynced: VecDeque<(Position, Mark)>,
    doors: BTreeMap<Wire, Connection>,
    mailbox: VecDeque<(Wire, FromPlayer)>,
    /// Asked of the world outside.
    pub(crate) asks: Vec<GameRequest>,
    /// What it answered.
    answers: VecDeque<(RequestKey, RequestOutcome)>,
    /// It is out of memory.
    nap: Option<Nap>,
    pub(crate) naps: u64,
    /// What the guest works on, and until when.
    flight: Option<(Arc<TickInput>, Moment)>,
    writer_rests_until: Moment,
    secrets: Rng,
    bug: Option<Bug>,
    /// For [`Bug::NoDedupe`]: inputs heard of each player.
    heard: BTreeMap<u64, u64>,
    /// The incarnation that a player was told.
    pub(crate) told: Option<Incarnation>,
    pub(crate) fault: Option<String>,
}

/// What is left after a crash cannot be gone on with.
pub(crate) type Lost = String;

fn reservation(seat: u16) -> Reservation {
    Reservation { player: player(seat), claim_within: LONG }
}

fn player(seat: u16) -> PlayerInfo {
    let id = format!("player-{seat}").parse().expect("a player id");
    PlayerInfo { id, name: format!("player {seat}"), team: 0, bot: false, data: Vec::new() }
}

fn spec(seats: u16, durability: Durability, incarnation: u32) -> Spec {
    let limits = Limits {
        memory_bytes: 1 << 20,
        unreliable_bytes: 1_100,
        reliable_bytes: 65_536,
        sends_per_tick: 64,
        send_bytes_per_tick: 1 << 20,
        requests_open: 4,
        saved_bytes: 1 << 20,
    };
    let linger = Duration::from_secs(10);
    let lifetimes = Lifetimes { claim: LONG, reconnect: LONG, empty: LONG, linger, longest: Duration::ZERO };
    Spec {
        id: ID,
        game: "tictactoe".parse().expect("a game's name"),
        version: VersionId([1; 32]),
        incarnation: Incarnation(incarnation),
        schema: SchemaHash::default(),
        settings: MatchSettings { durability, lifetimes, hibernation: NAPS, ..MatchSettings::default() },
        setup: Setup {
            match_id: ID.to_string(),
            seed: [1; 4],
            started_unix_ns: 0,
            rate: RATE,
            seats,
            parameters: Vec::new(),
            limits,
        },
    }
}

impl Server {
    /// A new match; its setup is durable.
    pub(crate) fn start(disk: &Disk, seats: u16, level: Durability, now: Moment, bug: Option<Bug>) -> Server {
        let (log, writer, keeper) = Log::open(disk.mount(), LOG).expect("an empty disk");
        let journal = log.open(ID, level, Waker::noop().clone()).expect("an empty log");
        let reservations: Vec<_> = (0..seats).map(reservation).collect();
        let started = Life::started(spec(seats, level, 1), &reservations, Game::started(), now);
        let (life, _) = started.expect("there is a seat for each");
        let mut server = Server::with((log, writer, keeper), life, journal, Game::new(seats), bug);
        let mut silent = Network::new(crate::net::FAIR, Rng::new(0));
        server.settle(&mut silent, now);
        server.writer.turn();
        server.sync(now);
        server.settle(&mut silent, now);
        server
    }

    /// What a process does that starts on this disk.
    pub(crate) fn recover(disk: &Disk, now: Moment, bug: Option<Bug>) -> Result<Server, Lost> {
        let parts = Log::open(disk.mount(), LOG).map_err(|error| error.to_string())?;
        let unfinished = parts.0.unfinished();
        let lost = || format!("the match is not in the log: {:?}", parts.0.damage());
        let found = unfinished.iter().find(|one| one.id == ID).ok_or_else(lost)?;
        if let Some(damage) = &found.damage {
            return Err(format!("the match is damaged: {damage}"));
        }
        let mut reopened = parts.0.reopen(ID, Waker::noop().clone()).map_err(|error| error.to_string())?;
        let (game, state) = restored(&mut reopened, bug)?;
        let setup = &reopened.setup;
        let raised = if bug == Some(Bug::SameIncarnation) { found.incarnation } else { found.incarnation + 1 };
        let spec = spec(setup.setup.seats, setup.settings.durability, raised);
        let life = Life::resume(spec, state, Arrival { now, unix_ns: now.0 });
        Ok(Server::with(parts, life, reopened.journal, game, bug))
    }

    fn with(
        (log, writer, keeper): (Log, LogWriter, LogKeeper),
        life: Life,
        journal: Box<dyn Journal>,
        game: Game,
        bug: Option<Bug>,
    ) -> Server {
        Server {
            log,
            writer,
            keeper,
            secrets: Rng::new(u64::from(life.spec().incarnation.0) << 32 | 7),
            life,
            journal,
            game,
            unsynced: VecDeque::new(),
            doors: BTreeMap::new(),
            mailbox: VecDeque::new(),
            asks: Vec::new(),
            answers: VecDeque::new(),
            nap: None,
            naps: 0,
            flight: None,
            writer_rests_until: Moment(0),
            bug,
            heard: BTreeMap::new(),
            told: None,
            fault: None,
        }
    }

    /// Something arrives on a connection.
    pub(crate) fn arrived(&mut self, net: &mut Network, now: Moment, (wire, packet): (Wire, &Packet)) {
        if *packet == Packet::Established {
            // How fast a player may talk is another story.
            let limits = InputLimits {
                messages_per_second: 100_000,
                messages_burst: 100_000,
                bytes_per_second: 1 << 30,
                bytes_burst: 1 << 30,
            };
            let config = ConnectionConfig { limits, ..ConnectionConfig::default() };
            self.doors.insert(wire, Connection::new(config, now));
        }
        let Some(door) = self.doors.get_mut(&wire) else { return };
        let heard = match packet {
            Packet::Established => Ok(()),
            Packet::Stream(bytes) => door.on_stream(now, bytes),
            Packet::Datagram(bytes) => door.on_datagram(now, bytes),
            Packet::Closed { .. } => {
                self.mailbox.push_back((wire, FromPlayer::Closed));
                self.doors.remove(&wire);
                return;
            }
        };
        while let Some(received) = self.doors.get_mut(&wire).and_then(Connection::poll_received) {
            self.received(wire, received);
        }
        while let Some(reply) = self.doors.get_mut(&wire).and_then(Connection::poll_reply) {
            net.send(now, wire, To::Client, Packet::Stream(reply));
        }
        if let Err(closing) = heard {
            self.fault.get_or_insert(format!("an honest client was closed: {closing}"));
        }
    }

    fn received(&mut self, wire: Wire, received: Received) {
        let word = match received {
            Received::Hello(hello) => FromPlayer::Hello(Box::new(admission(*hello))),
            Received::Input { in_seq, data } => FromPlayer::Input { in_seq: self.heard_again(wire, in_seq), data },
            Received::Unreliable { data } => FromPlayer::Unreliable { data },
            Received::Ack { out_seq } => FromPlayer::Ack { out_seq },
            Received::Leave => FromPlayer::Leave,
            Received::Quality(_) => return,
        };
        self.mailbox.push_back((wire, word));
    }

    /// For [`Bug::NoDedupe`]: every input counts as the next.
    fn heard_again(&mut self, wire: Wire, in_seq: u64) -> u64 {
        if self.bug != Some(Bug::NoDedupe) {
            return in_seq;
        }
        let heard = self.heard.entry(wire.player).or_insert(in_seq - 1);
        *heard += 1;
        *heard
    }

    /// One turn of everything.
    pub(crate) fn turn(&mut self, net: &mut Network, now: Moment, rng: &mut Rng) {
        self.log_turn(now, rng);
        if self.sleeps(now) {
            return;
        }
        self.sync(now);
        while self.life.has_room()
            && let Some((key, outcome)) = self.answers.pop_front()
        {
            self.life.answered(now, key, outcome);
        }
        while self.life.has_room()
            && let Some((wire, word)) = self.mailbox.pop_front()
        {
            if let (Some(Bug::AckOnArrival), FromPlayer::Input { in_seq, .. }) = (self.bug, &word) {
                self.post(net, now, conn(wire), ToPlayer::Ack { in_seq: *in_seq });
            }
            let secrets = &mut self.secrets;
            self.life.hear(now, conn(wire), word, &mut || {
                let mut secret = [0; 16];
                secret[..8].copy_from_slice(&secrets.any().to_le_bytes());
                secret
            });
        }
        self.life.turn(now);
        if self.flight.is_none()
            && self.journal.standing() == Standing::Keeping
            && let Some(input) = self.life.seal(now)
        {
            let takes =
                if rng.permille(50) { rng.between(Duration::ZERO, Duration::from_millis(80)) } else { Duration::ZERO };
            self.flight = Some((input, now + takes));
        }
        if let Some((input, _)) = self.flight.take_if(|(_, until)| *until <= now) {
            let stepped = self.game.step(&input);
            drop(input);
            self.life.stepped(now, stepped);
        }
        self.settle(net, now);
        if self.flight.is_none() && rng.permille(2) {
            self.checkpoint();
        }
        if self.flight.is_none() && self.mailbox.is_empty() && self.life.sleeps_at(now).is_some_and(|at| at <= now) {
            self.lie_down();
        }
    }

    /// Leaves memory, if a checkpoint of the newest tick is kept soon enough.
    fn lie_down(&mut self) {
        self.checkpoint();
        self.writer.turn();
        // A full disk, or a process being killed: then it stays awake.
        let _ = self.keeper.turn();
        if self.journal.standing() == Standing::Keeping
            && self.journal.checkpointed() == Some(self.life.tick().0)
            && let Some(asleep) = self.life.asleep()
        {
            self.journal = Box::new(Closed);
            self.unsynced.clear();
            self.nap = Some(Nap::new(asleep));
            self.naps += 1;
        }
    }

    /// Whether it sleeps, and nobody calls it.
    fn sleeps(&mut self, now: Moment) -> bool {
        let Some(mut nap) = self.nap.take() else { return false };
        let called = self.mailbox.iter().any(|(_, word)| matches!(word, FromPlayer::Hello(_)));
        if !called && self.answers.is_empty() && !nap.is_over(now) {
            self.nap = Some(nap);
            return true;
        }
        if let Err(why) = self.wake(&nap, now) {
            self.fault = self.fault.take().or(nap.failed(&why));
            self.nap = Some(nap);
            return true;
        }
        false
    }

    fn wake(&mut self, nap: &Nap, now: Moment) -> Result<(), Lost> {
        let mut reopened = self.log.reopen(ID, Waker::noop().clone()).map_err(|error| error.to_string())?;
        let (mut game, state) = restored(&mut reopened, self.bug)?;
        let incarnation = state.incarnation + u32::from(self.bug != Some(Bug::SameIncarnation));
        let settings = reopened.setup.settings;
        let spec = spec(reopened.setup.setup.seats, settings.durability, incarnation);
        self.life = Life::wake(spec, state, &nap.asleep.rest, Arrival { now, unix_ns: now.0 });
        while let Some((key, outcome)) = self.answers.pop_front() {
            self.life.answered(now, key, outcome);
        }
        game.fault = game.fault.take().or(self.game.fault.take());
        (self.journal, self.game) = (reopened.journal, game);
        Ok(())
    }

    /// The log's threads, as often as they get to run; sometimes the disk is slow.
    fn log_turn(&mut self, now: Moment, rng: &mut Rng) {
        if now >= self.writer_rests_until {
            self.writer.turn();
            if rng.permille(5) {
                self.writer_rests_until = now + rng.between(Duration::ZERO, Duration::from_millis(600));
            }
        }
        if rng.permille(200) {
            // A full disk, or a process being killed: whatever it was, it is tried again.
            let _ = self.keeper.turn();
        }
    }

    fn checkpoint(&mut self) {
        let Some(state) = self.life.host_state() else { return };
        let checkpoint = Checkpoint {
            incarnation: self.life.spec().incarnation.0,
            tick: state.tick,
            chain: state.chain,
            kind: CheckpointKind::State,
            host: state.to_bytes(),
            guest: self.game.to_bytes(),
        };
        if let Err(error) = self.journal.keep_checkpoint(checkpoint) {
            self.fault.get_or_insert(format!("a checkpoint is refused: {error}"));
        }
    }

    /// Tells the life what has become durable.
    fn sync(&mut self, now: Moment) {
        let durable = self.journal.durable();
        let mut newest = None;
        while let Some((_, mark)) = self.unsynced.pop_front_if(|(position, _)| *position <= durable) {
            newest = Some(mark);
        }
        if let Some(mark) = newest {
            self.life.durable(now, mark);
        }
    }

    /// Carries out what the life wants done.
    fn settle(&mut self, net: &mut Network, now: Moment) {
        while let Some(effect) = self.life.poll_effect() {
            match effect {
                Effect::Append { mark, record } => match self.journal.append(&record) {
                    Ok(position) => {
                        self.unsynced.push_back((position, mark));
                        if self.bug == Some(Bug::ReleaseBeforeDurable) {
                            self.life.durable(now, mark);
                        }
                    }
                    Err(error) => {
                        self.fault.get_or_insert(format!("the journal failed: {error}"));
                    }
                },
                Effect::Post(conn, word) => self.post(net, now, conn, word),
                Effect::Ask(request) => {
                    let again = request.key.incarnation < self.life.spec().incarnation;
                    if !(again && self.bug == Some(Bug::NotAskedAgain)) {
                        self.asks.push(*request);
                    }
                }
                Effect::DropSession | Effect::Ended(_) => {
                    self.fault.get_or_insert("the match ended".to_owned());
                }
                _ => {}
            }
        }
    }

    /// The world outside has answered.
    pub(crate) fn answered(&mut self, answers: Vec<(RequestKey, RequestOutcome)>) {
        self.answers.extend(answers);
    }

    fn post(&mut self, net: &mut Network, now: Moment, conn: ConnId, word: ToPlayer) {
        let wire = wire_of(conn);
        let Some(door) = self.doors.get_mut(&wire) else { return };
        let frame = match word {
            ToPlayer::Welcome { seat, incarnation, tick, in_seq, next_out_seq, fresh, rate } => {
                self.told = Some(incarnation);
                ServerFrame::Welcome(Welcome { seat, incarnation, tick, in_seq, next_out_seq, fresh, rate })
            }
            ToPlayer::ResumeToken(token) => ServerFrame::ResumeToken(token),
            ToPlayer::Reliable { out_seq, tick, data } => ServerFrame::Message { out_seq, tick, data },
            ToPlayer::Ack { in_seq } => ServerFrame::Ack { in_seq },
            ToPlayer::Ended { code, reason } => ServerFrame::Ended { code, reason },
            ToPlayer::Unreliable { incarnation, tick, data } => {
                let datagrams: Vec<_> =
                    door.unreliable(incarnation, tick, data).map(Iterator::collect).unwrap_or_default();
                datagrams.into_iter().for_each(|one| net.send(now, wire, To::Client, Packet::Datagram(one)));
                return;
            }
            ToPlayer::Close { code, .. } => {
                self.doors.remove(&wire);
                net.send(now, wire, To::Client, Packet::Closed { code: Some(u64::from(code.number())) });
                return;
            }
        };
        let bytes = door.frame(&frame);
        net.send(now, wire, To::Client, Packet::Stream(bytes));
    }
}

/// What the gateway makes of a `hello`: here every token is genuine.
fn admission(hello: wire::Hello) -> Admission {
    let credential = match hello.credential {
        wire::Credential::Resume(token) => Credential::Resume(token),
        wire::Credential::Join { token, nonce } => {
            let seat = token.split(' ').next().and_then(|seat| seat.parse().ok());
            let seat: u16 = seat.expect("tokens of these stories begin with the seat");
            let claims = JoinClaims {
                aud: JOIN_AUDIENCE.to_owned(),
                exp: 0,
                jti: token,
                match_id: ID,
                seat: Seat(seat),
                sub: player(seat).id,
                name: player(seat).name,
                bot: false,
                data: String::new(),
                schema: SchemaHash::default(),
            };
            Credential::Join { claims: Box::new(claims), nonce }
        }
    };
    Admission {
        speaker: hello.speaker,
        credential,
        schema: hello.schema,
        last_out_seq: hello.last_out_seq,
        incarnation: hello.incarnation,
        last_tick: Tick(hello.last_tick.0),
        fresh: hello.fresh,
        options: hello.options,
    }
}

fn conn(wire: Wire) -> ConnId {
    ConnId(wire.player << 32 | wire.path)
}

fn wire_of(conn: ConnId) -> Wire {
    Wire { player: conn.0 >> 32, path: conn.0 & 0xFFFF_FFFF }
}
