//! `stadion.toml`: what operators and authors change about a game without a rebuild. Pure: text in, a [`Manifest`] or every
//! fault out.
//!
//! ```toml
//! name = "hello"
//! origins = ["https://hello.example"]   # web pages on other hosts that may play it
//!
//! [settings]              # of every match from now on; `stadion publish` applies them
//! reconnect-seconds = 60
//!
//! [env.staging]           # over the rest with `stadion publish --env staging`
//! name = "hello-staging"
//!
//! [queues.duel]           # where players wait for a match; `stadion search hello duel`
//! teams = 2
//! skill-window = 100
//!
//! [storage]               # what players may do with their own documents by the API: none, read or write
//! players = "read"
//!
//! [web]                   # the pages below /play/hello; a folder `web` needs none of this
//! build = "npm run build"
//! dir = "web/dist"
//! wasm = true
//! ```

use stadion_protocol::contract::MatchSettings;
use stadion_protocol::origin::{MAX_ORIGINS, Origin};
use toml::{Table, Value};

/// Where a game's pages lie unless it says otherwise.
pub(crate) const WEB_DIR: &str = "web";

/// What a `stadion.toml` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The game's name on servers.
    pub(crate) name: String,
    /// Settings of matches, over those that the game describes. Checked.
    pub(crate) settings: Vec<(String, String)>,
    /// Web pages on other hosts that may play it; an empty list: none. `None`: what was said on the server holds. Checked.
    pub(crate) origins: Option<Vec<String>>,
    /// What players may do with their own documents; `None`: what was said on the server holds. Checked.
    pub(crate) storage: Option<String>,
    /// `None`: no `[web]`; a folder `web` counts all the same.
    pub(crate) web: Option<Web>,
    /// What it is published to unless the command line says otherwise.
    pub(crate) channel: Option<String>,
}

/// A game's pages: where they are, how they are built, and what they need beyond the strict default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Web {
    /// The folder to publish, below the game's.
    pub(crate) dir: String,
    /// Run in the game's folder before, by the shell.
    pub(crate) build: Option<String>,
    /// They compile WebAssembly.
    pub(crate) wasm: bool,
    /// They have scripts and styles inside their HTML.
    pub(crate) inline: bool,
    /// They need `SharedArrayBuffer`.
    pub(crate) isolated: bool,
    /// Servers besides Stadion that they talk to.
    pub(crate) connect: Vec<String>,
}

impl Default for Web {
    fn default() -> Web {
        let dir = WEB_DIR.to_owned();
        Web { dir, build: None, wasm: false, inline: false, isolated: false, connect: Vec::new() }
    }
}

impl Manifest {
    /// Reads it, as it is in an environment if one is named; or names every fault at once, also those of other environments.
    pub(crate) fn parse(text: &str, environment: Option<&str>) -> Result<Manifest, Vec<String>> {
        let mut table: Table = text.parse().map_err(|error: toml::de::Error| vec![error.message().to_owned()])?;
        let mut faults = Vec::new();
        let environments = super::environment::take(&mut table, &mut faults);
        let common = Manifest::read(&table, &mut faults);
        let mut chosen = environment.is_none().then_some(common);
        for (name, table) in &environments {
            let mut own = Vec::new();
            let manifest = Manifest::read(table, &mut own);
            let new = own.into_iter().map(|fault| format!("[env.{name}] {fault}"));
            let common: Vec<String> = faults.clone();
            faults.extend(new.filter(|fault| !common.iter().any(|known| fault.ends_with(known))));
            if environment == Some(name) {
                chosen = Some(manifest);
            }
        }
        if chosen.is_none() && faults.is_empty() {
            let known: Vec<&str> = environments.iter().map(|(name, _)| name.as_str()).collect();
            let known = if known.is_empty() { "it has none; write [env.NAME]".to_owned() } else { known.join(", ") };
            faults.push(format!("no environment {:?}; known are: {known}", environment.unwrap_or_default()));
        }
        match chosen {
            Some(manifest) if faults.is_empty() => Ok(manifest),
            _ => Err(faults),
        }
    }

    fn read(table: &Table, faults: &mut Vec<String>) -> Manifest {
        let mut manifest = Manifest::default();
        for (key, value) in table {
            match (key.as_str(), value) {
                ("name", _) => {}
                ("origins", Value::Array(listed)) => manifest.origins = Some(self::origins(listed, faults)),
                ("settings", Value::Table(settings)) => {
                    manifest.settings.extend(self::settings("", settings, faults));
                }
                ("queues", Value::Table(queues)) => manifest.settings.extend(self::queues(queues, faults)),
                ("storage", Value::Table(storage)) => manifest.storage = self::storage(storage, faults),
                ("web", Value::Table(web)) => manifest.web = Some(self::web(web, faults)),
                ("channel", Value::String(channel)) if is_channel(channel) => manifest.channel = Some(channel.clone()),
                ("channel", _) => faults.push("`channel` is a name such as \"canary\"".to_owned()),
                ("settings" | "queues" | "storage" | "web", _) => faults.push(format!("`{key}` is a table: [{key}]")),
                ("origins", _) => faults.push(NO_LIST.to_owned()),
                _ => faults.push(format!("unknown key {key:?}; known are {KNOWN}")),
            }
        }
        match table.get("name").and_then(Value::as_str).map(str::parse::<stadion_protocol::GameName>) {
            None => faults.push("`name` is missing or not a text; for example: name = \"hello\"".to_owned()),
            Some(Err(error)) => faults.push(error.to_string()),
            Some(Ok(name)) => manifest.name = name.to_string(),
        }
        manifest
    }
}

