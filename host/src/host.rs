//! [`LocalHost`]: the contract's `Host` over shards in this process.
//!
//! ```text
//!   create ─▶ version (fetched, verified, loaded once) ─▶ least loaded shard ─▶ start, in slices ─▶ seats
//!   gateway ─[Inbox]─▶ mailboxes of matches           matches ─[Outbox]─▶ gateway
//! ```
//!
//! Order of calls for whoever composes: [`LocalHost::new`], [`LocalHost::take_up`], a gateway over [`LocalHost::inbox`],
//! [`LocalHost::connect_outbox`], [`LocalHost::set_endpoints`], [`LocalHost::recover`], [`LocalHost::connect_requests`]; at
//! the end [`LocalHost::shutdown`].

mod account;
mod config;
mod fork;
mod inbox;
mod questions;
mod recover;
mod sleepers;
mod upgrade;
mod versions;
mod watch;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::contract::{
    Artifacts, CreateError, CreateMatch, EndReason, EndedMatch, Endpoints, ForkError, ForkMatch, Forked, Host,
    HostEvents, HostLoad, LogPage, MatchCreated, MatchStatus, MatchUsage, Pace, Pending, Requests, Reservation,
    ReserveError, TickRange, TicksError, ToldTicks, UnknownMatch, UpgradeError, UpgradeWay, Upgraded,
};
use stadion_protocol::{Incarnation, MatchId, Seat, VersionId};
use tokio::sync::{Semaphore, oneshot};

use crate::artifact::VerifyingKeys;
use crate::clock;
use crate::dormant::Rousing;
use crate::engine::{Engine, EngineError, LoadedVersion, Ticker};
use crate::journal::{Journals, MemoryJournals};
use crate::life::Spec;
use crate::link::{Inbox, Outbox};
use crate::model::Setup;
use crate::recovery::recorder::{self, RecorderSlot};
use crate::recovery::suspects::{self, Verdict};
use crate::requests::RequestLane;
use crate::shard::{
    Archive, Archived, Balancer, BalancerStop, Command, CreateJob, Directory, FarewellLane, Mailbox, RescueLane,
    SaveLane, Shard, ShardHandle, ShardStats, Shared, SlowLane,
};

pub use config::{HostConfig, MAX_PARAMETERS, RecoveryConfig, limits};
use questions::ask;
pub use recover::Recovered;
use recover::Recovering;
use versions::Versions;

/// How often a shutdown looks whether matches are left.
const SHUTDOWN_POLL: Duration = Duration::from_millis(5);

/// Journals that are read for askers at once, each whole in memory until it is sent. Others wait their turn.
const READING_AT_ONCE: usize = 4;

/// A host could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The epoch ticker could not be started.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// One host in this process. Dropping it stops its shards at once; [`LocalHost::shutdown`] ends its matches first.
pub struct LocalHost {
    config: HostConfig,
    capacity: u32,
    shared: Arc<Shared>,
    shards: Vec<Arc<ShardHandle>>,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
    versions: Arc<Versions>,
    upgrades: Semaphore,
    endpoints: Mutex<Endpoints>,
    draining: AtomicBool,
    /// Ends the thread that moves matches when it is dropped.
    balancer: Mutex<Option<BalancerStop>>,
    /// Turns at playing journals again for developers.
    telling: Semaphore,
    /// Turns at reading journals for whoever asks.
    reading: Semaphore,
    recovering: Recovering,
    /// Matches that may have ended the process before this one.
    suspects: Vec<Verdict>,
    /// Without it no guest is ever interrupted.
    _ticker: Ticker,
}

impl LocalHost {
    /// Starts the shards.
    pub fn new(
        config: HostConfig,
        engine: Engine,
        artifacts: Arc<dyn Artifacts>,
        events: Arc<dyn HostEvents>,
        keys: VerifyingKeys,
    ) -> Result<LocalHost, HostError> {
        let journals = Arc::new(MemoryJournals::new(config.journals));
        LocalHost::over(config, engine, (artifacts, keys), events, journals)
    }

