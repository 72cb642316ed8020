//! The control plane of Stadion: who plays, what is played, and where.
//!
//! ```text
//!   api          one endpoint = one file           wire types, errors, docs
//!   http         connections, problems, tokens     knows no endpoint
//!   accounts     games     lobby     matches       what happens, without HTTP or SQL
//!   parties      queues    ratings                 by which rules: pure
//!   events                                         what happened, kept and followed
//!   model                                          what it is about
//!   store ── sqlite             coordination ── memory
//! ```
//!
//! The binary composes it: [`ArtifactShelf`] and [`HostEventQueue`] are built first, since the host needs them and the
//! control plane needs the host; then the host; then [`ControlPlane::start`].
//!
//! **Invariants.** It never names a host: it knows [`stadion_protocol::contract`] alone. Between a `play` request and its
//! answer there is no SQL commit. Nothing but [`clock`] reads the time or asks for random bytes.

mod accounts;
mod api;
mod audit;
pub mod blobs;
pub mod clock;
pub mod config;
pub mod coordination;
mod events;
mod first_keys;
mod games;
mod http;
mod keys;
mod lobby;
mod matches;
pub mod model;
mod oidc_config;
pub mod parties;
pub mod queues;
pub mod ratings;
mod replicas;
mod requests;
pub mod store;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod testing;
mod web;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use stadion_protocol::contract::{Host, Requests};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use accounts::{AccountParts, Accounts, TokenMint};
use audit::Auditor;
use clock::{Clock, Rng};
use coordination::{Coordination, CoordinationError};
use events::{EventLog, host_down, host_drained, host_up};
use games::{Catalog, QuotaBook, Releases, Starts, UploadParts, Uploads};
use http::guarded::Guarded;
use lobby::{Lobby, LobbyParts, run_queues};
use matches::{
    EventParts, Journals, LiveIndex, MatchService, PlaceParts, Placer, Reconciler, Writer, handle_events, tell_of_ends,
    write_behind,
};
use model::{HostName, InvalidName, Region};
use replicas::{Keeper, KeeperParts, News, NewsParts, Replicas, spread};
use requests::{GameRequests, sweep_answers};
use store::{NewAccountError, Store, StoreError};
use web::{Home, PackLimits, WebShelf, WebShelfParts};
use webhooks::{WebhookParts, Webhooks, deliver};

pub use accounts::{API_AUDIENCE, PasswordCost};
pub use config::{Config, InvalidConfig};
pub use games::{ArtifactShelf, OriginBook};
pub use http::{
    Reach, Taker, Tls, TlsError, TlsFiles, UpgradeRefusal, UpgradeRequest, UpgradeResponse, UpgradedStream, Upgrades,
};
pub use keys::{ArtifactListener, JoinListener, KeyLives, KeyUse, Keys, KeysError, RotateError};
pub use matches::HostEventQueue;
pub use replicas::ReplicaTrust;
pub use requests::{BackendCall, Backends, NoBackends};
pub use web::SitePage;

/// What a control plane stands on.
pub struct Parts {
    /// Accounts, games, matches.
    pub store: Arc<dyn Store>,
    /// Shared volatile state.
    pub coordination: Arc<dyn Coordination>,
    /// Artifacts and, beside them, journals. The host fetches from it too.
    pub artifacts: Arc<ArtifactShelf>,
    /// What the host tells. The host publishes into it.
    pub events: Arc<HostEventQueue>,
    /// Where matches run.
    pub host: Arc<dyn Host>,
    /// Under which name: the same whenever it comes back with its journals.
    pub host_name: HostName,
    /// Where the host stands, by the operator's name for it.
    pub region: Option<Region>,
    /// Where other replicas reach this one, `http://host:port`; `None`: it is the only one.
    pub replica_url: Option<String>,
    /// Whose certificates other replicas show; `None`: they speak plain HTTP with one another.
    pub replica_trust: Option<ReplicaTrust>,
    /// Which web pages may use this server.
    pub origins: Arc<OriginBook>,
    /// Takes connections that stop speaking HTTP, if anybody does.
    pub upgrades: Option<Arc<dyn Upgrades>>,
    /// Signing keys; the shelf has them too.
    pub keys: Arc<Keys>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub rng: Arc<dyn Rng>,
}

/// Why a control plane did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// See [`InvalidConfig`].
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
    /// See [`CoordinationError`].
    #[error(transparent)]
    Coordination(#[from] CoordinationError),
}

/// Why there is no new developer key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nobody can have that name.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] NewAccountError),
}

