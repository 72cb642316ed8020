//! Certificates that change while players are connected.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use stadion_host::gateway::{GatewayConfig, HostKeys, Identity};

use crate::client::{Client, connect, endpoint_pinning, join};
use crate::rig::{PATIENCE, Rig, good_token};

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
    let rig = Rig::with(GatewayConfig { identity, ..GatewayConfig::new(HostKeys::ephemeral().unwrap()) });
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
async fn a_certificate_that_cannot_serve_is_named_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let (chain, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
    issue(&chain, &key);
    issue(&chain, &directory.path().join("another.pem"));
    let identity = Identity::Files { chain, key };
    let config = GatewayConfig { identity, ..GatewayConfig::new(HostKeys::ephemeral().unwrap()) };
    let inbox = std::sync::Arc::<crate::rig::Echo>::default();
    let error =
        stadion_host::gateway::Gateway::bind(config, inbox, stadion_host::gateway::JoinKeys::new()).unwrap_err();
    assert!(error.to_string().contains("key.pem") && error.to_string().contains("chain.pem"), "{error}");
}
