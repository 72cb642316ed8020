//! Who is served next: a pure queue of requests, fair to games and then to their matches.
//!
//! Games take turns, and within a game its matches. So a game that asks without end waits for itself: whoever asks once is
//! behind at most one request of each other game.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use stadion_protocol::contract::RequestKey;
use stadion_protocol::{GameName, MatchId, Moment};

/// What a desk takes and serves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Requests being carried out.
    pub(super) at_once: usize,
    /// Of them, of one game.
    pub(super) at_once_of_game: usize,
    /// Of them, of one match: with 1 they are carried out in order.
    pub(super) at_once_of_match: usize,
    /// Requests of one game that wait.
    pub(super) waiting_of_game: usize,
    /// Bytes of requests of one game that wait.
    pub(super) bytes_of_game: usize,
    /// Requests that wait.
    pub(super) waiting: usize,
    /// From being asked to being given up.
    pub(super) within: Duration,
}

/// Names a request among all of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id {
    pub(super) match_id: MatchId,
    pub(super) key: RequestKey,
}

/// A request that waits or is carried out.
#[derive(Debug)]
pub(super) struct Entry<J> {
    pub(super) id: Id,
    pub(super) game: GameName,
    pub(super) weight: usize,
    /// When it is given up.
    pub(super) until: Moment,
    pub(super) job: J,
}

/// What became of a request that was handed in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken<J> {
    /// It waits for its turn.
    Queued,
    /// It is here already: its answer will come.
    Known,
    /// Too many wait.
    Full(J),
}

/// See the module.
pub(super) struct Desk<J> {
    limits: Limits,
    games: HashMap<GameName, Game<J>>,
    /// Games with requests that wait, in turn.
    turns: VecDeque<GameName>,
    /// All that wait or are carried out.
    known: HashSet<Id>,
    /// As they came; those that are served already stay until their time is over.
    arrivals: VecDeque<(Moment, GameName, Id)>,
    waiting: usize,
    serving: usize,
}

struct Game<J> {
    matches: HashMap<MatchId, Match<J>>,
    /// Matches with requests that wait, in turn.
    turns: VecDeque<MatchId>,
    waiting: usize,
    bytes: usize,
    serving: usize,
}

struct Match<J> {
    queue: VecDeque<Entry<J>>,
    serving: usize,
}

impl<J> Desk<J> {
    pub(super) fn new(limits: Limits) -> Desk<J> {
        Desk {
            limits,
            games: HashMap::new(),
            turns: VecDeque::new(),
            known: HashSet::new(),
            arrivals: VecDeque::new(),
            waiting: 0,
            serving: 0,
        }
    }

    /// A request arrives.
    pub(super) fn take(&mut self, now: Moment, (id, game): (Id, &GameName), weight: usize, job: J) -> Taken<J> {
        if self.known.contains(&id) {
            return Taken::Known;
        }
        let limits = self.limits;
        let of_game = self.games.get(game);
        let crowded = of_game.is_some_and(|of_game| {
            of_game.waiting >= limits.waiting_of_game || of_game.bytes + weight > limits.bytes_of_game
        });
        if crowded || self.waiting >= limits.waiting {
            return Taken::Full(job);
        }
        let until = now + limits.within;
        let entry = Entry { id, game: game.clone(), weight, until, job };
        let of_game = self.games.entry(game.clone()).or_insert_with(Game::new);
        if of_game.waiting == 0 {
            self.turns.push_back(game.clone());
        }
        of_game.push(entry);
        self.known.insert(id);
        self.arrivals.push_back((until, game.clone(), id));
        self.waiting += 1;
        Taken::Queued
    }

    /// The next to be carried out, if there is room; [`Desk::done`] must follow.
    pub(super) fn next(&mut self) -> Option<Entry<J>> {
        if self.serving >= self.limits.at_once {
            return None;
        }
        for _ in 0..self.turns.len() {
            let name = self.turns.pop_front()?;
            let game = self.games.get_mut(&name).expect("a game that waits is known");
            let entry =
                if game.serving < self.limits.at_once_of_game { game.next(self.limits.at_once_of_match) } else { None };
            if game.waiting > 0 {
                self.turns.push_back(name);
            }
            if let Some(entry) = entry {
                self.waiting -= 1;
                self.serving += 1;
                return Some(entry);
            }
        }
        None
    }

