//! What stories are told with, beside what always goes wrong.

use crate::bug::Bug;

/// See the module's documentation. By default nothing is added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// A mistake that must be found.
    pub bug: Option<Bug>,
    /// Syncs fail and the disk is full for a while, beside crashes and bad networks.
    ///
    /// Beside the default and not part of it, so that a story that breaks says whether a failing disk is needed for it.
    /// What stories say without this flag says nothing about a disk that fails and goes on; the tests tell both.
    pub failing_disk: bool,
}

impl Plan {
    /// With a bug, and nothing else added.
    pub fn with(bug: Bug) -> Plan {
        Plan { bug: Some(bug), ..Plan::default() }
    }
}
