//! What the SDK does around a game: joining, views, timers, bad clients, saving.

use std::collections::HashMap;

use stadion_sdk::prelude::*;

/// Says back what it is told, shows a number, obeys.
#[state]
struct Parrot {
    shown: u8,
    heard: Vec<String>,
}

#[message]
enum Tell {
    Say(String),
    Show(u8),
    After(u16, String),
    Kick(Seat),
    Finish,
}

#[message]
struct Shown {
    number: u8,
    you: Seat,
    here: Vec<Seat>,
    heard: Vec<String>,
}

impl Game for Parrot {
    const INFO: Info = Info::new("parrot").seats(1..=4);
    type In = Tell;
    type Out = String;
    type View = Shown;
    type Timer = String;

    fn start(cx: &Cx<Self>) -> Self {
        if let Some(text) = cx.parameter("refuse") {
            cx.refuse(text);
        }
        Parrot { shown: 0, heard: Vec::new() }
    }

    fn join(&mut self, cx: &Cx<Self>, seat: Seat) {
        let name = cx.player(seat).map(|player| player.name.clone());
        cx.send(seat, &format!("welcome {}", name.unwrap_or_default()));
        self.heard.push(format!("join {seat}"));
    }

    fn message(&mut self, cx: &Cx<Self>, from: Seat, message: Tell) {
        match message {
            Tell::Say(text) => cx.broadcast(&text),
            Tell::Show(number) => self.shown = number,
            Tell::After(seconds, text) => cx.after(Duration::from_secs(seconds.into()), text),
            Tell::Kick(seat) => cx.kick(seat, "as told"),
            Tell::Finish => {
                self.shown = 99;
                cx.finish(Results::winner(from));
            }
        }
    }

    fn timer(&mut self, cx: &Cx<Self>, text: String) {
        self.heard.push(format!("{text} at {}", cx.now().as_secs()));
        if text == "again" {
            cx.after(Duration::ZERO, "at once".to_owned());
        }
    }

    fn disconnect(&mut self, _: &Cx<Self>, seat: Seat) {
        self.heard.push(format!("lost {seat}"));
    }

    fn reconnect(&mut self, _: &Cx<Self>, seat: Seat) {
        self.heard.push(format!("back {seat}"));
    }

    fn leave(&mut self, cx: &Cx<Self>, seat: Seat, how: Leave) {
        assert!(cx.player(seat).is_some() && !cx.seats().contains(&seat));
        self.heard.push(format!("{how:?} {seat}"));
    }

    fn view(&self, cx: &Cx<Self>, you: Seat) -> Shown {
        Shown { number: self.shown, you, here: cx.seats(), heard: self.heard.clone() }
    }
}

game!(Parrot, save);

/// The same number for everybody, unreliably, ten times a second.
#[state]
struct Billboard(u8);

impl Game for Billboard {
    const INFO: Info = Info::new("billboard").seats(1..=4).tick_rate(10).unreliable_view();
    type In = u8;
    type Out = ();
    type View = u8;
    type Timer = ();

    fn start(_: &Cx<Self>) -> Self {
        Billboard(0)
    }

    fn message(&mut self, cx: &Cx<Self>, _: Seat, number: u8) {
        self.0 = number;
        if number == 255 {
            cx.finish(Results::draw());
        }
    }

    fn view(&self, _: &Cx<Self>, _: Seat) -> u8 {
        self.0
    }
}

game!(Billboard, save);

/// Gives its answer in the order of a `HashMap`.
struct Careless(HashMap<u32, u32>);

impl Game for Careless {
    const INFO: Info = Info::new("careless").seats(1..=1);
    type In = ();
    type Out = Vec<u32>;
    type View = ();
    type Timer = ();

    fn start(_: &Cx<Self>) -> Self {
        Careless((0..20).map(|n| (n, n)).collect())
    }

    fn message(&mut self, cx: &Cx<Self>, from: Seat, (): ()) {
        cx.send(from, &self.0.keys().copied().collect());
    }

    fn view(&self, _: &Cx<Self>, _: Seat) {}
}

game!(Careless);

/// Forgets its count when it is saved.
#[state]
struct Forgetful {
    #[serde(skip)]
    count: u32,
}

impl Game for Forgetful {
    const INFO: Info = Info::new("forgetful").seats(1..=1);
    type In = ();
    type Out = u32;
    type View = ();
    type Timer = ();

    fn start(_: &Cx<Self>) -> Self {
        Forgetful { count: 0 }
    }

    fn message(&mut self, cx: &Cx<Self>, from: Seat, (): ()) {
        self.count += 1;
        cx.send(from, &self.count);
    }

    fn view(&self, _: &Cx<Self>, _: Seat) {}
}

game!(Forgetful, save);

#[test]
fn who_joins_can_be_greeted_at_once() {
    let mut m = Match::<Parrot>::plan().seats(2).players(1);
    m.join_with(|player| player.name = "Ada".to_owned());
    assert_eq!(m.received(1), ["welcome Ada"]);
    assert_eq!(m.view(0).here, [Seat(0), Seat(1)]);
}

