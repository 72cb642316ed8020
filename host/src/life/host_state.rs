//! What a match stands on after a tick: everything that its records say and its guest does not hold. A session that takes
//! a match over (recovery, wake-up, move) begins with it.
//!
//! There are two ways to it, and they lead to the same: a replay folds records and outputs into it
//! ([`HostState::begun`], [`HostState::ticked`], ...), and a life that runs tells it for a checkpoint
//! ([`super::Life::host_state`]). It is in the journal's units: what is not in a record (acknowledgements, reservations, words that
//! wait) is not in here, except that a checkpoint spares messages that were acknowledged before it.
//!
//! As bytes it is frozen: a version number (1 byte), postcard 1 in field order, the requests without an answer, the clients
//! of each seat that is taken, in their order, and how many watch. Version 4 ends before that, version 3 before the clients.

use serde::{Deserialize, Serialize};
use stadion_protocol::contract::{Placing, PlayerInfo, Presence, SeatStatus};
use stadion_protocol::server::{SeatLink, Speakers};
use stadion_protocol::wire::{ClientId, Speaker};
use stadion_protocol::{Incarnation, Seat, Tick, VersionId};

use super::admission::{JoinUse, JoinUses, ResumeHashes};
use super::requests::OpenRequest;
use super::schedule::exact_time;
use crate::journal::{Fact, IdleRun, Link, SetupRecord, SkippedRecord, Swap, SwappedRecord, TickRecord};
use crate::model::{Delivery, Event, MatchTime, Output, Setup, Target, Wake};

/// The version of the bytes.
const FORMAT: u8 = 5;

/// Before spectators were counted.
const FORMAT_UNWATCHED: u8 = 4;

/// Before it was noted which clients had a seat.
const FORMAT_WITHOUT_CLIENTS: u8 = 3;

/// Before requests were carried out: it has their numbers alone.
const FORMAT_NUMBERS: u8 = 2;

/// Clients of one seat: [`Speakers`] remembers fewer.
const MAX_CLIENTS: usize = 64;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostState {
    /// The newest session.
    pub incarnation: u32,
    /// The code that runs.
    pub version: VersionId,
    /// The newest tick.
    pub tick: u64,
    /// The tick before match time 0: a restart begins time anew, and numbers ticks on.
    pub origin: u64,
    /// What the guest was restarted with, if it was.
    pub restarted: Option<Box<Setup>>,
    /// The guest was restarted, and no tick has told it who its players are.
    pub(super) unintroduced: bool,
    /// Match time of that tick.
    pub time: MatchTime,
    /// Periods skipped since match time 0.
    pub skipped: u64,
    /// What the newest step answered.
    pub wake: Wake,
    /// The chain after that tick.
    pub chain: Link,
    pub(super) seats: Vec<SeatRecord>,
    /// Kicks that were asked for and are not carried out as far as the journal knows.
    pub(super) kicks: Vec<(Seat, String)>,
    /// Requests without an answer. In these bytes their numbers alone; what they want follows.
    #[serde(with = "super::requests::numbers")]
    pub(super) requests: Vec<OpenRequest>,
    pub(super) open: bool,
    pub(super) label: String,
    /// The game has finished in that tick and the end was not written any more.
    pub(super) finished: Option<(Vec<Placing>, Vec<u8>)>,
    /// How many watch as far as the game knows. It follows the clients.
    #[serde(skip)]
    pub(super) spectators: u32,
}

/// One seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SeatRecord {
    /// Nobody's, as far as the journal knows.
    Free,
    /// A player's who joined.
    Taken(Box<TenantRecord>),
    /// Given up.
    Left(PlayerInfo),
}

impl SeatRecord {
    fn taken(&self) -> Option<&TenantRecord> {
        if let SeatRecord::Taken(tenant) = self { Some(tenant) } else { None }
    }

    fn taken_mut(&mut self) -> Option<&mut TenantRecord> {
        if let SeatRecord::Taken(tenant) = self { Some(tenant) } else { None }
    }
}

/// A player who joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TenantRecord {
    pub(super) player: PlayerInfo,
    /// As the game knows it.
    pub(super) connected: bool,
    /// The guest became another instance that believes to have shown this player what it never saw: until it is told that
    /// the player knows nothing.
    pub(super) misled: bool,
    pub(super) joins: JoinUses,
    pub(super) resumes: ResumeHashes,
    #[serde(with = "super::link_bytes")]
    pub(super) link: SeatLink,
    /// Those who had the seat; at most what is remembered of them.
    #[serde(skip)]
    pub(super) speakers: Speakers,
}

