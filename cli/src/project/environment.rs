//! Environments of `stadion.toml`: what differs between, say, staging and production, over what they have in common. Pure.
//!
//! ```toml
//! [settings]
//! reconnect-seconds = 60
//!
//! [env.staging]
//! name = "hello-staging"
//! channel = "beta"
//!
//! [env.staging.settings]
//! reconnect-seconds = 5
//! ```

use toml::{Table, Value};

/// What an environment may say, each in place of the same outside of it.
const KNOWN: [&str; 7] = ["name", "origins", "settings", "queues", "storage", "web", "channel"];

/// Takes the environments out of a manifest: the manifest of each, by name.
pub(super) fn take(table: &mut Table, faults: &mut Vec<String>) -> Vec<(String, Table)> {
    let environments = match table.remove("env") {
        None => return Vec::new(),
        Some(Value::Table(environments)) => environments,
        Some(_) => {
            faults.push("`env` is a table of tables: [env.staging]".to_owned());
            return Vec::new();
        }
    };
    let mut manifests = Vec::new();
    for (name, environment) in environments {
        let Value::Table(environment) = environment else {
            faults.push(format!("`env.{name}` is a table: [env.{name}]"));
            continue;
        };
        let unknown = environment.keys().filter(|key| !KNOWN.contains(&key.as_str()));
        faults.extend(unknown.map(|key| format!("[env.{name}] unknown key {key:?}; known are {}", KNOWN.join(", "))));
        let mut manifest = table.clone();
        for (key, value) in environment.into_iter().filter(|(key, _)| KNOWN.contains(&key.as_str())) {
            lay_over(&mut manifest, key, value);
        }
        manifests.push((name, manifest));
    }
    manifests
}

/// Tables are laid over one another key by key; anything else takes the other's place.
fn lay_over(below: &mut Table, key: String, value: Value) {
    match (below.get_mut(&key), value) {
        (Some(Value::Table(below)), Value::Table(above)) => {
            above.into_iter().for_each(|(key, value)| lay_over(below, key, value));
        }
        (_, value) => {
            below.insert(key, value);
        }
    }
}
