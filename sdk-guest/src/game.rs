//! What a game implements.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cx::Cx;
use crate::info::Info;
use crate::message::Message;
use crate::seat::{Leave, Seat};
use crate::storage::{Document, Request, StorageError};

/// The server side of a game: one value for each match.
///
/// The host calls these methods one at a time. Each is given the [`Cx`], through which the game acts. In one step come
/// first the events in the order of their arrival, then the timers that are due, then [`Game::tick`]; at its end every
/// seat whose [`Game::view`] has changed is sent the new one.
///
/// A match is a function of its events: use [`Cx::rng`], [`Cx::now`] and timers instead of clocks and chance of your own.
pub trait Game: Sized + 'static {
    /// Name, seats, pace, limits.
    const INFO: Info;

    /// What players send.
    type In: Message;
    /// What the game sends at a certain moment: refusals, sounds, chat. What is true for longer belongs in the view.
    type Out: Message;
    /// What one seat may see. `()` for games that send only messages.
    type View: Message;
    /// The names of timers: `()` if there is one, an enum under `#[message]` or `#[state]` if there are several.
    type Timer: Clone + PartialEq + Serialize + DeserializeOwned + 'static;

    /// A match begins. Nobody has joined yet.
    fn start(cx: &Cx<Self>) -> Self;

    /// What this seat sees now. Called at the end of each step for each connected seat; whole views are sent when they
    /// changed. Players who join late or reload their page get it by themselves.
    fn view(&self, cx: &Cx<Self>, seat: Seat) -> Self::View;

    /// What those see who watch without a seat, if this game lets them: see [`Info::spectators`]. Called at the end of each
    /// step while somebody watches; sent when it changed, and whole to whoever comes. Nothing that a player keeps from the
    /// others belongs in it, unless it is shown later (`spectators-delay-seconds`).
    fn spectator_view(&self, cx: &Cx<Self>) -> Option<Self::View> {
        let _ = cx;
        None
    }

    /// A player took a seat, for the first time.
    fn join(&mut self, cx: &Cx<Self>, seat: Seat) {
        let _ = (cx, seat);
    }

    /// A player sent a message. Bytes that are not a message never get here.
    fn message(&mut self, cx: &Cx<Self>, from: Seat, message: Self::In) {
        let _ = (cx, from, message);
    }

    /// A timer set with [`Cx::after`] is due.
    fn timer(&mut self, cx: &Cx<Self>, timer: Self::Timer) {
        let _ = (cx, timer);
    }

    /// A period of [`Info::tick_rate`] has passed. Never called without a rate.
    fn tick(&mut self, cx: &Cx<Self>) {
        let _ = cx;
    }

    /// A player's connection is lost; the seat is kept for them until [`Game::reconnect`] or [`Game::leave`].
    fn disconnect(&mut self, cx: &Cx<Self>, seat: Seat) {
        let _ = (cx, seat);
    }

    /// A lost player is back, on the same seat.
    fn reconnect(&mut self, cx: &Cx<Self>, seat: Seat) {
        let _ = (cx, seat);
    }

    /// A player is gone for good. [`Cx::seats`] no longer has the seat, [`Cx::player`] still does until this returns.
    fn leave(&mut self, cx: &Cx<Self>, seat: Seat, how: Leave) {
        let _ = (cx, seat, how);
    }

    /// The answer to a request of [`Cx::storage`], in a later step. Answers come in the order of the requests.
    fn answer(&mut self, cx: &Cx<Self>, request: Request, answer: Result<Document, StorageError>) {
        let _ = (cx, request, answer);
    }

    /// The answer to [`Cx::call`]: the bytes that the owner's backend answered, at most 64 KiB.
    fn called(&mut self, cx: &Cx<Self>, request: Request, answer: Result<Vec<u8>, StorageError>) {
        let _ = (cx, request, answer);
    }

    /// Word from the operator or the owner of the game. Unknown topics are to be ignored.
    fn notice(&mut self, cx: &Cx<Self>, topic: &str, data: &[u8]) {
        let _ = (cx, topic, data);
    }
}
