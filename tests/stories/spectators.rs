//! Somebody watches a match without a seat: sees it, says nothing, and is told when it is over.

use std::time::Duration;

use serde_json::json;
use stadion_client::{CloseCode, Error, Event, Match, Play, Stadion};
use stadion_tests::{Server, players, programs};
use tictactoe::{In, TicTacToe, View};

/// Generous: it only says that nothing hangs.
const PATIENCE: Duration = Duration::from_secs(40);

/// Views until one fits.
async fn sees(seat: &mut Match<TicTacToe>, fits: impl Fn(&View) -> bool) -> View {
    let seen = async {
        loop {
            match seat.next().await {
                Event::View(view) if fits(&view) => return view,
                Event::End(end) => panic!("{end}"),
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.expect("it is seen")
}

fn taken(view: &View) -> usize {
    view.cells.iter().flatten().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spectator_sees_the_board_and_survives_a_kill() {
    let mut server = Server::durable(&[]);
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let ada = Stadion::guest(&server.http, "ada").await.unwrap();
    let mut first = ada.play::<TicTacToe>("tictactoe", Play::Create).await.unwrap();
    let (id, code) = (first.info().unwrap().id.clone(), first.code().unwrap().to_owned());
    let bob = Stadion::guest(&server.http, "bob").await.unwrap();
    let mut second = bob.play::<TicTacToe>("tictactoe", Play::Code(code)).await.unwrap();

    let eve = Stadion::guest(&server.http, "eve").await.unwrap();
    let mut watching = eve.watch::<TicTacToe>(&id).await.unwrap();
    assert!(watching.is_watching());
    assert!(matches!(watching.send(&In::Resign), Err(Error::Watching)));
    assert_eq!(sees(&mut watching, |_| true).await.you.0, u16::MAX);
    assert!(ada.watch::<TicTacToe>(&id).await.is_err(), "a player has a seat");

    // Whoever's turn it is.
    let turn = sees(&mut first, |_| true).await.turn.0;
    let (mover, other) = if turn == 0 { (&mut first, &mut second) } else { (&mut second, &mut first) };
    mover.send(&In::Place(4)).unwrap();
    assert_eq!(sees(&mut watching, |view| taken(view) == 1).await.cells[4].map(|seat| seat.0), Some(turn));

    // Starting blocks its thread.
    tokio::task::block_in_place(|| server.restart());
    sees(other, |view| taken(view) == 1).await;
    other.send(&In::Place(0)).unwrap();
    sees(&mut watching, |view| taken(view) == 2).await;

    other.send(&In::Resign).unwrap();
    let told = async {
        loop {
            if let Event::End(end) = watching.next().await {
                return end.code;
            }
        }
    };
    assert_eq!(tokio::time::timeout(PATIENCE, told).await.expect("it is told"), CloseCode::Finished);
    let ended = server.api().ended(&id).await;
    assert_eq!(ended["seats"].as_array().unwrap().len(), 2, "who watches has no seat: {ended}");
    let replay = server.stadion().args(["replay", &id]).output().unwrap();
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
}

#[tokio::test]
async fn the_program_lists_open_matches_and_watches_one() {
    let server = Server::start();
    let version = server.api().publish("tictactoe", programs::game("tictactoe")).await;
    let ada = Stadion::guest(&server.http, "ada").await.unwrap();
    let with = stadion_client::NewMatch { visibility: stadion_client::Visibility::Public, ..Default::default() };
    let first = ada.play::<TicTacToe>("tictactoe", Play::CreateWith(with)).await.unwrap();
    let id = first.info().unwrap().id.clone();
    let stadion = async |arguments: &[&str]| {
        let mut command = server.stadion();
        command.args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let mut listed = String::new();
    for _ in 0..200 {
        listed = stadion(&["matches", "--game", "tictactoe", "--open", "--json"]).await;
        if !listed.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(listed.contains(&id), "{listed}");
    let bob = Stadion::guest(&server.http, "bob").await.unwrap();
    let second = bob.play::<TicTacToe>("tictactoe", Play::Listed(id.clone())).await.unwrap();
    assert_eq!(second.info().unwrap().id, id);

    let mut command = server.stadion();
    command.args(["watch", &id, "--json"]);
    let watching = tokio::task::spawn_blocking(move || command.output());
    let play = async |mut seat: Match<TicTacToe>| {
        let mut view = None;
        loop {
            match tokio::time::timeout(Duration::from_millis(250), seat.next()).await {
                Ok(Event::View(newest)) => view = Some(newest),
                Ok(Event::End(_)) => return,
                Ok(_) => continue,
                Err(_) => {}
            }
            // Slowly: whoever watches has to come first.
            if let Some(input) = view.as_ref().and_then(players::tictactoe) {
                tokio::time::sleep(Duration::from_millis(300)).await;
                // It may be over by then.
                if seat.send(&input).is_err() {
                    return;
                }
            }
        }
    };
    tokio::join!(play(first), play(second));
    let seen = tokio::time::timeout(PATIENCE, watching).await.expect("it ends with the match").unwrap().unwrap();
    let seen = String::from_utf8(seen.stdout).unwrap();
    assert!(seen.contains(r#""view""#) && seen.contains(r#""end""#), "{seen}");

    // A game that says `off` is not watched.
    server.api().set(&version, &json!({"spectators": "off"})).await;
    let eve = Stadion::guest(&server.http, "eve").await.unwrap();
    let third = eve.play::<TicTacToe>("tictactoe", Play::Create).await.unwrap();
    let refused = ada.watch::<TicTacToe>(&third.info().unwrap().id).await;
    assert!(matches!(refused, Err(Error::Api { status: 403, .. })), "{refused:?}");
}
