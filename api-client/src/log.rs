//! A match's log: page by page, or followed as it is written.

use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::error::Error;
use crate::operations as ops;
use crate::told::Word;

/// Pages of a log at most; a server keeps less than this of a match.
const MAX_PAGES: usize = 1_000;

/// A line of a match's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// From 1.
    pub number: u64,
    /// In which tick.
    pub tick: u64,
    /// RFC 3339.
    pub at: String,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// What the game says.
    pub text: String,
}

/// Lines after a number.
#[derive(Debug, Serialize, Deserialize)]
pub struct LogPage {
    /// In their order.
    pub lines: Vec<LogLine>,
    /// The match is, and says no more.
    pub over: bool,
}

/// What whoever follows a log is told.
#[derive(Debug)]
pub enum Followed {
    /// A line.
    Line(LogLine),
    /// The connection is gone, and is being made again.
    Lost,
}

impl Api {
    /// The lines that are kept, after a number.
    pub async fn log(&self, id: &str, mut after: u64) -> Result<Vec<LogLine>, Error> {
        let mut lines = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = self.call(ops::GET_LOG, &[id]).query("after", after).send().await?;
            let Some(last) = page.lines.last() else { break };
            after = last.number;
            lines.extend(page.lines);
        }
        Ok(lines)
    }

    /// Tells the lines of a log after a number as they come, until the match is over.
    pub async fn follow_log(&self, id: &str, after: u64, tell: &mut dyn FnMut(Followed)) -> Result<(), Error> {
        let mut told = self.call(ops::FOLLOW_LOG, &[id]).told(Some(after.to_string()));
        loop {
            match told.word().await? {
                Word::Event(event) if event.name == "line" => tell(Followed::Line(told.read(&event)?)),
                Word::Event(event) if event.name == "end" => return Ok(()),
                Word::Event(_) => {}
                Word::Lost => tell(Followed::Lost),
            }
        }
    }
}
