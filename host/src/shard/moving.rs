//! Matches that leave a shard and come to one: the shard's side of a move.
//!
//! ```text
//!   balancer ──Give──▶ busy shard ──TakeIn(match)──▶ idle shard: a place, a home, and looked at at once
//!                          │ for a while                  ▲
//!                          └── questions that come late ──┘ Forwarded
//! ```
//!
//! A match that leaves memory is remembered like one that left for elsewhere.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use stadion_protocol::Moment;

use super::command::{Command, ShardHandle};
use super::mailbox::{Key, Mailbox};
use super::slot::Slot;
use super::worker::Worker;

/// The most matches that one move takes along: each is a look by the other shard, and those queue up.
const MOST_AT_ONCE: usize = 1_000;

/// How long a shard remembers where a match went. Whoever asks has read the old place before, and waits for an answer
/// no longer than half of this.
const FORWARD_FOR: Duration = Duration::from_secs(10);

/// Where matches went. Bounded by [`MOST_AT_ONCE`] for each move within [`FORWARD_FOR`], and moves have their rest.
#[derive(Default)]
pub(super) struct Moved(VecDeque<Gone>);

struct Gone {
    at: Moment,
    key: Key,
    mailbox: Arc<Mailbox>,
    /// `None`: it sleeps, or has slept.
    to: Option<Arc<ShardHandle>>,
}

impl Moved {
    /// Where the match of this place went, if it went.
    fn find(&self, key: Key) -> Option<(Arc<Mailbox>, Option<Arc<ShardHandle>>)> {
        let gone = self.0.iter().rev().find(|gone| gone.key == key)?;
        Some((Arc::clone(&gone.mailbox), gone.to.clone()))
    }

    fn remember(&mut self, gone: Gone) {
        let forgotten = |old: &mut Gone| gone.at.since(old.at) > FORWARD_FOR;
        while self.0.pop_front_if(forgotten).is_some() {}
        self.0.push_back(gone);
    }
}

impl Worker {
    /// Gives matches away until they are worth this share of the shard's time. What works right now stays.
    pub(super) fn give(&mut self, to: &Arc<ShardHandle>, share: f64, now: Moment) {
        let (mut left, mut leaving) = (share, Vec::new());
        for slot in self.places.iter().filter_map(|place| place.slot.as_deref()) {
            let takes = slot.share(now);
            if slot.can_move() && takes <= left {
                left -= takes;
                leaving.push(slot.key());
            }
            if leaving.len() == MOST_AT_ONCE {
                break;
            }
        }
        for key in leaving {
            let Some(slot) = self.vacate(key) else { continue };
            slot.leave(&self.handle);
            let mailbox = Arc::clone(slot.mailbox());
            self.moved.remember(Gone { at: now, key, mailbox, to: Some(Arc::clone(to)) });
            to.send_internal(Command::TakeIn(slot));
        }
    }

    /// Lets a match leave memory.
    pub(super) fn put_to_bed(&mut self, key: Key, now: Moment) {
        let Some(slot) = self.vacate(key) else { return };
        slot.leave(&self.handle);
        self.moved.remember(Gone { at: now, key, mailbox: Arc::clone(slot.mailbox()), to: None });
        slot.lie_down(&self.shared);
        // Only now is its session's slot free for whoever takes its place.
        self.shared.matches.fetch_sub(1, Ordering::Relaxed);
    }

    /// Passes a question on that came too late for this shard. `None`: passed on, or nobody is left to ask.
    pub(super) fn still_here(&self, mut question: Command) -> Option<Command> {
        let key = *question.asked()?;
        if self.places.get(key.slot as usize).is_some_and(|place| place.generation == key.generation) {
            return Some(question);
        }
        match self.moved.find(key)? {
            (mailbox, Some(to)) => to.send_internal(Command::Forwarded(mailbox, Box::new(question))),
            (mailbox, None) => drop(mailbox.ask(question)),
        }
        None
    }

    /// Gives a match from elsewhere a place, and looks at it: what was said to it on its way waits.
    pub(super) fn take_in(&mut self, mut slot: Box<Slot>, now: Moment) {
        let key = self.free_place();
        slot.arrive(key, &self.handle, now);
        self.places[key.slot as usize].slot = Some(slot);
        let due = self.places[key.slot as usize].slot.as_ref().and_then(|slot| slot.deadline(now));
        // As if this shard had come for its deadline: a tick that became due on the way is late.
        self.visit(key, now, due.filter(|due| *due <= now));
    }

    /// A question that the match's old shard passed on.
    pub(super) fn ask_again(&mut self, mailbox: &Arc<Mailbox>, mut question: Command, now: Moment) {
        let Some((shard, place)) = mailbox.place() else {
            mailbox.ask(question);
            return;
        };
        let Some(key) = question.asked() else { return };
        *key = place;
        if Arc::ptr_eq(&shard, &self.handle) {
            self.answer(question, now);
        } else {
            shard.send_internal(question);
        }
    }
}
