//! Who knows whom, and how good everybody is.

use stadion_protocol::contract::QueueName;
use stadion_protocol::{GameName, MatchId};

use super::{Account, UnixMs};

/// How two accounts stand to one another, from the one's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Friendship {
    /// This one asked, the other has not answered.
    Asked,
    /// The other asked.
    Asking,
    /// Both want to.
    Mutual,
}

/// A friend, or somebody who is to become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Friend {
    /// Who.
    pub account: Account,
    /// How far it is.
    pub friendship: Friendship,
}

impl Friend {
    /// Whether both want to.
    pub fn mutual(&self) -> bool {
        self.friendship == Friendship::Mutual
    }
}

/// How good a player is at the matches of one queue, as a belief: a mean and how far off it may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Rating {
    /// On the scale of Weng and Lin, where beginners have 25.
    pub mean: f64,
    /// Its standard deviation, on the same scale; of beginners 25/3.
    pub deviation: f64,
    /// Rated matches so far.
    pub matches: u32,
}

/// Points for each unit of the scale: beginners have 1500, as players know it from elsewhere.
const POINTS: f64 = 60.0;

impl Default for Rating {
    fn default() -> Rating {
        Rating { mean: 25.0, deviation: 25.0 / 3.0, matches: 0 }
    }
}

impl Rating {
    /// The mean for people.
    pub fn points(&self) -> i32 {
        (self.mean * POINTS).round() as i32
    }

    /// The deviation for people.
    pub fn give_or_take(&self) -> i32 {
        (self.deviation * POINTS).round() as i32
    }
}

/// A place on a leaderboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// From 1; those with as many points share the best of their places.
    pub place: u32,
    /// Who.
    pub account: Account,
    /// How good.
    pub rating: Rating,
}

/// A match that a rated queue made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedMatch {
    /// Which.
    pub id: MatchId,
    /// Of which game.
    pub game: GameName,
    /// By which of its queues.
    pub queue: QueueName,
    /// When.
    pub created_at: UnixMs,
}
