//! Ratings from results, by Weng and Lin's Bayesian approximation ("A Bayesian Approximation Method for Online Ranking",
//! JMLR 12, 2011) as `skillratings` has it: fit for teams of any size and for any number of teams. Pure.

use std::collections::BTreeMap;

use skillratings::MultiTeamOutcome;
use skillratings::weng_lin::{WengLinConfig, WengLinRating, weng_lin_multi_team};

use crate::model::Rating;

/// A player of a match that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Contestant {
    /// Players of one team share a fate; 0: each for itself.
    pub team: u16,
    /// 1 is first; equal ranks are a draw. A team has that of its best player.
    pub rank: u16,
    /// Before the match.
    pub rating: Rating,
}

/// The ratings after the match, in the same order. With fewer than two sides nothing changes but the count.
pub fn rate(contestants: &[Contestant]) -> Vec<Rating> {
    let sides = sides(contestants);
    let teams: Vec<Vec<WengLinRating>> =
        sides.iter().map(|side| side.iter().map(|&n| strength(&contestants[n].rating)).collect()).collect();
    let rank = |side: &[usize]| side.iter().map(|&n| usize::from(contestants[n].rank)).min().unwrap_or(usize::MAX);
    let ranked: Vec<(&[WengLinRating], MultiTeamOutcome)> =
        teams.iter().zip(&sides).map(|(team, side)| (&team[..], MultiTeamOutcome::new(rank(side)))).collect();
    let after = if sides.len() < 2 { teams.clone() } else { weng_lin_multi_team(&ranked, &WengLinConfig::new()) };
    let mut rated: Vec<Rating> = contestants.iter().map(|contestant| contestant.rating.clone()).collect();
    for (side, strengths) in sides.iter().zip(after) {
        for (&n, strength) in side.iter().zip(strengths) {
            let matches = rated[n].matches.saturating_add(1);
            rated[n] = Rating { mean: strength.rating, deviation: strength.uncertainty, matches };
        }
    }
    rated
}

/// The players of each side.
fn sides(contestants: &[Contestant]) -> Vec<Vec<usize>> {
    let mut teams: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
    let mut alone = Vec::new();
    for (n, contestant) in contestants.iter().enumerate() {
        match contestant.team {
            0 => alone.push(vec![n]),
            team => teams.entry(team).or_default().push(n),
        }
    }
    teams.into_values().chain(alone).collect()
}

fn strength(rating: &Rating) -> WengLinRating {
    WengLinRating { rating: rating.mean, uncertainty: rating.deviation }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contestant(team: u16, rank: u16) -> Contestant {
        Contestant { team, rank, rating: Rating::default() }
    }

    fn points(contestants: &[Contestant]) -> Vec<i32> {
        rate(contestants).iter().map(Rating::points).collect()
    }

    #[test]
    fn the_winner_gains_what_the_loser_loses_and_both_are_known_better() {
        let after = rate(&[contestant(0, 1), contestant(0, 2)]);
        assert!(after[0].points() > 1500 && after[0].points() + after[1].points() == 3000, "{after:?}");
        assert!(after.iter().all(|rating| rating.deviation < Rating::default().deviation && rating.matches == 1));
        assert_eq!(points(&[contestant(0, 1), contestant(0, 1)]), [1500, 1500], "a draw of equals");
    }

    #[test]
    fn a_team_wins_together() {
        let after = points(&[contestant(1, 3), contestant(2, 2), contestant(1, 1), contestant(2, 4)]);
        assert_eq!((after[0], after[1]), (after[2], after[3]));
        assert!(after[0] > 1500 && after[1] < 1500);
    }

    #[test]
    fn in_a_free_for_all_each_place_counts() {
        let after = points(&[contestant(0, 2), contestant(0, 1), contestant(0, 3), contestant(0, 4)]);
        assert!(after[1] > after[0] && after[0] > after[2] && after[2] > after[3], "{after:?}");
    }

    #[test]
    fn to_beat_a_stronger_one_is_worth_more() {
        let rated = |mean| Rating { mean, deviation: 2.0, matches: 50 };
        let gain = |mine: f64, other: f64| {
            let contestants =
                [(mine, 1), (other, 2)].map(|(mean, rank)| Contestant { team: 0, rank, rating: rated(mean) });
            rate(&contestants)[0].points() - rated(mine).points()
        };
        assert!(gain(25.0, 35.0) > gain(25.0, 25.0) && gain(25.0, 25.0) > gain(35.0, 25.0));
    }

    #[test]
    fn alone_nothing_is_won() {
        assert_eq!(points(&[contestant(0, 1)]), [1500]);
        assert_eq!(points(&[]), [0; 0]);
    }
}
