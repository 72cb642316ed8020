//! A host whose matches sleep, and its players, who come and go within the process: no gateway, no network.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use stadion_host::engine::{Engine, EngineConfig, Sessions};
use stadion_host::host::{HostConfig, LocalHost};
use stadion_host::journal::{DiskJournals, LogConfig};
use stadion_host::link::{Admission, ConnId, Credential, FromPlayer, Inbox, Outbox, ToPlayer};
use stadion_protocol::contract::{CreateMatch, EndReason, Hibernation, Host, Lifetimes, MatchSettings};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims, ResumeToken, SchemaHash};
use stadion_protocol::wire::{ClientId, Speaker};
use stadion_protocol::{MatchId, Seat, Tick, VersionId};

use super::host::{Nobody, Shelf, player_id, reservation};
use super::{Answer, Ask, Ready, converse};
use crate::clock;
use crate::executor::park_until;
use crate::workshop::Shop;

/// So long after its player has left a match goes to sleep.
const AFTER: Duration = Duration::from_secs(1);
/// A lost player's seat is kept: whoever wakes a match comes back to it.
const RECONNECT: Duration = Duration::from_secs(86_400);
/// The longest that anything is waited for.
const PATIENCE: Duration = Duration::from_secs(50);
/// How often it is looked how many sleep.
const LOOK: Duration = Duration::from_millis(20);

/// A host to put matches to bed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SleepersSetup {
    /// An upload.
    pub game: PathBuf,
    /// Matches that may be awake at once.
    pub slots: u32,
    /// Where the log is kept.
    pub journal: PathBuf,
}

struct Bedroom {
    host: LocalHost,
    inbox: Arc<dyn Inbox>,
    post: Arc<Post>,
    version: VersionId,
    schema: SchemaHash,
    seats: u16,
    made: u64,
    /// Connections so far.
    conns: u64,
    /// Who sleeps, and how its player comes back.
    tokens: HashMap<MatchId, ResumeToken>,
}

pub(super) fn serve(setup: &SleepersSetup) -> anyhow::Result<()> {
    // The host loads versions on a thread of tokio's; nothing else here needs one.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build()?;
    let _entered = runtime.enter();
    let sessions = Sessions::Pooled(Some(setup.slots));
    let engine = Engine::new(EngineConfig { sessions, ..EngineConfig::default() })?;
    let capacity = engine.capacity();
    let shop = Shop::new(&engine)?;
    let wasm = std::fs::read(&setup.game).with_context(|| setup.game.display().to_string())?;
    let made = shop.make(&wasm)?;
    let (version, seats, schema) = (made.version, made.description.seats_min, made.description.schema_hash());
    let journals = Arc::new(DiskJournals::open(&setup.journal, LogConfig::default())?);
    let config = HostConfig { shards: 1, capacity, ..HostConfig::new([7; 32]) };
    let code = (Arc::new(Shelf(vec![(version, made.artifact)])) as Arc<_>, shop.keys.clone());
    let host = LocalHost::over(config, engine, code, Arc::new(Nobody), journals)?;
    let post = Arc::<Post>::default();
    host.connect_outbox(Arc::clone(&post) as Arc<dyn Outbox>);
    let ready = Ready { address: ([127, 0, 0, 1], 0).into(), schemas: vec![schema], capacity, max_map_count: None };
    let inbox = host.inbox();
    let tokens = HashMap::new();
    let mut room = Bedroom { host, inbox, post, version, schema, seats, made: 0, conns: 0, tokens };
    converse(ready, |ask| room.answer(ask))
}

impl Bedroom {
    fn answer(&mut self, ask: Ask) -> anyhow::Result<Answer> {
        Ok(match ask {
            Ask::Doze { count } => {
                self.put_to_bed(count)?;
                Answer::Done
            }
            Ask::Rouse { matches, at_once } => Answer::Roused { took_us: self.rouse(&matches, at_once)? },
            Ask::Look { .. } => Answer::Created { matches: self.tokens.keys().copied().collect(), took_us: Vec::new() },
            Ask::End { matches } => {
                for id in matches {
                    park_until(self.host.end(id, EndReason::Closed))?;
                    self.tokens.remove(&id);
                }
                Answer::Done
            }
            other => bail!("nobody here knows about {other:?}"),
        })
    }

