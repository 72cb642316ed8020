//! A match that lives: its life, and the journal that it waits for.

use std::collections::VecDeque;

use stadion_protocol::Moment;

use crate::journal::{Journal, Position, Record};
use crate::life::{Life, Mark};

use super::super::mailbox::Mailbox;

pub(super) struct Living {
    pub(super) life: Life,
    pub(super) journal: Box<dyn Journal>,
    /// Appended, not known to be durable.
    pub(super) unsynced: VecDeque<(Position, Mark)>,
}

impl Living {
    pub(super) fn append(&mut self, now: Moment, mark: Mark, record: &Record) {
        match self.journal.append(record) {
            Ok(position) => {
                self.unsynced.push_back((position, mark));
                self.sync(now);
            }
            Err(error) => {
                tracing::error!(id = %self.life.spec().id, %error, "the journal failed");
                self.life.journal_failed(now, &error.to_string());
            }
        }
    }

    /// Hands over answers to what the match asked, as many as it has room for.
    pub(super) fn hear_answers(&mut self, now: Moment, mailbox: &Mailbox) {
        while self.life.has_room()
            && let Some((key, outcome)) = mailbox.take_answer()
        {
            self.life.answered(now, key, outcome);
        }
    }

    /// All there are: no more than it may have asked.
    pub(super) fn hear_all_answers(&mut self, now: Moment, mailbox: &Mailbox) {
        while let Some((key, outcome)) = mailbox.take_answer() {
            self.life.answered(now, key, outcome);
        }
    }

    /// Where the newest record stands.
    pub(super) fn newest(&self) -> Position {
        self.unsynced.back().map_or_else(|| self.journal.durable(), |(position, _)| *position)
    }

    /// Tells the life what has become durable. Answers whether anything has.
    pub(super) fn sync(&mut self, now: Moment) -> bool {
        if self.unsynced.is_empty() {
            return false;
        }
        let durable = self.journal.durable();
        let mut newest = None;
        while let Some((_, mark)) = self.unsynced.pop_front_if(|(position, _)| *position <= durable) {
            newest = Some(mark);
        }
        if let Some(mark) = newest {
            self.life.durable(now, mark);
        }
        newest.is_some()
    }
}

/// A resume token's secret.
pub(super) fn secret() -> [u8; 16] {
    let mut secret = [0; 16];
    getrandom::fill(&mut secret).expect("the operating system gives random bytes");
    secret
}
