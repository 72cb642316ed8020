//! The journal of one match in the log.

use std::sync::Arc;
use std::task::Waker;

use stadion_protocol::contract::{Durability, LogFailure};

use super::Shared;
use super::frame::Frame;
use super::keeper::CheckpointJob;
use super::matches::{Match, Over, State};
use super::staging::Wake;
use crate::journal::record::{GapRecord, IdleRun, Record};
use crate::journal::summary::Summary;
use crate::journal::{Checkpoint, Journal, JournalError, Position, Standing};

/// Match time for which uneventful ticks are folded before they are appended, nanoseconds.
///
/// No acknowledged input and no reliable message depends on such a tick, so nothing waits for it. But unreliable output
/// leaves only while a match is at most `life::RUN_AHEAD` (250 ms) ahead of its log: four ticks at 20 Hz are one record,
/// and the log still keeps up.
const FOLD_NS: u64 = 140_000_000;

/// See [`Journal`].
#[derive(Debug)]
pub(super) struct LogJournal {
    shared: Arc<Shared>,
    this: Arc<Match>,
    advanced: Waker,
    on_failure: LogFailure,
    /// Nothing is kept any more from this tick on.
    degraded: Option<u64>,
}

impl LogJournal {
    pub(super) fn new(shared: Arc<Shared>, this: Arc<Match>, advanced: Waker, on_failure: LogFailure) -> LogJournal {
        LogJournal { shared, this, advanced, on_failure, degraded: None }
    }

    fn take(&mut self, state: &mut State, record: &Record) -> Result<(), JournalError> {
        match record {
            Record::Setup(setup) => {
                state.summary = Some(Summary::new(setup));
                self.on_failure = setup.settings.on_log_failure;
            }
            _ => {
                if let Some(summary) = &mut state.summary {
                    summary.note(record);
                }
            }
        }
        match record {
            Record::Idle(run) => return self.fold(state, *run),
            Record::End(_) => state.over = Over::Ended,
            Record::Gap(_) => state.over = Over::Abandoned,
            _ => {}
        }
        self.flush_but_newest(state)?;
        let wake = match self.this.level {
            Durability::None => Wake::Nobody,
            Durability::Process => Wake::Written(self.advanced.clone()),
            Durability::Disk | Durability::Fleet => Wake::Synced(self.advanced.clone()),
        };
        self.stage(state, record, wake)
    }

    /// Lets the run that waits grow, or starts another.
    fn fold(&self, state: &mut State, run: IdleRun) -> Result<(), JournalError> {
        let since = match state.idle {
            Some(held) if held.followed_by(&run).is_some() => {
                state.idle = held.followed_by(&run);
                held.time
            }
            _ => {
                self.flush_but_newest(state)?;
                state.idle = Some(run);
                run.time
            }
        };
        if run.time.saturating_sub(since) >= FOLD_NS || run.count > 1 {
            self.flush(state)?;
        }
        Ok(())
    }

    /// Appends the run that waits; the record being taken is not part of it.
    fn flush_but_newest(&self, state: &mut State) -> Result<(), JournalError> {
        state.taken -= 1;
        let flushed = self.flush(state);
        state.taken += 1;
        flushed
    }

    fn flush(&self, state: &mut State) -> Result<(), JournalError> {
        match state.idle.take() {
            Some(run) => self.stage(state, &Record::Idle(run), Wake::Nobody),
            None => Ok(()),
        }
    }

    fn stage(&self, state: &mut State, record: &Record, wake: Wake) -> Result<(), JournalError> {
        let frame = Frame::record(self.this.number, state.newest, record)?;
        let sync = matches!(self.this.level, Durability::Disk | Durability::Fleet);
        let place = self.shared.segments.staging.append(&frame, wake, sync)?;
        if state.records == 0 {
            state.first = place.start;
        }
        (state.newest, state.end) = (place.start, place.end);
        state.records += 1;
        state.bytes += frame.size() as u64;
        if self.this.level != Durability::None {
            state.waiting.push_back((state.taken, place.end));
        }
        self.shared.ring();
        Ok(())
    }

