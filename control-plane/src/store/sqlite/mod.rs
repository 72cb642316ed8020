//! The store in one SQLite file, in WAL mode with `synchronous=FULL`: a commit survives loss of power.
//!
//! One connection writes (SQLite knows one writer), a few read beside it.

mod accounts;
mod api_keys;
mod audit;
mod channels;
mod documents;
mod events;
mod games;
mod history;
mod identity;
mod matches;
mod quotas;
mod ratings;
mod reports;
mod second_factors;
mod social;
mod webhooks;

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row, Sqlite, Transaction};

use super::migrations::{Change, migrator, refusal};
use super::row::Columns;
use super::{Store, StoreError};

/// Readers beside the one writer: reads are short, and a machine has few cores.
const READERS: u32 = 4;

/// How long a statement waits for another process' lock, and a caller for a connection.
const BUSY: Duration = Duration::from_secs(5);

/// Tries to open a file that others open at the same moment, and the pause between them: [`BUSY`] in all.
const TRIES: u32 = 250;
const PAUSE: Duration = Duration::from_millis(20);

/// The schema, oldest change first. Applied changes are never edited.
const CHANGES: [Change; 16] = [
    (1, "initial", include_str!("../../../migrations/sqlite/0001_initial.sql")),
    (2, "overrides", include_str!("../../../migrations/sqlite/0002_overrides.sql")),
    (3, "origins", include_str!("../../../migrations/sqlite/0003_origins.sql")),
    (4, "images", include_str!("../../../migrations/sqlite/0004_images.sql")),
    (5, "usage", include_str!("../../../migrations/sqlite/0005_usage.sql")),
    (6, "quarantine", include_str!("../../../migrations/sqlite/0006_quarantine.sql")),
    (7, "replicas", include_str!("../../../migrations/sqlite/0007_replicas.sql")),
    (8, "security", include_str!("../../../migrations/sqlite/0008_security.sql")),
    (9, "social", include_str!("../../../migrations/sqlite/0009_social.sql")),
    (10, "events", include_str!("../../../migrations/sqlite/0010_events.sql")),
    (11, "documents", include_str!("../../../migrations/sqlite/0011_documents.sql")),
    (12, "history", include_str!("../../../migrations/sqlite/0012_history.sql")),
    (13, "webhooks", include_str!("../../../migrations/sqlite/0013_webhooks.sql")),
    (14, "channels", include_str!("../../../migrations/sqlite/0014_channels.sql")),
    (15, "quotas", include_str!("../../../migrations/sqlite/0015_quotas.sql")),
    (16, "second_factors", include_str!("../../../migrations/sqlite/0016_second_factors.sql")),
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
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections).acquire_timeout(BUSY);
        let writer = connect(&pool(1), &options).await?;
        let reader = connect(&pool(READERS), &options.read_only(true)).await?;
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

    /// Under the write lock: of servers that open one file together, one applies the changes, and all of them or none.
    async fn migrated(self) -> Result<SqliteStore, StoreError> {
        let mut transaction = self.begin().await?;
        migrator(&CHANGES).run(&mut *transaction).await.map_err(|error| refusal(&error, &CHANGES))?;
        transaction.commit().await?;
        Ok(self)
    }

    /// A transaction that has the write lock from its beginning, so that it cannot fail half-way for want of it.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}

/// Where several open a new file at once, whoever comes while another turns it to WAL is told that it is busy without
/// any wait (sqlite3_busy_handler: it is not called where waiting could be a deadlock).
async fn connect(pool: &SqlitePoolOptions, options: &SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    for _ in 1..TRIES {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if is_busy(&error) => tokio::time::sleep(PAUSE).await,
            connected => return connected,
        }
    }
    pool.clone().connect_with(options.clone()).await
}

/// SQLITE_BUSY, with whatever its extended code adds above the first byte.
fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: u32 = 5;
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == SQLITE_BUSY)
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

impl Columns for SqliteRow {
    fn maybe_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn maybe_str(&self, column: &str) -> Result<Option<&str>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn maybe_slice(&self, column: &str) -> Result<Option<&[u8]>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn float(&self, column: &str) -> Result<f64, StoreError> {
        Ok(self.try_get(column)?)
    }
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

    #[tokio::test]
    async fn a_file_with_changes_of_a_newer_stadion_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stadion.sqlite");
        let store = SqliteStore::open(&path).await.unwrap();
        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (900, 'later', TRUE, x'00', 0)";
        sqlx::query(newer).execute(&store.writer).await.unwrap();
        store.close().await;
        let refused = SqliteStore::open(&path).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Schema(why) if why.contains("has change 900")), "{refused}");
    }

    #[tokio::test]
    async fn servers_that_open_a_new_file_together_apply_its_changes_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stadion.sqlite");
        let opened = futures_util::future::join_all((0..4).map(|_| SqliteStore::open(&path))).await;
        for store in opened {
            store.unwrap().ping().await.unwrap();
        }
    }
}
