//! One step of relay-arena on a real session, with 0, 8 and 64 events: what a tick costs without network and journal.

use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use stadion_benches::executor::poll_now;
use stadion_benches::workshop::{Workshop, setup};
use stadion_host::model::{Delivery, Event, TickInput};
use stadion_host::session::{Session, StepBudget};
use stadion_protocol::Seat;
use stadion_protocol::contract::PlayerInfo;

/// Seats of relay-arena.
const SEATS: u16 = 4;
/// Nanoseconds between ticks.
const PERIOD: u64 = 50_000_000;
/// The envelope's byte for a message, and 32 bytes of input.
const INPUT: [u8; 33] = [0; 33];

/// A match whose seats are all taken, and its clock.
struct Match {
    session: Session,
    tick: u64,
}

impl Match {
    fn open(workshop: &Workshop) -> Match {
        let budget = StepBudget::of(workshop.loaded.description());
        let started = poll_now(Session::start(&workshop.loaded, &setup(), budget));
        let (session, _) = started.expect("relay-arena starts");
        let mut game = Match { session, tick: 0 };
        let joins = (0..SEATS).flat_map(|seat| {
            let (seat, id) = (Seat(seat), format!("player-{seat}").parse().expect("a player id"));
            let player = PlayerInfo { id, name: "bench".to_owned(), team: 0, bot: true, data: Vec::new() };
            [Event::Joined { seat, player, options: Vec::new() }, Event::Connected { seat, fresh: true }]
        });
        game.step(joins.collect());
        game
    }

    fn step(&mut self, events: Vec<Event>) {
        self.tick += 1;
        let input = TickInput { number: self.tick, time: self.tick * PERIOD, skipped: 0, events };
        black_box(poll_now(self.session.step(&input)).expect("relay-arena steps"));
    }
}

/// Inputs of all seats in turn.
fn inputs(count: u16) -> Vec<Event> {
    let input = |n: u16| Event::Message { seat: Seat(n % SEATS), via: Delivery::Unreliable, data: INPUT.to_vec() };
    (0..count).map(input).collect()
}

fn games() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/games");
    std::env::var_os("STADION_GAMES_DIR").map_or_else(default, PathBuf::from)
}

fn step(criterion: &mut Criterion) {
    let path = games().join("relay-arena.wasm");
    let wasm =
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask games`", path.display()));
    let workshop = Workshop::open(&wasm, 10).expect("relay-arena compiles");
    let mut group = criterion.benchmark_group("step");
    for events in [0, 8, 64] {
        let mut game = Match::open(&workshop);
        group.bench_function(BenchmarkId::from_parameter(events), |bencher| bencher.iter(|| game.step(inputs(events))));
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
