//! The parts of a server, made and joined in the order in which they need one another.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use stadion_control_plane::clock::{Clock, Rng, SystemClock, SystemRng};
use stadion_control_plane::config::WebConfig;
use stadion_control_plane::coordination::MemoryCoordination;
use stadion_control_plane::store::Store;
use stadion_control_plane::store::sqlite::SqliteStore;
use stadion_control_plane::{ArtifactShelf, Config, ControlPlane, HostEventQueue, Keys, OriginBook, Parts, blobs};
use stadion_host::artifact::VerifyingKeys;
use stadion_host::compile::{ChildCompiler, CompilerConfig};
use stadion_host::engine::{Engine, EngineConfig};
use stadion_host::gateway::{Gateway, GatewayConfig, HostKeys, Identity, JoinKeys};
use stadion_host::host::{HostConfig, LocalHost, Recovered, RecoveryConfig};
use stadion_host::journal::{DiskJournals, Journals, LogConfig, MemoryJournals, MemoryLimits};
use stadion_host::shard::Plant;
use stadion_protocol::contract::{Artifacts, Host, HostEvents, WebAddress};
use tokio::net::TcpListener;

use super::announce::reachable;
use super::data::{Storage, write_secret};
use super::settings::{PLANTED, Settings};
use super::sockets::Sockets;
use super::{lan, ports, site};
use crate::failure::{Failure, Outcome};

/// The name of the account whose key a server leaves for its own machine.
const DEVELOPER: &str = "developer";

/// A server, joined but not yet listening for requests.
pub(crate) struct Server {
    pub(crate) control: ControlPlane,
    pub(crate) host: Arc<LocalHost>,
    pub(crate) gateway: Gateway,
    pub(crate) listener: TcpListener,
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
}

/// Makes everything. Nothing is left behind when a part cannot be made.
pub(crate) async fn compose(settings: &Settings, storage: &Storage) -> Outcome<Server> {
    let keys = Arc::new(match storage.place("keys") {
        Some(folder) => Keys::load(&folder, &SystemRng).map_err(failed)?,
        None => Keys::in_memory(&SystemRng),
    });
    let events = Arc::new(HostEventQueue::new());
    let (shelf, engine) = shelf(storage, &keys)?;
    let host_keys = storage.place("host").map_or_else(HostKeys::ephemeral, |folder| HostKeys::open(&folder));
    let host_keys = host_keys.map_err(failed)?;
    let verifying = VerifyingKeys::new([keys.artifact_verifier()]).map_err(failed)?;
    let host = LocalHost::over(
        host_config(settings, storage, &host_keys)?,
        engine,
        (Arc::clone(&shelf) as Arc<dyn Artifacts>, verifying),
        Arc::clone(&events) as Arc<dyn HostEvents>,
        journals(settings, storage)?,
    );
    let host = Arc::new(host.map_err(failed)?);
    // Before the doors open: whoever returns to a match waits for it and is not refused.
    let waiting = host.take_up();
    let origins = Arc::new(OriginBook::new(settings.origins.clone()));
    let (listener, gateway) = open_doors(settings, &host, &keys, host_keys, Arc::clone(&origins)).await?;
    let bound = listener.local_addr().map_err(failed)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let parts = Parts {
        store: store(storage).await?,
        coordination: Arc::new(MemoryCoordination::new(Arc::clone(&clock))),
        artifacts: shelf,
        events,
        host: Arc::clone(&host) as Arc<dyn Host>,
        origins,
        upgrades: Some(Arc::new(Sockets(gateway.websockets()))),
        keys,
        clock,
        rng: Arc::new(SystemRng) as Arc<dyn Rng>,
    };
    let web = WebConfig { site: site::PAGES, ..WebConfig::default() };
    let control = ControlPlane::start(Config { web, ..Config::default() }, parts).await.map_err(failed)?;
    if waiting > 0 {
        tokio::spawn(recover(Arc::clone(&host), waiting));
    }
    let developer_key = developer_key(&control, storage).await?;
    control.keep_at_home(&developer_key).await;
    let at = Address { bound, http: format!("http://{}", reachable(bound)), developer_key };
    Ok(Server { control, host, gateway, listener, at })
}

