//! Stories of one queue, and random rounds against what must always hold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use stadion_protocol::contract::{QueueRules, queues_of};
use stadion_protocol::{MatchId, PlayerId};

use super::{Entrant, NothingToConfirm, Queue, QueueWord, Ticket, TicketId, TicketRefusal, Vacancy};
use crate::model::UnixMs;

/// Rules as a game's owner writes them.
pub(super) fn rules(pairs: &[(&str, &str)]) -> QueueRules {
    let keys: Vec<String> = pairs.iter().map(|(key, _)| format!("queue.q.{key}")).collect();
    let pairs = keys.iter().zip(pairs).map(|(key, (_, value))| (key.as_str(), *value));
    let all = queues_of([("queue.q.teams", "2")].into_iter().chain(pairs)).unwrap();
    all[&"q".parse().unwrap()]
}

fn player(n: u32) -> PlayerId {
    format!("p-{n}").parse().unwrap()
}

fn entrant(n: u32, rating: i32) -> Entrant {
    Entrant { player: player(n), name: format!("{n}"), rating, blocked: Vec::new() }
}

pub(super) fn id(n: u32) -> TicketId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    TicketId(MatchId(bytes))
}

/// A ticket by the number of its first player.
pub(super) fn ticket(n: u32, ratings: &[i32], since: u64) -> Ticket {
    let players = ratings.iter().zip(n..).map(|(rating, n)| entrant(n, *rating)).collect();
    Ticket { id: id(n), players, latencies: Vec::new(), since: UnixMs(since) }
}

/// Names matches 1, 2, 3, ...
pub(super) fn names() -> impl FnMut() -> MatchId {
    let mut last = 0;
    move || {
        last += 1;
        MatchId([last; 16])
    }
}

fn ids(teams: &[Vec<Entrant>]) -> BTreeSet<&str> {
    teams.iter().flatten().map(|entrant| entrant.player.as_str()).collect()
}

/// The players of each match that was formed.
fn formed(words: &[QueueWord]) -> Vec<BTreeSet<&str>> {
    let lineups =
        words.iter().filter_map(|word| if let QueueWord::Formed(lineup) = word { Some(lineup) } else { None });
    lineups.map(|lineup| ids(&lineup.teams)).collect()
}

fn queue_of(rules: QueueRules, tickets: impl IntoIterator<Item = Ticket>) -> Queue {
    let mut queue = Queue::new(rules);
    tickets.into_iter().for_each(|ticket| queue.add(ticket).unwrap());
    queue
}

const AT_ONCE: (&str, &str) = ("ready-seconds", "0");

#[test]
fn without_skill_whoever_came_first_is_served_first() {
    let tickets = [(7, 30), (8, 10), (9, 20)].map(|(n, since)| ticket(n, &[1500], since));
    let mut queue = queue_of(rules(&[AT_ONCE]), tickets);
    let words = queue.step(UnixMs(40), names());
    assert_eq!(formed(&words), [BTreeSet::from(["p-8", "p-9"])]);
    assert_eq!(queue.players(), 1);
}

#[test]
fn with_skill_the_nearest_meet_and_the_window_widens() {
    let skill = rules(&[AT_ONCE, ("skill-window", "50"), ("skill-widen", "10")]);
    let tickets = [(1, 1500), (2, 1900), (3, 1560), (4, 1540)].map(|(n, rating)| ticket(n, &[rating], 0));
    let mut queue = queue_of(skill, tickets);
    assert_eq!(formed(&queue.step(UnixMs(0), names())), [BTreeSet::from(["p-1", "p-4"])]);
    assert_eq!(formed(&queue.step(UnixMs(10_000), names())).len(), 0, "150 either way: 340 lie between them");
    assert_eq!(formed(&queue.step(UnixMs(12_000), names())), [BTreeSet::from(["p-2", "p-3"])]);
}

#[test]
fn parties_play_in_one_team_against_as_good_a_team() {
    let three = rules(&[AT_ONCE, ("team-size", "3")]);
    let parties =
        [ticket(10, &[1800, 1700], 0), ticket(20, &[1600, 1600], 0), ticket(30, &[1200], 0), ticket(40, &[1500], 0)];
    let words = queue_of(three, parties).step(UnixMs(0), names());
    let [QueueWord::Formed(lineup)] = &words[..] else { panic!("{words:?}") };
    let sides: Vec<BTreeSet<&str>> = lineup.teams.iter().map(|team| ids(std::slice::from_ref(team))).collect();
    assert!(sides.contains(&BTreeSet::from(["p-10", "p-11", "p-30"])), "{sides:?}");
    let mut queue = queue_of(three, [ticket(1, &[1, 1], 0), ticket(3, &[1, 1], 0), ticket(5, &[1, 1], 0)]);
    assert_eq!(queue.step(UnixMs(0), names()), [], "two do not fit into the place of one");
    assert!(matches!(queue.add(ticket(9, &[1; 4], 0)), Err(TicketRefusal::TooLarge { players: 4, most: 3 })));
    assert!(matches!(queue.add(ticket(2, &[1], 0)), Err(TicketRefusal::Waiting(_))));
}

