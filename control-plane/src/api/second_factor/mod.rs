//! Second factors: enrolled, confirmed, asked for, removed.

pub(super) mod confirm;
pub(super) mod enrol;
pub(super) mod get;
pub(super) mod remove;
pub(super) mod reset;
pub(super) mod sign_in;
#[cfg(test)]
mod stories;

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::SecondFactor;

/// An account's second factor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecondFactorBody {
    /// Whether signing in asks for a code.
    #[schema(example = true)]
    enabled: bool,
    /// Since when.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    since: Option<String>,
    /// Recovery codes that were not used.
    #[schema(example = 10)]
    recovery_codes_left: u16,
}

impl From<Option<SecondFactor>> for SecondFactorBody {
    fn from(factor: Option<SecondFactor>) -> SecondFactorBody {
        let since = factor.as_ref().and_then(|factor| factor.confirmed_at);
        SecondFactorBody {
            enabled: since.is_some(),
            since: since.map(|at| at.to_string()),
            recovery_codes_left: factor.map_or(0, |factor| factor.recovery_codes),
        }
    }
}
