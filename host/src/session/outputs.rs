//! The contract's `host` interface: what a step asks for. Outputs are kept in order and dropped with the step.

use serde::de::IgnoredAny;
use stadion_protocol::Seat;
use stadion_protocol::contract::Placing;
use wasmtime::Result;

use super::bindings::stadion::game::host::Host;
use super::bindings::stadion::game::types as wit;
use super::state::State;
use crate::model::{Delivery, LogLevel, Output, Target};

/// The largest label, bytes.
pub(super) const LABEL_BYTES: usize = 1024;

/// The largest result data of a match, bytes.
pub(super) const RESULT_BYTES: usize = 64 * 1024;

/// The longest kind of a report, bytes.
pub(super) const REPORT_KIND_BYTES: usize = 64;

/// The largest report, bytes.
pub(super) const REPORT_BYTES: usize = 16 * 1024;

/// The longest reason of a kick, bytes.
pub(super) const REASON_BYTES: usize = 200;

impl Host for State {
    fn send(&mut self, to: wit::Target, via: wit::Delivery, data: Vec<u8>) -> Result<Result<(), wit::SendError>> {
        self.within_a_match("send")?;
        let via = delivery(via);
        let (target, allowed) = match to {
            wit::Target::Seat(seat) => (Target::Seat(Seat(seat)), self.seats.may_send(seat, via)),
            wit::Target::Everyone => (Target::Everyone, Ok(())),
            wit::Target::Spectators => (Target::Spectators, Ok(())),
        };
        let quota = self.quota.ask_send(&self.limits, data.len())?;
        let largest = match via {
            Delivery::Reliable => self.limits.reliable_bytes,
            Delivery::Unreliable => self.limits.unreliable_bytes,
        };
        let fits = if data.len() > largest as usize { Err(wit::SendError::TooLarge) } else { Ok(()) };
        if let Err(refused) = allowed.and(fits).and(quota) {
            return Ok(Err(refused));
        }
        self.quota.sent(data.len());
        self.outputs.push(Output::Send { to: target, via, data });
        Ok(Ok(()))
    }

    fn kick(&mut self, seat: u16, reason: String) -> Result<Result<(), wit::SendError>> {
        self.within_a_match("kick")?;
        self.quota.change()?;
        if let Err(refused) = self.seats.may_kick(seat) {
            return Ok(Err(refused));
        }
        let mut reason = reason;
        super::faults::cut(&mut reason, REASON_BYTES);
        self.outputs.push(Output::Kick { seat: Seat(seat), reason });
        Ok(Ok(()))
    }

    fn set_label(&mut self, json: String) -> Result<()> {
        self.within_a_match("set-label")?;
        self.quota.change()?;
        check_json("set-label", &json, LABEL_BYTES)?;
        self.outputs.push(Output::Label(json));
        Ok(())
    }

    fn set_open(&mut self, open: bool) -> Result<()> {
        self.within_a_match("set-open")?;
        self.quota.change()?;
        self.outputs.push(Output::Open(open));
        Ok(())
    }

    fn finish(&mut self, placings: Vec<wit::Placing>, data: Vec<u8>) -> Result<()> {
        self.within_a_match("finish")?;
        if !self.quota.finish_once() {
            wasmtime::bail!("finish was called twice in one step");
        }
        if data.len() > RESULT_BYTES {
            wasmtime::bail!("finish: {} bytes of data; at most {RESULT_BYTES}", data.len());
        }
        let seats = self.seats.count();
        if placings.len() > seats || placings.iter().any(|placing| usize::from(placing.seat) >= seats) {
            wasmtime::bail!("finish: placings name more than the {seats} seats of the match");
        }
        let placing = |p: wit::Placing| Placing { seat: Seat(p.seat), rank: p.rank, score: p.score };
        let placings = placings.into_iter().map(placing).collect();
        self.outputs.push(Output::Finish { placings, data });
        Ok(())
    }

    /// Allowed in `describe` too, where it goes nowhere: a panic there can say why.
    fn log(&mut self, level: wit::Level, text: String) -> Result<()> {
        let level = match level {
            wit::Level::Debug => LogLevel::Debug,
            wit::Level::Info => LogLevel::Info,
            wit::Level::Warn => LogLevel::Warn,
            wit::Level::Error => LogLevel::Error,
        };
        self.log.line(&mut self.outputs, level, text.as_bytes());
        Ok(())
    }

    fn report(&mut self, kind: String, json: String) -> Result<()> {
        self.within_a_match("report")?;
        self.quota.report()?;
        if kind.is_empty() || kind.len() > REPORT_KIND_BYTES {
            wasmtime::bail!("report: the kind has {} bytes; 1 to {REPORT_KIND_BYTES} are allowed", kind.len());
        }
        check_json("report", &json, REPORT_BYTES)?;
        self.outputs.push(Output::Report { kind, json });
        Ok(())
    }
}

fn delivery(via: wit::Delivery) -> Delivery {
    match via {
        wit::Delivery::Reliable => Delivery::Reliable,
        wit::Delivery::Unreliable => Delivery::Unreliable,
    }
}

/// Others parse it: what is not JSON is the guest's bug and ends here.
pub(super) fn check_json(function: &str, json: &str, largest: usize) -> Result<()> {
    if json.len() > largest {
        wasmtime::bail!("{function}: {} bytes of JSON; at most {largest}", json.len());
    }
    if let Err(error) = serde_json::from_str::<IgnoredAny>(json) {
        wasmtime::bail!("{function}: not JSON: {error}");
    }
    Ok(())
}
