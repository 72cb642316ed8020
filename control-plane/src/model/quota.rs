//! What an owner of games may have.

/// Quotas of one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Games.
    pub games: u32,
    /// Versions of all of them.
    pub versions: u32,
    /// Bytes of those versions' uploads.
    pub stored_bytes: u64,
    /// Matches that run at a time.
    pub running_matches: u32,
    /// Matches that are created in a minute, on one replica.
    pub matches_a_minute: u32,
    /// CPU time of matches that ended in the last 24 hours, seconds.
    pub cpu_seconds_a_day: u64,
}

impl Default for Quotas {
    /// So much that nobody meets it by accident on one machine, and no program that runs wild fills a disk.
    fn default() -> Quotas {
        Quotas {
            games: 1_000,
            versions: 20_000,
            stored_bytes: 64 * 1024 * 1024 * 1024,
            running_matches: 50_000,
            matches_a_minute: 600_000,
            cpu_seconds_a_day: 100 * 24 * 3600,
        }
    }
}

/// What the operator says about one owner; what is `None` is as for everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaOverride {
    /// See [`Quotas::games`].
    pub games: Option<u32>,
    /// See [`Quotas::versions`].
    pub versions: Option<u32>,
    /// See [`Quotas::stored_bytes`].
    pub stored_bytes: Option<u64>,
    /// See [`Quotas::running_matches`].
    pub running_matches: Option<u32>,
    /// See [`Quotas::matches_a_minute`].
    pub matches_a_minute: Option<u32>,
    /// See [`Quotas::cpu_seconds_a_day`].
    pub cpu_seconds_a_day: Option<u64>,
}

impl QuotaOverride {
    /// What holds for the owner.
    pub fn over(&self, everybody: &Quotas) -> Quotas {
        Quotas {
            games: self.games.unwrap_or(everybody.games),
            versions: self.versions.unwrap_or(everybody.versions),
            stored_bytes: self.stored_bytes.unwrap_or(everybody.stored_bytes),
            running_matches: self.running_matches.unwrap_or(everybody.running_matches),
            matches_a_minute: self.matches_a_minute.unwrap_or(everybody.matches_a_minute),
            cpu_seconds_a_day: self.cpu_seconds_a_day.unwrap_or(everybody.cpu_seconds_a_day),
        }
    }
}

/// What an owner has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owned {
    /// Games.
    pub games: u32,
    /// Versions of all of them, deprecated ones too.
    pub versions: u32,
    /// Bytes of their uploads.
    pub stored_bytes: u64,
    /// Matches of its games that run, as far as they are written down.
    pub running_matches: u32,
}
