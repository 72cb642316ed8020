//! `GET /v1/me/matches`: what somebody has played.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::{GameName, PlayerId};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::api::wire::{PlayerBody, limit, read_match_place, write_match_place};
use crate::http::{Authenticated, Problem, UrlQuery};
use crate::lobby::RatingChange;
use crate::matches::{rematch_key, rematch_until};
use crate::model::{PageRequest, Played, UnixMs, reason_name};

/// Which matches are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryQuery {
    /// Only of this game.
    #[param(value_type = Option<String>, example = "tictactoe")]
    game: Option<GameName>,
    /// `next_cursor` of the page before; none: from the newest.
    cursor: Option<String>,
    /// Matches of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// A page of what was played.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryBody {
    /// The newest end first.
    items: Vec<PlayedBody>,
    /// For the next page; none: this was the last.
    #[schema(example = "Y2hlc3M")]
    next_cursor: Option<String>,
}

/// A match that the caller sat in and that is over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlayedBody {
    /// The match; more of it is at `/v1/matches/{id}`.
    #[serde(rename = "match")]
    #[schema(rename = "match", example = "01h455vb4pex5vsknk084sn02q")]
    of: String,
    /// The game.
    #[schema(example = "tictactoe")]
    game: String,
    /// The caller's seat.
    seat: u16,
    /// The caller's rank, 1 first; none: the game did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    rank: Option<u16>,
    /// As the game counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i64>,
    /// How it changed the caller's rating, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<RatingChange>,
    /// Everybody who sat in it. Of accounts that were deleted an id is left that means nobody.
    players: Vec<PlayedWithBody>,
    /// When it was created, RFC 3339.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ended, RFC 3339.
    #[schema(format = DateTime)]
    ended_at: String,
    /// Why, as matches say it.
    #[schema(example = "finished")]
    end: &'static str,
    /// How to play again with the same people, while one may.
    #[serde(skip_serializing_if = "Option::is_none")]
    rematch: Option<RematchInfo>,
}

/// Somebody who sat in a match.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlayedWithBody {
    /// Who.
    #[serde(flatten)]
    player: PlayerBody,
    /// The rank, 1 first; none: the game did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<u16>,
}

/// A rematch that can be had.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RematchInfo {
    /// The key for `play`; `POST /v1/matches/{id}/rematch` does the same.
    #[schema(example = "rematch:01h455vb4pex5vsknk084sn02q")]
    key: String,
    /// Until when, RFC 3339.
    #[schema(format = DateTime)]
    until: String,
}

impl PlayedBody {
    /// `None`: it is not over, or the player did not sit in it.
    pub(crate) fn new(played: Played, player: &PlayerId, now: UnixMs) -> Option<PlayedBody> {
        let Played { record, rating } = played;
        let end = record.end.as_ref()?;
        let own = record.seats.iter().find(|seat| seat.player.id == *player)?;
        let placing = |seat| end.placings.iter().find(|placing| placing.seat == seat);
        let until = rematch_until(end.at);
        Some(PlayedBody {
            of: record.id.to_string(),
            game: record.game.to_string(),
            seat: own.seat.0,
            rank: placing(own.seat).map(|placing| placing.rank),
            score: placing(own.seat).map(|placing| placing.score),
            rating: rating.map(|rating| RatingChange {
                queue: rating.queue.to_string(),
                before: rating.before,
                after: rating.after,
            }),
            players: record
                .seats
                .iter()
                .map(|seat| PlayedWithBody {
                    player: PlayerBody {
                        id: seat.player.id.to_string(),
                        name: seat.player.name.clone(),
                        bot: seat.player.bot,
                    },
                    rank: placing(seat.seat).map(|placing| placing.rank),
                })
                .collect(),
            created_at: record.created_at.to_string(),
            ended_at: end.at.to_string(),
            end: reason_name(&end.reason),
            rematch: (now <= until)
                .then(|| RematchInfo { key: rematch_key(record.id).to_string(), until: until.to_string() }),
        })
    }
}

