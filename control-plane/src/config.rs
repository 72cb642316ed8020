//! What an operator may set, and whether it fits together.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::accounts::{PasswordCost, breached};
use crate::coordination::Rate;
pub use crate::events::EventConfig;
pub use crate::http::Reach;
use crate::keys::{HEARD_AFTER, KeyLives};
use crate::model::DocumentLimits;
use crate::model::Quotas;
pub use crate::oidc_config::{OidcProvider, Secret};
use crate::web::SitePage;

/// Settings of a control plane. [`Config::default`] is fit for one machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Connections and requests.
    pub http: HttpConfig,
    /// Signing in.
    pub accounts: AccountConfig,
    /// Publishing.
    pub uploads: UploadConfig,
    /// Pages.
    pub web: WebConfig,
    /// Playing.
    pub matches: MatchConfig,
    /// What each owner of games may have, unless the operator has said otherwise about one.
    pub quotas: Quotas,
    /// The audit log.
    pub audit: AuditConfig,
    /// What happened in games and on hosts.
    pub events: EventConfig,
    /// Documents of games.
    pub documents: DocumentLimits,
    /// Telling owners of games.
    pub webhooks: WebhookConfig,
}

/// How long a join token may be good at most: the longest time in which a version lets a seat be claimed.
const JOIN_TOKENS: Duration = Duration::from_secs(3600);

/// How long artifacts of the key before the present one are believed: whatever is played in that time is signed anew, and the
/// rest is compiled when it is asked for.
const ARTIFACTS: Duration = Duration::from_secs(24 * 3600);

impl Config {
    /// How long what each key has signed is good.
    pub(crate) fn key_lives(&self) -> KeyLives {
        KeyLives {
            tokens: self.accounts.access_token.max(self.matches.join_token).max(JOIN_TOKENS) + HEARD_AFTER,
            refresh: self.accounts.refresh_token,
            artifacts: ARTIFACTS,
        }
    }
}

/// Bounds of the HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpConfig {
    /// Connections at once; more wait in the listener's backlog.
    pub connections: u32,
    /// From the first wait for a request to its last header: also how long a connection may idle.
    pub header_timeout: Duration,
    /// A body may take this long, and longer only at [`HttpConfig::body_rate`].
    pub body_grace: Duration,
    /// Bytes a second that a body must keep up after its grace.
    pub body_rate: u32,
    /// A client that takes none of its answer for this long is cut off.
    pub write_timeout: Duration,
    /// On shutdown: how long requests under way may take.
    pub shutdown_grace: Duration,
    /// Largest JSON body, bytes.
    pub json_bytes: usize,
    /// Balancers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Who may connect without TLS.
    pub plain: PlainHttp,
}

/// Whose connections without TLS are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainHttp {
    /// Everybody's: on networks that are trusted, or where a proxy takes TLS off elsewhere.
    #[default]
    Everybody,
    /// Those of programs on this machine alone: others use TLS.
    ThisMachine,
}

impl Default for HttpConfig {
    fn default() -> HttpConfig {
        HttpConfig {
            connections: 4096,
            header_timeout: Duration::from_secs(10),
            body_grace: Duration::from_secs(10),
            // A phone on a bad network: 32 MiB then take over half an hour, which nobody would wait for.
            body_rate: 16 * 1024,
            write_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(10),
            // `play` carries up to 64 KiB of parameters in base64.
            json_bytes: 128 * 1024,
            trusted_proxies: Vec::new(),
            plain: PlainHttp::Everybody,
        }
    }
}

/// Bounds and lifetimes of signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountConfig {
    /// What hashing a password costs.
    pub password: PasswordCost,
    /// Passwords known from breaches, which are refused: a file of SHA-1 hashes, one on each line, in order.
    pub breached_passwords: Option<PathBuf>,
    /// How long an access token is good.
    pub access_token: Duration,
    /// How long a sign-in lasts.
    pub refresh_token: Duration,
    /// Guests by address. Whole schools share one, and bots run in hundreds on one machine.
    pub guests: Rate,
    /// New accounts by address.
    pub registrations: Rate,
    /// Sign-ins by address.
    pub sign_ins_by_address: Rate,
    /// Sign-ins to one account, from addresses that it does not know.
    pub sign_ins_by_account: Rate,
    /// Codes of one account's second factor that are tried, from addresses that it does not know.
    pub codes_by_account: Rate,
    /// Changes of one account: passwords, keys, exports, deletion.
    pub changes_by_account: Rate,
    /// Requests with one API key.
    pub requests_by_key: Rate,
    /// Where accounts of others sign in.
    pub oidc: Vec<OidcProvider>,
}

