//! Games and versions in PostgreSQL.

use sqlx::Row;
use sqlx::postgres::PgRow;
use stadion_protocol::{GameName, PlayerId, VersionId};

use super::PostgresStore;
use super::events::append;
use crate::model::{Game, GameEntry, NewEvent, Page, PageRequest, Quarantine, UnixMs, Version};
use crate::store::games::{entry, game_of, version};
use crate::store::row::{Columns, int, parsed, to_json};
use crate::store::{GameStore, StoreError};

/// A game beside the version of its channel `stable`, unless that is retired.
macro_rules! entries {
    ($where:literal) => {
        concat!(
            "SELECT g.name, g.owner, g.created_at, v.version, v.title, v.quarantined_at FROM games g
             LEFT JOIN channels c ON c.game = g.name AND c.name = 'stable'
             LEFT JOIN versions v ON v.game = g.name AND v.version = c.version AND v.retired_at IS NULL ",
            $where
        )
    };
}

#[async_trait::async_trait]
impl GameStore for PostgresStore {
    async fn create_game(&self, game: &Game) -> Result<Game, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            sqlx::query("INSERT INTO games (name, owner, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(game.name.as_str())
                .bind(game.owner.as_str())
                .bind(int(game.created_at.0))
                .execute(&mut *transaction)
                .await?;
            let row = sqlx::query("SELECT name, owner, created_at FROM games WHERE name = $1")
                .bind(game.name.as_str())
                .fetch_one(&mut *transaction)
                .await?;
            transaction.commit().await?;
            game_of(&row)
        })
        .await
    }

    async fn game(&self, name: &GameName) -> Result<Option<GameEntry>, StoreError> {
        self.run(async {
            let row = sqlx::query(entries!("WHERE g.name = $1")).bind(name.as_str()).fetch_optional(&self.pool).await?;
            row.map(|row| entry(&row)).transpose()
        })
        .await
    }

    async fn set_origins(&self, game: &GameName, origins: &str, expected: Option<&str>) -> Result<bool, StoreError> {
        self.run(async {
            let updated =
                sqlx::query("UPDATE games SET origins = $1 WHERE name = $2 AND ($3::text IS NULL OR origins = $3)")
                    .bind(origins)
                    .bind(game.as_str())
                    .bind(expected)
                    .execute(&self.pool)
                    .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn origins(&self) -> Result<Vec<(GameName, String)>, StoreError> {
        self.run(async {
            let rows = sqlx::query("SELECT name, origins FROM games WHERE origins <> ''").fetch_all(&self.pool).await?;
            rows.iter().map(|row| Ok((parsed(row.try_get("name")?)?, row.try_get("origins")?))).collect()
        })
        .await
    }

    async fn games(&self, page: &PageRequest<GameName>) -> Result<Page<GameEntry, GameName>, StoreError> {
        self.run(async {
            let rows = sqlx::query(entries!("WHERE g.name > $1 ORDER BY g.name LIMIT $2"))
                .bind(page.after.as_ref().map_or("", GameName::as_str))
                .bind(i64::from(page.limit) + 1)
                .fetch_all(&self.pool)
                .await?;
            let items = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
            Ok(Page::cut(items, page.limit, |entry| entry.game.name.clone()))
        })
        .await
    }

    async fn games_of(&self, owner: &PlayerId, limit: u16) -> Result<Vec<GameName>, StoreError> {
        self.run(async {
            let rows = sqlx::query("SELECT name FROM games WHERE owner = $1 ORDER BY name LIMIT $2")
                .bind(owner.as_str())
                .bind(i64::from(limit))
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(|row| parsed(row.try_get("name")?)).collect()
        })
        .await
    }

    async fn publish(&self, version: &Version) -> Result<(), StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            // The number is the age: publishing again must raise it.
            let known = sqlx::query(
                "UPDATE versions SET retired_at = NULL, number = nextval('version_numbers')
                 WHERE game = $1 AND version = $2",
            )
            .bind(version.game.as_str())
            .bind(version.id.0.to_vec())
            .execute(&mut *transaction)
            .await?;
            if known.rows_affected() == 0 {
                insert(&mut transaction, version).await?;
            }
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    async fn version(&self, game: &GameName, id: VersionId) -> Result<Option<Version>, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT * FROM versions WHERE game = $1 AND version = $2")
                .bind(game.as_str())
                .bind(id.0.to_vec())
                .fetch_optional(&self.pool)
                .await?;
            row.map(|row| version(&row)).transpose()
        })
        .await
    }

    async fn versions(&self, game: &GameName, limit: u16) -> Result<Vec<Version>, StoreError> {
        self.run(async {
            let rows = sqlx::query("SELECT * FROM versions WHERE game = $1 ORDER BY number DESC LIMIT $2")
                .bind(game.as_str())
                .bind(i64::from(limit))
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(version).collect()
        })
        .await
    }

    async fn version_page(&self, game: &GameName, page: &PageRequest<u64>) -> Result<Page<Version, u64>, StoreError> {
        self.run(async {
            let rows =
                sqlx::query("SELECT * FROM versions WHERE game = $1 AND number < $2 ORDER BY number DESC LIMIT $3")
                    .bind(game.as_str())
                    .bind(int(page.after.unwrap_or(u64::MAX)))
                    .bind(i64::from(page.limit) + 1)
                    .fetch_all(&self.pool)
                    .await?;
            let numbered = |row: &PgRow| Ok((row.uint("number")?, version(row)?));
            let items = rows.iter().map(numbered).collect::<Result<Vec<(u64, Version)>, StoreError>>()?;
            let Page { items, next } = Page::cut(items, page.limit, |(number, _)| *number);
            Ok(Page { items: items.into_iter().map(|(_, version)| version).collect(), next })
        })
        .await
    }

    async fn retire_version(&self, game: &GameName, id: VersionId, now: UnixMs) -> Result<bool, StoreError> {
        self.run(async {
            let updated = sqlx::query(
                "UPDATE versions SET retired_at = coalesce(retired_at, $1) WHERE game = $2 AND version = $3",
            )
            .bind(int(now.0))
            .bind(game.as_str())
            .bind(id.0.to_vec())
            .execute(&self.pool)
            .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn set_quarantine(
        &self,
        game: &GameName,
        id: VersionId,
        quarantine: Option<&Quarantine>,
    ) -> Result<bool, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            let known = sqlx::query("SELECT quarantined_at FROM versions WHERE game = $1 AND version = $2 FOR UPDATE")
                .bind(game.as_str())
                .bind(id.0.to_vec())
                .fetch_optional(&mut *transaction)
                .await?;
            let Some(row) = known else { return Ok(false) };
            let quarantined: Option<i64> = row.try_get("quarantined_at")?;
            if quarantined.is_some() == quarantine.is_some() {
                return Ok(true);
            }
            sqlx::query(
                "UPDATE versions SET quarantine_reason = $1, quarantined_at = $2 WHERE game = $3 AND version = $4",
            )
            .bind(quarantine.map(|quarantine| quarantine.reason.as_str()))
            .bind(quarantine.map(|quarantine| int(quarantine.at.0)))
            .bind(game.as_str())
            .bind(id.0.to_vec())
            .execute(&mut *transaction)
            .await?;
            if let Some(quarantine) = quarantine {
                append(&mut transaction, &[NewEvent::quarantined(game, id, quarantine)]).await?;
            }
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn set_settings(
        &self,
        game: &GameName,
        id: VersionId,
        overrides: &[(String, String)],
        expected: Option<&[(String, String)]>,
    ) -> Result<bool, StoreError> {
        self.run(async {
            let updated = sqlx::query(
                "UPDATE versions SET overrides = $1 WHERE game = $2 AND version = $3
                     AND ($4::text IS NULL OR overrides = $4)",
            )
            .bind(to_json(&overrides))
            .bind(game.as_str())
            .bind(id.0.to_vec())
            .bind(expected.map(|expected| to_json(&expected)))
            .execute(&self.pool)
            .await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn is_published(&self, id: VersionId) -> Result<bool, StoreError> {
        self.run(async {
            let row = sqlx::query("SELECT 1 FROM versions WHERE version = $1 LIMIT 1")
                .bind(id.0.to_vec())
                .fetch_optional(&self.pool)
                .await?;
            Ok(row.is_some())
        })
        .await
    }
}

async fn insert(transaction: &mut sqlx::Transaction<'_, sqlx::Postgres>, version: &Version) -> Result<(), StoreError> {
    let description = &version.description;
    sqlx::query(
        "INSERT INTO versions (game, version, title, seats_min, seats_max, teams, rate, memory_bytes, step_us, schema,
             settings, saves, overrides, image_checkpoints, warm_image, size_bytes, compile_cpu_ms, created_at,
             retired_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
    )
    .bind(version.game.as_str())
    .bind(version.id.0.to_vec())
    .bind(printable(&description.title))
    .bind(i64::from(description.seats_min))
    .bind(i64::from(description.seats_max))
    .bind(i64::from(description.teams))
    .bind(i64::from(description.rate))
    .bind(int(description.memory_bytes))
    .bind(i64::from(description.step_us))
    .bind(description.schema.as_deref())
    .bind(to_json(&description.settings))
    .bind(description.saves)
    .bind(to_json(&version.overrides))
    .bind(to_json(&description.image_checkpoints))
    .bind(to_json(&description.warm_image))
    .bind(int(version.size_bytes))
    .bind(i64::from(version.compile_cpu_ms))
    .bind(int(version.created_at.0))
    .bind(version.retired_at.map(|at| int(at.0)))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// A guest's own text: the one character that PostgreSQL's texts cannot hold is shown as what cannot be shown.
fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
