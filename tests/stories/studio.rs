//! A studio whose players have accounts of its own: its backend has a key, and its players a seat.

use serde_json::{Value, json};
use stadion_api::operations as ops;
use stadion_tests::api::text;
use stadion_tests::raw_player::RawPlayer;
use stadion_tests::{Api, Server, programs};

/// Runs `stadion` with `--json`; what it answers.
fn stadion(server: &Server, arguments: &[&str]) -> Value {
    let output = server.stadion().args(arguments).arg("--json").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A seat for a player of the studio's own, as its backend asks for one.
async fn seat(backend: &Api, player: &Value, play: &Value) -> Value {
    let body = json!({"player": player, "play": play});
    let (status, seat) = backend.call(ops::CREATE_JOIN_TOKEN, &["tictactoe"], &body).await;
    assert!(status.is_success(), "{seat}");
    seat
}

#[tokio::test]
async fn players_of_a_studios_own_accounts_play_with_data_that_the_game_may_trust() {
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let made = stadion(&server, &["keys", "create", "backend", "--scope", "players"]);
    let backend = server.api().with_bearer(text(&made, "key"));
    let ann = json!({"id": "steam:1", "name": "Ann", "data": "eyJza2luIjo3fQ=="});
    let first = seat(&backend, &ann, &json!({"create": "private"})).await;
    // The key of join tokens changes between the two: both are good.
    stadion(&server, &["keys", "rotate", "--key", &server.operator_key]);
    let code = json!({"code": first["match"]["code"]});
    let second = seat(&backend, &json!({"id": "steam:2", "name": "Bob"}), &code).await;
    let (_ann, _bob) = (RawPlayer::join(&first).await, RawPlayer::join(&second).await);

    let id = text(&first["match"], "id");
    let here = |it: &Value| {
        it["seats"].as_array().is_some_and(|seats| seats.iter().all(|seat| seat["presence"] == "connected"))
    };
    let shown = server
        .api()
        .match_when(id, |it| it["seats"].as_array().is_some_and(|seats| seats.len() == 2) && here(it))
        .await;
    let players: Vec<&str> = (0..2).map(|seat| text(&shown["seats"][seat]["player"], "id")).collect();
    assert!(players[0] != players[1] && players.iter().all(|id| id.starts_with("x-")), "{shown}");
    let journal = server.api().journal(id).await;
    let trusted = br#"{"skin":7}"#;
    assert!(
        journal.windows(trusted.len()).any(|bytes| bytes == trusted),
        "the game was told what the studio vouches for"
    );
    assert!(!journal.windows(7).any(|bytes| bytes == b"steam:1"), "and not whom the studio knows it as");

    stadion(&server, &["keys", "revoke", text(&made, "id")]);
    let (status, _) = backend.call(ops::GET_ME, &[], &Value::Null).await;
    assert_eq!(status, 401);
}
