//! All players of one load generator, and the turn that moves them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use quinn_proto::{ClientConfig, DatagramEvent, Endpoint, EndpointConfig};
use stadion_protocol::Moment;

use super::member::{Member, Now};
use super::socket::{Came, Socket};
use super::tally::Tally;
use super::trust::client_config;
use super::{Said, Speaker, Standing};
use crate::clock;

/// One turn. Inputs and echoes are quantized to it.
const TURN: Duration = Duration::from_millis(1);

/// Handshakes in flight: a server that has more asks for a proof of address, which is not what is measured.
const MAX_JOINING: usize = 100;

/// How long players may take to be let in, all together.
const JOIN_WITHIN: Duration = Duration::from_secs(60);

/// Where to connect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// The server.
    pub(crate) address: SocketAddr,
    /// The protocol it is asked for.
    pub(crate) alpn: &'static [u8],
}

/// Players and their connections.
pub(crate) struct Fleet<S> {
    endpoint: Endpoint,
    config: ClientConfig,
    target: Target,
    socket: Socket,
    members: Vec<Member<S>>,
    /// By connection handle.
    of_handle: Vec<usize>,
    /// When each says its next input.
    play_at: Vec<Moment>,
    /// When each wants to be looked at.
    look_at: Vec<Option<Moment>>,
    /// Something happened to these in this turn.
    touched: Vec<usize>,
    is_touched: Vec<bool>,
    /// Between two inputs of a player, each at its own phase.
    period: Duration,
    playing: bool,
    tally: Tally,
    origin: Instant,
    buffer: Vec<u8>,
}

impl<S: Speaker> Fleet<S> {
    pub(crate) fn new(target: Target, period: Duration) -> anyhow::Result<Fleet<S>> {
        let socket = Socket::bind().context("the load generator's socket")?;
        let endpoint = Endpoint::new(Arc::new(EndpointConfig::default()), None, !socket.may_fragment(), None);
        Ok(Fleet {
            endpoint,
            config: client_config(target.alpn)?,
            target,
            socket,
            members: Vec::new(),
            of_handle: Vec::new(),
            play_at: Vec::new(),
            look_at: Vec::new(),
            touched: Vec::new(),
            is_touched: Vec::new(),
            period,
            playing: false,
            tally: Tally::new(),
            origin: clock::now(),
            buffer: Vec::with_capacity(2_048),
        })
    }

    /// How many players there are.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Lets players join, a bounded number at a time, and waits until all of them play.
    pub(crate) fn join(&mut self, players: impl IntoIterator<Item = S>) -> anyhow::Result<()> {
        let mut players = players.into_iter().peekable();
        let until = clock::now() + JOIN_WITHIN;
        let mut joining: Vec<usize> = Vec::new();
        let mut next = clock::now();
        while players.peek().is_some() || !joining.is_empty() {
            while joining.len() < MAX_JOINING
                && let Some(player) = players.next()
            {
                joining.push(self.connect(player)?);
            }
            self.turn_at(&mut next)?;
            let mut out = None;
            joining.retain(|&at| match self.members[at].speaker.standing() {
                Standing::Joining => true,
                Standing::Playing => false,
                Standing::Out(why) => {
                    out = Some(why);
                    false
                }
            });
            if let Some(why) = out {
                bail!("a player was not let in: {why}");
            }
            if clock::now() > until {
                bail!("{} players were not let in within {JOIN_WITHIN:?}", joining.len());
            }
        }
        Ok(())
    }

    /// Plays for this long and answers what was counted.
    pub(crate) fn play(&mut self, lasts: Duration) -> anyhow::Result<Tally> {
        self.playing = true;
        self.tally = Tally::new();
        let mut next = clock::now();
        let until = next + lasts;
        while clock::now() < until {
            self.turn_at(&mut next)?;
        }
        self.playing = false;
        Ok(std::mem::replace(&mut self.tally, Tally::new()))
    }

    /// Plays on without counting.
    pub(crate) fn warm_up(&mut self, lasts: Duration) -> anyhow::Result<()> {
        self.play(lasts).map(drop)
    }

    /// The first reason why a player is out, and how many are.
    pub(crate) fn out(&self) -> Option<(usize, String)> {
        let mut reasons = self.members.iter().filter_map(|member| match member.speaker.standing() {
            Standing::Out(why) => Some(why),
            _ => None,
        });
        let first = reasons.next()?;
        Some((1 + reasons.count(), first))
    }

    /// Closes the newest connections until so many are left.
    pub(crate) fn shrink(&mut self, to: usize) -> anyhow::Result<()> {
        let now = self.now();
        for at in to..self.members.len() {
            self.members[at].close(now);
            self.of_handle[self.members[at].handle.0] = usize::MAX;
            self.touch(at);
        }
        let mut next = clock::now();
        self.turn_at(&mut next)?;
        self.members.truncate(to);
        self.play_at.truncate(to);
        self.look_at.truncate(to);
        self.is_touched.truncate(to);
        Ok(())
    }

