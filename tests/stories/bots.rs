//! A player alone gets a full match: a runner on the owner's laptop fills the free seats, and whatever runner dies leaves
//! nothing taken.

use std::process::Stdio;
use std::time::Duration;

use stadion_client::{CloseCode, Error, Event, NewMatch, Play, Stadion};
use stadion_tests::{Server, players, programs};
use tictactoe::TicTacToe;

/// Generous: it only says that nothing hangs.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_runner_fills_the_seats_that_nobody_took() {
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let ada = Stadion::guest(&server.http, "ada").await.unwrap();
    let alone = NewMatch { bots_after: Some(Duration::ZERO), ..NewMatch::default() };
    let mut seat = ada.play::<TicTacToe>("tictactoe", Play::CreateWith(alone)).await.unwrap();
    let id = seat.info().unwrap().id.clone();
    let mut runner = server.stadion();
    runner.args(["bot", "tictactoe", "--serve", "--seconds", "90"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut runner = runner.spawn().unwrap();
    let number = seat.seat().0;
    let play = async {
        let mut view = None;
        loop {
            match tokio::time::timeout(Duration::from_millis(250), seat.next()).await {
                Ok(Event::View(newest)) => view = Some(newest),
                Ok(Event::End(end)) => return end.code,
                Ok(_) => continue,
                Err(_) => {}
            }
            if let Some(input) = view.as_ref().and_then(players::tictactoe) {
                // The last view may be followed by the end at once.
                match seat.send(&input) {
                    Ok(()) | Err(Error::Ended(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    };
    let end = tokio::time::timeout(PATIENCE, play).await;
    runner.kill().unwrap();
    runner.wait().unwrap();
    assert_eq!(end.expect("the match ends"), CloseCode::Finished);
    let ended = server.api().ended(&id).await;
    let seats = ended["seats"].as_array().unwrap();
    assert_eq!(seats.len(), 2, "{ended}");
    assert!(seats.iter().any(|taken| taken["player"]["bot"] == true && taken["seat"] != number), "{ended}");
}
