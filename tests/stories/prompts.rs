//! What the commands ask for on a real terminal.

use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::json;
use stadion_tests::api::text;
use stadion_tests::{Server, programs, rally};

use super::terminal::{self, Lines};

/// A command of somebody whose account lies in this folder.
fn command(server: &Server, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(programs::stadion());
    command.args(words).current_dir(folder).env("STADION_CONFIG_DIR", folder).env("STADION_SERVER", &server.http);
    command.env_remove("STADION_KEY").env_remove("STADION_PASSWORD");
    command
}

fn home() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("stadion-player-").tempdir().unwrap()
}

#[tokio::test]
async fn a_password_is_asked_for_and_never_shown() {
    if !terminal::can_be_made() {
        return;
    }
    let (server, folder) = (Server::start(), home());
    for (words, typed, code, answer) in [
        (["account", "register", "ann"], "correct horse\x7fe battery\r", 0, "ann on http"),
        (["account", "sign-in", "ann"], "correct horse battery\r", 0, "ann on http"),
        (["account", "sign-in", "ann"], "incorrect horse\r", 4, "password"),
        (["account", "sign-in", "ann"], "correct horse\x03", 1, "interrupted"),
    ] {
        let mut asked = Lines::begin(&command(&server, folder.path(), &words));
        asked.says("password: ").await;
        asked.press(typed);
        let (status, said) = asked.ends().await;
        assert_eq!(status.code(), Some(code), "{said}");
        assert!(said.contains(answer) && !said.contains("horse"), "{said}");
    }
}

#[tokio::test]
async fn a_match_that_was_found_is_asked_about_and_may_be_declined() {
    if !terminal::can_be_made() {
        return;
    }
    let server = Server::start();
    let published = server.api().publish("duel", rally::wasm(2)).await;
    let path = format!("/v1/games/duel/versions/{}/settings", text(&published, "version"));
    let settings = json!({"queue.one.teams": "2", "queue.one.ready-seconds": "60"});
    let (status, body) = server.api().call(Method::PUT, &path, &settings).await;
    assert!(status.is_success(), "{body}");
    let folders = [home(), home()];
    for (folder, name) in folders.iter().zip(["ann", "bob"]) {
        let mut register = command(&server, folder.path(), &["account", "register", name]);
        assert!(register.env("STADION_PASSWORD", "correct horse battery").output().unwrap().status.success());
    }
    let [mut anns, mut bobs] =
        [&folders[0], &folders[1]].map(|home| Lines::begin(&command(&server, home.path(), &["search", "duel", "one"])));
    anns.says("a match of 2 players").await;
    bobs.says("a match of 2 players").await;
    anns.press("\r");
    bobs.press("n\r");
    let (status, said) = bobs.ends().await;
    assert_eq!(status.code(), Some(4), "{said}");
    anns.says("searching again").await;
    anns.press("\x03");
    let (status, said) = anns.ends().await;
    assert!(status.success() && said.contains("the search is over"), "{status} {said}");
}