    fn connect(&mut self, speaker: S) -> anyhow::Result<usize> {
        let now = self.now();
        let (handle, connection) =
            self.endpoint.connect(now.instant, self.config.clone(), self.target.address, "localhost")?;
        let at = self.members.len();
        self.members.push(Member::new(connection, handle, speaker));
        if self.of_handle.len() <= handle.0 {
            self.of_handle.resize(handle.0 + 1, usize::MAX);
        }
        self.of_handle[handle.0] = at;
        self.play_at.push(now.moment + self.phase(at));
        self.look_at.push(None);
        self.is_touched.push(false);
        self.touch(at);
        Ok(at)
    }

    /// Spreads players over a period, whatever their number: steps of the golden ratio.
    fn phase(&self, at: usize) -> Duration {
        self.period.mul_f64((at as f64 * 0.618_033_988_749_895).fract())
    }

    /// Waits for the next turn and makes it.
    fn turn_at(&mut self, next: &mut Instant) -> anyhow::Result<()> {
        let now = clock::now();
        match next.checked_duration_since(now) {
            Some(wait) => std::thread::sleep(wait),
            None if now.duration_since(*next) > TURN => {
                self.tally.late_turns += 1;
                *next = now;
            }
            None => {}
        }
        *next += TURN;
        self.tally.turns += 1;
        self.turn().context("the load generator's socket")
    }

    fn turn(&mut self) -> std::io::Result<()> {
        let now = self.now();
        self.receive(now)?;
        for at in 0..self.members.len() {
            if self.look_at[at].is_some_and(|due| due <= now.moment) {
                self.look(at, now);
            }
            if self.playing && self.play_at[at] <= now.moment {
                self.play_one(at, now);
            }
        }
        let touched = std::mem::take(&mut self.touched);
        for &at in &touched {
            self.is_touched[at] = false;
            // The time of this one: a long turn must not make its echoes look quick.
            self.drive(at, self.now());
        }
        Ok(())
    }

    fn receive(&mut self, now: Now) -> std::io::Result<()> {
        let Fleet { socket, endpoint, members, of_handle, touched, is_touched, buffer, .. } = self;
        socket.receive(|Came { from, to, ecn, data }| {
            let ecn = ecn.and_then(|ecn| quinn_proto::EcnCodepoint::from_bits(ecn as u8));
            buffer.clear();
            if let Some(DatagramEvent::ConnectionEvent(handle, event)) =
                endpoint.handle(now.instant, from, to, ecn, data, buffer)
                && let Some(&at) = of_handle.get(handle.0)
                && let Some(member) = members.get_mut(at)
            {
                member.connection.handle_event(event);
                if !std::mem::replace(&mut is_touched[at], true) {
                    touched.push(at);
                }
            }
        })
    }

    fn look(&mut self, at: usize, now: Now) {
        let member = &mut self.members[at];
        member.connection.handle_timeout(now.instant);
        if member.speaker.next_timeout().is_some_and(|due| due <= now.moment) {
            let mut said = Said::default();
            member.speaker.timeout(now.moment, &mut said);
            member.say(said);
        }
        self.touch(at);
    }

    fn play_one(&mut self, at: usize, now: Now) {
        self.play_at[at] = next_play(self.play_at[at], self.period, now.moment);
        let member = &mut self.members[at];
        if member.speaker.standing() == Standing::Playing {
            let mut said = Said::default();
            member.speaker.play(now.moment, &mut said);
            member.say(said);
            self.tally.inputs += 1;
            self.touch(at);
        }
    }

    fn drive(&mut self, at: usize, now: Now) {
        let Some(member) = self.members.get_mut(at) else { return };
        member.settle(now, &mut self.endpoint, &mut self.tally);
        member.transmit(now, &self.socket, &mut self.buffer, &mut self.tally);
        let quinn = member.connection.poll_timeout().map(|due| self.moment(due));
        let member = &self.members[at];
        self.look_at[at] = [quinn, member.speaker.next_timeout()].into_iter().flatten().min();
    }

    fn touch(&mut self, at: usize) {
        if !std::mem::replace(&mut self.is_touched[at], true) {
            self.touched.push(at);
        }
    }

    fn now(&self) -> Now {
        let instant = clock::now();
        Now { instant, moment: self.moment(instant) }
    }

    fn moment(&self, at: Instant) -> Moment {
        let since = at.saturating_duration_since(self.origin);
        Moment(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl<S> Fleet<S> {
    /// What players measure from.
    pub(crate) fn start(&self) -> Moment {
        let since = clock::now().saturating_duration_since(self.origin);
        Moment(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// When a player says the next input: a whole number of periods after `due`, and after `now`. What was missed is not made up for, a
/// player does not send old inputs in a burst; but each keeps its phase, or all who waited for the last to join would play
/// at once for ever after.
fn next_play(due: Moment, period: Duration, now: Moment) -> Moment {
    let missed = now.since(due).as_nanos() / period.as_nanos().max(1);
    due + period.saturating_mul(u32::try_from(missed + 1).unwrap_or(u32::MAX))
}

#[test]
fn players_keep_their_phases_however_long_they_wait() {
    let (period, at) = (Duration::from_millis(50), |ms: u64| Moment(ms * 1_000_000));
    assert_eq!(next_play(at(7), period, at(7)), at(57));
    assert_eq!(next_play(at(7), period, at(56)), at(57));
    assert_eq!(next_play(at(7), period, at(57)), at(107));
    assert_eq!(next_play(at(7), period, at(9_990)), at(10_007));
    assert_eq!(next_play(at(8), period, at(9_990)), at(10_008));
}
