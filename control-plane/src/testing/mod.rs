//! What the tests of this crate share: a control plane on a stage of fakes, and a clock that they set.

mod compiler;
mod ears;
mod host;
mod receiver;
mod stage;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Clock;
use crate::model::UnixMs;

pub(crate) use compiler::FakeCompiler;
pub(crate) use ears::Ears;
pub(crate) use host::FakeHost;
pub(crate) use receiver::{Received, Receiver};
pub(crate) use stage::{Answer, Authenticator, Stage};

/// A clock that stands still until it is advanced.
pub(crate) struct TestClock(AtomicU64);

impl Default for TestClock {
    fn default() -> TestClock {
        TestClock(AtomicU64::new(1_800_000_000_000))
    }
}

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMs {
        UnixMs(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes that the fake compiler takes for wasm.
pub(crate) fn wasm(text: &str) -> Bytes {
    [b"\0asm", text.as_bytes()].concat().into()
}