    /// New matches whose player comes, stays until the game knows, and goes; comes back when all of them sleep.
    fn put_to_bed(&mut self, count: u32) -> anyhow::Result<()> {
        let mut came = Vec::new();
        for _ in 0..count {
            self.made += 1;
            // The last byte spreads matches over the directory's parts.
            let id = MatchId(u128::from(self.made).to_be_bytes());
            park_until(self.host.create(self.request(id)?))?;
            let conn = self.hello(id, self.join(id));
            came.push((id, conn));
        }
        for (id, conn) in came {
            let (token, _) = self.post.wait(conn)?;
            self.tokens.insert(id, token);
            self.inbox.post(id, conn, FromPlayer::Closed);
        }
        self.until_all_sleep()
    }

    /// Has players come back, one after another or all at once, and go again. Answers how long each waited from saying hello to
    /// having a new resume token, which follows once the first step after is durable; microseconds.
    fn rouse(&mut self, matches: &[MatchId], at_once: bool) -> anyhow::Result<Vec<f64>> {
        let (mut took_us, mut came) = (Vec::new(), Vec::new());
        for id in matches {
            let token = *self.tokens.get(id).context("nobody sleeps under that id")?;
            let before = clock::now();
            let conn = self.hello(*id, Credential::Resume(token));
            came.push((*id, conn, before));
            if !at_once {
                took_us.push(self.heard(*id, conn, before)?);
            }
        }
        if at_once {
            took_us =
                came.iter().map(|(id, conn, before)| self.heard(*id, *conn, *before)).collect::<Result<_, _>>()?;
        }
        for (id, conn, _) in came {
            self.inbox.post(id, conn, FromPlayer::Closed);
        }
        self.until_all_sleep()?;
        Ok(took_us)
    }

    fn heard(&mut self, id: MatchId, conn: ConnId, since: Instant) -> anyhow::Result<f64> {
        let (token, at) = self.post.wait(conn)?;
        self.tokens.insert(id, token);
        Ok((at - since).as_secs_f64() * 1e6)
    }

    fn until_all_sleep(&self) -> anyhow::Result<()> {
        let began = clock::now();
        while self.host.load().hibernated < u32::try_from(self.tokens.len())? {
            if began.elapsed() > PATIENCE {
                bail!("{} of {} matches sleep", self.host.load().hibernated, self.tokens.len());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn request(&self, id: MatchId) -> anyhow::Result<CreateMatch> {
        let lifetimes =
            Lifetimes { empty: Duration::ZERO, longest: Duration::ZERO, reconnect: RECONNECT, ..Lifetimes::default() };
        let hibernation = Hibernation { after: AFTER, ..Hibernation::default() };
        Ok(CreateMatch {
            id,
            game: "bench".parse()?,
            version: self.version,
            seats: self.seats,
            parameters: Vec::new(),
            settings: MatchSettings { lifetimes, hibernation, ..MatchSettings::default() },
            reservations: vec![reservation(id, 0)],
        })
    }

    fn join(&self, id: MatchId) -> Credential {
        let claims = JoinClaims {
            aud: JOIN_AUDIENCE.to_owned(),
            exp: u64::MAX,
            jti: id.to_string(),
            match_id: id,
            seat: Seat(0),
            sub: player_id(id, 0),
            name: String::new(),
            bot: true,
            data: String::new(),
            schema: self.schema,
        };
        Credential::Join { claims: Box::new(claims), nonce: [1; 16] }
    }

    fn hello(&mut self, id: MatchId, credential: Credential) -> ConnId {
        self.conns += 1;
        let conn = ConnId(self.conns);
        let admission = Admission {
            speaker: Speaker { client: ClientId::default(), connection: u32::try_from(conn.0).unwrap_or(u32::MAX) },
            fresh: true,
            credential,
            schema: self.schema,
            last_out_seq: 0,
            incarnation: 0,
            last_tick: Tick(0),
            options: Bytes::new(),
        };
        self.inbox.post(id, conn, FromPlayer::Hello(Box::new(admission)));
        conn
    }
}

/// Resume tokens as they come, with the time; other words are dropped.
#[derive(Default)]
struct Post {
    tokens: Mutex<HashMap<ConnId, (ResumeToken, Instant)>>,
    came: Condvar,
}

impl Post {
    fn wait(&self, conn: ConnId) -> anyhow::Result<(ResumeToken, Instant)> {
        let missing = |tokens: &mut HashMap<_, _>| !tokens.contains_key(&conn);
        let (mut tokens, waited) =
            self.came.wait_timeout_while(self.tokens(), PATIENCE, missing).unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            bail!("a player was not let in");
        }
        tokens.remove(&conn).context("a token came and went")
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<ConnId, (ResumeToken, Instant)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for Post {
    fn post(&self, conn: ConnId, word: ToPlayer) {
        if let ToPlayer::ResumeToken(token) = word {
            self.tokens().insert(conn, (token, clock::now()));
            self.came.notify_one();
        }
    }
}
