//! What a game sees of its requests, told one story at a time.

use std::time::Duration;

use stadion_protocol::contract::{DocumentAction, EndReason, MatchState, Reservation, ReserveError, Wanted};

use super::super::testing::{Log, World, finish, kinds, player, reliable, spec, stepped};
use super::super::{HostState, Successor};
use super::*;
use crate::journal::Swap;
use crate::model::{Asked, Setup, Target};

fn put(request: u64) -> Output {
    let op = DocumentAction::Put { expect: Some(0), data: vec![7] };
    Output::Storage { request, player: None, key: "k".to_owned(), op }
}

fn get(request: u64) -> Output {
    Output::Storage { request, player: Some("player-0".to_owned()), key: "k".to_owned(), op: DocumentAction::Get }
}

fn call(request: u64) -> Output {
    Output::Call { request, endpoint: "shop".to_owned(), json: "{}".to_owned() }
}

fn key(incarnation: u32, number: u64) -> RequestKey {
    RequestKey { incarnation: Incarnation(incarnation), number }
}

impl World {
    fn asked_keys(&self) -> Vec<RequestKey> {
        self.requests.iter().map(|request| request.key).collect()
    }

    fn answer(&mut self, key: RequestKey, outcome: RequestOutcome) -> &mut World {
        self.life.answered(self.now, key, outcome);
        self.drain();
        self
    }
}

fn held(rate: u16) -> World {
    let mut world = World::with(spec(rate, 1), Log::Held, stepped(vec![]));
    world.all_join().sync();
    world
}

#[test]
fn a_request_is_asked_when_its_tick_is_durable_and_answered_in_a_later_tick_once() {
    let mut world = held(20);
    world.tick(vec![put(1), call(2)]);
    assert_eq!(world.asked_keys(), [], "its tick may be lost yet");
    world.sync();
    assert_eq!(world.asked_keys(), [key(1, 1), key(1, 2)]);
    assert_eq!(world.requests[1].settled_below, key(1, 1));
    let Wanted::Document { player: None, key: name, .. } = &*world.requests[0].wanted else { panic!("no document") };
    assert_eq!((name.as_str(), world.requests[0].game.as_str()), ("k", "tictactoe"));
    assert_eq!(kinds(&world.tick(vec![])), Vec::<String>::new(), "the match does not wait");
    world.answer(key(1, 1), Ok(vec![9])).answer(key(1, 1), Err(RequestError::Unavailable));
    world.answer(key(1, 3), Ok(vec![])).answer(key(2, 2), Ok(vec![]));
    assert_eq!(kinds(&world.tick(vec![])), ["answer 1 Ok([9])"], "neither twice nor what nobody asked");
    world.answer(key(1, 1), Ok(vec![9]));
    assert_eq!(kinds(&world.tick(vec![])), Vec::<String>::new());
}

#[test]
fn an_answer_wakes_a_match_without_a_rate() {
    let mut world = World::new(0, 1);
    world.all_join().input(0, 1).tick(vec![get(1)]);
    assert_eq!(world.life.seal(world.now + Duration::from_secs(60)), None);
    world.answer(key(1, 1), Err(RequestError::NotFound));
    assert_eq!(kinds(&world.tick(vec![])), ["answer 1 Err(NotFound)"]);
}

#[test]
fn after_a_crash_what_no_record_answers_is_asked_again_under_its_name() {
    let mut world = held(20);
    world.tick(vec![put(1), put(2), put(3)]);
    world.sync();
    world.answer(key(1, 1), Ok(vec![])).tick(vec![]);
    world.sync();
    world.answer(key(1, 2), Ok(vec![])).tick(vec![get(4)]);
    world.crash();
    assert_eq!(world.asked_keys(), [], "the new session's number may be lost yet");
    world.sync();
    assert_eq!(world.asked_keys(), [key(1, 2), key(1, 3)], "the first is answered, the fourth was never asked");
    assert_eq!(world.requests[0].settled_below, key(1, 2));
    world.answer(key(1, 2), Ok(vec![5])).answer(key(1, 3), Ok(vec![6]));
    assert_eq!(kinds(&world.tick(vec![put(4)]))[1..], ["answer 2 Ok([5])", "answer 3 Ok([6])"]);
    world.sync();
    assert_eq!(world.asked_keys()[2..], [key(2, 4)]);
    assert_eq!(world.requests[2].settled_below, key(2, 4));
}

