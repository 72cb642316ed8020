//! Identities that somebody else vouches for.

use stadion_protocol::PlayerId;

use super::UnixMs;

/// Somebody at an identity provider, and the account that this is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider, by its name in the configuration.
    pub provider: String,
    /// The provider's name for somebody (`sub`), for ever the same and nobody else's.
    pub subject: String,
    /// Who that is here.
    pub account: PlayerId,
    /// Since when.
    pub linked_at: UnixMs,
}
