//! Quotas of owners: what they may have, and what they are told when they have it.
//!
//! Publishing asks the store. Creating a match does not: its owner's quotas come with what is played from the catalog, how many
//! were created lately is counted here, and how much CPU time its matches used is asked for beside, now and then. Each replica
//! counts for itself: of several, each creates as many a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stadion_protocol::PlayerId;

use crate::clock::Clock;
use crate::model::{Owned, Quotas, UnixMs, UsageScope};
use crate::store::{Store, StoreError};

/// How old what is known of an owner's CPU time may be.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// Over which time it is summed up.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Owners that are counted for; past it those who have created nothing for a minute are forgotten, then all.
const MOST_OWNERS: usize = 10_000;

/// A match in a bucket from which, in each millisecond, as many of these parts run out as may be created in a minute.
const ONE: u64 = 60_000;

/// A quota that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the owner of the game has used up its quota {name}: {used} of {limit}; {}", .name.remedy())]
pub(crate) struct QuotaMet {
    pub(crate) name: QuotaName,
    pub(crate) limit: u64,
    pub(crate) used: u64,
}

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QuotaName {
    Games,
    Versions,
    StoredBytes,
    RunningMatches,
    MatchesAMinute,
    CpuSecondsADay,
}

impl QuotaName {
    /// As in the API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            QuotaName::Games => "games",
            QuotaName::Versions => "versions",
            QuotaName::StoredBytes => "stored_bytes",
            QuotaName::RunningMatches => "running_matches",
            QuotaName::MatchesAMinute => "matches_a_minute",
            QuotaName::CpuSecondsADay => "cpu_seconds_a_day",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            QuotaName::Games => "publish to a game that is there, or ask the server's operator for more",
            QuotaName::Versions | QuotaName::StoredBytes => "ask the server's operator for more",
            QuotaName::RunningMatches => "try again when some have ended, or ask the server's operator for more",
            QuotaName::MatchesAMinute => "try again in a minute, or ask the server's operator for more",
            QuotaName::CpuSecondsADay => "try again in some hours, or ask the server's operator for more",
        }
    }

    /// When trying again may help; `None`: not by itself.
    pub(crate) fn retry_after(self) -> Option<Duration> {
        match self {
            QuotaName::Games | QuotaName::Versions | QuotaName::StoredBytes => None,
            QuotaName::RunningMatches | QuotaName::MatchesAMinute => Some(Duration::from_secs(1)),
            QuotaName::CpuSecondsADay => Some(GOOD_FOR),
        }
    }
}

impl std::fmt::Display for QuotaName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether one more fits.
pub(crate) fn room(name: QuotaName, used: u64, more: u64, limit: u64) -> Result<(), QuotaMet> {
    if used.saturating_add(more) <= limit { Ok(()) } else { Err(QuotaMet { name, limit, used }) }
}

/// What is counted for one owner. Pure.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// Matches that were created lately, each [`ONE`], in a bucket that runs out evenly: as many in a minute as may be created.
    created: u64,
    at: UnixMs,
    cpu_seconds: u64,
    /// When that was asked for; `None`: never.
    cpu_asked_at: Option<UnixMs>,
}

impl Tally {
    /// Counts one more match, if it fits.
    fn create(&mut self, limits: &Quotas, now: UnixMs) -> Result<(), QuotaMet> {
        room(QuotaName::CpuSecondsADay, self.cpu_seconds, 1, limits.cpu_seconds_a_day)?;
        let limit = u64::from(limits.matches_a_minute);
        let passed_ms = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.created = self.created.saturating_sub(passed_ms.saturating_mul(limit));
        self.at = now;
        room(QuotaName::MatchesAMinute, self.created.div_ceil(ONE), 1, limit)?;
        self.created += ONE;
        Ok(())
    }

    fn is_stale(&self, now: UnixMs) -> bool {
        self.cpu_asked_at.is_none_or(|asked_at| now.since(asked_at) >= GOOD_FOR)
    }
}

/// See the module.
pub(crate) struct QuotaBook {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    everybody: Quotas,
    owners: Mutex<HashMap<PlayerId, Tally>>,
}

