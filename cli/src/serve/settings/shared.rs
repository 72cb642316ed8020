//! What replicas of one server have in common: database, Redis, keys, blobs; and how they reach one another.

use std::net::IpAddr;
use std::path::PathBuf;

use stadion_control_plane::coordination::redis::RedisCoordination;
use stadion_control_plane::model::Region;
use stadion_control_plane::store::postgres::{PostgresConfig, PostgresStore};
use url::Url;

use super::Lifetime;
use super::decide::Faults;
use crate::failure::Failure;

/// Connections to the database unless told otherwise: six replicas fit into PostgreSQL's default of 100.
const CONNECTIONS: u32 = 16;

/// The most connections.
const MOST_CONNECTIONS: u32 = 1_000;

/// The shortest password that is no weak one.
const LEAST_PASSWORD: usize = 12;

/// As it was set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SharedLayer {
    pub(crate) database: Option<String>,
    pub(crate) database_connections: Option<u32>,
    pub(crate) redis: Option<String>,
    pub(crate) keys: Option<PathBuf>,
    pub(crate) blobs: Option<PathBuf>,
    pub(crate) replica_url: Option<String>,
    pub(crate) replica_ca: Option<PathBuf>,
    pub(crate) region: Option<String>,
    pub(crate) trusted_proxies: Option<String>,
}

/// As it was decided. With Redis the server is one replica of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shared {
    /// Where accounts, games and matches are kept; `None`: in a file of its state.
    pub(crate) database: Option<PostgresConfig>,
    /// Where replicas coordinate; `None`: there is one.
    pub(crate) redis: Option<String>,
    /// Signing keys; `None`: in its state.
    pub(crate) keys: Option<PathBuf>,
    /// Versions and journals; `None`: in its state.
    pub(crate) blobs: Option<PathBuf>,
    /// Where other replicas reach this one, without a slash at its end; `None`: where it is advertised.
    pub(crate) replica_url: Option<String>,
    /// The authority of their certificates, where replicas speak TLS with one another.
    pub(crate) replica_ca: Option<PathBuf>,
    /// Where it stands.
    pub(crate) region: Option<Region>,
    /// Whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<IpAddr>,
}

impl SharedLayer {
    /// Fills what is open from another layer.
    pub(super) fn over(self, other: SharedLayer) -> SharedLayer {
        SharedLayer {
            database: self.database.or(other.database),
            database_connections: self.database_connections.or(other.database_connections),
            redis: self.redis.or(other.redis),
            keys: self.keys.or(other.keys),
            blobs: self.blobs.or(other.blobs),
            replica_url: self.replica_url.or(other.replica_url),
            replica_ca: self.replica_ca.or(other.replica_ca),
            region: self.region.or(other.region),
            trusted_proxies: self.trusted_proxies.or(other.trusted_proxies),
        }
    }

    pub(super) fn decide(self, lifetime: Lifetime, faults: &mut Faults) -> Shared {
        self.check_replicas(lifetime, faults);
        if let Some(url) = &self.database {
            check_address(faults, "--database", url, "postgres", PostgresStore::check_url);
        }
        if let Some(url) = &self.redis {
            check_address(faults, "--redis", url, "redis", RedisCoordination::check_url);
        }
        let connections = self.database_connections.unwrap_or(CONNECTIONS);
        if !(1..=MOST_CONNECTIONS).contains(&connections) {
            faults.add(Failure::usage(format!("--database-connections: {connections} is not 1 to {MOST_CONNECTIONS}")));
        }
        let replica_url = self.replica_url.map(|text| text.trim_end_matches('/').to_owned());
        let scheme = if self.replica_ca.is_some() { "https" } else { "http" };
        if let Some(text) = &replica_url
            && !Url::parse(text).is_ok_and(|url| url.scheme() == scheme && url.has_host() && url.path() == "/")
        {
            let with = if self.replica_ca.is_some() { "with" } else { "without" };
            faults.add(Failure::usage(format!(
                "--replica-url {text:?} is not {scheme}://HOST:PORT, {with} --replica-ca"
            )));
        }
        if self.replica_ca.is_some() && replica_url.is_none() {
            let fix = "name this server's --https-port there: https://HOST:PORT, HOST as its certificate says";
            faults.add(Failure::usage("--replica-ca also needs --replica-url".to_owned()).fix(fix));
        }
        let region = self.region.map(|text| text.parse::<Region>().map_err(|error| (text, error))).transpose();
        let region = region.unwrap_or_else(|(text, error)| {
            faults.add(Failure::usage(format!("--region {text:?}: {error}")));
            None
        });
        Shared {
            region,
            database: self.database.map(|url| PostgresConfig { url, connections }),
            redis: self.redis,
            keys: self.keys,
            blobs: self.blobs,
            replica_url,
            replica_ca: self.replica_ca,
            trusted_proxies: proxies(faults, self.trusted_proxies.as_deref().unwrap_or_default()),
        }
    }

