//! One story: a server, its players and what happens to them, all of it following from a seed.

use std::time::Duration;

use stadion_protocol::contract::Durability;
use stadion_protocol::{Incarnation, Moment};

use crate::Rng;
use crate::bug::Bug;
use crate::disk::{Crash, Disk};
use crate::net::{self, Network, To};
use crate::outside::Outside;
use crate::plan::Plan;
use crate::player::Player;
use crate::server::Server;

/// Virtual time moves on by this.
const STEP: Duration = Duration::from_millis(5);
/// How long things go wrong.
const STORM: Duration = Duration::from_secs(20);
/// After that, the longest time until everything has arrived: reconnecting backs off up to four seconds.
const CALM: Duration = Duration::from_secs(60);
/// The longest time for which the server is down.
const OUTAGE: Duration = Duration::from_secs(3);
const ROOM: usize = 64 << 20;
/// The longest time for which the disk is full.
const FULL: Duration = Duration::from_secs(3);

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Of which story.
    pub seed: u64,
    /// When in it.
    pub at_ms: u64,
    /// Which.
    pub what: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Broken { seed, at_ms, what } = self;
        write!(f, "seed {seed}, {at_ms} ms: {what}")
    }
}

/// What happened in a story.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Reliable inputs that were acknowledged.
    pub inputs: u64,
    /// Reliable messages that players got.
    pub messages: u64,
    /// Times that the server went down.
    pub crashes: u64,
    /// Times that the match left memory.
    pub naps: u64,
    /// Times that a player was let in.
    pub welcomes: u64,
    /// Pages loaded again.
    pub reloads: u64,
    /// Other devices that a player went on with.
    pub devices: u64,
    /// Requests that were answered.
    pub requests: u64,
    /// Requests that were asked more than once.
    pub repeated: u64,
}

struct World {
    rng: Rng,
    now: Moment,
    net: Network,
    disk: Disk,
    outside: Outside,
    level: Durability,
    /// `None`: down until then.
    server: Option<Server>,
    up_at: Moment,
    players: Vec<Player>,
    plan: Plan,
    /// The disk is full until then.
    full_until: Option<Moment>,
    /// The newest incarnation that a server which is gone told a player.
    incarnation: Option<Incarnation>,
    told: Told,
}

/// Tells the story of a seed. The first promise that is broken ends it.
pub fn tell(seed: u64, plan: Plan) -> Result<Told, Broken> {
    let mut world = World::new(seed, plan);
    let broken = |world: &World, what| Broken { seed, at_ms: world.now.0 / 1_000_000, what };
    match world.play() {
        Ok(()) => Ok(world.told),
        Err(what) => Err(broken(&world, what)),
    }
}

impl World {
    fn new(seed: u64, plan: Plan) -> World {
        let bug = plan.bug;
        let mut rng = Rng::new(seed);
        let now = Moment(1_000_000_000);
        let level = match bug {
            Some(Bug::LyingDisk) => Durability::Disk,
            _ if rng.permille(500) => Durability::Disk,
            _ => Durability::Process,
        };
        let disk = Disk::new(rng.fork(), ROOM);
        if bug == Some(Bug::LyingDisk) {
            disk.lie();
        }
        let seats = 1 + rng.below(3) as u16;
        let weather = net::any(&mut rng);
        World {
            net: Network::new(weather, rng.fork()),
            outside: Outside::new(rng.fork(), bug),
            server: Some(Server::start(&disk, seats, level, now, bug)),
            players: (0..seats).map(|seat| Player::new(seat, now)).collect(),
            rng,
            now,
            disk,
            level,
            up_at: now,
            plan,
            full_until: None,
            incarnation: None,
            told: Told::default(),
        }
    }

    fn play(&mut self) -> Result<(), String> {
        let end = self.now + STORM;
        while self.now < end {
            self.mischief();
            self.step()?;
        }
        self.calm();
        let end = self.now + CALM;
        while self.now < end && !self.is_settled() {
            self.step()?;
        }
        self.finish()
    }

    /// One thing or another, or nothing.
    fn mischief(&mut self) {
        let dice = self.rng.below(4_000);
        let nth = self.rng.below(self.players.len() as u64) as usize;
        match dice {
            0..300 => self.players[nth].send(),
            300..500 => self.players[nth].send_unreliable(self.now),
            500..504 => {
                self.players[nth].reload(&mut self.net, self.now);
                self.told.reloads += 1;
            }
            504..507 => self.crash(),
            515..518 => {
                self.players[nth].another_device(self.now);
                self.told.devices += 1;
            }
            507..511 if self.server.is_some() => {
                // In the middle of one of the next things that are done to the disk.
                let operations = self.rng.below(60);
                self.disk.crash_in(operations);
            }
            511..515 if self.plan.failing_disk => self.disk_fails(dice < 513),
            _ => {}
        }
    }

    /// Some syncs fail, or no more is written for a while than a little.
    fn disk_fails(&mut self, syncs: bool) {
        if syncs {
            self.disk.fail_syncs(1 + self.rng.below(3) as u32);
        } else {
            self.disk.set_capacity(self.disk.used() + self.rng.below(2_000) as usize);
            self.full_until = Some(self.now + self.rng.between(Duration::ZERO, FULL));
        }
    }

    fn disk_has_room(&mut self) {
        self.disk.set_capacity(ROOM);
        self.full_until = None;
    }

    /// From here on nothing goes wrong any more.
    fn calm(&mut self) {
        self.net.weather = net::FAIR;
        self.disk.fail_syncs(0);
        self.disk_has_room();
    }

