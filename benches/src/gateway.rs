//! `stadion bench gateway`: an echo through our gateway beside an echo through raw quinn.
//!
//! Both answer an input of 32 bytes at once. Ours goes the whole way of a player's input: protocol machine, limits, the
//! mailbox of a match and back through the mailbox of the gateway; raw quinn sends a datagram back from the task that read
//! it. Paced: every connection says 20 inputs a second, as players do. Busy: 200 connections say 200 each.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use stadion_protocol::MatchId;
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::ALPN;

use crate::conditions::LoadMeter;
use crate::load::{Bare, Fleet, Player, Speaker, Target, View};
use crate::pin::{Cores, Pinned, two_cores};
use crate::stage::{RAW_ALPN, Setup, Stage};
use crate::stretch::{Stretch, ms};
use crate::tickets::Tickets;
use crate::{Conditions, Figures, Line};

/// 20 a second.
const PERIOD: Duration = Duration::from_millis(50);
/// Played before each stretch that counts.
const WARM_UP: Duration = Duration::from_secs(1);
/// Few connections that say much: 40,000 inputs a second, which keeps a core busy.
const BUSY: u32 = 200;
/// 200 a second, under what the gateway lets one client say.
const BUSY_PERIOD: Duration = Duration::from_millis(5);

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections of the paced rows.
    pub connections: u32,
    /// How long each row is measured.
    pub lasts: Duration,
    /// The `stadion` program.
    pub stadion_exe: PathBuf,
}

/// Measures. Blocks for about half a minute; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let cores = two_cores();
    let _pinned = Pinned::to(cores.map(|cores| cores.load))?;
    let mut lines = Vec::new();
    for (kind, connections, period) in
        [("paced", options.connections, PERIOD), ("busy", BUSY.min(options.connections), BUSY_PERIOD)]
    {
        progress(&format!("raw quinn, {kind}"));
        let raw = raw(options, cores, connections, period).with_context(|| format!("raw quinn, {kind}"))?;
        progress(&format!("our gateway, {kind}"));
        let ours = ours(options, cores, connections, period).with_context(|| format!("our gateway, {kind}"))?;
        let ratio = |key| ours.get(key).zip(raw.get(key)).map_or(0.0, |(ours, raw): (f64, f64)| ours / raw);
        let (cpu, memory) = (ratio("server_cpu_us_per_echo"), ratio("memory_per_connection_kib"));
        lines.push(raw.named(format!("raw-{kind}")));
        lines.push(ours.named(format!("gateway-{kind}")).with("cpu_x_raw", cpu).with("memory_x_raw", memory));
    }
    let notes = vec![
        "busy rows: with one turn a millisecond the gateway reads and answers in batches".to_owned(),
        "memory counts what the process grew by from no connection to all of them, after playing".to_owned(),
    ];
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    Ok(Figures { lines, omitted: Vec::new(), conditions, notes })
}

fn raw(options: &Options, cores: Option<Cores>, connections: u32, period: Duration) -> anyhow::Result<Line> {
    let stage = Stage::start(&options.stadion_exe, &Setup::Raw, cores.map(|cores| cores.server))?;
    let target = Target { address: stage.ready.address, alpn: RAW_ALPN };
    let mut fleet = Fleet::new(target, period)?;
    // One connection before memory is looked at: what a server loads once is not a connection's.
    fleet.join([Bare::new()])?;
    row(options, &stage, fleet, (1..connections).map(|_| Bare::new()).collect())
}

fn ours(options: &Options, cores: Option<Cores>, connections: u32, period: Duration) -> anyhow::Result<Line> {
    let stage = Stage::start(&options.stadion_exe, &Setup::Echo, cores.map(|cores| cores.server))?;
    let target = Target { address: stage.ready.address, alpn: ALPN };
    let mut fleet = Fleet::new(target, period)?;
    let mut tickets = Tickets::new();
    let now = fleet.start();
    let mut player = |n: u32| -> anyhow::Result<Player> {
        let id = MatchId(u128::from(n).to_be_bytes());
        Ok(Player::new(&tickets.give(&stage.ready, (id, 0), (SchemaHash::default(), View::Echo))?, now))
    };
    fleet.join([player(0)?])?;
    let others = (1..connections).map(player).collect::<anyhow::Result<_>>()?;
    row(options, &stage, fleet, others)
}

fn row<S: Speaker>(options: &Options, stage: &Stage, mut fleet: Fleet<S>, others: Vec<S>) -> anyhow::Result<Line> {
    let before = stage.memory();
    let joined = others.len().max(1);
    fleet.join(others)?;
    fleet.warm_up(WARM_UP)?;
    let stretch = Stretch::play(&mut fleet, stage, options.lasts)?;
    let grown = stage.memory().rss.saturating_sub(before.rss);
    if let Some((count, why)) = fleet.out() {
        anyhow::bail!("{count} connections were lost: {why}");
    }
    let Stretch { tally, server, load, lasted } = &stretch;
    Ok(Line::new("")
        .with("connections", fleet.len())
        .with("echoes_per_s", tally.echoes() as f64 / lasted.as_secs_f64())
        .with("server_cpu_us_per_echo", stretch.server_us_per_echo())
        .with("server_cpu_pct", stretch.percent(server.total()))
        .with("load_cpu_pct", stretch.percent(*load))
        .with("memory_per_connection_kib", grown as f64 / 1024.0 / joined as f64)
        .with("echo_p50_ms", ms(tally.echo_percentile(50.0)))
        .with("echo_p99_ms", ms(tally.echo_percentile(99.0)))
        .with("load_late_turns", tally.late_turns)
        .with("measured_s", lasted.as_secs_f64()))
}
