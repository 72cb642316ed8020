//! `GET /v1/games/{game}/matches`: all matches of a game, for its owner.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use stadion_protocol::{GameName, InvalidId};
use utoipa::IntoParams;

use crate::App;
use crate::api::matches::list::{MatchesBody, StateBody};
use crate::api::versions::check_owner;
use crate::api::wire::{GamePath, limit, read_match_place};
use crate::http::{Authenticated, Fault, Kind, Problem, UrlPath, UrlQuery};
use crate::model::{
    InvalidHostName, InvalidTime, MatchFilter, MatchNarrowing, PageRequest, REASON_NAMES, UnixMs, Viewer,
};

/// Which matches are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct GameMatchesQuery {
    /// Only in this state.
    #[param(inline)]
    state: Option<StateBody>,
    /// Only of this version, 64 hexadecimal digits.
    version: Option<String>,
    /// Only on this host.
    #[param(example = "h-5f1c0ad2b6e94c1d")]
    host: Option<String>,
    /// Only those that ended so: `finished`, `closed`, `empty`, `too-long`, `trapped`, `over-budget`, `over-quota`,
    /// `host-failed`, `diverged` or `poisoned`.
    #[param(example = "trapped")]
    end: Option<String>,
    /// Created then or later, RFC 3339.
    #[param(example = "2026-11-20T10:00:00Z")]
    since: Option<String>,
    /// Created before that, RFC 3339.
    #[param(example = "2026-11-20T11:00:00Z")]
    until: Option<String>,
    /// `next_cursor` of the page before; none: from the newest.
    cursor: Option<String>,
    /// Matches of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// Why matches are not listed.
#[derive(Debug, thiserror::Error)]
enum GameMatchesError {
    #[error("version: {0}")]
    Version(InvalidId),
    #[error(transparent)]
    Host(#[from] InvalidHostName),
    #[error("end: one of {}", REASON_NAMES.join(", "))]
    End,
    #[error("{0}: {1}")]
    Time(&'static str, InvalidTime),
}

impl Fault for GameMatchesError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

fn narrowing(query: &GameMatchesQuery) -> Result<MatchNarrowing, GameMatchesError> {
    let time = |what, text: &Option<String>| {
        text.as_deref().map(str::parse::<UnixMs>).transpose().map_err(|error| GameMatchesError::Time(what, error))
    };
    let named = |end: &str| REASON_NAMES.iter().copied().find(|name| *name == end).ok_or(GameMatchesError::End);
    Ok(MatchNarrowing {
        version: query.version.as_deref().map(str::parse).transpose().map_err(GameMatchesError::Version)?,
        host: query.host.as_deref().map(str::parse).transpose()?,
        end: query.end.as_deref().map(named).transpose()?,
        since: time("since", &query.since)?,
        until: time("until", &query.until)?,
    })
}

/// List a game's matches
///
/// All of them, private ones too, for the game's owner and operators; with results where the game finished.
#[utoipa::path(
    get, path = "/v1/games/{game}/matches", tag = "games", security(("bearer" = [])),
    params(GamePath, GameMatchesQuery),
    responses(
        (status = 200, description = "Matches, newest first.", body = MatchesBody),
        (status = 400, description = "not a game name, a state that is none, or limit: a page has 1 to 200 items"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may"),
        (status = 404, description = "there is no such game"),
        (status = 422, description = "a version, host, end, time or cursor that is none"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn list_game_matches(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
    UrlQuery(query): UrlQuery<GameMatchesQuery>,
) -> Result<Json<MatchesBody>, Problem> {
    check_owner(&app, &caller, &game).await?;
    let narrowing = narrowing(&query)?;
    let state = query.state.map(StateBody::filter);
    // What its owner may see is all of it.
    let filter = MatchFilter { game: Some(game), state, viewer: Viewer::Operator, narrowing };
    let after = query.cursor.as_deref().map(read_match_place).transpose()?;
    let page = app.matches.list(&filter, &PageRequest { after, limit: limit(query.limit)? }).await?;
    Ok(Json(MatchesBody::new(page, query.state)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    #[tokio::test]
    async fn owners_list_all_matches_of_a_game_by_how_they_went() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await["version"].as_str().unwrap().to_owned();
        let mut ids = Vec::new();
        for visibility in ["private", "public", "private"] {
            let seat = stage.play("chess", json!({"create": visibility})).await.expect(201);
            ids.push(seat["match"]["id"].as_str().unwrap().to_owned());
            stage.clock.advance(std::time::Duration::from_secs(1));
        }
        stage.host.finish(&ids[0]);
        stage.host.trap(&ids[1], "unreachable");
        stage.settled().await;
        let path = "/v1/games/chess/matches";
        let listed = async |query: &str| {
            let page = stage.get(&format!("{path}?{query}")).bearer(&stage.developer_key).await.expect(200);
            let ids: Vec<_> =
                page["items"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect();
            (ids, page["next_cursor"].as_str().map(str::to_owned))
        };
        let expect = |wanted: &[usize]| wanted.iter().map(|&i| ids[i].clone()).collect::<Vec<_>>();
        for (query, wanted) in [
            (String::new(), &[2, 1, 0][..]),
            ("state=ended".to_owned(), &[1, 0]),
            ("state=running".to_owned(), &[2]),
            ("end=trapped".to_owned(), &[1]),
            ("end=finished&host=h-stage".to_owned(), &[0]),
            ("host=h-other".to_owned(), &[]),
            (format!("version={version}&until=2030-01-01T00:00:00Z"), &[2, 1, 0]),
            ("since=2030-01-01T00:00:00Z".to_owned(), &[]),
        ] {
            assert_eq!(listed(&query).await.0, expect(wanted), "{query}");
        }
        let (first, cursor) = listed("limit=2").await;
        assert_eq!(first, expect(&[2, 1]));
        assert_eq!(listed(&format!("limit=2&cursor={}", cursor.unwrap())).await, (expect(&[0]), None));
        let page = stage.get(&format!("{path}?end=finished")).bearer(&stage.developer_key).await.expect(200);
        assert_eq!(page["items"][0]["results"]["placings"], json!([{"seat": 0, "rank": 1, "score": 3}]));
        for (query, status) in [("end=won", 422), ("version=x", 422), ("since=x", 422), ("state=x", 400)] {
            stage.get(&format!("{path}?{query}")).bearer(&stage.developer_key).await.expect(status);
        }
        stage.get(path).bearer(&stage.guest().await).await.expect(403);
    }
}
