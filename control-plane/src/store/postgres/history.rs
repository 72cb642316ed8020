//! Who played what, in PostgreSQL.

use sqlx::{QueryBuilder, Row};
use stadion_protocol::{GameName, MatchId, PlayerId};

use super::PostgresStore;
use crate::model::{Page, PageRequest, Played, PlayedRating, UnixMs};
use crate::store::matches::record;
use crate::store::row::{int, parsed, uint};
use crate::store::{HistoryStore, StoreError};

#[async_trait::async_trait]
impl HistoryStore for PostgresStore {
    async fn played(
        &self,
        player: &PlayerId,
        game: Option<&GameName>,
        page: &PageRequest<(UnixMs, MatchId)>,
    ) -> Result<Page<Played, (UnixMs, MatchId)>, StoreError> {
        self.run(async {
            let mut query = QueryBuilder::new(
                "SELECT m.*, p.ended_at AS played_at, r.queue AS rated_queue, r.before AS rated_before, r.after AS rated_after
                 FROM played AS p JOIN matches AS m ON m.id = p.match
                 LEFT JOIN rating_changes AS r ON r.account = p.account AND r.match = p.match
                 WHERE m.ended_at IS NOT NULL AND p.account = ",
            );
            query.push_bind(player.to_string());
            if let Some(game) = game {
                query.push(" AND m.game = ").push_bind(game.to_string());
            }
            if let Some((ended_at, id)) = page.after {
                query.push(" AND (p.ended_at, p.match) < (").push_bind(int(ended_at.0)).push(", ").push_bind(id.to_string());
                query.push(")");
            }
            query.push(" ORDER BY p.ended_at DESC, p.match DESC LIMIT ").push_bind(i64::from(page.limit) + 1);
            let rows = query.build().fetch_all(&self.pool).await?;
            let played = rows.iter().map(|row| {
                let queue: Option<&str> = row.try_get("rated_queue")?;
                let points = |column| uint(row.try_get(column)?);
                let rating = |queue| -> Result<PlayedRating, StoreError> {
                    Ok(PlayedRating { queue: parsed(queue)?, before: points("rated_before")?, after: points("rated_after")? })
                };
                let at = UnixMs(uint(row.try_get("played_at")?)?);
                Ok((at, Played { record: record(row)?, rating: queue.map(rating).transpose()? }))
            });
            let items = played.collect::<Result<Vec<_>, StoreError>>()?;
            let Page { items, next } = Page::cut(items, page.limit, |(at, played)| (*at, played.record.id));
            Ok(Page { items: items.into_iter().map(|(_, played)| played).collect(), next })
        })
        .await
    }

    async fn parameters(&self, of: MatchId) -> Result<Vec<u8>, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT parameters FROM match_parameters WHERE match = $1")
                .bind(of.to_string())
                .fetch_optional(&self.pool)
                .await?;
            Ok(row.map(|row| row.try_get("parameters")).transpose()?.unwrap_or_default())
        })
        .await
    }
}
