//! Sharing parties out among teams: whether they fit, and which way the teams are most alike.

/// Ways that are tried to fit parties into teams before they count as not fitting. Parties are few and small: it is only
/// met by sizes that were made to meet it.
const TRIES: u32 = 2_000;

/// Passes over all pairs of parties that try to make teams more alike; each that changes something makes the next cheaper.
const PASSES: usize = 8;

/// Whether parties of these sizes fit into the room that teams have. A single player fits wherever there is room at all.
pub(super) fn packs(sizes: impl IntoIterator<Item = u16>, room: &[u16]) -> bool {
    let (mut parties, mut singles) = (Vec::new(), 0u32);
    for size in sizes {
        if size > 1 { parties.push(size) } else { singles += u32::from(size) }
    }
    let total: u32 = parties.iter().copied().map(u32::from).sum::<u32>() + singles;
    if total > room.iter().copied().map(u32::from).sum() {
        return false;
    }
    parties.sort_unstable_by(|a, b| b.cmp(a));
    place(&parties, &mut room.to_vec(), &mut TRIES.clone())
}

/// Largest first, each wherever there is room; steps back where the rest does not fit.
fn place(parties: &[u16], room: &mut [u16], tries: &mut u32) -> bool {
    let Some((&first, rest)) = parties.split_first() else { return true };
    for team in 0..room.len() {
        // Teams with as much room as one before lead nowhere else.
        if room[team] < first || room[..team].contains(&room[team]) {
            continue;
        }
        let Some(left) = tries.checked_sub(1) else { return false };
        *tries = left;
        room[team] -= first;
        if place(rest, room, tries) {
            return true;
        }
        room[team] += first;
    }
    false
}

/// A party that is to get a team.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    pub(super) size: u16,
    /// The sum of its players' ratings.
    pub(super) rating: i64,
}

/// The team of each party, so that teams are full and their ratings as alike as a greedy hand makes them. `None`: they do
/// not fit.
pub(super) fn share(parties: &[Share], teams: u16, team_size: u16) -> Option<Vec<usize>> {
    let mut room = vec![team_size; usize::from(teams)];
    let mut sums = vec![0i64; usize::from(teams)];
    let mut order: Vec<usize> = (0..parties.len()).collect();
    order.sort_by_key(|&n| (std::cmp::Reverse(parties[n].size), std::cmp::Reverse(parties[n].rating), n));
    let mut chosen = vec![0; parties.len()];
    for (at, &n) in order.iter().enumerate() {
        let party = parties[n];
        let mut candidates: Vec<usize> = (0..room.len()).filter(|&team| room[team] >= party.size).collect();
        // The weakest first, by what its places taken so far are worth.
        candidates.sort_by_key(|&team| (sums[team], team));
        let rest = || order[at + 1..].iter().map(|&other| parties[other].size);
        let team = candidates.into_iter().find(|&team| {
            let mut left = room.clone();
            left[team] -= party.size;
            packs(rest(), &left)
        })?;
        room[team] -= party.size;
        sums[team] += party.rating;
        chosen[n] = team;
    }
    even_out(parties, &mut chosen, &mut sums);
    Some(chosen)
}

/// Swaps parties of one size between teams while that makes the teams' sums more alike.
fn even_out(parties: &[Share], chosen: &mut [usize], sums: &mut [i64]) {
    for _ in 0..PASSES {
        let mut better = false;
        for a in 0..parties.len() {
            for b in a + 1..parties.len() {
                let (from, to) = (chosen[a], chosen[b]);
                if from == to || parties[a].size != parties[b].size {
                    continue;
                }
                // Moving `d` from one sum to another changes the sum of their squares by 2d(d - (from - to)).
                let d = parties[a].rating - parties[b].rating;
                if d * (d - (sums[from] - sums[to])) < 0 {
                    (sums[from], sums[to]) = (sums[from] - d, sums[to] + d);
                    chosen.swap(a, b);
                    better = true;
                }
            }
        }
        if !better {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_fit_where_they_can_be_put_whole() {
        for (sizes, room, fits) in [
            (&[2, 2, 3, 3][..], &[5, 5][..], true),
            (&[2, 2, 2], &[3, 3], false),
            (&[3, 1, 1, 1], &[3, 3], true),
            (&[4, 3, 3, 2], &[6, 6], true),
            (&[4, 4, 4], &[6, 6], false),
            (&[1; 7], &[3, 3], false),
        ] {
            assert_eq!(packs(sizes.iter().copied(), room), fits, "{sizes:?} into {room:?}");
        }
    }

    #[test]
    fn sizes_that_were_chosen_to_take_for_ever_do_not() {
        let sizes: Vec<u16> = (0..60).map(|n| 9 + n % 5).collect();
        assert!(!packs(sizes, &[16; 42]));
    }

    #[test]
    fn teams_are_full_and_alike() {
        let singles: Vec<Share> = [2000, 1900, 1500, 1400, 1000, 900].map(|rating| Share { size: 1, rating }).to_vec();
        let chosen = share(&singles, 2, 3).unwrap();
        let sum =
            |team| -> i64 { singles.iter().zip(&chosen).filter(|(_, of)| **of == team).map(|(s, _)| s.rating).sum() };
        assert_eq!((sum(0) - sum(1)).abs(), 100, "8,700 in all: nothing is closer");
        assert_eq!(chosen.iter().filter(|of| **of == 0).count(), 3);
    }

    #[test]
    fn a_party_is_in_one_team() {
        let parties = [(3, 4500), (2, 3600), (2, 2000), (3, 3900)].map(|(size, rating)| Share { size, rating });
        let chosen = share(&parties, 2, 5).unwrap();
        assert_ne!(chosen[0], chosen[3]);
        assert_ne!(chosen[1], chosen[2]);
        assert_eq!(share(&[Share { size: 2, rating: 0 }; 3], 2, 3), None);
    }
}