    /// One that was served is done.
    pub(super) fn done(&mut self, game: &GameName, id: Id) {
        self.serving -= 1;
        self.known.remove(&id);
        if let Some(of_game) = self.games.get_mut(game) {
            of_game.done(id.match_id);
        }
        self.forget_if_idle(game);
    }

    /// When the next one that waits may have to be given up.
    pub(super) fn expires(&self) -> Option<Moment> {
        self.arrivals.front().map(|(until, ..)| *until)
    }

    /// One that waited too long.
    pub(super) fn expire(&mut self, now: Moment) -> Option<Entry<J>> {
        while let Some((_, game, id)) = self.arrivals.pop_front_if(|(until, ..)| *until <= now) {
            let Some(entry) = self.games.get_mut(&game).and_then(|of_game| of_game.withdraw(id)) else { continue };
            self.waiting -= 1;
            self.known.remove(&id);
            self.turns.retain(|name| self.games.get(name).is_some_and(|game| game.waiting > 0));
            self.forget_if_idle(&game);
            return Some(entry);
        }
        None
    }

    fn forget_if_idle(&mut self, game: &GameName) {
        if self.games.get(game).is_some_and(|of_game| of_game.matches.is_empty()) {
            self.games.remove(game);
        }
    }
}

impl<J> Game<J> {
    fn new() -> Game<J> {
        Game { matches: HashMap::new(), turns: VecDeque::new(), waiting: 0, bytes: 0, serving: 0 }
    }

    fn push(&mut self, entry: Entry<J>) {
        self.waiting += 1;
        self.bytes += entry.weight;
        let id = entry.id.match_id;
        let of_match = self.matches.entry(id).or_insert_with(|| Match { queue: VecDeque::new(), serving: 0 });
        if of_match.queue.is_empty() {
            self.turns.push_back(id);
        }
        of_match.queue.push_back(entry);
    }

    fn next(&mut self, at_once_of_match: usize) -> Option<Entry<J>> {
        for _ in 0..self.turns.len() {
            let id = self.turns.pop_front()?;
            let of_match = self.matches.get_mut(&id).expect("a match that waits is known");
            let entry = if of_match.serving < at_once_of_match { of_match.queue.pop_front() } else { None };
            if !of_match.queue.is_empty() {
                self.turns.push_back(id);
            }
            if let Some(entry) = entry {
                of_match.serving += 1;
                self.serving += 1;
                self.left(&entry);
                return Some(entry);
            }
        }
        None
    }

    fn done(&mut self, id: MatchId) {
        self.serving -= 1;
        if let Some(of_match) = self.matches.get_mut(&id) {
            of_match.serving -= 1;
        }
        self.forget_if_idle(id);
    }

    /// Takes one out that waits. Requests of a match wait equally long: it is the first of its match or served already.
    fn withdraw(&mut self, id: Id) -> Option<Entry<J>> {
        let of_match = self.matches.get_mut(&id.match_id)?;
        let entry = of_match.queue.pop_front_if(|entry| entry.id == id)?;
        if of_match.queue.is_empty() {
            self.turns.retain(|turn| *turn != id.match_id);
        }
        self.left(&entry);
        self.forget_if_idle(id.match_id);
        Some(entry)
    }

    fn left(&mut self, entry: &Entry<J>) {
        self.waiting -= 1;
        self.bytes -= entry.weight;
    }

