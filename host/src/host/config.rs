//! How a host is set up, and what its matches may ask for.

use std::fmt;
use std::path::PathBuf;

use stadion_protocol::MatchId;
use stadion_protocol::contract::{CreateError, CreateMatch, Description};

use crate::journal::MemoryLimits;
use crate::model::Limits;
use crate::shard::{ArchiveLimits, Plant};

/// The largest `parameters` of a match, bytes.
pub const MAX_PARAMETERS: usize = 64 << 10;

/// What derives the seeds of matches from the secret: changing it changes every seed.
const SEED_CONTEXT: &[u8] = b"stadion match seed 1";

/// How a host is set up.
#[derive(Clone)]
pub struct HostConfig {
    /// Threads that run matches.
    pub shards: usize,
    /// The most matches; the engine's pool may allow fewer.
    pub capacity: u32,
    /// Keeps the seeds of matches secret from players. It survives a restart with the host's other secrets.
    pub seed_secret: [u8; 32],
    /// Memory for journals of matches that run.
    pub journals: MemoryLimits,
    /// What is kept of matches that are over.
    pub ended: ArchiveLimits,
    /// What it takes to recover after the end of the process; `None`: journals alone, and every match is restored here.
    pub recovery: Option<RecoveryConfig>,
    /// For tests of recovery.
    pub plant: Option<Plant>,
}

/// What recovery needs beside journals.
#[derive(Clone, Debug)]
pub struct RecoveryConfig {
    /// A folder of its own, for the flight recorder.
    pub folder: PathBuf,
    /// The program whose `trial-child` subcommand runs [`crate::recovery::trial_main`].
    pub exe: PathBuf,
}

impl HostConfig {
    /// One shard for each core, room for as many matches as the engine has, the usual bounds.
    pub fn new(seed_secret: [u8; 32]) -> HostConfig {
        HostConfig {
            shards: std::thread::available_parallelism().map_or(1, usize::from),
            capacity: u32::MAX,
            seed_secret,
            journals: MemoryLimits::default(),
            ended: ArchiveLimits::default(),
            recovery: None,
            plant: None,
        }
    }

    /// The seed of a match: BLAKE3, keyed with the secret, of the match's id.
    pub(super) fn seed(&self, id: &MatchId) -> [u64; 4] {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed_secret);
        let hash = hasher.update(SEED_CONTEXT).update(&id.0).finalize();
        let mut words =
            hash.as_bytes().chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")));
        std::array::from_fn(|_| words.next().expect("a hash has 32 bytes"))
    }
}

impl fmt::Debug for HostConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HostConfig { shards, capacity, seed_secret: _, journals, ended, recovery, plant } = self;
        f.debug_struct("HostConfig")
            .field("shards", shards)
            .field("capacity", capacity)
            .field("journals", journals)
            .field("ended", ended)
            .field("recovery", recovery)
            .field("plant", plant)
            .finish_non_exhaustive()
    }
}

/// What a match of this version may ask for.
pub fn limits(description: &Description) -> Limits {
    Limits {
        memory_bytes: description.memory_bytes,
        // What connections carry in up to eight fragments; 1,100 bytes fit one packet.
        unreliable_bytes: 8 << 10,
        reliable_bytes: 64 << 10,
        // Two to each of a hundred players.
        sends_per_tick: 256.max(u32::from(description.seats_max) * 4),
        // At 20 Hz 20 MB/s, more than any network of players takes.
        send_bytes_per_tick: 1 << 20,
        requests_open: 64,
        saved_bytes: 16 << 20,
    }
}

/// Whether a match can be made of a version like this.
pub(super) fn check(request: &CreateMatch, description: &Description) -> Result<(), CreateError> {
    let invalid = |what: String| Err(CreateError::Invalid(what));
    let (min, max) = (description.seats_min, description.seats_max);
    if !(min..=max).contains(&request.seats) {
        return invalid(format!("{} seats; this version has {min} to {max}", request.seats));
    }
    if request.parameters.len() > MAX_PARAMETERS {
        return invalid(format!("{} bytes of parameters; at most {MAX_PARAMETERS}", request.parameters.len()));
    }
    if request.reservations.len() > usize::from(request.seats) {
        return invalid(format!("{} reservations for {} seats", request.reservations.len(), request.seats));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_follow_from_secret_and_match() {
        let (a, b) = (HostConfig::new([1; 32]), HostConfig::new([2; 32]));
        assert_eq!(a.seed(&MatchId([7; 16])), a.seed(&MatchId([7; 16])));
        assert_ne!(a.seed(&MatchId([7; 16])), a.seed(&MatchId([8; 16])));
        assert_ne!(a.seed(&MatchId([7; 16])), b.seed(&MatchId([7; 16])));
        assert!(!format!("{a:?}").contains("seed_secret"));
    }
}
