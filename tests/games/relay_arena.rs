//! relay-arena: an input comes back to everyone.

use relay_arena::Relay;
use stadion_protocol::contract::EndReason;
use stadion_tests::Table;

#[tokio::test]
pub(crate) async fn it_plays_on_the_real_host_and_replays() {
    let mut table = Table::<Relay>::open("relay-arena", 4, "").await;
    table.play(|_| {}, |table| table.view(3).is_some()).await;
    for seat in 0..4 {
        table.send(seat, &[u8::try_from(seat).unwrap() + 1; 32]);
    }
    let all = [[1; 24], [2; 24], [3; 24], [4; 24]];
    table.play(|_| {}, |table| (0..4).all(|seat| table.view(seat).is_some_and(|view| view.seats == all))).await;
    assert_eq!(table.replays_exactly().await, EndReason::Closed);
}
