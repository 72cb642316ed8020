//! Relays every seat's newest input to everyone: the smallest game in real time, and the load of our benchmarks.

use stadion_sdk::prelude::*;

/// Every seat's newest input, to everyone, 20 times a second.
pub struct Relay {
    seats: [[u8; 24]; 4],
}

/// What everyone sees: 100 bytes.
#[message]
pub struct State {
    /// The tick, little-endian.
    pub tick: [u8; 4],
    /// By seat: sequence number, client time stamp, aim.
    pub seats: [[u8; 24]; 4],
}

impl Game for Relay {
    const INFO: Info = Info::new("relay-arena").seats(4..=4).tick_rate(20).unreliable_view();
    type In = [u8; 32];
    type Out = ();
    type View = State;
    type Timer = ();

    fn start(_: &Cx<Self>) -> Self {
        Relay { seats: [[0; 24]; 4] }
    }

    fn message(&mut self, _: &Cx<Self>, from: Seat, input: [u8; 32]) {
        self.seats[from.index()].copy_from_slice(&input[..24]);
    }

    fn view(&self, cx: &Cx<Self>, _: Seat) -> State {
        State { tick: (cx.tick as u32).to_le_bytes(), seats: self.seats }
    }
}

game!(Relay);

#[test]
fn an_input_comes_back_to_everyone() {
    let mut m = Match::<Relay>::with_players(4);
    m.send(2, [7; 32]).ticks(1);
    assert_eq!(m.view(0).seats[2], [7; 24]);
}
