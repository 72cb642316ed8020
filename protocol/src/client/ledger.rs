//! The reliable numbers of a client: which inputs the server still needs, and which message comes next.

use std::collections::VecDeque;

use bytes::Bytes;

use super::SendError;
use crate::ids::Incarnation;
use crate::wire::{ClientFrame, MAX_INPUT, Welcome};

/// Inputs in both states, unsent and unacknowledged, and the newest message.
///
/// Inputs get their numbers by their place: the first in the queue is `base + 1`. Before the first welcome no input is
/// sent, so the base may still be set by it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    base: u64,
    inputs: VecDeque<Bytes>,
    bytes: usize,
    last_out_seq: u64,
}

/// The server said something that cannot be: the path is not to be trusted further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Impossible(pub(super) &'static str);

/// What a message's number says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    Next,
    Duplicate,
}

/// Inputs that wait for their acknowledgement. The server's burst takes that many after a reconnect.
const MAX_INPUTS: usize = 256;
const MAX_INPUT_BYTES: usize = 256 * 1024;

impl Ledger {
    /// Takes an input; the frame to send if a connection is there.
    pub(super) fn push(&mut self, data: Bytes) -> Result<ClientFrame, SendError> {
        if data.len() > MAX_INPUT {
            return Err(SendError::TooLarge(data.len()));
        }
        if self.inputs.len() == MAX_INPUTS || self.bytes + data.len() > MAX_INPUT_BYTES {
            return Err(SendError::Full);
        }
        self.bytes += data.len();
        self.inputs.push_back(data.clone());
        Ok(ClientFrame::Input { in_seq: self.base + self.inputs.len() as u64, data })
    }

    /// Everything that the server may not have, in order.
    pub(super) fn unacknowledged(&self) -> impl Iterator<Item = ClientFrame> {
        (self.base + 1..).zip(&self.inputs).map(|(in_seq, data)| ClientFrame::Input { in_seq, data: data.clone() })
    }

    /// Takes a welcome in: `known` is the highest incarnation before it, `None` if it is the first welcome ever.
    pub(super) fn welcome(&mut self, welcome: &Welcome, known: Option<Incarnation>) -> Result<(), Impossible> {
        let next_out_seq = welcome.next_out_seq;
        if next_out_seq == 0 || (!welcome.fresh && next_out_seq > self.last_out_seq + 1) {
            return Err(Impossible("a welcome that leaves messages out"));
        }
        match known {
            None => self.base = welcome.in_seq,
            // A recovered match knows less than a fresh welcome of its former session had promised: number on from what
            // it knows.
            Some(known) if welcome.in_seq < self.base && welcome.incarnation > known => self.base = welcome.in_seq,
            Some(_) => self.acknowledged(welcome.in_seq)?,
        }
        if welcome.fresh {
            self.last_out_seq = next_out_seq - 1;
        }
        Ok(())
    }

    /// Inputs up to `in_seq` are durable.
    pub(super) fn acknowledged(&mut self, in_seq: u64) -> Result<(), Impossible> {
        if in_seq > self.base + self.inputs.len() as u64 {
            return Err(Impossible("an acknowledgement of an input that was never sent"));
        }
        while self.base < in_seq {
            self.base += 1;
            self.bytes -= self.inputs.pop_front().map_or(0, |data| data.len());
        }
        Ok(())
    }

    /// Judges a message by its number.
    pub(super) fn message(&mut self, out_seq: u64) -> Result<Arrived, Impossible> {
        if out_seq <= self.last_out_seq {
            return Ok(Arrived::Duplicate);
        }
        if out_seq != self.last_out_seq + 1 {
            return Err(Impossible("a gap between messages"));
        }
        self.last_out_seq = out_seq;
        Ok(Arrived::Next)
    }

    /// The newest message; 0 for none.
    pub(super) fn last_out_seq(&self) -> u64 {
        self.last_out_seq
    }

    /// Inputs that wait for their acknowledgement.
    pub(super) fn waiting(&self) -> usize {
        self.inputs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Seat, Tick};

    fn welcome(incarnation: u32, in_seq: u64, next_out_seq: u64, fresh: bool) -> Welcome {
        Welcome {
            seat: Seat(0),
            incarnation: Incarnation(incarnation),
            tick: Tick(1),
            in_seq,
            next_out_seq,
            fresh,
            rate: 0,
        }
    }

    fn numbers(ledger: &Ledger) -> Vec<u64> {
        let number = |frame| if let ClientFrame::Input { in_seq, .. } = frame { in_seq } else { 0 };
        ledger.unacknowledged().map(number).collect()
    }

    #[test]
    fn inputs_are_numbered_on_from_what_the_first_welcome_says() {
        let mut ledger = Ledger::default();
        ledger.push(Bytes::from_static(b"early")).unwrap();
        ledger.welcome(&welcome(1, 7, 4, true), None).unwrap();
        assert_eq!(numbers(&ledger), [8]);
        assert_eq!(ledger.last_out_seq(), 3);
    }

    #[test]
    fn a_recovered_match_that_knows_less_gets_its_inputs_numbered_anew() {
        let mut ledger = Ledger::default();
        ledger.welcome(&welcome(1, 10, 1, true), None).unwrap();
        ledger.push(Bytes::new()).unwrap();
        ledger.welcome(&welcome(1, 8, 1, false), Some(Incarnation(1))).unwrap();
        assert_eq!(numbers(&ledger), [11], "the same session cannot know less: an old word");
        ledger.welcome(&welcome(2, 8, 1, false), Some(Incarnation(1))).unwrap();
        assert_eq!(numbers(&ledger), [9]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut ledger = Ledger::default();
        ledger.welcome(&welcome(1, 0, 1, true), None).unwrap();
        assert!(ledger.acknowledged(1).is_err());
        assert!(ledger.message(2).is_err());
        assert_eq!(ledger.message(1), Ok(Arrived::Next));
        assert_eq!(ledger.message(1), Ok(Arrived::Duplicate));
        assert!(ledger.welcome(&welcome(1, 0, 3, false), Some(Incarnation(1))).is_err());
        assert!(ledger.welcome(&welcome(1, 0, 0, true), Some(Incarnation(1))).is_err());
    }

    #[test]
    fn the_queue_of_inputs_is_bounded() {
        let mut ledger = Ledger::default();
        for _ in 0..MAX_INPUTS {
            ledger.push(Bytes::new()).unwrap();
        }
        assert_eq!(ledger.push(Bytes::new()), Err(SendError::Full));
        let mut ledger = Ledger::default();
        assert_eq!(ledger.push(vec![0; MAX_INPUT + 1].into()), Err(SendError::TooLarge(MAX_INPUT + 1)));
        for _ in 0..MAX_INPUT_BYTES / MAX_INPUT {
            ledger.push(vec![0; MAX_INPUT].into()).unwrap();
        }
        assert_eq!(ledger.push(vec![0].into()), Err(SendError::Full));
    }
}
