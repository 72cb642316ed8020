//! The short way out: unreliable messages go from the turn straight to the transport, without waking the task of their
//! connection. Wake-ups are what a gateway spends its time on, and most of what matches say is unreliable.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use stadion_protocol::server::Unreliables;
use stadion_protocol::{Incarnation, Tick};

use super::counters::Counters;
use super::transport::{Control, Fate};

/// A datagram of this size fits every path that QUIC runs on (RFC 9000 section 14: 1,200 bytes), whatever wraps it, so
/// the transport need not be asked.
const FITS_ANY_PATH: usize = 1_000;

/// One connection's way out.
pub(super) struct Express {
    control: Arc<dyn Control>,
    numbers: Mutex<Unreliables>,
    counters: Arc<Counters>,
}

impl Express {
    pub(super) fn new(control: Arc<dyn Control>, counters: Arc<Counters>) -> Express {
        Express { control, numbers: Mutex::default(), counters }
    }

    /// Sends a message in as many datagrams as it takes, or drops it.
    pub(super) fn send(&self, incarnation: Incarnation, tick: Tick, data: Bytes) {
        let most = if data.len() <= FITS_ANY_PATH { None } else { Some(self.control.max_datagram()) };
        // One thread sends; the lock is there because shutting down another could want to, and is never waited for.
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        match numbers.datagrams(incarnation, tick, data, most) {
            Ok(datagrams) => datagrams.for_each(|datagram| {
                if self.control.send_datagram(datagram) != Fate::Queued {
                    self.counters.dropped_unreliable.up();
                }
            }),
            Err(_) => self.counters.dropped_unreliable.up(),
        }
    }
}

impl std::fmt::Debug for Express {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Express").finish_non_exhaustive()
    }
}
