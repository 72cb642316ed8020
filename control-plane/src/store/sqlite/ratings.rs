//! Ratings in SQLite.

use sqlx::Row;
use stadion_protocol::contract::QueueName;
use stadion_protocol::{GameName, MatchId, PlayerId};

use super::SqliteStore;
use super::accounts::account;
use crate::model::{QueuedMatch, Rating, Standing, UnixMs};
use crate::store::ratings::rating;
use crate::store::row::{int, parsed, uint};
use crate::store::{Board, RatingStore, RatingWrite, StoreError};

#[async_trait::async_trait]
impl RatingStore for SqliteStore {
    async fn note_queued_match(&self, queued: &QueuedMatch) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO queued_matches (id, game, queue, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(queued.id.to_string())
        .bind(queued.game.as_str())
        .bind(queued.queue.as_str())
        .bind(int(queued.created_at.0))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    async fn unrated_match(&self, id: MatchId) -> Result<Option<QueuedMatch>, StoreError> {
        let row = sqlx::query("SELECT game, queue, created_at FROM queued_matches WHERE id = $1 AND rated_at IS NULL")
            .bind(id.to_string())
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| {
            let created_at = UnixMs(uint(row.try_get("created_at")?)?);
            Ok(QueuedMatch {
                id,
                game: parsed(row.try_get("game")?)?,
                queue: parsed(row.try_get("queue")?)?,
                created_at,
            })
        })
        .transpose()
    }

    async fn unrated_ended(&self, limit: u16) -> Result<Vec<MatchId>, StoreError> {
        let rows = sqlx::query(
            "SELECT q.id FROM queued_matches AS q JOIN matches AS m ON m.id = q.id
             WHERE q.rated_at IS NULL AND m.ended_at IS NOT NULL ORDER BY q.created_at LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(|row| parsed(row.try_get("id")?)).collect()
    }

    async fn ratings(
        &self,
        game: &GameName,
        queue: &QueueName,
        players: &[PlayerId],
    ) -> Result<Vec<Rating>, StoreError> {
        let mut ratings = Vec::with_capacity(players.len());
        for player in players {
            let row = sqlx::query(
                "SELECT mean, deviation, matches FROM ratings WHERE game = $1 AND queue = $2 AND account = $3",
            )
            .bind(game.as_str())
            .bind(queue.as_str())
            .bind(player.as_str())
            .fetch_optional(&self.reader)
            .await?;
            ratings.push(row.map_or_else(|| Ok(Rating::default()), |row| rating(&row))?);
        }
        Ok(ratings)
    }

    async fn rate(&self, change: &RatingWrite, now: UnixMs) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let noted = sqlx::query("UPDATE queued_matches SET rated_at = $2 WHERE id = $1 AND rated_at IS NULL")
            .bind(change.queued.id.to_string())
            .bind(int(now.0))
            .execute(&mut *transaction)
            .await?;
        if noted.rows_affected() == 0 {
            return Ok(false);
        }
        for (player, before, after) in &change.changes {
            // What was read is what is replaced: the count of matches grows with each change.
            let written = sqlx::query(
                "INSERT INTO ratings (game, queue, account, mean, deviation, matches, changed_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (game, queue, account) DO UPDATE SET mean = excluded.mean,
                    deviation = excluded.deviation, matches = excluded.matches, changed_at = excluded.changed_at
                 WHERE ratings.matches = $8",
            )
            .bind(change.queued.game.as_str())
            .bind(change.queued.queue.as_str())
            .bind(player.as_str())
            .bind(after.mean)
            .bind(after.deviation)
            .bind(i64::from(after.matches))
            .bind(int(now.0))
            .bind(i64::from(before.matches))
            .execute(&mut *transaction)
            .await?;
            if written.rows_affected() == 0 {
                return Ok(false);
            }
            sqlx::query(
                "INSERT INTO rating_changes (account, match, queue, before, after) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT DO NOTHING",
            )
            .bind(player.as_str())
            .bind(change.queued.id.to_string())
            .bind(change.queued.queue.as_str())
            .bind(i64::from(before.points()))
            .bind(i64::from(after.points()))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn leaderboard(
        &self,
        game: &GameName,
        queue: &QueueName,
        board: &Board,
        limit: u16,
    ) -> Result<Vec<Standing>, StoreError> {
        let (after, among) = match board {
            Board::All { after } => (i64::from(*after), None),
            Board::Friends(player) => (0, Some(player.as_str())),
            Board::Around(player) => {
                let better = sqlx::query(
                    "SELECT COUNT(*) AS better FROM ratings AS r JOIN ratings AS own
                        ON own.game = r.game AND own.queue = r.queue AND own.account = $3
                     WHERE r.game = $1 AND r.queue = $2
                        AND (r.mean > own.mean OR (r.mean = own.mean AND r.account < own.account))",
                )
                .bind(game.as_str())
                .bind(queue.as_str())
                .bind(player.as_str())
                .fetch_one(&self.reader)
                .await?;
                let better: i64 = better.try_get("better")?;
                ((better - i64::from(limit) / 2).max(0), None)
            }
        };
        let rows = sqlx::query(
            "SELECT a.id, a.name, a.sign_in, a.role, a.linked, a.created_at, r.mean, r.deviation, r.matches,
                    RANK() OVER (ORDER BY r.mean DESC) AS place
             FROM ratings AS r JOIN accounts AS a ON a.id = r.account
             WHERE r.game = $1 AND r.queue = $2 AND ($3 IS NULL OR r.account = $3 OR EXISTS (
                SELECT 1 FROM friendships AS mine JOIN friendships AS theirs
                    ON theirs.one = mine.other AND theirs.other = mine.one
                WHERE mine.one = $3 AND mine.other = r.account))
             ORDER BY r.mean DESC, r.account LIMIT $4 OFFSET $5",
        )
        .bind(game.as_str())
        .bind(queue.as_str())
        .bind(among)
        .bind(i64::from(limit))
        .bind(after)
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                let place = uint(row.try_get("place")?)?;
                Ok(Standing { place, account: account(row)?, rating: rating(row)? })
            })
            .collect()
    }

    async fn ratings_of(&self, player: &PlayerId) -> Result<Vec<(GameName, QueueName, Rating)>, StoreError> {
        let rows = sqlx::query(
            "SELECT game, queue, mean, deviation, matches FROM ratings WHERE account = $1 ORDER BY game, queue LIMIT 1000",
        )
        .bind(player.as_str())
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| Ok((parsed(row.try_get("game")?)?, parsed(row.try_get("queue")?)?, rating(row)?)))
            .collect()
    }
}
