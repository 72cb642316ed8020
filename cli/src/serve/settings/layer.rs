//! One source of settings: flags with the environment, or a file.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use stadion_control_plane::model::QuotaOverride;

use super::super::security::Security;
use super::shared::SharedLayer;
use crate::failure::{Failure, Outcome};

/// One source of settings; what it leaves open, the next one decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    pub(crate) listen: Option<IpAddr>,
    pub(crate) port: Option<u16>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) journals: Option<PathBuf>,
    pub(crate) journal_bytes: Option<u64>,
    pub(crate) pool_layout: Option<String>,
    pub(crate) plant_abort: Option<u64>,
    pub(crate) advertise: Option<String>,
    pub(crate) origins: Option<String>,
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) games: Option<PathBuf>,
    pub(crate) webhooks: Option<String>,
    pub(crate) log: Option<String>,
    pub(crate) shared: SharedLayer,
    pub(crate) security: Security,
    /// Of a file alone.
    pub(crate) quotas: Option<QuotaOverride>,
}

impl Layer {
    /// The keys of a configuration file.
    const KEYS: &'static [&'static str] = &[
        "listen",
        "port",
        "data",
        "journals",
        "journal-bytes",
        "pool-layout",
        "advertise",
        "origins",
        "tls-cert",
        "tls-key",
        "games",
        "webhooks",
        "log",
        "database",
        "database-connections",
        "redis",
        "keys",
        "blobs",
        "replica-url",
        "replica-ca",
        "region",
        "trusted-proxies",
        "https-port",
        "breached-passwords",
        "accounts",
        "events",
        "oidc",
        "quotas",
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
    pub(super) fn parse(text: &str, base: &Path) -> Result<Layer, Vec<String>> {
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
            "pool-layout" => self.pool_layout = Some(text()?),
            "advertise" => self.advertise = Some(text()?),
            "origins" => self.origins = Some(text()?),
            "tls-cert" => self.tls_cert = Some(base.join(text()?)),
            "tls-key" => self.tls_key = Some(base.join(text()?)),
            "games" => self.games = Some(base.join(text()?)),
            "webhooks" => self.webhooks = Some(text()?),
            "log" => self.log = Some(text()?),
            "database" => self.shared.database = Some(text()?),
            "database-connections" => {
                let count = value.as_integer().and_then(|count| u32::try_from(count).ok());
                self.shared.database_connections = Some(count.ok_or("must be a number of connections")?);
            }
            "redis" => self.shared.redis = Some(text()?),
            "keys" => self.shared.keys = Some(base.join(text()?)),
            "blobs" => self.shared.blobs = Some(base.join(text()?)),
            "replica-url" => self.shared.replica_url = Some(text()?),
            "replica-ca" => self.shared.replica_ca = Some(base.join(text()?)),
            "region" => self.shared.region = Some(text()?),
            "trusted-proxies" => self.shared.trusted_proxies = Some(text()?),
            "https-port" => {
                let port = value.as_integer().and_then(|port| u16::try_from(port).ok());
                self.security.https_port = Some(port.ok_or("must be a number from 0 to 65535")?);
            }
            "breached-passwords" => self.security.breached = Some(base.join(text()?)),
            "accounts" => self.security.set_accounts(value)?,
            "events" => self.security.set_events(value)?,
            "quotas" => self.quotas = Some(super::quotas::read(value)?),
            "oidc" => self.security.set_oidc(value, base)?,
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
            pool_layout: self.pool_layout.or(other.pool_layout),
            plant_abort: self.plant_abort.or(other.plant_abort),
            advertise: self.advertise.or(other.advertise),
            origins: self.origins.or(other.origins),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            games: self.games.or(other.games),
            webhooks: self.webhooks.or(other.webhooks),
            log: self.log.or(other.log),
            shared: self.shared.over(other.shared),
            security: self.security.over(other.security),
            quotas: self.quotas.or(other.quotas),
        }
    }
}
