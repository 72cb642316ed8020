//! What players say: let in, played, acknowledged, left, lost.

use bytes::Bytes;
use stadion_protocol::server::{Accepted, Resumed};
use stadion_protocol::token::ResumeToken;
use stadion_protocol::{CloseCode, Moment, Seat, Tick};

use crate::journal::Fact;
use crate::link::{Admission, ConnId, FromPlayer, ToPlayer};
use crate::model::{Delivery, Departure, Event};

use super::admission::{self, JoinUses, Way};
use super::effect::Effect;
use super::seats::Whereabouts;
use super::tick::Waiting;
use super::watching::asks_to_watch;
use super::{Life, Phase};

/// The longest reason that a close carries, bytes.
const MAX_REASON: usize = 200;

impl Life {
    /// A word of a connection. `secret` gives 16 random bytes for a resume token; it is asked once for each player let in.
    pub fn hear(&mut self, now: Moment, conn: ConnId, word: FromPlayer, secret: &mut dyn FnMut() -> [u8; 16]) {
        let seat = self.conns.get(&conn).copied();
        match (word, seat) {
            (word, None) if self.watching.has(conn) => self.hear_spectator(now, conn, &word),
            (FromPlayer::Hello(admission), None) if asks_to_watch(&admission) => self.watch(now, conn, &admission),
            (FromPlayer::Hello(admission), None) => self.hello(now, conn, &admission, secret),
            (FromPlayer::Hello(_), Some(_)) => self.violated(now, conn, "a second hello"),
            (FromPlayer::Input { in_seq, data }, Some(seat)) => self.input(now, (conn, seat), in_seq, &data),
            (FromPlayer::Unreliable { data }, Some(seat)) => {
                self.message(seat, Delivery::Unreliable, &data, None);
            }
            (FromPlayer::Ack { out_seq }, Some(seat)) => self.acknowledged(now, conn, seat, out_seq),
            (FromPlayer::Quality { round_trip_ms, jitter_ms, loss_permille }, Some(seat)) => {
                self.inbound.quality(seat, Event::Quality { seat, round_trip_ms, jitter_ms, loss_permille });
            }
            (FromPlayer::Leave, Some(seat)) => {
                self.vacate(now, seat, Departure::Left, (CloseCode::Left, ""));
            }
            (FromPlayer::Closed, Some(seat)) => self.lost(now, conn, seat),
            // A connection that was replaced or closed may go on talking until it hears of it.
            (_, None) => {}
        }
        if matches!(self.phase, Phase::Lingering(_)) {
            self.linger(now);
        }
    }

    /// Whether another word may be heard before the next tick is sealed; otherwise it stays in the mailbox. None is while
    /// a crash could still take back the incarnation that its speaker would be told, nor while ticks from before it came are
    /// made up for.
    pub fn has_room(&self) -> bool {
        self.raising.is_none() && !self.makes_up() && (!self.is_running() || self.inbound.has_room())
    }

    fn hello(&mut self, now: Moment, conn: ConnId, admission: &Admission, secret: &mut dyn FnMut() -> [u8; 16]) {
        self.keep_lost_reservation(now, admission);
        let (seat, way) = match admission::judge(&self.spec, &self.seats, admission) {
            Ok(admitted) => admitted,
            Err(refusal) => {
                tracing::debug!(id = %self.spec.id, ?refusal, "hello refused");
                let (code, reason) = refusal.close();
                return self.post_close(conn, code, reason);
            }
        };
        if let Some(code) = self.end_code()
            && (matches!(way, Way::Claim(_)) || self.is_over())
        {
            return self.post_close(conn, code, "the match is over");
        }
        let Some((resumed, old)) = self.occupy(conn, seat, way, admission) else {
            return self.post_close(conn, CloseCode::ProtocolError, "it acknowledges what was never sent");
        };
        if let Some((old, code)) = old {
            self.conns.remove(&old);
            self.post_close(old, code, "a newer connection has the seat");
        }
        self.conns.insert(conn, seat);
        self.welcome(conn, seat, resumed);
        if self.is_running() {
            self.introduce((conn, seat), (way, resumed), admission, secret());
            self.empty_since = None;
            self.changed();
            self.publish_if_due(now);
        } else {
            self.tell_end(conn);
        }
    }

    /// Puts a connection into a seat; answers the connection that was there and how to close it. `None`: its numbers make no sense.
    fn occupy(
        &mut self,
        conn: ConnId,
        seat: Seat,
        way: Way,
        admission: &Admission,
    ) -> Option<(Resumed, Option<(ConnId, CloseCode)>)> {
        let tenant = match way {
            Way::Claim(_) => self.seats.claim(seat, conn, JoinUses::default())?,
            Way::Again(_) | Way::Resume(_) => self.seats.tenant_mut(seat)?,
        };
        let resumed = match way {
            // Nothing was said in this seat yet, whatever its player heard elsewhere.
            Way::Claim(_) => tenant.link.resume(true, 0),
            Way::Again(_) | Way::Resume(_) => tenant.link.resume(admission.fresh, admission.last_out_seq),
        };
        let resumed = resumed.ok()?;
        match way {
            Way::Claim(used) | Way::Again(used) => tenant.joins.remember(used),
            Way::Resume(hash) => tenant.resumes.used(&hash),
        }
        let code = tenant.speakers.take(admission.speaker);
        let old = tenant.conn().filter(|old| *old != conn).map(|old| (old, code));
        tenant.whereabouts = Whereabouts::Here(conn);
        Some((resumed, old))
    }

