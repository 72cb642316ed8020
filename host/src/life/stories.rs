//! What happens to matches and players, told one story at a time.

use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::contract::{EndReason, MatchState, Presence, ReserveError};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::ClientId;
use stadion_protocol::{CloseCode, Moment, Seat};

use super::testing::{
    Log, World, finish, join, kinds, player, reliable, reservation, resume, spec, stepped, unreliable,
};
use super::{MAX_EVENTS, MAX_UNCOMMITTED};
use crate::journal::{Fact, Link, Record, chain};
use crate::link::{ConnId, FromPlayer, ToPlayer};
use crate::model::{Output, Stepped, Target, Wake};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_player_joins_and_the_game_learns_of_it_in_the_next_tick() {
    let mut world = World::new(20, 2);
    world.hello(0, join(0, "a", 1));
    let [ToPlayer::Welcome { seat: Seat(0), fresh: true, rate: 20, in_seq: 0, next_out_seq: 1, .. }] =
        world.words(0)[..]
    else {
        panic!("no welcome")
    };
    let input = world.tick(vec![]);
    assert_eq!(kinds(&input), ["joined 0", "connected 0 fresh"]);
    assert!(matches!(
        world.last_tick().facts[..],
        [(0, Fact::Joined { .. }), (1, Fact::ConnectedAs { used: None, .. })]
    ));
}

#[test]
fn a_resume_token_follows_once_the_joins_tick_is_durable() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.hello(0, join(0, "a", 1));
    world.tick(vec![]);
    assert!(!world.words(0).iter().any(|word| matches!(word, ToPlayer::ResumeToken(_))));
    world.sync();
    let token = world.token(0);
    let (_, Fact::ConnectedAs { offered, .. }) = world.last_tick().facts[1] else { panic!("no fact") };
    assert_eq!(offered, token.hash(), "its hash is journaled, not the token");
}

#[test]
fn the_same_token_and_nonce_are_an_honest_retry_and_another_nonce_is_not() {
    let mut world = World::new(20, 1);
    world.hello(1, join(0, "a", 1)).hello(2, join(0, "a", 1));
    assert_eq!(world.closed(1), Some(CloseCode::Superseded), "the newer connection wins");
    assert!(matches!(world.words(2)[0], ToPlayer::Welcome { .. }));
    world.hello(3, join(0, "a", 2));
    assert_eq!(world.closed(3), Some(CloseCode::Refused));
    assert_eq!(kinds(&world.tick(vec![])).iter().filter(|kind| kind.starts_with("joined")).count(), 1);
}

#[test]
fn an_older_token_does_not_take_the_seat_back_from_a_newer_one() {
    let mut world = World::new(20, 1);
    world.hello(1, join(0, "old", 1)).hello(2, join(0, "new", 1)).hello(3, join(0, "old", 1));
    assert_eq!(world.closed(3), Some(CloseCode::Replaced));
    assert_eq!(world.closed(2), None);
}

#[test]
fn two_hellos_of_a_client_that_overtake_each_other_leave_the_younger_connection() {
    let mut world = World::new(20, 1);
    world.hello(2, join(0, "a", 1)).hello(1, join(0, "a", 1));
    assert_eq!(world.closed(1), Some(CloseCode::Superseded));
    assert_eq!(world.closed(2), None);
}

#[test]
fn a_device_that_lost_its_connection_does_not_take_the_seat_back_from_the_next_one() {
    let mut world = World::new(20, 1);
    world.all_join();
    let token = world.token(0);
    world.hear(0, FromPlayer::Closed).hello(5, join(0, "other device", 2)).hello(6, resume(token, 0));
    assert_eq!(world.closed(6), Some(CloseCode::Replaced), "for good: it does not try again");
    assert_eq!(world.closed(5), None);
}