fn host_config(settings: &Settings, storage: &Storage, keys: &HostKeys) -> Outcome<HostConfig> {
    let exe = std::env::current_exe().map_err(failed)?;
    let recovery = storage.place("recovery").map(|folder| RecoveryConfig { folder, exe });
    let plant = settings.plant_abort.map(|tick| Plant { parameters: PLANTED.to_vec(), tick });
    Ok(HostConfig { recovery, plant, ..HostConfig::new(keys.seed_secret()) })
}

/// On disk where anything is; a server that keeps nothing has them in memory.
fn journals(settings: &Settings, storage: &Storage) -> Outcome<Arc<dyn Journals>> {
    let Some(folder) = storage.place("journals") else {
        return Ok(Arc::new(MemoryJournals::new(MemoryLimits::default())));
    };
    let folder = settings.journals.clone().unwrap_or(folder);
    let defaults = LogConfig::default();
    let retain_bytes = settings.journal_bytes.unwrap_or(defaults.retain_bytes);
    let opened = DiskJournals::open(&folder, LogConfig { retain_bytes, ..defaults });
    let opened = opened.map_err(|error| Failure::failed(format!("journals in {}: {error}", folder.display())))?;
    Ok(Arc::new(opened))
}

/// Brings back what the process before left behind, while everything else goes on.
async fn recover(host: Arc<LocalHost>, waiting: usize) {
    tracing::info!(matches = waiting, "matches of the process before are being restored");
    let Recovered { matches, ended, ticks, took } = host.recover().await;
    tracing::info!(matches, ended, ticks, took_ms = took.as_millis() as u64, "matches of the process before are back");
}

/// Artifacts, the compiler that makes them, and the engine that runs them: all of one engine's settings.
fn shelf(storage: &Storage, keys: &Arc<Keys>) -> Outcome<(Arc<ArtifactShelf>, Engine)> {
    let exe = std::env::current_exe().map_err(failed)?;
    let engine = Engine::new(EngineConfig::default()).map_err(failed)?;
    let compiler = ChildCompiler::new(exe, CompilerConfig { code: engine.code(), ..CompilerConfig::default() });
    let blobs = match storage.place("blobs") {
        Some(folder) => blobs::on_disk(&folder).map_err(failed)?,
        None => blobs::in_memory(),
    };
    let shelf = ArtifactShelf::new(blobs, Arc::clone(keys), Arc::new(compiler), engine.compatibility());
    Ok((Arc::new(shelf), engine))
}

async fn store(storage: &Storage) -> Outcome<Arc<dyn Store>> {
    let store = match storage.place("stadion.db") {
        Some(file) => SqliteStore::open(&file).await,
        None => SqliteStore::in_memory().await,
    };
    Ok(Arc::new(store.map_err(failed)?))
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
    if let Some(tls) = &settings.tls {
        template.identity = Identity::Files { chain: tls.cert.clone(), key: tls.key.clone() };
    }
    let (listener, gateway) = ports::bind(settings.listen, settings.port, |bound| {
        template.listen = bound;
        template.advertised = advertised(settings, bound)?;
        let join_keys = JoinKeys::new();
        for (kid, public_key) in keys.join_verifiers() {
            join_keys.insert(&kid, public_key);
        }
        Gateway::bind(template.clone(), host.inbox(), join_keys).map_err(failed)
    })
    .await?;
    host.connect_outbox(gateway.outbox());
    host.set_endpoints(gateway.endpoints());
    Ok((listener, gateway))
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
    let path = storage.place("developer.key");
    if let Some(key) = path.as_deref().and_then(read_key)
        && control.accepts_key(&key).await
    {
        return Ok(key);
    }
    let key = control.create_developer_key(DEVELOPER).await.map_err(failed)?;
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
