//! `GET /v1/events/hosts`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::HeaderMap;

use super::{EventsPage, EventsQuery, filter, page, stream};
use crate::App;
use crate::http::{Authenticated, Problem, UrlQuery};
use crate::model::EventScope;

/// Hear what happens on hosts
///
/// For operators: hosts that come, go and are drained; with `host` everything that happened on that one, in all games. As
/// pages or as a stream, as events of games are.
#[utoipa::path(
    get, path = "/v1/events/hosts", tag = "system", security(("bearer" = [])),
    params(
        EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was heard."),
    ),
    responses(
        (status = 200, description = "A page of events, or a stream.", content(
            (EventsPage = "application/json"),
            (String = "text/event-stream"),
        )),
        (status = 400, description = "limit: a page has 1 to 200 items"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role operator"),
        (status = 422, description = "a kind, match, host, time or cursor that is none"),
        (status = 503, description = "the store is unavailable, or too many streams are open"),
    )
)]
pub(crate) async fn get_host_events(
    State(app): State<Arc<App>>,
    UrlQuery(query): UrlQuery<EventsQuery>,
    _caller: Authenticated,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scope = if query.host.is_some() { EventScope::Everything } else { EventScope::NoGame };
    let filter = filter(&query, scope)?;
    if stream::is_wanted(&headers) {
        return stream::follow(&app, filter, &headers).await;
    }
    Ok(Json(page(&app, &query, &filter).await?).into_response())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn operators_read_what_came_went_and_ran_on_hosts() {
        let dir = tempfile::tempdir().unwrap();
        let killed = Stage::on_disk(dir.path()).await;
        killed.publish("chess").await;
        killed.play("chess", json!({})).await.expect(201);
        // Its rows are written behind; what is asked is answered after them.
        killed.get("/v1/games/chess/events").bearer(&killed.developer_key).await.expect(200);
        let stage = Stage::on_disk(dir.path()).await;
        let operator = stage.control_plane.create_operator_key("operator").await.unwrap();
        let told = async |stage: &Stage, query: &str| {
            let page = stage.get(&format!("/v1/events/hosts{query}")).bearer(&operator).await.expect(200);
            let items = page["items"].as_array().unwrap().clone();
            items.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told(&stage, "").await, ["host.up", "host.down", "host.up"], "it went without a word");
        let lost = "?kind=host.down,match.failed,match.started&host=h-stage";
        assert_eq!(told(&stage, lost).await, ["host.down", "match.failed", "match.started"]);
        stage.get("/v1/events/hosts").bearer(&stage.developer_key).await.expect(403);
        stage.play("chess", json!({})).await.expect(201);
        stage.control_plane.drain();
        stage.get("/readyz").await.expect(503);
        assert_eq!(told(&stage, "?limit=1").await, ["host.drained"], "it is told while the host is still there");
        stage.finish().await;
        let after = Stage::on_disk(dir.path()).await;
        assert_eq!(told(&after, "?limit=3").await, ["host.up", "host.down", "host.drained"], "and told once");
        let page = after.get("/v1/events/hosts?limit=3").bearer(&operator).await.expect(200);
        let data: Vec<_> = page["items"].as_array().unwrap().iter().map(|event| event["data"].clone()).collect();
        let there = json!({"matches": 1, "hibernated": 0, "players": 0});
        assert_eq!(data, [json!({"after": "start"}), json!({"why": "stopped"}), there]);
    }
}
