//! A host with everything around it that a test needs: artifacts in a map, events in a list, players as numbers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use stadion_host::engine::LoadedVersion;
use stadion_host::host::{HostConfig, LocalHost};
use stadion_host::journal::log::OpenError;
use stadion_host::journal::{DiskJournals, Journals, LogConfig, MemoryJournals, MemoryLimits};
use stadion_host::link::{Admission, ConnId, Credential, FromPlayer, Inbox, Outbox, ToPlayer};
use stadion_host::replay;
use stadion_protocol::contract::{
    Artifact, ArtifactUnavailable, Artifacts, CreateError, CreateMatch, Host, HostEvent, HostEvents, HostLoad,
    MatchCreated, MatchEnded, MatchSettings, MatchState, Pending, PlayerInfo, Reservation,
};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims, ResumeToken, SchemaHash};
use stadion_protocol::wire::{ClientId, Speaker};
use stadion_protocol::{CloseCode, MatchId, Seat, Tick, VersionId};

use tempfile::TempDir;

use crate::guests::{self, Bench};

/// Long past what anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Does what its players say: `F` finishes, `T` traps, `L` loops for ever, `B` makes it loop when a player leaves, `S`
/// makes it sleep until the next event; anything else goes to everyone.
pub const MOODY: &str = r#"
(global $bad_leaver (mut i32) (i32.const 0))
(func $on_step (param $events i32) (param $count i32) (local $word i32)
  (block $done
    (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (if (i32.and (i32.eq (i32.load8_u (local.get $events)) (i32.const 3)) (global.get $bad_leaver))
        (then (loop $for_ever (br $for_ever))))
      (if (i32.eq (i32.load8_u (local.get $events)) (i32.const 4)) (then
        (local.set $word (i32.load8_u (i32.load offset=12 (local.get $events))))
        (if (i32.eq (local.get $word) (i32.const 70)) (then
          (call $finish (i32.const 0) (i32.const 0)
            (i32.load offset=12 (local.get $events)) (i32.load offset=16 (local.get $events)))))
        (if (i32.eq (local.get $word) (i32.const 84)) (then unreachable))
        (if (i32.eq (local.get $word) (i32.const 76)) (then (loop $for_ever (br $for_ever))))
        (if (i32.eq (local.get $word) (i32.const 66)) (then (global.set $bad_leaver (i32.const 1))))
        (if (i32.eq (local.get $word) (i32.const 83)) (then (i32.store8 (i32.const 384) (i32.const 2))))
        (call $send (i32.const 1) (i32.const 0) (i32.const 0)
          (i32.load offset=12 (local.get $events)) (i32.load offset=16 (local.get $events)) (i32.const 512))))
      (local.set $events (i32.add (local.get $events) (i32.const 48)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next))))
"#;

#[derive(Default)]
struct Stock(Mutex<HashMap<VersionId, Artifact>>);

impl Artifacts for Stock {
    fn fetch(&self, version: VersionId) -> Pending<'_, Result<Artifact, ArtifactUnavailable>> {
        let found = self.0.lock().unwrap().get(&version).cloned();
        Box::pin(async move { found.ok_or(ArtifactUnavailable::Unknown(version)) })
    }
}

#[derive(Default)]
struct Events(Mutex<Vec<HostEvent>>);

impl HostEvents for Events {
    fn publish(&self, event: HostEvent) {
        self.0.lock().unwrap().push(event);
    }
}

#[derive(Default)]
struct Post(Mutex<Vec<(ConnId, ToPlayer)>>);

impl Outbox for Post {
    fn post(&self, conn: ConnId, word: ToPlayer) {
        self.0.lock().unwrap().push((conn, word));
    }
}

/// A host under test.
pub struct Rig {
    pub bench: Bench,
    pub host: Arc<LocalHost>,
    /// They outlive the host.
    pub journals: Arc<dyn Journals>,
    /// Where they are, if they are a log on disk.
    folder: Option<TempDir>,
    inbox: Arc<dyn Inbox>,
    stock: Arc<Stock>,
    events: Arc<Events>,
    post: Arc<Post>,
    matches: u8,
}

