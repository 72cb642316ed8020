//! `POST /v1/matches/{id}/rematch`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hyper::HeaderMap;
use serde::{Deserialize, Serialize};
use stadion_protocol::MatchId;
use utoipa::ToSchema;

use crate::App;
use crate::api::endpoints::reached;
use crate::api::play::{SeatBody, once, seated};
use crate::api::wire::{IdempotencyKey, MatchPath};
use crate::http::{Authenticated, Extras, Fault, Idempotency, JsonBody, Kind, Problem, UrlPath};
use crate::matches::{Near, PlaceRequest, RematchFailure, WantedVersion};

/// Who wants a rematch.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RematchBody {
    /// Whether a program plays.
    #[serde(default)]
    bot: bool,
}

impl Fault for RematchFailure {
    fn kind(&self) -> Kind {
        match self {
            RematchFailure::Match(error) => error.kind(),
            RematchFailure::NotThere => Kind::Forbidden,
            RematchFailure::Running(_) => Kind::Conflict,
            RematchFailure::TooLate(_) => Kind::Gone,
        }
    }

    fn extras(&self) -> Extras {
        match self {
            RematchFailure::Match(error) => error.extras(),
            _ => Extras::default(),
        }
    }
}

/// Play again with the same people
///
/// For those who sat in a match that is over, for ten minutes: the first who says so creates a match with the same seats and
/// parameters, in the newest version of the game; the others get into the same one. `play` with the key `rematch:` and
/// the match's id leads there too.
#[utoipa::path(
    post, path = "/v1/matches/{id}/rematch", tag = "matches", security(("bearer" = [])),
    params(MatchPath, IdempotencyKey), request_body = RematchBody,
    responses(
        (status = 200, description = "A seat in the rematch, which was there.", body = SeatBody),
        (status = 201, description = "A seat in the rematch, which is new.", body = SeatBody),
        (status = 400, description = "not a match id, or the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "a rematch is for those who sat in the match before"),
        (status = 404, description = "there is no such match"),
        (status = 409, description = "the match is not over yet, the rematch is full or closed, or the game has no version in play, or one in quarantine"),
        (status = 410, description = "the match ended more than 10 minutes ago, or the rematch is over"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "the game takes other numbers of seats by now, or refused to start"),
        (status = 424, description = "the game failed to start: its author's fault"),
        (status = 429, description = "as many matches of this game's owner run as may"),
        (status = 503, description = "the host has no room for another match"),
    )
)]
pub(crate) async fn rematch(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    JsonBody(body): JsonBody<RematchBody>,
) -> Result<Response, Problem> {
    let (of, canonical) = (id.to_string(), serde_json::to_vec(&body).unwrap_or_default());
    let request: [&[u8]; 3] = [b"rematch", of.as_bytes(), &canonical];
    let turn = Idempotency::begin(&app.coordination, &headers, &caller.account, &request).await?;
    let seat = async {
        let (game, order) = app.matches.rematch(id, &caller).await?;
        let reached = reached(&headers);
        let (version, near) = (WantedVersion::Given, Near::default());
        let request = PlaceRequest { caller, game, version, order, near, bot: body.bot, reached };
        Ok(seated(app.placer.place(request).await?, &headers))
    };
    once(turn, seat).await
}