#[test]
fn who_is_not_meant_is_not_let_in() {
    let foreign_seat = join(7, "a", 1);
    let mut outdated = join(0, "a", 1);
    outdated.schema = SchemaHash([9; 8]);
    let mut not_yours = join(1, "a", 1);
    if let crate::link::Credential::Join { claims, .. } = &mut not_yours.credential {
        claims.seat = Seat(0);
    }
    let unknown = resume(
        stadion_protocol::token::ResumeToken { match_id: super::testing::ID, seat: Seat(0), secret: [1; 16] },
        0,
    );
    for (admission, code) in [
        (foreign_seat, CloseCode::Refused),
        (outdated, CloseCode::OutdatedClient),
        (not_yours, CloseCode::Refused),
        (unknown, CloseCode::Expired),
    ] {
        let mut world = World::new(20, 2);
        world.hello(1, admission.clone());
        assert_eq!(world.closed(1), Some(code), "{admission:?}");
        assert!(world.tick(vec![]).events.is_empty());
    }
}

#[test]
fn a_seat_not_claimed_in_time_is_free_again() {
    let mut world = World::new(0, 1);
    assert_eq!(world.life.reserve(world.now, &reservation(8)), Err(ReserveError::Full));
    world.pass(15 * SECOND);
    assert_eq!(world.life.reserve(world.now, &reservation(8)), Ok(Seat(0)));
    world.hello(1, join(0, "a", 1));
    assert_eq!(world.closed(1), Some(CloseCode::Refused), "it is another player's now");
}

#[test]
fn the_same_player_gets_the_same_seat() {
    let mut world = World::new(20, 3);
    assert_eq!(world.life.reserve(world.now, &reservation(1)), Ok(Seat(1)));
    world.all_join();
    assert_eq!(world.life.reserve(world.now, &reservation(2)), Ok(Seat(2)));
}

#[test]
fn a_game_that_closes_itself_lets_reserved_players_in_and_nobody_else() {
    let mut world = World::with(spec(20, 3), Log::Instant, stepped(vec![Output::Open(false)]));
    world.pass(16 * SECOND);
    assert_eq!(world.life.reserve(world.now, &reservation(0)), Err(ReserveError::Closed));
    assert!(!world.life.status().open);
}

#[test]
fn a_lost_player_keeps_the_seat() {
    let mut world = World::new(20, 2);
    world.all_join();
    let token = world.token(1);
    world.hear(1, FromPlayer::Closed);
    assert_eq!(kinds(&world.tick(vec![reliable(Target::Seat(Seat(1)), "while you were away")])), ["disconnected 1"]);
    assert_eq!(world.life.status().seats[1].presence, Presence::Disconnected);
    world.pass(10 * SECOND).hello(9, resume(token, 0));
    assert_eq!(world.messages(9), [(1, "while you were away".to_owned())]);
    assert_eq!(kinds(&world.tick(vec![])), ["connected 1"]);
}

#[test]
fn a_player_who_stays_away_loses_the_seat() {
    let mut world = World::new(20, 2);
    world.all_join();
    let token = world.token(1);
    world.hear(1, FromPlayer::Closed).pass(30 * SECOND);
    assert_eq!(kinds(&world.tick(vec![])), ["disconnected 1", "left 1 TimedOut"]);
    world.hello(9, resume(token, 0));
    assert_eq!(world.closed(9), Some(CloseCode::Expired));
    assert_eq!(world.life.status().free_seats(), 1);
}

#[test]
fn a_reloaded_page_is_told_everything_afresh() {
    let mut world = World::new(20, 1);
    world.all_join();
    let token = world.token(0);
    world.tick(vec![reliable(Target::Everyone, "old news")]);
    let mut reloaded = resume(token, 0);
    reloaded.fresh = true;
    reloaded.speaker.client = ClientId([2; 8]);
    world.hello(5, reloaded);
    assert_eq!(world.closed(0), Some(CloseCode::Replaced));
    assert_eq!(world.messages(5), []);
    assert_eq!(kinds(&world.tick(vec![reliable(Target::Everyone, "all you need")])), ["connected 0 fresh"]);
    assert_eq!(world.messages(5), [(2, "all you need".to_owned())]);
}

#[test]
fn what_was_missed_arrives_in_order_and_once() {
    let mut world = World::new(20, 1);
    world.all_join();
    let token = world.token(0);
    for text in ["one", "two", "three"] {
        world.tick(vec![reliable(Target::Everyone, text)]);
    }
    assert_eq!(world.messages(0).len(), 3);
    world.hear(0, FromPlayer::Closed).hello(1, resume(token, 1));
    assert_eq!(world.messages(1), [(2, "two".to_owned()), (3, "three".to_owned())]);
}

