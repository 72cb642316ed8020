//! A fault for tests of recovery: a match that ends its host's process. No guest can do that on purpose, so it is planted
//! beside the guest.

use serde::{Deserialize, Serialize};

/// Ends the process when a match with exactly these parameters is about to run this tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plant {
    /// Of the match.
    pub parameters: Vec<u8>,
    /// The number of the tick.
    pub tick: u64,
}

impl Plant {
    /// Ends the process if this is the match and the tick.
    pub fn strike(&self, parameters: &[u8], tick: u64) {
        if self.tick == tick && self.parameters == parameters {
            std::process::abort();
        }
    }
}
