//! A load generator: thousands of players in one thread, over real QUIC.
//!
//! ```text
//!   every 1 ms: read the socket ─▶ players whose turn it is say their input ─▶ timers ─▶ write
//! ```
//!
//! It drives `quinn-proto` without tasks or wake-ups, so that one core is enough for what another core serves, and it is
//! pinned apart from the server. What it measures is quantized to its own turn: an echo reads up to a millisecond late.
//! A [`Speaker`] is one player's protocol: ours (`player`) or bare datagrams (`bare`).

mod bare;
mod fleet;
mod member;
mod player;
mod socket;
mod tally;
mod trust;

use bytes::Bytes;
use stadion_protocol::Moment;

pub(crate) use bare::Bare;
pub(crate) use fleet::{Fleet, Target};
pub(crate) use player::{Player, Ticket, View};
pub(crate) use socket::set_buffers;
pub(crate) use tally::Tally;

/// Bytes of an input: sequence number (4), time stamp (8), and what a game would have.
pub(crate) const INPUT_BYTES: usize = 32;

/// One player's side of a connection that is there.
pub(crate) trait Speaker {
    /// The transport is established.
    fn connected(&mut self, now: Moment, max_datagram: Option<usize>, said: &mut Said);

    /// Bytes of the stream, in order.
    fn stream(&mut self, now: Moment, bytes: &[u8], said: &mut Said);

    /// One datagram.
    fn datagram(&mut self, now: Moment, bytes: &[u8], said: &mut Said);

    /// The connection is gone.
    fn closed(&mut self, now: Moment, reason: &str);

    /// Says the next input.
    fn play(&mut self, now: Moment, said: &mut Said);

    /// When [`Speaker::timeout`] wants to be called.
    fn next_timeout(&self) -> Option<Moment>;

    /// Does what time asks for.
    fn timeout(&mut self, now: Moment, said: &mut Said);

    /// Where it stands.
    fn standing(&self) -> Standing;
}

/// Where a player stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Not let in yet.
    Joining,
    /// Plays.
    Playing,
    /// Is out, for this reason.
    Out(String),
}

/// What a player says in one go, and what it found out.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// For the stream, in order.
    pub(crate) stream: Vec<Bytes>,
    /// Datagrams.
    pub(crate) datagrams: Vec<Bytes>,
    /// The newest own input came back: when it was said.
    pub(crate) echoed: Option<Moment>,
    /// Messages heard.
    pub(crate) heard: u32,
}

/// An input with its sequence number and the time at which it is said.
pub(crate) fn input(sequence: u32, now: Moment) -> [u8; INPUT_BYTES] {
    let mut bytes = [0; INPUT_BYTES];
    bytes[..4].copy_from_slice(&sequence.to_le_bytes());
    bytes[4..12].copy_from_slice(&now.0.to_le_bytes());
    bytes
}

/// Sequence number and time stamp of an input that came back.
pub(crate) fn stamp(bytes: &[u8]) -> Option<(u32, Moment)> {
    let (sequence, rest) = bytes.split_first_chunk()?;
    let (at, _) = rest.split_first_chunk()?;
    Some((u32::from_le_bytes(*sequence), Moment(u64::from_le_bytes(*at))))
}

#[test]
fn an_input_carries_its_number_and_time() {
    assert_eq!(stamp(&input(7, Moment(99))), Some((7, Moment(99))));
    assert_eq!(stamp(&[0; 11]), None);
}