    fn forget_if_idle(&mut self, id: MatchId) {
        if self.matches.get(&id).is_some_and(|of_match| of_match.serving == 0 && of_match.queue.is_empty()) {
            self.matches.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use stadion_protocol::Incarnation;

    use super::*;

    const LIMITS: Limits = Limits {
        at_once: 3,
        at_once_of_game: 2,
        at_once_of_match: 1,
        waiting_of_game: 8,
        bytes_of_game: 1_000,
        waiting: 20,
        within: Duration::from_secs(5),
    };
    const NOW: Moment = Moment(0);

    fn id(of: u8, number: u64) -> Id {
        Id { match_id: MatchId([of; 16]), key: RequestKey { incarnation: Incarnation(1), number } }
    }

    fn game(name: &str) -> GameName {
        name.parse().unwrap()
    }

    fn take(desk: &mut Desk<u64>, name: &str, of: u8, number: u64) -> Taken<u64> {
        desk.take(NOW, (id(of, number), &game(name)), 10, number)
    }

    fn next(desk: &mut Desk<u64>) -> Option<(String, u64)> {
        desk.next().map(|entry| (entry.game.to_string(), entry.job))
    }

    #[test]
    fn a_match_is_served_in_order_and_one_at_a_time() {
        let mut desk = Desk::new(LIMITS);
        (1..=3).for_each(|number| assert_eq!(take(&mut desk, "chess", 1, number), Taken::Queued));
        for number in 1..=3 {
            assert_eq!(next(&mut desk), Some(("chess".to_owned(), number)));
            assert_eq!(next(&mut desk), None, "the one before is not done");
            desk.done(&game("chess"), id(1, number));
        }
        assert!(desk.games.is_empty() && desk.known.is_empty(), "nothing is left behind");
    }

    #[test]
    fn a_game_that_asks_without_end_waits_for_itself() {
        let mut desk = Desk::new(LIMITS);
        (1..=8).for_each(|of| _ = take(&mut desk, "greedy", of, u64::from(of)));
        assert_eq!(take(&mut desk, "greedy", 9, 9), Taken::Full(9));
        take(&mut desk, "modest", 20, 100);
        let served: Vec<_> = std::iter::from_fn(|| next(&mut desk)).collect();
        let expected = [("greedy", 1), ("modest", 100), ("greedy", 2)].map(|(name, job)| (name.to_owned(), job));
        assert_eq!(served, expected);
        desk.done(&game("modest"), id(20, 100));
        assert_eq!(next(&mut desk), None, "two of a game at once are enough");
    }

    #[test]
    fn large_requests_fill_a_queue_too() {
        let mut desk = Desk::new(LIMITS);
        assert_eq!(desk.take(NOW, (id(1, 1), &game("chess")), 900, 1), Taken::Queued);
        assert_eq!(desk.take(NOW, (id(1, 2), &game("chess")), 200, 2), Taken::Full(2));
        assert_eq!(desk.take(NOW, (id(2, 2), &game("go")), 200, 2), Taken::Queued);
    }

    #[test]
    fn who_asks_again_meanwhile_waits_for_the_same_answer() {
        let mut desk = Desk::new(LIMITS);
        take(&mut desk, "chess", 1, 1);
        assert_eq!(take(&mut desk, "chess", 1, 1), Taken::Known);
        next(&mut desk);
        assert_eq!(take(&mut desk, "chess", 1, 1), Taken::Known);
        desk.done(&game("chess"), id(1, 1));
        assert_eq!(take(&mut desk, "chess", 1, 1), Taken::Queued);
    }

    #[test]
    fn what_waits_too_long_is_given_up_and_what_is_served_is_not() {
        let mut desk = Desk::new(LIMITS);
        (1..=3).for_each(|number| _ = take(&mut desk, "chess", 1, number));
        take(&mut desk, "go", 2, 9);
        assert_eq!(next(&mut desk), Some(("chess".to_owned(), 1)));
        let later = NOW + LIMITS.within;
        assert_eq!(desk.expires(), Some(later));
        assert!(desk.expire(NOW).is_none());
        let given_up: Vec<_> = std::iter::from_fn(|| desk.expire(later)).map(|entry| entry.job).collect();
        assert_eq!(given_up, [2, 3, 9]);
        assert_eq!((desk.waiting, desk.expires()), (0, None));
        assert_eq!(take(&mut desk, "chess", 1, 4), Taken::Queued);
        assert_eq!(next(&mut desk), None, "the first is not done");
        desk.done(&game("chess"), id(1, 1));
        assert_eq!(next(&mut desk), Some(("chess".to_owned(), 4)));
    }
}
