//! Ratings and what they follow from.

use stadion_protocol::contract::QueueName;
use stadion_protocol::{GameName, MatchId, PlayerId};

use super::StoreError;
use super::row::Columns;
use crate::model::{QueuedMatch, Rating, Standing, UnixMs};

/// Which part of a leaderboard is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Board {
    /// From the top, behind so many.
    All {
        /// Places to pass over.
        after: u32,
    },
    /// Those around a player.
    Around(PlayerId),
    /// A player and its friends.
    Friends(PlayerId),
}

/// Keeps ratings.
#[async_trait::async_trait]
pub trait RatingStore: Send + Sync + 'static {
    /// Notes that a match's results are to change ratings. Noting it twice changes nothing more.
    async fn note_queued_match(&self, queued: &QueuedMatch) -> Result<(), StoreError>;

    /// A match that was noted and has not changed ratings yet.
    async fn unrated_match(&self, id: MatchId) -> Result<Option<QueuedMatch>, StoreError>;

    /// Matches that are over and have not changed ratings, oldest first.
    async fn unrated_ended(&self, limit: u16) -> Result<Vec<MatchId>, StoreError>;

    /// The ratings of players in their order; those of whom none is known are beginners.
    async fn ratings(
        &self,
        game: &GameName,
        queue: &QueueName,
        players: &[PlayerId],
    ) -> Result<Vec<Rating>, StoreError>;

    /// Changes the ratings that a match was played with, if they are still those and the match has not changed any: whether
    /// it did. In one commit.
    async fn rate(&self, change: &RatingWrite, now: UnixMs) -> Result<bool, StoreError>;

    /// A part of a leaderboard, best first: those with at least one rated match.
    async fn leaderboard(
        &self,
        game: &GameName,
        queue: &QueueName,
        board: &Board,
        limit: u16,
    ) -> Result<Vec<Standing>, StoreError>;

    /// The ratings of a player, at most 1,000.
    async fn ratings_of(&self, player: &PlayerId) -> Result<Vec<(GameName, QueueName, Rating)>, StoreError>;
}

/// What a match makes of its players' ratings.
#[derive(Clone, Debug, PartialEq)]
pub struct RatingWrite {
    /// The match.
    pub queued: QueuedMatch,
    /// Each player with the rating before and after.
    pub changes: Vec<(PlayerId, Rating, Rating)>,
}

/// A rating, from its row.
pub(super) fn rating(row: &impl Columns) -> Result<Rating, StoreError> {
    Ok(Rating { mean: row.float("mean")?, deviation: row.float("deviation")?, matches: row.uint("matches")? })
}
