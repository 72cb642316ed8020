//! The first ten minutes, as the README prints them: a new game, its tests, published, played.

use std::path::Path;
use std::process::{Command, Output};

use stadion_tests::{Server, programs};

/// Runs a program and expects success.
fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    output
}

/// In the new game's folder, with a target folder that is kept, so that only the first run compiles the SDK.
fn within(mut command: Command, game: &Path) -> Command {
    let target = programs::target_folder().parent().unwrap().join("tmp/first-game");
    command.current_dir(game).env("CARGO_TARGET_DIR", target).env_remove("RUSTFLAGS");
    command
}

#[tokio::test]
async fn a_new_game_is_tested_published_and_played() {
    let server = Server::start();
    run(server.stadion().args(["new", "hello"]));
    let game = server.folder().join("hello");
    assert!(game.join("src/lib.rs").is_file() && game.join("stadion.toml").is_file());

    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("test");
    let tests = run(&mut within(cargo, &game));
    assert!(String::from_utf8_lossy(&tests.stdout).contains("3 passed"), "{}", String::from_utf8_lossy(&tests.stdout));

    let mut publish = within(server.stadion(), &game);
    run(publish.args(["publish", "."]));
    let games = server.api().get("/v1/games").await;
    assert!(games["items"].as_array().unwrap().iter().any(|item| item["name"] == "hello"), "{games}");

    // A person's `stadion play hello` needs a terminal; a bot takes the same way to a seat.
    run(server.stadion().args(["bot", "hello", "--players", "2", "--seconds", "2"]));
    let matches = server.api().get("/v1/matches?game=hello").await;
    assert!(matches["items"][0]["tick"].as_u64() > Some(0), "{matches}");
}