#[test]
fn the_old_resume_token_is_valid_until_the_new_one_is_used() {
    let mut world = World::new(20, 1);
    world.all_join();
    let first = world.token(0);
    world.hello(1, resume(first, 0)).tick(vec![]);
    let second = world.token(1);
    world.hello(2, resume(first, 0));
    assert_eq!(world.closed(2), None, "the second may have been lost on its way");
    world.hello(3, resume(second, 0)).hello(4, resume(first, 0));
    assert_eq!(world.closed(4), Some(CloseCode::Expired));
}

#[test]
fn inputs_count_once_and_are_acknowledged_when_durable() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    world.input(0, 1).input(0, 1).input(0, 2);
    assert_eq!(kinds(&world.tick(vec![])), ["message 0 Reliable [1]", "message 0 Reliable [2]"]);
    assert_eq!(world.last_tick().facts, [(0, Fact::InSeq(1)), (1, Fact::InSeq(2))]);
    let acks = |words: Vec<ToPlayer>| words.into_iter().filter(|word| matches!(word, ToPlayer::Ack { .. })).count();
    assert_eq!(acks(world.words(0)), 0);
    world.sync();
    assert!(matches!(world.words(0)[..], [ToPlayer::Ack { in_seq: 2 }]));
}

#[test]
fn a_gap_in_the_inputs_closes_the_connection_and_keeps_the_seat() {
    let mut world = World::new(20, 1);
    world.all_join();
    world.input(0, 2);
    assert_eq!(world.closed(0), Some(CloseCode::ProtocolError));
    assert_eq!(kinds(&world.tick(vec![])), ["disconnected 0"]);
}

#[test]
fn reliable_messages_wait_for_the_log_and_unreliable_ones_for_a_while_only() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    world.words(0);
    for _ in 0..20 {
        world.tick(vec![reliable(Target::Everyone, "promise"), unreliable("view")]);
    }
    let words = world.words(0);
    assert!(words.iter().all(|word| matches!(word, ToPlayer::Unreliable { .. })));
    assert_eq!(words.len(), 5, "250 ms of ticks at 20 Hz");
    world.sync();
    assert_eq!(world.messages(0).len(), 20);
}

#[test]
fn a_log_that_stands_still_stalls_the_match_in_the_end() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    let mut ticks = 0;
    for _ in 0..2 * MAX_UNCOMMITTED {
        world.now = world.now + Duration::from_millis(50);
        if world.life.seal(world.now).is_some() {
            world.life.stepped(world.now, stepped(vec![]));
            world.drain();
            ticks += 1;
        }
    }
    assert_eq!(ticks + 1, MAX_UNCOMMITTED, "start is one of them");
    world.sync();
    assert!(world.tick(vec![]).skipped > 0);
}

#[test]
fn a_kicked_player_hears_the_last_message_first_and_cannot_come_back() {
    let mut world = World::new(20, 2);
    world.all_join();
    let token = world.token(1);
    let kick = Output::Kick { seat: Seat(1), reason: "rude".to_owned() };
    world.tick(vec![reliable(Target::Seat(Seat(1)), "goodbye"), kick]);
    let words = world.words(1);
    assert!(
        matches!(&words[..], [ToPlayer::Reliable { .. }, ToPlayer::Close { code: CloseCode::Kicked, reason }] if reason == "rude")
    );
    assert_eq!(kinds(&world.tick(vec![])), ["left 1 Kicked"]);
    world.hello(9, resume(token, 0));
    assert_eq!(world.closed(9), Some(CloseCode::Expired));
}

#[test]
fn a_message_never_reaches_the_next_player_of_a_seat() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    world.tick(vec![reliable(Target::Everyone, "for player 0")]);
    world.hear(0, FromPlayer::Leave);
    let mut wanted = reservation(0);
    wanted.player = player(0);
    assert_eq!(world.life.reserve(world.now, &wanted), Ok(Seat(0)));
    world.hello(7, join(0, "another", 1));
    world.sync();
    assert_eq!(world.messages(7), []);
}

