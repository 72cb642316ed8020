//! A host that seats players and runs nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use stadion_protocol::contract::{
    CreateError, CreateMatch, Description, EndReason, EndedMatch, Endpoints, ForkError, ForkMatch, Forked, Host,
    HostEvent, HostEvents, HostLoad, LogLevel, LogLine, LogPage, MatchCreated, MatchEnded, MatchSettings, MatchState,
    MatchStatus, MatchUsage, Moved, OnDifference, Pace, Pending, Placing, PlayerInfo, Presence, Reservation,
    ReserveError, SeatStatus, ShownOutput, TickRange, TicksError, ToldTicks, UnknownMatch, UpgradeError, UpgradeWay,
    Upgraded, VersionDifference, WebAddress,
};
use stadion_protocol::{Incarnation, MatchId, Seat, Tick, VersionId};

use super::FakeCompiler;

pub(crate) struct FakeHost {
    events: Arc<dyn HostEvents>,
    matches: Mutex<HashMap<MatchId, MatchStatus>>,
    refusal: Mutex<Option<CreateError>>,
    draining: AtomicBool,
    settings: Mutex<Vec<MatchSettings>>,
    parameters: Mutex<Vec<Vec<u8>>>,
    /// Versions ask for different things.
    differs: AtomicBool,
    paces: Mutex<Vec<Pace>>,
    created: Mutex<HashMap<MatchId, (u16, Vec<u8>)>>,
}

impl FakeHost {
    pub(crate) fn new(events: Arc<dyn HostEvents>) -> FakeHost {
        FakeHost {
            events,
            matches: Mutex::default(),
            refusal: Mutex::default(),
            draining: AtomicBool::new(false),
            settings: Mutex::default(),
            parameters: Mutex::default(),
            differs: AtomicBool::new(false),
            paces: Mutex::default(),
            created: Mutex::default(),
        }
    }

    /// What was asked for, in its order.
    pub(crate) fn paces(&self) -> Vec<Pace> {
        self.paces.lock().unwrap().clone()
    }

    /// Of the matches that were created, in their order.
    pub(crate) fn settings(&self) -> Vec<MatchSettings> {
        self.settings.lock().unwrap().clone()
    }

    /// Of the matches that were created, in their order.
    pub(crate) fn all_parameters(&self) -> Vec<Vec<u8>> {
        self.parameters.lock().unwrap().clone()
    }