    /// Replicas that do not have everything in common would be several servers that take each other's players.
    fn check_replicas(&self, lifetime: Lifetime, faults: &mut Faults) {
        if self.redis.is_none() {
            return;
        }
        if lifetime == Lifetime::Ephemeral {
            let fix = "give each a folder of its own with --data DIR";
            faults
                .add(Failure::usage("--redis with --ephemeral: replicas keep the journals of their matches").fix(fix));
        }
        for (missing, name, what) in [
            (self.database.is_none(), "--database URL", "accounts, games and matches of all replicas"),
            (self.keys.is_none(), "--keys DIR", "the keys that all replicas sign with"),
            (self.blobs.is_none(), "--blobs DIR", "a folder that all replicas see, for versions and journals"),
        ] {
            if missing {
                faults.add(Failure::usage(format!("--redis is for replicas, which also need {name}: {what}")));
            }
        }
    }
}

fn check_address(
    faults: &mut Faults,
    flag: &str,
    text: &str,
    scheme: &str,
    check: impl FnOnce(&str) -> Result<(), String>,
) {
    let url = match Url::parse(text) {
        Ok(url) if url.scheme().starts_with(scheme) && url.has_host() => url,
        // The text may hold a password: it is not said again.
        _ => return faults.add(Failure::usage(format!("{flag} is not {scheme}://[USER:PASSWORD@]HOST[:PORT][/NAME]"))),
    };
    if let Err(why) = check(text) {
        faults.add(Failure::usage(format!("{flag}: {why}")));
    }
    if !is_local(&url) && is_weak(&url) {
        faults.add(Failure::usage(format!(
            "{flag}: its password is missing, shorter than {LEAST_PASSWORD} characters, or the user's name, and {} is \
             another machine",
            url.host_str().unwrap_or_default()
        )));
    }
}

/// Hosts of such addresses are not read as IP addresses by [`Url`].
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.is_empty() || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// A client certificate stands for a password.
fn is_weak(url: &Url) -> bool {
    let certified = url.query_pairs().any(|(key, _)| key == "sslcert");
    let password = url.password().unwrap_or_default();
    !certified && (password.len() < LEAST_PASSWORD || password == url.username())
}

fn proxies(faults: &mut Faults, list: &str) -> Vec<IpAddr> {
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    let mut addresses = Vec::new();
    for part in parts {
        match part.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => faults.add(Failure::usage(format!("--trusted-proxies: {part:?} is no IP address"))),
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::super::{Layer, Lifetime};
    use super::*;

    fn decided(shared: SharedLayer) -> Result<Shared, String> {
        let settings = Layer { shared, ..Layer::default() }.decide(Lifetime::Kept);
        settings.map(|settings| settings.shared).map_err(|failure| failure.message)
    }

    fn replica() -> SharedLayer {
        SharedLayer {
            database: Some("postgres://stadion:a-long-password@db.example/stadion".to_owned()),
            redis: Some("redis://127.0.0.1".to_owned()),
            keys: Some("keys".into()),
            blobs: Some("blobs".into()),
            ..SharedLayer::default()
        }
    }

    #[test]
    fn a_replica_has_everything_in_common_with_the_others() {
        let shared = decided(replica()).unwrap();
        assert_eq!(shared.database.unwrap().connections, CONNECTIONS);
        let alone = SharedLayer { redis: Some("redis://127.0.0.1".to_owned()), ..SharedLayer::default() };
        let refused = decided(alone).unwrap_err();
        for name in ["--database URL", "--keys DIR", "--blobs DIR"] {
            assert!(refused.contains(name), "{name} in {refused}");
        }
    }

    #[test]
    fn weak_secrets_are_for_this_machine_alone() {
        for (url, accepted) in [
            ("postgres://postgres@127.0.0.1/stadion", true),
            ("postgres://postgres:postgres@localhost/stadion", true),
            ("postgres://postgres@db.example/stadion", false),
            ("postgres://postgres:postgres@db.example/stadion", false),
            ("postgres://long-user-name:long-user-name@db.example/stadion", false),
            ("postgres://stadion:a-long-password@db.example/stadion", true),
        ] {
            let decided = decided(SharedLayer { database: Some(url.to_owned()), ..replica() });
            assert_eq!(decided.is_ok(), accepted, "{url}: {decided:?}");
            assert!(!decided.is_err_and(|refused| refused.contains("postgres:postgres")), "no secret is repeated");
        }
    }

    #[test]
    fn other_replicas_reach_this_one_by_its_address_alone() {
        let with = |url: &str| decided(SharedLayer { replica_url: Some(url.to_owned()), ..replica() });
        assert_eq!(with("http://10.0.0.5:7878/").unwrap().replica_url.as_deref(), Some("http://10.0.0.5:7878"));
        for bad in ["10.0.0.5:7878", "ftp://10.0.0.5", "http://10.0.0.5/path"] {
            assert!(with(bad).is_err(), "{bad}");
        }
        let secure = |url: Option<&str>| {
            let replica_ca = Some("ca.pem".into());
            decided(SharedLayer { replica_url: url.map(str::to_owned), replica_ca, ..replica() })
        };
        assert!(secure(Some("https://replica-a:7443")).is_ok());
        assert!(secure(Some("http://replica-a:7878")).is_err_and(|refused| refused.contains("https://HOST:PORT")));
        assert!(secure(None).is_err_and(|refused| refused.contains("--replica-url")));
    }

    #[test]
    fn a_region_is_a_plain_name() {
        let with = |name: &str| decided(SharedLayer { region: Some(name.to_owned()), ..SharedLayer::default() });
        assert_eq!(with("us-east").unwrap().region, "us-east".parse().ok());
        for bad in ["", "US", "far away"] {
            assert!(with(bad).is_err(), "{bad:?}");
        }
    }
}
