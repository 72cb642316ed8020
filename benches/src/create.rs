//! `stadion bench create`: a match by the public API, from the request to the join token in hand, against the real server.
//!
//! | row | what |
//! |---|---|
//! | `one-caller` | one match after the other on one kept connection |
//! | `16-callers` | 16 guests with a connection each ask as fast as they are answered, in bursts |
//! | `replica-..` | the same of a server that keeps its rows in PostgreSQL and coordinates in Redis, where those are named |
//!
//! `peer_p50_ms` and `peer_p99_ms` are what Colyseus took for the same on a machine of this kind, in another run: it is not on
//! this machine. A note says so beside the table.
//!
//! Matches are ended between the runs, outside of the clock. Callers and server share the machine's cores.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::conditions::LoadMeter;
use crate::samples::percentile_us;
use crate::start::rest::{Caller, Server, Shared};
use crate::{Conditions, Figures, Line, clock};

/// Matches made and ended before the first that counts.
const WARM_UP: u32 = 100;
/// Callers at once.
const CALLERS: u32 = 16;
/// Matches of each caller in one burst: together they stay under what one owner may have.
const BURST: u32 = 40;

/// What Colyseus took, p50 and p99 in milliseconds.
struct Peer {
    p50_ms: f64,
    p99_ms: f64,
}

/// With one caller, 1,531 rooms a second, and with 16.
const PEER_ONE: Peer = Peer { p50_ms: 0.39, p99_ms: 6.0 };
const PEER_MANY: Peer = Peer { p50_ms: 8.0, p99_ms: 46.0 };

/// Where those figures are from.
const PEER_SOURCE: &str = "peer is Colyseus (a room by its REST matchmaker, plain HTTP, no isolation), measured by us earlier \
                           on another machine of this kind, 2 noisy cores, and not in this run: compare orders of magnitude";

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Matches of the row `one-caller`.
    pub runs: u32,
    /// Bursts of the row `16-callers`.
    pub bursts: u32,
    /// The `stadion` program.
    pub stadion_exe: PathBuf,
    /// relay-arena as it is uploaded.
    pub game_wasm: PathBuf,
    /// Where a replica has its state, to measure one besides.
    pub shared: Option<Shared>,
}

/// Measures. Blocks for about half a minute; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let wasm = std::fs::read(&options.game_wasm).with_context(|| options.game_wasm.display().to_string())?;
    let mut lines = measured(&Server::start(&options.stadion_exe)?, &wasm, options, progress)?;
    if let Some(shared) = &options.shared {
        let server = Server::start_kept(&options.stadion_exe, Some(shared))?;
        let of_replica = |line: Line| {
            let name = format!("replica-{}", line.name());
            line.named(name)
        };
        lines.extend(measured(&server, &wasm, options, progress)?.into_iter().map(of_replica));
    }
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    Ok(Figures { lines, omitted: Vec::new(), conditions, notes: vec![PEER_SOURCE.to_owned()] })
}

fn measured(
    server: &Server,
    wasm: &[u8],
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Vec<Line>> {
    server.upload(wasm)?;
    progress("one caller");
    let one = one_caller(&mut server.caller()?, options.runs)?;
    progress("16 callers");
    let callers = (0..CALLERS).map(|_| server.caller()).collect::<anyhow::Result<_>>()?;
    Ok(vec![one, many_callers(callers, options.bursts)?])
}

fn one_caller(caller: &mut Caller, runs: u32) -> anyhow::Result<Line> {
    let mut took_us = Vec::with_capacity(runs as usize);
    for run in 0..WARM_UP + runs {
        let before = clock::now();
        let id = caller.create()?;
        if run >= WARM_UP {
            took_us.push(us(before));
        }
        caller.end(&id)?;
    }
    let lasted = Duration::from_secs_f64(took_us.iter().sum::<f64>() / 1e6);
    Ok(line("one-caller", (&took_us, lasted), &PEER_ONE).with("callers", 1u32))
}

fn many_callers(mut callers: Vec<Caller>, bursts: u32) -> anyhow::Result<Line> {
    let (mut took_us, mut lasted) = (Vec::new(), Duration::ZERO);
    for _ in 0..bursts {
        let began = clock::now();
        let made = at_once(&mut callers, |caller, _| {
            (0..BURST).map(|_| timed(caller)).collect::<anyhow::Result<Vec<(String, f64)>>>()
        })?;
        lasted += began.elapsed();
        took_us.extend(made.iter().flatten().map(|(_, us)| *us));
        at_once(&mut callers, |caller, at| made[at].iter().try_for_each(|(id, _)| caller.end(id)))?;
    }
    Ok(line("16-callers", (&took_us, lasted), &PEER_MANY).with("callers", CALLERS))
}

/// Every caller on a thread of its own.
fn at_once<T: Send>(
    callers: &mut [Caller],
    each: impl Fn(&mut Caller, usize) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let each = &each;
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            callers.iter_mut().enumerate().map(|(at, caller)| scope.spawn(move || each(caller, at))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a caller does not panic")).collect()
    })
}

fn timed(caller: &mut Caller) -> anyhow::Result<(String, f64)> {
    let before = clock::now();
    Ok((caller.create()?, us(before)))
}

fn line(name: &str, (took_us, lasted): (&[f64], Duration), peer: &Peer) -> Line {
    Line::new(name)
        .with("p50_ms", percentile_us(took_us, 50) / 1e3)
        .with("p99_ms", percentile_us(took_us, 99) / 1e3)
        .with("matches_per_s", took_us.len() as f64 / lasted.as_secs_f64())
        .with("peer_p50_ms", peer.p50_ms)
        .with("peer_p99_ms", peer.p99_ms)
        .with("runs", took_us.len())
}

fn us(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}
