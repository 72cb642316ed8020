//! Games without types, and what typed games ask of their host, seen from the host's side.

use std::cell::RefCell;
use std::rc::Rc;

use stadion_schema::envelope::Down;
use stadion_sdk::prelude::*;
use stadion_sdk::raw::{
    Delivery, Description, Event, Host, Level, Limits, Message, Placing, Presence, RawGame, Request, RequestError,
    SendError, Setup, Target, Tick, Wake,
};
use stadion_sdk::{GameModule, Typed, raw_game};

/// Sends back what it gets, as it is.
struct Echo(Rc<dyn Host>);

impl RawGame for Echo {
    fn describe() -> Description {
        Description {
            title: "echo".to_owned(),
            seats_min: 1,
            seats_max: 2,
            teams: 0,
            rate: 0,
            memory_bytes: 1 << 20,
            step_us: 1_000,
            schema: None,
            settings: Vec::new(),
        }
    }

    fn start(_: Setup, host: Rc<dyn Host>) -> Result<(Echo, Wake), String> {
        Ok((Echo(host), Wake::Event))
    }

    fn step(&mut self, tick: Tick) -> Wake {
        for event in tick.events {
            if let Event::Message(Message { seat, via, data }) = event {
                let sent = self.0.send(Target::Seat(seat), via, &data);
                sent.expect("who sends is there");
            }
        }
        Wake::Event
    }
}

raw_game!(Echo);

/// Shows everybody how often somebody said something, and each their own seat if `secret`.
struct Counter<const SECRET: bool>(u32);

impl<const SECRET: bool> Game for Counter<SECRET> {
    const INFO: Info = Info::new("counter").seats(1..=8).reconnect_for(9).memory(1 << 20).step_budget(700).teams(2);
    type In = ();
    type Out = ();
    type View = (u32, Option<Seat>);
    type Timer = ();

    fn start(_: &Cx<Self>) -> Self {
        Counter(0)
    }

    fn message(&mut self, _: &Cx<Self>, _: Seat, (): ()) {
        self.0 += 1;
    }

    fn view(&self, _: &Cx<Self>, seat: Seat) -> (u32, Option<Seat>) {
        (self.0, SECRET.then_some(seat))
    }
}

game!(Counter<false>);
game!(Counter<true>);

#[derive(Default)]
struct Notes(RefCell<Vec<(Target, Delivery, Vec<u8>)>>);

impl Host for Notes {
    fn send(&self, to: Target, via: Delivery, data: &[u8]) -> Result<(), SendError> {
        self.0.borrow_mut().push((to, via, data.to_vec()));
        Ok(())
    }

    fn kick(&self, _: u16, _: &str) -> Result<(), SendError> {
        Ok(())
    }

    fn set_label(&self, _: &str) {}
    fn set_open(&self, _: bool) {}
    fn finish(&self, _: &[Placing], _: &[u8]) {}
    fn log(&self, _: Level, _: &str) {}
    fn report(&self, _: &str, _: &str) {}

    fn get(&self, _: Option<&str>, _: &str) -> Result<Request, RequestError> {
        Err(RequestError::Denied)
    }

    fn put(&self, _: Option<&str>, _: &str, _: Option<u64>, _: &[u8]) -> Result<Request, RequestError> {
        Err(RequestError::Denied)
    }

    fn delete(&self, _: Option<&str>, _: &str, _: Option<u64>) -> Result<Request, RequestError> {
        Err(RequestError::Denied)
    }

    fn call(&self, _: &str, _: &str) -> Result<Request, RequestError> {
        Err(RequestError::Denied)
    }
}

fn setup(seats: u16) -> Setup {
    let limits = Limits {
        memory_bytes: 1 << 20,
        unreliable_bytes: 1_100,
        reliable_bytes: 65_536,
        sends_per_tick: 100,
        send_bytes_per_tick: 100_000,
        requests_open: 1,
        saved_bytes: 0,
    };
    let seed = (1, 2, 3, 4);
    Setup { match_id: String::new(), seed, started_unix_ns: 0, rate: 0, seats, parameters: Vec::new(), limits }
}

fn joined(seat: u16) -> [Event; 2] {
    let (id, name) = (format!("id{seat}"), format!("name{seat}"));
    let player = stadion_sdk::raw::Player { id, name, team: 0, bot: false, data: Vec::new(), options: Vec::new() };
    [Event::Joined((seat, player)), Event::Connected(Presence { seat, fresh: true })]
}

fn said(seat: u16, data: &[u8]) -> Event {
    Event::Message(Message { seat, via: Delivery::Reliable, data: data.to_vec() })
}

#[test]
fn a_raw_game_gets_and_sends_bytes_as_they_are() {
    let host = Rc::new(Notes::default());
    let (mut echo, _) = Echo::start(setup(1), host.clone()).unwrap();
    echo.step(Tick { number: 1, time: 0, skipped: 0, events: vec![said(0, b"\xff")] });
    assert_eq!(host.0.take(), [(Target::Seat(0), Delivery::Reliable, b"\xff".to_vec())]);
}

#[test]
fn equal_views_are_one_output_and_different_ones_are_not() {
    fn outputs<G: GameModule>() -> Vec<Target> {
        let host = Rc::new(Notes::default());
        let (mut game, _) = Typed::<G>::start(setup(3), host.clone()).unwrap();
        let mut events: Vec<Event> = (0..3).flat_map(joined).collect();
        events.push(said(1, &[0]));
        game.step(Tick { number: 1, time: 5, skipped: 0, events });
        let sent = host.0.take();
        for (_, via, data) in &sent {
            assert_eq!(*via, Delivery::Reliable);
            assert!(matches!(Down::parse(data), Ok(Down::View { number: 1, data: [1, ..] })), "{data:x?}");
        }
        sent.into_iter().map(|(to, ..)| to).collect()
    }
    assert_eq!(outputs::<Counter<false>>(), [Target::Everyone]);
    assert_eq!(outputs::<Counter<true>>(), [Target::Seat(0), Target::Seat(1), Target::Seat(2)]);
}

#[test]
fn a_newcomer_alone_is_shown_what_the_others_know() {
    let host = Rc::new(Notes::default());
    let (mut game, _) = Typed::<Counter<false>>::start(setup(3), host.clone()).unwrap();
    game.step(Tick { number: 1, time: 0, skipped: 0, events: joined(0).into() });
    host.0.take();
    let wake = game.step(Tick { number: 2, time: 0, skipped: 0, events: joined(2).into() });
    let sent: Vec<Target> = host.0.take().into_iter().map(|(to, ..)| to).collect();
    assert_eq!((sent.as_slice(), wake), ([Target::Seat(2)].as_slice(), Wake::Event));
}

#[test]
fn a_game_describes_itself() {
    let description = Typed::<Counter<false>>::describe();
    assert_eq!((description.seats_min, description.seats_max, description.teams, description.rate), (1, 8, 2, 0));
    assert_eq!((description.memory_bytes, description.step_us), (1 << 20, 700));
    assert_eq!(description.settings, [("reconnect-seconds".to_owned(), "9".to_owned())]);
    assert_eq!(description.schema.as_deref(), Some(<Counter<false> as GameModule>::SCHEMA));
}