/// A client that only knows numbers.
pub struct Player {
    pub conn: ConnId,
    id: MatchId,
    in_seq: u64,
}

impl Rig {
    pub fn new() -> Rig {
        Rig::with_shards(1)
    }

    pub fn with_shards(shards: usize) -> Rig {
        Rig::over(Arc::new(MemoryJournals::new(MemoryLimits::default())), shards)
    }

    /// Its journals are a log on disk, which each host opens anew.
    pub fn on_disk() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        let journals = Arc::new(DiskJournals::open(folder.path(), LogConfig::default()).unwrap());
        Rig { folder: Some(folder), ..Rig::over(journals, 1) }
    }

    /// A host over these journals.
    pub fn over(journals: Arc<dyn Journals>, shards: usize) -> Rig {
        let bench = Bench::new();
        let (stock, events, post) = (Arc::<Stock>::default(), Arc::<Events>::default(), Arc::<Post>::default());
        let host = start(&bench, (&stock, &events, &post), (&journals, shards));
        Rig { inbox: host.inbox(), bench, host, journals, folder: None, stock, events, post, matches: 0 }
    }

    /// Another host, over these journals. Their matches are taken up, and not restored yet.
    pub fn over_again(&mut self, journals: Arc<dyn Journals>) {
        self.journals = journals;
        self.restart();
    }

    /// The host is gone, and nobody holds its journals any more when this returns.
    pub async fn goes_down(&mut self) {
        self.host.shutdown(PATIENCE).await;
        let before = Arc::downgrade(&self.host);
        self.over_again(Arc::new(MemoryJournals::new(MemoryLimits::default())));
        self.post.0.lock().unwrap().clear();
        until(|| before.upgrade().is_none().then_some(())).await;
    }

    /// The host is gone at once, and its players with it. Its journals are closed when this returns.
    pub async fn crash(&mut self) {
        let HostLoad { matches, hibernated, .. } = self.host.load();
        let config = HostConfig { shards: 1, ..HostConfig::new([9; 32]) };
        let (artifacts, events) = (Arc::<Stock>::default(), Arc::<Events>::default());
        let other = LocalHost::new(config, self.bench.engine.clone(), artifacts, events, self.bench.keys.clone());
        self.host = Arc::new(other.unwrap());
        self.inbox = self.host.inbox();
        until(|| (self.journals.unfinished().len() == (matches + hibernated) as usize).then_some(())).await;
        self.post.0.lock().unwrap().clear();
        self.events.0.lock().unwrap().clear();
    }

    /// Another host over the same journals. Its matches are taken up, and not restored yet.
    pub fn restart(&mut self) -> usize {
        self.open_again();
        self.host = start(&self.bench, (&self.stock, &self.events, &self.post), (&self.journals, 1));
        self.inbox = self.host.inbox();
        self.host.take_up()
    }

    /// A log on disk is another process's to open.
    fn open_again(&mut self) {
        let Some(folder) = &self.folder else { return };
        self.journals = Arc::new(MemoryJournals::new(MemoryLimits::default()));
        let before = Instant::now();
        self.journals = loop {
            match DiskJournals::open(folder.path(), LogConfig::default()) {
                Ok(journals) => break Arc::new(journals),
                // Threads of the host before still end.
                Err(OpenError::InUse) if before.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => panic!("{error}"),
            }
        };
    }

    /// Publishes a guest.
    pub fn publish(&self, wasm: &[u8]) -> VersionId {
        let compiled = self.bench.compile(wasm);
        let version = compiled.manifest.version;
        self.stock.0.lock().unwrap().insert(version, self.bench.sign(&compiled));
        version
    }

    pub fn publish_moody(&self) -> VersionId {
        self.publish(&guests::module(MOODY))
    }

    pub fn request(&mut self, version: VersionId, players: u16) -> CreateMatch {
        self.matches += 1;
        CreateMatch {
            id: MatchId([self.matches; 16]),
            game: "guest".parse().unwrap(),
            version,
            seats: players.max(1),
            parameters: Vec::new(),
            settings: MatchSettings::default(),
            reservations: (0..players).map(reservation).collect(),
        }
    }

    pub async fn try_create(&mut self, version: VersionId) -> Result<MatchCreated, CreateError> {
        let request = self.request(version, 1);
        self.host.create(request).await
    }

    /// A match whose players have joined.
    pub async fn play(&mut self, version: VersionId, players: u16) -> (MatchId, Vec<Player>) {
        let request = self.request(version, players);
        self.play_as(request).await
    }

    /// The same, as asked for.
    pub async fn play_as(&mut self, request: CreateMatch) -> (MatchId, Vec<Player>) {
        let (id, players) = (request.id, request.seats);
        let created = self.host.create(request).await.unwrap();
        assert_eq!(created.seats, (0..players).map(Seat).collect::<Vec<_>>());
        let joined = (0..players).map(|seat| self.join(id, seat)).collect();
        (id, joined)
    }

    fn join(&self, id: MatchId, seat: u16) -> Player {
        self.join_as(id, seat, &reservation(seat))
    }

    /// Somebody takes a seat that is reserved for them.
    pub fn join_as(&self, id: MatchId, seat: u16, reserved: &Reservation) -> Player {
        let claims = JoinClaims {
            aud: JOIN_AUDIENCE.to_owned(),
            exp: u64::MAX,
            jti: format!("{id}-{seat}"),
            match_id: id,
            seat: Seat(seat),
            sub: reserved.player.id.clone(),
            name: String::new(),
            bot: false,
            data: String::new(),
            schema: SchemaHash::default(),
        };
        let conn = ConnId(u64::from(id.0[0]) * 100 + u64::from(seat));
        self.hello(id, conn, Credential::Join { claims: Box::new(claims), nonce: [1; 16] }, 0);
        Player { conn, id, in_seq: 0 }
    }

    pub fn hello(&self, id: MatchId, conn: ConnId, credential: Credential, last_out_seq: u64) {
        let admission = Admission {
            // Each of a rig's connections is another client's.
            speaker: Speaker { client: ClientId(conn.0.to_le_bytes()), connection: 1 },
            fresh: matches!(credential, Credential::Join { .. }),
            credential,
            schema: SchemaHash::default(),
            last_out_seq,
            incarnation: 0,
            last_tick: Tick(0),
            options: Bytes::new(),
        };
        assert!(self.inbox.post(id, conn, FromPlayer::Hello(Box::new(admission))));
    }

    pub fn say(&self, player: &mut Player, text: &str) {
        player.in_seq += 1;
        let data = Bytes::copy_from_slice(text.as_bytes());
        self.tell(player, FromPlayer::Input { in_seq: player.in_seq, data });
    }

    pub fn tell(&self, player: &Player, word: FromPlayer) {
        assert!(self.inbox.post(player.id, player.conn, word));
    }

    /// The same, for whoever is only a number.
    pub fn tell_from(&self, id: MatchId, conn: ConnId, word: FromPlayer) {
        assert!(self.inbox.post(id, conn, word));
    }

    /// What a connection was told so far.
    pub fn told(&self, conn: ConnId) -> Vec<ToPlayer> {
        let post = self.post.0.lock().unwrap();
        post.iter().filter(|(to, _)| *to == conn).map(|(_, word)| word.clone()).collect()
    }

    /// Waits until a connection was told something.
    pub async fn until_told<T>(&self, conn: ConnId, wanted: impl Fn(&ToPlayer) -> Option<T>) -> T {
        until(|| self.told(conn).iter().find_map(&wanted)).await
    }

    /// Waits for the reliable message with this text; answers its number.
    pub async fn until_message(&self, conn: ConnId, text: &str) -> u64 {
        self.until_told(conn, |word| match word {
            ToPlayer::Reliable { out_seq, data, .. } if data == text.as_bytes() => Some(*out_seq),
            _ => None,
        })
        .await
    }

    pub async fn until_closed(&self, conn: ConnId) -> CloseCode {
        self.until_told(conn, |word| match word {
            ToPlayer::Close { code, .. } => Some(*code),
            _ => None,
        })
        .await
    }

    pub async fn until_token(&self, conn: ConnId) -> ResumeToken {
        self.until_told(conn, |word| match word {
            ToPlayer::ResumeToken(token) => Some(*token),
            _ => None,
        })
        .await
    }

    /// Waits for a match's end, as the control plane is told of it.
    pub async fn until_ended(&self, id: MatchId) -> (MatchEnded, Bytes) {
        let ended = |event: &HostEvent| match event {
            HostEvent::Ended { status, ended, journal, .. } if status.id == id => {
                Some((ended.clone(), journal.clone()))
            }
            _ => None,
        };
        until(|| self.events.0.lock().unwrap().iter().find_map(ended)).await
    }

    /// Whether the control plane was told something.
    pub fn heard(&self, wanted: impl Fn(&HostEvent) -> bool) -> bool {
        self.events.0.lock().unwrap().iter().any(wanted)
    }

    /// Waits until a match has recorded this tick.
    pub async fn until_tick(&self, id: MatchId, tick: u64) {
        let before = Instant::now();
        while self.host.status(id).await.unwrap().tick < Tick(tick) {
            assert!(before.elapsed() < PATIENCE, "tick {tick} never came");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until a match's log says something; answers the line.
    pub async fn until_logged(&self, id: MatchId, words: &str) -> String {
        let before = Instant::now();
        loop {
            let log = self.host.log(id, 0, Duration::ZERO).await.unwrap();
            if let Some(line) = log.lines.into_iter().find(|line| line.text.contains(words)) {
                return line.text;
            }
            assert!(before.elapsed() < PATIENCE, "it never says {words:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The version as the engine has it, for replays.
    pub fn loaded(&self, version: VersionId) -> Arc<LoadedVersion> {
        let artifact = self.stock.0.lock().unwrap()[&version].clone();
        self.bench.engine.load(&artifact, &self.bench.keys).unwrap()
    }

    /// Replays a journal, which must be exact and whole; answers its chain.
    pub fn replay(&self, version: VersionId, journal: &[u8]) -> replay::Report {
        let report = replay::verify(&self.loaded(version), journal).unwrap();
        assert_eq!(report.first_difference, None);
        report
    }

    /// Waits until a match stands like this.
    pub async fn until_state(&self, id: MatchId, state: MatchState) {
        let before = Instant::now();
        while self.host.status(id).await.map(|status| status.state) != Ok(state) {
            assert!(before.elapsed() < PATIENCE, "it is never {state:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The host counts this many matches: a place is given back a moment after its match is told to be over.
    pub async fn until_matches(&self, count: u32) {
        until(|| (self.host.load().matches == count).then_some(())).await;
    }

    /// Sessions, memories and places are given back.
    pub async fn until_empty(&self) {
        let empty = || self.bench.engine.sessions() == 0 && self.bench.engine.memories() == 0;
        until(|| (empty() && self.host.load().matches == 0).then_some(())).await;
    }
}

fn start(
    bench: &Bench,
    (stock, events, post): (&Arc<Stock>, &Arc<Events>, &Arc<Post>),
    (journals, shards): (&Arc<dyn Journals>, usize),
) -> Arc<LocalHost> {
    let config = HostConfig { shards, ..HostConfig::new([9; 32]) };
    let code = (Arc::clone(stock) as Arc<dyn Artifacts>, bench.keys.clone());
    let host = LocalHost::over(config, bench.engine.clone(), code, events.clone(), Arc::clone(journals)).unwrap();
    host.connect_outbox(post.clone());
    Arc::new(host)
}

pub fn reservation(seat: u16) -> Reservation {
    let id = format!("player-{seat}").parse().unwrap();
    let player = PlayerInfo { id, name: format!("player {seat}"), team: 0, bot: false, data: Vec::new() };
    Reservation { player, claim_within: PATIENCE }
}

/// Waits for something to be there.
pub async fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let before = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(before.elapsed() < PATIENCE, "it never came");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
