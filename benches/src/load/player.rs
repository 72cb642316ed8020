//! A player of a match, by the real client's own protocol machine.

use std::net::SocketAddr;

use bytes::Bytes;
use stadion_protocol::client::{Client, ClientConfig, Endpoint, Event, Input, PathId, Transmit};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::Credential;
use stadion_protocol::{Moment, Seat};
use stadion_schema::envelope::{Down, Up};

use super::{Said, Speaker, Standing, input, stamp};

/// What lets a player in.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    /// The server.
    pub(crate) address: SocketAddr,
    /// Signed by the benchmark.
    pub(crate) join_token: String,
    /// Of the game.
    pub(crate) schema: SchemaHash,
    /// Distinct for each player.
    pub(crate) number: u64,
    /// What comes back of an input, and where.
    pub(crate) view: View,
}

/// How a player finds its own input in what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// relay-arena's state in the SDK's envelope: the tick, then 24 bytes for each seat.
    Arena,
    /// The input itself.
    Echo,
}

/// One player.
#[derive(Debug)]
pub(crate) struct Player {
    client: Client,
    path: PathId,
    seat: Option<Seat>,
    view: View,
    sequence: u32,
    echoed: u32,
    out: Option<String>,
}

impl Player {
    pub(crate) fn new(ticket: &Ticket, now: Moment) -> Player {
        let endpoint = Endpoint { address: ticket.address, certificate_hashes: Vec::new() };
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&ticket.number.to_le_bytes());
        let credential = Credential::Join { token: ticket.join_token.clone(), nonce };
        let config = ClientConfig::new(vec![endpoint], credential, ticket.schema, ticket.number);
        let client = Client::new(config, now);
        let mut player =
            Player { client, path: PathId(0), seat: None, view: ticket.view, sequence: 0, echoed: 0, out: None };
        player.settle(now, &mut Said::default());
        player
    }

    /// Carries out what the machine wants and takes in what it heard.
    fn settle(&mut self, now: Moment, said: &mut Said) {
        while let Some(transmit) = self.client.poll_transmit() {
            match transmit {
                // The first is what this player was made for. A second one means that the first was silent for a
                // second: that counts as being out, and is not hidden by a reconnect.
                Transmit::Connect { path, .. } if self.path == PathId(0) => self.path = path,
                Transmit::Connect { .. } => self.is_out("nothing was heard for a second"),
                Transmit::Stream { data, .. } => said.stream.push(data),
                Transmit::Datagram { data, .. } => said.datagrams.push(data),
                Transmit::Close { .. } => self.is_out("closed by its own protocol"),
            }
        }
        while let Some(event) = self.client.poll_event() {
            match event {
                Event::Welcome { seat, .. } => self.seat = Some(seat),
                Event::Unreliable { data, .. } => self.hears(&data, said),
                Event::Closed { reason, .. } => self.is_out(&reason),
                _ => {}
            }
        }
        let _ = now;
    }

    fn hears(&mut self, data: &Bytes, said: &mut Said) {
        said.heard += 1;
        let own = match self.view {
            View::Echo => Some(&data[..]),
            View::Arena => match (Down::parse(data), self.seat) {
                (Ok(Down::View { data, .. }), Some(seat)) => data.get(4 + 24 * usize::from(seat.0)..),
                _ => None,
            },
        };
        if let Some((sequence, at)) = own.and_then(stamp)
            && sequence > self.echoed
        {
            self.echoed = sequence;
            said.echoed = Some(at);
        }
    }

    fn is_out(&mut self, why: &str) {
        self.out.get_or_insert_with(|| why.to_owned());
    }
}

impl Speaker for Player {
    fn connected(&mut self, now: Moment, max_datagram: Option<usize>, said: &mut Said) {
        self.client.handle(now, Input::Connected { path: self.path, max_datagram });
        self.settle(now, said);
    }

    fn stream(&mut self, now: Moment, chunk: &[u8], said: &mut Said) {
        self.client.handle(now, Input::Stream { path: self.path, chunk });
        self.settle(now, said);
    }

    fn datagram(&mut self, now: Moment, data: &[u8], said: &mut Said) {
        self.client.handle(now, Input::Datagram { path: self.path, data });
        self.settle(now, said);
    }

    fn closed(&mut self, _: Moment, reason: &str) {
        self.is_out(reason);
    }

    fn play(&mut self, now: Moment, said: &mut Said) {
        self.sequence += 1;
        let bytes = input(self.sequence, now);
        let bytes = match self.view {
            View::Arena => Up::Message(&bytes).to_bytes().into(),
            View::Echo => Bytes::copy_from_slice(&bytes),
        };
        if let Err(error) = self.client.send_unreliable(now, bytes) {
            self.is_out(&error.to_string());
        }
        self.settle(now, said);
    }

    fn next_timeout(&self) -> Option<Moment> {
        self.client.next_timeout()
    }

    fn timeout(&mut self, now: Moment, said: &mut Said) {
        self.client.on_timeout(now);
        self.settle(now, said);
    }

    fn standing(&self) -> Standing {
        match (&self.out, self.seat) {
            (Some(why), _) => Standing::Out(why.clone()),
            (None, Some(_)) => Standing::Playing,
            (None, None) => Standing::Joining,
        }
    }
}
