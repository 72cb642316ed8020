//! The store in PostgreSQL, for several replicas on one database.
//!
//! **Bounds.** Connections by configuration; a caller waits [`ACQUIRE`] for one and [`ANSWER`] for its answer. A lost database
//! is tried again as [`gate`] says; until then everything answers [`StoreError::Unavailable`] at once.

mod accounts;
mod api_keys;
mod audit;
mod channels;
mod documents;
mod events;
mod games;
mod gate;
mod history;
mod identity;
mod matches;
mod quotas;
mod ratings;
mod reports;
mod second_factors;
mod social;
#[cfg(test)]
pub(crate) mod testing;
mod webhooks;

use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{Connection, Row};

use super::migrations::{Change, migrator, refusal};
use super::row::Columns;
use super::{Store, StoreError};
use crate::clock::{Clock, Rng, random};
use gate::Gate;

/// How long a caller waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(2);

/// How long a caller waits for everything that one call asks. The server is told a little less, so that it gives up first
/// and says why.
const ANSWER: Duration = Duration::from_secs(6);

/// What the server is told: of one statement, of a wait for a lock, of a transaction that nobody goes on with.
const SERVER_LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "5s"), ("lock_timeout", "4s"), ("idle_in_transaction_session_timeout", "10s")];

/// A connection that was idle for longer is asked whether it lives before it is used.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How long replicas that start together wait for the one that brings the schema up to date.
const MIGRATE: Duration = Duration::from_secs(60);

/// The schema, oldest change first. Applied changes are never edited.
const CHANGES: [Change; 10] = [
    (1, "initial", include_str!("../../../migrations/postgres/0001_initial.sql")),
    (2, "security", include_str!("../../../migrations/postgres/0002_security.sql")),
    (3, "social", include_str!("../../../migrations/postgres/0003_social.sql")),
    (4, "events", include_str!("../../../migrations/postgres/0004_events.sql")),
    (5, "documents", include_str!("../../../migrations/postgres/0005_documents.sql")),
    (6, "history", include_str!("../../../migrations/postgres/0006_history.sql")),
    (7, "webhooks", include_str!("../../../migrations/postgres/0007_webhooks.sql")),
    (8, "channels", include_str!("../../../migrations/postgres/0008_channels.sql")),
    (9, "quotas", include_str!("../../../migrations/postgres/0009_quotas.sql")),
    (10, "second_factors", include_str!("../../../migrations/postgres/0010_second_factors.sql")),
];

/// Where the database is and how many connections to it may be open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database`.
    pub url: String,
    /// Connections of this replica at most, 1 to 1,000. All replicas' together must stay below `max_connections` of the server.
    pub connections: u32,
}

/// See the module.
#[derive(Clone)]
pub struct PostgresStore {
    pool: PgPool,
    gate: Arc<Mutex<Gate>>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl PostgresStore {
    /// Whether a text is the address of a database: what is wrong with it.
    pub fn check_url(url: &str) -> Result<(), String> {
        PgConnectOptions::from_str(url).map(drop).map_err(|error| error.to_string())
    }

    /// Connects, and brings the schema up to date.
    pub async fn open(
        config: &PostgresConfig,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<PostgresStore, StoreError> {
        let options = PgConnectOptions::from_str(&config.url)?.application_name("stadion");
        migrated(&options).await?;
        let pool = PgPoolOptions::new()
            .max_connections(config.connections)
            .acquire_timeout(ACQUIRE)
            // A round trip for each call would be most of what a short read costs.
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move {
                    if about.idle_for > TRUSTED_FOR {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options.options(SERVER_LIMITS))
            .await?;
        Ok(PostgresStore { pool, gate: Arc::default(), clock, rng })
    }

    /// Carries out what one call asks, unless the database was found lost a moment ago.
    async fn run<T>(&self, work: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        self.gate().admit(self.clock.now(), ACQUIRE).map_err(|delay| {
            StoreError::Unavailable(format!("the database was lost; it is tried again in {} ms", delay.as_millis()))
        })?;
        let answer = tokio::time::timeout(ANSWER, work).await;
        let answer = answer.unwrap_or_else(|_| Err(StoreError::Unavailable(format!("no answer within {ANSWER:?}"))));
        match &answer {
            Err(StoreError::Unavailable(_)) => {
                let chance = u32::from_le_bytes(random(&*self.rng));
                self.gate().failed(self.clock.now(), chance);
            }
            _ => self.gate().passed(),
        }
        answer
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        // No step under this lock can panic half-way.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// On a connection of its own, without the limits of the pool's: a change may take long. `sqlx` holds an advisory lock of
/// the database meanwhile, so replicas that start together apply each change once.
async fn migrated(options: &PgConnectOptions) -> Result<(), StoreError> {
    let work = async {
        let mut connection = sqlx::PgConnection::connect_with(options).await?;
        let done = migrator(&CHANGES).run(&mut connection).await.map_err(|error| refusal(&error, &CHANGES));
        // Closing it lets the lock go, also after a failure.
        connection.close().await?;
        done
    };
    tokio::time::timeout(MIGRATE, work).await.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(format!("another server has been changing the schema for {MIGRATE:?}")))
    })
}

#[async_trait::async_trait]
impl Store for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.run(async {
            sqlx::query("SELECT 1").execute(&self.pool).await?;
            Ok(())
        })
        .await
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

impl Columns for PgRow {
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
    use futures_util::future::join_all;

    use super::testing::with_database;
    use super::*;
    use crate::store::suite;

    #[tokio::test]
    async fn it_passes_the_suite_and_is_read_again() {
        with_database(async |database| {
            let store = database.open().await;
            suite::run(&store).await;
            store.close().await;
            suite::everything_is_still_there(&database.open().await).await;
        })
        .await;
    }

    #[tokio::test]
    async fn replicas_that_start_together_change_the_schema_once() {
        with_database(async |database| {
            for store in join_all((0..4).map(|_| database.open())).await {
                store.ping().await.unwrap();
            }
        })
        .await;
    }

    #[tokio::test]
    async fn a_database_with_changes_of_a_newer_stadion_is_refused_with_what_to_do() {
        with_database(async |database| {
            let store = database.open().await;
            let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (900, 'later', TRUE, '\\x00', 0)";
            sqlx::query(newer).execute(&store.pool).await.unwrap();
            store.close().await;
            let opened = PostgresStore::open(&database.config, store.clock.clone(), store.rng.clone()).await;
            let Err(refused) = opened else { panic!("opened") };
            assert!(matches!(&refused, StoreError::Schema(why) if why.contains("has change 900")), "{refused}");
        })
        .await;
    }

    #[tokio::test]
    async fn a_lost_database_is_unavailable_at_once_and_heals_by_itself() {
        with_database(async |database| {
            let store = database.open().await;
            store.ping().await.unwrap();
            database.let_in(false).await;
            let lost = async || matches!(store.ping().await, Err(StoreError::Unavailable(_)));
            assert!(lost().await);
            let (clock, mut shut) = (store.clock.clone(), 0);
            let since = clock.now();
            while clock.now().since(since) < Duration::from_secs(1) {
                assert!(lost().await);
                shut += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert!(shut > 100, "while it is lost, nobody waits for it: {shut} answers in a second");
            database.let_in(true).await;
            let back = clock.now();
            while store.ping().await.is_err() {
                assert!(clock.now().since(back) < Duration::from_secs(5), "it heals within 5 s");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }
}