#[test]
fn in_a_free_for_all_a_party_meets_itself() {
    let mut queue =
        queue_of(rules(&[AT_ONCE, ("teams", "4")]), [ticket(1, &[1500, 1500, 1500], 0), ticket(9, &[1, 1], 0)]);
    assert_eq!(queue.step(UnixMs(0), names()), [], "five are too many for four places");
    queue.add(ticket(5, &[1500], 1)).unwrap();
    assert_eq!(formed(&queue.step(UnixMs(1), names())), [BTreeSet::from(["p-1", "p-2", "p-3", "p-5"])]);
    assert!(matches!(queue.add(ticket(20, &[1; 5], 0)), Err(TicketRefusal::TooLarge { players: 5, most: 4 })));
}

#[test]
fn players_who_have_blocked_one_another_do_not_meet() {
    let mut grudge = ticket(2, &[1500], 0);
    grudge.players[0].blocked.push(player(1));
    let mut queue = queue_of(rules(&[AT_ONCE]), [ticket(1, &[1500], 0), grudge]);
    assert_eq!(queue.step(UnixMs(0), names()), []);
    queue.add(ticket(3, &[1500], 5)).unwrap();
    assert_eq!(formed(&queue.step(UnixMs(5), names())), [BTreeSet::from(["p-1", "p-3"])]);
}

#[test]
fn a_region_is_near_to_all_of_a_match() {
    let near = rules(&[AT_ONCE, ("latency-most", "60"), ("latency-widen", "10")]);
    let at = |n, latencies: &[(&str, u16)]| {
        let latencies = latencies.iter().map(|(region, ms)| ((*region).to_owned(), *ms)).collect();
        Ticket { latencies, ..ticket(n, &[1500], 0) }
    };
    let far = at(1, &[("eu", 20), ("us", 110)]);
    let mut queue = queue_of(near, [far, at(2, &[("eu", 130), ("us", 15)]), at(3, &[("eu", 50), ("us", 140)])]);
    let words = queue.step(UnixMs(0), names());
    let [QueueWord::Formed(lineup)] = &words[..] else { panic!("{words:?}") };
    assert_eq!((ids(&lineup.teams), lineup.region.as_deref()), (BTreeSet::from(["p-1", "p-3"]), Some("eu")));
    queue.add(ticket(4, &[1500], 1)).unwrap();
    let words = queue.step(UnixMs(1), names());
    let [QueueWord::Formed(lineup)] = &words[..] else { panic!("{words:?}") };
    assert_eq!(lineup.region.as_deref(), Some("us"), "whoever tells no latency plays anywhere");
}

#[test]
fn a_match_is_formed_when_all_have_confirmed() {
    let mut queue = queue_of(rules(&[("ready-seconds", "10")]), [ticket(1, &[1500], 0), ticket(2, &[1500], 0)]);
    let words = queue.step(UnixMs(0), names());
    let [QueueWord::Found { lineup, until }] = &words[..] else { panic!("{words:?}") };
    assert_eq!(*until, UnixMs(10_000));
    assert_eq!(queue.answer(lineup.id, &player(3), true, UnixMs(1)), Err(NothingToConfirm));
    assert_eq!(queue.answer(lineup.id, &player(1), true, UnixMs(1)), Ok(Vec::new()));
    assert_eq!(queue.answer(lineup.id, &player(1), true, UnixMs(1)), Ok(Vec::new()), "saying it again changes nothing");
    assert_eq!(queue.answer(lineup.id, &player(2), true, UnixMs(2)), Ok(vec![QueueWord::Formed(lineup.clone())]));
    assert_eq!((queue.players(), queue.estimated_wait()), (0, Some(Duration::from_millis(2))));
}

#[test]
fn whoever_confirmed_goes_to_the_front_and_whoever_was_silent_goes() {
    let tickets = [(1, 0), (2, 1), (3, 2), (4, 3)].map(|(n, since)| ticket(n, &[1500], since));
    let mut queue = queue_of(rules(&[("ready-seconds", "10")]), tickets);
    let words = queue.step(UnixMs(5), names());
    let [QueueWord::Found { lineup, .. }, QueueWord::Found { lineup: second, .. }] = &words[..] else {
        panic!("{words:?}")
    };
    queue.answer(lineup.id, &player(2), true, UnixMs(6)).unwrap();
    let declined = queue.answer(second.id, &player(4), false, UnixMs(6)).unwrap();
    assert!(declined.contains(&QueueWord::Dropped { ticket: id(4), id: second.id, unready: vec![player(4)] }));
    assert!(declined.contains(&QueueWord::Returned { ticket: id(3), id: second.id }));
    queue.add(ticket(5, &[1500], 0)).unwrap();
    let words = queue.step(UnixMs(10_005), || MatchId([77; 16]));
    assert!(
        words.contains(&QueueWord::Dropped { ticket: id(1), id: lineup.id, unready: vec![player(1)] }),
        "{words:?}"
    );
    let found =
        words.iter().find_map(|word| if let QueueWord::Found { lineup, .. } = word { Some(lineup) } else { None });
    assert_eq!(ids(&found.unwrap().teams), BTreeSet::from(["p-2", "p-3"]), "5 has waited longer, but was not let down");
}