    /// Starts the shards over journals that may outlive the process.
    pub fn over(
        config: HostConfig,
        engine: Engine,
        (artifacts, keys): (Arc<dyn Artifacts>, VerifyingKeys),
        events: Arc<dyn HostEvents>,
        journals: Arc<dyn Journals>,
    ) -> Result<LocalHost, HostError> {
        let ticker = engine.start_ticker()?;
        let count = config.shards.max(1);
        let (suspects, recorders) = recorders(config.recovery.as_ref(), count)?;
        let mut recorders = recorders.into_iter();
        let shared = Arc::new(Shared {
            directory: Directory::default(),
            archive: Archive::new(config.ended),
            outbox: OnceLock::new(),
            events,
            journals,
            logs: Arc::default(),
            slow: SlowLane::new(recorders.next()),
            rescue: RescueLane::start()?,
            farewell: FarewellLane::start()?,
            matches: AtomicU32::new(0),
            plant: config.plant.clone(),
            saving: SaveLane::start()?,
            requests: RequestLane::start()?,
            dormant: Arc::default(),
        });
        let shards = (0..count).map(|n| Shard::start(n, &engine, Arc::clone(&shared), recorders.next()));
        let shards: Vec<Shard> = shards.collect::<Result<_, _>>()?;
        let (handles, mut threads): (Vec<_>, Vec<_>) =
            shards.into_iter().map(|shard| (shard.handle, shard.thread)).unzip();
        let balancer = Balancer::start(&handles)?;
        threads.extend(balancer.thread);
        let capacity = config.capacity.min(engine.capacity());
        let versions = Arc::new(Versions::new(engine, artifacts, keys));
        let (library, awake) = (Arc::clone(&versions).library(), Arc::clone(&shared));
        let rousing = Rousing { shared: awake, shards: handles.clone(), capacity, library };
        threads.extend(rousing.start()?);
        Ok(LocalHost {
            capacity,
            config,
            shared,
            shards: handles,
            threads: Mutex::new(threads),
            versions,
            upgrades: tokio::sync::Semaphore::new(upgrade::UPGRADES_AT_ONCE),
            endpoints: Mutex::default(),
            draining: AtomicBool::new(false),
            balancer: Mutex::new(Some(balancer.stop)),
            telling: Semaphore::new(watch::TELLING_AT_ONCE),
            reading: Semaphore::new(READING_AT_ONCE),
            recovering: Recovering::default(),
            suspects,
            _ticker: ticker,
        })
    }

    /// Where connections hand in what players say.
    pub fn inbox(&self) -> Arc<dyn Inbox> {
        Arc::new(inbox::HostInbox(Arc::clone(&self.shared)))
    }

    /// Where matches hand out what players are told. Once; later calls change nothing. Until then words are dropped.
    pub fn connect_outbox(&self, outbox: Arc<dyn Outbox>) {
        let _ = self.shared.outbox.set(outbox);
    }

    /// Who carries out what matches ask of the world outside. Until then their requests wait, for seconds.
    pub fn connect_requests(&self, requests: Arc<dyn Requests>) {
        self.shared.requests.connect(requests);
    }

    /// Where players connect, as the gateway found out.
    pub fn set_endpoints(&self, endpoints: Endpoints) {
        *self.endpoints.lock().unwrap_or_else(PoisonError::into_inner) = endpoints;
    }

    /// From now on no match is created here.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Drains, ends every match that the next process cannot bring back, gives players until `grace` to hear of it, and stops the
    /// shards. Matches that outlive the process stand still, and are kept as they are: the next one replays nothing of them.
    /// Those that sleep sleep on, if the next process finds them; else they are ended, too.
    pub async fn shutdown(&self, grace: Duration) {
        self.drain();
        let until = clock::now() + grace;
        let reason = EndReason::HostFailed("the host was shut down".to_owned());
        let (shared, shards, why) = (Arc::clone(&self.shared), self.shards.clone(), reason.clone());
        let ended = tokio::task::spawn_blocking(move || sleepers::end_sleepers(&shared, &shards, &why)).await;
        match ended {
            Ok(0) => {}
            Ok(ended) => tracing::info!(ended, "matches that slept and would not be found again have ended"),
            Err(_) => tracing::error!("matches that sleep could not all be ended"),
        }
        while self.shared.matches.load(Ordering::Relaxed) > 0 && clock::now() < until {
            // Again each time: a creation may have been on its way.
            for shard in &self.shards {
                shard.send(Command::ShutDown(reason.clone()));
            }
            tokio::time::sleep(SHUTDOWN_POLL).await;
        }
        self.stop();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let join = move || threads.into_iter().for_each(|thread| drop(thread.join()));
        if tokio::task::spawn_blocking(join).await.is_err() {
            tracing::error!("a shard ended in a panic");
        }
    }

