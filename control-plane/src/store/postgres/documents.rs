//! Documents of games in PostgreSQL.

use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row, Transaction};
use stadion_protocol::{GameName, PlayerId};

use super::PostgresStore;
use crate::model::{
    Document, DocumentChange, DocumentError, DocumentHead, DocumentKey, DocumentLimits, DocumentPlace, OnceKey,
    PlayerAccess, UnixMs,
};
use crate::store::documents::{Before, document, head, judge, noted, owner, remembered, sql};
use crate::store::row::{int, parsed, uint};
use crate::store::{DocumentStore, StoreError};

#[async_trait::async_trait]
impl DocumentStore for PostgresStore {
    async fn document(&self, place: &DocumentPlace) -> Result<Option<Document>, StoreError> {
        self.run(async {
            let row = sqlx::query(sql::GET)
                .bind(place.game.as_str())
                .bind(owner(place))
                .bind(place.key.as_str())
                .fetch_optional(&self.pool)
                .await?;
            row.map(|row| document(&row)).transpose()
        })
        .await
    }

    async fn documents(
        &self,
        game: &GameName,
        player: Option<&PlayerId>,
        after: Option<&DocumentKey>,
        limit: u16,
    ) -> Result<Vec<DocumentHead>, StoreError> {
        self.run(async {
            let rows = sqlx::query(sql::LIST)
                .bind(game.as_str())
                .bind(player.map_or("", PlayerId::as_str))
                .bind(after.map_or("", DocumentKey::as_str))
                .bind(i64::from(limit))
                .fetch_all(&self.pool)
                .await?;
            rows.iter().map(head).collect()
        })
        .await
    }

    async fn change_document(
        &self,
        change: &DocumentChange,
        limits: &DocumentLimits,
        now: UnixMs,
    ) -> Result<Result<u64, DocumentError>, StoreError> {
        self.run(async {
            let mut transaction = self.pool.begin().await?;
            let mut before = of_game(&mut transaction, &change.place.game).await?;
            if let Some(once) = &change.once
                && let Some(answer) = answered(&mut transaction, once).await?
            {
                return Ok(answer);
            }
            of_document(&mut transaction, &change.place, &mut before).await?;
            let after = judge(change, &before, limits);
            let answer = match &after {
                Ok(after) => {
                    write(&mut transaction, change, after.version, now).await?;
                    sqlx::query(sql::TOTAL)
                        .bind(change.place.game.as_str())
                        .bind(int(after.game.0))
                        .bind(int(after.game.1))
                        .bind(int(after.newest))
                        .execute(&mut *transaction)
                        .await?;
                    Ok(after.version.unwrap_or(0))
                }
                Err(error) => Err(*error),
            };
            if let Some(once) = &change.once {
                note(&mut transaction, once, &answer, now).await?;
            }
            transaction.commit().await?;
            Ok(answer)
        })
        .await
    }

    async fn documents_of_player(
        &self,
        player: &PlayerId,
        limit: u16,
    ) -> Result<Vec<(DocumentPlace, Document)>, StoreError> {
        self.run(async {
            let rows =
                sqlx::query(sql::OF_PLAYER).bind(player.as_str()).bind(i64::from(limit)).fetch_all(&self.pool).await?;
            let one = |row: &PgRow| -> Result<_, StoreError> {
                let (game, key) = (parsed(row.try_get("game")?)?, parsed(row.try_get("key")?)?);
                Ok((DocumentPlace { game, player: Some(player.clone()), key }, document(row)?))
            };
            rows.iter().map(one).collect()
        })
        .await
    }

    async fn player_access(&self, game: &GameName) -> Result<PlayerAccess, StoreError> {
        self.run(async {
            let row = sqlx::query(sql::ACCESS).bind(game.as_str()).fetch_optional(&self.pool).await?;
            row.map_or_else(|| Ok(PlayerAccess::None), |row| parsed(row.try_get("player_documents")?))
        })
        .await
    }

