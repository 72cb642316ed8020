//! The seam between a player's connection and what carries it.
//!
//! A transport carries one ordered, reliable stream each way and datagrams each way, knows its path, and closes with a
//! number and a text. [`quic`] does that for native clients over ALPN `stadion/1`, [`webtransport`] for browsers over ALPN
//! `h3` on the same endpoint, [`websocket`] for browsers on a TCP port that others serve. Nothing outside this folder knows
//! what a transport is made of, and nothing here knows what the bytes mean.

pub(super) mod quic;
pub(super) mod websocket;
pub(super) mod webtransport;

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::CloseCode;

/// Read from a stream at once, at most: a frame of the largest input in one piece.
const READ_BYTES: usize = 32 * 1024;

/// Pieces offered to a transport at once.
const WRITE_PIECES: usize = 32;

/// What a transport brought.
pub(super) enum Arrived<W> {
    /// The client opened its stream: what is written goes here. Once for each connection.
    Opened(W),
    /// Bytes of the stream, in order, cut anywhere.
    Stream(Bytes),
    /// One datagram.
    Datagram(Bytes),
    /// What came is not this transport's, for this reason. The last thing to arrive.
    Nonsense(&'static str),
    /// The client ended its stream, or the connection is gone. The last thing to arrive.
    Gone(Departure),
}

/// How a connection ended, as seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Departure {
    /// The client closed it.
    ClosedByClient,
    /// Nothing came for the idle time, or the transport gave up.
    Lost,
}

/// A path as the transport measures it; counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Path {
    /// Smoothed.
    pub(super) round_trip: Duration,
    pub(super) sent_packets: u64,
    pub(super) lost_packets: u64,
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// On its way.
    Queued,
    /// On its way, in the place of older ones that were still waiting.
    Displaced,
    /// The transport does not take it.
    Dropped,
}

/// The connection as a whole: sends datagrams, closes, tells about its path. Dropping it does not close.
pub(super) trait Control: Send + Sync + 'static {
    /// Sends a datagram; where older ones still wait for a full buffer, the newest wins.
    fn send_datagram(&self, datagram: Bytes) -> Fate;

    /// The largest datagram it takes now; 0 when it takes none.
    fn max_datagram(&self) -> usize;

    /// The path as of now.
    fn path(&self) -> Path;

    /// Tells the client and forgets what was not sent. Idempotent: the first call counts.
    fn close(&self, code: CloseCode, reason: &str);
}

/// The receiving side.
pub(super) trait Receive: Send + 'static {
    /// The sending side that [`Arrived::Opened`] brings.
    type Transmit: Transmit + 'static;

    /// The next thing to arrive. Safe to cancel.
    fn next(&mut self) -> impl Future<Output = Arrived<Self::Transmit>> + Send;
}

/// The stream to the client could not be written: the client stopped it or the connection is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// The sending side of the stream.
pub(super) trait Transmit: Send + 'static {
    /// Waits until the transport takes some of `pieces`, removes that and says how many bytes it was. Safe to cancel.
    fn write(&mut self, pieces: &mut VecDeque<Bytes>) -> impl Future<Output = Result<usize, Stopped>> + Send;

    /// Ends the stream and waits until the client's transport has all of it.
    fn finish(&mut self) -> impl Future<Output = ()> + Send;
}
