//! What matches used, as their owner is billed for it.

use stadion_protocol::contract::MatchUsage;
use stadion_protocol::{GameName, PlayerId, VersionId};

use super::UnixMs;

/// What one match used, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of steps, microseconds.
    pub cpu_us: u64,
    /// The most memory that a guest had, bytes: the largest, not a sum.
    pub peak_memory_bytes: u64,
    /// Steps.
    pub ticks: u64,
    /// Messages of players.
    pub messages_in: u64,
    /// Bytes of those.
    pub bytes_in: u64,
    /// Messages to players.
    pub messages_out: u64,
    /// Bytes of those.
    pub bytes_out: u64,
    /// Bytes of journals.
    pub journal_bytes: u64,
}

impl From<&MatchUsage> for Usage {
    fn from(usage: &MatchUsage) -> Usage {
        Usage {
            cpu_us: u64::try_from(usage.cpu.as_micros()).unwrap_or(u64::MAX),
            peak_memory_bytes: usage.peak_memory_bytes,
            ticks: usage.ticks,
            messages_in: usage.messages_in,
            bytes_in: usage.bytes_in,
            messages_out: usage.messages_out,
            bytes_out: usage.bytes_out,
            journal_bytes: usage.journal_bytes,
        }
    }
}

impl Usage {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Usage) -> Usage {
        Usage {
            cpu_us: self.cpu_us.saturating_add(other.cpu_us),
            peak_memory_bytes: self.peak_memory_bytes.max(other.peak_memory_bytes),
            ticks: self.ticks.saturating_add(other.ticks),
            messages_in: self.messages_in.saturating_add(other.messages_in),
            bytes_in: self.bytes_in.saturating_add(other.bytes_in),
            messages_out: self.messages_out.saturating_add(other.messages_out),
            bytes_out: self.bytes_out.saturating_add(other.bytes_out),
            journal_bytes: self.journal_bytes.saturating_add(other.journal_bytes),
        }
    }
}

/// Whose matches are summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageScope {
    /// Of one game.
    Game(GameName),
    /// Of all games of an owner.
    Owner(PlayerId),
}

/// Matches of one version that ended in some time, summed up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSum {
    /// Of which game.
    pub game: GameName,
    /// The code they ran.
    pub version: VersionId,
    /// How many.
    pub matches: u64,
    /// When the first of them ended.
    pub first_ended_at: UnixMs,
    /// What they used.
    pub usage: Usage,
}
