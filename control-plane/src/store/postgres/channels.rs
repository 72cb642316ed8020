//! Channels in PostgreSQL.

use sqlx::{Postgres, Transaction};
use stadion_protocol::GameName;

use super::PostgresStore;
use crate::model::{Channel, ChannelAction, ChannelChange, ChannelName, ChannelWrite};
use crate::store::channels::{channel, history};
use crate::store::row::{int, to_json};
use crate::store::{ChannelStore, StoreError};

#[async_trait::async_trait]
impl ChannelStore for PostgresStore {
    async fn channels(&self, game: &GameName) -> Result<Vec<Channel>, StoreError> {
        self.run(async {
            let rows = sqlx::query("SELECT * FROM channels WHERE game = $1 ORDER BY name")
                .bind(game.as_str())
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(channel).collect()
        })
        .await
    }

    async fn change_channels(&self, writes: &[ChannelWrite]) -> Result<bool, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            for write in writes {
                if !change(&mut transaction, write).await? {
                    transaction.rollback().await?;
                    return Ok(false);
                }
                note(&mut transaction, write).await?;
            }
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn channel_history(
        &self,
        game: &GameName,
        channel: Option<&ChannelName>,
        before: Option<u64>,
        limit: u16,
    ) -> Result<Vec<ChannelChange>, StoreError> {
        self.run(async {
            let rows = sqlx::query(
                "SELECT * FROM channel_changes WHERE game = $1 AND ($2::text IS NULL OR channel = $2) AND number < $3
                 ORDER BY number DESC LIMIT $4",
            )
            .bind(game.as_str())
            .bind(channel.map(ChannelName::as_str))
            .bind(before.map_or(i64::MAX, int))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
            rows.iter().map(history).collect()
        })
        .await
    }
}

/// Whether the channel was as the change supposes.
async fn change(transaction: &mut Transaction<'_, Postgres>, write: &ChannelWrite) -> Result<bool, StoreError> {
    let Channel { game, name, revision, .. } = &write.channel;
    let query = match (write.action, revision) {
        (ChannelAction::Removed, _) => {
            sqlx::query("DELETE FROM channels WHERE game = $1 AND name = $2 AND revision = $3")
                .bind(game.as_str())
                .bind(name.as_str())
                .bind(int(*revision))
        }
        (_, 0) => insert(&write.channel),
        _ => update(&write.channel),
    };
    Ok(query.execute(&mut **transaction).await?.rows_affected() == 1)
}

type Query<'q> = sqlx::query::Query<'q, Postgres, sqlx::postgres::PgArguments>;

fn insert(channel: &Channel) -> Query<'_> {
    sqlx::query(
        "INSERT INTO channels (game, name, version, percent, open, players, settings, parameters, changed_at, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1) ON CONFLICT DO NOTHING",
    )
    .bind(channel.game.as_str())
    .bind(channel.name.as_str())
    .bind(channel.version.map(|id| id.0.to_vec()))
    .bind(i64::from(channel.percent))
    .bind(channel.open)
    .bind(to_json(&channel.players))
    .bind(to_json(&channel.settings))
    .bind(channel.parameters.as_slice())
    .bind(int(channel.changed_at.0))
}

fn update(channel: &Channel) -> Query<'_> {
    sqlx::query(
        "UPDATE channels SET version = $1, percent = $2, open = $3, players = $4, settings = $5, parameters = $6,
             changed_at = $7, revision = revision + 1
         WHERE game = $8 AND name = $9 AND revision = $10",
    )
    .bind(channel.version.map(|id| id.0.to_vec()))
    .bind(i64::from(channel.percent))
    .bind(channel.open)
    .bind(to_json(&channel.players))
    .bind(to_json(&channel.settings))
    .bind(channel.parameters.as_slice())
    .bind(int(channel.changed_at.0))
    .bind(channel.game.as_str())
    .bind(channel.name.as_str())
    .bind(int(channel.revision))
}

async fn note(transaction: &mut Transaction<'_, Postgres>, write: &ChannelWrite) -> Result<(), StoreError> {
    let ChannelWrite { channel, action, by } = write;
    let version = channel.version.filter(|_| *action != ChannelAction::Removed);
    sqlx::query(
        "INSERT INTO channel_changes (game, channel, action, version, percent, at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(channel.game.as_str())
    .bind(channel.name.as_str())
    .bind(action.as_str())
    .bind(version.map(|id| id.0.to_vec()))
    .bind(i64::from(channel.percent))
    .bind(int(channel.changed_at.0))
    .bind(by.as_ref().map(stadion_protocol::PlayerId::as_str))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
