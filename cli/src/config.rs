//! Which server a command talks to, and with which key: flags over environment over what `serve` left in the
//! configuration folder over the default.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Outcome};

/// Where `stadion serve` listens unless told otherwise.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:7878";

/// The file in the configuration folder.
const SERVER_FILE: &str = "server.json";

/// The server to talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Without a slash at its end.
    pub(crate) server: String,
    /// A developer key or an access token.
    pub(crate) key: Option<String>,
}

/// What `serve` leaves behind so that the other commands need no flags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedServer {
    /// Its address.
    pub(crate) server: String,
    /// Its developer key.
    pub(crate) key: String,
}

impl Target {
    /// Decides. A saved key is only ever sent to the server that it was saved for.
    pub(crate) fn decide(server: Option<&str>, key: Option<&str>, saved: Option<&SavedServer>) -> Outcome<Target> {
        let server = server.or(saved.map(|saved| saved.server.as_str())).unwrap_or(DEFAULT_SERVER);
        let server = checked_server(server)?;
        let saved_key = saved.filter(|saved| saved.server == server).map(|saved| saved.key.clone());
        Ok(Target { server, key: key.map(str::to_owned).or(saved_key) })
    }
}

fn checked_server(text: &str) -> Outcome<String> {
    let text = text.trim_end_matches('/');
    for scheme in ["http://", "https://"] {
        if let Some(rest) = text.strip_prefix(scheme).filter(|rest| !rest.is_empty() && !rest.contains('/')) {
            return Ok(format!("{scheme}{rest}"));
        }
    }
    let failure = Failure::usage(format!("{text:?} is not the address of a server"));
    Err(failure.fix(format!("write it as {DEFAULT_SERVER}, or with https:// where it speaks TLS")))
}

/// `STADION_CONFIG_DIR`, else the user's own folder for configuration; `None` where neither is known.
pub(crate) fn folder(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("STADION_CONFIG_DIR")
        .or_else(|| set("XDG_CONFIG_HOME").map(|base| base.join("stadion")))
        .or_else(|| set("APPDATA").map(|base| base.join("stadion")))
        .or_else(|| set("HOME").map(|home| home.join(".config/stadion")))
}

/// An environment variable as text.
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What `serve` saved, if it did.
pub(crate) fn load(folder: &Path) -> Outcome<Option<SavedServer>> {
    let path = folder.join(SERVER_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::file("reading", &path, &error)),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        Failure::usage(format!("{} does not read: {error}", path.display()))
            .fix("delete it; `stadion serve` writes it anew")
    })
}

/// Saves the address and key of a server that starts, readable by its owner alone.
pub(crate) fn save(folder: &Path, saved: &SavedServer) -> std::io::Result<PathBuf> {
    let text = serde_json::to_string_pretty(saved).map_err(std::io::Error::other)?;
    let path = folder.join(SERVER_FILE);
    write_private(&path, text.as_bytes())?;
    Ok(path)
}

/// Writes a file that its owner alone may read, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?; // mode 0600
    std::io::Write::write_all(&mut file, text)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> SavedServer {
        SavedServer { server: "http://127.0.0.1:9000".to_owned(), key: "dev-1".to_owned() }
    }

    #[test]
    fn flags_win_over_the_saved_server_and_that_over_the_default() {
        let target = |server, saved: Option<&SavedServer>| Target::decide(server, None, saved).unwrap();
        assert_eq!(target(None, None).server, DEFAULT_SERVER);
        assert_eq!(target(None, Some(&saved())), Target { server: saved().server, key: Some("dev-1".to_owned()) });
        assert_eq!(target(Some("http://h:1/"), Some(&saved())).server, "http://h:1");
        assert_eq!(target(Some("https://h/"), None).server, "https://h");
    }

    #[test]
    fn a_saved_key_goes_to_its_own_server_alone() {
        assert_eq!(Target::decide(Some("http://elsewhere:1"), None, Some(&saved())).unwrap().key, None);
        let own = Target::decide(Some("http://elsewhere:1"), Some("dev-2"), Some(&saved())).unwrap();
        assert_eq!(own.key.as_deref(), Some("dev-2"));
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_an_example() {
        for text in ["localhost:7878", "ftp://h", "http://", "https://", "https://h/path", ""] {
            let failure = Target::decide(Some(text), None, None).unwrap_err();
            assert!(failure.fix.is_some_and(|fix| fix.contains(DEFAULT_SERVER)), "{text}");
        }
    }

    #[test]
    fn the_folder_is_the_users_own_unless_said_otherwise() {
        let with = |set: &'static [(&str, &str)]| {
            folder(move |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[("HOME", "/h")]), Some(PathBuf::from("/h/.config/stadion")));
        assert_eq!(with(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), Some(PathBuf::from("/x/stadion")));
        assert_eq!(with(&[("STADION_CONFIG_DIR", "/s"), ("HOME", "/h")]), Some(PathBuf::from("/s")));
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(load(folder.path()).unwrap(), None);
        save(folder.path(), &saved()).unwrap();
        assert_eq!(load(folder.path()).unwrap(), Some(saved()));
    }
}
