//! What is worth knowing of a journal without reading it again.

use stadion_protocol::contract::Durability;
use stadion_protocol::{GameName, MatchId, VersionId};

use super::Unfinished;
use super::record::{Record, SetupRecord};

/// The newest of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) game: GameName,
    pub(super) version: VersionId,
    pub(super) incarnation: u32,
    pub(super) tick: u64,
}

impl Summary {
    pub(super) fn new(setup: &SetupRecord) -> Summary {
        Summary { game: setup.game.clone(), version: setup.version, incarnation: setup.incarnation, tick: 0 }
    }

    pub(super) fn note(&mut self, record: &Record) {
        let (incarnation, tick) = match record {
            Record::Setup(setup) => (setup.incarnation, 0),
            Record::Tick(tick) => (tick.incarnation, tick.input.number),
            Record::Idle(run) => (run.incarnation, run.last_tick()),
            Record::Resumed(resumed) => (resumed.incarnation, resumed.tick),
            Record::Swapped(swapped) => {
                self.version = swapped.version;
                (swapped.incarnation, swapped.tick)
            }
            Record::Skipped(skipped) => (skipped.incarnation, self.tick),
            Record::End(end) => (end.incarnation, end.tick),
            Record::Gap(_) => (self.incarnation, self.tick),
        };
        self.incarnation = self.incarnation.max(incarnation);
        self.tick = self.tick.max(tick);
    }

    pub(super) fn unfinished(self, id: MatchId, level: Durability, bytes: u64) -> Unfinished {
        let Summary { game, version, incarnation, tick } = self;
        Unfinished { id, game, version, level, incarnation, tick, bytes, damage: None }
    }
}
