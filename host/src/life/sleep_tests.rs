//! When a match sleeps, and that its game does not notice.

use stadion_protocol::Incarnation;
use stadion_protocol::contract::{Hibernation, MatchSettings};

use super::super::testing::{Log, World, join, kinds, resume, spec, stepped};
use super::*;
use crate::link::FromPlayer;
use crate::model::Stepped;

const HOUR: Duration = Duration::from_secs(3_600);

/// A match that lives for ever, sleeps after ten seconds and waits for events, with its players there.
fn waiting(rate: u16, rate_asleep: RateAsleep, wake: Wake) -> World {
    let mut settings = MatchSettings {
        hibernation: Hibernation { rate: rate_asleep, ..Hibernation::default() },
        ..MatchSettings::default()
    };
    (settings.lifetimes.empty, settings.lifetimes.longest) = (Duration::ZERO, Duration::ZERO);
    settings.lifetimes.reconnect = HOUR;
    let mut world = World::with(Spec { settings, ..spec(rate, 2) }, Log::Instant, stepped(Vec::new()));
    world.hello(0, join(0, "a", 1)).hello(1, join(1, "b", 1));
    world.begin();
    world.returns(Stepped { wake, outputs: Vec::new() });
    world
}

/// Both are gone, and the game knows.
fn abandoned(rate: u16, rate_asleep: RateAsleep, wake: Wake) -> World {
    let mut world = waiting(rate, rate_asleep, wake);
    world.hear(0, FromPlayer::Closed).hear(1, FromPlayer::Closed);
    world.begin();
    world.returns(Stepped { wake, outputs: Vec::new() });
    world
}

/// Leaves memory and comes back after this long. What a checkpoint holds is what the records say.
fn sleeps_for(world: &mut World, time: Duration) {
    let state = world.life.host_state().unwrap();
    let Asleep { rest, .. } = world.life.asleep().unwrap();
    world.now = world.now + time;
    let spec = Spec { incarnation: Incarnation(state.incarnation + 1), ..world.life.spec().clone() };
    world.life = Life::wake(spec, state, &rest, Arrival { now: world.now, unix_ns: 0 });
    world.said.clear();
    world.drain();
}

#[test]
fn a_match_sleeps_ten_seconds_after_its_last_player_left() {
    let mut world = waiting(0, RateAsleep::Never, Wake::Event);
    assert_eq!(world.life.sleeps_at(world.now), None, "they are there");
    world.hear(0, FromPlayer::Closed).hear(1, FromPlayer::Closed);
    let left = world.now;
    assert_eq!(world.life.sleeps_at(world.now), None, "the game is to hear of it");
    world.begin();
    world.returns(Stepped { wake: Wake::Event, outputs: Vec::new() });
    assert_eq!(world.life.sleeps_at(world.now), Some(left + Duration::from_secs(10)));
    let asleep = world.life.asleep().unwrap();
    assert_eq!(
        (asleep.status.state, asleep.wakes_at),
        (MatchState::Hibernated, Some(left + HOUR)),
        "seats are kept so long"
    );
}

#[test]
fn a_match_with_a_rate_sleeps_if_it_chose_to_or_waits() {
    for (rate_asleep, wake, sleeps) in [
        (RateAsleep::Never, Wake::Next, false),
        (RateAsleep::Never, Wake::Event, true),
        (RateAsleep::Skipped, Wake::Next, true),
        (RateAsleep::Ticks, Wake::Next, true),
    ] {
        let world = abandoned(20, rate_asleep, wake);
        assert_eq!(world.life.sleeps_at(world.now).is_some(), sleeps, "{rate_asleep:?} {wake:?}");
    }
}

#[test]
fn nobody_lies_down_for_a_moment_or_shortly_before_the_end() {
    let soon = abandoned(0, RateAsleep::Never, Wake::At(11_000_000_000));
    assert_eq!(soon.life.sleeps_at(soon.now), None, "its time comes a second after it would sleep");
    let later = abandoned(0, RateAsleep::Never, Wake::At(60_000_000_000));
    assert!(later.life.sleeps_at(later.now).is_some());
    let mut usual = World::new(0, 1);
    usual.all_join().hear(0, FromPlayer::Closed);
    usual.tick(Vec::new());
    assert_eq!(usual.life.sleeps_at(usual.now), None, "it ends a minute after its last player left");
}

