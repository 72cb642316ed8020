//! What is measured, in a process of its own: a host with its gateway, the gateway alone, or raw quinn. The benchmark
//! starts it as `stadion bench stage SETUP`, on its own core, and talks to it in lines of JSON; it ends with its input.

mod connect;
mod echo;
mod host;
mod raw;
mod sleepers;

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use stadion_protocol::MatchId;
use stadion_protocol::token::SchemaHash;

pub(crate) use connect::Stage;
pub(crate) use host::{JOIN_KEY, KEY_ID, player_id};
pub(crate) use raw::RAW_ALPN;
pub use sleepers::SleepersSetup;

/// What the child is to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setup {
    /// A whole host: sessions, journal, shards, and a gateway.
    Host(HostSetup),
    /// The gateway alone; what stands behind it answers each input at once.
    Echo,
    /// A quinn server as its documentation writes it: a task for each connection, nothing of ours.
    Raw,
    /// A host whose matches sleep, and their players.
    Sleepers(SleepersSetup),
}

/// A host to measure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HostSetup {
    /// Uploads; matches name them by their place here.
    pub games: Vec<PathBuf>,
    /// Matches that it must have room for; 0: as many as fit this machine.
    pub slots: u32,
    /// Threads that run matches.
    pub shards: usize,
    /// 16 MiB of address space for each match instead of 4 GiB.
    pub dense: bool,
    /// `none`, `process` or `disk`.
    pub durability: String,
}

/// What the parent asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ask {
    /// Start so many matches of a game, one by one, with seats for bots reserved. Answered by [`Answer::Created`].
    Create { game: usize, count: u32, reserve: u16 },
    /// End these. Answered by [`Answer::Done`].
    End { matches: Vec<MatchId> },
    /// Count anew. Answered by [`Answer::Done`].
    Mark,
    /// Answered by [`Answer::Counted`].
    Count,
    /// What these matches counted since they began, together. Answered by [`Answer::Seen`].
    Look { matches: Vec<MatchId> },
    /// Start so many matches and put them to bed. Answered by [`Answer::Done`] when all sleep.
    Doze { count: u32 },
    /// Have the players of these come back, and go when they were let in. Answered by [`Answer::Roused`] when all sleep again.
    Rouse { matches: Vec<MatchId>, at_once: bool },
}

/// What the child answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// Said once, first: it is there.
    Ready(Ready),
    /// New matches, in order, and how long each took, microseconds.
    Created { matches: Vec<MatchId>, took_us: Vec<f64> },
    /// How long each player waited, microseconds.
    Roused { took_us: Vec<f64> },
    /// Done.
    Done,
    /// See [`Counted`].
    Counted(Counted),
    /// See [`Seen`].
    Seen(Seen),
    /// It could not be done.
    Failed(String),
}

/// How the child is reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// UDP.
    pub(crate) address: SocketAddr,
    /// Of the games, in their order.
    pub(crate) schemas: Vec<SchemaHash>,
    /// Matches that fit.
    pub(crate) capacity: u32,
    /// The kernel's limit on mappings, if the pool was sized from it.
    pub(crate) max_map_count: Option<u64>,
}

/// Counters of all shards since the last mark.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) ticks: u64,
    pub(crate) lateness_p50_us: u64,
    pub(crate) lateness_p99_us: u64,
    pub(crate) lateness_max_us: u64,
    pub(crate) step_p50_us: u64,
    pub(crate) step_p99_us: u64,
    pub(crate) shard_turns: u64,
    pub(crate) slices: u64,
    pub(crate) slow: u64,
    pub(crate) gateway_turns: u64,
    pub(crate) connections: u64,
    /// Matches that live.
    pub(crate) matches: u32,
}

/// Several matches, over their whole lives.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Those that are still there.
    pub(crate) matches: u32,
    pub(crate) ticks: u64,
    pub(crate) skipped: u64,
    pub(crate) lateness_p50_us: u64,
    pub(crate) lateness_p99_us: u64,
    pub(crate) lateness_max_us: u64,
    /// Linear memory of their guests.
    pub(crate) guest_bytes: u64,
}

/// The child: says that it is there, answers until its input ends. To be called before the process has other threads.
pub fn child_main(setup: &str) -> anyhow::Result<()> {
    let setup: Setup = serde_json::from_str(setup).context("reading the setup")?;
    match setup {
        Setup::Host(setup) => host::serve(&setup),
        Setup::Echo => echo::serve(),
        Setup::Raw => raw::serve(),
        Setup::Sleepers(setup) => sleepers::serve(&setup),
    }
}

/// Answers every question by a function, until the parent closes the pipe.
fn converse(ready: Ready, mut answer: impl FnMut(Ask) -> anyhow::Result<Answer>) -> anyhow::Result<()> {
    say(&Answer::Ready(ready))?;
    for line in std::io::stdin().lock().lines() {
        let ask: Ask = serde_json::from_str(&line?).context("reading a question")?;
        let answer = answer(ask).unwrap_or_else(|error| Answer::Failed(format!("{error:#}")));
        say(&answer)?;
    }
    Ok(())
}

fn say(answer: &Answer) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, answer)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// How long the child may take to answer: a question may create thousands of matches.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
