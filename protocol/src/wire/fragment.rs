//! Splits payloads over datagrams and puts them together again.
//!
//! Nothing here is acknowledged: a payload with a lost part is lost. A [`Reassembly`] therefore keeps few unfinished
//! payloads and gives up the oldest first.

use bytes::Bytes;

use super::datagram::Fragment;
use super::{MAX_FRAGMENTS, MAX_UNRELIABLE};

/// The parts of one payload, in order: slices of it, nothing is copied.
#[derive(Clone, Debug)]
pub struct Fragments {
    rest: Bytes,
    part: usize,
    number: u8,
    count: u8,
}

/// The payload is over [`MAX_UNRELIABLE`] bytes, or needs more than [`MAX_FRAGMENTS`] datagrams of this size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an unreliable payload of {bytes} bytes is too large")]
pub struct TooManyFragments {
    /// Of the payload.
    pub bytes: usize,
}

impl Fragments {
    /// Splits `payload` into parts of at most `part` bytes. A payload that fits is one part with no [`Fragment`].
    pub fn split(payload: Bytes, part: usize) -> Result<Fragments, TooManyFragments> {
        let bytes = payload.len();
        let count = if part == 0 { usize::MAX } else { bytes.div_ceil(part).max(1) };
        if bytes > MAX_UNRELIABLE || count > MAX_FRAGMENTS {
            return Err(TooManyFragments { bytes });
        }
        // Even parts: the last one is not a tiny packet, and one lost byte costs the same wherever it is.
        Ok(Fragments { rest: payload, part: bytes.div_ceil(count), number: 0, count: count as u8 })
    }
}

impl Iterator for Fragments {
    type Item = (Option<Fragment>, Bytes);

    fn next(&mut self) -> Option<(Option<Fragment>, Bytes)> {
        if self.number == self.count {
            return None;
        }
        let fragment = (self.count > 1).then_some(Fragment { number: self.number, count: self.count });
        let data = self.rest.split_to(self.part.min(self.rest.len()));
        self.number += 1;
        Some((fragment, data))
    }
}

/// Puts parts together. `K` names a payload; the lowest is the oldest.
#[derive(Debug)]
pub struct Reassembly<K> {
    /// Sorted by key, at most [`Reassembly::OPEN`].
    open: Vec<Unfinished<K>>,
}

#[derive(Debug)]
struct Unfinished<K> {
    key: K,
    parts: [Option<Bytes>; MAX_FRAGMENTS],
    count: u8,
}

impl<K: Ord + Copy> Reassembly<K> {
    /// How many unfinished payloads are kept: reordering on real paths spans a few packets, not more.
    pub const OPEN: usize = 4;

    /// Nothing yet.
    pub fn new() -> Reassembly<K> {
        Reassembly { open: Vec::new() }
    }

    /// Takes a part; the whole payload if this was the last one missing. Parts that contradict earlier ones, come twice,
    /// or belong to a payload older than all that are kept, are dropped.
    pub fn push(&mut self, key: K, fragment: Fragment, data: Bytes) -> Option<Bytes> {
        let at = self.slot(key, fragment.count)?;
        let unfinished = &mut self.open[at];
        let part = unfinished.parts.get_mut(usize::from(fragment.number))?;
        if unfinished.count != fragment.count || part.is_some() {
            return None;
        }
        *part = Some(data);
        if !unfinished.parts.iter().take(usize::from(unfinished.count)).all(Option::is_some) {
            return None;
        }
        let payload: Vec<u8> = self.open.remove(at).parts.into_iter().flatten().flatten().collect();
        // Parts that do not add up to an allowed payload are nobody's message.
        (payload.len() <= MAX_UNRELIABLE).then(|| payload.into())
    }

    /// Forgets unfinished payloads that are not to be kept.
    pub fn retain(&mut self, mut keep: impl FnMut(K) -> bool) {
        self.open.retain(|unfinished| keep(unfinished.key));
    }

    fn slot(&mut self, key: K, count: u8) -> Option<usize> {
        match self.open.binary_search_by_key(&key, |unfinished| unfinished.key) {
            Ok(at) => Some(at),
            Err(0) if self.open.len() == Self::OPEN => None,
            Err(at) => {
                self.open.insert(at, Unfinished { key, parts: [const { None }; MAX_FRAGMENTS], count });
                if self.open.len() <= Self::OPEN {
                    return Some(at);
                }
                self.open.remove(0);
                Some(at - 1)
            }
        }
    }
}

impl<K: Ord + Copy> Default for Reassembly<K> {
    fn default() -> Reassembly<K> {
        Reassembly::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(len: usize) -> Bytes {
        (0..len).map(|i| i as u8).collect()
    }

    #[test]
    fn a_payload_survives_any_order_of_its_parts() {
        for len in [0, 1, 99, 100, 101, 1_000, 1_600] {
            let parts: Vec<_> = Fragments::split(payload(len), 100).unwrap().collect();
            assert!(parts.iter().all(|(_, data)| data.len() <= 100));
            if parts.len() == 1 {
                assert_eq!(parts[0], (None, payload(len)));
                continue;
            }
            let mut reassembly = Reassembly::new();
            let whole = parts.iter().rev().filter_map(|(f, data)| reassembly.push(1, f.unwrap(), data.clone()));
            assert_eq!(whole.collect::<Vec<_>>(), [payload(len)]);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Fragments::split(payload(1_601), 100).is_err());
        assert!(Fragments::split(payload(MAX_UNRELIABLE + 1), 2_000).is_err());
        assert!(Fragments::split(payload(1), 0).is_err());
        assert!(Fragments::split(payload(MAX_UNRELIABLE), super::super::UNRELIABLE_PAYLOAD).is_ok());
    }

    #[test]
    fn few_unfinished_payloads_are_kept_and_the_oldest_goes_first() {
        let part = |number| Fragment { number, count: 2 };
        let mut reassembly = Reassembly::new();
        for key in 1..=5 {
            assert_eq!(reassembly.push(key, part(0), payload(1)), None);
        }
        assert_eq!(reassembly.push(1, part(1), payload(1)), None, "given up");
        assert!(reassembly.push(2, part(1), payload(1)).is_some());
    }

    #[test]
    fn contradicting_and_repeated_parts_are_dropped() {
        let mut reassembly = Reassembly::new();
        assert_eq!(reassembly.push(1, Fragment { number: 0, count: 2 }, payload(3)), None);
        assert_eq!(reassembly.push(1, Fragment { number: 1, count: 3 }, payload(3)), None);
        assert_eq!(reassembly.push(1, Fragment { number: 0, count: 2 }, payload(4)), None);
        assert_eq!(reassembly.push(1, Fragment { number: 1, count: 2 }, payload(1)).unwrap().len(), 4);
    }
}
