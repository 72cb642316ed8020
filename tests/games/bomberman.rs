//! Bomberman, to the last one standing.

use bomberman::{Bomberman, Out};
use stadion_protocol::contract::EndReason;
use stadion_tests::{Table, players};

#[tokio::test]
pub(crate) async fn it_plays_on_the_real_host_and_replays() {
    let mut table = Table::<Bomberman>::open("bomberman", 2, "").await;
    let act = |table: &mut Table<Bomberman>| {
        for seat in 0..2 {
            if let Some(input) = table.view(seat).and_then(|view| players::bomberman(&view, seat)) {
                table.send(seat, &input);
            }
        }
    };
    table.play(act, |_| false).await;
    let deaths = table.messages(1).into_iter().filter(|out| matches!(out, Out::Died { .. })).count();
    assert!(deaths >= 1, "somebody was told of a death: {:?}", table.messages(1));
    assert_eq!(table.replays_exactly().await, EndReason::Finished);
}
