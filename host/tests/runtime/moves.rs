//! Matches that go from shard to shard while they are played.

use std::time::Duration;

use stadion_host::link::FromPlayer;
use stadion_host::replay::Coverage;
use stadion_protocol::contract::{EndReason, Host};

use crate::rig::Rig;

/// Of the whole of a shard's time: everything that can leave does.
const ALL: f64 = 1_000.0;

#[tokio::test]
async fn a_match_that_moves_loses_no_tick_no_word_and_no_question() {
    const MATCHES: usize = 5;
    const WORDS: usize = 40;
    let mut rig = Rig::with_shards(2);
    let version = rig.publish_moody();
    let mut playing = Vec::new();
    for _ in 0..MATCHES {
        let (id, mut players) = rig.play(version, 1).await;
        playing.push((id, players.pop().unwrap()));
    }
    for word in 0..WORDS {
        for (id, player) in &mut playing {
            rig.say(player, &format!("word {word}"));
            rig.host.give(word % 2, 1 - word % 2, ALL);
            assert!(rig.host.status(*id).await.is_ok(), "asked on its way");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for (id, player) in &playing {
        let last = rig.until_message(player.conn, &format!("word {}", WORDS - 1)).await;
        assert_eq!(last, WORDS as u64, "each word came back once");
        // Otherwise the match would linger for it.
        rig.tell(player, FromPlayer::Ack { out_seq: last });
        let stats = rig.host.match_stats(*id).await.unwrap();
        assert!(stats.moves > 0, "{stats:?}");
    }
    assert_eq!((rig.host.load().matches, rig.host.load().players), (MATCHES as u32, MATCHES as u32));
    for (id, _) in &playing {
        rig.host.end(*id, EndReason::Closed).await.unwrap();
        let (_, journal) = rig.until_ended(*id).await;
        assert_eq!(rig.replay(version, &journal).coverage, Coverage::Whole(EndReason::Closed));
    }
    rig.until_empty().await;
}

#[tokio::test]
async fn a_match_that_sleeps_is_woken_where_it_went() {
    let mut rig = Rig::with_shards(2);
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "S");
    rig.until_message(players[0].conn, "S").await;
    (0..2).for_each(|from| rig.host.give(from, 1 - from, ALL));
    rig.say(&mut players[0], "awake");
    rig.until_message(players[0].conn, "awake").await;
    assert!(rig.host.status(id).await.is_ok());
}
