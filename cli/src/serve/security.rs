//! What an operator sets about signing in: tables of the configuration file, and whether they are fit for a server that is
//! not a trial.
//!
//! ```toml
//! breached-passwords = "pwned.txt"       # SHA-1 hashes in order, HASH:count
//! https-port = 7443                      # the API over TLS, with the certificate of tls-cert
//!
//! [accounts]
//! password-memory-kib = 19456            # argon2id; a password is hashed anew when its owner signs in next
//! password-passes = 2
//! password-at-once = 2
//! audit-days = 90
//!
//! [events]
//! days = 30
//! mib-of-a-game = 64
//!
//! [oidc.acme]
//! issuer = "https://accounts.acme.example"
//! client-id = "stadion"
//! client-secret-file = "acme.secret"     # left out: a public client
//! redirects = ["https://play.acme.example/signed-in"]
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use stadion_control_plane::config::{Config, OidcProvider, PlainHttp, Secret};

/// Memory times passes of a password hash at least, KiB (OWASP: 19 MiB twice, 46 MiB once, 7 MiB five times).
const LEAST_WORK_KIB: u32 = 35 * 1024;

/// Memory of a password hash at least, KiB.
const LEAST_MEMORY_KIB: u32 = 7 * 1024;

/// What is set; the rest is as [`Config::default`] has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Security {
    /// Where the API is over TLS.
    pub(crate) https_port: Option<u16>,
    /// A list of passwords known from breaches.
    pub(crate) breached: Option<PathBuf>,
    memory_kib: Option<u32>,
    passes: Option<u32>,
    at_once: Option<u32>,
    audit_days: Option<u32>,
    event_days: Option<u32>,
    event_mib: Option<u32>,
    oidc: Vec<Provider>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Provider {
    name: String,
    issuer: String,
    client_id: String,
    secret_file: Option<PathBuf>,
    redirects: Vec<String>,
}

impl Security {
    /// Nothing but where the API is over TLS, and a list of passwords known from breaches.
    pub(crate) fn of_flags(https_port: Option<u16>, breached: Option<PathBuf>) -> Security {
        Security { https_port, breached, ..Security::default() }
    }

    /// Reads the table `[accounts]`, naming every fault.
    pub(crate) fn set_accounts(&mut self, value: &toml::Value) -> Result<(), String> {
        self.set_numbers("accounts", value)
    }

    /// Reads the table `[events]`, naming every fault.
    pub(crate) fn set_events(&mut self, value: &toml::Value) -> Result<(), String> {
        self.set_numbers("events", value)
    }

    fn set_numbers(&mut self, name: &str, value: &toml::Value) -> Result<(), String> {
        let table = value.as_table().ok_or_else(|| format!("must be a table: [{name}]"))?;
        let mut faults = Vec::new();
        for (key, value) in table {
            let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
            let place = match (name, key.as_str()) {
                ("accounts", "password-memory-kib") => &mut self.memory_kib,
                ("accounts", "password-passes") => &mut self.passes,
                ("accounts", "password-at-once") => &mut self.at_once,
                ("accounts", "audit-days") => &mut self.audit_days,
                ("events", "days") => &mut self.event_days,
                ("events", "mib-of-a-game") => &mut self.event_mib,
                _ => {
                    faults.push(format!("{key}: unknown key"));
                    continue;
                }
            };
            *place = number;
            if number.is_none() {
                faults.push(format!("{key}: must be a number"));
            }
        }
        all(&faults)
    }

    /// Reads the tables `[oidc.NAME]`, naming every fault.
    pub(crate) fn set_oidc(&mut self, value: &toml::Value, base: &Path) -> Result<(), String> {
        let mut faults = Vec::new();
        for (name, value) in value.as_table().ok_or("must be tables: [oidc.NAME]")? {
            let mut provider = Provider { name: name.clone(), ..Provider::default() };
            let Some(table) = value.as_table() else {
                faults.push(format!("{name}: must be a table: [oidc.{name}]"));
                continue;
            };
            for (key, value) in table {
                if let Err(fault) = provider.set(key, value, base) {
                    faults.push(format!("{name}.{key}: {fault}"));
                }
            }
            self.oidc.push(provider);
        }
        all(&faults)
    }

