//! Hearts, one round; nobody ever receives another's card.

use std::collections::HashSet;

use hearts::Hearts;
use hearts::cards::deck;
use stadion_protocol::contract::EndReason;
use stadion_tests::Table;
use stadion_tests::players::{self, Pace};

#[tokio::test]
pub(crate) async fn it_plays_on_the_real_host_and_replays() {
    let mut table = Table::<Hearts>::open("hearts", 4, "points=1").await;
    let mut paces: [Pace<_>; 4] = Default::default();
    let act = |table: &mut Table<Hearts>| {
        for (seat, pace) in (0..).zip(&mut paces) {
            if let Some(input) = pace.due(table.view(seat)).and_then(players::hearts) {
                table.send(seat, &input);
            }
        }
        assert_hands_are_secret(table);
    };
    table.play(act, |_| false).await;
    assert_eq!(table.replays_exactly().await, EndReason::Finished);
}

/// No card is in two hands that were shown for the same moment, and no hand holds more than it should.
fn assert_hands_are_secret(table: &Table<Hearts>) {
    let views: Vec<_> = (0..4).filter_map(|seat| table.view(seat)).collect();
    for view in &views {
        let own = usize::from(view.cards_left[view.you.index()]);
        assert!(view.hand.len() <= own.max(3), "a seat sees {} cards and holds {own}", view.hand.len());
        let distinct: HashSet<_> = view.hand.iter().map(|card| format!("{card:?}")).collect();
        assert_eq!(distinct.len(), view.hand.len());
        assert!(view.hand.iter().all(|card| deck().contains(card)));
    }
}
