//! A second factor of an account.

use super::UnixMs;

/// What a secret is derived from, together with a key of the server.
pub type FactorSalt = [u8; 16];

/// What is kept of a second factor: a database alone tells none of its codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// Stands for the secret.
    pub salt: FactorSalt,
    /// Since when it is asked for; `None`: its owner has not shown a code of it yet.
    pub confirmed_at: Option<UnixMs>,
    /// The period of the newest code that was used.
    pub last_period: u64,
    /// Recovery codes that nobody has used.
    pub recovery_codes: u16,
}
