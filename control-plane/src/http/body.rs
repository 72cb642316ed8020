//! Request bodies with a pace: whoever sends one byte a second is cut off, however long the body would be.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

/// Why a body did not come whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFault {
    /// It fell behind the pace.
    #[error("the body came too slowly")]
    TooSlow,
    /// The connection ended, or what came is not a body.
    #[error("the body broke off: {0}")]
    Broken(String),
}

impl From<axum::Error> for BodyFault {
    fn from(error: axum::Error) -> BodyFault {
        match error.into_inner().downcast::<BodyFault>() {
            Ok(fault) => *fault,
            Err(other) => BodyFault::Broken(other.to_string()),
        }
    }
}

/// The pace that bodies must keep: after `grace`, `rate` bytes a second on the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) grace: Duration,
    pub(crate) rate: u32,
}

/// A body that errs with [`BodyFault::TooSlow`] when it falls behind.
pub(crate) struct PacedBody {
    inner: Incoming,
    pace: Pace,
    /// From the first wait for data; before that nobody asked for any.
    started: Option<(Instant, Pin<Box<Sleep>>)>,
    received: u64,
}

impl PacedBody {
    pub(crate) fn new(inner: Incoming, pace: Pace) -> PacedBody {
        PacedBody { inner, pace, started: None, received: 0 }
    }

    fn deadline(&self, started: Instant) -> Instant {
        started + self.pace.grace + Duration::from_secs(1).mul_f64(self.received as f64 / f64::from(self.pace.rate))
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| {
                let frame = frame.map_err(|error| BodyFault::Broken(error.to_string()))?;
                self.received += frame.data_ref().map_or(0, |data| data.len() as u64);
                Ok(frame)
            }));
        }
        let started = self.started.as_ref().map_or_else(Instant::now, |(at, _)| *at);
        let deadline = self.deadline(started);
        let (_, sleep) = self.started.get_or_insert_with(|| (started, Box::pin(tokio::time::sleep_until(deadline))));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Some(Err(BodyFault::TooSlow)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
