//! What a seat was promised: inputs exactly once and in order, reliable messages exactly once and in order, over all
//! connections that the seat ever has.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::ids::Tick;

/// One seat's numbers and what it has not acknowledged.
///
/// *Inputs.* [`accept`](SeatLink::accept) each; when the tick that consumed them is durable,
/// [`make_durable`](SeatLink::make_durable) gives the acknowledgement to send.
/// *Messages.* [`push`](SeatLink::push) each when it is released, and send it if a connection is there;
/// [`ack`](SeatLink::ack) trims. On a new connection, [`resume`](SeatLink::resume), say its answer in the `welcome`, then
/// send all of [`unacknowledged`](SeatLink::unacknowledged).
///
/// It knows no connections and no time: deciding which connection speaks for the seat is the match's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatLink {
    accepted: u64,
    durable: u64,
    last_out_seq: u64,
    acked: u64,
    /// Everything up to here was dropped or acknowledged; a client that has less needs everything afresh.
    forgotten: u64,
    unacked: VecDeque<Unacknowledged>,
    bytes: usize,
}

/// What a reliable input's number says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// The next one: it counts.
    Next,
    /// It came before: drop it.
    Duplicate,
    /// Some are missing: close the connection as `protocol-error`.
    Gap,
}

/// A message's number, and what became of older ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is kept until acknowledged.
    Kept {
        /// Its number.
        out_seq: u64,
    },
    /// It has its number, but too much was unacknowledged: all was dropped, this one too. A client that has not received
    /// them by now is told everything afresh when it next connects.
    Overflowed {
        /// Its number.
        out_seq: u64,
    },
}

impl Pushed {
    /// The message's number.
    pub fn out_seq(self) -> u64 {
        match self {
            Pushed::Kept { out_seq } | Pushed::Overflowed { out_seq } => out_seq,
        }
    }
}

/// A reliable message that its client may not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unacknowledged {
    /// Its number.
    pub out_seq: u64,
    /// The tick that made it.
    pub tick: Tick,
    /// Content.
    pub data: Bytes,
}

/// What a `welcome` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The client is to forget what it knows; also goes into the `connected` event of the match.
    pub fresh: bool,
    /// Inputs up to here need not be sent again.
    pub in_seq: u64,
    /// The number of the first message that will follow.
    pub next_out_seq: u64,
}

/// The client acknowledged or claimed a message that was never sent: close the connection as `protocol-error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message {out_seq} was never sent")]
pub struct AckAhead {
    /// What it claimed.
    pub out_seq: u64,
}

/// All of a [`SeatLink`], for checkpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeatLinkState {
    /// Newest input that counts.
    pub accepted: u64,
    /// Newest input that is durable.
    pub durable: u64,
    /// Number of the newest message.
    pub last_out_seq: u64,
    /// Everything up to here was dropped or acknowledged.
    pub forgotten: u64,
    /// In order.
    pub unacknowledged: Vec<Unacknowledged>,
}

impl SeatLink {
    /// The most that is kept for a client that does not acknowledge, bytes of content and overhead.
    pub const MAX_UNACKED_BYTES: usize = 256 * 1024;
    /// What each kept message is counted with beside its content, so that empty ones are bounded too.
    pub const MESSAGE_OVERHEAD: usize = 64;

    /// A seat that nothing was said to.
    pub fn new() -> SeatLink {
        SeatLink::restore(SeatLinkState::default())
    }

    /// As a checkpoint has it. Messages count as unacknowledged whatever was acknowledged after the checkpoint: a
    /// duplicate is dropped by its number.
    pub fn restore(state: SeatLinkState) -> SeatLink {
        SeatLink {
            accepted: state.accepted,
            durable: state.durable,
            last_out_seq: state.last_out_seq,
            acked: state.forgotten,
            forgotten: state.forgotten,
            bytes: state.unacknowledged.iter().map(cost).sum(),
            unacked: state.unacknowledged.into(),
        }
    }

    /// For a checkpoint.
    pub fn state(&self) -> SeatLinkState {
        SeatLinkState {
            accepted: self.accepted,
            durable: self.durable,
            last_out_seq: self.last_out_seq,
            forgotten: self.forgotten,
            unacknowledged: self.unacked.iter().cloned().collect(),
        }
    }

    /// Judges a reliable input by its number.
    pub fn accept(&mut self, in_seq: u64) -> Accepted {
        if in_seq <= self.accepted {
            Accepted::Duplicate
        } else if in_seq == self.accepted + 1 {
            self.accepted = in_seq;
            Accepted::Next
        } else {
            Accepted::Gap
        }
    }

    /// The newest input that counts: what a tick records.
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// The newest input that is durable.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// Inputs up to `in_seq` are durable. The acknowledgement to send, if it says something new.
    pub fn make_durable(&mut self, in_seq: u64) -> Option<u64> {
        // A replay may call this for inputs that it has not passed through `accept`.
        self.accepted = self.accepted.max(in_seq);
        (in_seq > self.durable).then(|| {
            self.durable = in_seq;
            in_seq
        })
    }

    /// Numbers a message and keeps it until it is acknowledged.
    pub fn push(&mut self, tick: Tick, data: Bytes) -> Pushed {
        self.last_out_seq += 1;
        let out_seq = self.last_out_seq;
        let message = Unacknowledged { out_seq, tick, data };
        self.bytes += cost(&message);
        self.unacked.push_back(message);
        if self.bytes <= Self::MAX_UNACKED_BYTES {
            return Pushed::Kept { out_seq };
        }
        self.forget_all();
        Pushed::Overflowed { out_seq }
    }

    /// The client has everything up to `out_seq`.
    pub fn ack(&mut self, out_seq: u64) -> Result<(), AckAhead> {
        if out_seq > self.last_out_seq {
            return Err(AckAhead { out_seq });
        }
        self.acked = self.acked.max(out_seq);
        while let Some(message) = self.unacked.pop_front_if(|message| message.out_seq <= out_seq) {
            self.bytes -= cost(&message);
            self.forgotten = message.out_seq;
        }
        Ok(())
    }

    /// A connection of this seat's player begins, with what its `hello` says.
    pub fn resume(&mut self, fresh: bool, last_out_seq: u64) -> Result<Resumed, AckAhead> {
        if fresh || last_out_seq < self.forgotten {
            self.forget_all();
            // A client that starts afresh numbers on from what counts: what its predecessor sent is not its own to send
            // again. One that lost only messages still holds its inputs.
            let in_seq = if fresh { self.accepted } else { self.durable };
            return Ok(Resumed { fresh: true, in_seq, next_out_seq: self.last_out_seq + 1 });
        }
        self.ack(last_out_seq)?;
        Ok(Resumed { fresh: false, in_seq: self.durable, next_out_seq: last_out_seq + 1 })
    }

    /// What to send to a client that has just resumed, in order.
    pub fn unacknowledged(&self) -> impl ExactSizeIterator<Item = &Unacknowledged> {
        self.unacked.iter()
    }

    /// Whether the client has everything that was ever pushed.
    pub fn all_acknowledged(&self) -> bool {
        self.acked == self.last_out_seq
    }

    /// The newest message's number.
    pub fn last_out_seq(&self) -> u64 {
        self.last_out_seq
    }

    fn forget_all(&mut self) {
        self.unacked.clear();
        self.bytes = 0;
        self.forgotten = self.last_out_seq;
    }
}

impl Default for SeatLink {
    fn default() -> SeatLink {
        SeatLink::new()
    }
}

fn cost(message: &Unacknowledged) -> usize {
    message.data.len() + SeatLink::MESSAGE_OVERHEAD
}
