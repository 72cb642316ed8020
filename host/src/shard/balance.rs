//! Which shard gives matches to which. Policy alone: it is told how busy shards were and answers with one move at most.
//!
//! Moving costs little, but moving back and forth would help nobody. So a shard has to be overloaded twice in a row, the
//! other one has to be clearly less busy, half of the difference moves at most, and then there is a rest.

/// A shard that works this share of its time makes its matches wait for one another.
const OVERLOADED: f64 = 0.80;

/// Less difference than this is not worth a move.
const LEAST_GAP: f64 = 0.20;

/// The most that moves at once, as a share of a shard's time: what was measured may be a spike.
const MOST_AT_ONCE: f64 = 0.25;

/// Looks in a row that must agree.
const AGREEING: u32 = 2;

/// Looks without a decision after a move: its effect has to be seen first.
const REST: u32 = 3;

/// Remembers what it saw.
#[derive(Debug, Default)]
pub(super) struct Balance {
    /// Who was overloaded at the last look, and for how many.
    overloaded: Option<(usize, u32)>,
    rest: u32,
}

/// Matches that take so much of a shard's time are to go to another shard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Move {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Of the time of a shard.
    pub(super) share: f64,
}

impl Balance {
    /// One look: how busy each shard was since the last, as a share of the time.
    pub(super) fn look(&mut self, busy: &[f64]) -> Option<Move> {
        if self.rest > 0 {
            self.rest -= 1;
            return None;
        }
        let by_load = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        let shards = || busy.iter().copied().enumerate();
        let (from, most) = shards().max_by(by_load)?;
        let (to, least) = shards().min_by(by_load)?;
        let gap = most - least;
        if most < OVERLOADED || gap < LEAST_GAP {
            self.overloaded = None;
            return None;
        }
        let seen = match self.overloaded {
            Some((shard, seen)) if shard == from => seen + 1,
            _ => 1,
        };
        if seen < AGREEING {
            self.overloaded = Some((from, seen));
            return None;
        }
        (self.overloaded, self.rest) = (None, REST);
        Some(Move { from, to, share: (gap / 2.0).min(MOST_AT_ONCE) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn looks(looks: &[&[f64]]) -> Vec<Option<Move>> {
        let mut balance = Balance::default();
        looks.iter().map(|busy| balance.look(busy)).collect()
    }

    #[test]
    fn a_spike_moves_nothing_and_an_overload_does() {
        assert_eq!(looks(&[&[0.95, 0.1], &[0.3, 0.1], &[0.95, 0.1]]), [None; 3]);
        let moved = looks(&[&[0.95, 0.1], &[0.9, 0.5]]);
        assert_eq!(moved[1], Some(Move { from: 0, to: 1, share: 0.2 }));
    }

    #[test]
    fn nothing_moves_where_all_are_busy_or_none_is() {
        for busy in [&[0.95, 0.9][..], &[0.6, 0.0], &[1.0], &[]] {
            assert_eq!(looks(&[busy; 10]), [None; 10], "{busy:?}");
        }
    }

    #[test]
    fn after_a_move_there_is_a_rest() {
        let moves = looks(&[&[0.95, 0.0][..]; 10]);
        let at: Vec<usize> = (0..10).filter(|&n| moves[n].is_some()).collect();
        assert_eq!(at, [1, 6]);
        assert!(moves.iter().flatten().all(|one| one.share <= MOST_AT_ONCE));
    }

    proptest! {
        /// However matches lie, moves end, and what each shard has to do only gets closer.
        #[test]
        fn it_comes_to_rest(mut work in proptest::collection::vec(0.0f64..1.5, 1..8)) {
            let mut balance = Balance::default();
            let spread = |work: &[f64]| {
                work.iter().copied().fold(0.0, f64::max) - work.iter().copied().fold(f64::MAX, f64::min)
            };
            let mut last_move = 0;
            for look in 0..1_000 {
                let busy: Vec<f64> = work.iter().map(|work| work.min(1.0)).collect();
                if let Some(one) = balance.look(&busy) {
                    let before = spread(&work);
                    prop_assert!(one.from != one.to);
                    work[one.from] -= one.share;
                    work[one.to] += one.share;
                    prop_assert!(spread(&work) <= before + 1e-9);
                    last_move = look;
                }
            }
            prop_assert!(last_move < 900, "still moving");
        }
    }
}
