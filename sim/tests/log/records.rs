//! Records for these tests.

use stadion_host::journal::{EndRecord, IdleRun, Link, Record, SetupRecord, TickRecord};
use stadion_host::model::{Limits, Setup, TickInput, Wake};
use stadion_protocol::contract::{Durability, EndReason, LogFailure, MatchSettings};
use stadion_protocol::{MatchId, VersionId};

const PERIOD_NS: u64 = 50_000_000;

pub(crate) fn id(n: u8) -> MatchId {
    MatchId([n; 16])
}

pub(crate) fn setup(durability: Durability, on_log_failure: LogFailure) -> Record {
    let limits = Limits {
        memory_bytes: 1,
        unreliable_bytes: 1,
        reliable_bytes: 1,
        sends_per_tick: 1,
        send_bytes_per_tick: 1,
        requests_open: 1,
        saved_bytes: 1,
    };
    let setup = Setup {
        match_id: String::new(),
        seed: [0; 4],
        started_unix_ns: 0,
        rate: 20,
        seats: 1,
        parameters: Vec::new(),
        limits,
    };
    Record::Setup(Box::new(SetupRecord {
        game: "tictactoe".parse().unwrap(),
        version: VersionId([0; 32]),
        settings: MatchSettings { durability, on_log_failure, ..MatchSettings::default() },
        setup,
        incarnation: 1,
        wake: Wake::Next,
        outputs: [0; 16],
    }))
}

pub(crate) fn tick(number: u64) -> Record {
    let input = TickInput { number, time: number * PERIOD_NS, skipped: 1, events: Vec::new() };
    let (wake, outputs, previous) = (Wake::Next, [number as u8; 16], Link([number as u8; 16]));
    Record::Tick(Box::new(TickRecord { incarnation: 1, input, facts: Vec::new(), wake, outputs, previous }))
}

pub(crate) fn idle(first: u64) -> Record {
    let last = Link([first as u8; 16]);
    Record::Idle(IdleRun { incarnation: 1, first, time: first * PERIOD_NS, count: 1, last })
}

pub(crate) fn end(tick: u64) -> Record {
    Record::End(Box::new(EndRecord {
        incarnation: 1,
        tick,
        reason: EndReason::Closed,
        cut: None,
        placings: Vec::new(),
        data: Vec::new(),
        previous: Link([0; 16]),
    }))
}

/// Runs as the ticks they stand for; only the last of a run has a link.
pub(crate) fn unfolded(records: impl IntoIterator<Item = Record>) -> Vec<String> {
    let one = |record| match record {
        Record::Idle(run) => (run.first..=run.last_tick()).map(|n| format!("idle {n}")).collect(),
        other => vec![format!("{other:?}")],
    };
    records.into_iter().flat_map(one).collect()
}
