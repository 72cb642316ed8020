//! What waits for the log, and how it is released: reliable messages in order, then acknowledgements and tokens.

use bytes::Bytes;
use stadion_protocol::contract::RequestKey;
use stadion_protocol::{CloseCode, Moment, Seat, Tick};

use crate::link::ToPlayer;
use crate::model::{Delivery, Departure};

use super::effect::{Effect, Mark};
use super::seats::Tenancy;
use super::tick::Promised;
use super::{Life, Phase};

/// A recorded tick that is not durable yet.
#[derive(Debug)]
pub(super) struct Uncommitted {
    pub(super) mark: Mark,
    pub(super) tick: u64,
    /// In the order in which the game asked.
    pub(super) releases: Vec<Release>,
    pub(super) promised: Promised,
}

/// One thing that a game asked for and that must be durable first.
#[derive(Debug)]
pub(super) enum Release {
    Message(Seat, Tenancy, Bytes),
    Kick(Seat, Tenancy, String),
    Label(String),
    Open(bool),
    Report {
        kind: String,
        json: String,
    },
    Request(RequestKey),
    /// For those who watch.
    Shown(Bytes),
}

impl Uncommitted {
    /// Whether nobody is told anything when it becomes durable.
    pub(super) fn is_mute(&self) -> bool {
        self.releases.is_empty() && self.promised.acks.is_empty() && self.promised.tokens.is_empty()
    }
}

impl Life {
    /// Everything up to this record is durable.
    pub fn durable(&mut self, now: Moment, mark: Mark) {
        self.raising.take_if(|raising| *raising <= mark);
        while let Some(committed) = self.uncommitted.pop_front_if(|waiting| waiting.mark <= mark) {
            self.commit(now, committed);
        }
        if matches!(self.phase, Phase::Lingering(_)) {
            self.end_is_durable(mark);
            self.linger(now);
        } else {
            self.publish_if_due(now);
        }
    }

    fn commit(&mut self, now: Moment, committed: Uncommitted) {
        self.durable_tick = committed.tick;
        self.requests.settle(&committed.promised.answers);
        for release in committed.releases {
            self.release(now, Tick(committed.tick), release);
        }
        for (seat, tenancy, in_seq) in committed.promised.acks {
            let Some(tenant) = self.seats.tenant_of(seat, tenancy) else { continue };
            if let (Some(in_seq), Some(conn)) = (tenant.link.make_durable(in_seq), tenant.conn()) {
                self.effects.push_back(Effect::Post(conn, ToPlayer::Ack { in_seq }));
            }
        }
        for (seat, tenancy, conn, token) in committed.promised.tokens {
            if self.seats.tenant_of(seat, tenancy).is_some_and(|tenant| tenant.conn() == Some(conn)) {
                self.effects.push_back(Effect::Post(conn, ToPlayer::ResumeToken(token)));
            }
        }
    }

    fn release(&mut self, now: Moment, tick: Tick, release: Release) {
        match release {
            Release::Message(seat, tenancy, data) => {
                let Some(tenant) = self.seats.tenant_of(seat, tenancy) else { return };
                let out_seq = tenant.link.push(tick, data.clone()).out_seq();
                if let Some(conn) = tenant.conn() {
                    self.effects.push_back(Effect::Post(conn, ToPlayer::Reliable { out_seq, tick, data }));
                }
            }
            Release::Kick(seat, tenancy, reason) => {
                if self.seats.tenant_of(seat, tenancy).is_some() {
                    self.vacate(now, seat, Departure::Kicked, (CloseCode::Kicked, &reason));
                }
            }
            Release::Label(json) => {
                self.label = json;
                self.changed();
            }
            Release::Open(open) => {
                self.open = open;
                self.changed();
            }
            Release::Shown(data) => self.show(now, tick, Delivery::Reliable, data),
            Release::Report { kind, json } => self.effects.push_back(Effect::Report { kind, json }),
            Release::Request(key) => self.ask(now, key),
        }
    }
}
