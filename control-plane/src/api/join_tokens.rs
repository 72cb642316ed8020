//! `POST /v1/games/{game}/join-tokens`: seats for players of a studio's own accounts.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use serde::{Deserialize, Serialize};
use stadion_protocol::GameName;
use utoipa::ToSchema;

use super::play::{PlayBody, SeatBody, once, seated};
use crate::App;
use crate::accounts::{Caller, EXTERNAL_DATA, ExternalPlayer, InvalidExternal};
use crate::api::wire::{GamePath, IdempotencyKey};
use crate::http::{Authenticated, Fault, Idempotency, JsonBody, Kind, Problem, UrlPath};
use crate::model::{InvalidName, Role};

/// A seat for somebody whom the caller vouches for.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinTokenBody {
    /// Who is to play.
    player: PlayerOfStudio,
    /// How to get into a match, as the body of `play`; `bot` stands in `player`.
    #[serde(default)]
    play: PlayBody,
}

/// A player of the studio's own accounts.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlayerOfStudio {
    /// What the studio calls the player: 1 to 128 characters. Games and journals hold an id that is made of it and tells
    /// nobody, always the same for the same studio and player.
    #[schema(example = "steam:76561198000000000")]
    id: String,
    /// The name that others see.
    #[schema(example = "Ann", min_length = 1, max_length = 32)]
    name: String,
    /// Whether a program plays.
    #[serde(default)]
    bot: bool,
    /// For the game, which may trust it: base64 of at most 4 KiB.
    #[schema(example = "eyJza2luIjo3fQ==")]
    data: Option<String>,
}

/// A seat that cannot be asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinTokenError {
    #[error(transparent)]
    Player(#[from] InvalidExternal),
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// It would not be clear which of the two holds.
    #[error("say `bot` in `player`")]
    Bot,
    /// They have no accounts here by which to name them.
    #[error(
        "`reserve` is for players with accounts here; seat each of yours by a call of its own, with the match's code"
    )]
    Reserve,
    /// A studio speaks for players of its own games.
    #[error("only the owner of the game seats players of its own")]
    NotOwner,
}

impl Fault for JoinTokenError {
    fn kind(&self) -> Kind {
        match self {
            JoinTokenError::NotOwner => Kind::Forbidden,
            _ => Kind::Invalid,
        }
    }
}

impl TryFrom<&PlayerOfStudio> for ExternalPlayer {
    type Error = JoinTokenError;

    fn try_from(body: &PlayerOfStudio) -> Result<ExternalPlayer, JoinTokenError> {
        let data = STANDARD.decode(body.data.as_deref().unwrap_or_default());
        let data = data.ok().filter(|data| data.len() <= EXTERNAL_DATA).ok_or(InvalidExternal::Data)?;
        Ok(ExternalPlayer { id: body.id.parse()?, name: body.name.parse()?, bot: body.bot, data })
    }
}

/// Seat a player of the studio's own
///
/// For backends with a key of the scope `players`: the player needs no account here, and the game may trust what `player`
/// says. Hand the answer to the player's client, which joins with it. With an `Idempotency-Key`, the same request within a
/// minute gets the same answer.
#[utoipa::path(
    post, path = "/v1/games/{game}/join-tokens", tag = "play", security(("bearer" = [])),
    params(GamePath, IdempotencyKey),
    request_body = JoinTokenBody,
    responses(
        (status = 200, description = "A seat in a match that was there.", body = SeatBody),
        (status = 201, description = "A seat in a new match.", body = SeatBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game seats players of its own"),
        (status = 404, description = "there is no such game, or no running match of it has the code"),
        (status = 409, description = "the match is full or closed, or the game has no version in play"),
        (status = 410, description = "the version is deprecated, or the match is over"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "player, seats, parameters, code or key do not fit, or the game refused to start"),
        (status = 424, description = "the game failed to start: its author's fault"),
        (status = 429, description = "as many matches of this game's owner run as may"),
        (status = 503, description = "the host has no room for another match"),
    )
)]
pub(crate) async fn create_join_token(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    JsonBody(body): JsonBody<JoinTokenBody>,
) -> Result<Response, Problem> {
    let canonical = serde_json::to_vec(&body).unwrap_or_default();
    let request: [&[u8]; 3] = [b"join-token", game.as_str().as_bytes(), &canonical];
    let turn = Idempotency::begin(&app.coordination, &headers, &caller.account, &request).await?;
    once(turn, seat(&app, game, caller, body, &headers)).await
}

