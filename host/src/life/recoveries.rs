//! What players and games see of a crash, told one story at a time.

use std::time::Duration;

use stadion_protocol::contract::{EndReason, MatchState, Presence};
use stadion_protocol::wire::{ClientId, Speaker};
use stadion_protocol::{CloseCode, Incarnation, Seat};

use super::host_state::SeatRecord;
use super::testing::{Log, World, finish, join, kinds, reliable, resume, spec, stepped};
use super::{HostState, Successor};
use crate::journal::{Link, Record, Swap};
use crate::link::{Admission, FromPlayer, ToPlayer};
use crate::model::{Output, Target};

const SECOND: Duration = Duration::from_secs(1);

fn speaker(client: u8) -> Speaker {
    Speaker { client: ClientId([client; 8]), connection: 0 }
}

#[test]
fn players_come_back_to_their_seats_and_miss_nothing() {
    let mut world = World::new(20, 2);
    world.all_join();
    let token = world.token(0);
    world.tick(vec![reliable(Target::Everyone, "one"), reliable(Target::Everyone, "two")]);
    world.crash();
    world.hello(10, resume(token, 1));
    let [ToPlayer::Welcome { seat: Seat(0), incarnation: Incarnation(2), fresh: false, next_out_seq: 2, .. }, ..] =
        world.words(10)[..]
    else {
        panic!("no welcome")
    };
    let input = world.tick(vec![reliable(Target::Seat(Seat(0)), "three")]);
    assert_eq!(kinds(&input), ["disconnected 0", "disconnected 1", "connected 0"]);
    assert_eq!(world.messages(10), [(3, "three".to_owned())]);
}

#[test]
fn what_was_acknowledged_counts_and_what_was_not_comes_again() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    let token = world.token(0);
    world.input(0, 1).tick(vec![]);
    world.sync();
    world.input(0, 2).tick(vec![]);
    world.crash();
    world.hello(1, resume(token, 0));
    assert!(matches!(world.words(1)[0], ToPlayer::Welcome { in_seq: 1, .. }));
    world.input(1, 2).input(1, 3);
    let played = kinds(&world.tick(vec![]));
    assert_eq!(played[2..], ["message 0 Reliable [2]", "message 0 Reliable [3]"]);
}

#[test]
fn nobody_is_heard_before_the_new_incarnation_is_durable() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    world.crash();
    assert!(!world.life.has_room() && world.life.awaits_journal(), "who waits is heard at once when it is");
    world.tick(vec![]);
    assert!(!world.life.has_room(), "the match goes on meanwhile");
    world.sync();
    assert!(world.life.has_room());
}

#[test]
fn messages_that_were_never_released_are_told_by_the_next_session() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    let token = world.token(0);
    world.tick(vec![reliable(Target::Everyone, "lost with the log")]);
    world.crash();
    world.hello(1, resume(token, 0)).tick(vec![reliable(Target::Seat(Seat(0)), "instead")]);
    world.sync();
    assert_eq!(world.messages(1), [(1, "instead".to_owned())], "its number was never seen by anybody");
}

#[test]
fn the_outage_is_skipped_in_the_next_tick() {
    let mut world = World::new(20, 1);
    world.all_join();
    let before = world.last_tick().input.clone();
    world.now = world.now + 2 * SECOND;
    world.crash();
    let input = world.begin();
    assert_eq!(input.number, before.number + 1);
    assert_eq!(input.time - before.time, (input.skipped + 1) * 50_000_000);
    assert!((38..=40).contains(&input.skipped), "{}", input.skipped);
}

#[test]
fn a_game_without_a_rate_sees_the_time_of_the_outage_pass() {
    let mut world = World::new(0, 1);
    world.all_join();
    let before = world.last_tick().input.time;
    world.now = world.now + 5 * SECOND;
    world.crash();
    assert!(world.begin().time >= before + 5_000_000_000);
}

#[test]
fn lost_players_have_their_reconnect_time_anew() {
    let mut world = World::new(20, 1);
    world.all_join();
    let token = world.token(0);
    world.now = world.now + 100 * SECOND;
    world.crash().pass(25 * SECOND);
    world.hello(1, resume(token, 0));
    assert!(matches!(world.words(1)[0], ToPlayer::Welcome { .. }));
    let mut world = World::new(20, 1);
    world.all_join();
    world.crash().pass(31 * SECOND);
    assert!(kinds(&world.begin()).contains(&"left 0 TimedOut".to_owned()));
}

#[test]
fn a_join_that_was_lost_is_made_again_with_the_same_token() {
    let mut world = World::with(spec(20, 2), Log::Held, stepped(vec![]));
    world.sync();
    world.hello(0, join(0, "token", 1));
    world.crash();
    assert!(world.life.status().seats.is_empty(), "reservations are in no record");
    world.hello(1, join(0, "token", 1));
    assert!(matches!(world.words(1)[0], ToPlayer::Welcome { .. }));
    assert_eq!(kinds(&world.tick(vec![])), ["joined 0", "connected 0 fresh"]);
    world.pass(16 * SECOND).hello(2, join(1, "other", 1));
    assert_eq!(world.closed(2), Some(CloseCode::Expired), "after the claim time seats are asked for");
}

