//! One stretch of play, seen from both ends: what players counted and what the server's process used meanwhile.

use std::time::Duration;

use anyhow::ensure;

use crate::clock;
use crate::cpu::{CpuTimes, CpuUsed};
use crate::load::{Fleet, Speaker, Tally};
use crate::stage::Stage;

/// What was measured.
pub(crate) struct Stretch {
    /// By the players.
    pub(crate) tally: Tally,
    /// By the server's threads.
    pub(crate) server: CpuUsed,
    /// By this process.
    pub(crate) load: Duration,
    /// How long it took.
    pub(crate) lasted: Duration,
}

impl Stretch {
    /// Plays for so long.
    pub(crate) fn play<S: Speaker>(fleet: &mut Fleet<S>, stage: &Stage, lasts: Duration) -> anyhow::Result<Stretch> {
        let own = std::process::id();
        let (before, load_before, began) = (stage.cpu(), CpuTimes::of(own), clock::now());
        let tally = fleet.play(lasts)?;
        let lasted = began.elapsed();
        let (server, load) = (stage.cpu().since(&before), CpuTimes::of(own).since(&load_before).total());
        ensure!(tally.echoes() > 0, "nothing came back");
        Ok(Stretch { tally, server, load, lasted })
    }

    /// CPU time as a share of one core, percent.
    pub(crate) fn percent(&self, used: Duration) -> f64 {
        used.as_secs_f64() / self.lasted.as_secs_f64() * 100.0
    }

    /// CPU time of the server for each echo, microseconds.
    pub(crate) fn server_us_per_echo(&self) -> f64 {
        self.server.total().as_secs_f64() * 1e6 / self.tally.echoes() as f64
    }
}

/// Milliseconds.
pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