#[test]
fn leaving_is_answered_at_once_whatever_the_game_is_doing() {
    let mut world = World::new(20, 2);
    world.all_join();
    world.begin();
    world.hear(1, FromPlayer::Leave);
    assert_eq!(world.closed(1), Some(CloseCode::Left));
    world.life.stepped(world.now, stepped(vec![]));
    world.drain();
    assert_eq!(kinds(&world.tick(vec![])), ["left 1 Left"]);
}

#[test]
fn a_finished_match_lingers_until_its_players_have_everything() {
    let mut world = World::new(20, 2);
    world.all_join();
    world.tick(vec![reliable(Target::Everyone, "you won"), finish()]);
    assert!(world.session_dropped);
    assert_eq!(world.life.status().state, MatchState::Finishing);
    assert!(world.words(0).iter().any(|word| matches!(word, ToPlayer::Ended { code: CloseCode::Finished, .. })));
    world.hear(0, FromPlayer::Ack { out_seq: 1 });
    assert_eq!(world.closed(0), Some(CloseCode::Finished));
    assert!(world.ended.is_none(), "player 1 has not acknowledged");
    world.hear(1, FromPlayer::Ack { out_seq: 1 });
    let ended = world.ended.take().unwrap();
    assert_eq!((ended.reason, ended.data), (EndReason::Finished, vec![1]));
    assert_eq!(world.life.status().state, MatchState::Ended);
}

#[test]
fn a_lost_player_may_come_back_for_the_results() {
    let mut world = World::new(20, 1);
    world.all_join();
    let token = world.token(0);
    world.hear(0, FromPlayer::Closed);
    world.tick(vec![reliable(Target::Seat(Seat(0)), "you lost"), finish()]);
    world.pass(5 * SECOND).hello(3, resume(token, 0));
    let words = world.words(3);
    assert!(
        matches!(words[..], [ToPlayer::Welcome { .. }, ToPlayer::Reliable { .. }, ToPlayer::Ended { .. }]),
        "{words:?}"
    );
    world.pass(5 * SECOND);
    assert_eq!(world.closed(3), Some(CloseCode::Finished), "ten seconds are the most");
    assert!(world.ended.is_some());
}

#[test]
fn a_trap_ends_the_match_with_the_cut_tick_in_its_journal() {
    let mut world = World::new(20, 1);
    world.all_join();
    world.input(0, 1);
    let cut = world.begin();
    world.life.failed(world.now, EndReason::Trapped("unreachable".to_owned()));
    world.drain();
    assert_eq!(world.closed(0), Some(CloseCode::GameFailed));
    let Some(Record::End(end)) = world.records.last() else { panic!("no end") };
    assert_eq!(end.tick + 1, cut.number);
    assert_eq!(end.cut.as_ref().unwrap().input, *cut);
    assert_eq!(world.ended.unwrap().chain, end.link().0);
}

#[test]
fn ending_from_outside_cuts_the_tick_in_flight_and_is_idempotent() {
    let mut world = World::new(20, 1);
    world.all_join();
    world.begin();
    world.life.end(world.now, EndReason::Closed);
    world.life.end(world.now, EndReason::OverBudget);
    world.life.stepped(world.now, stepped(vec![unreliable("too late")]));
    world.drain();
    assert_eq!(world.closed(0), Some(CloseCode::Expired));
    assert_eq!(world.ended.unwrap().reason, EndReason::Closed);
    assert_eq!(world.records.iter().filter(|record| matches!(record, Record::End(_))).count(), 1);
}

#[test]
fn nobody_there_for_a_minute_ends_the_match() {
    let mut world = World::new(0, 1);
    world.all_join();
    world.pass(600 * SECOND);
    assert!(world.ended.is_none());
    let lost = world.now;
    world.hear(0, FromPlayer::Closed).pass(59 * SECOND).tick(vec![]);
    assert!(world.ended.is_none());
    assert_eq!(world.life.deadline(), Some(lost + 60 * SECOND));
    world.pass(SECOND);
    assert_eq!(world.ended.unwrap().reason, EndReason::Empty);
}

