//! How long the next one is going to wait, by how long the last ones did.

use std::collections::VecDeque;
use std::time::Duration;

/// Tickets that are looked back at: enough that one lucky pair does not decide, few enough that an hour of rush is
/// forgotten after it.
const REMEMBERED: usize = 64;

/// The waits of the tickets that were served last.
#[derive(Clone, Debug, Default)]
pub(super) struct Waits {
    last: VecDeque<Duration>,
}

impl Waits {
    pub(super) fn served(&mut self, waited: Duration) {
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(waited);
    }

    /// Their median; `None`: nobody was served yet.
    pub(super) fn estimate(&self) -> Option<Duration> {
        let mut sorted: Vec<Duration> = self.last.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_the_median_of_the_last_waits() {
        let mut waits = Waits::default();
        assert_eq!(waits.estimate(), None);
        (0..1000).for_each(|_| waits.served(Duration::from_secs(600)));
        (0..33).for_each(|_| waits.served(Duration::from_secs(2)));
        assert_eq!(waits.estimate(), Some(Duration::from_secs(2)), "the rush is over");
    }
}
