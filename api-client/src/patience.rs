//! How often something is asked again, and when: pure.

use std::time::Duration;

/// Pauses after lost answers double from this to that.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// See [`FIRST_PAUSE`].
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long a call tries before it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often it comes again when the server says when to (`Retry-After`).
    pub busy: u32,
    /// How often it asks again when no answer came.
    pub lost: u32,
    /// All its pauses together: a server that wants more is not waited for.
    pub longest: Duration,
}

impl Patience {
    /// What is not answered at once has failed.
    pub const NONE: Patience = Patience { busy: 0, lost: 0, longest: Duration::ZERO };
}

impl Default for Patience {
    /// As long as a replica takes to be found dead and another one to answer.
    fn default() -> Patience {
        Patience { busy: 3, lost: 3, longest: Duration::from_secs(10) }
    }
}

/// Why something is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The server said to come again then.
    Busy(Duration),
    /// No answer came, or half of one.
    Lost,
}

/// The pauses of one call.
#[derive(Debug)]
pub(crate) struct Pauses {
    left: Patience,
    lost: u32,
}

impl Pauses {
    pub(crate) fn new(patience: Patience) -> Pauses {
        Pauses { left: patience, lost: 0 }
    }

    /// How long to wait before the next try; `None`: it has failed. Never shorter than the server wants; spread by `random`,
    /// since everybody who lost a server would come again at once.
    pub(crate) fn next(&mut self, why: Why, random: u8) -> Option<Duration> {
        let (tries, least) = match why {
            Why::Busy(after) => (&mut self.left.busy, after),
            Why::Lost => {
                let doubled = FIRST_PAUSE.saturating_mul(1 << self.lost.min(16)).min(LONGEST_PAUSE);
                self.lost += 1;
                (&mut self.left.lost, doubled)
            }
        };
        *tries = tries.checked_sub(1)?;
        let pause = least.checked_add(least.checked_mul(random.into())? / (4 * 255))?;
        self.left.longest = self.left.longest.checked_sub(pause)?;
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_busy_server_is_waited_for_as_long_as_it_says_and_no_longer_than_patience_lasts() {
        let mut pauses = Pauses::new(Patience { busy: 3, lost: 0, longest: 5 * S });
        assert_eq!(pauses.next(Why::Busy(2 * S), 0), Some(2 * S));
        assert_eq!(pauses.next(Why::Busy(2 * S), 255), Some(Duration::from_millis(2500)), "never sooner");
        assert_eq!(pauses.next(Why::Busy(S), 0), None, "half a second is left");
        assert_eq!(Pauses::new(Patience::default()).next(Why::Busy(Duration::MAX), 255), None);
    }

    #[test]
    fn lost_answers_are_asked_for_again_less_and_less_often() {
        let mut pauses = Pauses::new(Patience { busy: 0, lost: 6, longest: 60 * S });
        let all: Vec<_> = std::iter::from_fn(|| pauses.next(Why::Lost, 0)).map(|pause| pause.as_millis()).collect();
        assert_eq!(all, [100, 200, 400, 800, 1600, 2000]);
    }

    #[test]
    fn without_patience_nothing_is_asked_twice() {
        assert_eq!(Pauses::new(Patience::NONE).next(Why::Lost, 0), None);
        assert_eq!(Pauses::new(Patience::NONE).next(Why::Busy(Duration::ZERO), 0), None);
    }
}
