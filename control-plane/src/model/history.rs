//! What a player has played.

use stadion_protocol::contract::QueueName;

use super::MatchRecord;

/// A match that a player sat in and that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// The match.
    pub record: MatchRecord,
    /// How it changed the player's rating, if it did.
    pub rating: Option<PlayedRating>,
}

/// A rating before and after a match, in points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayedRating {
    /// Of which queue.
    pub queue: QueueName,
    /// Before.
    pub before: i32,
    /// After.
    pub after: i32,
}