const KNOWN: &str = "name, origins, channel, [settings], [queues.NAME], [storage], [web], [env.NAME]";

fn is_channel(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 32
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

const NO_LIST: &str = "`origins` is a list such as [\"https://hello.example\"]";

fn origins(listed: &[Value], faults: &mut Vec<String>) -> Vec<String> {
    if listed.len() > MAX_ORIGINS {
        faults.push(format!("`origins` names {} pages; at most {MAX_ORIGINS} are taken", listed.len()));
    }
    let mut origins = Vec::new();
    for entry in listed {
        match entry.as_str().map(str::parse::<Origin>) {
            Some(Ok(origin)) => origins.push(origin.to_string()),
            Some(Err(error)) => faults.push(format!("`origins`: {error}")),
            None => faults.push(NO_LIST.to_owned()),
        }
    }
    origins
}

/// `[storage]`: what players may.
fn storage(table: &Table, faults: &mut Vec<String>) -> Option<String> {
    let mut players = None;
    for (key, value) in table {
        match (key.as_str(), value.as_str()) {
            ("players", Some(may @ ("none" | "read" | "write"))) => players = Some(may.to_owned()),
            ("players", _) => faults.push("[storage] players is \"none\", \"read\" or \"write\"".to_owned()),
            _ => faults.push(format!("[storage] unknown key {key:?}; known is players")),
        }
    }
    players
}

/// `[queues.NAME]`: the settings of that queue.
fn queues(queues: &Table, faults: &mut Vec<String>) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    for (name, queue) in queues {
        match queue {
            Value::Table(queue) => settings.extend(self::settings(&format!("queue.{name}."), queue, faults)),
            _ => faults.push(format!("`queues.{name}` is a table: [queues.{name}]")),
        }
    }
    settings
}

fn settings(prefix: &str, table: &Table, faults: &mut Vec<String>) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    for (key, value) in table {
        let key = &format!("{prefix}{key}");
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            _ => {
                faults.push(format!("[settings] {key:?} is a text or a whole number"));
                continue;
            }
        };
        match MatchSettings::from_pairs([(key.as_str(), text.as_str())]) {
            Ok(_) => settings.push((key.clone(), text)),
            Err(error) => faults.push(format!("[settings] {error}")),
        }
    }
    settings
}

fn web(table: &Table, faults: &mut Vec<String>) -> Web {
    let mut web = Web::default();
    for (key, value) in table {
        match (key.as_str(), value) {
            ("dir", Value::String(dir)) if is_below(dir) => web.dir.clone_from(dir),
            ("dir", _) => faults.push("[web] \"dir\" is a folder below the game's, such as \"web/dist\"".to_owned()),
            ("build", Value::String(build)) => web.build = Some(build.clone()),
            ("wasm", Value::Boolean(on)) => web.wasm = *on,
            ("inline", Value::Boolean(on)) => web.inline = *on,
            ("isolated", Value::Boolean(on)) => web.isolated = *on,
            ("connect", Value::Array(origins)) if origins.iter().all(Value::is_str) => {
                web.connect = origins.iter().filter_map(|origin| origin.as_str().map(str::to_owned)).collect();
            }
            ("build", _) => faults.push("[web] \"build\" is a command, such as \"npm run build\"".to_owned()),
            ("wasm" | "inline" | "isolated", _) => faults.push(format!("[web] {key:?} is true or false")),
            ("connect", _) => {
                faults.push("[web] \"connect\" is a list such as [\"https://api.example.com\"]".to_owned());
            }
            _ => {
                faults
                    .push(format!("[web] unknown key {key:?}; known are dir, build, wasm, inline, isolated, connect"));
            }
        }
    }
    web
}

