//! How much one client may send: token buckets over messages and bytes.

use std::time::Duration;

use crate::clock::Moment;

/// What one connection may send. A client that exceeds it is closed as `too-fast`; nobody else notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputLimits {
    /// Frames and datagrams a second, sustained.
    pub messages_per_second: u32,
    /// Frames and datagrams at once.
    pub messages_burst: u32,
    /// Bytes a second, sustained.
    pub bytes_per_second: u32,
    /// Bytes at once.
    pub bytes_burst: u32,
}

impl Default for InputLimits {
    /// 240 messages a second let a client send an input for each frame of a fast screen, with acknowledgements; the
    /// burst takes a full queue of unacknowledged inputs (256) after a reconnect, the bytes likewise (256 KiB).
    fn default() -> InputLimits {
        InputLimits {
            messages_per_second: 240,
            messages_burst: 600,
            bytes_per_second: 64 * 1024,
            bytes_burst: 384 * 1024,
        }
    }
}

/// Both buckets of a connection.
#[derive(Debug)]
pub(super) struct Buckets {
    messages: Bucket,
    bytes: Bucket,
}

impl Buckets {
    pub(super) fn new(limits: &InputLimits, now: Moment) -> Buckets {
        Buckets {
            messages: Bucket::new(limits.messages_per_second, limits.messages_burst, now),
            bytes: Bucket::new(limits.bytes_per_second, limits.bytes_burst, now),
        }
    }

    /// Takes that many messages, or says that there are too many.
    pub(super) fn messages(&mut self, now: Moment, count: usize) -> bool {
        self.messages.take(now, count)
    }

    /// Takes that many bytes, or says that there are too many.
    pub(super) fn bytes(&mut self, now: Moment, count: usize) -> bool {
        self.bytes.take(now, count)
    }
}

/// A token bucket that counts in tokens times nanoseconds, so that nothing is lost to rounding at any call rate.
#[derive(Debug)]
struct Bucket {
    per_second: u64,
    full: u128,
    level: u128,
    at: Moment,
}

const SECOND: u128 = Duration::from_secs(1).as_nanos();

impl Bucket {
    fn new(per_second: u32, burst: u32, now: Moment) -> Bucket {
        let full = u128::from(burst) * SECOND;
        Bucket { per_second: u64::from(per_second), full, level: full, at: now }
    }

    fn take(&mut self, now: Moment, count: usize) -> bool {
        let gained = now.since(self.at).as_nanos() * u128::from(self.per_second);
        self.at = self.at.max(now);
        self.level = (self.level + gained).min(self.full);
        let price = count as u128 * SECOND;
        let enough = price <= self.level;
        self.level = self.level.saturating_sub(price);
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let start = Moment(5);
        let mut bucket = Bucket::new(10, 3, start);
        assert!(bucket.take(start, 3));
        assert!(!bucket.take(start, 1));
        let later = start + Duration::from_millis(200);
        assert!(bucket.take(later, 2), "ten a second");
        assert!(!bucket.take(later, 1));
        assert!(bucket.take(later + Duration::from_secs(60), 3));
        assert!(!bucket.take(later + Duration::from_secs(60), 1), "never more than the burst");
    }
}
