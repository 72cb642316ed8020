//! Matches as they should go.

use std::time::Duration;

use stadion_host::link::{ConnId, Credential, FromPlayer, ToPlayer};
use stadion_protocol::contract::{CreateError, EndReason, Host, MatchState, ReserveError, UnknownMatch};
use stadion_protocol::{CloseCode, MatchId, Seat, VersionId};

use crate::rig::{Rig, reservation};

#[tokio::test]
async fn a_match_from_its_creation_to_its_end() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 2).await;
    rig.say(&mut players[0], "hello");
    let heard = [players[0].conn, players[1].conn];
    for conn in heard {
        assert_eq!(rig.until_message(conn, "hello").await, 1);
    }
    rig.until_told(players[0].conn, |word| matches!(word, ToPlayer::Ack { in_seq: 1 }).then_some(())).await;
    rig.say(&mut players[1], "Finally");
    for player in &players {
        let out_seq = rig.until_message(player.conn, "Finally").await;
        rig.tell(player, FromPlayer::Ack { out_seq });
        assert_eq!(rig.until_closed(player.conn).await, CloseCode::Finished);
    }
    let (ended, journal) = rig.until_ended(id).await;
    assert_eq!((ended.reason, &ended.data[..]), (EndReason::Finished, &b"Finally"[..]));
    assert_eq!(rig.host.status(id).await.unwrap().state, MatchState::Ended);
    assert_eq!(rig.host.journal(id).await.unwrap(), journal);
    assert_eq!(rig.replay(version, &journal).chain.0, ended.chain);
    rig.until_empty().await;
}

#[tokio::test]
async fn a_lost_player_comes_back_to_the_seat_and_misses_nothing() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 2).await;
    let token = rig.until_token(players[1].conn).await;
    rig.say(&mut players[0], "one");
    let seen = rig.until_message(players[1].conn, "one").await;
    rig.say(&mut players[0], "two");
    rig.until_message(players[1].conn, "two").await;
    rig.tell(&players[1], FromPlayer::Closed);
    rig.hello(id, ConnId(999), Credential::Resume(token), seen);
    assert_eq!(rig.until_message(ConnId(999), "two").await, seen + 1);
    rig.say(&mut players[0], "three");
    assert_eq!(rig.until_message(ConnId(999), "three").await, seen + 2);
    let texts = rig.told(ConnId(999)).iter().filter(|word| matches!(word, ToPlayer::Reliable { .. })).count();
    assert_eq!(texts, 2, "what it had is not sent again");
}

#[tokio::test]
async fn a_second_connection_takes_the_seat_and_the_first_is_told() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, players) = rig.play(version, 1).await;
    let token = rig.until_token(players[0].conn).await;
    rig.hello(id, ConnId(999), Credential::Resume(token), 0);
    assert_eq!(rig.until_closed(players[0].conn).await, CloseCode::Replaced);
    rig.until_told(ConnId(999), |word| matches!(word, ToPlayer::Welcome { seat: Seat(0), .. }).then_some(())).await;
}

#[tokio::test]
async fn twenty_hertz_is_twenty_hertz() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, _players) = rig.play(version, 1).await;
    rig.until_tick(id, 30).await;
    rig.host.end(id, EndReason::Closed).await.unwrap();
    let (_, journal) = rig.until_ended(id).await;
    // Times that are not exactly those of the schedule are a difference.
    let report = rig.replay(version, &journal);
    assert!(report.ticks >= 30);
}

#[tokio::test]
async fn a_sleeping_match_wakes_for_its_players_alone() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 1).await;
    rig.say(&mut players[0], "Sleep");
    rig.until_message(players[0].conn, "Sleep").await;
    let before = rig.host.status(id).await.unwrap().tick;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(rig.host.status(id).await.unwrap().tick, before);
    rig.say(&mut players[0], "awake?");
    rig.until_message(players[0].conn, "awake?").await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let mut too_many = rig.request(version, 1);
    too_many.seats = 5;
    assert!(matches!(rig.host.create(too_many).await, Err(CreateError::Invalid(_))));
    let unknown = rig.request(VersionId([0; 32]), 1);
    assert!(matches!(rig.host.create(unknown).await, Err(CreateError::Artifact(_))));
    let first = rig.request(version, 1);
    rig.host.create(first.clone()).await.unwrap();
    assert!(matches!(rig.host.create(first.clone()).await, Err(CreateError::Exists(id)) if id == first.id));
    assert_eq!(rig.host.reserve(first.id, reservation(0)).await, Ok(Seat(0)), "the same player, the same seat");
    assert_eq!(rig.host.reserve(first.id, reservation(3)).await, Err(ReserveError::Full));
    let nowhere = MatchId([200; 16]);
    assert_eq!(rig.host.reserve(nowhere, reservation(0)).await, Err(ReserveError::Unknown(UnknownMatch)));
    assert_eq!(rig.host.status(nowhere).await, Err(UnknownMatch));
    assert_eq!(rig.host.end(nowhere, EndReason::Closed).await, Err(UnknownMatch));
}

#[tokio::test]
async fn a_full_host_says_so_and_has_room_again_later() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let capacity = rig.host.load().capacity;
    for _ in 0..capacity {
        rig.try_create(version).await.unwrap();
    }
    assert!(matches!(rig.try_create(version).await, Err(CreateError::Full(_))));
    rig.host.end(MatchId([1; 16]), EndReason::Closed).await.unwrap();
    rig.until_ended(MatchId([1; 16])).await;
    rig.until_matches(capacity - 1).await;
    rig.try_create(version).await.unwrap();
    assert_eq!(rig.host.reserve(MatchId([1; 16]), reservation(0)).await, Err(ReserveError::Ended));
}

#[tokio::test]
async fn a_shutdown_ends_every_match_and_tells_its_players() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, players) = rig.play(version, 1).await;
    rig.until_token(players[0].conn).await;
    rig.host.shutdown(Duration::from_secs(20)).await;
    assert_eq!(rig.until_closed(players[0].conn).await, CloseCode::ShuttingDown);
    let (ended, journal) = rig.until_ended(id).await;
    assert!(matches!(ended.reason, EndReason::HostFailed(_)));
    rig.replay(version, &journal);
    assert!(matches!(rig.try_create(version).await, Err(CreateError::Full(_))));
    rig.until_empty().await;
}

#[tokio::test]
async fn who_comes_back_too_late_is_told_how_it_ended() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, players) = rig.play(version, 1).await;
    let token = rig.until_token(players[0].conn).await;
    rig.host.end(id, EndReason::Closed).await.unwrap();
    rig.until_ended(id).await;
    rig.hello(id, ConnId(999), Credential::Resume(token), 0);
    assert_eq!(rig.until_closed(ConnId(999)).await, CloseCode::Expired);
}
