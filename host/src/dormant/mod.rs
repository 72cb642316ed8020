//! Matches out of memory. What is left of each is a bed: how it stands, when its time comes, how long seats are kept. The
//! rest is in its journal, which is closed meanwhile.
//!
//! ```text
//!   shard ──lie down──▶ bed ──its time, a player at the door, a question──▶ called ──▶ rousing: a place, the newest
//!     ▲                  ▲                                                        checkpoint and what follows, one of
//!     │                  └───────── no room now: again in a moment ─────────────  few threads
//!     └── Resume: `Resumed` is journaled, questions that waited are answered ─────────┘
//! ```
//!
//! - here: the beds, and who is called next. `rouse`: the threads that bring matches back.
//!
//! Whoever asks how such a match stands is answered from its bed; who wants it to do something waits until it is awake. It
//! takes no place of the host's capacity and no session. A thousand that are called at once wait in line, those who are asked
//! for before those whose time has come: [`rouse::AT_ONCE`] are brought back at a time, and shards only take them in.
//!
//! **Invariants.** A match is on a shard or in a bed, never in both and never in neither: its bed is kept until its shard has
//! taken it in. It goes to bed only after everything about it was kept, so that losing the process loses nothing but beds, and
//! those are found again.

mod rouse;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stadion_protocol::contract::{MatchStatus, MatchUsage};
use stadion_protocol::token::ResumeToken;
use stadion_protocol::{MatchId, Moment};

use crate::clock;
use crate::engine::LoadedVersion;
use crate::life::{Asleep, Rest};
use crate::shard::{Command, Mailbox, MatchStats};

pub(crate) use rouse::{Library, Rousing};

/// Questions that may wait for one match that is being brought back.
const MAX_QUESTIONS: usize = 256;

/// So long before its time a match is called, nanoseconds: it is back when its time comes, and its tick is not late.
const AHEAD_NS: u64 = 100_000_000;

/// What is left of a match that sleeps.
pub(crate) struct Bed {
    pub(crate) asleep: Asleep,
    /// What it ran, kept loaded.
    pub(crate) version: Option<Arc<LoadedVersion>>,
    /// Counted so far; it goes on counting from there.
    pub(crate) stats: MatchStats,
    pub(crate) mailbox: Arc<Mailbox>,
}

/// A match that was called.
pub(crate) struct Called {
    pub(crate) id: MatchId,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) version: Option<Arc<LoadedVersion>>,
    pub(crate) woken: Woken,
    /// Tries before this one.
    pub(crate) tries: u32,
}

/// What a match that wakes up had with it in bed.
pub(crate) struct Woken {
    pub(crate) rest: Rest,
    pub(crate) stats: MatchStats,
    /// Somebody called it, not its time alone.
    pub(crate) called: bool,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Dormant {
    beds: Mutex<Beds>,
    rung: Condvar,
}

#[derive(Default)]
struct Beds {
    taken: HashMap<MatchId, Box<Taken>>,
    /// Whose time comes when. An entry counts only if it is its match's newest.
    due: BinaryHeap<Reverse<(Moment, MatchId)>>,
    /// Called by somebody, in that order. Each match is in it at most once.
    wanted: VecDeque<MatchId>,
    closed: bool,
}

struct Taken {
    bed: Box<Bed>,
    stage: Stage,
    due: Option<Moment>,
    called: bool,
    tries: u32,
    questions: Vec<Command>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Asleep,
    /// In line.
    Wanted,
    /// Being brought back.
    Waking,
}

impl Dormant {
    /// A match goes to bed.
    pub(crate) fn tuck_in(&self, bed: Box<Bed>) {
        let due = bed.asleep.wakes_at.map(|at| Moment(at.0.saturating_sub(AHEAD_NS)));
        let id = bed.asleep.status.id;
        let mut beds = self.beds();
        if beds.closed {
            return;
        }
        let taken = Taken { bed, stage: Stage::Asleep, due, called: false, tries: 0, questions: Vec::new() };
        beds.taken.insert(id, Box::new(taken));
        beds.due.extend(due.map(|at| Reverse((at, id))));
        self.rung.notify_one();
    }

    /// Somebody is at the door of a match. One that is awake is not woken.
    pub(crate) fn knock(&self, id: &MatchId) {
        let mut beds = self.beds();
        if beds.want(id).is_some() {
            self.rung.notify_one();
        }
    }

    /// Has a match answer a question once it is awake. `false`: it is not in bed, or too many wait already.
    pub(crate) fn ask(&self, id: &MatchId, question: Command) -> bool {
        let mut beds = self.beds();
        let Some(taken) = beds.want(id) else { return false };
        let room = taken.questions.len() < MAX_QUESTIONS;
        if room {
            taken.questions.push(question);
        }
        self.rung.notify_one();
        room
    }