    fn step(&mut self) -> Result<(), String> {
        self.now = self.now + STEP;
        if self.full_until.is_some_and(|until| until <= self.now) {
            self.disk_has_room();
        }
        if self.server.is_none() && self.up_at <= self.now {
            self.recover()?;
        }
        while let Some(arrival) = self.net.poll(self.now) {
            match (arrival.to, &mut self.server) {
                (To::Client, _) => self.players[arrival.wire.player as usize].arrived(self.now, &arrival),
                (To::Server, Some(server)) => server.arrived(&mut self.net, self.now, (arrival.wire, &arrival.packet)),
                (To::Server, None) => {}
            }
        }
        if let Some(server) = &mut self.server {
            let naps = server.naps;
            server.answered(self.outside.turn(self.now));
            server.turn(&mut self.net, self.now, &mut self.rng);
            server.asks.drain(..).for_each(|request| self.outside.ask(self.now, request));
            if server.naps > naps {
                // Woken up, it knows as little of devices as after a crash.
                self.players.iter_mut().for_each(|player| player.server_forgot(&mut self.net, self.now));
            }
        }
        if self.disk.has_crashed() {
            self.crash();
        }
        let up = self.server.is_some();
        for player in &mut self.players {
            player.turn(&mut self.net, self.now, up);
        }
        self.check()
    }

    fn crash(&mut self) {
        let gone = self.server.take();
        if gone.is_none() && !self.disk.has_crashed() {
            return;
        }
        self.told.naps += gone.as_ref().map_or(0, |server| server.naps);
        self.incarnation = self.incarnation.max(gone.and_then(|server| server.told));
        self.outside.server_gone();
        let power = self.level == Durability::Disk && (self.plan.bug == Some(Bug::LyingDisk) || self.rng.permille(500));
        self.disk.crash(if power { Crash::PowerLoss } else { Crash::Kill });
        self.net.cut_all(self.now);
        self.players.iter_mut().for_each(|player| player.server_forgot(&mut self.net, self.now));
        self.up_at = self.now + self.rng.between(Duration::ZERO, OUTAGE);
        self.told.crashes += 1;
    }

    fn recover(&mut self) -> Result<(), String> {
        let disk_failed = self.disk.is_failing() || self.full_until.is_some();
        match Server::recover(&self.disk, self.now, self.plan.bug) {
            Ok(server) => {
                self.server = Some(server);
                self.check()
            }
            // Killed while it recovered: whoever watches starts it again.
            Err(_) if self.disk.has_crashed() => {
                self.crash();
                self.disk.crash(Crash::Kill);
                self.up_at = self.now + OUTAGE;
                Ok(())
            }
            // On a disk that fails it cannot start: it must once the disk works.
            Err(_) if disk_failed => {
                self.up_at = self.now + OUTAGE;
                Ok(())
            }
            Err(lost) => Err(format!("it cannot go on: {lost}")),
        }
    }

    /// What must hold at any time.
    fn check(&self) -> Result<(), String> {
        for player in &self.players {
            player.fault.clone().map_or(Ok(()), Err)?;
        }
        self.outside.fault.clone().map_or(Ok(()), Err)?;
        let Some(server) = &self.server else { return Ok(()) };
        server.fault.clone().map_or(Ok(()), Err)?;
        server.game.fault.clone().map_or(Ok(()), Err)?;
        if let (Some(told), Some(before)) = (server.told, self.incarnation)
            && told <= before
        {
            return Err(format!("players were told incarnation {}, and after a crash {}", before.0, told.0));
        }
        for (seat, player) in server.game.seats.iter().zip(&self.players) {
            for (page, acknowledged) in &player.acknowledged {
                let has = match page.cmp(&seat.page) {
                    std::cmp::Ordering::Less => continue,
                    std::cmp::Ordering::Equal => seat.newest,
                    std::cmp::Ordering::Greater => 0,
                };
                if has < *acknowledged {
                    let who = player.seat;
                    return Err(format!(
                        "player {who}, page {page}: {acknowledged} inputs acknowledged, the game has {has}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Every input has arrived and every message was told.
    fn is_settled(&self) -> bool {
        let Some(server) = &self.server else { return false };
        let settled = |(player, seat): (&Player, &crate::game::SeatState)| {
            let (page, sent) = player.newest();
            let arrived = sent == 0 || (seat.page, seat.newest) == (page, sent);
            player.is_settled() && arrived && player.newest_told() + 1 >= seat.told
        };
        server.game.asked == server.game.answered && self.players.iter().zip(&server.game.seats).all(settled)
    }

    fn finish(&mut self) -> Result<(), String> {
        if !self.is_settled() {
            let players: Vec<_> =
                self.players.iter().map(|one| (one.newest(), one.newest_told(), one.is_settled())).collect();
            let game = self.server.as_ref().map(|server| &server.game.seats);
            let open = self.server.as_ref().map(|server| (server.game.asked, server.game.answered));
            return Err(format!(
                "not everything arrived after {CALM:?}: players {players:?}, game {game:?}, asked and answered {open:?}"
            ));
        }
        self.told.naps += self.server.as_ref().map_or(0, |server| server.naps);
        self.told.requests += self.server.as_ref().map_or(0, |server| server.game.answered);
        self.told.repeated += self.outside.repeated;
        for player in &self.players {
            self.told.inputs += player.acknowledged.values().sum::<u64>();
            self.told.messages += player.newest_told();
            self.told.welcomes += player.welcomes;
        }
        Ok(())
    }
}