    pub(crate) fn refuse_with(&self, error: Option<CreateError>) {
        *self.refusal.lock().unwrap() = error;
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// From now on a replay on another version differs.
    pub(crate) fn differ(&self) {
        self.differs.store(true, Ordering::Relaxed);
    }

    pub(crate) fn matches(&self) -> usize {
        self.matches.lock().unwrap().len()
    }

    pub(crate) fn ended(&self) -> Vec<MatchId> {
        let matches = self.matches.lock().unwrap();
        matches.values().filter(|status| status.state == MatchState::Ended).map(|status| status.id).collect()
    }

    /// A player leaves for good.
    pub(crate) fn leave(&self, id: &str, seat: u16) {
        let mut matches = self.matches.lock().unwrap();
        let status = matches.get_mut(&id.parse().unwrap()).unwrap();
        status.seats.retain(|taken| taken.seat != Seat(seat));
        self.events.publish(HostEvent::Changed(status.clone()));
    }

    /// Seats and parameters that a match was created with.
    pub(crate) fn parameters(&self, id: &str) -> (u16, Vec<u8>) {
        self.created.lock().unwrap()[&id.parse().unwrap()].clone()
    }

    /// What a game reports.
    pub(crate) fn report(&self, id: &str, kind: &str, json: &str) {
        let (id, kind, json) = (id.parse().unwrap(), kind.to_owned(), json.to_owned());
        self.events.publish(HostEvent::Report { id, kind, json });
    }

    /// A game says whether it takes players, and how it is labelled.
    pub(crate) fn say(&self, id: &str, open: bool, label: &str) {
        let mut matches = self.matches.lock().unwrap();
        let status = matches.get_mut(&id.parse().unwrap()).unwrap();
        (status.open, status.label) = (open, label.to_owned());
        self.events.publish(HostEvent::Changed(status.clone()));
    }

    /// Ends a match as its game would.
    pub(crate) fn finish(&self, id: &str) {
        self.end_as(id.parse().unwrap(), EndReason::Finished).unwrap();
    }

    fn upgrade_to(&self, id: MatchId, version: VersionId, way: UpgradeWay) -> Result<Upgraded, UpgradeError> {
        let mut matches = self.matches.lock().unwrap();
        let status = matches.get_mut(&id).ok_or(UnknownMatch)?;
        if status.state == MatchState::Ended {
            return Err(UpgradeError::Ended);
        }
        let difference = self.differs.load(Ordering::Relaxed).then(|| Box::new(difference()));
        match (way, difference) {
            (UpgradeWay::Replay(OnDifference::Keep), Some(difference)) => Ok(Upgraded::Kept(difference)),
            (_, difference) => {
                (status.version, status.incarnation.0) = (version, status.incarnation.0 + 1);
                let (tick, incarnation) = (status.tick, status.incarnation);
                Ok(Upgraded::Moved(Moved { tick, incarnation, replayed: tick.0, difference, outdated: 0 }))
            }
        }
    }

    /// Ends a match as a trap would.
    pub(crate) fn trap(&self, id: &str, what: &str) {
        self.end_as(id.parse().unwrap(), EndReason::Trapped(what.to_owned())).unwrap();
    }

    /// Ended matches are known for a while; this is after it.
    pub(crate) fn forget_all(&self) {
        self.matches.lock().unwrap().clear();
    }

    fn end_as(&self, id: MatchId, reason: EndReason) -> Result<(), UnknownMatch> {
        let mut matches = self.matches.lock().unwrap();
        let status = matches.get_mut(&id).ok_or(UnknownMatch)?;
        if status.state == MatchState::Ended {
            return Ok(());
        }
        status.state = MatchState::Ended;
        let placings = vec![Placing { seat: Seat(0), rank: 1, score: 3 }];
        let ended = MatchEnded { reason, tick: Tick(9), placings, data: b"wel".to_vec(), chain: [5; 16] };
        let journal = Bytes::from_static(b"whole journal");
        let (usage, last_log) = (Box::new(usage()), log());
        self.events.publish(HostEvent::Ended { status: status.clone(), ended, journal, usage, last_log });
        Ok(())
    }
}

fn take_seat(status: &mut MatchStatus, player: PlayerInfo) -> Result<Seat, ReserveError> {
    if let Some(taken) = status.seats.iter().find(|taken| taken.player.id == player.id) {
        return Ok(taken.seat);
    }
    if !status.open {
        return Err(ReserveError::Closed);
    }
    if status.free_seats() == 0 {
        return Err(ReserveError::Full);
    }
    let seat = Seat(u16::try_from(status.seats.len()).unwrap());
    status.seats.push(SeatStatus { seat, player, presence: Presence::Reserved });
    Ok(seat)
}

impl Host for FakeHost {
    fn create(&self, request: CreateMatch) -> Pending<'_, Result<MatchCreated, CreateError>> {
        Box::pin(async move {
            // Long enough for others to be led to the match before it is there.
            tokio::time::sleep(Duration::from_millis(2)).await;
            if let Some(error) = self.refusal.lock().unwrap().clone() {
                return Err(error);
            }
            self.settings.lock().unwrap().push(request.settings);
            self.created.lock().unwrap().insert(request.id, (request.seats, request.parameters.clone()));
            self.parameters.lock().unwrap().push(request.parameters.clone());
            let mut status = MatchStatus {
                id: request.id,
                game: request.game,
                version: request.version,
                state: MatchState::Running,
                incarnation: Incarnation(1),
                tick: Tick(0),
                seat_count: request.seats,
                seats: Vec::new(),
                open: true,
                label: String::new(),
            };
            let seats = request.reservations.into_iter().map(|wanted| take_seat(&mut status, wanted.player));
            let seats = seats.collect::<Result<_, _>>().map_err(|error| CreateError::Invalid(error.to_string()))?;
            self.events.publish(HostEvent::Changed(status.clone()));
            self.matches.lock().unwrap().insert(request.id, status);
            let description = Arc::new(description());
            Ok(MatchCreated { seats, started_in: Duration::from_micros(3), description })
        })
    }

