//! What a server is told: flags over environment over the file of `--config` over defaults. Every fault is named at
//! once, and an unknown key is a fault.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use stadion_protocol::origin::AllowedOrigins;

use crate::config;
use crate::failure::{Failure, Outcome};

/// HTTP on TCP and QUIC on UDP, both on this port.
pub(crate) const DEFAULT_PORT: u16 = 7878;

/// What is logged unless told otherwise. Of what a client's browser library finds odd, nothing: clients would write the log.
const LOG: &str = "warn,stadion=info,web_transport_quinn=error,web_transport_proto=error";
/// Parameters of a match that ends its host's process, where that is asked for.
pub(crate) const PLANTED: &[u8] = b"plant-abort";

/// What a server needs to know, decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Whether it keeps anything.
    pub(crate) lifetime: Lifetime,
    /// The address to listen on.
    pub(crate) listen: IpAddr,
    /// The port; 0: any.
    pub(crate) port: u16,
    /// Where it keeps its state.
    pub(crate) data: Data,
    /// Where journals lie; `None`: in the data folder.
    pub(crate) journals: Option<PathBuf>,
    /// What is retained of the journals of matches that are over, bytes.
    pub(crate) journal_bytes: Option<u64>,
    /// For tests of recovery: the tick in which a match with the parameters [`PLANTED`] ends the process.
    pub(crate) plant_abort: Option<u64>,
    /// What clients are told to connect to, where that is not the address it listens on.
    pub(crate) advertise: Option<Advertise>,
    /// Web pages that may use it, besides its own.
    pub(crate) origins: AllowedOrigins,
    /// A certificate; none: development certificates of its own.
    pub(crate) tls: Option<TlsFiles>,
    /// A folder whose wasm files are published at the start.
    pub(crate) games: Option<PathBuf>,
    /// Which log lines are written.
    pub(crate) log: String,
}

/// Where a server keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// In this folder.
    Folder(PathBuf),
    /// Nowhere: it is gone with the process.
    Memory,
}

impl Data {
    /// The folder, if there is one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Data::Folder(path) => Some(path),
            Data::Memory => None,
        }
    }
}

/// Where state is kept unless told otherwise: the user's own folder for data (XDG base directories), not the folder that
/// the command happens to be run in, which may be a game's and under version control.
pub(crate) fn default_data(env: impl Fn(&str) -> Option<String>) -> PathBuf {
    let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_DATA_HOME")
        .map(|base| base.join("stadion"))
        .or_else(|| set("LOCALAPPDATA").map(|base| base.join("stadion")))
        .or_else(|| set("HOME").map(|home| home.join(".local/share/stadion")))
        .unwrap_or_else(|| PathBuf::from("stadion-data"))
}

/// An address as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advertise {
    /// A name or an address.
    pub(crate) host: String,
    /// The port, where it differs from the one listened on.
    pub(crate) port: Option<u16>,
}

impl Advertise {
    /// Its addresses now. Names are looked up once, at the start.
    pub(crate) fn resolve(&self, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        Ok((self.host.as_str(), self.port.unwrap_or(port)).to_socket_addrs()?.collect())
    }
}

/// A certificate from files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate chain, PEM.
    pub(crate) cert: PathBuf,
    /// Its private key, PEM.
    pub(crate) key: PathBuf,
}

/// One source of settings; what it leaves open, the next one decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) listen: Option<IpAddr>,
    pub(crate) port: Option<u16>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) journals: Option<PathBuf>,
    pub(crate) journal_bytes: Option<u64>,
    pub(crate) plant_abort: Option<u64>,
    pub(crate) advertise: Option<String>,
    pub(crate) origins: Option<String>,
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) games: Option<PathBuf>,
    pub(crate) log: Option<String>,
}

/// Whether a server keeps anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// State survives in the data folder.
    Kept,
    /// For tests and trials: any port, this machine alone, nothing written.
    Ephemeral,
}

impl Layer {
    /// The keys of a configuration file.
    const KEYS: [&'static str; 11] = [
        "listen",
        "port",
        "data",
        "journals",
        "journal-bytes",
        "advertise",
        "origins",
        "tls-cert",
        "tls-key",
        "games",
        "log",
    ];