    /// The match was taken in by a shard; answers what is to be asked of it.
    pub(crate) fn leave(&self, id: &MatchId) -> Vec<Command> {
        let left = self.beds().taken.remove(id);
        left.map(|taken| taken.questions).unwrap_or_default()
    }

    /// Takes a match that sleeps in hand, to bring it to its end. `None`: it is awake, or about to be.
    pub(crate) fn call_last(&self, id: &MatchId) -> Option<Woken> {
        let mut beds = self.beds();
        beds.taken.get(id).filter(|taken| taken.stage != Stage::Waking)?;
        beds.wanted.retain(|wanted| wanted != id);
        beds.call(*id).map(|called| called.woken)
    }

    /// Comes back to a match that cannot be brought back now.
    fn again(&self, id: &MatchId, after: Duration, tries: u32) {
        let at = clock::now() + after;
        let mut beds = self.beds();
        let Some(taken) = beds.taken.get_mut(id) else { return };
        (taken.stage, taken.due, taken.tries) = (Stage::Asleep, Some(at), tries);
        beds.due.push(Reverse((at, *id)));
        self.rung.notify_one();
    }

    /// Whether a match sleeps and nobody comes back to it with this token: it is not woken to say so.
    pub(crate) fn turns_away(&self, id: &MatchId, token: &ResumeToken) -> bool {
        self.beds().taken.get(id).is_some_and(|taken| !taken.bed.asleep.rest.knows(token))
    }

    /// How a match stands that sleeps.
    pub(crate) fn status(&self, id: &MatchId) -> Option<MatchStatus> {
        self.beds().taken.get(id).map(|taken| taken.bed.asleep.status.clone())
    }

    /// What a match has used that sleeps.
    pub(crate) fn usage(&self, id: &MatchId) -> Option<MatchUsage> {
        self.beds().taken.get(id).map(|taken| taken.bed.stats.usage())
    }

    /// How many sleep.
    pub(crate) fn count(&self) -> usize {
        self.beds().taken.len()
    }

    /// All who sleep.
    pub(crate) fn statuses(&self) -> Vec<MatchStatus> {
        self.beds().taken.values().map(|taken| taken.bed.asleep.status.clone()).collect()
    }

    /// Nobody is brought back any more; beds are forgotten, what they stood for is in journals.
    pub(crate) fn close(&self) {
        let mut beds = self.beds();
        *beds = Beds { closed: true, ..Beds::default() };
        self.rung.notify_all();
    }

    /// Waits for whoever is to be brought back next; `None`: nobody any more.
    fn next(&self) -> Option<Called> {
        let mut beds = self.beds();
        loop {
            if beds.closed {
                return None;
            }
            if let Some(called) = beds.next(clock::now()) {
                return Some(called);
            }
            let due = beds.due.peek().map(|Reverse((at, _))| at.since(clock::now()));
            beds = match due {
                None => self.rung.wait(beds).unwrap_or_else(PoisonError::into_inner),
                Some(wait) => self.rung.wait_timeout(beds, wait).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    fn beds(&self) -> MutexGuard<'_, Beds> {
        self.beds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Beds {
    /// Puts a match in line, if it sleeps.
    fn want(&mut self, id: &MatchId) -> Option<&mut Taken> {
        let taken = self.taken.get_mut(id)?;
        taken.called = true;
        if taken.stage == Stage::Asleep {
            taken.stage = Stage::Wanted;
            self.wanted.push_back(*id);
        }
        Some(taken)
    }

    fn next(&mut self, now: Moment) -> Option<Called> {
        if let Some(id) = self.wanted.pop_front() {
            return self.call(id);
        }
        while let Some(&Reverse((at, id))) = self.due.peek()
            && at <= now
        {
            self.due.pop();
            if self.taken.get(&id).is_some_and(|taken| taken.stage == Stage::Asleep && taken.due == Some(at)) {
                return self.call(id);
            }
        }
        None
    }

    fn call(&mut self, id: MatchId) -> Option<Called> {
        let taken = self.taken.get_mut(&id)?;
        taken.stage = Stage::Waking;
        let Bed { asleep, version, stats, mailbox } = &*taken.bed;
        let woken = Woken { rest: asleep.rest.clone(), stats: *stats, called: taken.called };
        Some(Called { id, mailbox: Arc::clone(mailbox), version: version.clone(), woken, tries: taken.tries })
    }
}

#[cfg(test)]
mod tests;