    /// Has a shard give another one matches that take this share of its time, as an overloaded one is asked to. What
    /// works right now stays; numbers of shards that do not exist change nothing.
    pub fn give(&self, from: usize, to: usize, share: f64) {
        if let (Some(from), Some(to)) = (self.shards.get(from), self.shards.get(to))
            && !Arc::ptr_eq(from, to)
        {
            from.send(Command::Give { to: Arc::clone(to), share });
        }
    }

    /// The counters of each shard.
    pub fn with_shard_stats<T>(&self, mut read: impl FnMut(&ShardStats) -> T) -> Vec<T> {
        self.shards.iter().map(|shard| read(&shard.stats)).collect()
    }

    /// The newest that is kept of a match that is over.
    pub fn archived(&self, id: MatchId) -> Option<Archived> {
        self.shared.archive.get(&id)
    }

    fn stop(&self) {
        *self.balancer.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.shared.dormant.close();
        self.shards.iter().for_each(|shard| shard.stop());
    }

    async fn create_here(&self, request: CreateMatch) -> Result<MatchCreated, CreateError> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(CreateError::Full("it is shutting down"));
        }
        let version = self.versions.get(request.version).await?;
        config::check(&request, version.description())?;
        let place = self.take_place().ok_or(CreateError::Full("it runs as many matches as it can"))?;
        let description = Arc::clone(version.description());
        let shard = Arc::clone(self.least_loaded());
        let mailbox = Arc::<Mailbox>::default();
        let known = self.shared.archive.get(&request.id).is_some();
        if known || !self.shared.directory.insert(request.id, Arc::clone(&mailbox)) {
            return Err(CreateError::Exists(request.id));
        }
        let id = request.id;
        let (reply, answer) = oneshot::channel();
        let job = self.job(request, version, mailbox, reply);
        shard.matches.fetch_add(1, Ordering::Relaxed);
        if !shard.send(Command::Create(Box::new(job))) {
            shard.matches.fetch_sub(1, Ordering::Relaxed);
            self.shared.directory.remove(&id);
            return Err(CreateError::Full("it has too much to do"));
        }
        place.keep();
        let created = answer.await.map_err(|_| CreateError::Full("it is shutting down"))??;
        Ok(MatchCreated { seats: created.seats, started_in: created.started_in, description })
    }

    fn job(
        &self,
        request: CreateMatch,
        version: Arc<LoadedVersion>,
        mailbox: Arc<Mailbox>,
        reply: oneshot::Sender<Result<crate::shard::Created, CreateError>>,
    ) -> CreateJob {
        let description = version.description();
        let setup = Setup {
            match_id: request.id.to_string(),
            seed: self.config.seed(&request.id),
            started_unix_ns: clock::unix_ns(),
            rate: description.rate,
            seats: request.seats,
            parameters: request.parameters,
            limits: limits(description),
        };
        let spec = Spec {
            id: request.id,
            game: request.game,
            version: request.version,
            incarnation: Incarnation(1),
            schema: description.schema_hash(),
            settings: request.settings,
            setup,
        };
        CreateJob { spec, version, reservations: request.reservations, mailbox, reply }
    }

    /// Room for one more match, given back when dropped.
    fn take_place(&self) -> Option<MatchPlace<'_>> {
        self.shared.take_place(self.capacity).then(|| MatchPlace(&self.shared.matches))
    }

    fn least_loaded(&self) -> &Arc<ShardHandle> {
        self.shards.iter().min_by_key(|shard| shard.match_count()).expect("a host has at least one shard")
    }
}

