//! How a replica knows that a request comes from another one: a MAC with a key that all of them derive from their common
//! secret, over who asks for what and when.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};

use crate::clock::Clock;
use crate::keys::Keys;
use crate::model::{HostName, UnixMs};

/// Carries the proof: name of the replica, Unix time in milliseconds, MAC in hexadecimal digits.
pub(crate) const REPLICA: HeaderName = HeaderName::from_static("stadion-replica");

/// How far clocks of replicas may be apart, and how long a proof that somebody copied is good for the same request.
const GOOD_FOR: Duration = Duration::from_secs(30);

/// Separates this use of the secret from others (BLAKE3, `derive_key`).
const CONTEXT: &str = "stadion 2026-11-20 requests between replicas";

/// Makes proofs and checks them.
pub(crate) struct Proofs {
    key: [u8; 32],
    clock: Arc<dyn Clock>,
}

impl Proofs {
    pub(crate) fn new(keys: &Keys, clock: Arc<dyn Clock>) -> Proofs {
        Proofs { key: blake3::derive_key(CONTEXT, &keys.replicas), clock }
    }

    /// That this request is `from`'s.
    pub(super) fn make(&self, from: &HostName, method: &Method, target: &str) -> HeaderValue {
        let at = self.clock.now();
        let text = format!("{from} {} {}", at.0, self.mac(from, at, method, target));
        HeaderValue::try_from(text).expect("names and digits")
    }

    /// Whether a request has a proof that is good.
    pub(crate) fn check(&self, headers: &HeaderMap, method: &Method, target: &str) -> bool {
        self.checked(headers, method, target).is_some()
    }

    fn checked(&self, headers: &HeaderMap, method: &Method, target: &str) -> Option<()> {
        let mut parts = headers.get(&REPLICA)?.to_str().ok()?.split(' ');
        let from: HostName = parts.next()?.parse().ok()?;
        let at = UnixMs(parts.next()?.parse().ok()?);
        let mac = blake3::Hash::from_hex(parts.next()?).ok()?;
        let now = self.clock.now();
        let recent = now.since(at).max(at.since(now)) <= GOOD_FOR;
        // `blake3::Hash` compares in constant time.
        (recent && mac == self.mac(&from, at, method, target)).then_some(())
    }

    fn mac(&self, from: &HostName, at: UnixMs, method: &Method, target: &str) -> blake3::Hash {
        // No part but the last can hold a space.
        blake3::keyed_hash(&self.key, format!("{from} {} {method} {target}", at.0).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemRng;
    use crate::testing::TestClock;

    #[test]
    fn a_proof_is_good_for_one_request_and_a_moment() {
        let (keys, clock) = (Keys::in_memory(&SystemRng), Arc::new(TestClock::default()));
        let proofs = Proofs::new(&keys, clock.clone());
        let mut headers = HeaderMap::new();
        assert!(!proofs.check(&headers, &Method::GET, "/v1/matches/1"));
        headers.insert(REPLICA, proofs.make(&"h-1".parse().unwrap(), &Method::GET, "/v1/matches/1"));
        assert!(proofs.check(&headers, &Method::GET, "/v1/matches/1"));
        assert!(!proofs.check(&headers, &Method::DELETE, "/v1/matches/1"));
        assert!(!proofs.check(&headers, &Method::GET, "/v1/matches/2"));
        let foreign = Proofs::new(&Keys::in_memory(&SystemRng), clock.clone());
        assert!(!foreign.check(&headers, &Method::GET, "/v1/matches/1"));
        clock.advance(GOOD_FOR + Duration::from_secs(1));
        assert!(!proofs.check(&headers, &Method::GET, "/v1/matches/1"));
    }
}
