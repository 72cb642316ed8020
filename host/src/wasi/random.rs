//! `wasi:random`: one stream of bytes for each match, a function of its seed. "Secure" and "insecure" draw from it
//! alike, so that a guest's position in it is one number.

use blake3::OutputReader;
use wasmtime::Result;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

use crate::session::State;

/// The most bytes of one call. Seeding a hash map takes 16.
const BYTES_PER_CALL: u64 = 64 * 1024;

/// Keeps this stream apart from everything else that is derived from the seed.
const CONTEXT: &str = "stadion 2026 wasi random";

/// The match's stream of random bytes.
pub(crate) struct Random {
    seed: [u64; 4],
    position: u64,
    /// Set up by the first draw: most guests never make one.
    stream: Option<Box<OutputReader>>,
}

impl Random {
    pub(crate) fn new(seed: [u64; 4]) -> Random {
        Random { seed, position: 0, stream: None }
    }

    /// Bytes drawn so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Goes on where another session was.
    pub(crate) fn advance_to(&mut self, position: u64) {
        self.position = position;
        self.stream = None;
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        let (seed, position) = (self.seed, self.position);
        let stream = self.stream.get_or_insert_with(|| {
            let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
            for word in seed {
                hasher.update(&word.to_le_bytes());
            }
            let mut stream = hasher.finalize_xof();
            stream.set_position(position);
            Box::new(stream)
        });
        stream.fill(bytes);
        self.position += bytes.len() as u64;
    }
}

impl State {
    fn random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.within_a_match("wasi:random")?;
        if len > BYTES_PER_CALL {
            wasmtime::bail!("wasi:random: {len} bytes in one call; at most {BYTES_PER_CALL}");
        }
        let mut bytes = vec![0; usize::try_from(len)?];
        self.random.fill(&mut bytes);
        Ok(bytes)
    }

    fn random_u64(&mut self) -> Result<u64> {
        self.within_a_match("wasi:random")?;
        let mut bytes = [0; 8];
        self.random.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        self.random_u64()
    }
}

impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        self.random_u64()
    }
}

impl insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        Ok((self.random_u64()?, self.random_u64()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_goes_on_where_it_was() {
        let (mut whole, mut parts) = ([0; 40], [0; 40]);
        Random::new([1, 2, 3, 4]).fill(&mut whole);
        let mut first = Random::new([1, 2, 3, 4]);
        first.fill(&mut parts[..17]);
        let mut second = Random::new([1, 2, 3, 4]);
        second.advance_to(first.position());
        second.fill(&mut parts[17..]);
        assert_eq!(whole, parts);
    }
}
