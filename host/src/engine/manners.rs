//! Whether a version's steps give way when their slice is over. Nearly all do; a single instruction such as a fill of 64
//! MiB cannot be interrupted, and holds its thread for tens of milliseconds.
//!
//! A version that did so is rude for a while: its steps begin in the slow lane, where they hold up nobody else. It takes
//! two slices to find out. By the wall alone a thread that lost its core looks the same, so a long slice only raises
//! suspicion, and the next one is measured in CPU time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use stadion_protocol::Moment;

/// A slice that gives way ends within 2 to 3 ms; on a machine whose epochs come late, somewhat later.
const HELD: Duration = Duration::from_millis(8);

/// The same in CPU time. Less, since a second fill finds its pages mapped and is over sooner than the first was.
const HELD_CPU: Duration = Duration::from_micros(4_500);

/// Then it is tried again: it costs the others two slices a minute at most, and nobody is slow for ever.
const RUDE_FOR: Duration = Duration::from_secs(60);

/// What is known of one version, shared by all its matches.
#[derive(Debug, Default)]
pub(crate) struct Manners {
    suspect: AtomicBool,
    rude_until: AtomicU64,
}

impl Manners {
    /// Its steps are to begin in the slow lane.
    pub(crate) fn is_rude(&self, now: Moment) -> bool {
        now.0 < self.rude_until.load(Relaxed)
    }

    /// The next slice is worth a look at the thread's CPU clock.
    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect.load(Relaxed)
    }

    /// A slice took so long by the wall, and in CPU time if that was measured.
    pub(crate) fn slice_took(&self, now: Moment, wall: Duration, cpu: Option<Duration>) {
        match cpu {
            None if wall > HELD => self.suspect.store(true, Relaxed),
            None => {}
            Some(cpu) => {
                self.suspect.store(false, Relaxed);
                if cpu > HELD_CPU {
                    self.rude_until.store((now + RUDE_FOR).0, Relaxed);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_000_000_000);
    const LONG: Duration = Duration::from_millis(30);

    #[test]
    fn it_takes_two_long_slices_and_cpu_time_to_be_rude() {
        let manners = Manners::default();
        manners.slice_took(NOW, Duration::from_millis(3), None);
        assert!(!manners.is_suspect());
        manners.slice_took(NOW, LONG, None);
        assert!(manners.is_suspect() && !manners.is_rude(NOW));
        manners.slice_took(NOW, LONG, Some(LONG));
        assert!(manners.is_rude(NOW) && !manners.is_suspect());
        assert!(!manners.is_rude(NOW + RUDE_FOR), "and is tried again");
    }

    #[test]
    fn a_thread_that_lost_its_core_is_not_the_guests_fault() {
        let manners = Manners::default();
        manners.slice_took(NOW, LONG, None);
        manners.slice_took(NOW, LONG, Some(Duration::from_millis(2)));
        assert!(!manners.is_rude(NOW) && !manners.is_suspect());
    }
}
