//! Those who watch without a seat: they hear what the game says to `spectators`, and nothing that they do reaches it but
//! their number.
//!
//! ```text
//!   hello ──▶ counted at the next `spectators(n)` ──its tick is sealed──▶ shown what that tick and later ones say
//! ```
//! A game sends everything when the number grows, so somebody who comes is shown nothing that was said before. The number is
//! an event of a journaled tick, told at most every [`COUNT_EVERY`]; who watches is in no record. They are promised nothing:
//! whoever is too slow for the gateway is closed, comes back and is shown everything, as after a crash.
//!
//! **Invariant.** What watches costs a match is bounded: [`MAX_SPECTATORS`] short posts for each thing that is said to them,
//! and [`LATE_BYTES`] of words on their way. They keep a match awake, and never alive.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::wire::Speaker;
use stadion_protocol::{CloseCode, Moment, Seat, Tick};

use super::admission::{self, Refusal};
use super::effect::Effect;
use super::ending::told;
use super::seats::Tenancy;
use super::tick::Waiting;
use super::{Life, Phase};
use crate::link::{Admission, ConnId, Credential, FromPlayer, ToPlayer};
use crate::model::{Delivery, Event};

/// Who may watch one match at once. Each costs a post of some 50 ns for each thing that is said to them.
pub const MAX_SPECTATORS: usize = 500;

/// How often a game is told how many watch, at most.
pub const COUNT_EVERY: Duration = Duration::from_millis(500);

/// Bytes of words that leave later, of one match.
const LATE_BYTES: usize = 1 << 20;

/// What a word that leaves later is counted with beside its bytes.
const LATE_OVERHEAD: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Watching {
    watchers: BTreeMap<ConnId, Watcher>,
    /// How many the game knows of, as of the newest sealed tick.
    told: u32,
    /// The number waits in the next tick's events.
    queued: bool,
    /// Somebody came or went since the game was told.
    changed: bool,
    not_before: Moment,
    /// Oldest first.
    late: VecDeque<Late>,
    late_bytes: usize,
}

#[derive(Debug)]
struct Watcher {
    token: [u8; 16],
    speaker: Speaker,
    shown: Shown,
    out_seq: u64,
}

/// From when somebody is shown what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// The game does not know of it.
    Uncounted,
    /// The number with it waits for its tick.
    Queued,
    /// From this tick on.
    From(u64),
}

/// A word that leaves later.
#[derive(Debug)]
struct Late {
    at: Moment,
    tick: Tick,
    via: Delivery,
    data: Bytes,
}

/// Whether a `hello` is for watching.
pub(super) fn asks_to_watch(admission: &Admission) -> bool {
    matches!(&admission.credential, Credential::Join { claims, .. } if claims.seat.is_spectator())
}

impl Watching {
    /// Of a match that goes on. Those whom its game knows of are gone, and some come back.
    pub(super) fn resumed(told: u32, now: Moment) -> Watching {
        Watching { told, changed: told > 0, not_before: now + COUNT_EVERY, ..Watching::default() }
    }

    pub(super) fn has(&self, conn: ConnId) -> bool {
        self.watchers.contains_key(&conn)
    }

    pub(super) fn anybody(&self) -> bool {
        !self.watchers.is_empty()
    }

    /// How many the game knows of.
    pub(super) fn told(&self) -> u32 {
        self.told
    }

    /// Nobody watches, and the game knows.
    pub(super) fn is_settled(&self) -> bool {
        self.watchers.is_empty() && self.told == 0 && !self.changed && !self.queued
    }