    /// Reads a file; relative paths in it start at its folder.
    pub(crate) fn read(path: &Path) -> Outcome<Layer> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file("reading", path, &error))?;
        let base = path.parent().unwrap_or(Path::new("."));
        Layer::parse(&text, base).map_err(|faults| {
            Failure::usage(format!("{}:\n  {}", path.display(), faults.join("\n  ")))
                .fix(format!("known keys are {}", Layer::KEYS.join(", ")))
        })
    }

    /// Reads a file's text, or names every fault in it.
    fn parse(text: &str, base: &Path) -> Result<Layer, Vec<String>> {
        let table: toml::Table =
            text.parse().map_err(|error: toml::de::Error| vec![error.to_string().trim().to_owned()])?;
        let (mut layer, mut faults) = (Layer::default(), Vec::new());
        for (key, value) in &table {
            if let Err(fault) = layer.set(key, value, base) {
                faults.push(format!("{key}: {fault}"));
            }
        }
        if faults.is_empty() { Ok(layer) } else { Err(faults) }
    }

    fn set(&mut self, key: &str, value: &toml::Value, base: &Path) -> Result<(), String> {
        let text = || value.as_str().map(str::to_owned).ok_or("must be a text in quotes");
        match key {
            "listen" => self.listen = Some(text()?.parse().map_err(|_| "must be an IP address, such as \"0.0.0.0\"")?),
            "port" => {
                let port = value.as_integer().and_then(|port| u16::try_from(port).ok());
                self.port = Some(port.ok_or("must be a number from 0 to 65535")?);
            }
            "data" => self.data = Some(base.join(text()?)),
            "journals" => self.journals = Some(base.join(text()?)),
            "journal-bytes" => {
                let bytes = value.as_integer().and_then(|bytes| u64::try_from(bytes).ok());
                self.journal_bytes = Some(bytes.ok_or("must be a number of bytes")?);
            }
            "advertise" => self.advertise = Some(text()?),
            "origins" => self.origins = Some(text()?),
            "tls-cert" => self.tls_cert = Some(base.join(text()?)),
            "tls-key" => self.tls_key = Some(base.join(text()?)),
            "games" => self.games = Some(base.join(text()?)),
            "log" => self.log = Some(text()?),
            _ => return Err("unknown key".to_owned()),
        }
        Ok(())
    }

    /// Fills what is open from another layer.
    pub(crate) fn over(self, other: Layer) -> Layer {
        Layer {
            listen: self.listen.or(other.listen),
            port: self.port.or(other.port),
            data: self.data.or(other.data),
            journals: self.journals.or(other.journals),
            journal_bytes: self.journal_bytes.or(other.journal_bytes),
            plant_abort: self.plant_abort.or(other.plant_abort),
            advertise: self.advertise.or(other.advertise),
            origins: self.origins.or(other.origins),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            games: self.games.or(other.games),
            log: self.log.or(other.log),
        }
    }

    /// Fills the rest with defaults.
    pub(crate) fn decide(self, lifetime: Lifetime) -> Outcome<Settings> {
        let advertise = self.advertise.as_deref().map(parse_advertise).transpose()?;
        let origins = match self.origins.as_deref() {
            Some(text) => text.parse().map_err(|error| Failure::usage(format!("--origins: {error}")))?,
            None => AllowedOrigins::default(),
        };
        let tls = tls_files(self.tls_cert, self.tls_key)?;
        let (listen, port, data) = match lifetime {
            Lifetime::Kept => (
                IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                DEFAULT_PORT,
                Data::Folder(self.data.unwrap_or_else(|| default_data(config::env))),
            ),
            Lifetime::Ephemeral => (IpAddr::V4(Ipv4Addr::LOCALHOST), 0, Data::Memory),
        };
        Ok(Settings {
            lifetime,
            listen: self.listen.unwrap_or(listen),
            port: self.port.unwrap_or(port),
            data,
            journals: self.journals,
            journal_bytes: self.journal_bytes,
            plant_abort: self.plant_abort,
            advertise,
            origins,
            tls,
            games: self.games,
            log: self.log.unwrap_or_else(|| LOG.to_owned()),
        })
    }
}

/// Both or none.
fn tls_files(cert: Option<PathBuf>, key: Option<PathBuf>) -> Outcome<Option<TlsFiles>> {
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some(TlsFiles { cert, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Failure::usage("--tls-cert needs its private key").fix("name it with --tls-key FILE")),
        (None, Some(_)) => {
            Err(Failure::usage("--tls-key needs its certificate")
                .fix("name the certificate chain with --tls-cert FILE"))
        }
    }
}

/// Variables of the environment that begin like ours and mean nothing: a slip of the pen, most likely.
pub(crate) fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    const KNOWN: [&str; 18] = [
        "ADVERTISE",
        "BIN",
        "CONFIG",
        "CONFIG_DIR",
        "DATA",
        "GAMES",
        "GAMES_DIR",
        "JOURNALS",
        "JOURNAL_BYTES",
        "KEY",
        "LISTEN",
        "LOG",
        "NAME",
        "ORIGINS",
        "PORT",
        "SERVER",
        "TLS_CERT",
        "TLS_KEY",
    ];
    names.filter(|name| name.strip_prefix("STADION_").is_some_and(|rest| !KNOWN.contains(&rest))).collect()
}

