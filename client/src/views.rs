//! The SDK's envelope on the client's side: which views are new, and which to acknowledge when.

use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::Moment;
use stadion_schema::envelope::{BadEnvelope, Down, Up};

/// How bytes came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Reliable,
    Unreliable,
}

/// What an envelope held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    Message(Bytes),
    View(Bytes),
    /// A view that was shown before, or that a newer one replaced.
    Old,
}

/// Views of one seat, newest wins.
#[derive(Debug, Default)]
pub(crate) struct Views {
    newest: Option<u64>,
    ack: Option<(Moment, u64)>,
}

/// A view is acknowledged when none newer came for this long: a busy game is never acknowledged, and needs none.
const QUIET: Duration = Duration::from_millis(100);

impl Views {
    /// Opens what came.
    pub(crate) fn open(&mut self, now: Moment, via: Via, bytes: &Bytes) -> Result<Opened, BadEnvelope> {
        let (number, data) = match Down::parse(bytes)? {
            Down::Message(data) => return Ok(Opened::Message(bytes.slice_ref(data))),
            Down::View { number, data } => (number, bytes.slice_ref(data)),
        };
        if self.newest.is_some_and(|newest| number < newest) {
            return Ok(Opened::Old);
        }
        let repeated = self.newest.replace(number) == Some(number);
        match via {
            Via::Reliable => self.ack = None,
            // Repeated: the acknowledgement was lost, or is on its way. Quiet since the first of them.
            Via::Unreliable if repeated && self.ack.is_some() => {}
            Via::Unreliable => self.ack = Some((now + QUIET, number)),
        }
        Ok(if repeated { Opened::Old } else { Opened::View(data) })
    }

    /// The numbers that were seen are worth nothing any more: everything is told afresh, or was undone.
    pub(crate) fn forget(&mut self) {
        *self = Views::default();
    }

    /// When [`Views::acknowledge`] has something to send.
    pub(crate) fn next_timeout(&self) -> Option<Moment> {
        self.ack.map(|(at, _)| at)
    }

    /// The acknowledgement that is due, to be sent unreliably.
    pub(crate) fn acknowledge(&mut self, now: Moment) -> Option<Bytes> {
        let (_, number) = self.ack.take_if(|(at, _)| *at <= now)?;
        Some(Up::Ack(number).to_bytes().into())
    }
}

/// Puts an input into its envelope.
pub(crate) fn input(data: &[u8]) -> Bytes {
    Up::Message(data).to_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(number: u64) -> Bytes {
        Down::View { number, data: b"v" }.to_bytes().into()
    }

    fn at(ms: u64) -> Moment {
        Moment::default() + Duration::from_millis(ms)
    }

    #[test]
    fn newest_wins_and_repeats_are_shown_once() {
        let mut views = Views::default();
        let shown: Vec<bool> = [(5, true), (5, false), (4, false), (6, true)]
            .map(|(number, _)| matches!(views.open(at(0), Via::Unreliable, &view(number)), Ok(Opened::View(_))))
            .into();
        assert_eq!(shown, [true, false, false, true]);
        views.forget();
        assert_eq!(views.open(at(0), Via::Unreliable, &view(1)), Ok(Opened::View(Bytes::from_static(b"v"))));
    }

    #[test]
    fn a_view_is_acknowledged_once_it_is_quiet() {
        let mut views = Views::default();
        views.open(at(0), Via::Unreliable, &view(1)).unwrap();
        views.open(at(50), Via::Unreliable, &view(2)).unwrap();
        views.open(at(90), Via::Unreliable, &view(2)).unwrap();
        assert_eq!(views.next_timeout(), Some(at(150)));
        assert_eq!(views.acknowledge(at(149)), None);
        assert_eq!(views.acknowledge(at(150)).as_deref(), Some(&Up::Ack(2).to_bytes()[..]));
        assert_eq!(views.next_timeout(), None);
        views.open(at(400), Via::Unreliable, &view(2)).unwrap();
        assert_eq!(views.next_timeout(), Some(at(500)), "the acknowledgement was lost");
        views.open(at(410), Via::Reliable, &view(3)).unwrap();
        assert_eq!(views.next_timeout(), None, "reliable views need none");
    }
}
