//! `POST /v1/games/{game}/play`: one call from a name to a seat. Here: the answer. `wish`: what is asked for; `kept`: seats
//! for others.

mod kept;
#[cfg(test)]
mod tests;
mod wish;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use stadion_protocol::GameName;
use utoipa::ToSchema;

use crate::App;
use crate::accounts::Caller;
use crate::api::endpoints::EndpointsBody;
use crate::api::wire::{GamePath, IdempotencyKey};
use crate::http::{Authenticated, Idempotency, JsonBody, Problem, Turn, UrlPath};
use crate::matches::{Order, Placed, Seating};

pub(crate) use wish::PlayBody;

/// A seat, and what it takes to claim it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeatBody {
    /// The match.
    #[serde(rename = "match")]
    of: MatchRef,
    /// The game.
    #[schema(example = "tictactoe")]
    game: String,
    /// The version that the match runs.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: String,
    /// The seat.
    #[schema(example = 0)]
    seat: u16,
    /// For the first connection to the host.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.eyJzZWF0IjowfQ.c2lnbmF0dXJl")]
    join_token: String,
    /// Seconds until the join token expires.
    #[schema(example = 60)]
    expires_in_s: u64,
    /// Where to connect.
    endpoints: EndpointsBody,
    /// `endpoints.quic`, for native clients.
    #[schema(example = json!(["192.0.2.1:7879"]))]
    quic: Vec<String>,
    /// `endpoints.certificate_hashes` in hexadecimal, for native clients.
    #[schema(example = json!(["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]))]
    certificate_hashes: Vec<String>,
    /// Of messages and views; all zero without a schema.
    #[schema(example = "5f1c0ad2b6e94c1d")]
    schema_hash: String,
    /// Ticks a second; 0: driven by events.
    #[schema(example = 20)]
    rate: u16,
}

/// A match in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MatchRef {
    /// Its id.
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    pub(in crate::api) id: String,
    /// What friends type to join it.
    #[schema(example = "KBQT")]
    pub(in crate::api) code: String,
}

impl SeatBody {
    fn new(placed: Placed, headers: &HeaderMap) -> SeatBody {
        SeatBody {
            endpoints: EndpointsBody::new(&placed.endpoints, headers),
            of: MatchRef { id: placed.id.to_string(), code: placed.code.to_string() },
            game: placed.game.to_string(),
            version: placed.version.to_string(),
            seat: placed.seat.0,
            join_token: placed.join_token,
            expires_in_s: placed.expires_in.as_secs(),
            quic: placed.endpoints.quic.iter().map(ToString::to_string).collect(),
            certificate_hashes: placed.endpoints.certificate_hashes.iter().map(hex::encode).collect(),
            schema_hash: placed.schema.to_string(),
            rate: placed.rate,
        }
    }
}

/// Play
///
/// One call from a game's name to a seat: in the fullest open match or a new one (`{}`), in a match of one's own
/// (`{"create": "private"}`), in a friend's (`{"code": "KBQT"}`), in one of the public list (`{"match": ".."}`), or in that of a
/// key which players agree on (`{"key": ".."}`): the first creates it, whoever comes while it runs gets a seat in it, and after
/// its end the next one creates another. Who creates a match may have seats kept for others (`reserve`). A new match runs the
/// version of the channel `stable`, or of `canary` for the share of players that it is given to: the same for a player each
/// time. With an `Idempotency-Key`, the same request within a minute gets the same answer.
#[utoipa::path(
    post, path = "/v1/games/{game}/play", tag = "play", security(("bearer" = [])),
    params(GamePath, IdempotencyKey),
    request_body = PlayBody,
    responses(
        (status = 200, description = "A seat in a match that was there.", body = SeatBody),
        (status = 201, description = "A seat in a new match.", body = SeatBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "the channel is for others, or a rematch is for those who sat in the match before"),
        (status = 404, description = "there is no such game, it has no such channel, no running match of it has the code or id, or there is no such player or party to keep seats for"),
        (status = 409, description = "the match is full or closed, or the game has no version in play, or one in quarantine"),
        (status = 410, description = "the version is deprecated, or the match is over"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "seats, parameters, code or key do not fit, or the game refused to start"),
        (status = 424, description = "the game failed to start: its author's fault"),
        (status = 429, description = "as many matches of this game's owner run as may"),
        (status = 503, description = "the host has no room for another match"),
    )
)]
pub(crate) async fn play(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    JsonBody(body): JsonBody<PlayBody>,
) -> Result<Response, Problem> {
    let canonical = serde_json::to_vec(&body).unwrap_or_default();
    let request: [&[u8]; 2] = [game.as_str().as_bytes(), &canonical];
    let turn = Idempotency::begin(&app.coordination, &headers, &caller.account, &request).await?;
    once(turn, seat(&app, game, caller, body, &headers)).await
}

/// Carries a request for a seat out, unless it was before: then it gets the same answer.
pub(in crate::api) async fn once(
    turn: Turn,
    seat: impl Future<Output = Result<(u16, Vec<u8>), Problem>>,
) -> Result<Response, Problem> {
    let idempotency = match turn {
        Turn::First(idempotency) => idempotency,
        Turn::Again(status, body) => return Ok(answer(status, body)),
    };
    match (seat.await, idempotency) {
        (Ok((status, body)), Some(idempotency)) => {
            idempotency.keep(status, &body).await;
            Ok(answer(status, body))
        }
        (Ok((status, body)), None) => Ok(answer(status, body)),
        (Err(problem), idempotency) => {
            if let Some(idempotency) = idempotency {
                idempotency.release().await;
            }
            Err(problem)
        }
    }
}

async fn seat(
    app: &Arc<App>,
    game: GameName,
    caller: Caller,
    mut body: PlayBody,
    headers: &HeaderMap,
) -> Result<(u16, Vec<u8>), Problem> {
    let kept = body.kept()?;
    let mut request = body.request(game, caller.clone(), headers)?;
    if let Order::Key(key, _) = &request.order {
        app.matches.check_key(key, &caller).await?;
    }
    let told = kept::keep(app, &caller, kept, &mut request.order).await?;
    let (status, answer) = seated(app.placer.place(request).await?, headers);
    told.tell(app, &caller, &answer).await;
    Ok((status, answer))
}

/// Status and body of an answer. Another replica's is passed on.
pub(in crate::api) fn seated(seating: Seating, headers: &HeaderMap) -> (u16, Vec<u8>) {
    let placed = match seating {
        Seating::Here(placed) => *placed,
        Seating::There { status, body } => return (status, body.into()),
    };
    let status = if placed.created { StatusCode::CREATED } else { StatusCode::OK };
    let body = serde_json::to_vec(&SeatBody::new(placed, headers)).expect("a seat is plain JSON");
    (status.as_u16(), body)
}

pub(in crate::api) fn answer(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
}
