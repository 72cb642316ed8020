//! What a journal says about a match that ended in an earlier process.

use bytes::Bytes;
use stadion_protocol::contract::{EndedMatch, MatchEnded, MatchState, MatchStatus};
use stadion_protocol::{Incarnation, MatchId, Tick};

use super::rebuild::note;
use crate::journal::{Reader, Record};
use crate::life::HostState;

/// How a match ended; `None`: it has not, or its journal cannot be read to the end.
pub fn ended(id: MatchId, journal: Bytes) -> Option<EndedMatch> {
    let mut records = Reader::new(&journal).ok()?;
    let Some(Ok(Record::Setup(setup))) = records.next() else { return None };
    let mut state = HostState::begun(&setup, &[]);
    let mut end = None;
    for record in records {
        match record.ok()? {
            Record::End(record) => end = Some(record),
            record => note(&mut state, &record, setup.setup.rate),
        }
    }
    let end = end?;
    let chain = end.link().0;
    let status = MatchStatus {
        id,
        game: setup.game,
        version: state.version,
        state: MatchState::Ended,
        incarnation: Incarnation(end.incarnation),
        tick: Tick(end.tick),
        seat_count: setup.setup.seats,
        seats: state.seat_statuses(),
        open: false,
        // What the game asked for is in no journal, only its hash.
        label: String::new(),
    };
    let ended = MatchEnded { reason: end.reason, tick: Tick(end.tick), placings: end.placings, data: end.data, chain };
    Some(EndedMatch { status, ended, journal })
}
