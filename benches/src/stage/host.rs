//! A whole host with its gateway and a log on disk, as `stadion serve` composes it, without the control plane.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use ed25519_dalek::SigningKey;
use stadion_host::engine::{CodeSettings, Engine, EngineConfig, PoolLayout, Sessions};
use stadion_host::gateway::{Gateway, GatewayConfig, HostKeys, JoinKeys};
use stadion_host::host::{HostConfig, LocalHost};
use stadion_host::journal::{DiskJournals, LogConfig};
use stadion_host::shard::{ShardStats, Spread};
use stadion_protocol::contract::{
    Artifact, ArtifactUnavailable, Artifacts, CreateError, CreateMatch, Durability, EndReason, Hibernation, Host,
    HostEvent, HostEvents, Lifetimes, MatchSettings, Pending, PlayerInfo, Reservation,
};
use stadion_protocol::{MatchId, PlayerId, VersionId};

use super::{Answer, Ask, Counted, HostSetup, Ready, Seen, converse};
use crate::clock;
use crate::executor::park_until;
use crate::workshop::Shop;

/// Signs join tokens; the benchmark is its own control plane.
pub(crate) const JOIN_KEY: [u8; 32] = [9; 32];
/// The name of that key.
pub(crate) const KEY_ID: &str = "bench";

/// A seat waits this long for its player: a fleet takes its time to join.
const CLAIM_WITHIN: Duration = Duration::from_secs(120);
/// Idle matches are what is measured, not what is ended.
const EMPTY_FOR: Duration = Duration::from_secs(3_600);

/// The player in a seat of a match.
pub(crate) fn player_id(id: MatchId, seat: u16) -> PlayerId {
    format!("{id}-{seat}").parse().expect("letters, digits and a hyphen")
}

struct Served {
    host: LocalHost,
    gateway: Gateway,
    versions: Vec<(VersionId, u16)>,
    settings: MatchSettings,
    made: u128,
}

pub(super) fn serve(setup: &HostSetup) -> anyhow::Result<()> {
    // The host loads versions on a thread of tokio's; nothing else here needs one.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build()?;
    let _entered = runtime.enter();
    let layout = if setup.dense { PoolLayout::Dense } else { PoolLayout::Fast };
    let code = CodeSettings { layout, ..CodeSettings::default() };
    let wanted = (setup.slots > 0).then_some(setup.slots);
    let engine = Engine::new(EngineConfig { code, sessions: Sessions::Pooled(wanted) })?;
    let (capacity, max_map_count) = (engine.capacity(), engine.pool_size().and_then(|size| size.max_map_count));
    let shop = Shop::new(&engine)?;
    let (mut artifacts, mut versions, mut schemas) = (Vec::new(), Vec::new(), Vec::new());
    for game in &setup.games {
        let wasm = std::fs::read(game).with_context(|| game.display().to_string())?;
        let made = shop.make(&wasm)?;
        versions.push((made.version, made.description.seats_max));
        schemas.push(made.description.schema_hash());
        artifacts.push((made.version, made.artifact));
    }
    let config = HostConfig { shards: setup.shards, capacity, ..HostConfig::new([7; 32]) };
    let log = tempfile::tempdir()?;
    let journals = DiskJournals::open(log.path(), LogConfig::default())?;
    let code = (Arc::new(Shelf(artifacts)) as Arc<dyn Artifacts>, shop.keys.clone());
    let host = LocalHost::over(config, engine, code, Arc::new(Nobody), Arc::new(journals))?;
    let join_keys = JoinKeys::new();
    join_keys.insert(KEY_ID, SigningKey::from_bytes(&JOIN_KEY).verifying_key().to_bytes());
    let gateway = Gateway::bind(GatewayConfig::new(HostKeys::ephemeral()?), host.inbox(), join_keys)?;
    host.connect_outbox(gateway.outbox());
    let lifetimes = Lifetimes { claim: CLAIM_WITHIN, empty: EMPTY_FOR, ..Lifetimes::default() };
    let hibernation = Hibernation { after: Duration::ZERO, ..Hibernation::default() };
    let durability = durability(&setup.durability)?;
    let settings = MatchSettings { durability, lifetimes, hibernation, ..MatchSettings::default() };
    let ready = Ready { address: gateway.local_address(), schemas, capacity, max_map_count };
    let mut served = Served { host, gateway, versions, settings, made: 0 };
    converse(ready, |ask| served.answer(ask))
}

impl Served {
    fn answer(&mut self, ask: Ask) -> anyhow::Result<Answer> {
        Ok(match ask {
            Ask::Create { game, count, reserve } => self.create(game, count, reserve)?,
            Ask::End { matches } => {
                for id in matches {
                    // One that has ended by itself is as good.
                    let _ = park_until(self.host.end(id, EndReason::Closed));
                }
                Answer::Done
            }
            Ask::Mark => {
                self.host.with_shard_stats(ShardStats::reset);
                Answer::Done
            }
            Ask::Count => Answer::Counted(self.count()),
            Ask::Look { matches } => Answer::Seen(self.look(&matches)),
            Ask::Doze { .. } | Ask::Rouse { .. } => bail!("nobody sleeps here"),
        })
    }