    /// When there is something to tell or to send.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let count = (self.changed && !self.queued).then_some(self.not_before);
        [count, self.late.front().map(|late| late.at)].into_iter().flatten().min()
    }

    /// A tick was sealed with these events.
    pub(super) fn sealed(&mut self, tick: u64, events: &[Event]) {
        let count = |event: &Event| match event {
            Event::Spectators(count) => Some(*count),
            _ => None,
        };
        let Some(count) = events.iter().rev().find_map(count) else { return };
        (self.told, self.queued) = (count, false);
        for watcher in self.watchers.values_mut().filter(|watcher| watcher.shown == Shown::Queued) {
            watcher.shown = Shown::From(tick);
        }
    }

    /// The game became another instance that knows of nobody.
    pub(super) fn unknown(&mut self, now: Moment) {
        self.told = 0;
        self.show_again(now);
    }

    /// The game is to send everything again: it is told that all of them come.
    pub(super) fn show_again(&mut self, now: Moment) {
        self.forget_late();
        for watcher in self.watchers.values_mut() {
            watcher.shown = Shown::Uncounted;
        }
        self.changed |= !self.watchers.is_empty();
        self.not_before = self.not_before.max(now);
    }

    /// Lets all of them go.
    pub(super) fn dismiss(&mut self, now: Moment) -> Vec<ConnId> {
        self.forget_late();
        self.changed |= !self.watchers.is_empty();
        self.not_before = self.not_before.max(now);
        std::mem::take(&mut self.watchers).into_keys().collect()
    }

    /// What the game is to be told now: when somebody is new, the number grows, whoever went meanwhile.
    fn count(&mut self, now: Moment) -> Vec<Event> {
        if !self.changed || self.queued || now < self.not_before {
            return Vec::new();
        }
        (self.changed, self.not_before) = (false, now + COUNT_EVERY);
        let count = number(self.watchers.len());
        let fresh = self.watchers.values_mut().filter(|watcher| watcher.shown == Shown::Uncounted);
        let newcomers = number(fresh.map(|watcher| watcher.shown = Shown::Queued).count());
        let mut events = Vec::new();
        if newcomers > 0 && count <= self.told {
            events.push(Event::Spectators(count - newcomers));
        }
        if newcomers > 0 || count != self.told {
            events.push(Event::Spectators(count));
        }
        self.queued = !events.is_empty();
        events
    }

    /// Puts a word by. When too much waits, all of it is dropped, and the game sends everything anew.
    fn put_by(&mut self, now: Moment, late: Late) {
        self.late_bytes += late.data.len() + LATE_OVERHEAD;
        self.late.push_back(late);
        if self.late_bytes > LATE_BYTES {
            self.show_again(now);
        }
    }

    fn take_late(&mut self, due: impl Fn(&Late) -> bool) -> Option<Late> {
        let late = self.late.pop_front_if(|late| due(late))?;
        self.late_bytes -= late.data.len() + LATE_OVERHEAD;
        Some(late)
    }

    fn forget_late(&mut self) {
        self.late.clear();
        self.late_bytes = 0;
    }
}

impl Life {
    /// How many watch.
    pub fn spectators(&self) -> usize {
        self.watching.watchers.len()
    }

    /// Somebody asks to watch.
    pub(super) fn watch(&mut self, now: Moment, conn: ConnId, admission: &Admission) {
        let token = match self.may_watch(admission) {
            Ok(token) => token,
            Err(refusal) => {
                tracing::debug!(id = %self.spec.id, ?refusal, "hello of a spectator refused");
                let (code, reason) = refusal.close();
                return self.post_close(conn, code, reason);
            }
        };
        if let Some(code) = self.end_code() {
            return self.post_close(conn, code, "the match is over");
        }
        // A token is good for one at a time: of clients the last to come, of a client's connections the youngest.
        if let Some((old, speaker)) = self.watching.with_token(&token) {
            let same = speaker.client == admission.speaker.client;
            if same && speaker.connection > admission.speaker.connection {
                return self.post_close(conn, CloseCode::Superseded, "a younger connection watches");
            }
            self.watching.watchers.remove(&old);
            let code = if same { CloseCode::Superseded } else { CloseCode::Replaced };
            self.post_close(old, code, "a newer connection watches");
        }
        let watcher = Watcher { token, speaker: admission.speaker, shown: Shown::Uncounted, out_seq: 0 };
        self.watching.watchers.insert(conn, watcher);
        self.watching.changed = true;
        let welcome = ToPlayer::Welcome {
            seat: Seat::SPECTATOR,
            incarnation: self.known_as,
            tick: Tick(self.tick),
            in_seq: 0,
            next_out_seq: 1,
            fresh: true,
            rate: self.spec.setup.rate,
        };
        self.effects.push_back(Effect::Post(conn, welcome));
        self.look_at_spectators(now);
    }

