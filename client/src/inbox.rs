//! Events between the driver and the application: read by `next` or by `poll`, bounded when neither is called.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::end::End;
use crate::raw_match::RawEvent;

/// The application's end of a match.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    queue: Mutex<Queue>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    events: VecDeque<RawEvent>,
    bytes: usize,
    end: Option<End>,
}

/// The application did not read for so long that events would be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

/// A program that stands still (a breakpoint, a level that loads) finds this much when it goes on.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// What each event counts beside its bytes.
const OVERHEAD: usize = 64;

impl Inbox {
    /// Queues an event. A view replaces a view right before it: only the newest is worth showing.
    pub(crate) fn push(&self, event: RawEvent) -> Result<(), Overflow> {
        let mut queue = self.lock();
        if let (RawEvent::View(_), Some(RawEvent::View(_))) = (&event, queue.events.back()) {
            let replaced = queue.events.pop_back();
            queue.bytes -= replaced.as_ref().map_or(0, cost);
        }
        let bytes = queue.bytes + cost(&event);
        if bytes > MAX_BYTES {
            return Err(Overflow);
        }
        queue.bytes = bytes;
        queue.events.push_back(event);
        drop(queue);
        self.filled.notify_one();
        Ok(())
    }

    /// Says that nothing more will come; the first end counts.
    pub(crate) fn end(&self, end: End) {
        self.lock().end.get_or_insert(end);
        self.filled.notify_one();
    }

    /// The next event; after the last one the end, again and again.
    pub(crate) fn pop(&self) -> Option<RawEvent> {
        let mut queue = self.lock();
        match queue.events.pop_front() {
            Some(event) => {
                queue.bytes -= cost(&event);
                Some(event)
            }
            None => queue.end.clone().map(RawEvent::End),
        }
    }

    /// How it ended, for whoever sends after that.
    pub(crate) fn ended(&self) -> End {
        let unknown = || End { code: stadion_protocol::CloseCode::Left, reason: String::new() };
        self.lock().end.clone().unwrap_or_else(unknown)
    }

    /// Waits for the next event. Dropping the future loses nothing.
    pub(crate) async fn next(&self) -> RawEvent {
        loop {
            if let Some(event) = self.pop() {
                return event;
            }
            self.filled.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("nothing panics while it holds this lock")
    }
}

fn cost(event: &RawEvent) -> usize {
    let bytes = match event {
        RawEvent::View(data) | RawEvent::Message(data) => data.len(),
        _ => 0,
    };
    bytes + OVERHEAD
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use stadion_protocol::CloseCode;

    use super::*;

    fn view(byte: u8) -> RawEvent {
        RawEvent::View(Bytes::from(vec![byte]))
    }

    #[test]
    fn only_the_newest_of_views_in_a_row_waits() {
        let inbox = Inbox::default();
        let message = RawEvent::Message(Bytes::from_static(b"m"));
        for event in [view(1), view(2), message.clone(), view(3)] {
            inbox.push(event).unwrap();
        }
        let events: Vec<RawEvent> = std::iter::from_fn(|| inbox.pop()).collect();
        assert_eq!(events, [view(2), message, view(3)]);
    }

    #[test]
    fn a_program_that_never_reads_is_bounded() {
        let inbox = Inbox::default();
        let count = (0..1_000_000).take_while(|_| inbox.push(RawEvent::Message(Bytes::new())).is_ok()).count();
        assert_eq!(count, MAX_BYTES / OVERHEAD);
    }

    #[test]
    fn the_end_comes_last_and_stays() {
        let inbox = Inbox::default();
        let end = End { code: CloseCode::Finished, reason: String::new() };
        inbox.end(end.clone());
        inbox.end(End { code: CloseCode::TimedOut, reason: String::new() });
        inbox.push(view(1)).unwrap();
        assert_eq!(inbox.pop(), Some(view(1)));
        assert_eq!(inbox.pop(), Some(RawEvent::End(end.clone())));
        assert_eq!(inbox.pop(), Some(RawEvent::End(end)));
    }
}