/// Bytes that are no state, or one of a version that this host does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host's part of a checkpoint does not decode")]
pub struct BadHostState;

impl HostState {
    /// After `start`.
    pub fn begun(setup: &SetupRecord, outputs: &[Output]) -> HostState {
        let mut state = HostState {
            incarnation: setup.incarnation,
            version: setup.version,
            tick: 0,
            origin: 0,
            restarted: None,
            unintroduced: false,
            time: 0,
            skipped: 0,
            wake: setup.wake,
            chain: setup.link(),
            seats: (0..setup.setup.seats).map(|_| SeatRecord::Free).collect(),
            kicks: Vec::new(),
            requests: Vec::new(),
            open: true,
            label: String::new(),
            finished: None,
            spectators: 0,
        };
        state.asked(setup.incarnation, outputs);
        state
    }

    /// After a tick, which asked for this.
    pub fn ticked(&mut self, record: &TickRecord, outputs: &[Output]) {
        self.incarnation = self.incarnation.max(record.incarnation);
        self.tick = record.input.number;
        self.time = record.input.time;
        self.skipped = self.skipped.saturating_add(record.input.skipped);
        self.wake = record.wake;
        self.chain = record.link();
        self.unintroduced = false;
        for (event, fact) in record.events() {
            self.happened(event, fact);
        }
        self.asked(record.incarnation, outputs);
    }

    /// The match time that a tick shows, in a match that began with this rate and has skipped this much.
    pub fn time_of(&self, rate: u16, number: u64, skipped: u64) -> MatchTime {
        exact_time(self.rate(rate), number.saturating_sub(self.origin), skipped)
    }

    /// The rate of a match that began with this one.
    pub fn rate(&self, first: u16) -> u16 {
        self.restarted.as_ref().map_or(first, |setup| setup.rate)
    }

    /// After a run of ticks in which nothing happened, in a match that began with this rate.
    pub fn idled(&mut self, run: &IdleRun, rate: u16) {
        self.incarnation = self.incarnation.max(run.incarnation);
        self.tick = run.last_tick();
        self.time = self.time_of(rate, self.tick, self.skipped);
        self.wake = Wake::Next;
        self.chain = run.last;
    }

    /// Another session took over.
    pub fn taken_over(&mut self, incarnation: u32) {
        self.incarnation = self.incarnation.max(incarnation);
    }

    /// The guest became another instance, which asked for this when it was loaded or started.
    pub fn swapped(&mut self, record: &SwappedRecord, outputs: &[Output]) {
        self.taken_over(record.incarnation);
        self.version = record.version;
        self.wake = record.wake;
        self.chain = record.link();
        if matches!(record.by, Swap::Saved(_) | Swap::Replayed { differs_from: Some(_) }) {
            for seat in &mut self.seats {
                if let SeatRecord::Taken(tenant) = seat {
                    tenant.misled = true;
                }
            }
        }
        if let Some(setup) = record.by.begun() {
            self.restarted = Some(Box::new(setup.clone()));
            (self.origin, self.skipped, self.time) = (record.tick, 0, 0);
            (self.open, self.label) = (true, String::new());
            self.unintroduced = true;
            self.spectators = 0;
        }
        if matches!(record.by, Swap::Restarted(_)) {
            self.requests.clear();
        }
        self.asked(record.incarnation, outputs);
    }

    /// A tick trapped, and is run again without an event. The event counts as heard: it does not come again.
    pub fn skipped_event(&mut self, record: &SkippedRecord) {
        self.taken_over(record.incarnation);
        let dropped = record.cut.events().nth(usize::from(record.event));
        if let Some((Event::Message { seat, .. }, Some(Fact::InSeq(in_seq)))) = dropped
            && let Some(tenant) = self.tenant(*seat)
        {
            tenant.link.make_durable(*in_seq);
        }
    }

    /// Players who are connected as far as the game knows.
    pub fn connected(&self) -> usize {
        let connected = |seat: &&SeatRecord| matches!(seat, SeatRecord::Taken(tenant) if tenant.connected);
        self.seats.iter().filter(connected).count()
    }