async fn seat(
    app: &Arc<App>,
    game: GameName,
    caller: Caller,
    mut body: JoinTokenBody,
    headers: &HeaderMap,
) -> Result<(u16, Vec<u8>), Problem> {
    let player = ExternalPlayer::try_from(&body.player)?;
    if body.play.is_bot() {
        return Err(JoinTokenError::Bot.into());
    }
    let owner = app.catalog.released(&game).await?.game.owner.clone();
    if body.play.keeps_seats()? {
        return Err(JoinTokenError::Reserve.into());
    }
    if owner != caller.account && caller.role < Role::Operator {
        return Err(JoinTokenError::NotOwner.into());
    }
    let player = player.info(&owner);
    let seating = app.placer.place_player(player, body.play.request(game, caller, headers)?).await?;
    Ok(seated(seating, headers))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims};

    use crate::testing::{Answer, Stage};

    async fn stage_with_key() -> (Stage, String) {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let body = json!({"label": "backend", "scopes": ["players"]});
        let made = stage.post("/v1/keys", body).bearer(&stage.developer_key).await.expect(201);
        let key = made["key"].as_str().unwrap().to_owned();
        (stage, key)
    }

    async fn seat(stage: &Stage, key: &str, player: Value, play: Value) -> Answer {
        stage.post("/v1/games/chess/join-tokens", json!({"player": player, "play": play})).bearer(key).await
    }

    fn claims(stage: &Stage, seat: &Value) -> JoinClaims {
        let token = seat["join_token"].as_str().unwrap();
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let key = jsonwebtoken::DecodingKey::from_ed_der(&stage.keys.join_verifiers()[&kid]);
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.set_audience(&[JOIN_AUDIENCE]);
        validation.validate_exp = false;
        jsonwebtoken::decode::<JoinClaims>(token, &key, &validation).unwrap().claims
    }

    #[tokio::test]
    async fn a_studio_seats_players_of_its_own_with_data_that_the_game_may_trust() {
        let (stage, key) = stage_with_key().await;
        let ann = json!({"id": "steam:1", "name": "Ann", "data": "eyJza2luIjo3fQ=="});
        let first = seat(&stage, &key, ann.clone(), json!({})).await.expect(201);
        let bob = json!({"id": "steam:2", "name": "Bob", "bot": true});
        let second = seat(&stage, &key, bob, json!({"code": first["match"]["code"]})).await.expect(200);
        let again = seat(&stage, &key, ann, json!({"code": first["match"]["code"]})).await.expect(200);
        assert_eq!(
            (&first["match"], &first["seat"]),
            (&again["match"], &again["seat"]),
            "the same player, the same seat"
        );
        let [ann, bob] = [claims(&stage, &first), claims(&stage, &second)];
        assert_eq!((ann.name.as_str(), ann.data.as_str(), ann.bot), ("Ann", "eyJza2luIjo3fQ==", false));
        assert!(bob.bot && bob.sub != ann.sub);
        assert!(ann.sub.as_str().starts_with("x-") && !ann.sub.as_str().contains("steam"));
    }

    #[tokio::test]
    async fn nobody_speaks_for_players_of_anothers_game() {
        let (stage, _) = stage_with_key().await;
        let ann = json!({"id": "steam:1", "name": "Ann"});
        let other = stage.another_developer().await;
        seat(&stage, &other, ann.clone(), json!({})).await.expect(403);
        seat(&stage, &stage.guest().await, ann, json!({})).await.expect(403);
    }

    #[tokio::test]
    async fn a_player_is_described_as_it_must_be() {
        let (stage, key) = stage_with_key().await;
        let large = "AAAA".repeat(1366);
        for (player, play) in [
            (json!({"id": "", "name": "Ann"}), json!({})),
            (json!({"id": "1", "name": ""}), json!({})),
            (json!({"id": "1", "name": "Ann", "data": "no base64!"}), json!({})),
            (json!({"id": "1", "name": "Ann", "data": large}), json!({})),
            (json!({"id": "1", "name": "Ann"}), json!({"bot": true})),
            (json!({"id": "1", "name": "Ann", "role": "admin"}), json!({})),
        ] {
            seat(&stage, &key, player, play).await.expect(422);
        }
    }

    #[tokio::test]
    async fn a_retry_with_an_idempotency_key_gets_the_same_seat() {
        let (stage, key) = stage_with_key().await;
        let ask = async || {
            let body = json!({"player": {"id": "1", "name": "Ann"}, "play": {"create": "private"}});
            let call = stage.post("/v1/games/chess/join-tokens", body).bearer(&key);
            call.with("idempotency-key", "order-1").await.expect(201)
        };
        assert_eq!(ask().await, ask().await);
    }
}
