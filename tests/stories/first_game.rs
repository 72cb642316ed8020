//! A new game of each template: it passes its tests, is published with its pages, and is played.

use std::path::Path;
use std::process::{Command, Output};

use stadion_api::operations as ops;
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

/// Made, tested, published and played by two programs.
async fn go_through(template: &str, tests: usize) {
    let server = Server::start();
    let name = format!("new-{template}");
    run(server.stadion().args(["new", &name, "--template", template]));
    let game = server.folder().join(&name);
    assert!(game.join("src/lib.rs").is_file() && game.join("web/bot.js").is_file());

    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.arg("test");
    let output = run(&mut within(cargo, &game));
    let passed = String::from_utf8_lossy(&output.stdout).contains(&format!("{tests} passed"));
    assert!(passed, "{}", String::from_utf8_lossy(&output.stdout));

    let manifest = format!("name = \"{name}\"\norigins = [\"https://{template}.example\"]\n");
    std::fs::write(game.join("stadion.toml"), manifest).unwrap();
    run(within(server.stadion(), &game).args(["publish", "."]));
    let origins = server.api().get(ops::GET_ORIGINS, &[&name]).await;
    assert_eq!(origins["origins"], serde_json::json!([format!("https://{template}.example")]), "as stadion.toml says");
    let games = server.api().typed().games().await.unwrap();
    assert!(games.iter().any(|game| game.name == name), "{games:?}");
    assert_pages(&server, &name).await;

    // A person's `stadion play` needs a terminal; a bot takes the same way to a seat.
    run(server.stadion().args(["bot", &name, "--players", "2", "--seconds", "2"]));
    let matches = server.api().matches(&name).await;
    assert!(matches[0].tick > 0, "{matches:?}");
}

/// The pages are there, under a strict policy, with the types of the game's messages beside them.
async fn assert_pages(server: &Server, name: &str) {
    let http = stadion_tests::api::http().build().unwrap();
    let page = http.get(format!("{}/play/{name}", server.http)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let (policy, at) = (page.headers()["content-security-policy"].clone(), page.url().clone());
    assert!(policy.to_str().unwrap().contains("script-src 'self';"), "{policy:?}");
    assert!(page.text().await.unwrap().contains(&format!("<title>{name}</title>")));
    let types = http.get(at.join(&format!("{name}.gen.js")).unwrap()).send().await.unwrap();
    assert_eq!(types.headers()["content-type"], "text/javascript; charset=utf-8");
    assert!(types.text().await.unwrap().contains("/client/stadion.js"));
    let library = http.get(format!("{}/client/stadion.js", server.http)).send().await.unwrap();
    assert_eq!(library.status(), 200);
}

#[tokio::test]
async fn a_new_game_in_turns_is_tested_published_and_played() {
    go_through("turns", 3).await;
}

#[tokio::test]
async fn a_new_game_in_real_time_is_tested_published_and_played() {
    go_through("realtime", 3).await;
}

#[tokio::test]
async fn a_new_empty_game_is_tested_published_and_played() {
    go_through("empty", 1).await;
}