    /// Fills what is open from another source.
    pub(crate) fn over(self, other: Security) -> Security {
        Security {
            https_port: self.https_port.or(other.https_port),
            breached: self.breached.or(other.breached),
            memory_kib: self.memory_kib.or(other.memory_kib),
            passes: self.passes.or(other.passes),
            at_once: self.at_once.or(other.at_once),
            audit_days: self.audit_days.or(other.audit_days),
            event_days: self.event_days.or(other.event_days),
            event_mib: self.event_mib.or(other.event_mib),
            oidc: if self.oidc.is_empty() { other.oidc } else { self.oidc },
        }
    }

    /// Puts it into a configuration, or names every fault: secrets that cannot be read, and, for a server that is kept,
    /// password hashes that are too cheap.
    pub(crate) fn apply(&self, config: &mut Config, kept: bool) -> Result<(), Vec<String>> {
        let mut faults = Vec::new();
        let password = &mut config.accounts.password;
        password.memory_kib = self.memory_kib.unwrap_or(password.memory_kib);
        password.passes = self.passes.unwrap_or(password.passes);
        password.at_once = self.at_once.unwrap_or(password.at_once);
        let work = password.memory_kib.saturating_mul(password.passes);
        if kept && (work < LEAST_WORK_KIB || password.memory_kib < LEAST_MEMORY_KIB) {
            let least = format!("at least {LEAST_MEMORY_KIB} KiB, and {LEAST_WORK_KIB} KiB times passes");
            faults.push(format!("accounts.password-memory-kib, accounts.password-passes: too cheap to guess; {least}"));
        }
        config.accounts.breached_passwords.clone_from(&self.breached);
        if let Some(days) = self.audit_days {
            config.audit.keep = Duration::from_secs(u64::from(days) * 86_400);
        }
        if let Some(days) = self.event_days {
            config.events.keep = Duration::from_secs(u64::from(days) * 86_400);
        }
        if let Some(mib) = self.event_mib {
            config.events.bytes_of_a_game = u64::from(mib) << 20;
        }
        if self.https_port.is_some() {
            config.http.plain = PlainHttp::ThisMachine;
        }
        for provider in &self.oidc {
            match provider.read() {
                Ok(provider) => config.accounts.oidc.push(provider),
                Err(fault) => faults.push(fault),
            }
        }
        faults.extend(config.validate().err().map(|invalid| invalid.faults).unwrap_or_default());
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }
}

impl Provider {
    fn set(&mut self, key: &str, value: &toml::Value, base: &Path) -> Result<(), &'static str> {
        let text = || value.as_str().map(str::to_owned).ok_or("must be a text in quotes");
        match key {
            "issuer" => self.issuer = text()?,
            "client-id" => self.client_id = text()?,
            "client-secret-file" => self.secret_file = Some(base.join(text()?)),
            "redirects" => {
                let texts = value.as_array().into_iter().flatten();
                let texts: Option<Vec<String>> = texts.map(|text| text.as_str().map(str::to_owned)).collect();
                self.redirects = texts.ok_or("must be a list of texts")?;
            }
            "client-secret" => {
                return Err("does not belong here: put it into a file, and name that in client-secret-file");
            }
            _ => return Err("unknown key"),
        }
        Ok(())
    }

    fn read(&self) -> Result<OidcProvider, String> {
        let secret = self.secret_file.as_deref().map(|path| read_secret(&self.name, path)).transpose()?;
        Ok(OidcProvider {
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: secret,
            redirects: self.redirects.clone(),
        })
    }
}