#[test]
fn an_answer_that_was_told_and_not_kept_is_asked_for_again() {
    let mut world = held(20);
    world.tick(vec![put(1)]);
    world.sync();
    world.answer(key(1, 1), Ok(vec![1])).tick(vec![put(2)]);
    assert_eq!(world.life.requests.oldest(), Some(key(1, 1)), "until the tick is durable it may be asked again");
    world.crash();
    world.sync();
    assert_eq!(world.asked_keys(), [key(1, 1)]);
}

#[test]
fn a_checkpoint_says_what_a_replay_says() {
    let mut world = held(20);
    world.tick(vec![put(1), get(2), call(3)]);
    world.sync();
    world.answer(key(1, 2), Ok(vec![1])).tick(vec![]);
    world.answer(key(1, 3), Ok(vec![1]));
    let told = world.life.host_state().unwrap();
    assert_eq!(told.requests.iter().map(|request| request.key.number).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(told.requests, world.folded().requests);
    let read = HostState::from_bytes(&told.to_bytes()).unwrap();
    assert_eq!((read.requests.as_slice(), read.to_bytes()), (told.requests.as_slice(), told.to_bytes()));
}

#[test]
fn of_a_checkpoint_before_requests_were_carried_out_their_numbers_are_known() {
    let mut world = held(20);
    world.tick(vec![put(1)]);
    world.sync();
    let told = world.life.host_state().unwrap();
    let before = postcard::to_extend(&told, vec![2]).unwrap();
    let read = HostState::from_bytes(&before).unwrap();
    assert_eq!(read.requests, [OpenRequest { key: key(0, 1), wanted: None }]);
    world.crash();
    world.life = Life::resume(
        super::super::Spec { incarnation: Incarnation(2), ..world.life.spec().clone() },
        read,
        super::super::Arrival { now: world.now, unix_ns: 0 },
    );
    world.drain();
    world.sync();
    assert_eq!(kinds(&world.tick(vec![]))[1..], ["answer 1 Err(Unavailable)"]);
}

#[test]
fn a_game_that_finishes_ends_when_what_it_asked_last_is_done() {
    let mut world = held(20);
    world.tick(vec![put(1), get(2), finish()]);
    assert_eq!(world.life.status().state, MatchState::Finishing);
    let late = Reservation { player: player(9), claim_within: Duration::from_secs(1) };
    assert_eq!(world.life.reserve(world.now, &late), Err(ReserveError::Ended));
    world.sync();
    assert_eq!(world.asked_keys(), [key(1, 1), key(1, 2)]);
    assert!(world.life.seal(world.now + Duration::from_secs(60)).is_none(), "no tick follows");
    assert!(world.life.ended().is_none() && world.life.wants_input_now());
    world.answer(key(1, 1), Ok(vec![1]));
    assert_eq!(world.life.ended().unwrap().reason, EndReason::Finished, "a read is waited for by nobody");
}

#[test]
fn what_a_game_asked_last_outlives_a_crash() {
    let mut world = held(20);
    world.tick(vec![put(1), finish()]);
    world.sync();
    assert!(world.life.host_state().unwrap().finished.is_some());
    world.crash();
    world.sync();
    assert_eq!(world.asked_keys(), [key(1, 1)]);
    world.answer(key(1, 1), Err(RequestError::Conflict(3)));
    let ended = world.life.ended().unwrap();
    assert_eq!((&ended.reason, &ended.data[..]), (&EndReason::Finished, &[1][..]));
}

#[test]
fn a_match_that_is_ended_meanwhile_has_its_results() {
    let mut world = held(20);
    world.tick(vec![call(1), finish()]);
    world.life.end(world.now, EndReason::Closed);
    world.drain();
    assert_eq!(world.life.ended().unwrap().reason, EndReason::Finished);
    world.sync();
    assert_eq!(world.asked_keys(), [key(1, 1)], "asked all the same");
}

#[test]
fn a_copy_reads_and_changes_nothing() {
    let mut world = World::new(20, 1);
    world.all_join();
    world.life.take_stand_ins();
    world.tick(vec![put(1), get(2), call(3)]);
    assert_eq!(world.asked_keys(), [key(1, 2)]);
    assert_eq!(kinds(&world.tick(vec![])), ["answer 1 Err(Denied)", "answer 3 Err(Denied)"]);
}

/// The game is begun anew, and asks for this.
fn begin_anew(world: &mut World, asked: Asked, outputs: Vec<Output>) {
    let world_spec = world.life.spec().clone();
    let setup = Box::new(Setup { seed: [9; 4], ..world_spec.setup.clone() });
    swap(world, Swap::Begun { setup, asked }, outputs);
}

fn swap(world: &mut World, by: Swap, outputs: Vec<Output>) {
    let (version, schema) = (world.life.spec().version, world.life.spec().schema);
    world.life.swap(world.now, Successor { version, schema, by, stepped: stepped(outputs) });
    world.drain();
}

#[test]
fn what_was_asked_before_a_game_is_begun_anew_is_answered_to_it_once() {
    let mut world = World::new(20, 1);
    world.all_join().tick(vec![put(1), get(2), call(3)]);
    world.answer(key(1, 1), Ok(vec![1]));
    begin_anew(&mut world, Asked { requests: 3, open: 3 }, vec![get(4)]);
    assert_eq!(world.asked_keys(), [key(1, 1), key(1, 2), key(1, 3), key(2, 4)]);
    assert_eq!(world.requests[3].settled_below, key(1, 1), "whoever did the first remembers it still");
    world.answer(key(2, 4), Ok(vec![4])).answer(key(1, 3), Err(RequestError::Unavailable));
    let told = kinds(&world.tick(vec![]));
    let answers: Vec<_> = told.iter().filter(|kind| kind.starts_with("answer")).collect();
    assert_eq!(answers, ["answer 1 Ok([1])", "answer 4 Ok([4])", "answer 3 Err(Unavailable)"]);
    assert!(!told[0].starts_with("answer"), "it knows its players first: {told:?}");
    world.answer(key(1, 2), Ok(vec![2])).answer(key(1, 1), Ok(vec![1]));
    assert_eq!(kinds(&world.tick(vec![])), ["answer 2 Ok([2])"]);
}

#[test]
fn what_was_asked_before_a_game_is_begun_anew_outlives_a_crash_after_it() {
    let mut world = held(20);
    world.tick(vec![put(1), call(2)]);
    world.sync();
    world.answer(key(1, 1), Ok(vec![1]));
    begin_anew(&mut world, Asked { requests: 2, open: 2 }, vec![]);
    world.sync();
    world.crash();
    world.sync();
    assert_eq!(world.asked_keys(), [key(1, 1), key(1, 2)], "no record answers them");
    world.answer(key(1, 2), Ok(vec![2]));
    let told = kinds(&world.tick(vec![]));
    assert_eq!(told.last().map(String::as_str), Some("answer 2 Ok([2])"), "{told:?}");
    let checkpoint = world.life.host_state().unwrap();
    assert_eq!(checkpoint.requests.iter().map(|request| request.key).collect::<Vec<_>>(), [key(1, 1)]);
    assert_eq!(checkpoint.requests, world.folded().requests, "as a replay says it");
    world.answer(key(1, 1), Ok(vec![1]));
    assert_eq!(kinds(&world.tick(vec![])), ["answer 1 Ok([1])"]);
}

#[test]
fn in_journals_of_earlier_hosts_a_game_begun_anew_numbers_from_1_and_is_told_nothing_that_it_did_not_ask() {
    let mut world = World::new(20, 1);
    world.all_join().tick(vec![put(1), reliable(Target::Everyone, "one")]);
    let setup = Setup { seed: [9; 4], ..world.life.spec().setup.clone() };
    swap(&mut world, Swap::Restarted(Box::new(setup)), vec![get(1)]);
    assert_eq!(world.asked_keys(), [key(1, 1), key(2, 1)]);
    world.answer(key(1, 1), Ok(vec![1])).answer(key(2, 1), Ok(vec![2]));
    assert!(kinds(&world.tick(vec![])).contains(&"answer 1 Ok([2])".to_owned()));
}
