//! `stadion serve`: control plane, host and gateway in one process.
//!
//! ```text
//!   settings ─▶ lock, keys, store ─▶ engine, host ─▶ port ─▶ gateway ─▶ control plane ─▶ games published ─▶ ready
//!   signal   ─▶ no new matches, /readyz no ─▶ requests end ─▶ matches are kept, or end ─▶ players hear of it ─▶ store closed ─▶ 0
//! ```
//!
//! This module composes and waits; what a server does is in the parts.

mod announce;
mod data;
mod games;
pub(crate) mod lan;
mod parts;
mod port;
mod ports;
pub(crate) mod security;
pub(crate) mod settings;
mod site;
mod sockets;
pub(crate) mod stop;

use std::sync::Arc;
use std::time::Duration;

use stadion_control_plane::{ControlPlane, Keys, Tls};
use stadion_host::gateway::Gateway;
use stadion_host::host::LocalHost;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::config::{self, SavedServer};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

use announce::{Ready, Surroundings};
use data::Storage;
use settings::{Lifetime, Settings};
use stop::Until;

/// How long matches may take to end, and then their players to hear of it.
const GRACE: Duration = Duration::from_secs(5);
/// How often clients' certificate hashes are looked up anew (they rotate within days), and the gateway is looked after.
const LOOK_AFTER: Duration = Duration::from_secs(5);

/// Runs a server until it is told to stop.
pub(crate) fn run(settings: &Settings, until: Until, out: Output) -> Outcome {
    log_to_stderr(&settings.log)?;
    for name in settings::unknown_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())) {
        out.note(format!(
            "note: {name} is not a variable that anything reads; `stadion serve --help` names those that are"
        ));
    }
    raise_file_limit();
    tracing::debug!("start: the process runs");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(format!("async runtime: {error}")))?;
    let outcome = runtime.block_on(Box::pin(serve(settings, until, out)));
    // What still blocks (a log, a lookup) must not keep a server that is told to stop.
    runtime.shutdown_timeout(Duration::from_secs(1));
    outcome
}

async fn serve(settings: &Settings, end: Until, out: Output) -> Outcome {
    let asked = stop::listen(end)?;
    let storage = Storage::open(&settings.data)?;
    let server = parts::compose(settings, &storage).await?;
    let (stop, stopped) = watch::channel(false);
    let plain = server.control.serve(server.listener, until(stopped.clone()));
    let (https, tls) =
        server.https.map_or((None, None), |(listener, tls)| (Some((listener, Arc::clone(&tls))), Some(tls)));
    let secure = async {
        if let Some((listener, tls)) = https {
            server.control.serve_tls(listener, tls, until(stopped.clone())).await;
        }
    };
    let http = async { tokio::join!(plain, secure) };
    let secrets = Secrets { keys: server.keys, tls };
    let work = async {
        let host = Arc::clone(&server.host);
        let ended = tokio::select! {
            asked = asked => asked.map_err(|_| Failure::failed("signals can no longer be heard")),
            failure = begin_and_look_after(settings, &server.at, (&server.gateway, &host, &secrets), out) => Err(failure),
        };
        if ended.is_ok() {
            out.note("stopping: matches are kept for the next start, or end; a second signal stops at once");
        }
        host.drain();
        let _ = stop.send(true);
        ended
    };
    let (_, ended) = tokio::join!(http, work);
    take_down(server.control, &server.host, server.gateway).await;
    drop(storage);
    ended
}

/// Makes the server useful, says so, and then watches over it. Comes back only when something has failed.
async fn begin_and_look_after(
    settings: &Settings,
    at: &parts::Address,
    (gateway, host, secrets): (&Gateway, &LocalHost, &Secrets),
    out: Output,
) -> Failure {
    if let Err(failure) = begin(settings, at, gateway, out).await {
        return failure;
    }
    loop {
        tokio::time::sleep(LOOK_AFTER).await;
        if !gateway.is_running() {
            return Failure::failed("the gateway has ended by itself: players cannot connect").fix("see the log above");
        }
        host.set_endpoints(gateway.endpoints());
        secrets.look_after();
    }
}

/// What may change on disk while the server runs.
struct Secrets {
    keys: Arc<Keys>,
    tls: Option<Arc<Tls>>,
}

impl Secrets {
    fn look_after(&self) {
        match self.keys.reread() {
            Ok(true) => tracing::info!("another server changed keys: taken over"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the keys stay as they are"),
        }
        match self.tls.as_ref().map(|tls| tls.reread()) {
            Some(Ok(true)) => tracing::info!("the API's certificate was renewed: taken over"),
            Some(Err(error)) => tracing::warn!(%error, "the API's certificate stays as it is"),
            Some(Ok(false)) | None => {}
        }
    }
}

async fn begin(settings: &Settings, at: &parts::Address, gateway: &Gateway, out: Output) -> Outcome {
    let saved = SavedServer { server: at.http.clone(), key: at.developer_key.clone() };
    let games = games::publish(settings.games.as_deref(), &saved, out).await?;
    let endpoints = gateway.endpoints();
    let ready = Ready {
        http: at.http.clone(),
        quic: endpoints.quic.first().map(ToString::to_string).unwrap_or_default(),
        developer_key: at.developer_key.clone(),
        operator_key: at.operator_key.clone(),
        certificate_hashes: endpoints.certificate_hashes.iter().map(hex::encode).collect(),
        pid: std::process::id(),
    };
    let around = Surroundings {
        bound: at.bound,
        lan: lan::address(),
        data: settings.data.folder().map(|folder| folder.display().to_string()),
        saved: leave_for_commands(settings, &saved, out),
        games,
    };
    tracing::debug!("start: ready");
    out.value(&ready);
    for line in announce::lines(&ready, &around) {
        out.line(line);
    }
    Ok(())
}

/// So that other commands need no flags. A trial's address is nothing to remember.
fn leave_for_commands(settings: &Settings, saved: &SavedServer, out: Output) -> Option<String> {
    if settings.lifetime == Lifetime::Ephemeral {
        return None;
    }
    let folder = config::folder(config::env)?;
    match config::save(&folder, saved) {
        Ok(path) => Some(path.display().to_string()),
        Err(error) => {
            out.note(format!("note: {} could not be written ({error}); give other commands --key", folder.display()));
            None
        }
    }
}

/// Matches end first, so that their last words still find the gateway, and their results the store.
async fn take_down(control: ControlPlane, host: &LocalHost, gateway: Gateway) {
    host.shutdown(GRACE).await;
    let closed = tokio::task::spawn_blocking(move || {
        gateway.shutdown(GRACE);
        drop(gateway);
    });
    if closed.await.is_err() {
        tracing::error!("the gateway panicked while it closed");
    }
    control.finish().await;
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender lives as long as the server: an error would mean the same as being told.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn log_to_stderr(filter: &str) -> Outcome {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::usage(format!("log filter {filter:?}: {error}")).fix("for example --log info"))?;
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    Ok(())
}

/// Soft limits of 1,024 files are for programs that use `select`; each HTTP connection is a file.
#[cfg(unix)]
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).is_err() {
        tracing::warn!(limit = ?limit.current, "the limit of open files could not be raised");
    }
}

#[cfg(not(unix))]
fn raise_file_limit() {}