    fn may_watch(&self, admission: &Admission) -> Result<[u8; 16], Refusal> {
        let Credential::Join { claims, .. } = &admission.credential else { return Err(Refusal::NotForHere) };
        let token = admission::judge_watcher(&self.spec, claims, admission.schema)?;
        let full = self.watching.watchers.len() >= MAX_SPECTATORS && self.watching.with_token(&token).is_none();
        if full { Err(Refusal::Crowded) } else { Ok(token) }
    }

    /// A word of somebody who watches: none of them reaches the game.
    pub(super) fn hear_spectator(&mut self, now: Moment, conn: ConnId, word: &FromPlayer) {
        match word {
            FromPlayer::Ack { .. } | FromPlayer::Quality { .. } => return,
            FromPlayer::Closed => {}
            FromPlayer::Leave => self.post_close(conn, CloseCode::Left, ""),
            FromPlayer::Hello(_) => self.post_close(conn, CloseCode::ProtocolError, "a second hello"),
            FromPlayer::Input { .. } | FromPlayer::Unreliable { .. } => {
                self.post_close(conn, CloseCode::ProtocolError, "who watches says nothing");
            }
        }
        self.watching.watchers.remove(&conn);
        self.watching.changed = true;
        self.look_at_spectators(now);
    }

    /// Tells the game how many watch, and sends them what is due.
    pub(super) fn look_at_spectators(&mut self, now: Moment) {
        if self.is_running() {
            for event in self.watching.count(now) {
                self.inbound.push(Waiting::new(event, None, Tenancy::default()));
            }
        }
        while let Some(late) = self.watching.take_late(|late| late.at <= now) {
            self.show_now(late.tick, late.via, &late.data);
        }
    }

    /// The game says something to those who watch.
    pub(super) fn show(&mut self, now: Moment, tick: Tick, via: Delivery, data: Bytes) {
        let delay = self.spec.settings.spectators.delay;
        if delay.is_zero() || !self.watching.anybody() {
            self.show_now(tick, via, &data);
        } else {
            self.watching.put_by(now, Late { at: now + delay, tick, via, data });
        }
    }

    fn show_now(&mut self, tick: Tick, via: Delivery, data: &Bytes) {
        let incarnation = self.known_as;
        for (conn, watcher) in &mut self.watching.watchers {
            if !matches!(watcher.shown, Shown::From(first) if first <= tick.0) {
                continue;
            }
            let data = data.clone();
            let word = match via {
                Delivery::Unreliable => ToPlayer::Unreliable { incarnation, tick, data },
                Delivery::Reliable => {
                    watcher.out_seq += 1;
                    ToPlayer::Reliable { out_seq: watcher.out_seq, tick, data }
                }
            };
            self.effects.push_back(Effect::Post(*conn, word));
        }
    }

    /// The match is over: there is nothing to be kept from those who watch any more.
    pub(super) fn end_watching(&mut self) {
        while let Some(late) = self.watching.take_late(|_| true) {
            self.show_now(late.tick, late.via, &late.data);
        }
        let ended = match &self.phase {
            Phase::Lingering(_) | Phase::Over(_) => self.ended().map(|ended| ended.reason.clone()),
            Phase::Running(_) => None,
        };
        let Some(reason) = ended else { return };
        let (code, text) = (reason.close_code(), told(&reason));
        for conn in std::mem::take(&mut self.watching.watchers).into_keys() {
            let word = ToPlayer::Ended { code, reason: text.to_owned() };
            self.effects.push_back(Effect::Post(conn, word));
            self.post_close(conn, code, text);
        }
    }
}

impl Watching {
    fn with_token(&self, token: &[u8; 16]) -> Option<(ConnId, Speaker)> {
        let with = self.watchers.iter().find(|(_, watcher)| watcher.token == *token);
        with.map(|(conn, watcher)| (*conn, watcher.speaker))
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "watching_tests.rs"]
mod tests;
