//! How much games may report: a bucket of bytes for each game, so that one that never stops talking fills neither the queue
//! nor the disk. Pure.

use std::collections::HashMap;
use std::time::Duration;

use stadion_protocol::GameName;

use crate::model::UnixMs;

/// Bytes that a game may report at once ..
const BURST: u64 = 4 * 1024 * 1024;

/// .. and in each second after that: a thousand short reports.
const BYTES_A_SECOND: u64 = 256 * 1024;

/// What is dropped is told that often, at most.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Games whose buckets are kept; that many report at the same time in a few seconds.
const MOST: usize = 10_000;

#[derive(Default)]
struct Bucket {
    /// Bytes taken out of it.
    used: u64,
    at: UnixMs,
    dropped: u64,
    told_at: UnixMs,
}

impl Bucket {
    fn refill(&mut self, now: UnixMs) {
        let ms = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.used = self.used.saturating_sub(ms.saturating_mul(BYTES_A_SECOND) / 1000);
        self.at = now;
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Budgets {
    games: HashMap<GameName, Bucket>,
}

impl Budgets {
    /// Whether a game may report so many bytes now.
    pub(crate) fn admit(&mut self, game: &GameName, bytes: u64, now: UnixMs) -> bool {
        if self.games.len() >= MOST && !self.games.contains_key(game) {
            self.forget_idle(now);
        }
        let bucket = self.games.entry(game.clone()).or_insert_with(|| Bucket { at: now, ..Bucket::default() });
        bucket.refill(now);
        let fits = bucket.used + bytes <= BURST;
        if fits {
            bucket.used += bytes;
        } else {
            bucket.dropped += 1;
        }
        fits
    }

    /// Games of which something was dropped that is not told yet, and how many reports.
    pub(crate) fn dropped(&mut self, now: UnixMs) -> Vec<(GameName, u64)> {
        let due = self.games.iter_mut().filter(|(_, b)| b.dropped > 0 && now.since(b.told_at) >= TELL_EVERY);
        let told = due.map(|(game, bucket)| {
            bucket.told_at = now;
            (game.clone(), std::mem::take(&mut bucket.dropped))
        });
        told.collect()
    }

    /// A full bucket is as good as none.
    fn forget_idle(&mut self, now: UnixMs) {
        self.games.retain(|_, bucket| {
            bucket.refill(now);
            bucket.used > 0 || bucket.dropped > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game_that_never_stops_gets_its_rate_and_others_theirs() {
        let (mut budgets, start) = (Budgets::default(), UnixMs(1_000_000));
        let (loud, quiet): (GameName, GameName) = ("loud".parse().unwrap(), "quiet".parse().unwrap());
        let mut passed = 0;
        for ms in 0..10_000 {
            let now = UnixMs(start.0 + ms);
            passed += u64::from(budgets.admit(&loud, 16 * 1024, now)) * 16 * 1024;
        }
        assert!(passed <= BURST + 10 * BYTES_A_SECOND && passed > BURST + 9 * BYTES_A_SECOND, "{passed}");
        let now = UnixMs(start.0 + 10_000);
        assert!(budgets.admit(&quiet, 16 * 1024, now));
        let told = budgets.dropped(now);
        assert_eq!((told.len(), &told[0].0), (1, &loud));
        assert_eq!(told[0].1 * 16 * 1024 + passed, 10_000 * 16 * 1024, "each is counted");
        budgets.admit(&loud, BURST, now);
        assert!(budgets.dropped(now).is_empty(), "not every time");
        assert_eq!(budgets.dropped(now.plus(TELL_EVERY)), [(loud, 1)]);
    }

    #[test]
    fn buckets_are_bounded_by_those_in_use() {
        let (mut budgets, now) = (Budgets::default(), UnixMs(1_000_000));
        for n in 0..MOST {
            budgets.admit(&format!("g-{n}").parse().unwrap(), 1_000, now);
        }
        budgets.admit(&"late".parse().unwrap(), 1, now.plus(Duration::from_secs(60)));
        assert_eq!(budgets.games.len(), 1);
    }
}
