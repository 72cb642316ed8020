//! Matches from upload to last move: by REST, over QUIC, with the client library, to a replay of every tick.

use std::time::Duration;

use serde_json::Value;
use stadion_client::{CloseCode, End, Event, Match, Play, Stadion};
use stadion_sdk::GameModule;
use stadion_tests::{Server, players, programs};

/// How long a program waits before it tries an input again that may have come too early.
const AGAIN: Duration = Duration::from_millis(250);
/// No match here takes longer.
const LONGEST: Duration = Duration::from_secs(40);

/// Plays a seat to the end of its match.
pub(super) async fn play<G: GameModule>(mut seat: Match<G>, decide: impl Fn(&G::View, u16) -> Option<G::In>) -> End {
    let number = seat.seat().0;
    let mut view = None;
    let playing = async {
        loop {
            match tokio::time::timeout(AGAIN, seat.next()).await {
                Ok(Event::View(newest)) => view = Some(newest),
                Ok(Event::End(end)) => return end,
                Ok(_) => continue,
                Err(_) => {}
            }
            if let Some(input) = view.as_ref().and_then(|view| decide(view, number)) {
                seat.send(&input).unwrap();
            }
        }
    };
    tokio::time::timeout(LONGEST, playing).await.expect("the match ends")
}

/// Two players of a new private match: one creates it, the other comes by its code.
async fn pair<G: GameModule>(server: &Server, game: &str) -> (Match<G>, Match<G>) {
    let ada = Stadion::guest(&server.http, "ada").await.unwrap();
    let first = ada.play::<G>(game, Play::Create).await.unwrap();
    let code = first.code().expect("a private match has a code").to_owned();
    let bob = Stadion::guest(&server.http, "bob").await.unwrap();
    (first, bob.play::<G>(game, Play::Code(code)).await.unwrap())
}

/// The match over REST, and what `stadion replay` says of it.
async fn assert_finished(server: &Server, id: &str) -> Value {
    let ended = server.api().ended(id).await;
    assert_eq!(ended["end"]["kind"], "finished", "{ended}");
    assert_eq!(ended["results"]["placings"].as_array().map(Vec::len), Some(2), "{ended}");
    let file = server.folder().join("match.stj");
    std::fs::write(&file, server.api().journal(id).await).unwrap();
    for arguments in [vec!["replay", id], vec!["replay", file.to_str().unwrap(), "--print"]] {
        let output = server.stadion().args(&arguments).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {out}\n{err}");
        assert!(out.contains("finished"), "{arguments:?}: {out}");
    }
    ended
}

#[tokio::test]
async fn two_players_play_tictactoe_to_its_end() {
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let (ada, bob) = pair::<tictactoe::TicTacToe>(&server, "tictactoe").await;
    let id = ada.info().unwrap().id.clone();
    let decide = |view: &_, _| players::tictactoe(view);
    let (first, second) = tokio::join!(play(ada, decide), play(bob, decide));
    assert_eq!((first.code, second.code), (CloseCode::Finished, CloseCode::Finished));
    let ended = assert_finished(&server, &id).await;
    // Both fill the board in order: whoever began gets cells 0, 2, 4 and 6, and with them a diagonal.
    let placings = ended["results"]["placings"].as_array().unwrap();
    let ranks: Vec<_> = placings.iter().filter_map(|placing| placing["rank"].as_u64()).collect();
    assert_eq!(ranks, [1, 2], "best first: {ended}");
}

#[tokio::test]
async fn two_players_play_bomberman_to_its_end() {
    let server = Server::start();
    server.api().publish("bomberman", programs::game("bomberman")).await;
    let (ada, bob) = pair::<bomberman::Bomberman>(&server, "bomberman").await;
    let id = ada.info().unwrap().id.clone();
    let (first, second) = tokio::join!(play(ada, players::bomberman), play(bob, players::bomberman));
    assert_eq!((first.code, second.code), (CloseCode::Finished, CloseCode::Finished));
    assert_finished(&server, &id).await;
}

#[tokio::test]
async fn two_bots_of_the_program_play_tictactoe_to_its_end() {
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let mut command = server.stadion();
    command.args(["bot", "tictactoe", "--players", "2", "--seconds", "30", "--json"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let matches = server.api().matches("tictactoe").await;
    assert_finished(&server, &matches[0].id).await;
}

#[tokio::test]
async fn curl_uploads_a_game() {
    let server = Server::start();
    let output = std::process::Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--max-time", "60", "-T"])
        .arg(programs::game_path("tictactoe"))
        .arg(format!("{}/v1/games/tictactoe/versions", server.http))
        .args(["-H", &format!("authorization: Bearer {}", server.key)])
        .output();
    let Ok(output) = output else {
        assert!(std::env::var_os("CI").is_none(), "curl is not installed");
        return eprintln!("skipped: curl is not installed");
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["game"], &answer["seats_max"]), (&"tictactoe".into(), &2.into()), "{answer}");
}