    async fn set_player_access(&self, game: &GameName, access: PlayerAccess) -> Result<bool, StoreError> {
        self.run(async {
            let updated =
                sqlx::query(sql::SET_ACCESS).bind(game.as_str()).bind(access.as_str()).execute(&self.pool).await?;
            Ok(updated.rows_affected() == 1)
        })
        .await
    }

    async fn forget_answers(&self, before: UnixMs) -> Result<u64, StoreError> {
        self.run(async { Ok(sqlx::query(sql::OLD).bind(int(before.0)).execute(&self.pool).await?.rows_affected()) })
            .await
    }
}

/// Takes the game's lock.
async fn of_game(transaction: &mut Transaction<'_, Postgres>, game: &GameName) -> Result<Before, StoreError> {
    let row = sqlx::query(sql::GAME).bind(game.as_str()).fetch_one(&mut **transaction).await?;
    let game = (uint(row.try_get("documents")?)?, uint(row.try_get("bytes")?)?);
    Ok(Before { game, newest: uint(row.try_get("newest")?)?, ..Before::default() })
}

async fn answered(
    transaction: &mut Transaction<'_, Postgres>,
    once: &OnceKey,
) -> Result<Option<Result<u64, DocumentError>>, StoreError> {
    let row = sqlx::query(sql::ANSWER)
        .bind(once.match_id.to_string())
        .bind(i64::from(once.key.incarnation.0))
        .bind(int(once.key.number))
        .fetch_optional(&mut **transaction)
        .await?;
    row.map(|row| remembered(row.try_get("answer")?, uint(row.try_get("version")?)?)).transpose()
}

async fn of_document(
    transaction: &mut Transaction<'_, Postgres>,
    place: &DocumentPlace,
    before: &mut Before,
) -> Result<(), StoreError> {
    let row = sqlx::query(sql::ONE)
        .bind(place.game.as_str())
        .bind(owner(place))
        .bind(place.key.as_str())
        .fetch_optional(&mut **transaction)
        .await?;
    if let Some(row) = row {
        before.document = Some((uint(row.try_get("version")?)?, uint(row.try_get("room")?)?));
    }
    let Some(player) = &place.player else { return Ok(()) };
    let row =
        sqlx::query(sql::PLAYER).bind(place.game.as_str()).bind(player.as_str()).fetch_one(&mut **transaction).await?;
    before.player = (uint(row.try_get("documents")?)?, uint(row.try_get("bytes")?)?);
    let forgotten = sqlx::query(sql::FORGOTTEN).bind(player.as_str()).fetch_optional(&mut **transaction).await?;
    before.forgotten = forgotten.is_some();
    Ok(())
}

async fn write(
    transaction: &mut Transaction<'_, Postgres>,
    change: &DocumentChange,
    version: Option<u64>,
    now: UnixMs,
) -> Result<(), StoreError> {
    let DocumentChange { place, data, .. } = change;
    let (Some(version), Some(data)) = (version, data) else {
        let delete = sqlx::query(sql::DELETE).bind(place.game.as_str()).bind(owner(place)).bind(place.key.as_str());
        delete.execute(&mut **transaction).await?;
        return Ok(());
    };
    sqlx::query(sql::PUT)
        .bind(place.game.as_str())
        .bind(owner(place))
        .bind(place.key.as_str())
        .bind(int(version))
        .bind(int(now.0))
        .bind(int((data.len() + place.key.as_str().len()) as u64))
        .bind(data.as_slice())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn note(
    transaction: &mut Transaction<'_, Postgres>,
    once: &OnceKey,
    answer: &Result<u64, DocumentError>,
    now: UnixMs,
) -> Result<(), StoreError> {
    let (word, version) = noted(answer);
    sqlx::query(sql::NOTE)
        .bind(once.match_id.to_string())
        .bind(i64::from(once.key.incarnation.0))
        .bind(int(once.key.number))
        .bind(word)
        .bind(int(version))
        .bind(int(now.0))
        .execute(&mut **transaction)
        .await?;
    sqlx::query(sql::SETTLED)
        .bind(once.match_id.to_string())
        .bind(i64::from(once.settled_below.incarnation.0))
        .bind(int(once.settled_below.number))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
