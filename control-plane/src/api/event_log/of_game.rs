//! `GET /v1/games/{game}/events`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::HeaderMap;
use stadion_protocol::GameName;

use super::{EventsPage, EventsQuery, filter, page, stream};
use crate::App;
use crate::api::versions::check_owner;
use crate::api::wire::GamePath;
use crate::http::{Authenticated, Problem, UrlPath, UrlQuery};
use crate::model::EventScope;

/// Hear what happens in a game
///
/// What its matches report, their beginning and end, what players report of others: for its owner and operators, for 30 days
/// and up to 64 MiB unless the configuration says otherwise. With `Accept: text/event-stream` events follow as they come, named by
/// their kind: from behind `Last-Event-ID`, else from `since`, else from now on, whichever replica they happen on. A stream
/// ends with the access token's life.
#[utoipa::path(
    get, path = "/v1/games/{game}/events", tag = "games", security(("bearer" = [])),
    params(
        GamePath,
        EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard."),
    ),
    responses(
        (status = 200, description = "A page of events, or a stream.", content(
            (EventsPage = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 400, description = "not a game name, or limit: a page has 1 to 200 items"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may"),
        (status = 404, description = "there is no such game"),
        (status = 422, description = "a kind, match, host, time or cursor that is none"),
        (status = 503, description = "the store is unavailable, or too many streams are open"),
    )
)]
pub(crate) async fn get_game_events(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    UrlQuery(query): UrlQuery<EventsQuery>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    check_owner(&app, &caller, &game).await?;
    let filter = filter(&query, EventScope::Game(game))?;
    if stream::is_wanted(&headers) {
        return stream::follow(&app, filter, &headers).await;
    }
    Ok(Json(page(&app, &query, &filter).await?).into_response())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Ears, Stage};

    fn kinds(page: &Value) -> Vec<&str> {
        page["items"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn the_owner_reads_what_happened_in_a_game() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        stage.publish("go").await;
        let player = stage.guest().await;
        let seat = stage.play_as(&player, "chess", json!({})).await.expect(201);
        let id = seat["match"]["id"].as_str().unwrap();
        stage.play("go", json!({})).await.expect(201);
        stage.host.report(id, "goal", r#"{"by":1}"#);
        stage.host.finish(id);
        stage.settled().await;
        let path = "/v1/games/chess/events";
        let page = stage.get(path).bearer(&stage.developer_key).await.expect(200);
        let mut told = kinds(&page);
        told.sort_unstable();
        assert_eq!(told, ["game.report", "match.ended", "match.started", "version.published"]);
        let page = stage.get(&format!("{path}?kind=game.report")).bearer(&stage.developer_key).await.expect(200);
        let report = &page["items"][0];
        assert_eq!((&report["name"], &report["data"]), (&json!("goal"), &json!({"by": 1})));
        assert_eq!((&report["match"], &report["game"]), (&json!(id), &json!("chess")));
        assert_eq!((&report["host"], &report["version"]), (&json!("h-stage"), &version["version"]));
        let narrowed = async |query: &str| {
            let page = stage.get(&format!("{path}?{query}")).bearer(&stage.developer_key).await.expect(200);
            page["items"].as_array().unwrap().len()
        };
        assert_eq!(narrowed(&format!("match={id}&kind=match.started,match.ended")).await, 2);
        assert_eq!(narrowed("since=2030-01-01T00:00:00Z").await, 0);
        assert_eq!(narrowed("until=2030-01-01T00:00:00Z&host=h-stage").await, 3);
        assert_eq!(narrowed("name=foul").await, 0);
        let first = stage.get(&format!("{path}?limit=2")).bearer(&stage.developer_key).await.expect(200);
        let cursor = first["next_cursor"].as_str().unwrap();
        assert_eq!(narrowed(&format!("limit=2&cursor={cursor}")).await, 2);
        for (query, status) in
            [("kind=match.begun", 422), ("since=yesterday", 422), ("match=x", 422), ("host=A", 422), ("limit=0", 400)]
        {
            stage.get(&format!("{path}?{query}")).bearer(&stage.developer_key).await.expect(status);
        }
        stage.get(path).bearer(&player).await.expect(403);
        stage.get("/v1/games/poker/events").bearer(&stage.developer_key).await.expect(404);
    }

    #[tokio::test]
    async fn events_are_followed_across_replicas_and_go_on_where_they_broke_off() {
        let stage = Stage::new().await;
        let there = stage.beside().await;
        stage.publish("chess").await;
        let path = "/v1/games/chess/events";
        let listen = |replica, last: Option<String>| {
            let call = Stage::get(replica, path).bearer(&stage.developer_key).with("accept", "text/event-stream");
            Ears::on(replica, if let Some(last) = last { call.with("last-event-id", &last) } else { call })
        };
        let mut ears = listen(&there, None).await;
        let seat = stage.play("chess", json!({})).await.expect(201);
        let id = seat["match"]["id"].as_str().unwrap();
        assert_eq!(ears.next("match.started").await["match"], id);
        let last = ears.last_id().to_owned();
        drop(ears);
        stage.host.report(id, "goal", "1");
        stage.host.trap(id, "unreachable");
        stage.settled().await;
        let mut ears = listen(&stage, Some(last)).await;
        assert_eq!(ears.next("match.failed").await["data"]["reason"], "trapped");
    }

    #[tokio::test]
    async fn a_game_that_reports_without_end_is_cut_short_and_told_so() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let seat = stage.play("chess", json!({})).await.expect(201);
        let id = seat["match"]["id"].as_str().unwrap();
        let large = format!("{:?}", "x".repeat(16_000));
        for _ in 0..400 {
            stage.host.report(id, "flood", &large);
        }
        stage.host.finish(id);
        stage.settled().await;
        let path = "/v1/games/chess/events?kind=events.dropped";
        let page = stage.get(path).bearer(&stage.developer_key).await.expect(200);
        let dropped = page["items"][0]["data"]["dropped"].as_u64().unwrap();
        assert!((100..200).contains(&dropped), "{dropped}");
    }
}
