//! Measures: round trips by pings, and where the server's tick must be by now.

use std::time::Duration;

use crate::clock::Moment;
use crate::ids::Tick;
use crate::wire::{ClientFrame, Quality};

/// Asks for pongs when it is quiet, and at times when it is not, and learns from them.
#[derive(Debug, Default)]
pub(super) struct Meter {
    token: u64,
    sent: Option<Moment>,
    asked: Moment,
    round_trip: Option<Duration>,
    jitter: Duration,
    loss_permille: u16,
    reported: Moment,
}

/// A busy connection still measures its round trip this often.
const MEASURE: Duration = Duration::from_secs(2);
/// How often the server is told.
const REPORT: Duration = Duration::from_secs(5);

impl Meter {
    /// When to ask next, on a connection that was last heard at `heard`.
    pub(super) fn next_ping(&self, heard: Moment, quiet: Duration) -> Moment {
        let measure = self.asked + MEASURE;
        if self.sent.is_some() { measure } else { measure.min(heard.max(self.asked) + quiet) }
    }

    /// When to ask next on a connection that has fallen silent.
    pub(super) fn next_knock(&self, pause: Duration) -> Moment {
        self.asked + pause
    }

    pub(super) fn ping(&mut self, now: Moment) -> ClientFrame {
        self.token += 1;
        self.sent = Some(now);
        self.asked = now;
        ClientFrame::Ping { token: self.token }
    }

    pub(super) fn pong(&mut self, now: Moment, token: u64) {
        if token == self.token
            && let Some(sent) = self.sent.take()
        {
            self.sample(now.since(sent));
        }
    }

    /// Takes a round trip, however it was measured. Smoothing as for TCP (RFC 6298): an eighth for the mean, a quarter
    /// for its variation.
    pub(super) fn sample(&mut self, round_trip: Duration) {
        let Some(mean) = self.round_trip else {
            self.round_trip = Some(round_trip);
            return;
        };
        self.jitter = (self.jitter * 3 + mean.abs_diff(round_trip)) / 4;
        self.round_trip = Some((mean * 7 + round_trip) / 8);
    }

    /// Another connection: what was asked on the last one is not answered on this one.
    pub(super) fn reconnected(&mut self, now: Moment, first: Duration) {
        self.sent = None;
        self.asked = now;
        self.round_trip = None;
        self.sample(first);
    }

    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    pub(super) fn set_loss(&mut self, permille: u16) {
        self.loss_permille = permille.min(1_000);
    }

    /// What to tell the server, at most every five seconds; sent along with a ping, so that it wakes nobody by itself.
    pub(super) fn report(&mut self, now: Moment) -> Option<ClientFrame> {
        let round_trip = self.round_trip.filter(|_| now >= self.reported + REPORT)?;
        self.reported = now;
        let ms = |time: Duration| u16::try_from(time.as_millis()).unwrap_or(u16::MAX);
        let jitter_ms = ms(self.jitter);
        Some(ClientFrame::Quality(Quality {
            round_trip_ms: ms(round_trip),
            jitter_ms,
            loss_permille: self.loss_permille,
        }))
    }
}

/// The newest tick heard of, and when.
#[derive(Debug, Default)]
pub(super) struct TickClock {
    tick: Tick,
    heard: Moment,
    rate: u16,
}

impl TickClock {
    pub(super) fn set(&mut self, now: Moment, tick: Tick, rate: u16) {
        *self = TickClock { tick, heard: now, rate };
    }

    pub(super) fn hear(&mut self, now: Moment, tick: Tick) {
        if tick > self.tick {
            self.tick = tick;
            self.heard = now;
        }
    }

    /// Ticks past this one did not happen.
    pub(super) fn rewind(&mut self, tick: Tick) {
        self.tick = self.tick.min(tick);
    }

    pub(super) fn newest(&self) -> Tick {
        self.tick
    }

    /// The tick that the server makes at this moment, half a round trip after the newest was sent, with its fraction.
    pub(super) fn estimate(&self, now: Moment, round_trip: Duration) -> f64 {
        let passed = now.since(self.heard) + round_trip / 2;
        self.tick.0 as f64 + passed.as_secs_f64() * f64::from(self.rate)
    }
}
