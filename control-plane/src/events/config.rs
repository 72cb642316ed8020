//! What of events is kept.

use std::time::Duration;

/// The log of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventConfig {
    /// How long events are kept.
    pub keep: Duration,
    /// Bytes that the events of one game take at most; the oldest go first.
    pub bytes_of_a_game: u64,
}

impl Default for EventConfig {
    fn default() -> EventConfig {
        // Some 300,000 events without much to say, or 4,000 of the largest.
        EventConfig { keep: Duration::from_secs(30 * 24 * 3600), bytes_of_a_game: 64 * 1024 * 1024 }
    }
}