fn is_below(dir: &str) -> bool {
    let mut parts = std::path::Path::new(dir).components();
    !dir.is_empty() && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_its_game() {
        let manifest = Manifest::parse("name = \"hello\"\n", None).unwrap();
        assert_eq!(manifest, Manifest { name: "hello".to_owned(), ..Manifest::default() });
    }

    #[test]
    fn settings_and_pages_are_read() {
        let text = "name = \"hello\"\n[settings]\ndurability = \"none\"\nreconnect-seconds = 60\n\
            [web]\nbuild = \"npm run build\"\ndir = \"web/dist\"\nwasm = true\nconnect = [\"https://a.example\"]\n";
        let manifest = Manifest::parse(text, None).unwrap();
        let pairs = [("durability", "none"), ("reconnect-seconds", "60")];
        assert_eq!(manifest.settings, pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let web = Web {
            dir: "web/dist".to_owned(),
            build: Some("npm run build".to_owned()),
            wasm: true,
            connect: vec!["https://a.example".to_owned()],
            ..Web::default()
        };
        assert_eq!(manifest.web, Some(web));
    }

    #[test]
    fn queues_are_settings_by_a_longer_name() {
        let text = "name = \"hello\"\n[queues.duel]\nteams = 2\nrated = \"no\"\n";
        let manifest = Manifest::parse(text, None).unwrap();
        let pairs = [("queue.duel.rated", "no"), ("queue.duel.teams", "2")];
        let mut settings = manifest.settings;
        settings.sort();
        assert_eq!(settings, pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
        let faults =
            Manifest::parse("name = \"hello\"\n[queues]\nduel = 1\n[queues.two]\nteams = 1\n", None).unwrap_err();
        assert_eq!(faults.len(), 2, "{faults:?}");
    }

    #[test]
    fn pages_on_other_hosts_are_named_and_checked() {
        let origins =
            |text: &str| Manifest::parse(&format!("name = \"hello\"\n{text}"), None).map(|manifest| manifest.origins);
        assert_eq!(origins(""), Ok(None));
        assert_eq!(origins("origins = []"), Ok(Some(vec![])));
        assert_eq!(origins("origins = [\"https://A.example:443\"]"), Ok(Some(vec!["https://a.example".to_owned()])));
        for bad in ["\"https://a.example\"", "[1]", "[\"a.example\"]", "[\"*\"]"] {
            let faults = origins(&format!("origins = {bad}")).unwrap_err();
            assert!(faults.len() == 1 && faults[0].contains("https://"), "{bad}: {faults:?}");
        }
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let text = "nmae = \"hello\"\nname = \"Hello!\"\n[settings]\ndurability = \"ssd\"\nreconect-seconds = 1\n\
            trap-policy = true\n[web]\ndir = \"../elsewhere\"\nwasm = 1\ncolour = \"red\"\n";
        let faults = Manifest::parse(text, None).unwrap_err();
        for name in ["nmae", "Hello!", "durability", "reconect-seconds", "trap-policy", "dir", "wasm", "colour"] {
            assert!(faults.iter().any(|fault| fault.contains(name)), "{name}: {faults:?}");
        }
        assert_eq!(faults.len(), 8, "{faults:?}");
    }

    #[test]
    fn storage_says_what_players_may() {
        let storage =
            |text: &str| Manifest::parse(&format!("name = \"hello\"\n{text}"), None).map(|manifest| manifest.storage);
        assert_eq!(storage(""), Ok(None));
        assert_eq!(storage("[storage]\nplayers = \"read\""), Ok(Some("read".to_owned())));
        for bad in
            ["storage = 1", "[storage]\nplayers = \"all\"", "[storage]\nplayers = true", "[storage]\nplayer = \"read\""]
        {
            assert_eq!(storage(bad).unwrap_err().len(), 1, "{bad}");
        }
    }

    #[test]
    fn an_environment_lies_over_what_all_have_in_common() {
        let text = "name = \"hello\"\n[settings]\ndurability = \"none\"\nreconnect-seconds = 60\n\
            [env.staging]\nname = \"hello-staging\"\nchannel = \"beta\"\n[env.staging.settings]\nreconnect-seconds = 5\n\
            [env.production]\norigins = [\"https://hello.example\"]\n";
        let of = |environment| Manifest::parse(text, environment).unwrap();
        let pairs = |seconds: &str| {
            [("durability", "none"), ("reconnect-seconds", seconds)]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
        };
        let staging = of(Some("staging"));
        assert_eq!((staging.name.as_str(), staging.channel.as_deref()), ("hello-staging", Some("beta")));
        assert_eq!((staging.settings, of(None).settings), (pairs("5").to_vec(), pairs("60").to_vec()));
        assert_eq!(of(Some("production")).origins, Some(vec!["https://hello.example".to_owned()]));
        let faults = Manifest::parse(text, Some("prod")).unwrap_err();
        assert!(faults.len() == 1 && faults[0].contains("production, staging"), "{faults:?}");
    }

    #[test]
    fn faults_of_every_environment_are_named_with_it() {
        let text = "name = \"hello\"\n[settings]\ndurabilty = \"none\"\n\
            [env.staging]\nnmae = \"x\"\n[env.staging.settings]\nreconect-seconds = 5\n[env.other]\nchannel = \"No!\"\n";
        let faults = Manifest::parse(text, None).unwrap_err();
        for wanted in
            ["durabilty", "[env.staging] unknown key \"nmae\"; known are name", "[env.staging] [settings]", "`channel`"]
        {
            assert_eq!(faults.iter().filter(|fault| fault.contains(wanted)).count(), 1, "{wanted}: {faults:?}");
        }
        assert!(Manifest::parse("name = \"hello\"\nenv = 1\n", None).unwrap_err()[0].contains("[env.staging]"));
    }
}
