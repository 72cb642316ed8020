//! Those who watch, with a scripted game.

use stadion_protocol::contract::{Spectators, Watchers};

use super::super::testing::{ID, Log, World, finish, join, kinds, reliable, spec, stepped};
use super::super::{HostState, Spec};
use super::*;
use crate::model::{Output, Stepped, Target, Wake};

const SECOND: Duration = Duration::from_secs(1);

fn watched(rate: u16, delay: Duration) -> World {
    let mut spec = spec(rate, 1);
    spec.settings.spectators = Spectators { who: Watchers::Allowed, delay };
    let mut world = World::with(spec, Log::Instant, stepped(Vec::new()));
    world.all_join();
    world.words(0);
    world
}

/// A hello of somebody who watches, with this token.
fn watch(token: &str) -> Admission {
    let mut admission = join(0, token, token.as_bytes()[0]);
    if let Credential::Join { claims, .. } = &mut admission.credential {
        (claims.seat, claims.match_id) = (Seat::SPECTATOR, ID);
    }
    admission
}

fn shown(text: &str) -> Output {
    reliable(Target::Spectators, text)
}

fn glimpse(text: &str) -> Output {
    Output::Send { to: Target::Spectators, via: Delivery::Unreliable, data: text.into() }
}

#[test]
fn who_watches_is_counted_and_shown_what_is_said_from_then_on() {
    let mut world = watched(20, Duration::ZERO);
    world.tick(vec![shown("nobody sees this")]);
    world.hello(7, watch("a"));
    assert!(matches!(world.words(7)[..], [ToPlayer::Welcome { seat: Seat::SPECTATOR, fresh: true, .. }]));
    let input = world.tick(vec![shown("all"), glimpse("now")]);
    assert_eq!(kinds(&input), ["Spectators(1)"]);
    let words = world.words(7);
    assert!(matches!(words[0], ToPlayer::Unreliable { .. }), "{words:?}");
    assert!(matches!(&words[1], ToPlayer::Reliable { out_seq: 1, data, .. } if data == "all"), "{words:?}");
    world.tick(vec![shown("more"), reliable(Target::Everyone, "for players")]);
    assert_eq!(world.messages(7), [(2, "more".to_owned())]);
    assert_eq!(world.messages(0), [(1, "for players".to_owned())]);
    assert_eq!(world.life.players(), 1, "no player");
    world.hear(7, FromPlayer::Closed);
    world.pass(SECOND);
    assert_eq!(kinds(&world.tick(Vec::new())), ["Spectators(0)"]);
}

#[test]
fn the_number_is_told_now_and_then_and_grows_for_whoever_comes() {
    let mut world = watched(20, Duration::ZERO);
    world.hello(7, watch("a"));
    assert_eq!(kinds(&world.tick(Vec::new())), ["Spectators(1)"]);
    // One goes and two come before it is told again.
    world.hear(7, FromPlayer::Closed).hello(8, watch("b")).hello(9, watch("c"));
    let mut told = Vec::new();
    for _ in 0..40 {
        told.extend(kinds(&world.tick(vec![shown("x")])));
    }
    assert_eq!(told, ["Spectators(2)"], "once, and it is more than before");
    world.hear(8, FromPlayer::Closed).hello(10, watch("d"));
    for _ in 0..40 {
        told.extend(kinds(&world.tick(Vec::new())));
    }
    assert_eq!(told[1..], ["Spectators(1)", "Spectators(2)"], "somebody came, so it grows");
}

#[test]
fn an_event_driven_match_hears_of_them_too() {
    let mut world = watched(0, Duration::ZERO);
    world.hello(7, watch("a"));
    assert_eq!(kinds(&world.tick(vec![shown("board")])), ["Spectators(1)"]);
    assert_eq!(world.messages(7), [(1, "board".to_owned())]);
    world.hear(7, FromPlayer::Leave);
    assert_eq!(world.closed(7), Some(CloseCode::Left));
    assert_eq!(kinds(&world.begin()), ["Spectators(0)"], "at its time, without anybody's doing");
}

#[test]
fn nothing_that_they_do_reaches_the_game() {
    let mut world = watched(20, Duration::ZERO);
    world.hello(7, watch("a"));
    world.tick(Vec::new());
    world.hear(7, FromPlayer::Ack { out_seq: 9_999 });
    world.hear(7, FromPlayer::Quality { round_trip_ms: 1, jitter_ms: 1, loss_permille: 1 });
    assert_eq!(world.tick(Vec::new()).events, []);
    world.input(7, 1);
    assert_eq!(world.closed(7), Some(CloseCode::ProtocolError));
    for (conn, word) in
        [(8, FromPlayer::Unreliable { data: Bytes::new() }), (9, FromPlayer::Hello(Box::new(watch("x"))))]
    {
        world.hello(conn, watch(&conn.to_string()));
        world.hear(conn, word);
        assert_eq!(world.closed(conn), Some(CloseCode::ProtocolError));
    }
    assert_eq!(world.life.spectators(), 0);
}

