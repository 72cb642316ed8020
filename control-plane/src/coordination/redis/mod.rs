//! Coordination of several replicas, in Redis 7 or newer.
//!
//! **Bounds.** Everything goes over one connection that carries [`IN_FLIGHT`] commands at once; a caller waits [`ANSWER`]. A
//! lost connection is made again with growing, random delays ([`FIRST_DELAY`] to [`LONGEST_DELAY`]); until then callers hear
//! of it after [`ANSWER`] at the latest. Topics have a connection of their own ([`topics`]).

mod leases;
mod maps;
mod scripts;
#[cfg(test)]
pub(crate) mod testing;
mod topics;

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError, ScriptInvocation};
use stadion_protocol::MatchId;

use super::topic::Switchboard;
use super::{Allowance, Claim, Coordination, CoordinationError, OpenMatch, Rate};
use crate::clock::Rng;
use scripts::Scripts;
use topics::Wire;

/// Commands that wait for their answers on the connection; more wait for a place.
const IN_FLIGHT: usize = 1_000;

/// How long a caller waits for an answer, and for a connection.
const ANSWER: Duration = Duration::from_secs(1);

/// Before the second try to connect, and at most before any other.
const FIRST_DELAY: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// Tries in a row; the next caller begins anew.
const TRIES: usize = 5;

/// Begins all keys: others may use the same server.
const PREFIX: &str = "stadion:";

/// See the module.
#[derive(Clone)]
pub struct RedisCoordination {
    connection: ConnectionManager,
    scripts: Arc<Scripts>,
    prefix: Arc<str>,
    switchboard: Arc<Switchboard>,
    /// Ends with the last clone of this.
    wire: Wire,
}

impl From<RedisError> for CoordinationError {
    fn from(error: RedisError) -> CoordinationError {
        CoordinationError(error.to_string())
    }
}

impl RedisCoordination {
    /// Whether a text is the address of a Redis server: what is wrong with it.
    pub fn check_url(url: &str) -> Result<(), String> {
        Client::open(url).map(drop).map_err(|error| error.to_string())
    }

    /// Connects to `redis://[user:password@]host:port[/database]`.
    pub async fn connect(url: &str, rng: Arc<dyn Rng>) -> Result<RedisCoordination, CoordinationError> {
        RedisCoordination::connect_as(url, PREFIX, rng).await
    }

    async fn connect_as(url: &str, prefix: &str, rng: Arc<dyn Rng>) -> Result<RedisCoordination, CoordinationError> {
        let client = Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER))
            .set_min_delay(FIRST_DELAY)
            .set_max_delay(LONGEST_DELAY)
            .set_number_of_retries(TRIES)
            .set_pipeline_buffer_size(IN_FLIGHT)
            .set_concurrency_limit(IN_FLIGHT);
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config)?;
        let switchboard = Arc::new(Switchboard::default());
        let wire = Wire::spawn(client, switchboard.clone(), rng);
        let scripts = Arc::new(Scripts::new());
        let this = RedisCoordination { connection, scripts, prefix: prefix.into(), switchboard, wire };
        this.ask::<String>(&redis::cmd("PING")).await?;
        Ok(this)
    }

    fn key(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}:{name}", self.prefix)
    }

    /// The keys of a pool, as its scripts want them.
    fn pool(&self, pool: &str) -> [String; 3] {
        ["pool-room", "pool-listed", "pool-next"].map(|kind| self.key(kind, pool))
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CoordinationError> {
        let mut connection = self.connection.clone();
        within(command.query_async(&mut connection)).await
    }

    async fn invoke<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, CoordinationError> {
        let mut connection = self.connection.clone();
        within(script.invoke_async(&mut connection)).await
    }

    async fn on_pool<T: FromRedisValue>(
        &self,
        script: &redis::Script,
        pool: &str,
        open: OpenMatch,
        except: &[MatchId],
    ) -> Result<T, CoordinationError> {
        let [room, listed, next] = self.pool(pool);
        let mut call = script.key(room);
        call.key(listed).key(next).arg(open.id.to_string()).arg(open.free);
        for id in except {
            call.arg(id.to_string());
        }
        self.invoke(&call).await
    }
}

