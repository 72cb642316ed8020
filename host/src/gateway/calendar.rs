//! What day it is, as certificates see it. A parameter, so that a test lives through a rotation in seconds.

use std::sync::Arc;

use crate::clock;

/// Unix time in seconds.
#[derive(Clone)]
pub struct Calendar(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Calendar {
    /// The system's.
    pub fn system() -> Calendar {
        Calendar::new(|| clock::unix_ns() / 1_000_000_000)
    }

    /// Another one. It is asked every few seconds, on the gateway's thread.
    pub fn new(unix_s: impl Fn() -> u64 + Send + Sync + 'static) -> Calendar {
        Calendar(Arc::new(unix_s))
    }

    pub(super) fn unix_s(&self) -> u64 {
        (self.0)()
    }
}

impl std::fmt::Debug for Calendar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Calendar").field(&self.unix_s()).finish()
    }
}
