//! The parent's end: starts the child on its core, asks, and ends it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context, bail};
use stadion_protocol::MatchId;
use tempfile::TempDir;

use super::{ANSWER_WITHIN, Answer, Ask, Counted, Ready, Seen, Setup};
use crate::cpu::{self, CpuTimes, Memory};
use crate::pin::Pinned;

/// Answers that may wait to be read: there is one for each question.
const MAX_ANSWERS: usize = 4;

/// A running child. Dropping it ends it.
pub(crate) struct Stage {
    child: Child,
    asks: Option<ChildStdin>,
    answers: Receiver<std::io::Result<String>>,
    /// What it writes down; gone after it.
    _scratch: TempDir,
    pub(crate) ready: Ready,
}

impl Stage {
    /// Starts `program bench stage SETUP` on a core and waits until it is there.
    pub(crate) fn start(program: &Path, setup: &Setup, core: Option<usize>) -> anyhow::Result<Stage> {
        let scratch = tempfile::Builder::new().prefix("stadion-bench-").tempdir()?;
        let pinned = Pinned::to(core)?;
        let mut child = Command::new(program)
            .args(["bench", "stage", &serde_json::to_string(setup)?])
            .env("TMPDIR", scratch.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        drop(pinned);
        let asks = child.stdin.take();
        let stdout = child.stdout.take().context("the child's output is piped")?;
        let (sender, answers) = sync_channel(MAX_ANSWERS);
        // Ends with the child.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut stage = Stage {
            child,
            asks,
            answers,
            _scratch: scratch,
            ready: Ready { address: ([127, 0, 0, 1], 0).into(), schemas: Vec::new(), capacity: 0, max_map_count: None },
        };
        match stage.hear()? {
            Answer::Ready(ready) => stage.ready = ready,
            other => bail!("the child began with {other:?}"),
        }
        Ok(stage)
    }

    /// New matches, each with seats for so many players, and how long each took, microseconds.
    pub(crate) fn create(&mut self, game: usize, count: u32, reserve: u16) -> anyhow::Result<(Vec<MatchId>, Vec<f64>)> {
        match self.ask(&Ask::Create { game, count, reserve })? {
            Answer::Created { matches, took_us } => Ok((matches, took_us)),
            other => bail!("creating matches: {other:?}"),
        }
    }

    /// Ends matches.
    pub(crate) fn end(&mut self, matches: Vec<MatchId>) -> anyhow::Result<()> {
        self.done(&Ask::End { matches })
    }

    /// Counts anew.
    pub(crate) fn mark(&mut self) -> anyhow::Result<()> {
        self.done(&Ask::Mark)
    }

    /// What was counted since the mark.
    pub(crate) fn count(&mut self) -> anyhow::Result<Counted> {
        match self.ask(&Ask::Count)? {
            Answer::Counted(counted) => Ok(counted),
            other => bail!("counting: {other:?}"),
        }
    }

    /// Matches, seen together.
    pub(crate) fn look(&mut self, matches: &[MatchId]) -> anyhow::Result<Seen> {
        match self.ask(&Ask::Look { matches: matches.to_vec() })? {
            Answer::Seen(seen) => Ok(seen),
            other => bail!("looking at matches: {other:?}"),
        }
    }

    /// New matches whose player has come and gone, asleep.
    pub(crate) fn doze(&mut self, count: u32) -> anyhow::Result<()> {
        self.done(&Ask::Doze { count })
    }

    /// All who sleep.
    pub(crate) fn sleepers(&mut self) -> anyhow::Result<Vec<MatchId>> {
        match self.ask(&Ask::Look { matches: Vec::new() })? {
            Answer::Created { matches, .. } => Ok(matches),
            other => bail!("looking who sleeps: {other:?}"),
        }
    }

    /// Has players come back and go again; answers how long each waited, microseconds.
    pub(crate) fn rouse(&mut self, matches: Vec<MatchId>, at_once: bool) -> anyhow::Result<Vec<f64>> {
        match self.ask(&Ask::Rouse { matches, at_once })? {
            Answer::Roused { took_us } => Ok(took_us),
            other => bail!("players who come back: {other:?}"),
        }
    }

    /// CPU times of its threads so far.
    pub(crate) fn cpu(&self) -> CpuTimes {
        CpuTimes::of(self.child.id())
    }

    /// Its memory now.
    pub(crate) fn memory(&self) -> Memory {
        cpu::memory(self.child.id())
    }

    /// Its mappings now.
    pub(crate) fn mappings(&self) -> usize {
        cpu::mappings(self.child.id())
    }

    fn done(&mut self, ask: &Ask) -> anyhow::Result<()> {
        match self.ask(ask)? {
            Answer::Done => Ok(()),
            other => bail!("{ask:?}: {other:?}"),
        }
    }

    fn ask(&mut self, ask: &Ask) -> anyhow::Result<Answer> {
        let asks = self.asks.as_mut().context("the child's input is piped")?;
        serde_json::to_writer(&mut *asks, ask)?;
        writeln!(asks)?;
        asks.flush()?;
        self.hear()
    }

    fn hear(&mut self) -> anyhow::Result<Answer> {
        let line = self.answers.recv_timeout(ANSWER_WITHIN).context("the measured process said nothing")??;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Its input ends: it leaves by itself, unless it hangs, and then it is ended.
        self.asks = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