/// What handlers share.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) artifacts: Arc<ArtifactShelf>,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) auditor: Auditor,
    pub(crate) event_log: EventLog,
    pub(crate) accounts: Arc<Accounts>,
    /// `None`: this is the only one.
    pub(crate) replicas: Option<Arc<Replicas>>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) releases: Arc<Releases>,
    pub(crate) quotas: Arc<QuotaBook>,
    pub(crate) starts: Arc<Starts>,
    pub(crate) uploads: Arc<Uploads>,
    pub(crate) placer: Arc<Placer>,
    pub(crate) live: Arc<LiveIndex>,
    pub(crate) matches: MatchService,
    pub(crate) bundles: WebShelf,
    pub(crate) home: Home,
    pub(crate) origins: Arc<OriginBook>,
    pub(crate) upgrades: Option<Arc<dyn Upgrades>>,
    pub(crate) lobby: Arc<Lobby>,
    pub(crate) webhooks: Arc<Webhooks>,
    /// Room for players who listen.
    pub(crate) event_streams: Arc<Semaphore>,
    /// Room for those who follow events of games and hosts.
    pub(crate) event_log_streams: Arc<Semaphore>,
    /// Room for bot runners that wait.
    pub(crate) bot_claims: Arc<Semaphore>,
    /// Room for logs that are followed.
    pub(crate) log_streams: Arc<Semaphore>,
    pub(crate) going_down: AtomicBool,
}

/// A control plane that runs.
///
/// Order of calls: [`ControlPlane::start`], [`ControlPlane::serve`] until shutdown, then the host goes down (and tells
/// of its last matches), then [`ControlPlane::finish`].
pub struct ControlPlane {
    app: Arc<App>,
    events: Arc<HostEventQueue>,
    requests: Arc<GameRequests>,
    sweeping: JoinHandle<()>,
    writer: Writer,
    handling: JoinHandle<()>,
    writing: JoinHandle<()>,
    auditing: JoinHandle<()>,
    recording: JoinHandle<()>,
    host_name: HostName,
    queueing: JoinHandle<()>,
    delivering: JoinHandle<()>,
    /// What goes on beside: with other replicas, for those whose matches ended before, and with keys.
    among_others: Vec<JoinHandle<()>>,
}

impl ControlPlane {
    /// Checks the configuration, makes its rows say what the host has, and starts to listen to the host.
    pub async fn start(config: Config, parts: Parts) -> Result<ControlPlane, StartError> {
        config.validate()?;
        parts.origins.load(&*parts.store).await?;
        let (writer, written) = Writer::new(config.matches.write_behind as usize);
        let journals = Journals::open(
            parts.artifacts.blobs().clone(),
            parts.store.clone(),
            config.matches.journals,
            config.matches.journal_bytes,
        );
        let journals = Arc::new(journals.await?);
        let (clock, region) = (parts.clock.clone(), parts.region.clone());
        let live = Arc::new(LiveIndex::new(parts.coordination.clone(), parts.rng.clone(), clock, region));
        let events = parts.events.clone();
        let (auditor, audited) = Auditor::new(config.audit.clone(), parts.clock.clone(), parts.store.clone());
        let sources = (parts.store.clone(), parts.coordination.clone());
        let (event_log, recorder) = EventLog::new(config.events.clone(), sources, parts.clock.clone());
        let (news, waiting) = match &parts.replica_url {
            Some(_) => Some(News::new()).unzip(),
            None => (None, None),
        };
        let news = news.unwrap_or_else(News::for_nobody);
        let app = Arc::new(compose(config, &parts, (&live, news), &journals, (&writer, auditor, event_log.clone())));
        let reconciler = Reconciler {
            store: parts.store.clone(),
            host: parts.host.clone(),
            host_name: parts.host_name.clone(),
            live: live.clone(),
            journals: journals.clone(),
            clock: parts.clock.clone(),
        };
        let mut among_others = vec![keys::retire_in_time(&parts.keys, &parts.clock, app.config.key_lives())];
        if let Some(replicas) = &app.replicas {
            let keeper = Keeper::start(KeeperParts {
                coordination: parts.coordination.clone(),
                replicas: replicas.clone(),
                reconciler: reconciler.clone(),
                journals: journals.clone(),
                accounts: app.accounts.clone(),
                keys: parts.keys.clone(),
                rng: parts.rng.clone(),
                store: parts.store.clone(),
                event_log: event_log.clone(),
                clock: parts.clock.clone(),
            });
            among_others.push(tokio::spawn(keeper.await?.run()));
        }
        if let Some(waiting) = waiting {
            let parts = NewsParts {
                coordination: parts.coordination.clone(),
                store: parts.store.clone(),
                catalog: app.catalog.clone(),
                origins: parts.origins.clone(),
            };
            among_others.push(tokio::spawn(spread(parts, waiting)));
        }
        let ends = reconciler.run().await?;
        host_up(&*parts.store, &parts.host_name, parts.clock.now()).await?;
        let recording = tokio::spawn(recorder.run());
        let writing = tokio::spawn(write_behind(written, parts.store.clone(), event_log.bell().clone()));
        let handling = tokio::spawn(handle_events(EventParts {
            queue: events.clone(),
            live,
            journals,
            writer: writer.clone(),
            clock: parts.clock.clone(),
            lobby: app.lobby.clone(),
            event_log,
            host_name: parts.host_name.clone(),
        }));
        let auditing = tokio::spawn(audited.write());
        among_others.push(tokio::spawn(tell_of_ends(app.lobby.clone(), ends)));
        app.lobby.rate_left_over().await?;
        let queueing = tokio::spawn(run_queues(app.lobby.clone()));
        let kept = (parts.store.clone(), parts.clock.clone(), app.config.documents);
        let sweeping = tokio::spawn(sweep_answers(kept.0.clone(), kept.1.clone()));
        let requests = Arc::new(GameRequests::new(kept, app.webhooks.clone()));
        let delivering = tokio::spawn(deliver(app.webhooks.clone()));
        let host_name = parts.host_name;
        Ok(ControlPlane {
            app,
            events,
            requests,
            sweeping,
            writer,
            handling,
            writing,
            auditing,
            recording,
            host_name,
            queueing,
            delivering,
            among_others,
        })
    }

