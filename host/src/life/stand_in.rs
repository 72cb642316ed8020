//! A copy of a match: its players are not there, and whoever is given one of their seats plays on for them. The game is
//! not told: to it they are who they were.

use stadion_protocol::contract::Reservation;
use stadion_protocol::{Moment, Seat};

use super::Life;
use super::admission::{JoinUses, ResumeHashes};
use super::seats::Whereabouts;

/// Who may have the seats of players who are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// They alone.
    Return,
    /// Whoever is given one: it is a copy.
    StandIns,
}

impl Life {
    /// From now on seats whose players are not there go to whoever wants one.
    pub fn take_stand_ins(&mut self) {
        self.stand_ins = Some(Vec::new());
    }

    /// A seat of somebody who is not there, for somebody else. What was said in it is not theirs to hear.
    pub(super) fn stand_in(&mut self, now: Moment, wanted: &Reservation) -> Option<Seat> {
        let taken = self.stand_ins.as_ref()?;
        let away = self.seats.tenants().filter(|(_, tenant)| tenant.conn().is_none());
        let seat = away.map(|(seat, _)| seat).find(|seat| !taken.contains(seat))?;
        let tenant = self.seats.tenant_mut(seat)?;
        tenant.link.resume(true, 0).ok()?;
        tenant.player = wanted.player.clone();
        (tenant.joins, tenant.resumes) = (JoinUses::default(), ResumeHashes::default());
        tenant.whereabouts = Whereabouts::Away(now + self.spec.settings.lifetimes.reconnect);
        self.stand_ins.as_mut()?.push(seat);
        Some(seat)
    }
}
