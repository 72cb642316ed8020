//! The seats of a match: who has which, and since when it is kept.

use stadion_protocol::contract::{PlayerInfo, Presence, SeatStatus};
use stadion_protocol::server::{SeatLink, Speakers};
use stadion_protocol::{Moment, PlayerId, Seat};

use crate::link::ConnId;

use super::admission::{JoinUses, ResumeHashes};

/// Names one occupation of a seat: outputs meant for one player never reach the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tenancy(u32);

/// Every seat of a match.
#[derive(Debug)]
pub(super) struct Seats {
    seats: Vec<SeatState>,
    tenancies: u32,
}

/// One seat.
#[derive(Debug)]
pub(super) enum SeatState {
    /// Nobody's.
    Free,
    /// Kept for a player who has not connected yet.
    Reserved {
        /// Whose.
        player: PlayerInfo,
        /// Until when.
        until: Moment,
    },
    /// A player's who joined.
    Taken(Box<Tenant>),
    /// Given up; free for another player.
    Left(PlayerInfo),
}

/// A player who joined.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) player: PlayerInfo,
    pub(super) tenancy: Tenancy,
    pub(super) joins: JoinUses,
    pub(super) resumes: ResumeHashes,
    pub(super) link: SeatLink,
    /// Whose the seat was, over all sessions: records say which clients were let in.
    pub(super) speakers: Speakers,
    pub(super) whereabouts: Whereabouts,
}

/// Where a player is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// On this connection.
    Here(ConnId),
    /// Gone; the seat is kept until then.
    Away(Moment),
}

impl Tenant {
    /// The connection that speaks for the seat.
    pub(super) fn conn(&self) -> Option<ConnId> {
        match self.whereabouts {
            Whereabouts::Here(conn) => Some(conn),
            Whereabouts::Away(_) => None,
        }
    }
}

impl Seats {
    pub(super) fn new(count: u16) -> Seats {
        Seats { seats: (0..count).map(|_| SeatState::Free).collect(), tenancies: 0 }
    }

    pub(super) fn count(&self) -> u16 {
        u16::try_from(self.seats.len()).expect("made from a u16")
    }

    pub(super) fn get(&self, seat: Seat) -> Option<&SeatState> {
        self.seats.get(usize::from(seat.0))
    }

    pub(super) fn tenant(&self, seat: Seat) -> Option<&Tenant> {
        match self.get(seat) {
            Some(SeatState::Taken(tenant)) => Some(tenant),
            _ => None,
        }
    }

    pub(super) fn tenant_mut(&mut self, seat: Seat) -> Option<&mut Tenant> {
        match self.seats.get_mut(usize::from(seat.0)) {
            Some(SeatState::Taken(tenant)) => Some(tenant),
            _ => None,
        }
    }

    /// The seat's player, if it is still the one of that tenancy.
    pub(super) fn tenant_of(&mut self, seat: Seat, tenancy: Tenancy) -> Option<&mut Tenant> {
        self.tenant_mut(seat).filter(|tenant| tenant.tenancy == tenancy)
    }

    pub(super) fn tenants(&self) -> impl Iterator<Item = (Seat, &Tenant)> {
        self.seats.iter().enumerate().filter_map(|(i, state)| match state {
            SeatState::Taken(tenant) => Some((seat_at(i), &**tenant)),
            _ => None,
        })
    }

    /// The seat that a player holds or has reserved.
    pub(super) fn of_player(&self, id: &PlayerId) -> Option<Seat> {
        let held = |state: &SeatState| match state {
            SeatState::Reserved { player, .. } => player.id == *id,
            SeatState::Taken(tenant) => tenant.player.id == *id,
            SeatState::Free | SeatState::Left(_) => false,
        };
        self.seats.iter().position(held).map(seat_at)
    }

    /// Keeps a seat: one that nobody had, or else one that was given up.
    pub(super) fn reserve(&mut self, player: &PlayerInfo, until: Moment) -> Option<Seat> {
        let free = |state: &SeatState| matches!(state, SeatState::Free);
        let left = |state: &SeatState| matches!(state, SeatState::Left(_));
        let at = self.seats.iter().position(free).or_else(|| self.seats.iter().position(left))?;
        self.seats[at] = SeatState::Reserved { player: player.clone(), until };
        Some(seat_at(at))
    }