/// Who was being run when the process before died, and a slot for the slow lane and for each shard.
fn recorders(
    config: Option<&RecoveryConfig>,
    shards: usize,
) -> Result<(Vec<Verdict>, Vec<RecorderSlot>), std::io::Error> {
    let Some(config) = config else { return Ok((Vec::new(), Vec::new())) };
    std::fs::create_dir_all(&config.folder)?;
    let file = config.folder.join("suspects");
    let before = suspects::load(&file)?;
    let (entered, slots) = recorder::open(&config.folder.join("recorder"), shards + 1)?;
    suspects::save(&file, &entered)?;
    Ok((suspects::judge(&before, entered), slots))
}

/// Counts for a match from before it is created; its shard gives it back when the match is gone.
struct MatchPlace<'a>(&'a AtomicU32);

impl MatchPlace<'_> {
    /// The shard has it now.
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for MatchPlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Host for LocalHost {
    fn create(&self, request: CreateMatch) -> Pending<'_, Result<MatchCreated, CreateError>> {
        Box::pin(self.create_here(request))
    }

    fn reserve(&self, id: MatchId, reservation: Reservation) -> Pending<'_, Result<Seat, ReserveError>> {
        Box::pin(self.reserve_here(id, reservation))
    }

    fn upgrade(&self, id: MatchId, version: VersionId, way: UpgradeWay) -> Pending<'_, Result<Upgraded, UpgradeError>> {
        Box::pin(self.upgrade_here(id, version, way))
    }

    fn fork(&self, fork: ForkMatch) -> Pending<'_, Result<Forked, ForkError>> {
        Box::pin(self.fork_here(fork))
    }

    fn end(&self, id: MatchId, reason: EndReason) -> Pending<'_, Result<(), UnknownMatch>> {
        Box::pin(self.end_here(id, reason))
    }

    fn status(&self, id: MatchId) -> Pending<'_, Result<MatchStatus, UnknownMatch>> {
        Box::pin(self.status_here(id))
    }

    fn journal(&self, id: MatchId) -> Pending<'_, Result<Bytes, UnknownMatch>> {
        Box::pin(self.journal_here(id))
    }

    fn matches(&self) -> Pending<'_, Vec<MatchStatus>> {
        Box::pin(self.matches_here())
    }

    fn ended(&self, id: MatchId) -> Pending<'_, Option<EndedMatch>> {
        Box::pin(self.ended_here(id))
    }

    fn pace(&self, id: MatchId, pace: Pace) -> Pending<'_, Result<(), UnknownMatch>> {
        Box::pin(self.pace_here(id, pace))
    }

    fn ticks(&self, id: MatchId, range: TickRange) -> Pending<'_, Result<ToldTicks, TicksError>> {
        Box::pin(self.ticks_here(id, range))
    }

    fn usage(&self, id: MatchId) -> Pending<'_, Result<MatchUsage, UnknownMatch>> {
        Box::pin(self.usage_here(id))
    }

    fn log(&self, id: MatchId, after: u64, wait: Duration) -> Pending<'_, Result<LogPage, UnknownMatch>> {
        Box::pin(self.log_here(id, after, wait))
    }

    fn endpoints(&self) -> Endpoints {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn loaded(&self) -> Vec<VersionId> {
        self.versions.loaded()
    }

    fn load(&self) -> HostLoad {
        HostLoad {
            matches: self.shared.matches.load(Ordering::Relaxed),
            hibernated: u32::try_from(self.shared.dormant.count()).unwrap_or(u32::MAX),
            capacity: self.capacity,
            sessions: self.versions.sessions(),
            players: self.shards.iter().map(|shard| shard.players.load(Ordering::Relaxed)).sum(),
            draining: self.draining.load(Ordering::Relaxed),
        }
    }
}

impl Drop for LocalHost {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for LocalHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalHost").field("config", &self.config).field("load", &self.load()).finish_non_exhaustive()
    }
}