#[test]
fn a_token_is_good_for_one_at_a_time() {
    let mut world = watched(20, Duration::ZERO);
    world.hello(7, watch("a"));
    world.hello(8, Admission { speaker: join(0, "", 99).speaker, ..watch("a") });
    assert_eq!((world.closed(7), world.closed(8)), (Some(CloseCode::Replaced), None));
    assert_eq!(world.life.spectators(), 1);
}

#[test]
fn they_are_let_in_where_settings_say_so_and_so_many() {
    let mut closed_to_all = World::new(20, 1);
    closed_to_all.hello(7, watch("a"));
    assert_eq!(closed_to_all.closed(7), Some(CloseCode::Refused));
    let mut world = watched(20, Duration::ZERO);
    let mut outdated = watch("a");
    outdated.schema.0[0] ^= 1;
    world.hello(6, outdated);
    assert_eq!(world.closed(6), Some(CloseCode::OutdatedClient));
    for n in 0..MAX_SPECTATORS as u64 {
        world.hello(100 + n, watch(&n.to_string()));
    }
    world.hello(7, watch("one more"));
    assert_eq!(world.closed(7), Some(CloseCode::Refused));
    let told = (0..20).flat_map(|_| kinds(&world.tick(Vec::new()))).collect::<Vec<_>>();
    assert_eq!(told, ["Spectators(1)".to_owned(), format!("Spectators({MAX_SPECTATORS})")]);
}

#[test]
fn what_they_see_is_late_by_what_settings_say() {
    let mut world = watched(0, 10 * SECOND);
    world.hello(7, watch("a"));
    world.tick(vec![shown("board"), glimpse("hand")]);
    world.words(7);
    world.pass(9 * SECOND);
    assert_eq!(world.words(7).len(), 0);
    assert!(world.life.deadline().unwrap() <= world.now + SECOND);
    world.pass(SECOND);
    assert_eq!(world.words(7).len(), 2);
}

#[test]
fn when_too_much_is_on_its_way_everything_is_sent_anew() {
    let mut world = watched(20, 60 * SECOND);
    world.hello(7, watch("a"));
    world.tick(Vec::new());
    let mut told = Vec::new();
    for _ in 0..40 {
        told.extend(kinds(&world.tick(vec![shown(&"x".repeat(60_000))])));
        assert!(world.life.watching.late_bytes <= LATE_BYTES);
    }
    assert!(told.chunks(2).all(|pair| pair == ["Spectators(0)", "Spectators(1)"]) && !told.is_empty(), "{told:?}");
}

#[test]
fn at_the_end_they_see_the_rest_and_are_told() {
    let mut world = watched(20, 60 * SECOND);
    world.hello(7, watch("a"));
    world.tick(Vec::new());
    world.words(7);
    world.tick(vec![shown("mate"), finish()]);
    let words = world.words(7);
    assert!(
        matches!(words[..], [ToPlayer::Reliable { .. }, ToPlayer::Ended { .. }, ToPlayer::Close { .. }]),
        "{words:?}"
    );
    world.hello(8, watch("b"));
    assert_eq!(world.closed(8), Some(CloseCode::Finished));
}

#[test]
fn after_a_crash_the_game_is_told_who_is_there_again() {
    let mut world = watched(20, Duration::ZERO);
    world.hello(7, watch("a")).hello(8, watch("b"));
    world.tick(Vec::new());
    world.crash();
    world.hello(9, watch("a"));
    let mut told = Vec::new();
    for _ in 0..40 {
        told.extend(kinds(&world.tick(vec![shown("x")])).into_iter().filter(|kind| kind.starts_with("Spec")));
    }
    assert_eq!(told, ["Spectators(0)", "Spectators(1)"]);
    assert!(!world.messages(9).is_empty());
    let before: Spec = world.life.spec().clone();
    assert_eq!(before.settings.spectators.who, Watchers::Allowed);
}

#[test]
fn they_keep_a_match_awake_and_not_alive() {
    let mut world = watched(0, Duration::ZERO);
    world.hear(0, FromPlayer::Leave);
    world.tick(Vec::new());
    world.life.stepped(world.now, Stepped { wake: Wake::Event, outputs: Vec::new() });
    world.pass(11 * SECOND);
    assert!(world.life.sleeps_at(world.now).is_none_or(|at| at <= world.now));
    world.hello(7, watch("a"));
    assert_eq!(world.life.sleeps_at(world.now), None);
    world.tick(Vec::new());
    world.pass(60 * SECOND);
    assert!(world.ended.is_some() || world.life.ended().is_some(), "nobody plays: it ends at its time");
}

#[test]
fn a_state_of_before_there_were_any_is_read() {
    let mut world = watched(20, Duration::ZERO);
    world.tick(Vec::new());
    let state = world.folded();
    let mut bytes = state.to_bytes();
    assert_eq!(bytes.pop(), Some(0), "the last field, which is not there before");
    bytes[0] = 4;
    assert_eq!(HostState::from_bytes(&bytes), Ok(state));
}