    /// Prolongs a reservation; seats that are taken are kept by other rules.
    pub(super) fn keep_until(&mut self, seat: Seat, later: Moment) {
        if let Some(SeatState::Reserved { until, .. }) = self.seats.get_mut(usize::from(seat.0)) {
            *until = later.max(*until);
        }
    }

    /// A reserved seat's player joins.
    pub(super) fn claim(&mut self, seat: Seat, conn: ConnId, joins: JoinUses) -> Option<&mut Tenant> {
        let state = self.seats.get_mut(usize::from(seat.0))?;
        let SeatState::Reserved { player, .. } = state else { return None };
        self.tenancies += 1;
        *state = SeatState::Taken(Box::new(Tenant {
            player: player.clone(),
            tenancy: Tenancy(self.tenancies),
            joins,
            resumes: ResumeHashes::default(),
            link: SeatLink::new(),
            speakers: Speakers::default(),
            whereabouts: Whereabouts::Here(conn),
        }));
        self.tenant_mut(seat)
    }

    /// A name for another occupation.
    pub(super) fn next_tenancy(&mut self) -> Tenancy {
        self.tenancies += 1;
        Tenancy(self.tenancies)
    }

    /// Makes a seat what it was before this session. Seats past the end are nobody's.
    pub(super) fn put(&mut self, seat: Seat, state: SeatState) {
        if let Some(place) = self.seats.get_mut(usize::from(seat.0)) {
            *place = state;
        }
    }

    /// A taken seat is given up; its player as it was.
    pub(super) fn vacate(&mut self, seat: Seat) -> Option<Box<Tenant>> {
        let player = self.tenant(seat)?.player.clone();
        match std::mem::replace(&mut self.seats[usize::from(seat.0)], SeatState::Left(player)) {
            SeatState::Taken(tenant) => Some(tenant),
            _ => None,
        }
    }

    /// Reservations whose time is over become free; answers how many.
    pub(super) fn expire_reservations(&mut self, now: Moment) -> usize {
        let over = self.seats.iter_mut().filter(|s| matches!(s, SeatState::Reserved { until, .. } if *until <= now));
        over.map(|state| *state = SeatState::Free).count()
    }

    /// Players who did not come back in time.
    pub(super) fn timed_out(&self, now: Moment) -> Vec<Seat> {
        let away = |tenant: &Tenant| matches!(tenant.whereabouts, Whereabouts::Away(until) if until <= now);
        self.tenants().filter(|(_, tenant)| away(tenant)).map(|(seat, _)| seat).collect()
    }

    /// The next moment at which a seat is not kept any longer.
    pub(super) fn next_expiry(&self) -> Option<Moment> {
        let expiry = |state: &SeatState| match state {
            SeatState::Reserved { until, .. } => Some(*until),
            SeatState::Taken(tenant) => match tenant.whereabouts {
                Whereabouts::Away(until) => Some(until),
                Whereabouts::Here(_) => None,
            },
            SeatState::Free | SeatState::Left(_) => None,
        };
        self.seats.iter().filter_map(expiry).min()
    }

    /// Whether any player is there.
    pub(super) fn anybody_here(&self) -> bool {
        self.tenants().any(|(_, tenant)| tenant.conn().is_some())
    }

    /// For the status.
    pub(super) fn statuses(&self) -> Vec<SeatStatus> {
        let status = |(i, state): (usize, &SeatState)| {
            let (player, presence) = match state {
                SeatState::Free => return None,
                SeatState::Reserved { player, .. } => (player, Presence::Reserved),
                SeatState::Taken(tenant) if tenant.conn().is_some() => (&tenant.player, Presence::Connected),
                SeatState::Taken(tenant) => (&tenant.player, Presence::Disconnected),
                SeatState::Left(player) => (player, Presence::Left),
            };
            Some(SeatStatus { seat: seat_at(i), player: player.clone(), presence })
        };
        self.seats.iter().enumerate().filter_map(status).collect()
    }
}

fn seat_at(index: usize) -> Seat {
    Seat(u16::try_from(index).expect("there are at most 65,535 seats"))
}