/// `HOST` or `HOST:PORT`; IPv6 addresses with a port stand in brackets.
fn parse_advertise(text: &str) -> Outcome<Advertise> {
    let refuse = || {
        Failure::usage(format!("--advertise {text:?} is neither HOST nor HOST:PORT"))
            .fix("for example --advertise play.example.com or --advertise 203.0.113.7:7878")
    };
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(Advertise { host: address.ip().to_string(), port: Some(address.port()) });
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok(Advertise { host: text.to_owned(), port: None });
    }
    let (host, port) = match text.split_once(':') {
        None => (text, None),
        Some((host, port)) => (host, Some(port.parse().map_err(|_| refuse())?)),
    };
    let named = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    if named { Ok(Advertise { host: host.to_owned(), port }) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_file_is_named_at_once() {
        let faults =
            Layer::parse("prot = 1\nport = 70000\nlisten = \"here\"\ndata = 3\nlog = \"debug\"", Path::new("."))
                .unwrap_err();
        assert_eq!(faults.len(), 4, "{faults:?}");
        for key in ["prot: unknown key", "port:", "listen:", "data:"] {
            assert!(faults.iter().any(|fault| fault.starts_with(key)), "{key} in {faults:?}");
        }
    }

    #[test]
    fn flags_win_over_the_file_and_paths_in_it_start_at_its_folder() {
        let file =
            Layer::parse("port = 9000\ndata = \"state\"\nlisten = \"127.0.0.1\"", Path::new("/etc/stadion")).unwrap();
        let flags = Layer { port: Some(9001), ..Layer::default() };
        let settings = flags.over(file).decide(Lifetime::Kept).unwrap();
        assert_eq!(settings.port, 9001);
        assert_eq!(settings.data, Data::Folder(PathBuf::from("/etc/stadion/state")));
        assert!(settings.listen.is_loopback());
    }

    #[test]
    fn a_certificate_comes_with_its_key_and_origins_are_checked() {
        let layer = |text: &str| Layer::parse(text, Path::new("/etc/stadion")).unwrap().decide(Lifetime::Ephemeral);
        let tls = layer("tls-cert = \"chain.pem\"\ntls-key = \"key.pem\"").unwrap().tls.unwrap();
        assert_eq!((tls.cert, tls.key), ("/etc/stadion/chain.pem".into(), "/etc/stadion/key.pem".into()));
        for (text, named) in [("tls-cert = \"a\"", "--tls-key"), ("tls-key = \"a\"", "--tls-cert")] {
            assert!(layer(text).unwrap_err().fix.is_some_and(|fix| fix.contains(named)), "{text}");
        }
        assert_eq!(layer("origins = \"*\"").unwrap().origins, "*".parse().unwrap());
        assert!(layer("origins = \"play.example\"").unwrap_err().message.contains("https://play.example"));
        assert_eq!(layer("").unwrap().origins, AllowedOrigins::default());
    }

    #[test]
    fn an_ephemeral_server_takes_any_port_of_this_machine_and_keeps_nothing() {
        let settings = Layer::default().decide(Lifetime::Ephemeral).unwrap();
        assert_eq!((settings.port, settings.data, settings.listen.is_loopback()), (0, Data::Memory, true));
    }

    #[test]
    fn state_lies_in_the_users_own_folder() {
        let with = |set: &'static [(&str, &str)]| {
            default_data(move |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[("HOME", "/h")]), PathBuf::from("/h/.local/share/stadion"));
        assert_eq!(with(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")]), PathBuf::from("/d/stadion"));
        assert_eq!(with(&[]), PathBuf::from("stadion-data"));
    }

    #[test]
    fn a_misspelt_variable_is_noticed() {
        let names = ["STADION_PORT", "STADION_PROT", "PATH", "STADION_GAMES_DIR"].map(str::to_owned);
        assert_eq!(unknown_variables(names.into_iter()), ["STADION_PROT"]);
    }

    #[test]
    fn addresses_to_advertise() {
        for (text, host, port) in [
            ("play.example.com", "play.example.com", None),
            ("play.example.com:99", "play.example.com", Some(99)),
            ("203.0.113.7", "203.0.113.7", None),
            ("203.0.113.7:7878", "203.0.113.7", Some(7878)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]:80", "2001:db8::1", Some(80)),
        ] {
            assert_eq!(parse_advertise(text).unwrap(), Advertise { host: host.to_owned(), port }, "{text}");
        }
        for bad in ["", ":7878", "a b", "host:port", "http://host"] {
            assert!(parse_advertise(bad).is_err(), "{bad}");
        }
    }
}
