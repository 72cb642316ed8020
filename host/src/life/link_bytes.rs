//! A seat's numbers and messages in the frozen bytes of a [`super::HostState`].

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use stadion_protocol::Tick;
use stadion_protocol::server::{SeatLink, SeatLinkState, Unacknowledged};

#[derive(Serialize, Deserialize)]
struct Numbers {
    /// Newest input that is recorded.
    in_seq: u64,
    last_out_seq: u64,
    acked: u64,
    dropped: u64,
    /// Number, tick and content, in order.
    messages: Vec<(u64, u64, Vec<u8>)>,
}

pub(super) fn serialize<S: Serializer>(link: &SeatLink, serializer: S) -> Result<S::Ok, S::Error> {
    let state = link.state();
    let message = |kept: Unacknowledged| (kept.out_seq, kept.tick.0, kept.data.to_vec());
    let numbers = Numbers {
        in_seq: state.durable,
        last_out_seq: state.last_out_seq,
        acked: state.acked,
        dropped: state.dropped,
        messages: state.unacknowledged.into_iter().map(message).collect(),
    };
    numbers.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SeatLink, D::Error> {
    let numbers = Numbers::deserialize(deserializer)?;
    let message = |(out_seq, tick, data)| Unacknowledged { out_seq, tick: Tick(tick), data: Bytes::from(data) };
    let mut link = SeatLink::restore(SeatLinkState {
        accepted: numbers.in_seq,
        durable: numbers.in_seq,
        last_out_seq: numbers.last_out_seq,
        acked: numbers.acked,
        dropped: numbers.dropped,
        unacknowledged: numbers.messages.into_iter().map(message).collect(),
    });
    link.forget_acknowledgements();
    Ok(link)
}
