//! What bringing all matches of a shard back would cost, and keeping that within its bound: whoever owes most takes a
//! checkpoint.

use std::time::Duration;

use stadion_protocol::Moment;

use super::worker::Worker;

/// CPU time that replaying all matches of a shard since their newest checkpoints may take.
const DEBT_OF_SHARD: Duration = Duration::from_secs(1);

/// How often that is looked at: one checkpoint each time at most, so that none of them delays many ticks.
const EVERY: Duration = Duration::from_millis(100);

impl Worker {
    /// Looks, if it is time.
    pub(super) fn audit(&mut self, now: Moment) {
        if now < self.audit_at {
            return;
        }
        self.audit_at = now + EVERY;
        let slots = self.places.iter().filter_map(|place| place.slot.as_ref());
        let debts = slots.map(|slot| (slot.payable_debt(now), slot.key()));
        let (mut all, mut most) = (Duration::ZERO, None);
        for (debt, key) in debts {
            all += debt;
            most = most.max(Some((debt, key)));
        }
        if all > DEBT_OF_SHARD
            && let Some((_, key)) = most
        {
            self.with(key, |slot, around| slot.pay(around, now));
        }
    }
}