impl QuotaBook {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, everybody: Quotas) -> QuotaBook {
        QuotaBook { store, clock, everybody, owners: Mutex::default() }
    }

    /// What holds for an owner.
    pub(crate) async fn of(&self, owner: &PlayerId) -> Result<Quotas, StoreError> {
        Ok(self.store.quotas_of(owner).await?.over(&self.everybody))
    }

    /// What holds for an owner, what it has, and the seconds of CPU time that its matches used in a day.
    pub(crate) async fn report(&self, owner: &PlayerId) -> Result<(Quotas, Owned, u64), StoreError> {
        Ok((self.of(owner).await?, self.store.owned(owner).await?, self.cpu_seconds(owner).await?))
    }

    /// Whether an owner may have another game.
    pub(crate) async fn admit_game(&self, owner: &PlayerId) -> Result<Result<(), QuotaMet>, StoreError> {
        let (limits, owned) = (self.of(owner).await?, self.store.owned(owner).await?);
        Ok(room(QuotaName::Games, owned.games.into(), 1, limits.games.into()))
    }

    /// Whether an owner may have another version of so many bytes. Of several uploads at the same time each is asked for as if
    /// it were the only one: as many more as are received at once may come through.
    pub(crate) async fn admit_version(&self, owner: &PlayerId, bytes: u64) -> Result<Result<(), QuotaMet>, StoreError> {
        let (limits, owned) = (self.of(owner).await?, self.store.owned(owner).await?);
        let versions = room(QuotaName::Versions, owned.versions.into(), 1, limits.versions.into());
        Ok(versions.and_then(|()| room(QuotaName::StoredBytes, owned.stored_bytes, bytes, limits.stored_bytes)))
    }

    /// Counts a match that is about to be created, if its owner may have it. From memory alone.
    pub(crate) fn admit_match(self: &Arc<QuotaBook>, owner: &PlayerId, limits: &Quotas) -> Result<(), QuotaMet> {
        let now = self.clock.now();
        let mut owners = self.owners();
        if owners.len() >= MOST_OWNERS && !owners.contains_key(owner) {
            owners.retain(|_, tally| now.since(tally.at) < GOOD_FOR);
            if owners.len() >= MOST_OWNERS {
                owners.clear();
            }
        }
        let tally = owners.entry(owner.clone()).or_insert_with(|| Tally { at: now, ..Tally::default() });
        if tally.is_stale(now) {
            // One asks at a time; what was known holds until the answer is there, and where there is none.
            tally.cpu_asked_at = Some(now);
            let (this, owner) = (self.clone(), owner.clone());
            tokio::spawn(async move { this.ask(owner).await });
        }
        tally.create(limits, now)
    }

    async fn ask(&self, owner: PlayerId) {
        match self.cpu_seconds(&owner).await {
            Ok(seconds) => {
                if let Some(tally) = self.owners().get_mut(&owner) {
                    tally.cpu_seconds = seconds;
                }
            }
            Err(error) => tracing::warn!(%owner, %error, "an owner's CPU time is taken as it was"),
        }
    }

    async fn cpu_seconds(&self, owner: &PlayerId) -> Result<u64, StoreError> {
        let day_ms = u64::try_from(DAY.as_millis()).unwrap_or(u64::MAX);
        let since = UnixMs(self.clock.now().0.saturating_sub(day_ms));
        let sums = self.store.usage(&UsageScope::Owner(owner.clone()), since).await?;
        Ok(sums.iter().map(|sum| sum.usage.cpu_us).sum::<u64>() / 1_000_000)
    }

    fn owners(&self) -> MutexGuard<'_, HashMap<PlayerId, Tally>> {
        // A map of counts: whatever panicked while holding it, its entries are whole.
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_matches_a_minute_as_may_be_and_then_evenly() {
        let limits = Quotas { matches_a_minute: 60, ..Quotas::default() };
        let mut tally = Tally { at: UnixMs(0), ..Tally::default() };
        let mut admitted = |ms| (0..100).filter(|_| tally.create(&limits, UnixMs(ms)).is_ok()).count();
        assert_eq!([admitted(0), admitted(500), admitted(1500), admitted(61_500)], [60, 0, 1, 60]);
        let none = Quotas { matches_a_minute: 0, ..Quotas::default() };
        let met = Tally::default().create(&none, UnixMs(0)).unwrap_err();
        assert_eq!((met.name, met.limit, met.used), (QuotaName::MatchesAMinute, 0, 0));
    }

    #[test]
    fn cpu_time_that_is_used_up_lets_no_match_begin() {
        let limits = Quotas { cpu_seconds_a_day: 10, ..Quotas::default() };
        let mut tally = Tally { cpu_seconds: 9, ..Tally::default() };
        assert!(tally.create(&limits, UnixMs(0)).is_ok());
        tally.cpu_seconds = 10;
        let met = tally.create(&limits, UnixMs(0)).unwrap_err();
        assert_eq!(met.name, QuotaName::CpuSecondsADay);
        assert!(met.to_string().contains("cpu_seconds_a_day: 10 of 10; try again"), "{met}");
    }
}
