//! Chance that repeats: the same match gives the same numbers, on every machine and in every replay.

use std::cell::Cell;
use std::ops::Range;

/// Random numbers of a match: ChaCha with 8 rounds (D. J. Bernstein, "ChaCha, a variant of Salsa20", 2008), keyed by the
/// match's secret seed. A player who sees any number of them cannot tell the next.
#[derive(Clone, Debug)]
pub struct Rng {
    key: [u32; 8],
    /// 32-bit words drawn so far.
    drawn: Cell<u64>,
    block: Cell<[u32; 16]>,
}

/// Keeps these numbers apart from others that the host derives from the same seed.
const NONCE: [u32; 2] = [0x7374_6164, 0x696f_6e31];

impl Rng {
    /// The generator of a seed, at its start.
    pub fn new(seed: [u64; 4]) -> Rng {
        Rng::resumed(seed, 0)
    }

    /// The generator of a seed after so many words.
    pub(crate) fn resumed(seed: [u64; 4], drawn: u64) -> Rng {
        let mut key = [0; 8];
        for (pair, word) in key.chunks_exact_mut(2).zip(seed) {
            pair[0] = word as u32;
            pair[1] = (word >> 32) as u32;
        }
        let rng = Rng { key, drawn: Cell::new(drawn), block: Cell::new([0; 16]) };
        rng.block.set(rng.block_at(drawn / 16));
        rng
    }

    /// How many words were drawn: with the seed, all that there is to save.
    pub(crate) fn drawn(&self) -> u64 {
        self.drawn.get()
    }

    /// Any 32 bits.
    pub fn u32(&self) -> u32 {
        let drawn = self.drawn.get();
        if drawn.is_multiple_of(16) {
            self.block.set(self.block_at(drawn / 16));
        }
        self.drawn.set(drawn + 1);
        self.block.get()[(drawn % 16) as usize]
    }

    /// Any 64 bits.
    pub fn u64(&self) -> u64 {
        u64::from(self.u32()) | u64::from(self.u32()) << 32
    }

    /// One of 0 .. `limit`, each as likely as the others (Lemire, "Fast random integer generation in an interval", 2019).
    ///
    /// # Panics
    /// If `limit` is 0.
    pub fn below(&self, limit: u32) -> u32 {
        assert!(limit > 0, "there is no number below 0");
        loop {
            let product = u64::from(self.u32()) * u64::from(limit);
            if product as u32 >= limit.wrapping_neg() % limit {
                return (product >> 32) as u32;
            }
        }
    }

    /// One of the numbers of the range.
    ///
    /// # Panics
    /// If the range is empty.
    pub fn range(&self, range: Range<i32>) -> i32 {
        let span = i64::from(range.end) - i64::from(range.start);
        assert!(span > 0, "there is no number in {range:?}");
        range.start.wrapping_add(self.below(span as u32) as i32)
    }

    /// True `hits` times out of `of`.
    ///
    /// # Panics
    /// If `of` is 0.
    pub fn chance(&self, hits: u32, of: u32) -> bool {
        self.below(of) < hits
    }

    /// From 0 up to but not 1, in steps of 2^-53.
    pub fn float(&self) -> f64 {
        (self.u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of the items; none of an empty list.
    pub fn pick<'a, T>(&self, items: &'a [T]) -> Option<&'a T> {
        let count = u32::try_from(items.len()).ok().filter(|count| *count > 0)?;
        items.get(self.below(count) as usize)
    }

    /// Puts the items in any order, each as likely as the others.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let other = self.below(i as u32 + 1) as usize;
            items.swap(i, other);
        }
    }

    fn block_at(&self, counter: u64) -> [u32; 16] {
        let [k0, k1, k2, k3, k4, k5, k6, k7] = self.key;
        let (low, high) = (counter as u32, (counter >> 32) as u32);
        // "expand 32-byte k", key, counter, nonce.
        let start = [
            0x6170_7865,
            0x3320_646e,
            0x7962_2d32,
            0x6b20_6574,
            k0,
            k1,
            k2,
            k3,
            k4,
            k5,
            k6,
            k7,
            low,
            high,
            NONCE[0],
            NONCE[1],
        ];
        let mut words = start;
        for _ in 0..4 {
            for [a, b, c, d] in ROUNDS {
                quarter(&mut words, a, b, c, d);
            }
        }
        for (word, start) in words.iter_mut().zip(start) {
            *word = word.wrapping_add(start);
        }
        words
    }
}

/// Four columns, then four diagonals: a double round.
const ROUNDS: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

fn quarter(words: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    for (x, y, z, by) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        words[x] = words[x].wrapping_add(words[y]);
        words[z] = (words[z] ^ words[x]).rotate_left(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keystream of ChaCha8 for the key of zeros, counter 0, nonce 0 (draft-strombergson-chacha-test-vectors-01, TC1).
    #[test]
    fn it_is_chacha8() {
        let mut words: [u32; 16] =
            [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let start = words;
        for _ in 0..4 {
            for [a, b, c, d] in ROUNDS {
                quarter(&mut words, a, b, c, d);
            }
        }
        let first: Vec<u8> = words.iter().zip(start).flat_map(|(w, s)| w.wrapping_add(s).to_le_bytes()).collect();
        assert_eq!(first[..8], [0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6]);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_gives_others() {
        let draw = |seed| (0..40).map(|_| 0).scan(Rng::new(seed), |rng, _: i32| Some(rng.u32())).collect::<Vec<_>>();
        assert_eq!(draw([1, 2, 3, 4]), draw([1, 2, 3, 4]));
        assert_ne!(draw([1, 2, 3, 4]), draw([1, 2, 3, 5]));
    }

    #[test]
    fn it_goes_on_where_it_was_saved() {
        for drawn in [0, 1, 15, 16, 17, 100] {
            let rng = Rng::new([7; 4]);
            (0..drawn).for_each(|_| _ = rng.u32());
            let resumed = Rng::resumed([7; 4], rng.drawn());
            assert_eq!([rng.u32(), rng.u32()], [resumed.u32(), resumed.u32()], "after {drawn}");
        }
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let rng = Rng::new([3; 4]);
        let mut seen = [0u32; 6];
        (0..6_000).for_each(|_| seen[rng.below(6) as usize] += 1);
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
        assert!((0..100).all(|_| (-5..5).contains(&rng.range(-5..5)) && (0.0..1.0).contains(&rng.float())));
        let mut cards: Vec<u8> = (0..52).collect();
        rng.shuffle(&mut cards);
        assert_ne!(cards[..5], [0, 1, 2, 3, 4]);
        cards.sort_unstable();
        assert!(cards.into_iter().eq(0..52));
        assert_eq!(rng.pick::<u8>(&[]), None);
    }
}