/// While the connection is made again, commands wait for that.
async fn within<T>(answer: impl Future<Output = Result<T, RedisError>>) -> Result<T, CoordinationError> {
    let answer = tokio::time::timeout(ANSWER, answer).await;
    Ok(answer.map_err(|_| CoordinationError(format!("no answer within {ANSWER:?}")))??)
}

/// Redis refuses to keep anything for no time.
fn ms(keep: Duration) -> u64 {
    u64::try_from(keep.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX as u64 / 2)
}

#[async_trait::async_trait]
impl Coordination for RedisCoordination {
    async fn put_new(&self, key: &str, value: &[u8], keep: Duration) -> Result<Option<Vec<u8>>, CoordinationError> {
        let mut set = redis::cmd("SET");
        self.ask(set.arg(self.key("note", key)).arg(value).arg("NX").arg("GET").arg("PX").arg(ms(keep))).await
    }

    async fn put(&self, key: &str, value: &[u8], keep: Duration) -> Result<(), CoordinationError> {
        self.ask(redis::cmd("SET").arg(self.key("note", key)).arg(value).arg("PX").arg(ms(keep))).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CoordinationError> {
        self.ask(redis::cmd("GET").arg(self.key("note", key))).await
    }

    async fn remove(&self, key: &str) -> Result<(), CoordinationError> {
        self.ask(redis::cmd("DEL").arg(self.key("note", key))).await
    }

    async fn remove_if(&self, key: &str, value: &[u8]) -> Result<(), CoordinationError> {
        self.invoke(self.scripts.remove_if.key(self.key("note", key)).arg(value)).await
    }

    async fn swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        value: &[u8],
        keep: Duration,
    ) -> Result<bool, CoordinationError> {
        let mut call = self.scripts.swap.key(self.key("note", key));
        call.arg(u8::from(expected.is_some())).arg(expected.unwrap_or_default()).arg(value).arg(ms(keep));
        self.invoke(&call).await
    }

    async fn take(&self, key: &str, rate: Rate) -> Result<Allowance, CoordinationError> {
        let mut call = self.scripts.take.key(self.key("bucket", key));
        let (allowed, full_in_ms): (bool, u64) = self.invoke(call.arg(rate.burst).arg(ms(rate.every()))).await?;
        Ok(Allowance::of(rate, allowed, Duration::from_millis(full_in_ms)))
    }

    async fn join_set(&self, set: &str, member: MatchId, limit: u32) -> Result<bool, CoordinationError> {
        self.invoke(self.scripts.join_set.key(self.key("set", set)).arg(member.to_string()).arg(limit)).await
    }

    async fn leave_set(&self, set: &str, member: MatchId) -> Result<(), CoordinationError> {
        self.ask(redis::cmd("SREM").arg(self.key("set", set)).arg(member.to_string())).await
    }

    async fn claim_or_list(
        &self,
        pool: &str,
        except: &[MatchId],
        fresh: OpenMatch,
    ) -> Result<Claim, CoordinationError> {
        let claimed: Option<String> = self.on_pool(&self.scripts.claim_or_list, pool, fresh, except).await?;
        match claimed {
            Some(id) => id.parse().map(Claim::Join).map_err(|_| CoordinationError(format!("{id:?} is no match"))),
            None => Ok(Claim::Create),
        }
    }

    async fn list(&self, pool: &str, open: OpenMatch) -> Result<(), CoordinationError> {
        self.on_pool(&self.scripts.list, pool, open, &[]).await
    }

    async fn set_free(&self, pool: &str, open: OpenMatch) -> Result<(), CoordinationError> {
        self.on_pool(&self.scripts.set_free, pool, open, &[]).await
    }

    async fn unlist(&self, pool: &str, id: MatchId) -> Result<(), CoordinationError> {
        self.on_pool(&self.scripts.unlist, pool, OpenMatch { id, free: 0 }, &[]).await
    }
}

#[cfg(test)]
mod tests {
    use super::testing::with_redis;
    use crate::coordination::suite;

    #[tokio::test]
    async fn it_passes_the_suite() {
        with_redis(async |redis| suite::run(&redis.connect().await, suite::Time::Real).await).await;
    }

    #[tokio::test]
    async fn replicas_hear_and_see_one_another() {
        with_redis(async |redis| {
            let (here, there) = (redis.connect().await, redis.connect().await);
            suite::replicas(&here, &there).await;
        })
        .await;
    }
}
