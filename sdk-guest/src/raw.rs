//! The contract without the SDK's conveniences: the words of `game.wit` in Rust, and games that use them directly.
//!
//! A [`RawGame`] takes and sends bytes as they are: no schema, no views, no timers. Register it with
//! [`raw_game!`](crate::raw_game). [`Game`](crate::Game)s are raw games underneath.

use std::rc::Rc;

pub use crate::bindings::stateful::stadion::game::types::{
    Answer, Delivery, Departure, Description, Event, Level, Limits, Message, Notice, Placing, Player, Presence,
    Quality, Request, RequestError, SendError, Setup, Target, Tick, Time, Wake,
};

/// What a game may ask of its host. Outputs are kept until the step returns and dropped if it does not.
pub trait Host {
    /// Sends bytes to players.
    fn send(&self, to: Target, via: Delivery, data: &[u8]) -> Result<(), SendError>;
    /// Removes a player; the seat's `left` event follows.
    fn kick(&self, seat: u16, reason: &str) -> Result<(), SendError>;
    /// What the public list of matches shows of this one, as JSON.
    fn set_label(&self, json: &str);
    /// Whether new players may still join.
    fn set_open(&self, open: bool);
    /// Ends the match when this step returns.
    fn finish(&self, placings: &[Placing], data: &[u8]);
    /// Writes a line to the match's log.
    fn log(&self, level: Level, text: &str);
    /// Tells the owner's event stream.
    fn report(&self, kind: &str, json: &str);
    /// Asks for a document of a player, or of the game; the answer comes as an event.
    fn get(&self, player: Option<&str>, key: &str) -> Result<Request, RequestError>;
    /// Writes a document, optionally only over a known version.
    fn put(&self, player: Option<&str>, key: &str, expect: Option<u64>, data: &[u8]) -> Result<Request, RequestError>;
    /// Removes a document, optionally only a known version.
    fn delete(&self, player: Option<&str>, key: &str, expect: Option<u64>) -> Result<Request, RequestError>;
    /// Asks an endpoint of the owner's backend, in JSON; its answer comes as an event.
    fn call(&self, endpoint: &str, json: &str) -> Result<Request, RequestError>;
}

/// A game in terms of the contract.
pub trait RawGame: Sized + 'static {
    /// What the game says about itself.
    fn describe() -> Description;

    /// Tick 0. An error is the creator's fault and is told to the creator.
    fn start(setup: Setup, host: Rc<dyn Host>) -> Result<(Self, Wake), String>;

    /// One tick.
    fn step(&mut self, tick: Tick) -> Wake;
}

/// A raw game that can be carried over to a new version.
pub trait RawState: RawGame {
    /// Everything that [`RawState::load`] needs.
    fn save(&self) -> Vec<u8>;

    /// The game as it was saved, `now` in match time.
    fn load(setup: Setup, now: Time, saved: &[u8], host: Rc<dyn Host>) -> Result<(Self, Wake), String>;
}
