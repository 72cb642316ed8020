//! `stadion serve`: a whole server in one process.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::failure::Outcome;
use crate::serve::settings::{Layer, Lifetime, Settings};

/// Runs a whole server: REST API, hosts, players' connections.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion serve                                     port 7878, state in ~/.local/share/stadion
  stadion serve --data /var/lib/stadion --advertise play.example.com
  stadion serve --games target/games                publishes every .wasm there under its file's name
  stadion serve --ephemeral --json                  for tests: any port, nothing kept, one line of JSON

HTTP and WebSocket are on TCP, players' QUIC and WebTransport on UDP, all on the same port. SIGTERM or Ctrl-C ends it: no new matches, running ones
are told, then exit code 0; a second signal ends it at once.

Every option is also a key of the file of --config, with the same name.")]
pub(crate) struct Serve {
    /// Where it keeps its state [default: $XDG_DATA_HOME/stadion, else ~/.local/share/stadion].
    #[arg(long, env = "STADION_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where it keeps the journals of matches [default: `journals` in its state]: a disk of their own, for example.
    #[arg(long, env = "STADION_JOURNALS", value_name = "DIR")]
    journals: Option<PathBuf>,
    /// What it retains of the journals of matches that are over, bytes [default: 1 GiB].
    #[arg(long, env = "STADION_JOURNAL_BYTES", value_name = "BYTES")]
    journal_bytes: Option<u64>,
    /// For tests of recovery: a match created with the parameters `plant-abort` ends the process in this tick.
    #[arg(long, hide = true, value_name = "TICK")]
    plant_abort: Option<u64>,
    /// TCP and UDP port; 0: any [default: 7878].
    #[arg(long, env = "STADION_PORT")]
    port: Option<u16>,
    /// The address to listen on [default: 0.0.0.0].
    #[arg(long, env = "STADION_LISTEN", value_name = "IP")]
    listen: Option<IpAddr>,
    /// What clients are told to connect to: behind NAT, or in a container.
    #[arg(long, env = "STADION_ADVERTISE", value_name = "HOST[:PORT]")]
    advertise: Option<String>,
    /// Web pages on other hosts that may use this server: origins with commas between them, `localhost` for pages on the
    /// browser's own machine, `*` for all [default: localhost]. Its own pages always may; a game's owner can allow more.
    #[arg(long, env = "STADION_ORIGINS", value_name = "LIST")]
    origins: Option<String>,
    /// Certificate chain for players' connections, PEM; read again when it changes [default: development certificates].
    #[arg(long, env = "STADION_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Its private key, PEM.
    #[arg(long, env = "STADION_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Publish every .wasm of this folder at the start.
    #[arg(long, env = "STADION_GAMES", value_name = "DIR")]
    games: Option<PathBuf>,
    /// Which log lines go to stderr, such as `info` or `stadion_host=debug`.
    #[arg(long, env = "STADION_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// A TOML file with these options; flags and environment win over it.
    #[arg(long, env = "STADION_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep nothing (whatever --data says), take any port, listen on this machine alone.
    #[arg(long)]
    ephemeral: bool,
}

impl Serve {
    fn settings(&self) -> Outcome<Settings> {
        let flags = Layer {
            listen: self.listen,
            port: self.port,
            data: self.data.clone(),
            journals: self.journals.clone(),
            journal_bytes: self.journal_bytes,
            plant_abort: self.plant_abort,
            advertise: self.advertise.clone(),
            origins: self.origins.clone(),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            games: self.games.clone(),
            log: self.log.clone(),
        };
        let file = self.config.as_deref().map(Layer::read).transpose()?.unwrap_or_default();
        flags.over(file).decide(if self.ephemeral { Lifetime::Ephemeral } else { Lifetime::Kept })
    }
}

pub(crate) fn run(args: &Serve, context: &Context) -> Outcome {
    crate::serve::run(&args.settings()?, context.out)
}
