//! The example games themselves, run natively, with their views as values: what tests of boards and bots stand on.

use stadion_schema::{Root, Schema, Value};
use stadion_sdk::GameModule;
use stadion_sdk::message::{decode, encode};
use stadion_sdk::testing::Match;

/// The schema that travels with a game.
pub(crate) fn schema<G: GameModule>() -> Schema {
    Schema::parse(G::SCHEMA).unwrap()
}

/// What a seat sees, as a client decodes it.
pub(crate) fn view<G: GameModule>(m: &Match<G>, seat: u16) -> Value {
    schema::<G>().decode(Root::View, &encode(&m.view(seat))).unwrap()
}

/// Sends what a client would.
pub(crate) fn send<G: GameModule>(m: &mut Match<G>, seat: u16, input: &Value) {
    let bytes = schema::<G>().encode(Root::In, input).unwrap();
    m.send(seat, decode::<G::In>(&bytes).unwrap());
}