    fn create(&mut self, game: usize, count: u32, reserve: u16) -> anyhow::Result<Answer> {
        let &(version, seats) = self.versions.get(game).context("no such game")?;
        let (mut matches, mut took_us) = (Vec::new(), Vec::new());
        for _ in 0..count {
            self.made += 1;
            // The last byte spreads matches over the directory's parts.
            let id = MatchId(self.made.to_be_bytes());
            let reservations = (0..reserve).map(|seat| reservation(id, seat)).collect();
            let request = CreateMatch {
                id,
                game: "bench".parse()?,
                version,
                seats,
                parameters: Vec::new(),
                settings: self.settings,
                reservations,
            };
            let before = clock::now();
            // Full is an answer too: how many there are is what was asked.
            match park_until(self.host.create(request)) {
                Ok(_) => {}
                Err(CreateError::Full(_)) => break,
                Err(error) => return Err(error.into()),
            }
            took_us.push(before.elapsed().as_secs_f64() * 1e6);
            matches.push(id);
        }
        Ok(Answer::Created { matches, took_us })
    }

    fn count(&self) -> Counted {
        let per_shard = self.host.with_shard_stats(|stats| Counted {
            ticks: stats.lateness.count(),
            lateness_p50_us: us(stats.lateness.permille(500)),
            lateness_p99_us: us(stats.lateness.permille(990)),
            lateness_max_us: us(stats.lateness.permille(1_000)),
            step_p50_us: us(stats.step.permille(500)),
            step_p99_us: us(stats.step.permille(990)),
            shard_turns: stats.turns.load(std::sync::atomic::Ordering::Relaxed),
            slices: stats.slices.load(std::sync::atomic::Ordering::Relaxed),
            slow: stats.slow.load(std::sync::atomic::Ordering::Relaxed),
            ..Counted::default()
        });
        let mut all = per_shard.into_iter().fold(Counted::default(), Counted::with);
        let gateway = self.gateway.counters();
        (all.gateway_turns, all.connections) = (gateway.turns, gateway.connections);
        all.matches = self.host.load().matches;
        all
    }

    fn look(&self, matches: &[MatchId]) -> Seen {
        let (mut seen, mut lateness) = (Seen::default(), Spread::default());
        for stats in matches.iter().filter_map(|id| park_until(self.host.match_stats(*id))) {
            seen.matches += 1;
            seen.ticks += stats.ticks;
            seen.skipped += stats.skipped;
            seen.guest_bytes += stats.memory_bytes;
            lateness.merge(&stats.lateness);
        }
        seen.lateness_p50_us = us(lateness.permille(500));
        seen.lateness_p99_us = us(lateness.permille(990));
        seen.lateness_max_us = us(lateness.permille(1_000));
        seen
    }
}

impl Counted {
    /// Sums, and the worst shard's percentiles.
    fn with(self, other: Counted) -> Counted {
        Counted {
            ticks: self.ticks + other.ticks,
            lateness_p50_us: self.lateness_p50_us.max(other.lateness_p50_us),
            lateness_p99_us: self.lateness_p99_us.max(other.lateness_p99_us),
            lateness_max_us: self.lateness_max_us.max(other.lateness_max_us),
            step_p50_us: self.step_p50_us.max(other.step_p50_us),
            step_p99_us: self.step_p99_us.max(other.step_p99_us),
            shard_turns: self.shard_turns + other.shard_turns,
            slices: self.slices + other.slices,
            slow: self.slow + other.slow,
            ..self
        }
    }
}

pub(super) fn reservation(id: MatchId, seat: u16) -> Reservation {
    let player =
        PlayerInfo { id: player_id(id, seat), name: format!("bot {seat}"), team: 0, bot: true, data: Vec::new() };
    Reservation { player, claim_within: CLAIM_WITHIN }
}

fn durability(word: &str) -> anyhow::Result<Durability> {
    serde_json::from_value(word.into()).with_context(|| format!("durability {word:?}"))
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// The artifacts there are.
pub(super) struct Shelf(pub(super) Vec<(VersionId, Artifact)>);

impl Artifacts for Shelf {
    fn fetch(&self, version: VersionId) -> Pending<'_, Result<Artifact, ArtifactUnavailable>> {
        let found = self.0.iter().find(|(id, _)| *id == version).map(|(_, artifact)| artifact.clone());
        Box::pin(std::future::ready(found.ok_or(ArtifactUnavailable::Unknown(version))))
    }
}

/// Nobody is told anything.
pub(super) struct Nobody;

impl HostEvents for Nobody {
    fn publish(&self, _: HostEvent) {}
}