/// List what you played
///
/// Matches that the caller sat in and that are over: with whom, how they went, what they made of ratings.
#[utoipa::path(
    get, path = "/v1/me/matches", tag = "accounts", security(("bearer" = [])), params(HistoryQuery),
    responses(
        (status = 200, description = "A page of matches, the newest end first.", body = HistoryBody),
        (status = 400, description = "not a game name, or limit: a page has 1 to 200 items"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this is not for keys with scopes; sign in"),
        (status = 422, description = "the cursor is not one of `next_cursor`"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_played(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    UrlQuery(query): UrlQuery<HistoryQuery>,
) -> Result<Json<HistoryBody>, Problem> {
    let after = query.cursor.as_deref().map(read_match_place).transpose()?;
    let page = PageRequest { after, limit: limit(query.limit)? };
    app.matches.flush().await;
    let page = app.store.played(&caller.account, query.game.as_ref(), &page).await?;
    let now = app.clock.now();
    let items = page.items.into_iter().filter_map(|played| PlayedBody::new(played, &caller.account, now));
    Ok(Json(HistoryBody { items: items.collect(), next_cursor: page.next.map(write_match_place) }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::testing::Stage;

    #[tokio::test]
    async fn players_see_what_they_played_with_whom_and_how_it_went() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        stage.publish("go").await;
        let ann = stage.post("/v1/accounts", json!({"name": "ann", "password": "correct horse"})).await.expect(201);
        let bob = stage.post("/v1/accounts", json!({"name": "bob", "password": "correct horse"})).await.expect(201);
        let token = |who: &Value| who["access_token"].as_str().unwrap().to_owned();
        let mut ids = Vec::new();
        for game in ["chess", "go", "chess"] {
            let seat = stage.play_as(&token(&ann), game, json!({"create": "private"})).await.expect(201);
            stage.play_as(&token(&bob), game, json!({"code": seat["match"]["code"]})).await.expect(200);
            let id = seat["match"]["id"].as_str().unwrap().to_owned();
            stage.clock.advance(Duration::from_secs(1));
            stage.host.finish(&id);
            stage.settled().await;
            ids.push(id);
        }
        let listed = async |query: &str| {
            let page = stage.get(&format!("/v1/me/matches{query}")).bearer(&token(&bob)).await.expect(200);
            let items = page["items"].as_array().unwrap().clone();
            (items, page["next_cursor"].as_str().map(str::to_owned))
        };
        let (items, cursor) = listed("?limit=2").await;
        assert_eq!((&items[0]["match"], &items[1]["match"]), (&json!(ids[2]), &json!(ids[1])));
        assert_eq!((&items[0]["seat"], &items[0]["end"]), (&json!(1), &json!("finished")));
        assert_eq!(items[0].get("rank"), None, "of him the game said nothing");
        assert_eq!(items[0]["players"][0], json!({"id": ann["player"]["id"], "name": "ann", "bot": false, "rank": 1}));
        assert_eq!(items[0]["rematch"]["key"], format!("rematch:{}", ids[2]));
        let (rest, end) = listed(&format!("?limit=2&cursor={}", cursor.unwrap())).await;
        assert_eq!((rest.len(), &rest[0]["match"], end), (1, &json!(ids[0]), None));
        assert_eq!(listed("?game=go").await.0.len(), 1);
        let delete = json!({"confirm": ann["player"]["id"], "password": "correct horse"});
        assert_eq!(stage.post("/v1/me/delete", delete).bearer(&token(&ann)).await.status, 204);
        stage.clock.advance(Duration::from_secs(3600));
        let session = stage.post("/v1/sessions", json!({"name": "bob", "password": "correct horse"})).await.expect(200);
        let page = stage.get("/v1/me/matches").bearer(session["access_token"].as_str().unwrap()).await.expect(200);
        assert_eq!(page["items"][0]["players"][0]["name"], "deleted", "an id that means nobody is left");
        assert_eq!(page["items"][0].get("rematch"), None);
        stage.get("/v1/me/matches?cursor=AAAA").bearer(session["access_token"].as_str().unwrap()).await.expect(422);
        stage.get("/v1/me/matches").await.expect(401);
    }
}
