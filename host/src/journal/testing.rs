//! Records for tests.

use stadion_protocol::contract::{EndReason, MatchSettings, Placing};
use stadion_protocol::{MatchId, Seat, VersionId};

use super::record::{
    Cut, EndRecord, Fact, IdleRun, ResumedRecord, SetupRecord, SkippedRecord, SwappedRecord, TickRecord,
};
use super::{Link, Record, Swap};
use crate::model::{Delivery, Event, Limits, Setup, TickInput, Wake};

pub(super) const PERIOD_NS: u64 = 50_000_000;

pub(crate) fn setup() -> Record {
    setup_with(MatchSettings::default())
}

pub(super) fn setup_with(settings: MatchSettings) -> Record {
    let limits = Limits {
        memory_bytes: 1 << 20,
        unreliable_bytes: 1_100,
        reliable_bytes: 65_536,
        sends_per_tick: 64,
        send_bytes_per_tick: 65_536,
        requests_open: 4,
        saved_bytes: 1 << 20,
    };
    Record::Setup(Box::new(SetupRecord {
        game: "tictactoe".parse().unwrap(),
        version: VersionId([7; 32]),
        settings,
        setup: Setup {
            match_id: MatchId([1; 16]).to_string(),
            seed: [1, 2, 3, 4],
            started_unix_ns: 5,
            rate: 20,
            seats: 2,
            parameters: vec![1],
            limits,
        },
        incarnation: 1,
        wake: Wake::Next,
        outputs: [0; 16],
    }))
}

pub(crate) fn tick(number: u64) -> Record {
    let message = Event::Message { seat: Seat(1), via: Delivery::Reliable, data: vec![1, 2, 3] };
    Record::Tick(Box::new(TickRecord {
        incarnation: 1,
        input: TickInput { number, time: number * PERIOD_NS, skipped: 0, events: vec![message.clone(), message] },
        facts: vec![(1, Fact::InSeq(number))],
        wake: Wake::Next,
        outputs: [3; 16],
        previous: Link([2; 16]),
    }))
}

pub(super) fn idle(first: u64, count: u32) -> Record {
    let last = Link([(first + u64::from(count) - 1) as u8; 16]);
    Record::Idle(IdleRun { incarnation: 1, first, time: first * PERIOD_NS, count, last })
}

pub(super) fn resumed(tick: u64) -> Record {
    Record::Resumed(ResumedRecord { incarnation: 2, tick, unix_ns: 6 })
}

pub(crate) fn swapped(tick: u64) -> Record {
    let by = Swap::Saved(vec![8; 3]);
    let swap = SwappedRecord {
        incarnation: 2,
        tick,
        version: VersionId([9; 32]),
        by,
        wake: Wake::Next,
        outputs: [7; 16],
        previous: Link([5; 16]),
    };
    Record::Swapped(Box::new(swap))
}

pub(super) fn skipped(tick: u64) -> Record {
    let cut = Cut {
        input: TickInput { number: tick, time: 1, skipped: 0, events: vec![Event::Spectators(1)] },
        facts: vec![],
    };
    Record::Skipped(Box::new(SkippedRecord { incarnation: 3, tick, event: 0, why: "unreachable".into(), cut }))
}

pub(super) fn end(tick: u64) -> Record {
    Record::End(Box::new(EndRecord {
        incarnation: 1,
        tick,
        reason: EndReason::Trapped("unreachable".into()),
        cut: Some(Cut { input: TickInput { number: tick + 1, time: 1, skipped: 0, events: vec![] }, facts: vec![] }),
        placings: vec![Placing { seat: Seat(0), rank: 1, score: -5 }],
        data: vec![9],
        previous: Link([4; 16]),
    }))
}
