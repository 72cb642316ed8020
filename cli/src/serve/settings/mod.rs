//! What a server is told: flags over environment over the file of `--config` over defaults. Every fault is named at
//! once, and an unknown key is a fault.

mod advertise;
mod decide;
mod layer;
mod quotas;
mod shared;
mod variables;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use stadion_control_plane::config::Reach;
use stadion_control_plane::model::QuotaOverride;
use stadion_host::engine::PoolLayout;
use stadion_protocol::origin::AllowedOrigins;

use super::security::Security;
pub(crate) use advertise::Advertise;
pub(crate) use layer::Layer;
pub(crate) use shared::{Shared, SharedLayer};
pub(crate) use variables::unknown_variables;

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
    /// How address space is shared among sessions; compiled code is bound to it.
    pub(crate) pool_layout: PoolLayout,
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
    /// How far messages of webhooks and calls of games go.
    pub(crate) reach: Reach,
    /// What it has in common with other replicas.
    pub(crate) shared: Shared,
    /// What is set about signing in, and where the API is over TLS.
    pub(crate) security: Security,
    /// What each owner of games may have, where that is not the default.
    pub(crate) quotas: QuotaOverride,
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

/// A certificate from files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate chain, PEM.
    pub(crate) cert: PathBuf,
    /// Its private key, PEM.
    pub(crate) key: PathBuf,
}

/// Whether a server keeps anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// State survives in the data folder.
    Kept,
    /// For tests and trials: any port, this machine alone, nothing written.
    Ephemeral,
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
    fn every_setting_that_does_not_fit_is_named_at_once() {
        let text = "tls-cert = \"a\"\norigins = \"play.example\"\nadvertise = \":7\"\nredis = \"redis://10.0.0.1\"\n\
            database = \"mysql://10.0.0.1/x\"\ntrusted-proxies = \"all\"\npool-layout = \"tight\"\n[accounts]\npassword-memory-kib = 8";
        let refused = Layer::parse(text, Path::new(".")).unwrap().decide(Lifetime::Kept).unwrap_err();
        for named in [
            "--tls-key",
            "https://play.example",
            "--advertise",
            "--database",
            "--trusted-proxies",
            "--keys",
            "--blobs",
            "password-memory-kib",
            "--pool-layout",
        ] {
            assert!(refused.message.contains(named), "{named} in {}", refused.message);
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
    fn webhooks_reach_this_machine_only_while_one_develops() {
        let reach = |text: &str, lifetime| {
            Layer::parse(text, Path::new("/etc/stadion")).unwrap().decide(lifetime).map(|settings| settings.reach)
        };
        let tls = "tls-cert = \"chain.pem\"\ntls-key = \"key.pem\"\n";
        for (text, lifetime, expected) in [
            ("", Lifetime::Kept, Reach::ThisMachine),
            ("", Lifetime::Ephemeral, Reach::ThisMachine),
            (tls, Lifetime::Kept, Reach::Public),
            ("database = \"postgres://s:u9v8Hq3Tt0LxW2@10.0.0.1/x\"", Lifetime::Kept, Reach::Public),
            ("advertise = \"play.example\"", Lifetime::Kept, Reach::Public),
            ("webhooks = \"public\"", Lifetime::Kept, Reach::Public),
            (&format!("{tls}webhooks = \"private\""), Lifetime::Kept, Reach::Private),
            (&format!("{tls}webhooks = \"this-machine\""), Lifetime::Kept, Reach::ThisMachine),
        ] {
            assert_eq!(reach(text, lifetime).unwrap(), expected, "{text}");
        }
        assert!(reach("webhooks = \"all\"", Lifetime::Kept).unwrap_err().fix.unwrap().contains("this-machine"));
    }

    #[test]
    fn the_layout_of_the_pool_is_fast_unless_told_otherwise() {
        let layout = |text: &str| {
            let layer = Layer::parse(text, Path::new("/etc/stadion")).unwrap();
            layer.decide(Lifetime::Kept).map(|settings| settings.pool_layout)
        };
        for (text, expected) in [
            ("", PoolLayout::Fast),
            ("pool-layout = \"fast\"", PoolLayout::Fast),
            ("pool-layout = \"dense\"", PoolLayout::Dense),
        ] {
            assert_eq!(layout(text).unwrap(), expected, "{text}");
        }
        let refused = layout("pool-layout = \"Dense\"").unwrap_err();
        assert!(refused.message.contains("--pool-layout") && refused.message.contains("Dense"), "{refused:?}");
        assert!(refused.fix.unwrap().contains("fast or dense"));
        assert!(Layer::parse("pool-layout = 1", Path::new(".")).unwrap_err()[0].starts_with("pool-layout:"));
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
}
