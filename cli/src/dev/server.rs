//! The server that a game under development is played on: one that runs already, or a child that ends with this command.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::mpsc;

use super::{Event, Wanted, say};
use crate::api;
use crate::commands::Context;
use crate::config::Target;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use crate::serve::lan;

/// How long a server may take until it is ready: the first start makes keys and a database.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long it may take to end its matches and tell their players.
const GRACE: Duration = Duration::from_secs(15);
/// What a child logs: its own troubles, and everything that games say.
const LOG: &str = "warn,stadion::game=trace";

/// See the module.
pub(super) struct Server {
    target: Target,
    child: Option<Child>,
    /// It listens on this machine's address on its network.
    on_network: bool,
}

/// The line of `stadion serve --json`, as far as it is of use here.
#[derive(Deserialize)]
struct Ready {
    http: String,
    developer_key: String,
}

impl Server {
    /// The named server; else the one that was started last, if it answers; else a new one.
    pub(super) async fn find_or_start(
        wanted: &Wanted,
        context: &Context,
        events: mpsc::Sender<Event>,
    ) -> Outcome<Server> {
        if wanted.ephemeral {
            let server = Server::start(&["--ephemeral".to_owned()], context.out, events).await?;
            return Ok(Server { on_network: false, ..server });
        }
        let target = context.target()?;
        match api::connect(&target)?.whoami().await.map_err(Failure::from) {
            Ok(_) => {
                context.out.note(format!("server     {} (running already; its log is with it)", target.server));
                Ok(Server { target, child: None, on_network: false })
            }
            Err(failure) if context.names_a_server() || failure.kind != Kind::Unreachable => Err(failure),
            Err(_) => {
                context.out.note("starting a server ...");
                let port = wanted.port.map(|port| ["--port".to_owned(), port.to_string()]);
                Server::start(port.as_ref().map_or(&[][..], |port| &port[..]), context.out, events).await
            }
        }
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// As a phone on the same network finds it, if it does.
    pub(super) fn for_phones(&self) -> Option<String> {
        let port = self.target.server.rsplit_once(':')?.1.parse().ok()?;
        let ip = lan::address().filter(|_| self.on_network)?;
        Some(format!("http://{}", std::net::SocketAddr::new(ip, port)))
    }

    async fn start(options: &[String], out: Output, events: mpsc::Sender<Event>) -> Outcome<Server> {
        let exe =
            std::env::current_exe().map_err(|error| Failure::failed(format!("where this program is: {error}")))?;
        let mut command = Command::new(exe);
        command.args(["serve", "--json", "--until-stdin-ends", "--log", LOG]).args(options).kill_on_drop(true);
        // A Ctrl-C of the terminal reaches this whole group: the child is told to stop by its parent, in its turn.
        #[cfg(unix)]
        command.process_group(0);
        // Nothing is ever written to its stdin: that it ends tells the child that this program has, killed or not.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| Failure::failed(format!("starting a server: {error}")))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        if let Some(stderr) = stderr {
            tokio::spawn(tell_log(BufReader::new(stderr), out, events));
        }
        let mut lines = BufReader::new(stdout.ok_or_else(|| Failure::failed("the server has no output"))?).lines();
        let line = tokio::time::timeout(READY_WITHIN, lines.next_line()).await;
        let ready = line.ok().and_then(Result::ok).flatten().and_then(|line| serde_json::from_str::<Ready>(&line).ok());
        let Some(Ready { http, developer_key }) = ready else {
            return Err(Failure::failed("the server did not start")
                .fix("see what `stadion serve` says; is the port taken? --port names another"));
        };
        let target = Target { server: http, key: Some(developer_key) };
        Ok(Server { target, child: Some(child), on_network: true })
    }

    /// Ends a server that was started here, in good order.
    pub(super) async fn stop(self) {
        let Some(mut child) = self.child else { return };
        drop(child.stdin.take());
        if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
            // Dropping it kills it.
            drop(child);
        }
    }
}

/// What it writes until it ends. Shown at once, also during a round: a pipe that nobody reads would hold up the server, and
/// with it every match.
async fn tell_log(log: BufReader<ChildStderr>, out: Output, events: mpsc::Sender<Event>) {
    let mut lines = log.lines();
    while let Ok(Some(line)) = lines.next_line().await {
        say::logged(&line, out);
    }
    // Nobody listens any more when this command ends first.
    let _ = events.send(Event::ServerEnded).await;
}
