//! `stadion bench events`: how many events a second reach players who listen on another replica than the one that tells.
//!
//! | row | what |
//! |---|---|
//! | `embedded` | one replica, in its memory |
//! | `redis` | told by one connection and heard by another, over the server that `--redis` names |
//!
//! 16 at once tell, as requests do; every player has a listener. All of it is on one thread, tellers and listeners together;
//! HTTP and the server-sent events' own framing are not in it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use stadion_control_plane::clock::{SystemClock, SystemRng};
use stadion_control_plane::coordination::redis::RedisCoordination;
use stadion_control_plane::coordination::{Coordination, Listener, MemoryCoordination, Told};
use tokio::task::JoinSet;

use crate::conditions::LoadMeter;
use crate::samples::percentile_us;
use crate::{Conditions, Figures, Line, Omitted, clock};

/// Who tell at the same time.
const TELLERS: u32 = 16;
/// The size of an event: a party of four.
const BYTES: usize = 700;
/// Listeners who hear nothing for so long have lost what is missing.
const SILENCE: Duration = Duration::from_secs(2);

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Players who listen.
    pub players: u32,
    /// Events for each of them.
    pub events: u32,
    /// `redis://host:port`, to measure it besides.
    pub redis: Option<String>,
}

/// Measures. Blocks for some seconds; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("async runtime")?;
    progress("embedded");
    let memory: Arc<dyn Coordination> = Arc::new(MemoryCoordination::new(Arc::new(SystemClock)));
    let mut lines = vec![runtime.block_on(row("embedded", options, (&memory, &memory)))?];
    let mut omitted = Vec::new();
    match &options.redis {
        Some(url) => {
            progress("redis");
            lines.push(runtime.block_on(over_redis(options, url))?);
        }
        None => omitted.push(Omitted { name: "redis", why: "name a server with --redis".to_owned() }),
    }
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    let notes = vec![format!("events of {BYTES} bytes, {TELLERS} told at once, one thread")];
    Ok(Figures { lines, omitted, conditions, notes })
}

async fn over_redis(options: &Options, url: &str) -> anyhow::Result<Line> {
    let connect = async || -> anyhow::Result<Arc<dyn Coordination>> {
        let connected: Arc<dyn Coordination> = Arc::new(RedisCoordination::connect(url, Arc::new(SystemRng)).await?);
        Ok(connected)
    };
    let (tells, hears) = (connect().await?, connect().await?);
    row("redis", options, (&tells, &hears)).await
}

type Sides<'a> = (&'a Arc<dyn Coordination>, &'a Arc<dyn Coordination>);

async fn row(name: &str, options: &Options, (tells, hears): Sides<'_>) -> anyhow::Result<Line> {
    let began = clock::now();
    let mut listeners = JoinSet::new();
    for player in 0..options.players {
        let listener = hears.listen(&topic(player), None).await?;
        listeners.spawn(listen(listener, options.events, began));
    }
    let (first, mut tellers) = (clock::now(), JoinSet::new());
    for teller in 0..TELLERS {
        tellers.spawn(tell(tells.clone(), (teller, options.clone()), began));
    }
    while let Some(told) = tellers.join_next().await {
        told.context("a teller does not panic")??;
    }
    let (mut took_us, mut last) = (Vec::new(), first);
    while let Some(heard) = listeners.join_next().await {
        let heard = heard.context("a listener does not panic")??;
        took_us.extend(heard.took_us);
        last = last.max(heard.last);
    }
    let lasted = last.duration_since(first).as_secs_f64();
    let told = u64::from(options.players) * u64::from(options.events);
    Ok(Line::new(name)
        .with("events_per_s", took_us.len() as f64 / lasted)
        .with("p50_ms", percentile_us(&took_us, 50) / 1e3)
        .with("p99_ms", percentile_us(&took_us, 99) / 1e3)
        .with("events", took_us.len())
        .with("missed", told.saturating_sub(took_us.len() as u64))
        .with("players", options.players))
}

/// Tells every 16th player, one event after the other.
async fn tell(to: Arc<dyn Coordination>, (teller, options): (u32, Options), began: Instant) -> anyhow::Result<()> {
    for _ in 0..options.events {
        for player in (teller..options.players).step_by(TELLERS as usize) {
            let mut event = vec![b' '; BYTES];
            event[..8].copy_from_slice(&nanos(began).to_le_bytes());
            to.tell(&topic(player), &event).await?;
        }
    }
    Ok(())
}

/// What one listener heard.
struct Heard {
    took_us: Vec<f64>,
    last: Instant,
}

async fn listen(mut listener: Listener, events: u32, began: Instant) -> anyhow::Result<Heard> {
    let mut heard = Heard { took_us: Vec::with_capacity(events as usize), last: began };
    while heard.took_us.len() < events as usize {
        // What is missing after a silence was lost: the row says how much.
        let Ok(told) = tokio::time::timeout(SILENCE, listener.next()).await else { break };
        if let Told::Message { bytes, .. } = told? {
            let sent = bytes.first_chunk().map_or(0, |nanos| u64::from_le_bytes(*nanos));
            heard.last = clock::now();
            heard.took_us.push(nanos(began).saturating_sub(sent) as f64 / 1e3);
        }
    }
    Ok(heard)
}

fn nanos(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn topic(player: u32) -> String {
    format!("bench/{player}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_hears_everything() {
        let figures = run(&Options { players: 40, events: 10, redis: None }, &mut |_| ()).unwrap();
        let [line] = &figures.lines[..] else { panic!("{figures}") };
        assert_eq!((line.get("events"), line.get("missed")), (Some(400.0), Some(0.0)), "{figures}");
    }
}
