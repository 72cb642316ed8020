//! Redis for tests: keys with a prefix of each test's own, removed at its end; or a server of a test's own, for what one
//! must not do to others.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;

use super::RedisCoordination;
use crate::clock::{SystemRng, random};

/// The server, unless `STADION_TEST_REDIS` names another.
const SERVER: &str = "redis://127.0.0.1:6379";

/// A part of a server.
pub(crate) struct Scratch {
    url: String,
    prefix: String,
}

impl Scratch {
    /// A replica on it.
    pub(crate) async fn connect(&self) -> RedisCoordination {
        RedisCoordination::connect_as(&self.url, &self.prefix, Arc::new(SystemRng)).await.unwrap()
    }

    async fn clear(&self) {
        let this = self.connect().await;
        let pattern = format!("{}*", self.prefix);
        let keys: Vec<String> = this.ask(redis::cmd("KEYS").arg(pattern)).await.unwrap();
        for keys in keys.chunks(100) {
            this.ask::<u64>(redis::cmd("DEL").arg(keys)).await.unwrap();
        }
    }
}

/// Runs a test on a part of the server, which is emptied however the test ends. In CI a server must be there; elsewhere the
/// test is skipped, and says so.
pub(crate) async fn with_redis(test: impl AsyncFnOnce(&Scratch)) {
    let url = std::env::var("STADION_TEST_REDIS").unwrap_or_else(|_| SERVER.to_owned());
    let prefix = format!("stadion-test-{}:", hex::encode(random::<8>(&SystemRng)));
    let scratch = Scratch { url, prefix };
    if let Err(error) = RedisCoordination::connect_as(&scratch.url, &scratch.prefix, Arc::new(SystemRng)).await {
        assert!(std::env::var_os("CI").is_none(), "in CI there must be a Redis server at {}: {error}", scratch.url);
        eprintln!("SKIPPED: there is no Redis server at {}: {error}", scratch.url);
        return;
    }
    let ended = AssertUnwindSafe(test(&scratch)).catch_unwind().await;
    scratch.clear().await;
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}
