//! Databases for tests: one for each test, made on a real server and dropped at its end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use sqlx::migrate::MigrateDatabase;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres};

use super::{PostgresConfig, PostgresStore};
use crate::clock::{SystemClock, SystemRng, random};

/// The server, unless `STADION_TEST_POSTGRES` names another.
const SERVER: &str = "postgres://postgres@127.0.0.1:5432";

/// Connections of a test's store: more than one, so that calls meet.
const CONNECTIONS: u32 = 4;

/// A database of a test's own.
pub(crate) struct Scratch {
    pub(crate) config: PostgresConfig,
    name: String,
}

impl Scratch {
    /// A replica on it.
    pub(crate) async fn open(&self) -> PostgresStore {
        PostgresStore::open(&self.config, Arc::new(SystemClock), Arc::new(SystemRng)).await.unwrap()
    }

    /// Lets nobody in from now on and sends everybody away, or lets them in again.
    pub(crate) async fn let_in(&self, allowed: bool) {
        let statement = format!("ALTER DATABASE {} ALLOW_CONNECTIONS {allowed}", self.name);
        let mut server = PgConnection::connect(&format!("{}/postgres", server())).await.unwrap();
        sqlx::query(AssertSqlSafe(statement)).execute(&mut server).await.unwrap();
        if !allowed {
            let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
            sqlx::query(others).bind(&self.name).execute(&mut server).await.unwrap();
        }
    }
}

/// Connections of a test that ended may still be on their way in.
async fn drop_database(url: &str) {
    const TRIES: usize = 20;
    for _ in 1..TRIES {
        if Postgres::force_drop_database(url).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    Postgres::force_drop_database(url).await.unwrap();
}

fn server() -> String {
    std::env::var("STADION_TEST_POSTGRES").unwrap_or_else(|_| SERVER.to_owned())
}

/// Runs a test on a database of its own, which is dropped however the test ends. In CI a server must be there; elsewhere
/// the test is skipped, and says so.
pub(crate) async fn with_database(test: impl AsyncFnOnce(&Scratch)) {
    let name = format!("stadion_test_{}", hex::encode(random::<8>(&SystemRng)));
    let url = format!("{}/{name}", server());
    if let Err(error) = Postgres::create_database(&url).await {
        assert!(std::env::var_os("CI").is_none(), "in CI there must be a PostgreSQL server at {}: {error}", server());
        eprintln!("SKIPPED: there is no PostgreSQL server at {}: {error}", server());
        return;
    }
    let scratch = Scratch { config: PostgresConfig { url: url.clone(), connections: CONNECTIONS }, name };
    let ended = AssertUnwindSafe(test(&scratch)).catch_unwind().await;
    drop_database(&url).await;
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}
