//! Certificates that change while players are connected.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};
use stadion_host::gateway::{Calendar, Gateway, GatewayConfig, HostKeys, Identity, JoinKeys};

use crate::client::{Client, connect, endpoint_pinning, join};
use crate::page::{Page, Way};
use crate::rig::{Echo, PATIENCE, Rig, good_token};

const DAY_S: u64 = 24 * 3600;
const BEGIN: u64 = 1_800_000_000;

/// A gateway with certificates of its own, and a calendar that the test turns.
struct Days {
    rig: Rig,
    now_s: Arc<AtomicU64>,
}

impl Days {
    fn begin() -> Days {
        let now_s = Arc::new(AtomicU64::new(BEGIN));
        let shown = Arc::clone(&now_s);
        let calendar = Calendar::new(move || shown.load(Ordering::Relaxed));
        Days { rig: Rig::with(GatewayConfig { calendar, ..config() }), now_s }
    }

    /// The hashes that clients are told now, as a join token brings them.
    fn told(&self) -> Vec<[u8; 32]> {
        self.rig.gateway.endpoints().certificate_hashes
    }

    /// Turns to an hour of a day, and waits until other hashes are told; gives them.
    async fn turn(&self, day: u64, hour: u64) -> Vec<[u8; 32]> {
        let before = self.told();
        self.now_s.store(BEGIN + day * DAY_S + hour * 3600, Ordering::Relaxed);
        let turned = async {
            while self.told() == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, turned).await.unwrap_or_else(|_| panic!("nothing is told anew on day {day}"));
        self.told()
    }

    async fn takes(&self, hash: [u8; 32]) -> bool {
        connect(&endpoint_pinning(hash), self.rig.address()).await.is_ok()
    }
}

fn config() -> GatewayConfig {
    GatewayConfig::new(HostKeys::ephemeral().unwrap())
}

/// Writes a new pair of files; gives the hash of the certificate.
fn issue(chain: &Path, key: &Path) -> [u8; 32] {
    let made = rcgen::generate_simple_self_signed(["play.example".to_owned()]).unwrap();
    std::fs::write(chain, made.cert.pem()).unwrap();
    std::fs::write(key, made.signing_key.serialize_pem()).unwrap();
    Sha256::digest(made.cert.der()).into()
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_and_nobody_loses_a_connection() {
    let directory = tempfile::tempdir().unwrap();
    let (chain, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
    let first = issue(&chain, &key);
    let identity = Identity::Files { chain: chain.clone(), key: key.clone() };
    let rig = Rig::with(GatewayConfig { identity, ..config() });
    assert!(rig.gateway.endpoints().certificate_hashes.is_empty(), "the system's roots vouch");
    let mut player = Client::silent_over(endpoint_pinning(first), rig.address()).await;
    player.say(&join(good_token())).await;
    player.hear().await;
    player.plays(1).await;

    let second = issue(&chain, &key);
    let served = async {
        // Refused until the gateway has looked at its files.
        while connect(&endpoint_pinning(second), rig.address()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, served).await.expect("the new certificate serves");
    assert!(connect(&endpoint_pinning(first), rig.address()).await.is_err(), "the old one does not");
    player.plays(2).await;
}

#[tokio::test]
async fn a_development_certificate_is_rotated_under_players_who_play_on() {
    let days = Days::begin();
    let mut native = Client::joined(&days.rig).await;
    let mut page = Page::joined(&days.rig, Way::WebTransport).await;
    let [first] = days.told()[..] else { panic!("one certificate at the beginning: {:?}", days.told()) };

    let told_between = days.turn(6, 1).await;
    let [serves, second] = told_between[..] else { panic!("the next one is told days before: {told_between:?}") };
    assert_eq!(serves, first);
    assert!(days.takes(first).await && !days.takes(second).await, "it does not serve yet");
    let mut between = Client::joined(&days.rig).await;

    assert_eq!(days.turn(12, 1).await, [second], "a day before the first one's end");
    assert!(days.takes(second).await, "whoever was told it days ago is let in");
    assert!(!days.takes(first).await);
    for in_seq in 1..=3 {
        native.plays(in_seq).await;
        page.plays(in_seq).await;
        between.plays(in_seq).await;
    }
    Client::joined(&days.rig).await.plays(1).await;
    Page::joined(&days.rig, Way::WebTransport).await.plays(1).await;
}

fn refused(identity: Identity) -> String {
    Gateway::bind(GatewayConfig { identity, ..config() }, Arc::<Echo>::default(), JoinKeys::new())
        .unwrap_err()
        .to_string()
}

#[tokio::test]
async fn a_certificate_that_cannot_serve_is_named_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let (chain, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
    issue(&chain, &key);
    issue(&chain, &directory.path().join("another.pem"));
    let error = refused(Identity::Files { chain, key });
    assert!(error.contains("key.pem") && error.contains("chain.pem"), "{error}");
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_named_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let (chain, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
    for (begin, end, said) in [(1990, 2001, "expired"), (2960, 2990, "not valid yet")] {
        let pair = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(["play.example".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(begin, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(end, 1, 1);
        std::fs::write(&chain, parameters.self_signed(&pair).unwrap().pem()).unwrap();
        std::fs::write(&key, pair.serialize_pem()).unwrap();
        let error = refused(Identity::Files { chain: chain.clone(), key: key.clone() });
        assert!(error.contains("chain.pem") && error.contains(said), "{error}");
    }
}
