//! What the commands ask for on a real terminal.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::hmac;
use serde_json::{Value, json};
use stadion_tests::api::text;
use stadion_tests::{Server, programs, rally};

use super::terminal::{self, Lines};

/// A command of somebody whose account lies in this folder.
pub(crate) fn command(server: &Server, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(programs::stadion());
    command.args(words).current_dir(folder).env("STADION_CONFIG_DIR", folder).env("STADION_SERVER", &server.http);
    command.env_remove("STADION_KEY").env_remove("STADION_PASSWORD").env_remove("STADION_CODE");
    command
}

pub(crate) fn home() -> tempfile::TempDir {
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

/// What an authenticator app shows that knows this secret (RFC 6238).
#[allow(clippy::disallowed_methods, reason = "an app goes by the clock")]
fn code_of(secret: &str) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let fives: Vec<u64> = secret.bytes().map(|c| letters.iter().position(|of| *of == c).unwrap() as u64).collect();
    let bytes: Vec<u8> = fives
        .chunks_exact(8)
        .flat_map(|eight| eight.iter().fold(0, |number, five| number << 5 | five).to_be_bytes()[3..].to_vec())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &bytes);
    let period = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    let mac = hmac::sign(&key, &period.to_be_bytes());
    let at = usize::from(mac.as_ref()[19] & 0xf);
    let word = u32::from_be_bytes(mac.as_ref()[at..at + 4].try_into().unwrap());
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

#[tokio::test]
async fn a_code_of_the_second_factor_is_asked_for_after_the_password() {
    if !terminal::can_be_made() {
        return;
    }
    let (server, folder) = (Server::start(), home());
    let run = |words: &[&str], code: Option<&str>| -> Value {
        let mut command = command(&server, folder.path(), words);
        command.arg("--json").env("STADION_PASSWORD", "correct horse battery");
        if let Some(code) = code {
            command.env("STADION_CODE", code);
        }
        let ran = command.output().unwrap();
        assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
        serde_json::from_slice(&ran.stdout).unwrap()
    };
    run(&["account", "register", "ann"], None);
    assert_eq!(run(&["account", "second-factor"], None)["enabled"], false);
    let begun = run(&["account", "second-factor", "enrol"], None);
    let on = run(&["account", "second-factor", "confirm", &code_of(text(&begun, "secret"))], None);
    let recovery: Vec<&str> = on["recovery_codes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(recovery.len(), 10);
    for (typed, status, answer) in [(recovery[0], 0, "ann on http"), (recovery[0], 4, "used before")] {
        let mut asked = Lines::begin(&command(&server, folder.path(), &["account", "sign-in", "ann"]));
        asked.says("password: ").await;
        asked.press("correct horse battery\r");
        asked.says("code of the second factor: ").await;
        asked.press(&format!("{typed}\r"));
        let (code, said) = asked.ends().await;
        assert_eq!(code.code(), Some(status), "{said}");
        assert!(said.contains(answer) && !said.contains(typed), "{said}");
    }
    run(&["account", "second-factor", "remove"], Some(recovery[1]));
    run(&["account", "sign-in", "ann"], None);
}

#[tokio::test]
async fn a_match_that_was_found_is_asked_about_and_may_be_declined() {
    if !terminal::can_be_made() {
        return;
    }
    let server = Server::start();
    let published = server.api().publish("duel", rally::wasm(2)).await;
    let settings = json!({"queue.one.teams": "2", "queue.one.ready-seconds": "60"});
    server.api().set(&published, &settings).await;
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