#[test]
fn lost_players_keep_their_seats_until_they_leave() {
    let mut m = Match::<Parrot>::with_players(2);
    m.disconnect(1).send(0, Tell::Show(7));
    assert_eq!((m.view(1).number, m.view(0).here.len()), (0, 2));
    m.reconnect(1);
    assert_eq!(m.view(1).number, 7);
    m.reload(1).disconnect(1).time_out(1);
    let heard = ["join 0", "join 1", "lost 1", "back 1", "lost 1", "back 1", "lost 1", "TimedOut 1"];
    assert_eq!(m.view(0).heard, heard);
    assert_eq!(m.join(), 1, "the seat is free again");
}

#[test]
fn messages_reach_whom_they_are_for() {
    let mut m = Match::<Parrot>::with_players(3);
    (0..3u16).for_each(|seat| assert_eq!(m.received(seat).len(), 1));
    m.disconnect(2).send(0, Tell::Say("hello".to_owned())).reconnect(2);
    assert_eq!(m.received(1), ["hello"]);
    assert!(m.received(2).is_empty(), "who is not there misses messages, and sees views");
}

#[test]
fn timers_go_off_in_match_time() {
    let mut m = Match::<Parrot>::with_players(1);
    m.send(0, Tell::After(10, "late".to_owned())).send(0, Tell::After(5, "again".to_owned()));
    m.pass(Duration::from_millis(4_999));
    assert_eq!(m.view(0).heard.len(), 1);
    m.pass(Duration::from_secs(60));
    assert_eq!(m.view(0).heard[1..], ["again at 5", "at once at 5", "late at 10"]);
}

#[test]
fn a_client_that_sends_rubbish_is_closed_and_the_game_never_sees_it() {
    let mut m = Match::<Parrot>::with_players(2);
    for rubbish in [&b""[..], b"\x00", b"\x00\xff", b"\x01", b"\x02\x00", b"\x00\x01\x07\x07", b"\x00\x00\x05abc"] {
        m.send_raw(0, rubbish);
    }
    assert_eq!((m.kicked(0), m.logs().len()), (None, 7));
    m.send_raw(0, b"\xff");
    assert!(m.kicked(0).is_some_and(|reason| reason.contains("8 messages")));
    assert_eq!(m.view(1).heard, ["join 0", "join 1", "Kicked 0"]);
}

#[test]
fn who_is_kicked_is_told_why_and_gone() {
    let mut m = Match::<Parrot>::with_players(2);
    m.send(0, Tell::Kick(Seat(1))).send(0, Tell::Kick(Seat(3)));
    assert_eq!(m.kicked(1), Some("as told"));
    assert_eq!(m.view(0).here, [Seat(0)]);
}

#[test]
fn the_last_view_shows_the_end() {
    let mut m = Match::<Parrot>::with_players(3);
    m.leave(2).send(1, Tell::Finish);
    assert_eq!(m.view(0).number, 99);
    assert_eq!([0, 1, 2].map(|seat: u16| m.result().rank(seat)), [Some(2), Some(1), Some(2)], "who left lost");
}

#[test]
fn a_refused_match_tells_its_creator_why() {
    assert_eq!(Match::<Parrot>::plan().parameters("a=b&refuse=no").refusal().as_deref(), Some("no"));
    assert_eq!(Match::<Parrot>::plan().parameters("refused=no").refusal(), None);
}

#[test]
fn an_unreliable_view_is_repeated_until_it_has_arrived() {
    let mut m = Match::<Billboard>::with_players(2);
    m.set_lossy(1, true).send(0, 7).ticks(20);
    assert_eq!((m.view(0), m.view(1)), (7, 0));
    m.set_lossy(1, false).ticks(4);
    assert_eq!(m.view(1), 7, "though nothing has changed since");
}

#[test]
fn the_last_view_is_reliable() {
    let mut m = Match::<Billboard>::with_players(2);
    m.set_lossy(1, true).send(0, 255).ticks(1);
    assert_eq!(m.view(1), 255);
    assert!(m.result().is_draw());
}

#[test]
#[should_panic(expected = "two copies of the game differ at tick 2")]
fn a_game_that_depends_on_the_order_of_a_hash_map_fails_its_tests() {
    Match::<Careless>::with_players(1).send(0, ());
}

#[test]
#[should_panic(expected = "loses something when saved")]
fn a_game_that_loses_state_when_saved_fails_its_tests() {
    let mut m = Match::<Forgetful>::with_players(1);
    for _ in 0..10 {
        m.send(0, ());
    }
}

#[test]
fn chance_differs_between_matches_and_repeats_in_each() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let rng = Rng::new([seed, 2, 3, 4]);
        seen.insert(rng.below(1_000_000));
        assert_eq!(Rng::new([seed, 2, 3, 4]).below(1_000_000), Rng::new([seed, 2, 3, 4]).below(1_000_000));
    }
    assert!(seen.len() > 15);
}
