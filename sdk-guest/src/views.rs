//! Which views have to be sent: whole, when they change, and unreliable ones again until they have arrived.
//!
//! A view's number is the tick in which it changed, so that equal views of several seats are equal bytes.

use serde::{Deserialize, Serialize};

/// An unreliable view that was not acknowledged is sent again after this long, match time: long against a round trip
/// and the client's own 100 ms, short for a person.
pub(crate) const REPEAT_NS: u64 = 250_000_000;

/// What a seat was last shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// The tick in which the view changed; 0: never shown.
    pub(crate) number: u64,
    #[serde(with = "crate::save::bytes")]
    pub(crate) bytes: Vec<u8>,
    /// When it was sent last, match time.
    sent_at: u64,
    /// Nothing is left to do until it changes: it went reliably, or the client has it.
    arrived: bool,
}

impl Shown {
    /// Forgets everything: the client knows nothing.
    pub(crate) fn reset(&mut self) {
        *self = Shown::default();
    }

    /// Takes note of the seat's view as of now (its bytes go into `self`, old ones come out) and says whether it has to
    /// be sent.
    pub(crate) fn update(&mut self, view: &mut Vec<u8>, tick: u64, now: u64) -> bool {
        if self.number == 0 || self.bytes != *view {
            std::mem::swap(&mut self.bytes, view);
            self.number = tick;
            self.arrived = false;
            return true;
        }
        !self.arrived && now >= self.sent_at.saturating_add(REPEAT_NS)
    }

    /// It was sent.
    pub(crate) fn sent(&mut self, now: u64, reliably: bool) {
        self.sent_at = now;
        self.arrived = reliably;
    }

    /// The client has the view of that number.
    pub(crate) fn acknowledged(&mut self, number: u64) {
        self.arrived |= number == self.number;
    }

    /// When it is to be sent again if nothing changes; none when it has arrived.
    pub(crate) fn repeat_at(&self) -> Option<u64> {
        (self.number > 0 && !self.arrived).then(|| self.sent_at.saturating_add(REPEAT_NS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_sent_when_it_changes_and_again_until_it_has_arrived() {
        let mut shown = Shown::default();
        assert!(shown.update(&mut vec![1], 1, 0), "first");
        shown.sent(0, false);
        assert!(!shown.update(&mut vec![1], 2, REPEAT_NS - 1), "just sent");
        assert!(shown.update(&mut vec![1], 3, REPEAT_NS), "no sign of it");
        shown.sent(REPEAT_NS, false);
        assert_eq!((shown.number, shown.repeat_at()), (1, Some(2 * REPEAT_NS)));
        shown.acknowledged(1);
        assert!(!shown.update(&mut vec![1], 4, 9 * REPEAT_NS), "it has arrived");
        assert!(shown.update(&mut vec![2], 5, 9 * REPEAT_NS), "changed");
        shown.sent(9 * REPEAT_NS, true);
        assert_eq!(shown.repeat_at(), None, "reliable");
    }

    #[test]
    fn an_acknowledgement_of_an_older_view_changes_nothing() {
        let mut shown = Shown::default();
        for (view, tick) in [(1, 1), (2, 2)] {
            shown.update(&mut vec![view], tick, 0);
            shown.sent(0, false);
        }
        shown.acknowledged(1);
        assert!(shown.repeat_at().is_some());
    }
}