#[test]
fn no_match_outlives_its_longest_time() {
    let mut world = World::new(0, 1);
    world.all_join();
    world.pass(Duration::from_secs(4 * 3600));
    assert_eq!(world.ended.unwrap().reason, EndReason::TooLong);
}

#[test]
fn a_flood_is_spread_over_ticks_in_order() {
    let mut world = World::new(20, 1);
    world.all_join();
    let mut sent = 0;
    while world.life.has_room() {
        world.hear(0, FromPlayer::Unreliable { data: Bytes::from(vec![0; 10]) });
        sent += 1;
    }
    assert_eq!(sent, MAX_EVENTS);
    assert_eq!(world.tick(vec![]).events.len(), MAX_EVENTS);
    assert!(world.life.has_room());
}

#[test]
fn a_measurement_alone_wakes_no_turn_based_match() {
    let mut world = World::new(0, 1);
    world.all_join();
    let quality = FromPlayer::Quality { round_trip_ms: 20, jitter_ms: 1, loss_permille: 0 };
    world.hear(0, quality.clone()).hear(0, quality);
    assert!(world.life.seal(world.now + SECOND).is_none());
    world.input(0, 1);
    assert_eq!(kinds(&world.tick(vec![])), ["message 0 Reliable [1]", "quality 0"], "the newest goes along");
}

#[test]
fn uneventful_ticks_are_folded_and_the_chain_counts_them() {
    let mut world = World::new(20, 1);
    let before = world.records.len();
    (0..10).for_each(|_| drop(world.tick(vec![unreliable("view")])));
    let runs = world.records[before..].iter().map(|record| match record {
        Record::Idle(run) => run.last,
        other => panic!("{other:?}"),
    });
    let links: Vec<Link> = runs.collect();
    assert!(links.windows(2).all(|pair| pair[0] != pair[1]));
    world.tick(vec![reliable(Target::Everyone, "to nobody")]);
    assert_eq!(world.last_tick().previous, *links.last().unwrap());
    assert_eq!(world.last_tick().outputs, chain::outputs(&[reliable(Target::Everyone, "to nobody")]));
}

#[test]
fn changes_are_told_at_once_and_then_ten_times_a_second() {
    let mut world = World::new(20, 4);
    assert_eq!(world.published, 1);
    world.now = world.now + SECOND;
    for seat in 0..4 {
        world.hello(u64::from(seat), join(seat, "t", 1));
    }
    assert_eq!(world.published, 2, "the first at once");
    (0..4).for_each(|_| drop(world.tick(vec![])));
    assert_eq!(world.published, 3, "the others together");
}

#[test]
fn a_sleeping_match_wakes_for_a_player() {
    let mut world = World::with(spec(20, 1), Log::Instant, Stepped { wake: Wake::Event, outputs: vec![] });
    assert!(world.life.wants_input_now());
    assert_eq!(world.life.seal(world.now + 5 * SECOND), None);
    world.now = world.now + 5 * SECOND;
    world.hello(0, join(0, "a", 1));
    let input = world.begin();
    assert_eq!((input.number, input.skipped, input.time), (1, 99, 5_000_000_000));
}

#[test]
fn a_replaced_connection_has_no_say_any_more() {
    let mut world = World::new(20, 1);
    world.all_join();
    let token = world.token(0);
    world.hello(1, resume(token, 0)).input(0, 1).hear(0, FromPlayer::Closed).hear(0, FromPlayer::Leave);
    assert_eq!(kinds(&world.tick(vec![])), ["connected 0"]);
    assert_eq!(world.life.conns.get(&ConnId(1)), Some(&Seat(0)));
}

#[test]
fn a_failed_journal_ends_the_match_without_promises() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    world.words(0);
    world.tick(vec![reliable(Target::Everyone, "never durable")]);
    world.life.journal_failed(world.now, "disk full");
    world.drain();
    assert!(matches!(world.words(0)[..], [ToPlayer::Close { code: CloseCode::ShuttingDown, .. }]));
    assert!(matches!(world.ended.unwrap().reason, EndReason::HostFailed(_)));
    assert!(world.life.deadline().is_none_or(|at| at > Moment(0)));
}
