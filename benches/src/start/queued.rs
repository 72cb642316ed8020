//! Row `host-queued`: a match of a whole host in this process, asked for by another thread: queue, shard, journal, answer.

use std::sync::Arc;

use anyhow::Context;
use stadion_host::host::{HostConfig, LocalHost};
use stadion_protocol::MatchId;
use stadion_protocol::contract::{
    Artifact, ArtifactUnavailable, Artifacts, CreateMatch, EndReason, Host, HostEvent, HostEvents, MatchSettings,
    Pending,
};

use crate::Row;
use crate::executor::park_until;
use crate::samples::Samples;
use crate::workshop::Workshop;

/// Matches at once are few: each is ended before the next begins, and the shard clears up behind.
const SLOTS: u32 = 1_000;
/// Matches made and ended before the first that counts.
const WARM_UP: u32 = 50;

/// One match after the other, each ended again outside of the clock.
pub(super) fn row(wasm: &[u8], runs: u32) -> anyhow::Result<Row> {
    // The host loads a version on a thread of tokio's, the first time; what is measured is called from this thread.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build()?;
    let _entered = runtime.enter();
    let Workshop { engine, artifact, version, keys, .. } = Workshop::open(wasm, SLOTS)?;
    let host = LocalHost::new(HostConfig::new([7; 32]), engine, Arc::new(One(artifact)), Arc::new(Nobody), keys)?;
    let mut samples = Samples::with_capacity(runs);
    for run in 0..WARM_UP + runs {
        let request = CreateMatch {
            id: MatchId(u128::from(run + 1).to_be_bytes()),
            game: "relay-arena".parse()?,
            version,
            seats: 4,
            parameters: Vec::new(),
            settings: MatchSettings::default(),
            reservations: Vec::new(),
        };
        let id = request.id;
        let mut warm = Samples::default();
        let kept = if run < WARM_UP { &mut warm } else { &mut samples };
        kept.time(|| park_until(host.create(request)))?;
        park_until(host.end(id, EndReason::Closed))?;
    }
    samples.row("host-queued").context("no runs")
}

/// The only artifact there is.
struct One(Artifact);

impl Artifacts for One {
    fn fetch(&self, _: stadion_protocol::VersionId) -> Pending<'_, Result<Artifact, ArtifactUnavailable>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// Nobody is told anything.
struct Nobody;

impl HostEvents for Nobody {
    fn publish(&self, _: HostEvent) {}
}
