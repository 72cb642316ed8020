//! `POST /v1/games/{game}/play`: one call from a name to a seat.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use stadion_protocol::{GameName, InvalidId};
use utoipa::ToSchema;

use crate::App;
use crate::accounts::Caller;
use crate::api::endpoints::{EndpointsBody, reached};
use crate::api::wire::{GamePath, IdempotencyKey};
use crate::http::{Authenticated, Fault, Idempotency, JsonBody, Kind, Problem, Turn, UrlPath};
use crate::matches::{Order, PlaceRequest, Placed, Seating, Template, WantedVersion};
use crate::model::{InvalidChannelName, InvalidKey, Visibility};

/// Parameters of a match at most, bytes ([`stadion_protocol::contract::CreateMatch`]).
const PARAMETERS: usize = 64 * 1024;

/// How to get into a match: `{}` for any, `{"create": ..}` for a new one, `{"code": ".."}` for a friend's,
/// `{"key": ".."}` for that of everybody with the same key.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"create": "private"}))]
pub(crate) struct PlayBody {
    /// A new match.
    create: Option<CreateBody>,
    /// The code of a running match.
    #[schema(example = "KBQT")]
    code: Option<String>,
    /// 1 to 64 characters of `A-Za-z0-9._:-`: the running match of this key, else a new private one under it.
    #[schema(example = "rematch:01h455vb4pex5vsknk084sn02q")]
    key: Option<String>,
    /// Whether a program plays.
    #[serde(default)]
    bot: bool,
    /// This version, 64 hexadecimal digits; none: that of a channel. Not together with `code`, `key` or `channel`.
    version: Option<String>,
    /// The version of this channel, for those who may ask for it; none: what the game's channels give to this player, `stable`
    /// or `canary`. Not together with `code` or `version`.
    #[schema(example = "beta", pattern = "^[a-z][a-z0-9-]{0,31}$")]
    channel: Option<String>,
}

/// A new match: who may find it, or everything about it.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum CreateBody {
    /// With as many seats as the game takes.
    Short(VisibilityBody),
    /// In full.
    Full(CreateOptions),
}

/// Who may find a match.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VisibilityBody {
    /// Anybody: it is listed and filled up.
    Public,
    /// Whoever knows its code.
    Private,
}

/// A new match in full.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOptions {
    visibility: VisibilityBody,
    /// Within what the game takes; none: as many as it takes.
    #[schema(example = 4)]
    seats: Option<u16>,
    /// For the game, base64; at most 64 KiB.
    #[schema(example = "aGFyZA==")]
    parameters: Option<String>,
}

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
    pub(super) id: String,
    /// What friends type to join it.
    #[schema(example = "KBQT")]
    pub(super) code: String,
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

/// A wish that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlayError {
    /// A code or a key leads to a match, with its version.
    #[error("`code` and `key` go together neither with each other nor with `create` or `version`")]
    Contradiction,
    /// A version is a version, whatever channels point at.
    #[error("`channel` goes together neither with `code` nor with `version`")]
    TwoVersions,
    #[error(transparent)]
    Channel(#[from] InvalidChannelName),
    /// Not base64, or too long.
    #[error("parameters are base64 of at most 64 KiB")]
    Parameters,
    /// Not an id or a code.
    #[error(transparent)]
    Id(#[from] InvalidId),
    #[error(transparent)]
    Key(#[from] InvalidKey),
}

impl Fault for PlayError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

/// Play
///
/// One call from a game's name to a seat: in the fullest open match or a new one (`{}`), in a match of one's own
/// (`{"create": "private"}`), in a friend's (`{"code": "KBQT"}`), or in that of a key which players agree on
/// (`{"key": ".."}`): the first creates it, whoever comes while it runs gets a seat in it, and after its end the next one
/// creates another. A new match runs the version of the channel `stable`, or of `canary` for the share of players that it is
/// given to: the same for a player each time. With an `Idempotency-Key`, the same request within a minute gets the same answer.
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
        (status = 404, description = "there is no such game, it has no such channel, or no running match of it has the code"),
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
pub(super) async fn once(
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
    body: PlayBody,
    headers: &HeaderMap,
) -> Result<(u16, Vec<u8>), Problem> {
    let request = body.request(game, caller, headers)?;
    if let Order::Key(key, _) = &request.order {
        app.matches.check_key(key, &request.caller).await?;
    }
    let seating = app.placer.place(request).await?;
    Ok(seated(seating, headers))
}

/// Status and body of an answer. Another replica's is passed on.
pub(super) fn seated(seating: Seating, headers: &HeaderMap) -> (u16, Vec<u8>) {
    let placed = match seating {
        Seating::Here(placed) => *placed,
        Seating::There { status, body } => return (status, body.into()),
    };
    let status = if placed.created { StatusCode::CREATED } else { StatusCode::OK };
    let body = serde_json::to_vec(&SeatBody::new(placed, headers)).expect("a seat is plain JSON");
    (status.as_u16(), body)
}

pub(super) fn answer(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
}

impl PlayBody {
    /// Whether it is for a program.
    pub(super) fn is_bot(&self) -> bool {
        self.bot
    }

    /// What the placer is asked for.
    pub(super) fn request(
        self,
        game: GameName,
        caller: Caller,
        headers: &HeaderMap,
    ) -> Result<PlaceRequest, PlayError> {
        let version = self.wanted_version()?;
        let bot = self.bot;
        Ok(PlaceRequest { caller, game, version, order: Order::try_from(self)?, bot, reached: reached(headers) })
    }
}

impl PlayBody {
    fn wanted_version(&self) -> Result<WantedVersion, PlayError> {
        match (&self.version, &self.channel) {
            (Some(_), Some(_)) => Err(PlayError::TwoVersions),
            (_, Some(_)) if self.code.is_some() => Err(PlayError::TwoVersions),
            (Some(version), None) => Ok(WantedVersion::Exact(version.parse()?)),
            (None, Some(channel)) => Ok(WantedVersion::Channel(channel.parse()?)),
            (None, None) => Ok(WantedVersion::Given),
        }
    }
}

impl TryFrom<PlayBody> for Order {
    type Error = PlayError;

    fn try_from(body: PlayBody) -> Result<Order, PlayError> {
        match (body.create, body.code, body.key) {
            (None, None, None) => Ok(Order::Any),
            (None, Some(code), None) if body.version.is_none() => Ok(Order::Code(code.parse()?)),
            (None, None, Some(key)) if body.version.is_none() => Ok(Order::Key(key.parse()?, Template::default())),
            (_, Some(_), _) | (_, _, Some(_)) => Err(PlayError::Contradiction),
            (Some(CreateBody::Short(visibility)), None, None) => {
                Ok(Order::Create { visibility: visibility.into(), seats: None, parameters: Vec::new() })
            }
            (Some(CreateBody::Full(options)), None, None) => Ok(Order::Create {
                visibility: options.visibility.into(),
                seats: options.seats,
                parameters: parameters(options.parameters)?,
            }),
        }
    }
}

fn parameters(text: Option<String>) -> Result<Vec<u8>, PlayError> {
    let bytes = STANDARD.decode(text.unwrap_or_default()).map_err(|_| PlayError::Parameters)?;
    if bytes.len() <= PARAMETERS { Ok(bytes) } else { Err(PlayError::Parameters) }
}

impl From<VisibilityBody> for Visibility {
    fn from(body: VisibilityBody) -> Visibility {
        match body {
            VisibilityBody::Public => Visibility::Public,
            VisibilityBody::Private => Visibility::Private,
        }
    }
}

#[cfg(test)]
mod tests;
