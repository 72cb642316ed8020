//! Tic-tac-toe, to the third mark in a row.

use stadion_protocol::contract::EndReason;
use stadion_tests::Table;
use stadion_tests::players::{self, Pace};
use tictactoe::{In, Out, Refusal, TicTacToe};

#[tokio::test]
pub(crate) async fn it_plays_on_the_real_host_and_replays() {
    let mut table = Table::<TicTacToe>::open("tictactoe", 2, "").await;
    let mut paces = [Pace::default(), Pace::default()];
    let act = |table: &mut Table<TicTacToe>| {
        for (seat, pace) in (0..).zip(&mut paces) {
            if let Some(input) = pace.due(table.view(seat)).and_then(players::tictactoe) {
                table.send(seat, &input);
            }
        }
    };
    table.play(act, |_| false).await;
    assert_eq!(table.replays_exactly().await, EndReason::Finished);
}

#[tokio::test]
async fn an_illegal_move_is_refused_to_its_sender_alone() {
    let mut table = Table::<TicTacToe>::open("tictactoe", 2, "").await;
    table.play(|_| {}, |table| table.view(0).is_some()).await;
    let turn = table.view(0).unwrap().turn.0;
    table.send(turn, &In::Place(9));
    table.play(|_| {}, |table| !table.messages(turn).is_empty()).await;
    assert_eq!(table.messages(turn), [Out::Refused(Refusal::NoSuchCell)]);
    assert!(table.messages(1 - turn).is_empty());
    assert_eq!(table.replays_exactly().await, EndReason::Closed);
}
