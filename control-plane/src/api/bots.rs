//! `POST /v1/games/{game}/bots/claims`: seats for programs, as matches want them.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hyper::HeaderMap;
use hyper::header::{CACHE_CONTROL, HeaderName};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stadion_protocol::contract::ReserveError;
use stadion_protocol::{GameName, MatchCode, MatchId, PlayerId};
use utoipa::ToSchema;

use super::endpoints::reached;
use super::play::{SeatBody, seated};
use crate::App;
use crate::accounts::{Caller, ExternalPlayer};
use crate::api::wire::GamePath;
use crate::clock::random;
use crate::http::{Authenticated, Fault, JsonBody, Kind, Problem, UrlPath};
use crate::matches::{Near, Order, PlaceError, PlaceRequest, WantedVersion};
use crate::model::Role;

/// Seats of one claim at most.
const MOST_SEATS: u16 = 16;

/// How long a claim may wait for work, and how often it looks meanwhile.
const LONGEST_WAIT_S: u16 = 20;
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Claims that wait at once.
pub(crate) const WAITING: usize = 256;

/// Work for a bot runner.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClaimBody {
    /// How many programs it can start now.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 16, default = 1)]
    seats: u16,
    /// How long to wait for a match that wants some, seconds.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 20, default = 0)]
    wait_s: u16,
}

fn one() -> u16 {
    1
}

/// Seats that were claimed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClaimedBody {
    /// All of one match; none: nothing was wanted.
    #[schema(value_type = Vec<SeatBody>)]
    items: Vec<Value>,
}

/// A claim that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClaimError {
    /// Out of range.
    #[error("seats: 1 to {MOST_SEATS}; wait_s: 0 to {LONGEST_WAIT_S}")]
    Range,
    /// A studio speaks for programs of its own games.
    #[error("only the owner of the game seats programs in its matches")]
    NotOwner,
    /// Too many wait.
    #[error("{WAITING} claims wait already; try again in a second")]
    Crowded,
}

impl Fault for ClaimError {
    fn kind(&self) -> Kind {
        match self {
            ClaimError::Range => Kind::Invalid,
            ClaimError::NotOwner => Kind::Forbidden,
            ClaimError::Crowded => Kind::Unavailable,
        }
    }
}

