//! When a lost database is tried again.
//!
//! ```text
//!   open ──a call fails──▶ shut for a delay ──over──▶ one call probes ──works──▶ open
//!                            ▲                          │ fails
//!                            └──── twice the delay ◀────┘
//! ```
//! While it is shut, calls fail at once: requests that each waited for their turn to find the database gone would pile up,
//! and all of them, and all replicas, would meet it in the moment in which it comes back.

use std::time::Duration;

use crate::model::UnixMs;

/// The first delay. A restart of a database takes seconds, a lost connection is replaced at once.
const FIRST_MS: u64 = 100;

/// The longest delay: together with a probe it stays under the 5 s within which a replica is to be back.
const LONGEST_MS: u64 = 2_000;

/// Doublings until the longest delay.
const DOUBLINGS: u32 = 5;

/// See the module. Time and chance are given to it.
#[derive(Debug, Default)]
pub(super) struct Gate {
    failures: u32,
    shut_until: UnixMs,
}

impl Gate {
    /// Lets a call through, or says for how long none is. The call that comes first after a delay is the probe: until it
    /// is answered, `probe` at most, others are sent away.
    pub(super) fn admit(&mut self, now: UnixMs, probe: Duration) -> Result<(), Duration> {
        if self.failures == 0 {
            return Ok(());
        }
        if now < self.shut_until {
            return Err(self.shut_until.since(now));
        }
        self.shut_until = now.plus(probe);
        Ok(())
    }

    /// A call was answered.
    pub(super) fn passed(&mut self) {
        self.failures = 0;
    }

    /// A call found no database. Half of the delay is left to `chance`, so that replicas come one by one.
    pub(super) fn failed(&mut self, now: UnixMs, chance: u32) {
        let whole = (FIRST_MS << self.failures.min(DOUBLINGS)).min(LONGEST_MS);
        let delay = whole / 2 + whole / 2 * u64::from(chance) / u64::from(u32::MAX);
        self.failures += 1;
        self.shut_until = now.plus(Duration::from_millis(delay));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBE: Duration = Duration::from_secs(2);

    #[test]
    fn it_is_shut_for_longer_and_longer_but_never_long() {
        let mut gate = Gate::default();
        let mut now = UnixMs(1_000);
        let mut delays = Vec::new();
        for _ in 0..8 {
            gate.failed(now, u32::MAX);
            let delay = gate.admit(now, PROBE).unwrap_err();
            delays.push(delay.as_millis());
            now = now.plus(delay);
            assert!(gate.admit(now, PROBE).is_ok());
        }
        assert_eq!(delays, [100, 200, 400, 800, 1600, 2000, 2000, 2000]);
    }

    #[test]
    fn one_call_probes_and_opens_it_for_all() {
        let mut gate = Gate::default();
        gate.failed(UnixMs(0), 0);
        assert_eq!(
            gate.admit(UnixMs(0), PROBE),
            Err(Duration::from_millis(50)),
            "chance takes half of the delay at most"
        );
        assert_eq!(gate.admit(UnixMs(50), PROBE), Ok(()));
        assert!(gate.admit(UnixMs(51), PROBE).is_err(), "the probe is under way");
        gate.passed();
        assert_eq!(gate.admit(UnixMs(52), PROBE), Ok(()));
    }
}