    fn reserve(&self, id: MatchId, reservation: Reservation) -> Pending<'_, Result<Seat, ReserveError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut matches = self.matches.lock().unwrap();
            let status = matches.get_mut(&id).ok_or(UnknownMatch)?;
            if status.state == MatchState::Ended {
                return Err(ReserveError::Ended);
            }
            let seat = take_seat(status, reservation.player)?;
            self.events.publish(HostEvent::Changed(status.clone()));
            Ok(seat)
        })
    }

    fn upgrade(&self, id: MatchId, version: VersionId, way: UpgradeWay) -> Pending<'_, Result<Upgraded, UpgradeError>> {
        Box::pin(async move { self.upgrade_to(id, version, way) })
    }

    fn fork(&self, fork: ForkMatch) -> Pending<'_, Result<Forked, ForkError>> {
        Box::pin(async move {
            let mut matches = self.matches.lock().unwrap();
            let original = matches.get(&fork.of).ok_or(UnknownMatch)?;
            let copy = MatchStatus { id: fork.id, ..original.clone() };
            let forked = Forked { tick: copy.tick, version: copy.version, seat_count: copy.seat_count };
            matches.insert(fork.id, copy);
            Ok(forked)
        })
    }

    fn end(&self, id: MatchId, reason: EndReason) -> Pending<'_, Result<(), UnknownMatch>> {
        Box::pin(async move { self.end_as(id, reason) })
    }

    fn status(&self, id: MatchId) -> Pending<'_, Result<MatchStatus, UnknownMatch>> {
        Box::pin(async move { self.matches.lock().unwrap().get(&id).cloned().ok_or(UnknownMatch) })
    }

    fn journal(&self, id: MatchId) -> Pending<'_, Result<Bytes, UnknownMatch>> {
        Box::pin(async move {
            self.matches.lock().unwrap().get(&id).map(|_| Bytes::from_static(b"journal so far")).ok_or(UnknownMatch)
        })
    }

    fn matches(&self) -> Pending<'_, Vec<MatchStatus>> {
        Box::pin(async move { self.matches.lock().unwrap().values().cloned().collect() })
    }

    fn ended(&self, _: MatchId) -> Pending<'_, Option<EndedMatch>> {
        Box::pin(async { None })
    }

    fn pace(&self, id: MatchId, pace: Pace) -> Pending<'_, Result<(), UnknownMatch>> {
        Box::pin(async move {
            self.matches.lock().unwrap().get(&id).ok_or(UnknownMatch)?;
            self.paces.lock().unwrap().push(pace);
            Ok(())
        })
    }

    fn ticks(&self, id: MatchId, _range: TickRange) -> Pending<'_, Result<ToldTicks, TicksError>> {
        Box::pin(async move {
            self.matches.lock().unwrap().get(&id).ok_or(UnknownMatch)?;
            Ok(ToldTicks { ticks: vec![r#"{"tick":9}"#.to_owned()], last: 9, difference: None })
        })
    }

    fn usage(&self, id: MatchId) -> Pending<'_, Result<MatchUsage, UnknownMatch>> {
        Box::pin(async move { self.matches.lock().unwrap().get(&id).map(|_| usage()).ok_or(UnknownMatch) })
    }

    fn log(&self, id: MatchId, after: u64, wait: Duration) -> Pending<'_, Result<LogPage, UnknownMatch>> {
        Box::pin(async move {
            let state = self.matches.lock().unwrap().get(&id).map(|status| status.state).ok_or(UnknownMatch)?;
            let lines: Vec<_> = log().into_iter().filter(|line| line.number > after).collect();
            let over = state == MatchState::Ended;
            if lines.is_empty() && !over {
                tokio::time::sleep(wait).await;
            }
            Ok(LogPage { lines, over })
        })
    }

    fn endpoints(&self) -> Endpoints {
        Endpoints {
            quic: vec!["192.0.2.1:7879".parse().unwrap()],
            webtransport: Some(WebAddress { host: None, port: Some(7879) }),
            websocket: Some(WebAddress::default()),
            certificate_hashes: vec![[7; 32]],
        }
    }

    fn loaded(&self) -> Vec<VersionId> {
        let versions: BTreeSet<VersionId> =
            self.matches.lock().unwrap().values().map(|status| status.version).collect();
        versions.into_iter().collect()
    }

    fn load(&self) -> HostLoad {
        let running =
            self.matches.lock().unwrap().values().filter(|status| status.state == MatchState::Running).count();
        let matches = u32::try_from(running).unwrap();
        HostLoad {
            matches,
            capacity: 1_000,
            sessions: matches,
            draining: self.draining.load(Ordering::Relaxed),
            ..HostLoad::default()
        }
    }
}

fn difference() -> VersionDifference {
    let shown = |data: &[u8]| ShownOutput { kind: "send", about: "seat 0, reliable".to_owned(), data: data.to_vec() };
    VersionDifference {
        tick: Tick(3),
        what: "the versions ask for different things".to_owned(),
        before: vec![shown(b"old")],
        after: vec![shown(b"new")],
    }
}

fn usage() -> MatchUsage {
    let cpu = Duration::from_micros(1_500);
    let recovery_estimate = Duration::from_millis(12);
    let usage = MatchUsage { cpu, peak_memory_bytes: 65_536, recovery_estimate, ..MatchUsage::default() };
    MatchUsage { ticks: 9, messages_in: 4, bytes_in: 40, ..usage }
}

fn log() -> Vec<LogLine> {
    let line = |number, level, text: &str| LogLine { number, tick: Tick(9), unix_ms: 5, level, text: text.to_owned() };
    vec![line(1, LogLevel::Info, "it begins"), line(2, LogLevel::Error, "no such piece")]
}

fn description() -> Description {
    let mut described = None;
    FakeCompiler::of_engine([0; 32]).describe(|description| described = Some(description.clone()));
    described.unwrap()
}
