//! The one place that reads the clock.

use std::time::Duration;

use stadion_protocol::Moment;
use tokio::time::Instant;

/// Turns tokio's time into the machine's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Clock {
        Clock(Instant::now())
    }

    pub(crate) fn now(self) -> Moment {
        Moment::default() + self.0.elapsed()
    }

    pub(crate) fn at(self, moment: Moment) -> Instant {
        self.0 + Duration::from_nanos(moment.0)
    }
}