fn read_secret(name: &str, path: &Path) -> Result<Secret, String> {
    let fault = |what: &str| format!("oidc.{name}.client-secret-file: {}: {what}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| fault(&error.to_string()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(|error| fault(&error.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(fault("readable by others; run chmod 600 on it"));
        }
    }
    Ok(Secret(text.trim().to_owned()))
}

fn all(faults: &[String]) -> Result<(), String> {
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, base: &Path) -> Result<Security, String> {
        let table: toml::Table = text.parse().unwrap();
        let mut security = Security::default();
        if let Some(accounts) = table.get("accounts") {
            security.set_accounts(accounts)?;
        }
        if let Some(events) = table.get("events") {
            security.set_events(events)?;
        }
        if let Some(oidc) = table.get("oidc") {
            security.set_oidc(oidc, base)?;
        }
        Ok(security)
    }

    #[test]
    fn what_is_set_reaches_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        crate::serve::data::write_secret(&folder.path().join("acme.secret"), "u9v8Hq3Tt0LxW2mYkB7cRz41\n").unwrap();
        let text = "[accounts]\npassword-memory-kib = 47104\npassword-passes = 1\naudit-days = 30\n[events]\ndays = 7\nmib-of-a-game = 8\n[oidc.acme]\n\
            issuer = \"https://accounts.acme.example\"\nclient-id = \"stadion\"\nclient-secret-file = \"acme.secret\"\n\
            redirects = [\"https://play.acme.example/in\"]";
        let mut config = Config::default();
        read(text, folder.path()).unwrap().apply(&mut config, true).unwrap();
        assert_eq!((config.accounts.password.memory_kib, config.accounts.password.passes), (47_104, 1));
        assert_eq!(config.audit.keep, Duration::from_secs(30 * 86_400));
        assert_eq!((config.events.keep, config.events.bytes_of_a_game), (Duration::from_secs(7 * 86_400), 8 << 20));
        assert_eq!(config.accounts.oidc[0].client_secret, Some(Secret("u9v8Hq3Tt0LxW2mYkB7cRz41".to_owned())));
    }

    #[test]
    fn a_server_that_is_kept_refuses_what_is_weak_and_names_all_of_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("open.secret"), "u9v8Hq3Tt0LxW2mYkB7cRz41").unwrap();
        crate::serve::data::write_secret(&folder.path().join("weak.secret"), "change-me").unwrap();
        let text = "[accounts]\npassword-memory-kib = 1024\npassword-passes = 1\n\
            [oidc.a]\nissuer = \"https://a.example\"\nclient-id = \"s\"\nredirects = [\"https://p.example\"]\nclient-secret-file = \"open.secret\"\n\
            [oidc.b]\nissuer = \"http://b.example\"\nclient-id = \"s\"\nredirects = [\"https://p.example\"]\nclient-secret-file = \"weak.secret\"";
        let security = read(text, folder.path()).unwrap();
        let faults = security.apply(&mut Config::default(), true).unwrap_err();
        let expected =
            ["accounts.password-memory-kib", "oidc.a.client-secret-file", "oidc.b.issuer", "oidc.b.client-secret"];
        for (fault, expected) in faults.iter().zip(expected) {
            assert!(fault.starts_with(expected), "{fault}");
        }
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        let mut trial = Config::default();
        read("[accounts]\npassword-memory-kib = 1024", folder.path()).unwrap().apply(&mut trial, false).unwrap();
    }

    #[test]
    fn unknown_keys_and_secrets_in_the_file_itself_are_refused() {
        let faults = read("[accounts]\npasword-passes = 1\naudit-days = \"x\"", Path::new(".")).unwrap_err();
        assert!(faults.contains("pasword-passes: unknown key") && faults.contains("audit-days: must be"), "{faults}");
        let faults = read("[oidc.a]\nclient-secret = \"x\"\nisuer = \"y\"", Path::new(".")).unwrap_err();
        assert!(faults.contains("client-secret-file") && faults.contains("isuer: unknown key"), "{faults}");
    }
}
