//! Quotas of owners of games.

mod get;
mod mine;
mod set;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stadion_protocol::PlayerId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::games::QuotaMet;
use crate::http::{Extras, Fault, Kind, Problem};
use crate::model::Quotas;

/// Everything about quotas.
pub(super) fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(mine::get_own_quotas)).routes(routes!(get::get_quotas, set::set_quotas))
}

/// An account in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the id itself")]
pub(super) struct AccountPath {
    /// The account's id.
    #[param(example = "p-5f1c0ad2b6e94c1d01020304")]
    id: String,
}

/// What an owner of games may have, and what it has.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuotasBody {
    /// What it may have.
    limits: QuotaNumbers,
    /// What it has.
    used: QuotaUse,
}

/// Quotas.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuotaNumbers {
    /// Games.
    #[schema(example = 1_000)]
    games: u32,
    /// Versions of all of them.
    #[schema(example = 20_000)]
    versions: u32,
    /// Bytes of those versions' uploads.
    #[schema(example = 68_719_476_736_u64)]
    stored_bytes: u64,
    /// Matches that run at a time.
    #[schema(example = 50_000)]
    running_matches: u32,
    /// Matches that are created in a minute, on one replica.
    #[schema(example = 600_000)]
    matches_a_minute: u32,
    /// CPU time of matches that ended in the last 24 hours, seconds.
    #[schema(example = 8_640_000)]
    cpu_seconds_a_day: u64,
}

/// What of its quotas an owner uses.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuotaUse {
    /// Games.
    #[schema(example = 2)]
    games: u32,
    /// Versions of all of them, deprecated ones too.
    #[schema(example = 31)]
    versions: u32,
    /// Bytes of their uploads.
    #[schema(example = 4_812_400)]
    stored_bytes: u64,
    /// Matches that run.
    #[schema(example = 120)]
    running_matches: u32,
    /// CPU time of matches that ended in the last 24 hours, seconds.
    #[schema(example = 940)]
    cpu_seconds_a_day: u64,
}

impl From<Quotas> for QuotaNumbers {
    fn from(quotas: Quotas) -> QuotaNumbers {
        QuotaNumbers {
            games: quotas.games,
            versions: quotas.versions,
            stored_bytes: quotas.stored_bytes,
            running_matches: quotas.running_matches,
            matches_a_minute: quotas.matches_a_minute,
            cpu_seconds_a_day: quotas.cpu_seconds_a_day,
        }
    }
}

impl Fault for QuotaMet {
    fn kind(&self) -> Kind {
        Kind::Quota
    }

    fn extras(&self) -> Extras {
        Extras { retry_after: self.name.retry_after(), quota: Some(*self), ..Extras::default() }
    }
}

async fn report(app: &App, owner: &PlayerId) -> Result<QuotasBody, Problem> {
    let (limits, owned, cpu_seconds_a_day) = app.quotas.report(owner).await?;
    Ok(QuotasBody {
        limits: limits.into(),
        used: QuotaUse {
            games: owned.games,
            versions: owned.versions,
            stored_bytes: owned.stored_bytes,
            running_matches: owned.running_matches,
            cpu_seconds_a_day,
        },
    })
}
