//! `stadion serve`: a whole server in one process.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::failure::Outcome;
use crate::serve::security::Security;
use crate::serve::settings::{Layer, Lifetime, Settings, SharedLayer};
use crate::serve::stop::Until;

/// Runs a whole server: REST API, hosts, players' connections.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion serve                                     port 7878, state in ~/.local/share/stadion
  stadion serve --data /var/lib/stadion --advertise play.example.com
  stadion serve --games target/games                publishes every .wasm there under its file's name
  stadion serve --database postgres://.. --redis redis://.. --keys /etc/stadion/keys --blobs /mnt/stadion
                                                    one of several replicas behind a balancer: see deploy/haproxy
  stadion serve --ephemeral --json                  for tests: any port, nothing kept, one line of JSON

HTTP and WebSocket are on TCP, players' QUIC and WebTransport on UDP, all on the same port. SIGTERM or Ctrl-C ends it: no new matches, running ones
are told, then exit code 0; a second signal ends it at once.

Every option is also a key of the file of --config, with the same name. It has more: [accounts], [events] and [oidc.NAME], see
docs/security.md.")]
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
    /// How address space is shared among matches: `fast` (20,000 at most, no bounds checks) or `dense` (100,000 at most;
    /// games that work much in memory are slower). Both need as many mappings as vm.max_map_count allows [default: fast].
    #[arg(long, env = "STADION_POOL_LAYOUT", value_name = "LAYOUT")]
    pool_layout: Option<String>,
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
    /// The API over TLS on this TCP port too, with that certificate; without TLS it answers this machine alone then.
    #[arg(long, env = "STADION_HTTPS_PORT", value_name = "PORT")]
    https_port: Option<u16>,
    /// Passwords known from breaches, which are refused: a file of SHA-1 hashes in order, one on each line (`HASH` or
    /// `HASH:count`), such as Have I Been Pwned's that is ordered by hash. It may be replaced while the server runs.
    #[arg(long, env = "STADION_BREACHED_PASSWORDS", value_name = "FILE")]
    breached_passwords: Option<PathBuf>,
    /// Publish every .wasm of this folder at the start.
    #[arg(long, env = "STADION_GAMES", value_name = "DIR")]
    games: Option<PathBuf>,
    /// How far messages of webhooks and calls of games go: `public` (https on the internet), `this-machine` (also http to
    /// itself), `private` (also to private networks) [default: public; this-machine on a server for developing, which has
    /// neither --tls-cert nor --advertise nor --database].
    #[arg(long, env = "STADION_WEBHOOKS", value_name = "REACH")]
    webhooks: Option<String>,
    /// PostgreSQL for accounts, games and matches, postgres://USER:PASSWORD@HOST/NAME [default: a file in its state].
    #[arg(long, env = "STADION_DATABASE", value_name = "URL", hide_env_values = true, help_heading = "Replicas")]
    database: Option<String>,
    /// Connections to PostgreSQL at most [default: 16].
    #[arg(long, env = "STADION_DATABASE_CONNECTIONS", value_name = "COUNT", help_heading = "Replicas")]
    database_connections: Option<u32>,
    /// Redis 7, redis://[USER:PASSWORD@]HOST[/NUMBER]: this server is one of several replicas, which need --database, --keys
    /// and --blobs in common [default: it is the only one].
    #[arg(long, env = "STADION_REDIS", value_name = "URL", hide_env_values = true, help_heading = "Replicas")]
    redis: Option<String>,
    /// The keys that it signs with [default: `keys` in its state]; made where there are none.
    #[arg(long, env = "STADION_KEYS", value_name = "DIR", help_heading = "Replicas")]
    keys: Option<PathBuf>,
    /// Versions of games and journals of matches that are over [default: `blobs` in its state].
    #[arg(long, env = "STADION_BLOBS", value_name = "DIR", help_heading = "Replicas")]
    blobs: Option<PathBuf>,
    /// Where other replicas reach this one, http://HOST:PORT [default: where players do]; with --replica-ca https://HOST:PORT,
    /// its --https-port.
    #[arg(long, env = "STADION_REPLICA_URL", value_name = "URL", help_heading = "Replicas")]
    replica_url: Option<String>,
    /// Replicas ask one another over TLS alone, and believe certificates of the authority in this file (PEM) alone.
    #[arg(long, env = "STADION_REPLICA_CA", value_name = "FILE", help_heading = "Replicas")]
    replica_ca: Option<PathBuf>,
    /// Where this server stands, 1 to 32 characters of a-z, 0-9 and -: players who ask for this region, or are nearest to
    /// it, get their matches here.
    #[arg(long, env = "STADION_REGION", value_name = "NAME", help_heading = "Replicas")]
    region: Option<String>,
    /// Balancers whose X-Forwarded-For names the caller, for limits by address: IP addresses with commas between them.
    #[arg(long, env = "STADION_TRUSTED_PROXIES", value_name = "LIST", help_heading = "Replicas")]
    trusted_proxies: Option<String>,
    /// Which log lines go to stderr, such as `info` or `stadion_host=debug`.
    #[arg(long, env = "STADION_LOG", value_name = "FILTER")]
    log: Option<String>,
    /// A TOML file with these options; flags and environment win over it.
    #[arg(long, env = "STADION_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// End in good order when stdin does: a server of another program's goes with it, however that ends.
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
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
            pool_layout: self.pool_layout.clone(),
            plant_abort: self.plant_abort,
            advertise: self.advertise.clone(),
            origins: self.origins.clone(),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            games: self.games.clone(),
            webhooks: self.webhooks.clone(),
            log: self.log.clone(),
            shared: SharedLayer {
                database: self.database.clone(),
                database_connections: self.database_connections,
                redis: self.redis.clone(),
                keys: self.keys.clone(),
                blobs: self.blobs.clone(),
                replica_url: self.replica_url.clone(),
                replica_ca: self.replica_ca.clone(),
                region: self.region.clone(),
                trusted_proxies: self.trusted_proxies.clone(),
            },
            security: Security::of_flags(self.https_port, self.breached_passwords.clone()),
            quotas: None,
        };
        let file = self.config.as_deref().map(Layer::read).transpose()?.unwrap_or_default();
        flags.over(file).decide(if self.ephemeral { Lifetime::Ephemeral } else { Lifetime::Kept })
    }
}

pub(crate) fn run(args: &Serve, context: &Context) -> Outcome {
    let until = if args.until_stdin_ends { Until::StdinEnds } else { Until::Signal };
    crate::serve::run(&args.settings()?, until, context.out)
}
