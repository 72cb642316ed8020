//! The parts of a server, made and joined in the order in which they need one another.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use stadion_control_plane::clock::{Clock, Rng, SystemClock, SystemRng};
use stadion_control_plane::config::{HttpConfig, Reach, WebConfig, WebhookConfig};
use stadion_control_plane::coordination::redis::RedisCoordination;
use stadion_control_plane::coordination::{Coordination, MemoryCoordination};
use stadion_control_plane::model::Quotas;
use stadion_control_plane::store::Store;
use stadion_control_plane::store::postgres::PostgresStore;
use stadion_control_plane::store::sqlite::SqliteStore;
use stadion_control_plane::{
    ArtifactShelf, Config, ControlPlane, HostEventQueue, KeyError, Keys, OriginBook, Parts, ReplicaTrust, Tls,
    TlsFiles, blobs,
};
use stadion_host::artifact::VerifyingKeys;
use stadion_host::compile::{ChildCompiler, CompilerConfig};
use stadion_host::engine::{CodeSettings, Engine, EngineConfig};
use stadion_host::gateway::{Gateway, GatewayConfig, HostKeys, Identity, JoinKeys};
use stadion_host::host::{HostConfig, LocalHost, Recovered, RecoveryConfig};
use stadion_host::journal::{DiskJournals, Journals, LogConfig, MemoryJournals, MemoryLimits};
use stadion_host::shard::Plant;
use stadion_protocol::contract::{Artifacts, Host, HostEvents, WebAddress};
use tokio::net::TcpListener;

use super::announce::reachable;
use super::data::{Storage, write_secret};
use super::settings::{Lifetime, PLANTED, Settings};
use super::sockets::Sockets;
use super::{lan, ports, site};
use crate::failure::{Failure, Outcome};

/// The name of the account whose key a server leaves for its own machine.
const DEVELOPER: &str = "developer";

/// And of the one that may do everything.
const OPERATOR: &str = "operator";

/// A server, joined but not yet listening for requests.
pub(crate) struct Server {
    pub(crate) control: ControlPlane,
    pub(crate) host: Arc<LocalHost>,
    pub(crate) gateway: Gateway,
    pub(crate) listener: TcpListener,
    /// The API over TLS.
    pub(crate) https: Option<(TcpListener, Arc<Tls>)>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) at: Address,
}

/// Where it is found.
pub(crate) struct Address {
    /// As bound.
    pub(crate) bound: SocketAddr,
    /// Its REST API, as this machine reaches it.
    pub(crate) http: String,
    /// A key for publishing.
    pub(crate) developer_key: String,
    /// A key for everything.
    pub(crate) operator_key: String,
}