impl Default for AccountConfig {
    fn default() -> AccountConfig {
        let rate = |burst, every_ms| Rate { burst, every: Duration::from_millis(every_ms) };
        AccountConfig {
            password: PasswordCost::default(),
            breached_passwords: None,
            access_token: Duration::from_secs(15 * 60),
            refresh_token: Duration::from_secs(30 * 24 * 3600),
            guests: rate(2000, 100),
            registrations: rate(20, 30_000),
            sign_ins_by_address: rate(60, 1000),
            sign_ins_by_account: rate(10, 6000),
            // Three codes of a million are good at a time: 300 tries a day are one chance in a thousand.
            codes_by_account: rate(10, 300_000),
            changes_by_account: rate(20, 30_000),
            // A studio's backend seats its players with one key: a thousand a second.
            requests_by_key: rate(10_000, 1),
            oidc: Vec::new(),
        }
    }
}

/// Bounds of publishing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadConfig {
    /// Largest upload, bytes.
    pub max_bytes: u64,
    /// Uploads received or waiting for the compiler at once; past it, 429.
    pub at_once: u32,
    /// Uploads handed to the compiler at once: each holds its bytes in memory.
    pub compiling: u32,
}

impl Default for UploadConfig {
    fn default() -> UploadConfig {
        UploadConfig { max_bytes: 32 * 1024 * 1024, at_once: 16, compiling: 2 }
    }
}

/// Web bundles of games, and the server's own pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebConfig {
    /// Largest bundle, bytes of its tar.
    pub bundle_bytes: u64,
    /// Most files of a bundle.
    pub bundle_files: u32,
    /// Bundles received at once; past it, 429. Each is held in memory once it is whole.
    pub at_once: u32,
    /// A name that leads here with everything below it (a wildcard in DNS): each owner's pages get an origin below it.
    /// `localhost` is one in any case.
    pub domain: Option<String>,
    /// The server's own pages.
    pub site: &'static [SitePage],
}

impl Default for WebConfig {
    fn default() -> WebConfig {
        // What engines export is 20 to 50 MiB.
        WebConfig { bundle_bytes: 64 * 1024 * 1024, bundle_files: 2000, at_once: 4, domain: None, site: &[] }
    }
}

/// Bounds of playing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchConfig {
    /// How long a join token is good.
    pub join_token: Duration,
    /// Changes of matches that wait to be written; past it, no matches are created.
    pub write_behind: u32,
    /// Journals of ended matches that are kept, at most this many ..
    pub journals: u32,
    /// .. and this many bytes; the oldest go first.
    pub journal_bytes: u64,
}

impl Default for MatchConfig {
    fn default() -> MatchConfig {
        MatchConfig {
            join_token: Duration::from_secs(60),
            write_behind: 16_384,
            journals: 10_000,
            journal_bytes: 4 * 1024 * 1024 * 1024,
        }
    }
}

/// The audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditConfig {
    /// How long entries are kept.
    pub keep: Duration,
}

impl Default for AuditConfig {
    fn default() -> AuditConfig {
        AuditConfig { keep: Duration::from_secs(90 * 24 * 3600) }
    }
}

/// Telling owners of games by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookConfig {
    /// How far messages and calls go.
    pub reach: Reach,
    /// How often what is due is looked for. What happens is rung for and does not wait for it.
    pub look: Duration,
}

impl Default for WebhookConfig {
    fn default() -> WebhookConfig {
        WebhookConfig { reach: Reach::default(), look: Duration::from_secs(1) }
    }
}

/// A configuration that does not fit together: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration does not fit:{}", list(.faults))]
pub struct InvalidConfig {
    /// One sentence for each fault, beginning with the setting's name.
    pub faults: Vec<String>,
}

fn list(faults: &[String]) -> String {
    faults.iter().map(|fault| format!("\n  - {fault}")).collect()
}

impl Config {
    /// Checks everything and names every fault.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let mut faults = Faults::default();
        self.http.validate(&mut faults);
        self.accounts.validate(&mut faults);
        self.uploads.validate(&mut faults);
        self.web.validate(&mut faults);
        self.matches.validate(&mut faults);
        faults.seconds("webhooks.look", self.webhooks.look, 0, 3600);
        faults.seconds("audit.keep", self.audit.keep, 3600, 3650 * 86_400);
        faults.seconds("events.keep", self.events.keep, 3600, 3650 * 86_400);
        faults.range("events.bytes_of_a_game", &self.events.bytes_of_a_game, &(1 << 20), &(1 << 40));
        if faults.0.is_empty() { Ok(()) } else { Err(InvalidConfig { faults: faults.0 }) }
    }
}

#[derive(Default)]
pub(crate) struct Faults(pub(crate) Vec<String>);