#[test]
fn a_token_of_a_player_who_left_takes_no_seat_back() {
    let mut world = World::new(20, 1);
    world.all_join();
    world.hear(0, crate::link::FromPlayer::Leave).tick(vec![]);
    world.crash().hello(1, join(0, "token-0", 1));
    assert_eq!(world.closed(1), Some(CloseCode::Expired));
}

/// A player who is in the seat on one client and then on another; the first one's resume token and the second one's.
fn on_another_client(world: &mut World) -> [stadion_protocol::token::ResumeToken; 2] {
    world.all_join();
    let first = world.token(0);
    world.hello(1, join(0, "another page", 2)).tick(vec![]);
    assert_eq!(world.closed(0), Some(CloseCode::Replaced));
    [first, world.token(1)]
}

#[test]
fn a_client_that_was_replaced_does_not_take_the_seat_back_after_a_crash() {
    for crashes in [1, 2] {
        let mut world = World::new(20, 1);
        let [first, second] = on_another_client(&mut world);
        for _ in 0..crashes {
            world.crash();
        }
        // The first one may never have heard that it was replaced: its network was gone.
        world.hello(2, resume(first, 0));
        assert_eq!(world.closed(2), Some(CloseCode::Replaced), "after {crashes}");
        world.hello(3, Admission { speaker: speaker(2), ..resume(second, 0) });
        assert!(matches!(world.words(3)[0], ToPlayer::Welcome { .. }), "whoever had it last has it again");
    }
}

#[test]
fn a_checkpoint_knows_which_clients_were_replaced() {
    let mut world = World::new(20, 1);
    let [first, second] = on_another_client(&mut world);
    world.hear(1, FromPlayer::Closed).tick(vec![]);
    let state = world.life.host_state().unwrap();
    let read = HostState::from_bytes(&state.to_bytes()).unwrap();
    let [SeatRecord::Taken(tenant)] = &read.seats[..] else { panic!("nobody's seat") };
    assert_eq!(tenant.speakers.judge(speaker(1), false), Err(CloseCode::Replaced), "{first:?}");
    assert_eq!(tenant.speakers.judge(speaker(2), false), Ok(()), "{second:?}");
}

#[test]
fn a_checkpoint_that_knows_who_comes_in_next_does_not_keep_them_out() {
    let mut world = World::new(20, 1);
    world.all_join();
    // Both on their way into the next tick: one that had lost its connection, and another device.
    world.hello(1, join(0, "token-0", 1)).hello(2, join(0, "another page", 2));
    let mut state = HostState::from_bytes(&world.life.host_state().unwrap().to_bytes()).unwrap();
    world.tick(vec![]);
    state.ticked(world.last_tick(), &[]);
    let [SeatRecord::Taken(tenant)] = &state.seats[..] else { panic!("nobody's seat") };
    assert_eq!(tenant.speakers.judge(speaker(2), false), Ok(()), "whoever had it last has it again");
    assert_eq!(tenant.speakers.judge(speaker(1), false), Err(CloseCode::Replaced));
}

#[test]
fn a_checkpoint_of_the_version_before_is_read_without_its_clients() {
    let mut world = World::new(20, 1);
    world.all_join();
    let state = world.life.host_state().unwrap();
    let bytes = state.to_bytes();
    // One seat with one client: its eight bytes, how many there are, and for how many seats.
    let before = [&[3][..], &bytes[1..bytes.len() - 10]].concat();
    let read = HostState::from_bytes(&before).unwrap();
    assert_eq!((read.tick, read.chain, read.seats.len()), (state.tick, state.chain, 1));
    let [SeatRecord::Taken(tenant)] = &read.seats[..] else { panic!("nobody's seat") };
    assert_eq!(tenant.speakers.clients().count(), 0);
}

#[test]
fn a_kick_that_the_journal_asks_for_is_carried_out() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    world.tick(vec![Output::Kick { seat: Seat(0), reason: "slow".into() }]);
    world.durable = world.records.len();
    world.crash();
    assert_eq!(world.life.status().seats[0].presence, Presence::Left);
    assert_eq!(kinds(&world.tick(vec![])), ["disconnected 0", "left 0 Kicked"]);
}