/// Claim seats for bots
///
/// For programs of the game's owner, with a key of the scope `players`. Matches that were created with `bots_after_s`, or whose
/// version has the setting `bots-seconds`, want programs on the seats that are still free then. Each answer is about one match
/// and as `play` answers; a program connects with its seat's token within the claim time (15 s unless set otherwise), else the
/// seat falls free and is offered again, as is one that a program gives up. A game sees them as players with `bot`.
#[utoipa::path(
    post, path = "/v1/games/{game}/bots/claims", tag = "play", security(("bearer" = [])), params(GamePath),
    request_body = ClaimBody,
    responses(
        (status = 200, description = "Seats, or none.", body = ClaimedBody),
        (status = 400, description = "the body is not JSON"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game seats programs in its matches"),
        (status = 404, description = "there is no such game"),
        (status = 413, description = "the body is too large"),
        (status = 415, description = "send the body as application/json"),
        (status = 422, description = "seats or wait_s are out of range"),
        (status = 503, description = "coordination is unavailable, or too many claims wait"),
    )
)]
pub(crate) async fn claim_bots(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ClaimBody>,
) -> Result<([(HeaderName, &'static str); 1], Json<ClaimedBody>), Problem> {
    if !(1..=MOST_SEATS).contains(&body.seats) || body.wait_s > LONGEST_WAIT_S {
        return Err(ClaimError::Range.into());
    }
    let owner = app.catalog.released(&game).await?.game.owner.clone();
    if owner != caller.account && caller.role < Role::Operator {
        return Err(ClaimError::NotOwner.into());
    }
    let _place = app.bot_claims.try_acquire().map_err(|_| ClaimError::Crowded)?;
    let claim = Claim { app: &app, game: &game, owner: &owner, caller: &caller, headers: &headers };
    let looks = 1 + Duration::from_secs(body.wait_s.into()).as_millis() / LOOK_EVERY.as_millis();
    let mut items = Vec::new();
    for look in 0..looks {
        if look > 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        // A match that is full, or over, is passed over for the next.
        while let Some((id, code)) = app.live.bots.take(&game).await? {
            items = claim.seats_in(id, &code, body.seats).await?;
            if !items.is_empty() {
                return Ok(([(CACHE_CONTROL, "no-store")], Json(ClaimedBody { items })));
            }
        }
    }
    Ok(([(CACHE_CONTROL, "no-store")], Json(ClaimedBody { items })))
}

struct Claim<'a> {
    app: &'a Arc<App>,
    game: &'a GameName,
    owner: &'a PlayerId,
    caller: &'a Caller,
    headers: &'a HeaderMap,
}

impl Claim<'_> {
    /// As many seats of a match as are free and wanted.
    async fn seats_in(&self, id: MatchId, code: &MatchCode, most: u16) -> Result<Vec<Value>, Problem> {
        let mut seats = Vec::new();
        for n in 1..=most {
            match self.seat(code, n).await {
                Ok(seat) => seats.push(seat),
                Err(
                    PlaceError::UnknownCode(_) | PlaceError::Reserve(ReserveError::Unknown(_) | ReserveError::Ended),
                ) => {
                    self.app.live.bots.forget(self.game, id).await?;
                    break;
                }
                // It is looked at again when its lease ends.
                Err(PlaceError::Reserve(_)) => break,
                Err(error) if seats.is_empty() => return Err(error.into()),
                Err(_) => break,
            }
        }
        Ok(seats)
    }

    async fn seat(&self, code: &MatchCode, n: u16) -> Result<Value, PlaceError> {
        let id = format!("bot:{}", hex::encode(random::<8>(&*self.app.rng)));
        let player = ExternalPlayer {
            id: id.parse().expect("a short text"),
            name: format!("Bot {n}").parse().expect("a short text"),
            bot: true,
            data: Vec::new(),
        };
        let request = PlaceRequest {
            caller: self.caller.clone(),
            game: self.game.clone(),
            version: WantedVersion::Given,
            order: Order::Code(code.clone()),
            near: Near::default(),
            bot: true,
            reached: reached(self.headers),
        };
        let seating = self.app.placer.place_player(player.info(self.owner), request).await?;
        let (_, body) = seated(seating, self.headers);
        serde_json::from_slice(&body).map_err(|_| PlaceError::NoRoom)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::testing::Stage;

    async fn claim(stage: &Stage, body: Value) -> Vec<Value> {
        let claimed = stage.post("/v1/games/chess/bots/claims", body).bearer(&stage.developer_key).await.expect(200);
        claimed["items"].as_array().unwrap().clone()
    }

    #[tokio::test]
    async fn programs_take_the_seats_that_are_free_after_a_while() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let create = json!({"create": {"visibility": "public", "bots_after_s": 10}});
        let mine = stage.play("chess", create.clone()).await.expect(201);
        assert!(claim(&stage, json!({"seats": 4})).await.is_empty(), "people come first");
        stage.clock.advance(Duration::from_secs(10));
        let seats = claim(&stage, json!({"seats": 4, "wait_s": 1})).await;
        assert_eq!(seats.len(), 1);
        assert_eq!((&seats[0]["match"], &seats[0]["seat"]), (&mine["match"], &json!(1)));
        let path = format!("/v1/matches/{}", mine["match"]["id"].as_str().unwrap());
        let status = stage.get(&path).await.expect(200);
        assert_eq!(status["seats"][1]["player"]["bot"], true);
        stage.clock.advance(Duration::from_secs(20));
        assert!(claim(&stage, json!({"seats": 4})).await.is_empty(), "it is full");
        // The program never came: its seat falls free.
        stage.host.leave(mine["match"]["id"].as_str().unwrap(), 1);
        stage.clock.advance(Duration::from_secs(20));
        assert_eq!(claim(&stage, json!({})).await.len(), 1);
        stage.host.finish(mine["match"]["id"].as_str().unwrap());
        stage.settled().await;
        stage.clock.advance(Duration::from_secs(20));
        assert!(claim(&stage, json!({})).await.is_empty());
    }

    #[tokio::test]
    async fn a_version_may_want_programs_in_all_of_its_matches() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let path = format!("/v1/games/chess/versions/{}/settings", version["version"].as_str().unwrap());
        stage.put_json(&path, json!({"bots-seconds": "5"})).bearer(&stage.developer_key).await.expect(200);
        stage.play("chess", json!({})).await.expect(201);
        stage.clock.advance(Duration::from_secs(5));
        assert_eq!(claim(&stage, json!({"seats": 16})).await.len(), 1);
    }

    #[tokio::test]
    async fn only_the_owners_programs_are_seated() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let (stranger, guest) = (stage.another_developer().await, stage.guest().await);
        for (who, status) in [(&stranger, 403), (&guest, 403), (&stage.developer_key, 200)] {
            stage.post("/v1/games/chess/bots/claims", json!({})).bearer(who).await.expect(status);
        }
        for (body, status) in [(json!({"seats": 0}), 422), (json!({"wait_s": 21}), 422), (json!({"seats": 17}), 422)] {
            stage.post("/v1/games/chess/bots/claims", body).bearer(&stage.developer_key).await.expect(status);
        }
        let late = json!({"create": {"visibility": "public", "bots_after_s": 3601}});
        stage.play("chess", late).await.expect(422);
    }
}
