//! Who is signed in at a terminal: tokens in the configuration folder, readable by their owner alone, and passwords read
//! without being shown.

use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::Api;
use crate::commands::Context;
use crate::config::{self, Target};
use crate::failure::{Failure, Outcome};

/// The file in the configuration folder.
const FILE: &str = "account.json";

/// Somebody who is signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SignedIn {
    /// At which server.
    pub(crate) server: String,
    /// Good for some minutes.
    pub(crate) access_token: String,
    /// Good for new ones.
    pub(crate) refresh_token: String,
    /// Id, name and role.
    pub(crate) player: Value,
}

impl SignedIn {
    /// From an answer with tokens.
    pub(crate) fn read(server: &str, answer: &Value) -> Outcome<SignedIn> {
        let text = |key: &str| {
            let missing = || Failure::failed(format!("{server} answered without {key}"));
            answer[key].as_str().map(str::to_owned).ok_or_else(missing)
        };
        Ok(SignedIn {
            server: server.to_owned(),
            access_token: text("access_token")?,
            refresh_token: text("refresh_token")?,
            player: answer["player"].clone(),
        })
    }

    /// Kept for the commands to come.
    pub(crate) fn save(&self) -> Outcome {
        let path = file()?;
        let write = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or(std::path::Path::new("."));
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?; // mode 0600, and whole or not at all
            file.write_all(&serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?)?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| Failure::file("writing", &path, &error))
    }

    /// Whoever signed in last, if that was at this server.
    fn load(server: &str) -> Option<SignedIn> {
        let text = std::fs::read_to_string(file().ok()?).ok()?;
        serde_json::from_str::<SignedIn>(&text).ok().filter(|signed_in| signed_in.server == server)
    }
}

/// Nobody is signed in from now on.
pub(crate) fn forget() -> Outcome {
    let path = file()?;
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::file("removing", &path, &error)),
        _ => Ok(()),
    }
}

/// The API as whoever is signed in, with fresh tokens; else with the key that other commands use.
pub(crate) async fn api(context: &Context) -> Outcome<Api> {
    let target = context.target()?;
    let Some(signed_in) = SignedIn::load(&target.server).filter(|_| !context.names_a_key()) else {
        return Api::new(&target);
    };
    // Asked each time: an access token lives for minutes, and a person does not type that fast.
    let body = json!({"refresh_token": signed_in.refresh_token});
    let nobody = Api::new(&Target { server: target.server.clone(), key: None })?;
    let answer = nobody.ask(Method::POST, "/v1/sessions/refresh", Some(&body)).await;
    let answer = answer.map_err(|failure| failure.fix("sign in again: stadion sign-in NAME"))?;
    let fresh = SignedIn::read(&target.server, &answer)?;
    fresh.save()?;
    Api::new(&Target { server: target.server, key: Some(fresh.access_token) })
}

/// A password: from the terminal without showing it, else the first line of stdin.
pub(crate) fn password(what: &str) -> Outcome<String> {
    let read = if std::io::stdin().is_terminal() { typed(what) } else { line() };
    let password = read.map_err(|error| Failure::failed(format!("reading the password: {error}")))?;
    if password.is_empty() {
        return Err(Failure::usage("no password was given").fix("type it, or give it on stdin, as one line"));
    }
    Ok(password)
}

fn line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn typed(what: &str) -> std::io::Result<String> {
    use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
    let mut err = std::io::stderr();
    write!(err, "{what}: ")?;
    err.flush()?;
    crossterm::terminal::enable_raw_mode()?;
    let mut text = String::new();
    let read = loop {
        match read() {
            Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => match key.code {
                KeyCode::Enter => break Ok(()),
                KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    text.clear();
                    break Ok(());
                }
                KeyCode::Backspace => drop(text.pop()),
                KeyCode::Char(c) => text.push(c),
                _ => {}
            },
            Ok(Event::Paste(pasted)) => text.push_str(&pasted),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    crossterm::terminal::disable_raw_mode()?;
    writeln!(err)?;
    read.map(|()| text)
}

fn file() -> Outcome<PathBuf> {
    let folder = config::folder(config::env).ok_or_else(|| {
        Failure::failed("there is no folder for configuration").fix("name one in STADION_CONFIG_DIR")
    })?;
    Ok(folder.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_tokens_is_told() {
        let answer = json!({"access_token": "a", "refresh_token": "r", "player": {"name": "ann"}});
        let read = SignedIn::read("http://h:1", &answer).unwrap();
        assert_eq!((read.access_token.as_str(), read.player["name"].as_str()), ("a", Some("ann")));
        assert!(SignedIn::read("http://h:1", &json!({})).unwrap_err().message.contains("access_token"));
    }
}