#[test]
fn a_finish_whose_end_was_lost_ends_the_match_again() {
    let mut world = World::with(spec(20, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    world.tick(vec![finish()]);
    assert!(matches!(world.records.last(), Some(Record::End(_))));
    world.durable = world.records.len() - 1;
    world.crash();
    assert!(world.session_dropped);
    assert_eq!(world.life.ended().map(|ended| &ended.reason), Some(&EndReason::Finished));
    assert_eq!(world.life.status().state, MatchState::Finishing);
}

/// The match is carried over into another instance, and nothing is durable after that.
fn carried_over(world: &mut World) {
    let spec = world.life.spec();
    let by = Swap::Saved(vec![1]);
    let successor = Successor { version: spec.version, schema: spec.schema, by, stepped: stepped(Vec::new()) };
    world.life.swap(world.now, successor);
    world.drain();
}

#[test]
fn a_crash_right_after_a_swap_leaves_nobody_with_what_the_old_instance_showed() {
    let mut world = World::new(20, 2);
    world.all_join();
    let tokens = [world.token(0), world.token(1)];
    world.hear(1, FromPlayer::Closed).tick(vec![]);
    carried_over(&mut world);
    world.crash().hello(10, resume(tokens[0], 0));
    assert_eq!(kinds(&world.tick(vec![])), ["disconnected 0", "connected 0 fresh"]);
    world.crash().hello(11, resume(tokens[1], 0));
    assert_eq!(kinds(&world.tick(vec![])), ["disconnected 0", "connected 1 fresh"], "who was away as well");
    world.hear(11, FromPlayer::Closed).tick(vec![]);
    let token = world.token(11);
    world.crash().hello(12, resume(token, 0));
    assert_eq!(kinds(&world.tick(vec![])), ["connected 1"], "once");
}

#[test]
fn who_is_away_during_a_swap_is_shown_everything_on_the_way_back() {
    let mut world = World::new(20, 1);
    world.all_join();
    let token = world.token(0);
    world.hear(0, FromPlayer::Closed).tick(vec![]);
    carried_over(&mut world);
    world.tick(vec![]);
    let checkpoint = world.life.host_state().unwrap();
    assert!(matches!(&checkpoint.seats[..], [SeatRecord::Taken(tenant)] if tenant.misled), "a checkpoint knows it");
    world.hello(1, resume(token, 0));
    assert_eq!(kinds(&world.tick(vec![])), ["connected 0 fresh"]);
}

#[test]
fn the_new_session_says_so_first() {
    let mut world = World::new(20, 1);
    world.all_join();
    let tick = world.life.status().tick.0;
    world.crash().crash();
    let resumed = world.records.iter().filter_map(|record| match record {
        Record::Resumed(resumed) => Some((resumed.incarnation, resumed.tick)),
        _ => None,
    });
    assert_eq!(resumed.collect::<Vec<_>>(), [(2, tick), (3, tick)]);
    assert_eq!(world.life.spec().incarnation, Incarnation(3));
}

#[test]
fn more_than_fits_is_kept_from_the_newest_on() {
    let mut world = World::new(20, 1);
    world.all_join();
    let token = world.token(0);
    let text = "x".repeat(10_000);
    for n in 1..=100 {
        world.tick(vec![reliable(Target::Everyone, &text)]);
        world.hear(0, crate::link::FromPlayer::Ack { out_seq: n });
    }
    world.crash().hello(1, resume(token, 99));
    assert!(matches!(world.words(1)[..], [ToPlayer::Welcome { fresh: false, next_out_seq: 100, .. }, ..]));
}

#[test]
fn the_bytes_of_a_checkpoint_are_frozen() {
    let mut world = World::new(20, 1);
    world.all_join().input(0, 1);
    world.tick(vec![reliable(Target::Everyone, "news"), Output::Label("{}".into())]);
    let mut state = world.life.host_state().unwrap();
    // Which records there are is frozen elsewhere.
    state.chain = Link(0x4abc3d8d_8f9d9c5a_a24f09a8_cb5f56b5_u128.to_be_bytes());
    let bytes = state.to_bytes();
    assert_eq!(HostState::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    // Of one seat one client: how many seats are taken, how many clients had the first, and its eight bytes. Then how many
    // watch.
    let clients = [&[1, 1][..], &[1; 8]].concat();
    let unwatched = [&[4], &bytes[1..bytes.len() - 1]].concat();
    assert_eq!((bytes[0], bytes.last()), (5, Some(&0)), "a change of these bytes is a new version");
    assert_eq!(unwatched[unwatched.len() - clients.len()..], clients);
    assert_eq!(HostState::from_bytes(&unwatched).unwrap().to_bytes(), bytes);
    // The formats before: without clients, and without requests, of which there are none: one byte says how many.
    let without_clients = [&[3], &unwatched[1..unwatched.len() - clients.len()]].concat();
    let numbers = [&[2], &without_clients[1..without_clients.len() - 1]].concat();
    for (before, hash) in [(&without_clients, "313a958cc00a5b6b"), (&numbers, "8a069c843bfa0577")] {
        assert_eq!(blake3::hash(before).to_hex()[..16], *hash, "a change of these bytes is a new version");
        let read = HostState::from_bytes(before).unwrap();
        assert_eq!(read.to_bytes().len(), bytes.len() - 8, "what is on disks stays readable");
    }
    assert!(HostState::from_bytes(&bytes[1..]).is_err());
}
