//! A gateway with scripted matches behind it.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use stadion_host::gateway::{Gateway, GatewayConfig, HostKeys, JoinKeys};
use stadion_host::link::{ConnId, FromPlayer, Inbox, Outbox, ToPlayer};
use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims, SchemaHash};
use stadion_protocol::{CloseCode, Incarnation, MatchId, Seat, Tick};

/// Nothing here takes longer, on any machine, unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const MATCH: MatchId = MatchId([7; 16]);
pub(crate) const NO_MATCH: MatchId = MatchId([8; 16]);

/// A match that welcomes everybody, echoes everything and remembers what it heard.
#[derive(Default)]
pub(crate) struct Echo {
    outbox: OnceLock<Arc<dyn Outbox>>,
    heard: Mutex<Vec<(ConnId, FromPlayer)>>,
    out_seqs: Mutex<std::collections::HashMap<ConnId, u64>>,
    gone: Mutex<HashSet<ConnId>>,
    over: AtomicBool,
}

impl Echo {
    pub(crate) fn say(&self, conn: ConnId, word: ToPlayer) {
        self.outbox.get().expect("set before anybody connects").post(conn, word);
    }

    /// From now on the match takes nothing but farewells.
    pub(crate) fn is_over(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Says something reliably to a connection, numbered.
    pub(crate) fn say_reliably(&self, conn: ConnId, data: Vec<u8>) {
        let out_seq = {
            let mut out_seqs = self.out_seqs.lock().unwrap();
            let last = out_seqs.entry(conn).or_default();
            *last += 1;
            *last
        };
        self.say(conn, ToPlayer::Reliable { out_seq, tick: Tick(out_seq), data: data.into() });
    }

    pub(crate) fn heard(&self) -> Vec<(ConnId, FromPlayer)> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until the match heard something that fits; gives the connection it came from.
    pub(crate) async fn hears(&self, what: &str, fits: impl Fn(&FromPlayer) -> bool) -> ConnId {
        let waiting = async {
            loop {
                if let Some((conn, _)) = self.heard().iter().find(|(_, word)| fits(word)) {
                    return *conn;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("the match never heard {what}"))
    }
}

impl Inbox for Echo {
    fn post(&self, id: MatchId, conn: ConnId, word: FromPlayer) -> bool {
        let over = self.over.load(Ordering::Relaxed) && !matches!(word, FromPlayer::Closed);
        if id != MATCH || over {
            return false;
        }
        assert!(!self.gone.lock().unwrap().contains(&conn), "nothing follows closed: {word:?}");
        self.heard.lock().unwrap().push((conn, word.clone()));
        match word {
            FromPlayer::Hello(_) => self.say(
                conn,
                ToPlayer::Welcome {
                    seat: Seat(3),
                    incarnation: Incarnation(1),
                    tick: Tick(0),
                    in_seq: 0,
                    next_out_seq: 1,
                    fresh: true,
                    rate: 20,
                },
            ),
            FromPlayer::Input { in_seq, data } => {
                self.say(conn, ToPlayer::Ack { in_seq });
                self.say_reliably(conn, data.to_vec());
            }
            FromPlayer::Unreliable { data } => {
                self.say(conn, ToPlayer::Unreliable { incarnation: Incarnation(1), tick: Tick(1), data });
            }
            FromPlayer::Leave => self.say(conn, ToPlayer::Close { code: CloseCode::Left, reason: "bye".into() }),
            FromPlayer::Closed => drop(self.gone.lock().unwrap().insert(conn)),
            FromPlayer::Ack { .. } | FromPlayer::Quality { .. } => {}
        }
        true
    }
}

/// A gateway and what stands behind it.
pub(crate) struct Rig {
    pub(crate) gateway: Gateway,
    pub(crate) matches: Arc<Echo>,
}

impl Rig {
    pub(crate) fn new() -> Rig {
        Rig::with(GatewayConfig::new(HostKeys::ephemeral().unwrap()))
    }

    pub(crate) fn with(config: GatewayConfig) -> Rig {
        let matches = Arc::<Echo>::default();
        let join_keys = JoinKeys::new();
        join_keys.insert("k1", signing_key(1).verifying_key().to_bytes());
        let gateway = Gateway::bind(config, Arc::clone(&matches) as Arc<dyn Inbox>, join_keys).unwrap();
        matches.outbox.set(gateway.outbox()).ok().unwrap();
        Rig { gateway, matches }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.local_address()
    }

    /// Waits until a counter of the gateway is what it should be.
    pub(crate) async fn counts(&self, what: &str, fits: impl Fn(&stadion_host::gateway::GatewayCounters) -> bool) {
        let waiting = async {
            while !fits(&self.gateway.counters()) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(in_time.is_ok(), "{what} never came: {:?}", self.gateway.counters());
    }
}

fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn claims() -> JoinClaims {
    let now = stadion_host::clock::unix_ns() / 1_000_000_000;
    JoinClaims {
        aud: JOIN_AUDIENCE.to_owned(),
        exp: now + 60,
        jti: "token".to_owned(),
        match_id: MATCH,
        seat: Seat(3),
        sub: "player".parse().unwrap(),
        name: "Ada".to_owned(),
        bot: false,
        data: String::new(),
        schema: SchemaHash::default(),
    }
}

/// A token with these claims, as the control plane of key `seed` signs it under this key id.
pub(crate) fn token(claims: &JoinClaims, kid: &str, seed: u8) -> String {
    // What stands before the 32 bytes of a private key (RFC 8410 section 7).
    let pkcs8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let key = EncodingKey::from_ed_der(&[&pkcs8[..], signing_key(seed).as_bytes()].concat());
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

pub(crate) fn good_token() -> String {
    token(&claims(), "k1", 1)
}
