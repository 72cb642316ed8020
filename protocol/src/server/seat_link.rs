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
    /// Everything up to here is no longer kept without having been acknowledged; a client that has less needs everything
    /// afresh.
    dropped: u64,
    unacked: VecDeque<Unacknowledged>,
    bytes: usize,
    /// See [`forget_acknowledgements`](SeatLink::forget_acknowledgements).
    acks_unknown: bool,
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
    /// The newest message that the client is known to have.
    pub acked: u64,
    /// The newest message that was dropped unacknowledged.
    pub dropped: u64,
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
            acked: state.acked,
            dropped: state.dropped,
            bytes: state.unacknowledged.iter().map(cost).sum(),
            unacked: state.unacknowledged.into(),
            acks_unknown: false,
        }
    }

    /// For a checkpoint.
    pub fn state(&self) -> SeatLinkState {
        SeatLinkState {
            accepted: self.accepted,
            durable: self.durable,
            last_out_seq: self.last_out_seq,
            acked: self.acked,
            dropped: self.dropped,
            unacknowledged: self.unacked.iter().cloned().collect(),
        }
    }

    /// The host lost what the client has acknowledged: until its next `hello` says so, most of what is kept here has long
    /// arrived. So what is over the bound goes from the oldest on, instead of all at once.
    pub fn forget_acknowledgements(&mut self) {
        self.acks_unknown = true;
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
        if self.acks_unknown {
            self.drop_oldest();
        }
        if self.bytes <= Self::MAX_UNACKED_BYTES {
            return Pushed::Kept { out_seq };
        }
        self.drop_all();
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
        }
        Ok(())
    }

    /// A connection of this seat's player begins, with what its `hello` says: whether it is to be told everything, and the
    /// newest message that it has.
    pub fn resume(&mut self, fresh: bool, last_out_seq: u64) -> Result<Resumed, AckAhead> {
        self.ack(last_out_seq)?;
        self.acks_unknown = false;
        // A `hello` may be older than an acknowledgement that came on the connection before.
        let known = last_out_seq.max(self.acked);
        if !fresh && known >= self.dropped {
            return Ok(Resumed { fresh: false, in_seq: self.durable, next_out_seq: known + 1 });
        }
        self.drop_all();
        // A client that starts afresh numbers on from what counts: what its predecessor sent is not its own to send
        // again. One that lost only messages still holds its inputs.
        let in_seq = if fresh { self.accepted } else { self.durable };
        Ok(Resumed { fresh: true, in_seq, next_out_seq: self.last_out_seq + 1 })
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

    fn drop_oldest(&mut self) {
        while self.bytes > Self::MAX_UNACKED_BYTES
            && let Some(oldest) = self.unacked.pop_front()
        {
            self.bytes -= cost(&oldest);
            self.dropped = oldest.out_seq;
        }
    }

    fn drop_all(&mut self) {
        self.unacked.clear();
        self.bytes = 0;
        self.dropped = self.last_out_seq;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn push(link: &mut SeatLink, data: &'static [u8]) -> u64 {
        link.push(Tick(1), Bytes::from_static(data)).out_seq()
    }

    fn pushed(count: usize) -> SeatLink {
        let mut link = SeatLink::new();
        (0..count).for_each(|_| {
            push(&mut link, b"m");
        });
        link
    }

    fn held(link: &SeatLink) -> Vec<u64> {
        link.unacknowledged().map(|message| message.out_seq).collect()
    }

    #[test]
    fn inputs_count_once_and_in_order() {
        let mut link = SeatLink::new();
        for (in_seq, judged) in [
            (1, Accepted::Next),
            (1, Accepted::Duplicate),
            (3, Accepted::Gap),
            (2, Accepted::Next),
            (0, Accepted::Duplicate),
        ] {
            assert_eq!(link.accept(in_seq), judged, "{in_seq}");
        }
        assert_eq!(link.make_durable(2), Some(2));
        assert_eq!(link.make_durable(1), None, "acknowledgements only grow");
    }

    #[test]
    fn a_lost_player_is_sent_what_it_missed() {
        let mut link = pushed(4);
        link.ack(1).unwrap();
        assert_eq!(link.resume(false, 2), Ok(Resumed { fresh: false, in_seq: 0, next_out_seq: 3 }));
        assert_eq!(held(&link), [3, 4]);
        assert!(!link.all_acknowledged());
        link.ack(4).unwrap();
        assert!(link.all_acknowledged());
    }

    #[test]
    fn a_hello_older_than_an_acknowledgement_loses_nothing() {
        let mut link = pushed(4);
        link.ack(3).unwrap();
        assert_eq!(link.resume(false, 1), Ok(Resumed { fresh: false, in_seq: 0, next_out_seq: 4 }));
    }

    #[test]
    fn a_reloaded_page_starts_behind_everything() {
        let mut link = pushed(1);
        link.accept(1);
        assert_eq!(link.resume(true, 0), Ok(Resumed { fresh: true, in_seq: 1, next_out_seq: 2 }));
        assert!(held(&link).is_empty());
    }

    #[test]
    fn past_the_limit_everything_is_dropped_and_only_who_missed_it_starts_afresh() {
        let mut link = SeatLink::new();
        let large = Bytes::from(vec![0; 60 * 1024]);
        let pushed: Vec<Pushed> = (0..5).map(|_| link.push(Tick(1), large.clone())).collect();
        assert_eq!(pushed[3], Pushed::Kept { out_seq: 4 });
        assert_eq!(pushed[4], Pushed::Overflowed { out_seq: 5 });
        assert_eq!(push(&mut link, b"later"), 6);
        assert!(!link.clone().resume(false, 5).unwrap().fresh, "it had received all that was dropped");
        assert_eq!(link.resume(false, 4), Ok(Resumed { fresh: true, in_seq: 0, next_out_seq: 7 }));
        assert!(held(&link).is_empty());
    }

    #[test]
    fn what_a_replay_regenerates_is_kept_from_the_newest_on() {
        let mut link = SeatLink::new();
        link.forget_acknowledgements();
        let large = Bytes::from(vec![0; 60 * 1024]);
        (0..6).for_each(|_| assert!(matches!(link.push(Tick(1), large.clone()), Pushed::Kept { .. })));
        assert_eq!(held(&link), [3, 4, 5, 6]);
        assert_eq!(link.clone().resume(false, 2).unwrap().next_out_seq, 3, "it had all that went");
        assert!(link.resume(false, 1).unwrap().fresh);
    }

    #[test]
    fn even_empty_messages_are_bounded() {
        let mut link = SeatLink::new();
        assert!((0..10_000).any(|_| matches!(link.push(Tick(1), Bytes::new()), Pushed::Overflowed { .. })));
    }

    #[test]
    fn what_was_never_sent_is_not_acknowledged() {
        let mut link = SeatLink::new();
        assert_eq!(link.ack(1), Err(AckAhead { out_seq: 1 }));
        assert_eq!(link.resume(false, 1), Err(AckAhead { out_seq: 1 }));
    }

    #[test]
    fn a_checkpoint_holds_all_of_it() {
        let mut link = pushed(1);
        link.accept(1);
        assert_eq!(SeatLink::restore(link.state()), link);
    }
}
