//! `PUT /v1/accounts/{id}/quotas`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use stadion_protocol::PlayerId;
use utoipa::ToSchema;

use super::{AccountPath, QuotasBody, report};
use crate::App;
use crate::http::{Authenticated, Fault, JsonBody, Kind, Problem, UrlPath};
use crate::model::QuotaOverride;

/// What one owner may have in place of what everybody may; what is left out is as for everybody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"running_matches": 200_000, "versions": 50_000}))]
pub(crate) struct QuotaOverrideBody {
    /// Games.
    games: Option<u32>,
    /// Versions of all of them.
    versions: Option<u32>,
    /// Bytes of those versions' uploads.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    stored_bytes: Option<u64>,
    /// Matches that run at a time.
    running_matches: Option<u32>,
    /// Matches that are created in a minute, on one replica.
    matches_a_minute: Option<u32>,
    /// CPU time of matches that ended in the last 24 hours, seconds.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    cpu_seconds_a_day: Option<u64>,
}

/// No such account.
#[derive(Debug, thiserror::Error)]
#[error("there is no account {0}")]
struct NoAccount(PlayerId);

impl Fault for NoAccount {
    fn kind(&self) -> Kind {
        Kind::NotFound
    }
}

/// More than JSON numbers carry everywhere.
#[derive(Debug, thiserror::Error)]
#[error("{0} is at most 9007199254740991")]
struct TooMuch(&'static str);

impl Fault for TooMuch {
    fn kind(&self) -> Kind {
        Kind::BadRequest
    }
}

/// Set an owner's quotas
///
/// For operators. In place of what was said about this owner before: an empty body makes it as everybody again. It holds within
/// seconds, for what is created and published from then on.
#[utoipa::path(
    put, path = "/v1/accounts/{id}/quotas", tag = "games", security(("bearer" = [])), params(AccountPath),
    request_body = QuotaOverrideBody,
    responses(
        (status = 200, description = "The quotas.", body = QuotasBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 404, description = "there is no such account"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "an unknown quota, or not a number"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn set_quotas(
    State(app): State<Arc<App>>,
    UrlPath(owner): UrlPath<PlayerId>,
    _operator: Authenticated,
    JsonBody(body): JsonBody<QuotaOverrideBody>,
) -> Result<Json<QuotasBody>, Problem> {
    const MOST: u64 = (1 << 53) - 1;
    for (name, value) in [("stored_bytes", body.stored_bytes), ("cpu_seconds_a_day", body.cpu_seconds_a_day)] {
        if value.is_some_and(|value| value > MOST) {
            return Err(TooMuch(name).into());
        }
    }
    let quotas = QuotaOverride {
        games: body.games,
        versions: body.versions,
        stored_bytes: body.stored_bytes,
        running_matches: body.running_matches,
        matches_a_minute: body.matches_a_minute,
        cpu_seconds_a_day: body.cpu_seconds_a_day,
    };
    if !app.store.set_quotas(&owner, &quotas).await? {
        return Err(NoAccount(owner).into());
    }
    app.catalog.forget_all();
    Ok(Json(report(&app, &owner).await?))
}
