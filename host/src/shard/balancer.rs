//! The thread that asks [`Balance`] twice a second and passes on what it says. A host with one shard has none.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock;

use super::balance::{Balance, Move};
use super::command::{Command, ShardHandle};

/// One look.
const PERIOD: Duration = Duration::from_millis(500);

/// The running thread.
pub(crate) struct Balancer {
    /// To wait for its end, if there is one.
    pub(crate) thread: Option<JoinHandle<()>>,
    /// Ends it.
    pub(crate) stop: BalancerStop,
}

/// The thread ends when this is dropped.
pub(crate) struct BalancerStop {
    _hung_up: SyncSender<()>,
}

impl Balancer {
    /// Starts the thread, if there is more than one shard.
    pub(crate) fn start(shards: &[Arc<ShardHandle>]) -> std::io::Result<Balancer> {
        let (hung_up, stopped) = sync_channel(0);
        let shards = shards.to_vec();
        let thread = (shards.len() > 1)
            .then(|| std::thread::Builder::new().name("balancer".to_owned()).spawn(move || run(&shards, &stopped)))
            .transpose()?;
        Ok(Balancer { thread, stop: BalancerStop { _hung_up: hung_up } })
    }
}

fn run(shards: &[Arc<ShardHandle>], stopped: &Receiver<()>) {
    let mut balance = Balance::default();
    let (mut before, mut since) = (worked(shards), clock::now());
    while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
        let (now, at) = (worked(shards), clock::now());
        let lasted = at.since(since).as_nanos() as f64;
        let busy: Vec<f64> = now.iter().zip(&before).map(|(now, before)| (now - before) as f64 / lasted).collect();
        (before, since) = (now, at);
        if let Some(Move { from, to, share }) = balance.look(&busy) {
            tracing::info!(from, to, share, "a shard is overloaded, matches move");
            shards[from].send_internal(Command::Give { to: Arc::clone(&shards[to]), share });
        }
    }
}

/// Nanoseconds that each shard has worked so far.
fn worked(shards: &[Arc<ShardHandle>]) -> Vec<u64> {
    shards.iter().map(|shard| shard.stats.busy_ns.load(Ordering::Relaxed)).collect()
}
