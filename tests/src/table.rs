//! A game as wasm on the real host, in this process: shards, journal and mailboxes, with seats that are no connections.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ed25519_dalek::{Signer, SigningKey};
use stadion_host::artifact::encode_manifest;
use stadion_host::engine::{Engine, EngineConfig, LoadedVersion, Sessions, VerifyingKeys};
use stadion_host::host::{HostConfig, LocalHost};
use stadion_host::link::{Admission, ConnId, Credential, FromPlayer, Inbox, Outbox, ToPlayer};
use stadion_host::replay::{Coverage, verify};
use stadion_protocol::contract::{
    Artifact, ArtifactUnavailable, Artifacts, CreateMatch, DocumentAction, EndReason, GameRequest, Host, HostEvent,
    HostEvents, MatchSettings, MatchState, MatchStatus, Pending, PlayerInfo, RequestError, RequestOutcome, Requests,
    Reservation, SIGNING_CONTEXT, Wanted,
};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims};
use stadion_protocol::wire::Speaker;
use stadion_protocol::{MatchId, Seat, Tick, VersionId};
use stadion_schema::envelope::{Down, Up};
use stadion_sdk::{GameModule, message};

use crate::programs;

/// Sessions of a test's engine.
const SLOTS: u32 = 8;
/// How often a test looks, and how often at most: 20 s.
const LOOK_EVERY: Duration = Duration::from_millis(5);
const MOST_LOOKS: u32 = 4_000;
const MATCH: MatchId = MatchId([5; 16]);

/// One match of `G`, with every seat taken.
pub struct Table<G: GameModule> {
    host: LocalHost,
    inbox: Arc<dyn Inbox>,
    words: Arc<Words>,
    version: Arc<LoadedVersion>,
    seats: Vec<FakeSeat>,
    game: PhantomData<G>,
}

/// What a client would remember.
#[derive(Default)]
struct FakeSeat {
    in_seq: u64,
    view: Option<(u64, Vec<u8>)>,
    messages: Vec<Vec<u8>>,
}

impl<G: GameModule> Table<G> {
    /// Starts a match of the compiled game `name` and connects every seat.
    pub async fn open(name: &str, seats: u16, parameters: &str) -> Table<G> {
        let (host, version) = host(&programs::game(name));
        let words = Arc::new(Words::default());
        host.connect_outbox(Arc::clone(&words) as Arc<dyn Outbox>);
        let request = CreateMatch {
            id: MATCH,
            game: name.parse().unwrap(),
            version: version.id(),
            seats,
            parameters: parameters.as_bytes().to_vec(),
            settings: MatchSettings::default(),
            reservations: (0..seats).map(|seat| Reservation { player: player(seat), claim_within: LONG }).collect(),
        };
        host.create(request).await.unwrap();
        let inbox = host.inbox();
        let mut table = Table { host, inbox, words, version, seats: Vec::new(), game: PhantomData };
        for seat in 0..seats {
            table.seats.push(FakeSeat::default());
            table.post(seat, FromPlayer::Hello(Box::new(table.admission(seat))));
        }
        table
    }

    fn admission(&self, seat: u16) -> Admission {
        let player = player(seat);
        let schema = self.version.description().schema_hash();
        let claims = JoinClaims {
            aud: JOIN_AUDIENCE.to_owned(),
            exp: u64::MAX,
            jti: format!("join-{seat}"),
            match_id: MATCH,
            seat: Seat(seat),
            sub: player.id,
            name: player.name,
            bot: false,
            data: String::new(),
            schema,
        };
        Admission {
            speaker: Speaker::default(),
            credential: Credential::Join { claims: Box::new(claims), nonce: [1; 16] },
            schema,
            last_out_seq: 0,
            incarnation: 0,
            last_tick: Tick(0),
            fresh: true,
            options: Bytes::new(),
        }
    }

    fn post(&self, seat: u16, word: FromPlayer) {
        assert!(self.inbox.post(MATCH, ConnId(seat.into()), word), "the match takes words of seat {seat}");
    }

    /// Says something, reliably.
    pub fn send(&mut self, seat: u16, input: &G::In) {
        let own = &mut self.seats[usize::from(seat)];
        own.in_seq += 1;
        let (in_seq, data) = (own.in_seq, Up::Message(&message::encode(input)).to_bytes());
        self.post(seat, FromPlayer::Input { in_seq, data: data.into() });
    }

    /// The newest view of a seat.
    pub fn view(&self, seat: u16) -> Option<G::View> {
        let (_, bytes) = self.seats[usize::from(seat)].view.as_ref()?;
        Some(message::decode(bytes).unwrap())
    }

    /// Everything that the game said to a seat.
    pub fn messages(&self, seat: u16) -> Vec<G::Out> {
        self.seats[usize::from(seat)].messages.iter().map(|bytes| message::decode(bytes).unwrap()).collect()
    }

