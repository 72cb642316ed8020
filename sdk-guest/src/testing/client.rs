//! A player's client in a test: opens what the game sends and acknowledges views as a real one does.

use stadion_schema::envelope::{Down, Up};

use crate::game::Game;
use crate::message;
use crate::raw::Delivery;

/// A client acknowledges an unreliable view that stayed the newest for so long.
const ACKNOWLEDGE_AFTER_NS: u64 = 100_000_000;

pub(super) struct Client<G: Game> {
    pub(super) seated: bool,
    pub(super) connected: bool,
    /// Nothing unreliable arrives, in either direction.
    pub(super) lossy: bool,
    /// Number and content of the newest view.
    pub(super) view: Option<(u64, G::View)>,
    pub(super) received: Vec<G::Out>,
    pub(super) kicked: Option<String>,
    /// When to acknowledge the newest view.
    pub(super) acknowledge_at: Option<u64>,
}

impl<G: Game> Default for Client<G> {
    fn default() -> Client<G> {
        Client {
            seated: false,
            connected: false,
            lossy: false,
            view: None,
            received: Vec::new(),
            kicked: None,
            acknowledge_at: None,
        }
    }
}

impl<G: Game> Client<G> {
    /// Just connected, knowing nothing.
    pub(super) fn seated() -> Client<G> {
        Client { seated: true, connected: true, ..Client::default() }
    }

    pub(super) fn receive(&mut self, via: Delivery, bytes: &[u8], now: u64) {
        if !self.connected || (self.lossy && via == Delivery::Unreliable) {
            return;
        }
        match Down::parse(bytes).expect("typed games send envelopes") {
            Down::Message(data) => {
                self.received.push(message::decode(data).expect("the game encoded this as its Out"));
            }
            Down::View { number, data } => {
                let newest = self.view.as_ref().map_or(0, |(newest, _)| *newest);
                if number > newest {
                    self.view = Some((number, message::decode(data).expect("the game encoded this as its View")));
                    self.acknowledge_at = (via == Delivery::Unreliable).then_some(now + ACKNOWLEDGE_AFTER_NS);
                } else if via == Delivery::Unreliable {
                    // A repeat: the acknowledgement was lost.
                    self.acknowledge_at.get_or_insert(now);
                }
            }
        }
    }

    /// The acknowledgement that is due, if one is.
    pub(super) fn acknowledgement(&mut self, now: u64) -> Option<Vec<u8>> {
        self.acknowledge_at.filter(|at| *at <= now && self.connected && !self.lossy)?;
        self.acknowledge_at = None;
        self.view.as_ref().map(|(number, _)| Up::Ack(*number).to_bytes())
    }
}