    /// Whether nothing is to be done about it but to wait: nobody is there, nothing was asked for that has no answer.
    pub(super) fn is_quiet(&self) -> bool {
        self.connected() == 0
            && self.kicks.is_empty()
            && self.requests.is_empty()
            && self.finished.is_none()
            && !self.unintroduced
            && self.spectators == 0
    }

    /// Hashes of all resume tokens that are valid.
    pub(super) fn resume_hashes(&self) -> impl Iterator<Item = [u8; 32]> {
        let taken = self.seats.iter().filter_map(|seat| match seat {
            SeatRecord::Taken(tenant) => Some(tenant.resumes.iter()),
            SeatRecord::Free | SeatRecord::Left(_) => None,
        });
        taken.flatten()
    }

    /// Who sits where, as the game knows it.
    pub fn seat_statuses(&self) -> Vec<SeatStatus> {
        let status = |(seat, record): (u16, &SeatRecord)| {
            let (player, presence) = match record {
                SeatRecord::Free => return None,
                SeatRecord::Taken(tenant) if tenant.connected => (&tenant.player, Presence::Connected),
                SeatRecord::Taken(tenant) => (&tenant.player, Presence::Disconnected),
                SeatRecord::Left(player) => (player, Presence::Left),
            };
            Some(SeatStatus { seat: Seat(seat), player: player.clone(), presence })
        };
        (0..).zip(&self.seats).filter_map(status).collect()
    }