    /// Lets `act` play, again and again, until the match is over or `done` holds.
    pub async fn play(&mut self, mut act: impl FnMut(&mut Table<G>), done: impl Fn(&Table<G>) -> bool) -> MatchStatus {
        for _ in 0..MOST_LOOKS {
            self.listen();
            let status = self.host.status(MATCH).await.unwrap();
            if status.state != MatchState::Running || done(self) {
                return status;
            }
            act(self);
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("the match did not come to its end in time");
    }

    fn listen(&mut self) {
        for (conn, word) in self.words.take() {
            if let ToPlayer::Reliable { out_seq, .. } = word {
                // Refused only when the match is gone.
                self.inbox.post(MATCH, conn, FromPlayer::Ack { out_seq });
            }
            let seat = &mut self.seats[usize::try_from(conn.0).unwrap()];
            let (ToPlayer::Reliable { data, .. } | ToPlayer::Unreliable { data, .. }) = word else { continue };
            match Down::parse(&data).unwrap() {
                Down::Message(data) => seat.messages.push(data.to_vec()),
                Down::View { number, data } if seat.view.as_ref().is_none_or(|(newest, _)| *newest < number) => {
                    seat.view = Some((number, data.to_vec()));
                }
                Down::View { .. } => {}
            }
        }
    }

    /// Ends the match if it still runs, and replays its journal: every tick must give the same, to the same end.
    pub async fn replays_exactly(mut self) -> EndReason {
        self.host.end(MATCH, EndReason::Closed).await.unwrap();
        let mut looks = 0;
        while self.host.status(MATCH).await.unwrap().state != MatchState::Ended {
            // A match that is over waits until its last messages are acknowledged.
            self.listen();
            looks += 1;
            assert!(looks < MOST_LOOKS, "the match did not end");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let journal = self.host.journal(MATCH).await.unwrap();
        let (first, second) = (verify(&self.version, &journal).unwrap(), verify(&self.version, &journal).unwrap());
        assert!(first.is_exact(), "{:?}", first.first_difference);
        assert_eq!(first, second, "a replay is a function of the journal");
        assert!(first.ticks > 0);
        match first.coverage {
            Coverage::Whole(reason) => reason,
            other => panic!("the journal is not whole: {other:?}"),
        }
    }
}

/// Longer than any test.
const LONG: Duration = Duration::from_secs(60);

fn player(seat: u16) -> PlayerInfo {
    let id = format!("player-{seat}").parse().unwrap();
    PlayerInfo { id, name: format!("player {seat}"), team: 0, bot: false, data: Vec::new() }
}

/// A host with one version, compiled here and signed by a key of the test.
fn host(wasm: &[u8]) -> (LocalHost, Arc<LoadedVersion>) {
    let config = EngineConfig { sessions: Sessions::Pooled(Some(SLOTS)), ..EngineConfig::default() };
    let engine = Engine::new(config).unwrap();
    let compiled = stadion_host::compile::in_process(config.code, wasm).unwrap();
    let key = SigningKey::from_bytes(&[7; 32]);
    let manifest = encode_manifest(&compiled.manifest);
    let signature = key.sign(&[SIGNING_CONTEXT, &manifest].concat()).to_bytes();
    let artifact = Artifact { manifest: manifest.into(), signature, code: compiled.code };
    let keys = VerifyingKeys::new([key.verifying_key().to_bytes()]).unwrap();
    let version = engine.load(&artifact, &keys).unwrap();
    let host = LocalHost::new(HostConfig::new([7; 32]), engine, Arc::new(One(artifact)), Arc::new(Nobody), keys);
    let host = host.unwrap();
    host.connect_requests(Arc::new(Blank));
    (host, version)
}

/// There is no document, every write is done, and no endpoint is registered.
struct Blank;

impl Requests for Blank {
    fn carry_out(&self, request: GameRequest) -> Pending<'_, RequestOutcome> {
        let outcome = match &*request.wanted {
            Wanted::Document { action: DocumentAction::Get, .. } => Err(RequestError::NotFound),
            Wanted::Document { .. } => Ok(1u64.to_le_bytes().to_vec()),
            Wanted::Call { .. } => Err(RequestError::Denied),
        };
        Box::pin(std::future::ready(outcome))
    }
}

struct One(Artifact);

impl Artifacts for One {
    fn fetch(&self, _: VersionId) -> Pending<'_, Result<Artifact, ArtifactUnavailable>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

struct Nobody;

impl HostEvents for Nobody {
    fn publish(&self, _: HostEvent) {}
}

/// What the match said and nobody has read yet.
#[derive(Default)]
struct Words(Mutex<HashMap<u64, Vec<ToPlayer>>>);

impl Words {
    fn take(&self) -> Vec<(ConnId, ToPlayer)> {
        let words = std::mem::take(&mut *self.0.lock().unwrap());
        words.into_iter().flat_map(|(conn, words)| words.into_iter().map(move |word| (ConnId(conn), word))).collect()
    }
}

impl Outbox for Words {
    fn post(&self, conn: ConnId, word: ToPlayer) {
        self.0.lock().unwrap().entry(conn.0).or_default().push(word);
    }
}
