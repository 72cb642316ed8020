//! `POST /v1/matches/{id}/watch`: seeing a match without a seat in it.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hyper::HeaderMap;
use hyper::header::{CACHE_CONTROL, HeaderName};
use serde::Serialize;
use stadion_protocol::MatchId;
use utoipa::ToSchema;

use crate::App;
use crate::api::endpoints::EndpointsBody;
use crate::api::wire::MatchPath;
use crate::http::{Authenticated, Extras, Fault, Kind, Problem, UrlPath};
use crate::matches::{AudienceError, Watch};

/// What it takes to watch a match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchBody {
    /// The match.
    #[serde(rename = "match")]
    of: WatchedMatch,
    /// The game.
    #[schema(example = "tictactoe")]
    game: String,
    /// The version that the match runs.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: String,
    /// For the connection to the host, and for coming back while it is good. Good for one connection at a time.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.eyJzZWF0IjowfQ.c2lnbmF0dXJl")]
    join_token: String,
    /// Seconds until the token expires; a connection outlives it.
    #[schema(example = 600)]
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
    /// How much later than players those who watch see the match, seconds.
    #[schema(example = 0)]
    delay_s: u64,
}

/// The match that is watched.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchedMatch {
    /// Its id.
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    id: String,
}

impl WatchBody {
    fn new(watch: Watch, headers: &HeaderMap) -> WatchBody {
        WatchBody {
            endpoints: EndpointsBody::new(&watch.endpoints, headers),
            of: WatchedMatch { id: watch.id.to_string() },
            game: watch.game.to_string(),
            version: watch.version.to_string(),
            join_token: watch.token,
            expires_in_s: watch.expires_in.as_secs(),
            quic: watch.endpoints.quic.iter().map(ToString::to_string).collect(),
            certificate_hashes: watch.endpoints.certificate_hashes.iter().map(hex::encode).collect(),
            schema_hash: watch.schema.to_string(),
            rate: watch.rate,
            delay_s: watch.delay.as_secs(),
        }
    }
}

impl Fault for AudienceError {
    fn kind(&self) -> Kind {
        match self {
            AudienceError::Unknown(_) => Kind::NotFound,
            AudienceError::Off | AudienceError::FriendsOnly => Kind::Forbidden,
            AudienceError::Plays => Kind::Conflict,
            AudienceError::Recovering => Kind::Unavailable,
            AudienceError::Catalog(error) => error.kind(),
            AudienceError::Store(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        let retry = matches!(self.kind(), Kind::Unavailable);
        Extras { retry_after: retry.then_some(Duration::from_secs(1)), ..Extras::default() }
    }
}

/// Watch a match
///
/// A token for a connection without a seat: it is sent what the game shows to spectators, `delay_s` later, and nothing that
/// it says reaches the game. Who may is a setting of the game: `spectators` is `off`, `friends` or `allowed`. A match takes
/// 500 at most, and ends whether or not somebody watches.
#[utoipa::path(
    post, path = "/v1/matches/{id}/watch", tag = "matches", security(("bearer" = [])), params(MatchPath),
    responses(
        (status = 200, description = "What it takes to watch.", body = WatchBody),
        (status = 400, description = "not a match id"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this match is not to be watched, or by friends of its players alone"),
        (status = 404, description = "there is no running match of this id"),
        (status = 409, description = "the caller has a seat in this match"),
        (status = 503, description = "the match is being restored, or the store is unavailable"),
    )
)]
pub(crate) async fn watch_match(
    State(app): State<Arc<App>>,
    UrlPath(id): UrlPath<MatchId>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Result<([(HeaderName, &'static str); 1], Json<WatchBody>), Problem> {
    let watch = app.placer.watch(id, &caller).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(WatchBody::new(watch, &headers))))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stadion_protocol::Seat;
    use stadion_protocol::token::{JOIN_AUDIENCE, JoinClaims};

    use crate::testing::Stage;

    async fn watched_by(who: &str) -> (Stage, Value, String) {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let path = format!("/v1/games/chess/versions/{}/settings", version["version"].as_str().unwrap());
        let settings = json!({"spectators": who, "spectators-delay-seconds": "7"});
        stage.put_json(&path, settings).bearer(&stage.developer_key).await.expect(200);
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({"create": "private"})).await.expect(201);
        (stage, seat, player)
    }

    fn path(seat: &Value) -> String {
        format!("/v1/matches/{}/watch", seat["match"]["id"].as_str().unwrap())
    }

    #[tokio::test]
    async fn whoever_knows_of_a_match_gets_a_token_without_a_seat() {
        let (stage, seat, player) = watched_by("allowed").await;
        let spectator = stage.guest().await;
        let watch = stage.post(&path(&seat), json!({})).bearer(&spectator).await.expect(200);
        assert_eq!((&watch["delay_s"], &watch["quic"]), (&json!(7), &seat["quic"]));
        assert!(watch["match"].get("code").is_none(), "the code would let it in");
        let token = watch["join_token"].as_str().unwrap();
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let key = jsonwebtoken::DecodingKey::from_ed_der(&stage.keys.join_verifiers()[&kid]);
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
        validation.set_audience(&[JOIN_AUDIENCE]);
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<JoinClaims>(token, &key, &validation).unwrap().claims;
        assert_eq!(
            (claims.seat, claims.match_id.to_string()),
            (Seat::SPECTATOR, seat["match"]["id"].as_str().unwrap().to_owned())
        );
        stage.post(&path(&seat), json!({})).bearer(&player).await.expect(409);
        stage.post(&path(&seat), json!({})).await.expect(401);
        stage.host.finish(seat["match"]["id"].as_str().unwrap());
        stage.post(&path(&seat), json!({})).bearer(&spectator).await.expect(404);
    }

    #[tokio::test]
    async fn a_match_for_friends_is_watched_by_friends_of_its_players() {
        let (stage, seat, player) = watched_by("friends").await;
        let spectator = stage.guest().await;
        let id =
            async |token: &str| stage.get("/v1/me").bearer(token).await.expect(200)["id"].as_str().unwrap().to_owned();
        stage.post(&path(&seat), json!({})).bearer(&spectator).await.expect(403);
        let (player_id, spectator_id) = (id(&player).await, id(&spectator).await);
        stage.put_json(&format!("/v1/friends/{player_id}"), json!({})).bearer(&spectator).await.expect(200);
        stage.post(&path(&seat), json!({})).bearer(&spectator).await.expect(403);
        stage.put_json(&format!("/v1/friends/{spectator_id}"), json!({})).bearer(&player).await.expect(200);
        stage.post(&path(&seat), json!({})).bearer(&spectator).await.expect(200);
    }

    #[tokio::test]
    async fn a_match_is_not_watched_unless_its_game_says_so() {
        let (stage, seat, _) = watched_by("off").await;
        stage.post(&path(&seat), json!({})).bearer(&stage.guest().await).await.expect(403);
    }
}
