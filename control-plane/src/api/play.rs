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
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};
    use stadion_protocol::contract::CreateError;
    use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims};

    use crate::testing::{Stage, wasm};

    #[tokio::test]
    async fn two_players_meet_and_the_third_gets_a_match_of_its_own() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let first = stage.play("chess", json!({})).await.expect(201);
        let second = stage.play("chess", json!({})).await.expect(200);
        let third = stage.play("chess", json!({})).await.expect(201);
        assert_eq!(first["match"], second["match"]);
        assert_eq!((&first["seat"], &second["seat"]), (&json!(0), &json!(1)));
        assert_ne!(first["match"]["id"], third["match"]["id"]);
        assert_eq!(first["schema_hash"], version["schema_hash"]);
        assert_eq!(first["quic"], json!(["192.0.2.1:7879"]));
        assert_eq!(first["certificate_hashes"], json!(["07".repeat(32)]));
        assert_eq!(first["endpoints"]["quic"], first["quic"]);
        assert_eq!(first["endpoints"]["certificate_hashes"], json!(["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="]));
    }

    #[tokio::test]
    async fn a_browser_is_told_to_come_back_to_the_host_that_it_asked() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let guest = stage.guest().await;
        let play = stage.post("/v1/games/chess/play", json!({})).bearer(&guest).with("host", "play.example:8080");
        let endpoints = &play.await.expect(201)["endpoints"];
        assert_eq!(endpoints["webtransport"], "https://play.example:7879/v1/connect");
        assert_eq!(endpoints["websocket"], "ws://play.example:8080/v1/connect");
    }

    #[tokio::test]
    async fn a_join_token_names_its_player_seat_and_match() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let seat = stage.play("chess", json!({"bot": true})).await.expect(201);
        let token = seat["join_token"].as_str().unwrap();
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let key = jsonwebtoken::DecodingKey::from_ed_der(&stage.keys.join_verifiers()[&kid]);
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.set_audience(&[JOIN_AUDIENCE]);
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<JoinClaims>(token, &key, &validation).unwrap().claims;
        assert_eq!(claims.match_id.to_string(), seat["match"]["id"]);
        assert_eq!((claims.seat.0, claims.bot), (0, true));
        assert_eq!(claims.schema.to_string(), seat["schema_hash"]);
    }

    #[tokio::test]
    async fn a_private_match_is_found_by_its_code_alone() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let private = stage.play("chess", json!({"create": "private"})).await.expect(201);
        let other = stage.play("chess", json!({})).await.expect(201);
        assert_ne!(private["match"]["id"], other["match"]["id"]);
        let code = private["match"]["code"].as_str().unwrap().to_lowercase();
        let friend = stage.play("chess", json!({"code": code})).await.expect(200);
        assert_eq!(friend["match"], private["match"]);
        assert_eq!(stage.play("chess", json!({"code": code})).await.expect(409)["code"], "match-full");
        stage.publish("go").await;
        stage.play("go", json!({"code": code})).await.expect(404);
    }

    #[tokio::test]
    async fn a_public_match_is_filled_and_a_code_opens_it_too() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let public = stage.play("chess", json!({"create": "public"})).await.expect(201);
        let second = stage.play("chess", json!({})).await.expect(200);
        assert_eq!(second["match"], public["match"]);
    }

    #[tokio::test]
    async fn sixteen_at_once_fill_matches_without_double_booking() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let mut players = Vec::new();
        for _ in 0..16 {
            players.push(stage.guest().await);
        }
        let calls = players.iter().map(|player| stage.play_as(player, "chess", json!({})));
        let answers = futures_util::future::join_all(calls).await;
        let mut taken: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for answer in answers {
            let seat = answer.json();
            taken.entry(seat["match"]["id"].to_string()).or_default().push(seat["seat"].as_u64().unwrap());
        }
        for seats in taken.values_mut() {
            seats.sort_unstable();
        }
        assert!(taken.values().all(|seats| *seats == [0, 1]), "{taken:?}");
        assert_eq!(taken.len(), 8);
    }

    #[tokio::test]
    async fn a_full_host_and_a_failing_game_are_told_apart_and_leave_no_trace() {
        let stage = Stage::with(|config| config.quotas.running_matches = 1).await;
        stage.publish("chess").await;
        for (error, status) in [
            (CreateError::Full("draining"), 503),
            (CreateError::Refused("no such map".to_owned()), 422),
            (CreateError::Failed("unreachable".to_owned()), 424),
        ] {
            stage.host.refuse_with(Some(error));
            stage.play("chess", json!({})).await.expect(status);
        }
        stage.host.refuse_with(None);
        stage.play("chess", json!({})).await.expect(201);
        stage.play("chess", json!({})).await.expect(200);
        let refused = stage.play("chess", json!({})).await;
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(refused.expect(429)["code"], "quota");
    }

    #[tokio::test]
    async fn a_match_that_ended_makes_room_and_frees_its_code() {
        let stage = Stage::with(|config| config.quotas.running_matches = 1).await;
        stage.publish("chess").await;
        let seat = stage.play("chess", json!({})).await.expect(201);
        stage.host.finish(seat["match"]["id"].as_str().unwrap());
        stage.settled().await;
        stage.play("chess", json!({"code": seat["match"]["code"]})).await.expect(404);
        stage.play("chess", json!({})).await.expect(201);
    }

    #[tokio::test]
    async fn play_goes_on_without_the_store_until_too_much_waits_to_be_written() {
        let stage = Stage::with(|config| config.matches.write_behind = 16).await;
        stage.publish("chess").await;
        let (first, second) = (stage.guest().await, stage.guest().await);
        stage.play_as(&first, "chess", json!({"create": "private"})).await.expect(201);
        stage.lose_store().await;
        stage.play_as(&first, "chess", json!({})).await.expect(201);
        stage.play_as(&second, "chess", json!({})).await.expect(200);
        // What is queued and the batch that is being tried again are all that is taken.
        for _ in 0..40 {
            let answer = stage.play_as(&first, "chess", json!({"create": "private"})).await;
            if answer.status == 503 {
                assert_eq!(answer.header("retry-after"), "1");
                return;
            }
            answer.expect(201);
        }
        panic!("matches were created without end");
    }

    #[tokio::test]
    async fn the_same_key_gets_the_same_seat() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let player = stage.guest().await;
        let play = |body: Value| stage.post("/v1/games/chess/play", body).bearer(&player).with("idempotency-key", "k1");
        let first = play(json!({"create": "private"})).await.expect(201);
        let again = play(json!({"create": "private"})).await.expect(201);
        assert_eq!(first, again);
        play(json!({"create": "public"})).await.expect(422);
        assert_eq!(stage.host.matches(), 1);
    }

    #[tokio::test]
    async fn wishes_that_cannot_be_are_refused() {
        let stage = Stage::new().await;
        stage.put("/v1/games/chess/versions", wasm("x")).bearer(&stage.developer_key).await.expect(201);
        for (body, status) in [
            (json!({"code": "KBQT", "create": "public"}), 422),
            (json!({"code": "aeiou"}), 422),
            (json!({"code": "KBQT"}), 404),
            (json!({"create": "secret"}), 422),
            (json!({"create": {"visibility": "public", "seats": 3}}), 422),
            (json!({"create": {"visibility": "public", "parameters": "%"}}), 422),
            (json!({"version": "12"}), 422),
            (json!({"version": "0".repeat(64)}), 404),
            (json!({"bots": true}), 422),
        ] {
            stage.play("chess", body).await.expect(status);
        }
        stage.play("go", json!({})).await.expect(404);
        stage.post("/v1/games/chess/play", json!({})).await.expect(401);
    }
}