    /// Carries out what the matches of hosts ask for.
    pub fn requests(&self) -> Arc<dyn Requests> {
        Arc::clone(&self.requests) as Arc<dyn Requests>
    }

    /// Serves the API until `shutdown`, then lets requests under way end within their grace. `/readyz` says no from then.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        self.serve_with(listener, None, shutdown).await;
    }

    /// The same over TLS, beside it or in its place. [`Tls::reread`] takes over a renewed certificate.
    pub async fn serve_tls(&self, listener: TcpListener, tls: Arc<Tls>, shutdown: impl Future<Output = ()>) {
        self.serve_with(listener, Some(tls), shutdown).await;
    }

    async fn serve_with(&self, listener: TcpListener, tls: Option<Arc<Tls>>, shutdown: impl Future<Output = ()>) {
        let shutdown = async {
            shutdown.await;
            self.drain();
        };
        let service = http::Service { router: self.router(), config: Arc::new(self.app.config.http.clone()), tls };
        http::serve(listener, service, shutdown).await;
    }

    /// Says no at `/readyz` from now on, and that the host takes no more matches: once, however often it is called. Whoever
    /// composes drains the host itself before.
    pub fn drain(&self) {
        if !self.app.going_down.swap(true, Ordering::AcqRel) {
            let drained = host_drained(&self.host_name, self.app.host.load(), self.app.clock.now());
            self.app.event_log.record(drained);
        }
    }

    /// Handles what the host has told, writes what is queued, and closes the store.
    pub async fn finish(self) {
        self.drain();
        // Another replica goes on with its queues.
        self.queueing.abort();
        self.sweeping.abort();
        // Whatever is under way is tried again.
        self.delivering.abort();
        self.among_others.iter().for_each(JoinHandle::abort);
        if let Some(replicas) = &self.app.replicas {
            replicas.leave().await;
        }
        self.events.close();
        let _ = self.handling.await;
        self.writer.finish().await;
        let _ = self.writing.await;
        self.app.event_log.record(host_down(&self.host_name, "stopped", self.app.clock.now()));
        self.app.event_log.finish().await;
        let _ = self.recording.await;
        self.app.auditor.finish().await;
        let _ = self.auditing.await;
        self.app.store.close().await;
    }

    /// Returns once what is queued is written.
    #[cfg(test)]
    pub(crate) async fn written(&self) {
        self.writer.flush().await;
    }

    /// Cuts off what is being delivered, as the end of the process would.
    #[cfg(test)]
    pub(crate) fn stop_delivering(&self) {
        self.delivering.abort();
    }

    fn router(&self) -> axum::Router {
        api::router(self.app.clone())
    }
}