impl Faults {
    fn range<T: PartialOrd + std::fmt::Debug>(&mut self, name: &str, value: &T, least: &T, most: &T) {
        if value < least || value > most {
            self.0.push(format!("{name}: {value:?} is not from {least:?} to {most:?}"));
        }
    }

    fn seconds(&mut self, name: &str, value: Duration, least: u64, most: u64) {
        // Tests and benches shorten waits below a second; zero would end everything at once.
        let least = Duration::from_secs(least).max(Duration::from_millis(1));
        self.range(name, &value, &least, &Duration::from_secs(most));
    }

    fn rate(&mut self, name: &str, rate: Rate) {
        self.range(&format!("{name}.burst"), &rate.burst, &1, &1_000_000);
        self.range(&format!("{name}.every"), &rate.every, &Duration::from_millis(1), &Duration::from_secs(86_400));
    }
}

impl HttpConfig {
    fn validate(&self, faults: &mut Faults) {
        faults.range("http.connections", &self.connections, &1, &1_000_000);
        faults.seconds("http.header_timeout", self.header_timeout, 0, 300);
        faults.seconds("http.body_grace", self.body_grace, 0, 300);
        faults.range("http.body_rate", &self.body_rate, &1, &(1 << 30));
        faults.seconds("http.write_timeout", self.write_timeout, 0, 3600);
        faults.seconds("http.shutdown_grace", self.shutdown_grace, 0, 3600);
        faults.range("http.json_bytes", &self.json_bytes, &1024, &(16 << 20));
    }
}

impl AccountConfig {
    fn validate(&self, faults: &mut Faults) {
        faults.seconds("accounts.access_token", self.access_token, 1, 86_400);
        faults.seconds("accounts.refresh_token", self.refresh_token, 60, 400 * 86_400);
        if self.refresh_token <= self.access_token {
            faults.0.push("accounts.refresh_token: must be longer than accounts.access_token".to_owned());
        }
        let cost = self.password;
        faults.range("accounts.password.memory_kib", &cost.memory_kib, &8, &(4 << 20));
        faults.range("accounts.password.passes", &cost.passes, &1, &100);
        faults.range("accounts.password.at_once", &cost.at_once, &1, &1024);
        faults.range("accounts.password.waiting", &cost.waiting, &0, &100_000);
        if let Some(list) = &self.breached_passwords
            && let Err(error) = breached::check(list)
        {
            faults.0.push(format!("accounts.breached_passwords: {}: {error}", list.display()));
        }
        faults.rate("accounts.guests", self.guests);
        faults.rate("accounts.registrations", self.registrations);
        faults.rate("accounts.sign_ins_by_address", self.sign_ins_by_address);
        faults.rate("accounts.sign_ins_by_account", self.sign_ins_by_account);
        faults.rate("accounts.codes_by_account", self.codes_by_account);
        faults.rate("accounts.changes_by_account", self.changes_by_account);
        faults.rate("accounts.requests_by_key", self.requests_by_key);
        self.oidc.iter().for_each(|provider| provider.validate(faults));
    }
}

impl UploadConfig {
    fn validate(&self, faults: &mut Faults) {
        faults.range("uploads.max_bytes", &self.max_bytes, &1024, &(1 << 30));
        faults.range("uploads.at_once", &self.at_once, &1, &10_000);
        faults.range("uploads.compiling", &self.compiling, &1, &self.at_once.max(1));
    }
}

impl WebConfig {
    fn validate(&self, faults: &mut Faults) {
        faults.range("web.bundle_bytes", &self.bundle_bytes, &1024, &(1 << 30));
        faults.range("web.bundle_files", &self.bundle_files, &1, &100_000);
        faults.range("web.at_once", &self.at_once, &1, &100);
        let host = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
        if self.domain.as_ref().is_some_and(|name| name.is_empty() || !name.chars().all(host)) {
            faults.0.push("web.domain: a host name in lower case, such as play.example.com".to_owned());
        }
    }
}

impl MatchConfig {
    fn validate(&self, faults: &mut Faults) {
        faults.seconds("matches.join_token", self.join_token, 1, 3600);
        faults.range("matches.write_behind", &self.write_behind, &16, &10_000_000);
        faults.range("matches.journals", &self.journals, &0, &100_000_000);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let mut config = Config::default();
        config.http.connections = 0;
        config.accounts.password.memory_kib = 1;
        config.accounts.refresh_token = Duration::from_secs(60);
        config.uploads.compiling = 17;
        config.matches.write_behind = 0;
        let error = config.validate().unwrap_err();
        let names: Vec<_> = error.faults.iter().map(|fault| fault.split(':').next().unwrap()).collect();
        assert_eq!(
            names,
            [
                "http.connections",
                "accounts.refresh_token",
                "accounts.password.memory_kib",
                "uploads.compiling",
                "matches.write_behind"
            ]
        );
    }
}