/// Makes everything. Nothing is left behind when a part cannot be made.
pub(crate) async fn compose(settings: &Settings, storage: &Storage) -> Outcome<Server> {
    let config = config(settings)?;
    let keys = Arc::new(match settings.shared.keys.clone().or_else(|| storage.place("keys")) {
        Some(folder) => Keys::load(&folder, &SystemRng).map_err(failed)?,
        None => Keys::in_memory(&SystemRng),
    });
    let events = Arc::new(HostEventQueue::new());
    tracing::debug!("start: keys are loaded");
    let (engine, journals) = pool_and_log(settings, storage).await?;
    tracing::debug!("start: pool and log are there");
    let shelf = shelf(settings, storage, &keys, &engine)?;
    let host_keys = storage.place("host").map_or_else(HostKeys::ephemeral, |folder| HostKeys::open(&folder));
    let host_keys = host_keys.map_err(failed)?;
    let verifying = VerifyingKeys::default();
    follow_artifact_keys(&keys, verifying.clone());
    let host = LocalHost::over(
        host_config(settings, storage, &host_keys)?,
        engine,
        (Arc::clone(&shelf) as Arc<dyn Artifacts>, verifying),
        Arc::clone(&events) as Arc<dyn HostEvents>,
        journals,
    );
    let host = Arc::new(host.map_err(failed)?);
    // Before the doors open: whoever returns to a match waits for it and is not refused.
    let waiting = host.take_up();
    let origins = Arc::new(OriginBook::new(settings.origins.clone()));
    let (listener, gateway) = open_doors(settings, &host, &keys, host_keys, Arc::clone(&origins)).await?;
    let bound = listener.local_addr().map_err(failed)?;
    tracing::debug!("start: the doors are open");
    if waiting > 0 {
        // Players wait for their matches; the rest of the server can be made meanwhile.
        tokio::spawn(recover(Arc::clone(&host), waiting));
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let parts = Parts {
        store: store(settings, storage, &clock).await?,
        coordination: coordination(settings, &clock).await?,
        artifacts: shelf,
        events,
        host: Arc::clone(&host) as Arc<dyn Host>,
        host_name: storage.host_name()?,
        region: settings.shared.region.clone(),
        replica_url: replica_url(settings, &gateway, bound),
        replica_trust: settings.shared.replica_ca.as_deref().map(ReplicaTrust::load).transpose().map_err(failed)?,
        origins,
        upgrades: Some(Arc::new(Sockets(gateway.websockets()))),
        keys: Arc::clone(&keys),
        clock,
        rng: Arc::new(SystemRng) as Arc<dyn Rng>,
    };
    tracing::debug!("start: store and coordination are there");
    let control = ControlPlane::start(config, parts).await.map_err(failed)?;
    host.connect_requests(control.requests());
    tracing::debug!("start: the control plane is there");
    let developer_key = developer_key(&control, storage).await?;
    control.keep_at_home(&developer_key).await;
    let operator_key = operator_key(&control, storage).await?;
    let at = Address { bound, http: format!("http://{}", reachable(bound)), developer_key, operator_key };
    let https = https(settings).await?;
    Ok(Server { control, host, gateway, listener, https, keys, at })
}

/// The control plane's settings, or every fault in them at once.
fn config(settings: &Settings) -> Outcome<Config> {
    let web = WebConfig { site: site::PAGES, ..WebConfig::default() };
    let http = HttpConfig { trusted_proxies: settings.shared.trusted_proxies.clone(), ..HttpConfig::default() };
    let webhooks = WebhookConfig { reach: settings.reach, ..WebhookConfig::default() };
    match settings.reach {
        Reach::Public => {}
        Reach::ThisMachine => {
            tracing::info!("webhooks of games may lead to this machine; --webhooks public forbids it");
        }
        Reach::Private => tracing::info!("webhooks of games may lead to this machine and to private networks"),
    }
    let quotas = settings.quotas.over(&Quotas::default());
    let mut config = Config { web, http, webhooks, quotas, ..Config::default() };
    settings.security.apply(&mut config, settings.lifetime == Lifetime::Kept).map_err(|faults| {
        Failure::usage(format!("the configuration is not fit to start with:\n  {}", faults.join("\n  ")))
            .fix("change the file of --config; docs/security.md says what each key means")
    })?;
    Ok(config)
}

/// Where the API is over TLS, if it is.
async fn https(settings: &Settings) -> Outcome<Option<(TcpListener, Arc<Tls>)>> {
    let (Some(port), Some(files)) = (settings.security.https_port, &settings.tls) else { return Ok(None) };
    let tls = Tls::load(TlsFiles { certificates: files.cert.clone(), key: files.key.clone() }).map_err(failed)?;
    let listener = TcpListener::bind((settings.listen, port)).await;
    let listener = listener.map_err(|error| {
        Failure::failed(format!("TCP port {port}: {error}")).fix("choose another one with --https-port")
    })?;
    Ok(Some((listener, Arc::new(tls))))
}

fn host_config(settings: &Settings, storage: &Storage, keys: &HostKeys) -> Outcome<HostConfig> {
    let exe = std::env::current_exe().map_err(failed)?;
    let recovery = storage.place("recovery").map(|folder| RecoveryConfig { folder, exe });
    let plant = settings.plant_abort.map(|tick| Plant { parameters: PLANTED.to_vec(), tick });
    Ok(HostConfig { recovery, plant, ..HostConfig::new(keys.seed_secret()) })
}

/// What takes its time, side by side: a pool is some ten thousand changes of the process's mappings, a log is read from
/// disk. Players whose server was killed wait for both, and for nothing else.
async fn pool_and_log(settings: &Settings, storage: &Storage) -> Outcome<(Engine, Arc<dyn Journals>)> {
    let code = CodeSettings { layout: settings.pool_layout, ..CodeSettings::default() };
    let engine = tokio::task::spawn_blocking(move || Engine::new(EngineConfig { code, ..EngineConfig::default() }));
    let folder = storage.place("journals").map(|folder| settings.journals.clone().unwrap_or(folder));
    let retain_bytes = settings.journal_bytes;
    let journals = tokio::task::spawn_blocking(move || journals(folder, retain_bytes));
    let (engine, journals) = tokio::join!(engine, journals);
    Ok((engine.map_err(failed)?.map_err(failed)?, journals.map_err(failed)??))
}

/// On disk where anything is; a server that keeps nothing has them in memory.
fn journals(folder: Option<PathBuf>, retain_bytes: Option<u64>) -> Outcome<Arc<dyn Journals>> {
    let Some(folder) = folder else {
        return Ok(Arc::new(MemoryJournals::new(MemoryLimits::default())));
    };
    let defaults = LogConfig::default();
    let retain_bytes = retain_bytes.unwrap_or(defaults.retain_bytes);
    let opened = DiskJournals::open(&folder, LogConfig { retain_bytes, ..defaults });
    let opened = opened.map_err(|error| Failure::failed(format!("journals in {}: {error}", folder.display())))?;
    Ok(Arc::new(opened))
}

/// Brings back what the process before left behind, while everything else goes on.
async fn recover(host: Arc<LocalHost>, waiting: usize) {
    tracing::info!(matches = waiting, "matches of the process before are being restored");
    let Recovered { matches, asleep, ended, ticks, took } = host.recover().await;
    tracing::info!(
        matches,
        asleep,
        ended,
        ticks,
        took_ms = took.as_millis() as u64,
        "matches of the process before are back"
    );
}

/// Artifacts and the compiler that makes them, for the engine that runs them: all of one engine's settings.
fn shelf(settings: &Settings, storage: &Storage, keys: &Arc<Keys>, engine: &Engine) -> Outcome<Arc<ArtifactShelf>> {
    let exe = std::env::current_exe().map_err(failed)?;
    let compiler = ChildCompiler::new(exe, CompilerConfig { code: engine.code(), ..CompilerConfig::default() });
    let blobs = match settings.shared.blobs.clone().or_else(|| storage.place("blobs")) {
        Some(folder) => blobs::on_disk(&folder).map_err(failed)?,
        None => blobs::in_memory(),
    };
    let shelf = ArtifactShelf::new(blobs, Arc::clone(keys), Arc::new(compiler), engine.compatibility());
    Ok(Arc::new(shelf))
}

async fn store(settings: &Settings, storage: &Storage, clock: &Arc<dyn Clock>) -> Outcome<Arc<dyn Store>> {
    if let Some(config) = &settings.shared.database {
        let store = PostgresStore::open(config, Arc::clone(clock), Arc::new(SystemRng)).await;
        let fix = "is the server of --database up, and may this machine reach it?";
        return Ok(Arc::new(store.map_err(|error| failed(error).fix(fix))?));
    }
    let store = match storage.place("stadion.db") {
        Some(file) => SqliteStore::open(&file).await,
        None => SqliteStore::in_memory().await,
    };
    Ok(Arc::new(store.map_err(failed)?))
}

async fn coordination(settings: &Settings, clock: &Arc<dyn Clock>) -> Outcome<Arc<dyn Coordination>> {
    let Some(url) = &settings.shared.redis else { return Ok(Arc::new(MemoryCoordination::new(Arc::clone(clock)))) };
    let redis = RedisCoordination::connect(url, Arc::new(SystemRng)).await;
    Ok(Arc::new(redis.map_err(|error| failed(error).fix("is the server of --redis up, and Redis 7 or newer?"))?))
}

/// Where other replicas reach this one, if there may be any: as set, else where players do.
fn replica_url(settings: &Settings, gateway: &Gateway, bound: SocketAddr) -> Option<String> {
    settings.shared.redis.as_ref()?;
    let told = gateway.endpoints().quic.first().copied().unwrap_or_else(|| reachable(bound));
    let told = SocketAddr::new(told.ip(), bound.port());
    Some(settings.shared.replica_url.clone().unwrap_or_else(|| format!("http://{told}")))
}

/// Binds the port on both transports and joins gateway and host.
async fn open_doors(
    settings: &Settings,
    host: &LocalHost,
    keys: &Keys,
    host_keys: HostKeys,
    origins: Arc<OriginBook>,
) -> Outcome<(TcpListener, Gateway)> {
    let mut template = GatewayConfig::new(host_keys);
    template.origins = origins;
    template.web_host = settings.advertise.as_ref().map(|advertise| advertise.host.clone());
    template.websocket = Some(WebAddress::default());
    let replica = settings.shared.redis.is_some();
    if let Some(tls) = &settings.tls {
        template.identity = Identity::Files { chain: tls.cert.clone(), key: tls.key.clone() };
    }
    let (listener, gateway) = ports::bind(settings.listen, settings.port, |bound| {
        template.listen = bound;
        template.advertised = advertised(settings, bound)?;
        if replica {
            // A balancer leads to any replica, and a match is on one.
            let (host, port) = web_address(settings, &template.advertised, bound);
            template.web_host = Some(host.clone());
            template.websocket = Some(WebAddress { host: Some(host), port: Some(port) });
        }
        let join_keys = JoinKeys::new();
        follow_rotation(keys, join_keys.clone());
        Gateway::bind(template.clone(), host.inbox(), join_keys).map_err(failed)
    })
    .await?;
    host.connect_outbox(gateway.outbox());
    host.set_endpoints(gateway.endpoints());
    Ok((listener, gateway))
}

/// Trusts the keys of join tokens as long as tokens of them can be good.
fn follow_rotation(keys: &Keys, gateway: JoinKeys) {
    let trusted = Mutex::new(BTreeSet::new());
    keys.tell(Box::new(move |verifiers| {
        let now: BTreeSet<String> = verifiers.keys().cloned().collect();
        for (kid, public_key) in verifiers {
            gateway.insert(kid, *public_key);
        }
        // A set of copies: whatever panicked while holding it, it is whole.
        let before = std::mem::replace(&mut *trusted.lock().unwrap_or_else(PoisonError::into_inner), now.clone());
        before.difference(&now).for_each(|kid| gateway.remove(kid));
    }));
}

/// Runs what the control plane has signed, as long as its signatures are good.
fn follow_artifact_keys(keys: &Keys, host: VerifyingKeys) {
    keys.tell_of_artifacts(Box::new(move |verifiers| {
        if let Err(error) = host.replace(verifiers.iter().copied()) {
            tracing::error!(%error, "the keys of artifacts stay as they are");
        }
    }));
}

/// Where browsers reach this very server.
fn web_address(settings: &Settings, advertised: &[SocketAddr], bound: SocketAddr) -> (String, u16) {
    let told = advertised.first().copied().unwrap_or_else(|| reachable(bound));
    let host = settings.advertise.as_ref().map_or_else(|| told.ip().to_string(), |advertise| advertise.host.clone());
    (host, told.port())
}

/// What players are told to connect to: as configured, else the address on the network, which this machine reaches too.
fn advertised(settings: &Settings, bound: SocketAddr) -> Outcome<Vec<SocketAddr>> {
    if let Some(advertise) = &settings.advertise {
        let addresses = advertise.resolve(bound.port()).map_err(|error| {
            Failure::failed(format!("--advertise {}: {error}", advertise.host)).fix("give an address instead of a name")
        })?;
        return Ok(addresses);
    }
    let mut addresses = vec![reachable(bound)];
    if bound.ip().is_unspecified()
        && let Some(ip) = lan::address().filter(|ip| ip.is_ipv4() == bound.is_ipv4())
    {
        addresses.insert(0, SocketAddr::new(ip, bound.port()));
    }
    Ok(addresses)
}

/// The key in the data folder if it is still good, else a new one.
async fn developer_key(control: &ControlPlane, storage: &Storage) -> Outcome<String> {
    kept_key(control, storage.place("developer.key"), async || control.create_developer_key(DEVELOPER).await).await
}

/// The same for whoever runs this machine: with it every game, match and account can be looked after.
async fn operator_key(control: &ControlPlane, storage: &Storage) -> Outcome<String> {
    kept_key(control, storage.place("operator.key"), async || control.create_operator_key(OPERATOR).await).await
}

async fn kept_key(
    control: &ControlPlane,
    path: Option<PathBuf>,
    make: impl AsyncFnOnce() -> Result<String, KeyError>,
) -> Outcome<String> {
    if let Some(key) = path.as_deref().and_then(read_key)
        && control.accepts_key(&key).await
    {
        return Ok(key);
    }
    let key = make().await.map_err(failed)?;
    if let Some(path) = path {
        write_secret(&path, &format!("{key}\n")).map_err(|error| Failure::file("writing", &path, &error))?;
    }
    Ok(key)
}

fn read_key(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|key| !key.is_empty())
}

#[allow(clippy::needless_pass_by_value, reason = "map_err hands errors over by value")]
fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::failed(error.to_string())
}