#[test]
fn to_cancel_is_to_decline_and_harms_nobody_else() {
    let mut queue = queue_of(rules(&[]), [ticket(1, &[1500], 0), ticket(2, &[1500], 0)]);
    queue.step(UnixMs(0), names());
    let words = queue.remove(id(1));
    assert!(words.iter().any(|word| matches!(word, QueueWord::Returned { ticket, .. } if *ticket == id(2))));
    assert!(!queue.has(id(1)) && queue.has(id(2)));
    queue.add(ticket(1, &[1500], 0)).unwrap();
    assert_eq!(queue.remove(id(1)), []);
    assert_eq!(queue.players(), 1);
}

#[test]
fn a_seat_that_falls_free_goes_to_whoever_has_waited_longest_and_fits() {
    let backfill = rules(&[("team-size", "2"), ("backfill", "yes"), ("skill-window", "100")]);
    let tickets = [ticket(1, &[1500, 1500], 0), ticket(3, &[1900], 1), ticket(4, &[1450], 2), ticket(5, &[1500], 3)];
    let mut queue = queue_of(backfill, tickets);
    let id = MatchId([5; 16]);
    let vacancy =
        Vacancy { id, free: vec![0, 1], level: 1400, region: None, players: vec![player(9)], since: UnixMs(3) };
    queue.offer(vacancy.clone());
    let words = queue.step(UnixMs(3), names());
    let filled = words.iter().find(|word| matches!(word, QueueWord::Filled { .. }));
    assert_eq!(filled, Some(&QueueWord::Filled { ticket: ticket(4, &[1450], 2), id, team: 1 }), "{words:?}");
    assert_eq!(queue.step(UnixMs(4), names()), [], "the seat is taken");
    let mut without = queue_of(rules(&[]), [ticket(1, &[1500], 0)]);
    without.offer(vacancy);
    assert_eq!(without.step(UnixMs(4), names()), [], "this queue fills no running matches");
}

proptest! {
    /// Whatever comes, goes, confirms and expires: nobody is lost, doubled, split from their party or dragged out of it.
    #[test]
    fn nobody_is_lost_or_in_two_places(turns in prop::collection::vec((0u32..30, 0u8..6, 1i32..4), 1..120)) {
        let mut queue = Queue::new(rules(&[("team-size", "3"), ("ready-seconds", "5"), ("skill-window", "300")]));
        let (mut name, mut now) = (names_of_many(), 0);
        let mut waiting: BTreeMap<TicketId, Ticket> = BTreeMap::new();
        let mut found: BTreeMap<MatchId, Vec<PlayerId>> = BTreeMap::new();
        for (n, what, size) in turns {
            now += 500;
            let words = match what {
                0 | 1 => {
                    let new = ticket(n * 3, &vec![1000 + 40 * n as i32; size as usize], now);
                    if queue.add(new.clone()).is_ok() {
                        waiting.insert(new.id, new);
                    }
                    Vec::new()
                }
                2 => {
                    waiting.remove(&id(n * 3));
                    queue.remove(id(n * 3))
                }
                3 | 4 => {
                    let first = found.iter().next().map(|(id, players)| (*id, players.clone()));
                    first.map_or_else(Vec::new, |(id, players)| {
                        let one = &players[n as usize % players.len()];
                        queue.answer(id, one, what == 3 || n > 3, UnixMs(now)).unwrap_or_default()
                    })
                }
                _ => queue.step(UnixMs(now), &mut name),
            };
            for word in words {
                match word {
                    QueueWord::Found { lineup, .. } => {
                        for ticket in &lineup.tickets {
                            let party: BTreeSet<_> = waiting[ticket].players.iter().map(|e| &e.player).collect();
                            let sides = lineup.teams.iter().filter(|team| team.iter().any(|e| party.contains(&e.player)));
                            prop_assert_eq!(sides.count(), 1, "a party is in one team");
                        }
                        prop_assert!(lineup.teams.iter().all(|team| team.len() == 3));
                        found.insert(lineup.id, lineup.players().map(|e| e.player.clone()).collect());
                    }
                    QueueWord::Formed(lineup) => {
                        prop_assert!(found.remove(&lineup.id).is_some());
                        for ticket in &lineup.tickets {
                            prop_assert!(waiting.remove(ticket).is_some(), "each ticket plays once");
                        }
                    }
                    QueueWord::Returned { id, .. } => {
                        found.remove(&id);
                    }
                    QueueWord::Dropped { ticket, id, .. } => {
                        found.remove(&id);
                        waiting.remove(&ticket);
                    }
                    QueueWord::Filled { .. } => prop_assert!(false, "nothing was offered"),
                }
            }
            let players: usize = waiting.values().map(|ticket| ticket.players.len()).sum();
            prop_assert_eq!(queue.players(), players);
            prop_assert!(waiting.keys().all(|id| queue.has(*id)));
        }
    }
}

fn names_of_many() -> impl FnMut() -> MatchId {
    let mut last = 0u128;
    move || {
        last += 1;
        MatchId(last.to_be_bytes())
    }
}