#[test]
fn a_wanted_time_comes_in_the_sleep_as_it_would_have_awake() {
    let minute = 60_000_000_000;
    let mut awake = abandoned(0, RateAsleep::Never, Wake::At(minute));
    let mut asleep = abandoned(0, RateAsleep::Never, Wake::At(minute));
    let wakes_at = asleep.life.asleep().unwrap().wakes_at.unwrap();
    let time = wakes_at.since(asleep.now);
    sleeps_for(&mut asleep, time);
    awake.pass(time);
    let (one, other) = (awake.begin(), asleep.begin());
    assert_eq!((one.number, one.time, &one.events), (other.number, other.time, &other.events));
    assert_eq!(one.time, minute);
}

#[test]
fn whoever_comes_back_has_the_seat_and_the_next_incarnation() {
    let mut world = waiting(0, RateAsleep::Never, Wake::Event);
    let token = world.token(0);
    world.hear(0, FromPlayer::Closed).hear(1, FromPlayer::Closed);
    world.begin();
    world.returns(Stepped { wake: Wake::Event, outputs: Vec::new() });
    sleeps_for(&mut world, Duration::from_secs(1_800));
    world.hello(7, resume(token, 0));
    assert_eq!(kinds(&world.tick(Vec::new())), ["connected 0"]);
    assert_eq!(world.life.status().incarnation, Incarnation(2));
    world.pass(HOUR);
    assert_eq!(kinds(&world.tick(Vec::new())), ["left 1 TimedOut"], "the other's time went on");
}

#[test]
fn periods_slept_through_are_skipped_or_made_up_for_as_the_version_chose() {
    let mut skips = abandoned(20, RateAsleep::Skipped, Wake::Next);
    sleeps_for(&mut skips, Duration::from_secs(60));
    let first = skips.tick(Vec::new());
    assert!((1_190..=1_201).contains(&first.skipped), "{}", first.skipped);

    let mut makes_up = abandoned(20, RateAsleep::Ticks, Wake::Next);
    let before = makes_up.life.tick().0;
    sleeps_for(&mut makes_up, Duration::from_secs(60));
    let woken = makes_up.now;
    while makes_up.life.makes_up() {
        assert!(!makes_up.life.has_room(), "nobody is let in before it is now");
        assert_eq!(makes_up.tick(Vec::new()).skipped, 0);
    }
    let made = makes_up.life.tick().0 - before;
    assert!((1_200..1_215).contains(&made), "{made}");
    assert!(makes_up.now.since(woken) < Duration::from_secs(1), "{:?}", makes_up.now.since(woken));
}

#[test]
fn what_is_beyond_the_bound_is_skipped() {
    let mut world = abandoned(20, RateAsleep::Ticks, Wake::Next);
    sleeps_for(&mut world, HOUR);
    let first = world.tick(Vec::new());
    assert!(first.skipped > 65_000, "{}", first.skipped);
    let (before, mut skipped) = (world.life.tick().0, 0);
    while world.life.makes_up() {
        skipped += world.tick(Vec::new()).skipped;
    }
    let made = world.life.tick().0 - before;
    assert!(
        (5_990..6_000).contains(&made) && skipped < 50,
        "{made} made, {skipped} that passed meanwhile were skipped"
    );
}

#[test]
fn a_match_found_asleep_stays_so_and_one_that_was_awake_does_not() {
    let arrival = |world: &World| Arrival { now: world.now, unix_ns: 0 };
    let world = abandoned(0, RateAsleep::Never, Wake::Event);
    let state = world.life.host_state().unwrap();
    assert!(Rest::found(world.life.spec(), &state, arrival(&world)).is_some());
    let busy = waiting(0, RateAsleep::Never, Wake::Event);
    let state = busy.life.host_state().unwrap();
    assert_eq!(Rest::found(busy.life.spec(), &state, arrival(&busy)), None, "its players are to be told gone");
    let ticks = abandoned(20, RateAsleep::Never, Wake::Next);
    let state = ticks.life.host_state().unwrap();
    assert_eq!(Rest::found(ticks.life.spec(), &state, arrival(&ticks)), None);
}
