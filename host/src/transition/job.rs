//! A transition's side of the conversation with the shard of its match. It blocks: never on a shard, never on a runtime.

use std::sync::Arc;
use std::time::Duration;

use stadion_protocol::Moment;
use stadion_protocol::contract::UpgradeError;
use tokio::sync::oneshot;

use crate::clock;
use crate::shard::{Command, Mailbox};

use super::order::{Held, Order, Successor, Swapped, Tap};

/// One transition of one match. Dropping it releases the match.
pub(super) struct Job {
    mailbox: Arc<Mailbox>,
    deadline: Moment,
    seconds: u32,
    following: bool,
}

impl Job {
    /// Has until then.
    pub(super) fn new(mailbox: Arc<Mailbox>, within: Duration) -> Job {
        let seconds = u32::try_from(within.as_secs()).unwrap_or(u32::MAX);
        Job { mailbox, deadline: clock::now() + within, seconds, following: false }
    }

    /// Begins to tap what the match records; everything before can be read from its journal.
    pub(super) fn follow(&mut self) -> Result<Arc<Tap>, UpgradeError> {
        let tap = self.ask(Order::Follow)?;
        self.following = true;
        Ok(tap)
    }

    /// Has the match stand still.
    pub(super) fn hold(&self, length: Duration) -> Result<Held, UpgradeError> {
        self.ask(|reply| Order::Hold(length, reply))
    }

    /// Has the match go on in another session, if it still stands still.
    pub(super) fn swap(&mut self, successor: Box<Successor>) -> Result<Swapped, UpgradeError> {
        self.ask(|reply| Order::Swap(successor, reply))?.map_err(|_| self.too_slow())
    }

    /// Whether there is time left.
    pub(super) fn in_time(&self) -> Result<(), UpgradeError> {
        if clock::now() < self.deadline { Ok(()) } else { Err(self.too_slow()) }
    }

    pub(super) fn too_slow(&self) -> UpgradeError {
        UpgradeError::TooSlow { seconds: self.seconds }
    }

    /// A match that is gone, or that another transition has, closes the channel.
    fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, UpgradeError> {
        let (reply, answer) = oneshot::channel();
        let (shard, key) = self.mailbox.place().ok_or(UpgradeError::Busy)?;
        if !shard.send(Command::Order(key, order(reply))) {
            return Err(UpgradeError::Unavailable("it has too much to do"));
        }
        answer.blocking_recv().map_err(|_| if self.following { UpgradeError::Ended } else { UpgradeError::Busy })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.following
            && let Some((shard, key)) = self.mailbox.place()
        {
            // If it cannot be said, holds run out by themselves and a tap that nobody empties overflows.
            let _ = shard.send(Command::Order(key, Order::Release));
        }
    }
}
