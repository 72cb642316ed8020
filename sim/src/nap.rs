//! A match that leaves memory in the middle of a story: everything about it but its bed is dropped, and what comes back is read from
//! the log.

use stadion_host::journal::chain::{self, TickContent};
use stadion_host::journal::{Checkpoint, IdleRun, Journal, JournalError, Position, Record, Reopened};
use stadion_host::life::{Asleep, HostState};
use stadion_host::model::{TickInput, Wake};
use stadion_protocol::Moment;

use crate::bug::Bug;
use crate::game::Game;
use crate::server::{Lost, RATE};

/// Turns in a row in which a match could not be brought back: ten seconds. A disk works again long before.
const MOST_FAILED: u32 = 2_000;

/// A match in bed.
pub(crate) struct Nap {
    pub(crate) asleep: Asleep,
    failed: u32,
}

impl Nap {
    pub(crate) fn new(asleep: Asleep) -> Nap {
        Nap { asleep, failed: 0 }
    }

    /// Whether its time has come.
    pub(crate) fn is_over(&self, now: Moment) -> bool {
        self.asleep.wakes_at.is_some_and(|at| at <= now)
    }

    /// It could not be brought back; said once that has gone on for too long.
    pub(crate) fn failed(&mut self, why: &str) -> Option<String> {
        self.failed += 1;
        (self.failed == MOST_FAILED).then(|| format!("a match that slept cannot be brought back: {why}"))
    }
}

/// The game and where its match stands, made again from what was reopened.
pub(crate) fn restored(reopened: &mut Reopened, bug: Option<Bug>) -> Result<(Game, HostState), Lost> {
    let setup = &reopened.setup;
    let (mut game, mut state) = match &reopened.checkpoint {
        Some(checkpoint) => {
            let state = HostState::from_bytes(&checkpoint.host).map_err(|error| error.to_string())?;
            (Game::from_bytes(&checkpoint.guest), state)
        }
        None => (Game::new(setup.setup.seats), HostState::begun(setup, &Game::started().outputs)),
    };
    let mut records: Vec<Record> = reopened
        .records
        .by_ref()
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the journal cannot be read: {error}"))?;
    if bug == Some(Bug::ForgottenRecord) {
        records.pop();
    }
    let last = records.len().wrapping_sub(1);
    for (nth, record) in records.iter().enumerate() {
        let forget = bug == Some(Bug::WrongOutSeq) && nth == last;
        replay(&mut game, &mut state, record, forget)?;
    }
    Ok((game, state))
}

/// A record is run again and compared.
fn replay(game: &mut Game, state: &mut HostState, record: &Record, forget: bool) -> Result<(), Lost> {
    match record {
        Record::Tick(tick) => {
            if tick.previous != state.chain {
                return Err(format!("tick {} does not follow the one before", tick.input.number));
            }
            let stepped = game.step(&tick.input);
            if chain::outputs(&stepped.outputs) != tick.outputs {
                return Err(format!("tick {} differs", tick.input.number));
            }
            state.ticked(tick, if forget { &[] } else { &stepped.outputs });
        }
        Record::Idle(run) => replay_idle(game, state, run)?,
        Record::Resumed(resumed) => state.taken_over(resumed.incarnation),
        other => return Err(format!("the journal holds {other:?}")),
    }
    Ok(())
}

fn replay_idle(game: &mut Game, state: &mut HostState, run: &IdleRun) -> Result<(), Lost> {
    let mut link = state.chain;
    for number in run.first..=run.last_tick() {
        let time = state.time_of(RATE, number, state.skipped);
        let input = TickInput { number, time, skipped: 0, events: Vec::new() };
        let outputs = chain::outputs(&game.step(&input).outputs);
        let content =
            TickContent { incarnation: run.incarnation, input: &input, facts: &[], wake: Wake::Next, outputs };
        link = chain::after_tick(link, &content);
    }
    if link != run.last {
        return Err(format!("ticks {} to {} differ", run.first, run.last_tick()));
    }
    state.idled(run, RATE);
    Ok(())
}

/// What a match has for a journal while it sleeps: none.
#[derive(Debug)]
pub(crate) struct Closed;

impl Journal for Closed {
    fn append(&mut self, _: &Record) -> Result<Position, JournalError> {
        Err(JournalError::Failed("the match sleeps".to_owned()))
    }

    fn durable(&self) -> Position {
        Position(0)
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn keep_checkpoint(&mut self, _: Checkpoint) -> Result<(), JournalError> {
        Err(JournalError::Failed("the match sleeps".to_owned()))
    }

    fn checkpointed(&self) -> Option<u64> {
        None
    }
}