    /// As bytes, for a checkpoint.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = postcard::to_extend(self, vec![FORMAT]).expect("plain data encodes");
        let bytes = postcard::to_extend(&self.requests, bytes).expect("plain data encodes");
        let taken = self.seats.iter().filter_map(SeatRecord::taken);
        let clients: Vec<Vec<[u8; 8]>> =
            taken.map(|tenant| tenant.speakers.clients().map(|one| one.0).collect()).collect();
        let bytes = postcard::to_extend(&clients, bytes).expect("plain data encodes");
        postcard::to_extend(&self.spectators, bytes).expect("plain data encodes")
    }

    /// From the bytes of a checkpoint.
    pub fn from_bytes(bytes: &[u8]) -> Result<HostState, BadHostState> {
        match bytes.split_first() {
            Some((&FORMAT, rest)) => {
                let (state, rest) = HostState::with_requests(rest).and_then(HostState::with_clients)?;
                let (spectators, rest) = postcard::take_from_bytes(rest).map_err(|_| BadHostState)?;
                if rest.is_empty() { Ok(HostState { spectators, ..state }) } else { Err(BadHostState) }
            }
            Some((&FORMAT_UNWATCHED, rest)) => {
                let (state, rest) = HostState::with_requests(rest).and_then(HostState::with_clients)?;
                if rest.is_empty() { Ok(state) } else { Err(BadHostState) }
            }
            Some((&FORMAT_WITHOUT_CLIENTS, rest)) => HostState::with_requests(rest).map(|(state, _)| state),
            Some((&FORMAT_NUMBERS, rest)) => postcard::from_bytes(rest).map_err(|_| BadHostState),
            _ => Err(BadHostState),
        }
    }

    fn with_requests(bytes: &[u8]) -> Result<(HostState, &[u8]), BadHostState> {
        let (state, rest) = postcard::take_from_bytes::<HostState>(bytes).map_err(|_| BadHostState)?;
        let (requests, rest) = postcard::take_from_bytes(rest).map_err(|_| BadHostState)?;
        Ok((HostState { requests, ..state }, rest))
    }

    fn with_clients((mut state, bytes): (HostState, &[u8])) -> Result<(HostState, &[u8]), BadHostState> {
        let (clients, rest) = postcard::take_from_bytes::<Vec<Vec<[u8; 8]>>>(bytes).map_err(|_| BadHostState)?;
        let taken: Vec<_> = state.seats.iter_mut().filter_map(SeatRecord::taken_mut).collect();
        if taken.len() != clients.len() || clients.iter().any(|of| of.len() > MAX_CLIENTS) {
            return Err(BadHostState);
        }
        for (tenant, clients) in taken.into_iter().zip(clients) {
            tenant.speakers = Speakers::after(clients.into_iter().map(ClientId));
        }
        Ok((state, rest))
    }

    fn happened(&mut self, event: &Event, fact: Option<&Fact>) {
        match event {
            Event::Joined { seat, player, .. } => self.joined(*seat, player, fact),
            Event::Connected { seat, fresh } => {
                let Some(tenant) = self.tenant(*seat) else { return };
                tenant.connected = true;
                tenant.misled &= !fresh;
                if let Some(Fact::Connected { offered, used } | Fact::ConnectedAs { offered, used, .. }) = fact {
                    used.iter().for_each(|hash| tenant.resumes.used(hash));
                    tenant.resumes.offer(*offered);
                }
                if let Some(Fact::ConnectedAs { client, .. }) = fact {
                    tenant.speakers.take(Speaker { client: ClientId(*client), connection: 0 });
                }
            }
            Event::Disconnected(seat) => {
                if let Some(tenant) = self.tenant(*seat) {
                    tenant.connected = false;
                }
            }
            Event::Left { seat, .. } => {
                self.kicks.retain(|(kicked, _)| kicked != seat);
                if let Some(state) = self.seats.get_mut(usize::from(seat.0))
                    && let SeatRecord::Taken(tenant) = state
                {
                    *state = SeatRecord::Left(tenant.player.clone());
                }
            }
            Event::Message { seat, .. } => {
                if let (Some(Fact::InSeq(in_seq)), Some(tenant)) = (fact, self.tenant(*seat)) {
                    tenant.link.make_durable(*in_seq);
                }
            }
            Event::Answer { request, .. } => self.requests.retain(|open| open.key.number != *request),
            Event::Spectators(count) => self.spectators = *count,
            Event::Quality { .. } | Event::Notice { .. } => {}
        }
    }

    fn joined(&mut self, seat: Seat, player: &PlayerInfo, fact: Option<&Fact>) {
        let Some(state) = self.seats.get_mut(usize::from(seat.0)) else { return };
        if let (SeatRecord::Taken(tenant), None) = (&mut *state, fact) {
            // A game that was restarted is told of a player who has long been there.
            (tenant.connected, tenant.misled) = (false, false);
            return;
        }
        let mut joins = JoinUses::default();
        if let Some(Fact::Joined { token, nonce }) = fact {
            joins.remember(JoinUse { token: *token, nonce: *nonce });
        }
        let mut link = SeatLink::new();
        link.forget_acknowledgements();
        let tenant = TenantRecord {
            player: player.clone(),
            connected: false,
            misled: false,
            joins,
            resumes: ResumeHashes::default(),
            link,
            speakers: Speakers::default(),
        };
        *state = SeatRecord::Taken(Box::new(tenant));
    }

    /// What a step asked for, as `life` sorts it: the same messages get the same numbers.
    fn asked(&mut self, incarnation: u32, outputs: &[Output]) {
        for output in outputs {
            self.requests.extend(OpenRequest::of(Incarnation(incarnation), output));
            match output {
                Output::Send { to, via: Delivery::Reliable, data } => self.told(*to, data),
                Output::Kick { seat, reason } => {
                    if self.tenant(*seat).is_some() {
                        self.kicks.push((*seat, reason.clone()));
                    }
                }
                Output::Label(label) => self.label.clone_from(label),
                Output::Open(open) => self.open = *open,
                Output::Finish { placings, data } => self.finished = Some((placings.clone(), data.clone())),
                Output::Send { via: Delivery::Unreliable, .. }
                | Output::Log { .. }
                | Output::Report { .. }
                | Output::Storage { .. }
                | Output::Call { .. } => {}
            }
        }
    }

    fn told(&mut self, to: Target, data: &[u8]) {
        let tick = Tick(self.tick);
        let data = bytes::Bytes::copy_from_slice(data);
        match to {
            Target::Seat(seat) => {
                if let Some(tenant) = self.tenant(seat) {
                    tenant.link.push(tick, data);
                }
            }
            Target::Everyone => {
                for state in &mut self.seats {
                    if let SeatRecord::Taken(tenant) = state
                        && tenant.connected
                    {
                        tenant.link.push(tick, data.clone());
                    }
                }
            }
            // Whoever watches comes anew, and is shown everything.
            Target::Spectators => {}
        }
    }

    pub(super) fn tenant(&mut self, seat: Seat) -> Option<&mut TenantRecord> {
        match self.seats.get_mut(usize::from(seat.0)) {
            Some(SeatRecord::Taken(tenant)) => Some(tenant),
            _ => None,
        }
    }
}
