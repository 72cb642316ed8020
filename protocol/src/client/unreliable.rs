//! The unreliable traffic of one path: numbering and repeating inputs, dropping repeated messages.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::SendError;
use crate::clock::Moment;
use crate::wire::{
    ClientDatagram, Fragment, Fragments, MAX_DATAGRAM_HEADER, MAX_REPEATS, MAX_UNRELIABLE, Reassembly, UnreliableId,
};

/// Sends inputs: each small one again in the next few datagrams.
#[derive(Debug)]
pub(super) struct Outgoing {
    last: u64,
    /// The newest ones, without gaps in their numbers, the last of them `last`.
    recent: VecDeque<(Moment, Bytes)>,
    repeats: usize,
}

/// Older inputs are not worth a repeat: the game has moved on.
const REPEAT_FOR: Duration = Duration::from_millis(250);
/// A length of up to 8 KiB takes two bytes.
const LENGTH: usize = 2;
/// A transport with less room than this carries no datagrams worth the name.
const SMALLEST_ROOM: usize = 64;

impl Outgoing {
    pub(super) fn new(repeats: usize) -> Outgoing {
        Outgoing { last: 0, recent: VecDeque::new(), repeats: repeats.clamp(1, MAX_REPEATS) }
    }

    /// The datagrams for one input.
    pub(super) fn push(&mut self, now: Moment, data: Bytes, max_datagram: usize) -> Result<Vec<Bytes>, SendError> {
        let room = max_datagram.saturating_sub(MAX_DATAGRAM_HEADER);
        if data.len() + LENGTH > room {
            return self.push_fragments(data, room);
        }
        self.last += 1;
        self.recent.push_back((now, data));
        self.recent.retain(|(sent, _)| now.since(*sent) < REPEAT_FOR);
        while self.recent.len() > self.repeats || self.recent_bytes() > room {
            self.recent.pop_front();
        }
        let inputs: Vec<Bytes> = self.recent.iter().map(|(_, data)| data.clone()).collect();
        let first = self.last + 1 - inputs.len() as u64;
        Ok(vec![ClientDatagram::Inputs { first, inputs }.encode()])
    }

    fn push_fragments(&mut self, data: Bytes, room: usize) -> Result<Vec<Bytes>, SendError> {
        let bytes = data.len();
        if bytes > MAX_UNRELIABLE || room < SMALLEST_ROOM {
            return Err(SendError::TooLarge(bytes));
        }
        // A payload that only its length pushes out of a datagram would come out as one part: as fragments it is two.
        let parts = Fragments::split(data, room.min(bytes.div_ceil(2))).map_err(|_| SendError::TooLarge(bytes))?;
        self.last += 1;
        self.recent.clear();
        let number = self.last;
        Ok(parts
            .filter_map(|(fragment, data)| {
                Some(ClientDatagram::Fragment { number, fragment: fragment?, data }.encode())
            })
            .collect())
    }

    fn recent_bytes(&self) -> usize {
        self.recent.iter().map(|(_, data)| data.len() + LENGTH).sum()
    }
}

/// Receives messages: each at most once.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The newest that came, sorted.
    seen: Vec<UnreliableId>,
    parts: Reassembly<UnreliableId>,
}

/// How many ids are remembered: three seconds of a 20 Hz game. What is older than all of them is dropped.
const SEEN: usize = 64;

impl Incoming {
    /// The whole message, if it is new and complete with this.
    pub(super) fn push(&mut self, id: UnreliableId, fragment: Option<Fragment>, data: Bytes) -> Option<Bytes> {
        let Err(at) = self.seen.binary_search(&id) else { return None };
        if at == 0 && self.seen.len() == SEEN {
            return None;
        }
        let whole = match fragment {
            Some(fragment) => self.parts.push(id, fragment, data)?,
            None => data,
        };
        self.seen.insert(at, id);
        if self.seen.len() > SEEN {
            self.seen.remove(0);
        }
        Some(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Incarnation, Tick};

    fn decoded(datagrams: &[Bytes]) -> Vec<ClientDatagram> {
        datagrams.iter().map(|bytes| ClientDatagram::decode(bytes).unwrap()).collect()
    }

    #[test]
    fn small_inputs_are_repeated_while_they_are_young() {
        let mut outgoing = Outgoing::new(3);
        let at = |ms| Moment::default() + Duration::from_millis(ms);
        let mut push = |ms, byte| decoded(&outgoing.push(at(ms), Bytes::from(vec![byte]), 1_121).unwrap()).remove(0);
        let inputs = |first, bytes: &[u8]| ClientDatagram::Inputs {
            first,
            inputs: bytes.iter().map(|&byte| Bytes::from(vec![byte])).collect(),
        };
        assert_eq!(push(0, 1), inputs(1, &[1]));
        assert_eq!(push(50, 2), inputs(1, &[1, 2]));
        assert_eq!(push(100, 3), inputs(1, &[1, 2, 3]));
        assert_eq!(push(150, 4), inputs(2, &[2, 3, 4]));
        assert_eq!(push(380, 5), inputs(4, &[4, 5]));
    }

    #[test]
    fn every_size_travels_and_fits_its_datagrams() {
        for len in [0, 1, 500, 1_097, 1_098, 1_099, 1_100, 1_101, 2_200, MAX_UNRELIABLE] {
            let mut outgoing = Outgoing::new(3);
            let data: Bytes = vec![7; len].into();
            let datagrams = outgoing.push(Moment::default(), data.clone(), 1_121).unwrap();
            assert!(datagrams.iter().all(|datagram| datagram.len() <= 1_121));
            let mut parts = Reassembly::new();
            let whole = decoded(&datagrams).into_iter().find_map(|datagram| match datagram {
                ClientDatagram::Inputs { mut inputs, .. } => inputs.pop(),
                ClientDatagram::Fragment { number, fragment, data } => parts.push(number, fragment, data),
            });
            assert_eq!(whole, Some(data), "{len}");
        }
        assert!(Outgoing::new(1).push(Moment::default(), vec![0; MAX_UNRELIABLE + 1].into(), 1_121).is_err());
    }

    #[test]
    fn a_message_is_taken_once() {
        let mut incoming = Incoming::default();
        let id = |tick| UnreliableId { incarnation: Incarnation(1), tick: Tick(tick), index: 0 };
        assert!(incoming.push(id(100), None, Bytes::new()).is_some());
        assert!(incoming.push(id(99), None, Bytes::new()).is_some(), "late is fine");
        assert!(incoming.push(id(100), None, Bytes::new()).is_none());
        (101..200).for_each(|tick| assert!(incoming.push(id(tick), None, Bytes::new()).is_some()));
        assert!(incoming.push(id(98), None, Bytes::new()).is_none(), "too old to know");
    }
}
