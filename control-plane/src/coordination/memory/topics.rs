//! Topics of a single replica.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::{MemoryCoordination, State};
use crate::clock::Clock;
use crate::coordination::topic::{Backlog, Kept, Line, NUMBERED_FOR, check_size};
use crate::coordination::{CoordinationError, KEPT, KEPT_FOR, Listener, Topics};

#[async_trait::async_trait]
impl Topics for MemoryCoordination {
    async fn tell(&self, topic: &str, message: &[u8]) -> Result<u64, CoordinationError> {
        check_size(message)?;
        let now = self.clock.now();
        let mut state = self.state();
        let before = state.numbers.get(topic, now).copied().unwrap_or_default();
        let number = now.0.max(before + 1);
        let line = Line { number, before, bytes: Bytes::copy_from_slice(message) };
        let mut lines = state.lines.take(topic, now).unwrap_or_default();
        if lines.len() >= KEPT {
            lines.pop_front();
        }
        lines.push_back(line.clone());
        state.numbers.put(topic, number, now, now.plus(NUMBERED_FOR))?;
        state.lines.put(topic, lines, now, now.plus(KEPT_FOR))?;
        // Under the lock: listeners hear messages in the order of their numbers.
        self.switchboard.pass_on(topic, line);
        Ok(number)
    }

    async fn listen(&self, topic: &str, after: Option<u64>) -> Result<Listener, CoordinationError> {
        let (live, _) = self.switchboard.connect(topic);
        let backlog = Arc::new(Memory { clock: self.clock.clone(), state: self.state.clone() });
        let switchboard = self.switchboard.clone();
        let hang_up = Box::new(move |topic: &str| {
            switchboard.tidy(topic);
        });
        Listener::start(topic, after, live, backlog, hang_up).await
    }
}

struct Memory {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[async_trait::async_trait]
impl Backlog for Memory {
    async fn kept(&self, topic: &str) -> Result<Kept, CoordinationError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        Ok(Kept {
            last: state.numbers.get(topic, now).copied().unwrap_or_default(),
            lines: state.lines.get(topic, now).cloned().unwrap_or_default(),
        })
    }
}
