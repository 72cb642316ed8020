//! What one tick may ask for. Quotas count per tick and in match time: never wall time, never the state of the network.
//!
//! The first refusals are errors that the guest sees. A guest that goes on regardless is ended: each quota has a
//! second, harder bound at [`INSISTENCE`] times the first.

use super::bindings::stadion::game::types::{RequestError, SendError};
use super::faults::Stop;
use crate::model::{Asked, Event, Limits};

/// How many times over its quota a guest may ask before it is ended.
const INSISTENCE: u64 = 4;

/// Reports of one tick.
pub(super) const REPORTS_PER_TICK: u32 = 16;

/// Labels, openness changes and kicks of one tick, together.
pub(super) const CHANGES_PER_TICK: u32 = 4096;

/// The account of one tick, and the requests that are open over ticks.
#[derive(Debug, Default)]
pub(super) struct Quota {
    sends: u64,
    send_bytes: u64,
    asked: u64,
    asked_bytes: u64,
    requests_asked: u64,
    reports: u32,
    changes: u32,
    finished: bool,
    pub(super) next_request: u64,
    pub(super) open_requests: u32,
}

impl Quota {
    /// Goes on where another session was.
    pub(super) fn carried(next_request: u64, open_requests: u32) -> Quota {
        Quota { next_request, open_requests, ..Quota::default() }
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Asked {
        Asked { requests: self.next_request, open: self.open_requests }
    }

    /// Opens a tick.
    pub(super) fn begin(&mut self) {
        *self = Quota::carried(self.next_request, self.open_requests);
    }

    /// An answer closes its request.
    pub(super) fn apply(&mut self, event: &Event) {
        if let Event::Answer { .. } = event {
            self.open_requests = self.open_requests.saturating_sub(1);
        }
    }

    /// Counts a wish to send. `Err(Stop)` ends the session, the inner error is the guest's to handle.
    pub(super) fn ask_send(&mut self, limits: &Limits, bytes: usize) -> Result<Result<(), SendError>, Stop> {
        let bytes = bytes as u64;
        self.asked += 1;
        self.asked_bytes += bytes;
        if self.asked > u64::from(limits.sends_per_tick) * INSISTENCE {
            return Err(Stop::OverQuota(format!("more than {} sends in a tick", limits.sends_per_tick)));
        }
        if self.asked_bytes > u64::from(limits.send_bytes_per_tick) * INSISTENCE {
            return Err(Stop::OverQuota(format!("more than {} bytes sent in a tick", limits.send_bytes_per_tick)));
        }
        let fits = self.sends < u64::from(limits.sends_per_tick)
            && self.send_bytes + bytes <= u64::from(limits.send_bytes_per_tick);
        Ok(if fits { Ok(()) } else { Err(SendError::OverQuota) })
    }

    /// Counts a send that was accepted.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sends += 1;
        self.send_bytes += bytes as u64;
    }

    /// Numbers a request.
    pub(super) fn ask_request(&mut self, limits: &Limits) -> Result<Result<u64, RequestError>, Stop> {
        self.requests_asked += 1;
        if self.requests_asked > u64::from(limits.requests_open).max(1) * INSISTENCE {
            return Err(Stop::OverQuota(format!("more than {} requests", limits.requests_open)));
        }
        if self.open_requests >= limits.requests_open {
            return Ok(Err(RequestError::OverQuota));
        }
        self.open_requests += 1;
        self.next_request += 1;
        Ok(Ok(self.next_request))
    }

    /// Counts a report.
    pub(super) fn report(&mut self) -> Result<(), Stop> {
        self.reports += 1;
        if self.reports > REPORTS_PER_TICK {
            return Err(Stop::OverQuota(format!("more than {REPORTS_PER_TICK} reports in a tick")));
        }
        Ok(())
    }

    /// Counts a change of label or openness, or a kick.
    pub(super) fn change(&mut self) -> Result<(), Stop> {
        self.changes += 1;
        if self.changes > CHANGES_PER_TICK {
            return Err(Stop::OverQuota(format!("more than {CHANGES_PER_TICK} changes of the match in a tick")));
        }
        Ok(())
    }

    /// Whether this is the first `finish` of the tick.
    pub(super) fn finish_once(&mut self) -> bool {
        !std::mem::replace(&mut self.finished, true)
    }
}
