//! Channels in SQLite.

use sqlx::{Sqlite, Transaction};
use stadion_protocol::GameName;

use super::SqliteStore;
use crate::model::{Channel, ChannelAction, ChannelChange, ChannelName, ChannelWrite};
use crate::store::channels::{channel, history};
use crate::store::row::{int, to_json};
use crate::store::{ChannelStore, StoreError};

#[async_trait::async_trait]
impl ChannelStore for SqliteStore {
    async fn channels(&self, game: &GameName) -> Result<Vec<Channel>, StoreError> {
        let rows = sqlx::query("SELECT * FROM channels WHERE game = ? ORDER BY name")
            .bind(game.as_str())
            .fetch_all(&self.reader)
            .await?;
        rows.iter().map(channel).collect()
    }

    async fn change_channels(&self, writes: &[ChannelWrite]) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        for write in writes {
            if !change(&mut transaction, write).await? {
                transaction.rollback().await?;
                return Ok(false);
            }
            note(&mut transaction, write).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn channel_history(
        &self,
        game: &GameName,
        channel: Option<&ChannelName>,
        before: Option<u64>,
        limit: u16,
    ) -> Result<Vec<ChannelChange>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM channel_changes WHERE game = ?1 AND (?2 IS NULL OR channel = ?2) AND number < ?3
             ORDER BY number DESC LIMIT ?4",
        )
        .bind(game.as_str())
        .bind(channel.map(ChannelName::as_str))
        .bind(before.map_or(i64::MAX, int))
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(history).collect()
    }
}

/// Whether the channel was as the change supposes.
async fn change(transaction: &mut Transaction<'_, Sqlite>, write: &ChannelWrite) -> Result<bool, StoreError> {
    let Channel { game, name, revision, .. } = &write.channel;
    let query = match (write.action, revision) {
        (ChannelAction::Removed, _) => sqlx::query("DELETE FROM channels WHERE game = ? AND name = ? AND revision = ?")
            .bind(game.as_str())
            .bind(name.as_str())
            .bind(int(*revision)),
        (_, 0) => insert(&write.channel),
        _ => update(&write.channel),
    };
    Ok(query.execute(&mut **transaction).await?.rows_affected() == 1)
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

fn insert(channel: &Channel) -> Query<'_> {
    sqlx::query(
        "INSERT INTO channels (game, name, version, percent, open, players, settings, parameters, changed_at, revision)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT DO NOTHING",
    )
    .bind(channel.game.as_str())
    .bind(channel.name.as_str())
    .bind(channel.version.map(|id| id.0.to_vec()))
    .bind(i64::from(channel.percent))
    .bind(i64::from(channel.open))
    .bind(to_json(&channel.players))
    .bind(to_json(&channel.settings))
    .bind(channel.parameters.as_slice())
    .bind(int(channel.changed_at.0))
}

fn update(channel: &Channel) -> Query<'_> {
    sqlx::query(
        "UPDATE channels SET version = ?, percent = ?, open = ?, players = ?, settings = ?, parameters = ?,
             changed_at = ?, revision = revision + 1
         WHERE game = ? AND name = ? AND revision = ?",
    )
    .bind(channel.version.map(|id| id.0.to_vec()))
    .bind(i64::from(channel.percent))
    .bind(i64::from(channel.open))
    .bind(to_json(&channel.players))
    .bind(to_json(&channel.settings))
    .bind(channel.parameters.as_slice())
    .bind(int(channel.changed_at.0))
    .bind(channel.game.as_str())
    .bind(channel.name.as_str())
    .bind(int(channel.revision))
}

async fn note(transaction: &mut Transaction<'_, Sqlite>, write: &ChannelWrite) -> Result<(), StoreError> {
    let ChannelWrite { channel, action, by } = write;
    let version = channel.version.filter(|_| *action != ChannelAction::Removed);
    sqlx::query(
        "INSERT INTO channel_changes (game, channel, action, version, percent, at, actor) VALUES (?, ?, ?, ?, ?, ?, ?)",
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