fn compose(
    config: Config,
    parts: &Parts,
    (live, news): (&Arc<LiveIndex>, News),
    journals: &Arc<Journals>,
    (writer, auditor, event_log): (&Writer, Auditor, EventLog),
) -> App {
    let quotas = Arc::new(QuotaBook::new(parts.store.clone(), parts.clock.clone(), config.quotas));
    let catalog = Arc::new(Catalog::new((parts.store.clone(), config.quotas), parts.clock.clone(), news));
    let accounts = Accounts::new(
        config.accounts.clone(),
        AccountParts {
            store: parts.store.clone(),
            coordination: parts.coordination.clone(),
            keys: parts.keys.clone(),
            clock: parts.clock.clone(),
            rng: parts.rng.clone(),
        },
    );
    let releases =
        Arc::new(Releases::new(parts.store.clone(), catalog.clone(), parts.clock.clone(), event_log.clone()));
    let uploads = Uploads::new(
        config.uploads.clone(),
        UploadParts {
            store: parts.store.clone(),
            shelf: parts.artifacts.clone(),
            catalog: catalog.clone(),
            releases: releases.clone(),
            quotas: quotas.clone(),
            clock: parts.clock.clone(),
            coordination: parts.coordination.clone(),
            rng: parts.rng.clone(),
        },
    );
    let replicas = parts.replica_url.clone().map(|url| {
        let secrets = (&*parts.keys, parts.clock.clone());
        let at = (url, parts.region.clone());
        let common = (parts.host.clone(), parts.coordination.clone());
        Arc::new(Replicas::new(parts.host_name.clone(), at, common, secrets, parts.replica_trust.clone()))
    });
    let starts = Arc::new(Starts::new(parts.store.clone(), catalog.clone(), parts.clock.clone()));
    let placer = Placer::new(PlaceParts {
        host: parts.host.clone(),
        catalog: catalog.clone(),
        starts: starts.clone(),
        quotas: quotas.clone(),
        live: live.clone(),
        coordination: parts.coordination.clone(),
        writer: writer.clone(),
        tokens: TokenMint(parts.keys.clone()),
        clock: parts.clock.clone(),
        rng: parts.rng.clone(),
        host_name: parts.host_name.clone(),
        replicas: replicas.clone(),
        store: parts.store.clone(),
        join_token: config.matches.join_token,
    });
    let placer = Arc::new(placer);
    let lobby = Lobby::new(LobbyParts {
        store: parts.store.clone(),
        coordination: parts.coordination.clone(),
        catalog: catalog.clone(),
        placer: placer.clone(),
        live: live.clone(),
        clock: parts.clock.clone(),
        rng: parts.rng.clone(),
    });
    let lobby = Arc::new(lobby);
    let webhooks = WebhookParts {
        store: parts.store.clone(),
        lobby: lobby.clone(),
        host: parts.host.clone(),
        clock: parts.clock.clone(),
        rng: parts.rng.clone(),
        guarded: Guarded::new(config.webhooks.reach),
        bell: event_log.bell().clone(),
        look: config.webhooks.look,
    };
    let webhooks = Arc::new(Webhooks::new(webhooks, &parts.keys));
    let matches = MatchService {
        store: parts.store.clone(),
        host: parts.host.clone(),
        journals: journals.clone(),
        live: live.clone(),
        quotas: quotas.clone(),
        writer: writer.clone(),
        clock: parts.clock.clone(),
        rng: parts.rng.clone(),
    };
    let limits = PackLimits { files: config.web.bundle_files, bytes: config.web.bundle_bytes };
    let bundles =
        WebShelf::new(WebShelfParts { blobs: parts.artifacts.blobs().clone(), limits, at_once: config.web.at_once });
    App {
        home: Home::new(config.web.domain.clone()),
        bundles,
        config,
        store: parts.store.clone(),
        coordination: parts.coordination.clone(),
        artifacts: parts.artifacts.clone(),
        host: parts.host.clone(),
        clock: parts.clock.clone(),
        rng: parts.rng.clone(),
        auditor,
        event_log,
        accounts: Arc::new(accounts),
        replicas,
        catalog,
        releases,
        quotas,
        starts,
        uploads: Arc::new(uploads),
        placer,
        lobby,
        webhooks,
        event_streams: Arc::new(Semaphore::new(api::EVENT_STREAMS)),
        event_log_streams: Arc::new(Semaphore::new(api::EVENT_LOG_STREAMS)),
        live: live.clone(),
        matches,
        origins: parts.origins.clone(),
        upgrades: parts.upgrades.clone(),
        bot_claims: Arc::new(Semaphore::new(api::BOT_CLAIMS)),
        log_streams: Arc::new(Semaphore::new(api::LOG_STREAMS)),
        going_down: AtomicBool::new(false),
    }
}