    /// The log fails and the match plays on: what it is given from now on is not kept.
    fn degrade(&mut self, record: &Record) -> bool {
        if self.degraded.is_none() && self.on_failure == LogFailure::Degrade && self.shared.is_failing() {
            self.degraded = match record {
                Record::Tick(tick) => Some(tick.input.number),
                Record::Idle(run) => Some(run.first),
                _ => None,
            };
        }
        self.degraded.is_some()
    }

    /// The end of a degraded match is kept if the log has healed by then.
    fn end_degraded(&mut self, first: u64, end: &Record) -> Result<(), JournalError> {
        if self.shared.is_failing() {
            return Ok(());
        }
        let this = Arc::clone(&self.this);
        let mut state = this.state();
        let first = state.idle.map_or(first, |run| run.first);
        state.idle = None;
        self.stage(&mut state, &Record::Gap(GapRecord { first }), Wake::Nobody)?;
        self.stage(&mut state, end, Wake::Nobody)?;
        state.over = Over::Ended;
        Ok(())
    }
}

impl Journal for LogJournal {
    fn append(&mut self, record: &Record) -> Result<Position, JournalError> {
        if self.degrade(record) {
            let first = self.degraded.expect("it degrades from a tick on");
            if matches!(record, Record::End(_)) {
                self.end_degraded(first, record)?;
            }
            let mut state = self.this.state();
            state.taken += 1;
            return Ok(Position(state.taken));
        }
        let this = Arc::clone(&self.this);
        let mut state = this.state();
        state.taken += 1;
        self.take(&mut state, record)?;
        Ok(Position(state.taken))
    }

    fn durable(&self) -> Position {
        let mut state = self.this.state();
        if self.standing() == Standing::Degraded || self.this.level == Durability::None {
            return Position(state.taken);
        }
        let durable = self.shared.durable(self.this.level);
        while let Some((taken, _)) = state.waiting.pop_front_if(|(_, end)| *end <= durable) {
            state.durable = taken;
        }
        Position(state.durable)
    }

    fn bytes(&self) -> u64 {
        self.this.state().bytes
    }

    fn keep_checkpoint(&mut self, checkpoint: Checkpoint) -> Result<(), JournalError> {
        if self.degraded.is_some() {
            return Err(JournalError::Failed("nothing is kept of this match any more".to_owned()));
        }
        let (size, limit) = (checkpoint.size() as u64, self.shared.config.match_checkpoint_bytes);
        if size > limit {
            return Err(JournalError::CheckpointTooLarge { size, limit });
        }
        let mut state = self.this.state();
        self.flush(&mut state)?;
        let job = CheckpointJob {
            of: Arc::clone(&self.this),
            records: state.records,
            after: state.end,
            checkpoint,
            kept: self.advanced.clone(),
        };
        self.shared.errands.push(job)
    }

    fn checkpointed(&self) -> Option<u64> {
        let durable = self.shared.durable(self.this.level);
        let state = self.this.state();
        state.checkpoints.iter().rev().find(|kept| kept.after <= durable).map(|kept| kept.tick)
    }

    fn standing(&self) -> Standing {
        if self.degraded.is_some() {
            return Standing::Degraded;
        }
        match (self.shared.is_failing() || self.shared.segments.staging.is_crowded(), self.on_failure) {
            (false, _) => Standing::Keeping,
            (true, _) if self.this.level == Durability::None && !self.shared.segments.staging.is_crowded() => {
                Standing::Keeping
            }
            (true, LogFailure::Stall) => Standing::Stalled,
            (true, LogFailure::Degrade) => Standing::Degraded,
        }
    }
}

impl Drop for LogJournal {
    fn drop(&mut self) {
        let mut state = self.this.state();
        if let Err(error) = self.flush(&mut state) {
            tracing::warn!(id = %self.this.id, %error, "the last uneventful ticks of a match were not kept");
        }
        if self.degraded.is_some() && state.over == Over::No {
            state.over = Over::Abandoned;
        }
        state.open = false;
    }
}
