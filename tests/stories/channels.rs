//! A version for some, then for everybody, then taken back: what a developer does with channels, and what players get.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use stadion_client::{CloseCode, Play, Stadion};
use stadion_tests::api::text;
use stadion_tests::{Server, players, programs};

use super::play::play;

/// New matches that are looked at for the canary's share.
const CREATED: usize = 60;

/// Of those, how many of each version there are at least: with one in two, fewer come once in ten million runs.
const FEWEST: usize = 10;

/// Runs `stadion` with `--json`; the values that it answers.
fn stadion(server: &Server, arguments: &[&str]) -> Vec<Value> {
    let output = server.stadion().args(arguments).arg("--json").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same game as other bytes: a custom section is no code.
fn build(server: &Server, number: u8) -> PathBuf {
    let mut wasm = programs::game("tictactoe");
    wasm.extend([0, 3, 1, b'n', number]);
    let path = server.folder().join(format!("tictactoe-{number}.wasm"));
    std::fs::write(&path, wasm).unwrap();
    path
}

fn publish(server: &Server, number: u8, more: &[&str]) -> String {
    let file = build(server, number).display().to_string();
    let published = stadion(server, &[&["publish", &file, "--game", "tictactoe"], more].concat());
    text(&published[0], "version").to_owned()
}

/// How many of so many new matches, each of a new player, run which version.
async fn served(server: &Server, matches: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for n in 0..matches {
        let guest = server.api().guest(&format!("guest {n}")).await;
        let (status, seat) = guest.api.play("tictactoe", &json!({"create": "private"})).await;
        assert_eq!(status, 201, "{seat}");
        *counts.entry(text(&seat, "version").to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn a_version_is_tried_by_some_promoted_and_taken_back() {
    let server = Server::start();
    let first = publish(&server, 1, &[]);
    assert_eq!(served(&server, 3).await, BTreeMap::from([(first.clone(), 3)]));

    // A match that is under way stays as it is through all of what follows.
    let ada = Stadion::guest(&server.http, "ada").await.unwrap();
    let seat = ada.play::<tictactoe::TicTacToe>("tictactoe", Play::Create).await.unwrap();
    let (id, code) = (seat.info().unwrap().id.clone(), seat.code().unwrap().to_owned());

    let second = publish(&server, 2, &["--channel", "canary", "--percent", "50"]);
    let counts = served(&server, CREATED).await;
    assert!(counts.len() == 2 && counts.values().all(|count| *count >= FEWEST), "{counts:?}");

    stadion(&server, &["promote", "tictactoe"]);
    assert_eq!(served(&server, 8).await, BTreeMap::from([(second.clone(), 8)]));
    let stable = &stadion(&server, &["rollback", "tictactoe"])[0];
    assert_eq!((text(stable, "name"), text(stable, "version")), ("stable", first.as_str()));
    assert_eq!(served(&server, 8).await, BTreeMap::from([(first.clone(), 8)]));

    let history = stadion(&server, &["channels", "tictactoe", "stable"]);
    let actions: Vec<&str> =
        history[0]["history"].as_array().unwrap().iter().map(|change| text(change, "action")).collect();
    assert_eq!(actions, ["rolled-back", "promoted", "published"]);

    stadion(&server, &["versions", "tictactoe", &second[..12], "--deprecate"]);
    let versions = stadion(&server, &["versions", "tictactoe"]);
    let of = |id: &str| versions.iter().find(|version| text(version, "version") == id).unwrap();
    assert!(of(&second)["deprecated_at"].is_string(), "{versions:?}");
    assert_eq!(of(&first)["channels"], json!(["stable"]));
    let (status, refused) = server.api().play("tictactoe", &json!({"version": second})).await;
    assert_eq!((status.as_u16(), text(&refused, "code")), (410, "gone"));
    assert!(text(&refused, "detail").contains(&first), "it names what is played instead: {refused}");

    // The one that was under way is played to its end on its version.
    stadion(&server, &["publish", &build(&server, 3).display().to_string(), "--game", "tictactoe"]);
    let bob = Stadion::guest(&server.http, "bob").await.unwrap();
    let other = bob.play::<tictactoe::TicTacToe>("tictactoe", Play::Code(code)).await.unwrap();
    let decide = |view: &_, _| players::tictactoe(view);
    let (one, other) = tokio::join!(play(seat, decide), play(other, decide));
    assert_eq!((one.code, other.code), (CloseCode::Finished, CloseCode::Finished));
    assert_eq!(text(&server.api().ended(&id).await, "version"), first);
}
