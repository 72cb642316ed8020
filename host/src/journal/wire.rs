//! Records as bytes: a kind byte, then postcard. Where a domain type has a serde form made for JSON, a type of this
//! module stands in.

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::{EndReason, Placing};

use super::chain::Link;
use super::record::{Cut, EndRecord, Record};

const KIND_SETUP: u8 = 1;
const KIND_TICK: u8 = 2;
const KIND_IDLE: u8 = 3;
const KIND_GAP: u8 = 4;
const KIND_END: u8 = 5;
const KIND_RESUMED: u8 = 6;
const KIND_SWAPPED: u8 = 7;
const KIND_SKIPPED: u8 = 8;

/// Why the body of an intact frame is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadBody {
    #[error("record kind {0} is unknown")]
    UnknownKind(u8),
    #[error("a record body does not decode")]
    Malformed,
    #[error("{0} bytes follow a record body")]
    Trailing(usize),
}

/// Postcard bytes of a value. Encoding into memory cannot fail for the types of this crate: they are finite, and none
/// serializes a sequence of unknown length.
pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).expect("types of this crate encode")
}

/// Appends the postcard bytes of a value.
pub(super) fn encode_after<T: Serialize>(value: &T, to: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(value, to).expect("types of this crate encode")
}

fn append<T: Serialize>(kind: u8, value: &T, to: Vec<u8>) -> Vec<u8> {
    let mut to = to;
    to.push(kind);
    encode_after(value, to)
}

/// Appends a record's kind and body.
pub(super) fn encode_record(record: &Record, to: Vec<u8>) -> Vec<u8> {
    match record {
        Record::Setup(setup) => append(KIND_SETUP, setup, to),
        Record::Tick(tick) => append(KIND_TICK, tick, to),
        Record::Idle(run) => append(KIND_IDLE, run, to),
        Record::Gap(gap) => append(KIND_GAP, gap, to),
        Record::End(end) => append(KIND_END, &(end.previous, EndContent::from(&**end)), to),
        Record::Resumed(resumed) => append(KIND_RESUMED, resumed, to),
        Record::Swapped(swapped) => append(KIND_SWAPPED, swapped, to),
        Record::Skipped(skipped) => append(KIND_SKIPPED, skipped, to),
    }
}

/// A record from its kind and body.
pub(super) fn decode_record(bytes: &[u8]) -> Result<Record, BadBody> {
    let (&kind, body) = bytes.split_first().ok_or(BadBody::Malformed)?;
    Ok(match kind {
        KIND_SETUP => Record::Setup(Box::new(decode(body)?)),
        KIND_TICK => Record::Tick(Box::new(decode(body)?)),
        KIND_IDLE => Record::Idle(decode(body)?),
        KIND_GAP => Record::Gap(decode(body)?),
        KIND_END => {
            let (previous, content): (Link, EndContent) = decode(body)?;
            Record::End(Box::new(content.into_record(previous)))
        }
        KIND_RESUMED => Record::Resumed(decode(body)?),
        KIND_SWAPPED => Record::Swapped(Box::new(decode(body)?)),
        KIND_SKIPPED => Record::Skipped(Box::new(decode(body)?)),
        other => return Err(BadBody::UnknownKind(other)),
    })
}

pub(super) fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, BadBody> {
    let (value, rest) = postcard::take_from_bytes(body).map_err(|_| BadBody::Malformed)?;
    if rest.is_empty() { Ok(value) } else { Err(BadBody::Trailing(rest.len())) }
}

/// What an end adds to the chain.
pub(super) fn encode_end_content(end: &EndRecord) -> Vec<u8> {
    encode(&EndContent::from(end))
}

#[derive(Serialize, Deserialize)]
struct EndContent {
    incarnation: u32,
    tick: u64,
    reason: Reason,
    cut: Option<Cut>,
    placings: Vec<Placing>,
    data: Vec<u8>,
}

impl From<&EndRecord> for EndContent {
    fn from(end: &EndRecord) -> EndContent {
        EndContent {
            incarnation: end.incarnation,
            tick: end.tick,
            reason: Reason::from(&end.reason),
            cut: end.cut.clone(),
            placings: end.placings.clone(),
            data: end.data.clone(),
        }
    }
}

impl EndContent {
    fn into_record(self, previous: Link) -> EndRecord {
        EndRecord {
            incarnation: self.incarnation,
            tick: self.tick,
            reason: self.reason.into(),
            cut: self.cut,
            placings: self.placings,
            data: self.data,
            previous,
        }
    }
}

/// Settings as pairs of texts, those that differ from the defaults: a setting that is added later leaves older journals
/// and their chains as they are. So the default of a setting never changes within a format. Which values are accepted
/// may: a match that is there is read with what it has.
pub(super) mod settings {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use stadion_protocol::contract::MatchSettings;

    pub(crate) fn serialize<S: Serializer>(settings: &MatchSettings, to: S) -> Result<S::Ok, S::Error> {
        settings.to_pairs().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<MatchSettings, D::Error> {
        let pairs: Vec<(&str, &str)> = Vec::deserialize(from)?;
        MatchSettings::from_recorded_pairs(pairs).map_err(D::Error::custom)
    }
}

/// [`EndReason`] without its JSON tagging, which postcard cannot read back. New reasons are added at the end.
#[derive(Serialize, Deserialize)]
enum Reason {
    Finished,
    Closed,
    Empty,
    TooLong,
    Trapped(String),
    OverBudget,
    OverQuota(String),
    HostFailed(String),
    Diverged,
    Poisoned,
}

impl From<&EndReason> for Reason {
    fn from(reason: &EndReason) -> Reason {
        match reason {
            EndReason::Finished => Reason::Finished,
            EndReason::Closed => Reason::Closed,
            EndReason::Empty => Reason::Empty,
            EndReason::TooLong => Reason::TooLong,
            EndReason::Trapped(trap) => Reason::Trapped(trap.clone()),
            EndReason::OverBudget => Reason::OverBudget,
            EndReason::OverQuota(what) => Reason::OverQuota(what.clone()),
            EndReason::HostFailed(what) => Reason::HostFailed(what.clone()),
            EndReason::Diverged => Reason::Diverged,
            EndReason::Poisoned => Reason::Poisoned,
        }
    }
}

impl From<Reason> for EndReason {
    fn from(reason: Reason) -> EndReason {
        match reason {
            Reason::Finished => EndReason::Finished,
            Reason::Closed => EndReason::Closed,
            Reason::Empty => EndReason::Empty,
            Reason::TooLong => EndReason::TooLong,
            Reason::Trapped(trap) => EndReason::Trapped(trap),
            Reason::OverBudget => EndReason::OverBudget,
            Reason::OverQuota(what) => EndReason::OverQuota(what),
            Reason::HostFailed(what) => EndReason::HostFailed(what),
            Reason::Diverged => EndReason::Diverged,
            Reason::Poisoned => EndReason::Poisoned,
        }
    }
}