    /// The welcome and what the client has missed.
    fn welcome(&mut self, conn: ConnId, seat: Seat, resumed: Resumed) {
        let Some(tenant) = self.seats.tenant(seat) else { return };
        self.effects.push_back(Effect::Post(
            conn,
            ToPlayer::Welcome {
                seat,
                incarnation: self.known_as,
                tick: Tick(self.tick),
                in_seq: resumed.in_seq,
                next_out_seq: resumed.next_out_seq,
                fresh: resumed.fresh,
                rate: self.spec.setup.rate,
            },
        ));
        self.effects.extend(tenant.link.unacknowledged().map(|missed| {
            let word = ToPlayer::Reliable { out_seq: missed.out_seq, tick: missed.tick, data: missed.data.clone() };
            Effect::Post(conn, word)
        }));
    }

    /// The events that tell the game, and the token that follows once their tick is durable.
    fn introduce(
        &mut self,
        (conn, seat): (ConnId, Seat),
        (way, resumed): (Way, Resumed),
        admission: &Admission,
        secret: [u8; 16],
    ) {
        let Some(tenant) = self.seats.tenant_mut(seat) else { return };
        let token = ResumeToken { match_id: self.spec.id, seat, secret };
        let offered = token.hash();
        tenant.resumes.offer(offered);
        let tenancy = tenant.tenancy;
        if let Way::Claim(used) = way {
            let event = Event::Joined { seat, player: tenant.player.clone(), options: admission.options.to_vec() };
            let fact = Fact::Joined { token: used.token, nonce: used.nonce };
            self.inbound.push(Waiting::new(event, Some(fact), tenancy));
        }
        let used = match way {
            Way::Resume(hash) => Some(hash),
            Way::Claim(_) | Way::Again(_) => None,
        };
        let connected = Event::Connected { seat, fresh: resumed.fresh || self.inbound.is_misled(seat) };
        let waiting = Waiting::new(
            connected,
            Some(Fact::ConnectedAs { offered, used, client: admission.speaker.client.0 }),
            tenancy,
        );
        self.inbound.push(Waiting { offer: Some((conn, token)), ..waiting });
    }

    fn input(&mut self, now: Moment, (conn, seat): (ConnId, Seat), in_seq: u64, data: &Bytes) {
        if !self.is_running() {
            return;
        }
        let Some(tenant) = self.seats.tenant_mut(seat) else { return };
        match tenant.link.accept(in_seq) {
            Accepted::Next => self.message(seat, Delivery::Reliable, data, Some(Fact::InSeq(in_seq))),
            Accepted::Duplicate => {}
            Accepted::Gap => self.violated(now, conn, "an input is missing"),
        }
    }

    fn message(&mut self, seat: Seat, via: Delivery, data: &Bytes, fact: Option<Fact>) {
        let Some(tenant) = self.seats.tenant(seat).filter(|_| self.is_running()) else { return };
        let event = Event::Message { seat, via, data: data.to_vec() };
        self.inbound.push(Waiting::new(event, fact, tenant.tenancy));
    }

    fn acknowledged(&mut self, now: Moment, conn: ConnId, seat: Seat, out_seq: u64) {
        let known = self.seats.tenant_mut(seat).is_some_and(|tenant| tenant.link.ack(out_seq).is_ok());
        if !known {
            self.violated(now, conn, "it acknowledges what was never sent");
        }
    }

    /// A connection broke the protocol: it is closed, its seat is kept.
    fn violated(&mut self, now: Moment, conn: ConnId, what: &'static str) {
        self.post_close(conn, CloseCode::ProtocolError, what);
        if let Some(seat) = self.conns.get(&conn).copied() {
            self.lost(now, conn, seat);
        }
    }

    /// A connection is gone; the seat is kept for a while.
    pub(super) fn lost(&mut self, now: Moment, conn: ConnId, seat: Seat) {
        self.conns.remove(&conn);
        let Some(tenant) = self.seats.tenant_mut(seat) else { return };
        tenant.whereabouts = Whereabouts::Away(now + self.spec.settings.lifetimes.reconnect);
        let tenancy = tenant.tenancy;
        if self.is_running() {
            self.inbound.push(Waiting::new(Event::Disconnected(seat), None, tenancy));
        }
        self.somebody_went(now);
    }

    /// A seat is given up. The connection, if any, is closed at once, whatever the game is doing.
    pub(super) fn vacate(&mut self, now: Moment, seat: Seat, departure: Departure, close: (CloseCode, &str)) {
        let Some(tenant) = self.seats.vacate(seat) else { return };
        if let Some(conn) = tenant.conn() {
            self.conns.remove(&conn);
            self.post_close(conn, close.0, close.1);
        }
        if self.is_running() {
            self.inbound.push(Waiting::new(Event::Left { seat, departure }, None, tenant.tenancy));
        }
        self.somebody_went(now);
    }

    fn somebody_went(&mut self, now: Moment) {
        if self.empty_since.is_none() && !self.seats.anybody_here() {
            self.empty_since = Some(now);
        }
        self.changed();
        self.publish_if_due(now);
    }

    /// Seats whose time is over.
    pub(super) fn expire_seats(&mut self, now: Moment) {
        if self.seats.next_expiry().is_none_or(|at| at > now) {
            return;
        }
        if self.seats.expire_reservations(now) > 0 {
            self.changed();
        }
        for seat in self.seats.timed_out(now) {
            self.vacate(now, seat, Departure::TimedOut, (CloseCode::Expired, ""));
        }
    }

    pub(super) fn post_close(&mut self, conn: ConnId, code: CloseCode, reason: &str) {
        let end = reason.floor_char_boundary(MAX_REASON);
        let word = ToPlayer::Close { code, reason: reason[..end].to_owned() };
        self.effects.push_back(Effect::Post(conn, word));
    }
}
