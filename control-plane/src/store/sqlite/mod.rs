//! The store in one SQLite file, in WAL mode with `synchronous=FULL`: a commit survives loss of power.
//!
//! One connection writes (SQLite knows one writer), a few read beside it.

mod accounts;
mod games;
mod matches;

use std::path::Path;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqlSafeStr, Sqlite, Transaction};

use super::{Store, StoreError};

/// Readers beside the one writer: reads are short, and a machine has few cores.
const READERS: u32 = 4;

/// How long a statement waits for another process' lock, and a caller for a connection.
const BUSY: Duration = Duration::from_secs(5);

/// The schema, oldest change first. Applied changes are never edited.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (1, "initial", include_str!("../../../migrations/sqlite/0001_initial.sql")),
    (2, "overrides", include_str!("../../../migrations/sqlite/0002_overrides.sql")),
    (3, "origins", include_str!("../../../migrations/sqlite/0003_origins.sql")),
    (4, "images", include_str!("../../../migrations/sqlite/0004_images.sql")),
    (5, "usage", include_str!("../../../migrations/sqlite/0005_usage.sql")),
];

/// See the module.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    reader: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, makes it where there is none, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        let options = options().filename(path).create_if_missing(true);
        let writer =
            SqlitePoolOptions::new().max_connections(1).acquire_timeout(BUSY).connect_with(options.clone()).await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(BUSY)
            .connect_with(options.read_only(true))
            .await?;
        SqliteStore { writer, reader }.migrated().await
    }

    /// A store that is gone with the process.
    pub async fn in_memory() -> Result<SqliteStore, StoreError> {
        // The database lives in its connection: it must be the only one and never be closed.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(BUSY)
            .connect_with(options().in_memory(true))
            .await?;
        SqliteStore { writer: pool.clone(), reader: pool }.migrated().await
    }

    async fn migrated(self) -> Result<SqliteStore, StoreError> {
        let migrations = MIGRATIONS.map(|(version, name, sql)| {
            Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
        });
        Migrator::with_migrations(migrations.to_vec())
            .run(&self.writer)
            .await
            .map_err(|error| StoreError::Unavailable(format!("migration: {error}")))?;
        Ok(self)
    }

    /// A transaction that has the write lock from its beginning, so that it cannot fail half-way for want of it.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
}

#[async_trait::async_trait]
impl Store for SqliteStore {
    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                StoreError::Corrupt(error.to_string())
            }
            _ => StoreError::Unavailable(error.to_string()),
        }
    }
}

/// SQLite's integers are signed; ours are counts and times far below the sign.
fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An integer of a row as the type it is ours as.
fn uint<T: TryFrom<i64>>(value: i64) -> Result<T, StoreError> {
    T::try_from(value).map_err(|_| StoreError::Corrupt(format!("{value} is out of range")))
}

/// A text of a row as the type it is ours as.
fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| StoreError::Corrupt(format!("{error}")))
}

/// Bytes of a row as a fixed-size hash or id.
fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt(format!("{} bytes where {N} belong", bytes.len())))
}

/// JSON of a row.
fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// JSON for a row. Only contract types with text keys get here, which always encode.
fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("contract types have only text keys")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite;

    #[tokio::test]
    async fn in_memory_passes_the_suite() {
        suite::run(&SqliteStore::in_memory().await.unwrap()).await;
    }

    #[tokio::test]
    async fn a_file_passes_the_suite_and_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stadion.sqlite");
        let store = SqliteStore::open(&path).await.unwrap();
        suite::run(&store).await;
        store.close().await;
        suite::everything_is_still_there(&SqliteStore::open(&path).await.unwrap()).await;
    }
}
