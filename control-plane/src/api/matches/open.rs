//! `GET /v1/games/{game}/matches/open`: matches that anybody may join.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use stadion_protocol::{GameName, MatchId, VersionId};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::api::wire::{GamePath, PageError, limit, read_cursor, write_cursor};
use crate::http::{Fault, Kind, Problem, UrlPath, UrlQuery};
use crate::matches::{InvalidFilter, LabelFilter, OpenEntry};
use crate::model::UnixMs;

/// Begins a parameter that is about the label.
const LABEL: &str = "label.";

/// Which open matches are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OpenQuery {
    /// Only those whose label, a JSON object of the game's, has this value in its field `map`. Any other field is asked for in
    /// the same way, up to eight at once: `label.mode=ranked`; a number also by a range that includes both ends:
    /// `label.round=2..5`, `label.round=2..`.
    #[serde(rename = "label.map")]
    #[param(example = "desert", max_length = 64)]
    #[allow(dead_code, reason = "it documents one of any number of parameters")]
    label_map: Option<String>,
    /// Only matches of this version, 64 hexadecimal digits.
    #[param(pattern = "^[0-9a-f]{64}$")]
    version: Option<String>,
    /// Only matches on hosts in this region.
    #[param(example = "eu")]
    region: Option<String>,
    /// Only those with so many free seats at least.
    #[param(minimum = 1, default = 1)]
    free: Option<u16>,
    /// `next_cursor` of the page before; none: from the newest.
    cursor: Option<String>,
    /// Items of the page at most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
}

/// A page of open matches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenMatchesBody {
    /// Newest first.
    items: Vec<OpenMatchBody>,
    /// For the next page; none: this was the last.
    #[schema(example = "MTc5")]
    next_cursor: Option<String>,
}

/// A match that anybody may join.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenMatchBody {
    /// Its id: `play` with `{"match": ".."}` joins it.
    #[schema(example = "01h455vb4pex5vsknk084sn02q")]
    id: String,
    /// What friends type to join it.
    #[schema(example = "KBQT")]
    code: String,
    /// The version that it runs.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: String,
    /// The host that runs it.
    #[schema(example = "h-1")]
    host: Option<String>,
    /// Where that stands, by the operator's name for it.
    #[schema(example = "eu")]
    region: Option<String>,
    /// Seats that nobody has or keeps.
    #[schema(example = 2)]
    free: u16,
    /// How many seats it has in all.
    #[schema(example = 4)]
    seat_count: u16,
    /// The game's public label, JSON as it wrote it; empty before it sets one.
    #[schema(example = r#"{"map":"desert","round":2}"#)]
    label: String,
    /// RFC 3339.
    #[schema(example = "2026-11-20T10:00:00.000Z", format = DateTime)]
    created_at: String,
}

/// A query that does not fit.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Label(#[from] InvalidFilter),
    /// No number of seats.
    #[error("free: 1 to 65535 seats")]
    Free,
    /// No version has that form.
    #[error("version: 64 hexadecimal digits")]
    Version,
    /// Not one of ours.
    #[error("unknown parameter {0:?}; a field of the label is asked for by `label.FIELD`")]
    Unknown(String),
}

impl Fault for OpenError {
    fn kind(&self) -> Kind {
        match self {
            OpenError::Label(InvalidFilter::Fields | InvalidFilter::Range(_)) => Kind::Invalid,
            _ => Kind::BadRequest,
        }
    }
}

/// List open matches
///
/// Public matches of a game that take players now, on every replica, the newest first: at most 1,000. Filters on the label
/// find a map or a mode; `play` with an item's id or code joins it, unless somebody else was faster.
#[utoipa::path(
    get, path = "/v1/games/{game}/matches/open", tag = "matches", security(()), params(GamePath, OpenQuery),
    responses(
        (status = 200, description = "Matches that take players, newest first.", body = OpenMatchesBody),
        (status = 400, description = "the query does not read"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 404, description = "there is no such game"),
        (status = 422, description = "the cursor is not one of `next_cursor`, or a range is empty"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(crate) async fn list_open_matches(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    UrlQuery(pairs): UrlQuery<Vec<(String, String)>>,
) -> Result<Json<OpenMatchesBody>, Problem> {
    let wanted = Wanted::read(pairs)?;
    // What runs may be played, whatever there is to begin.
    app.catalog.released(&game).await?;
    let mut fitting = app.live.open.of_game(&game).await?;
    fitting.retain(|entry| wanted.fits(entry));
    let more = fitting.len() > wanted.limit;
    fitting.truncate(wanted.limit);
    let last = fitting.last().filter(|_| more);
    let next_cursor = last.map(|last| write_cursor(&format!("{}.{}", last.since.0, last.id)));
    Ok(Json(OpenMatchesBody { items: fitting.into_iter().map(OpenMatchBody::from).collect(), next_cursor }))
}

/// What is asked for, read.
struct Wanted {
    label: LabelFilter,
    version: Option<VersionId>,
    region: Option<String>,
    free: u16,
    after: Option<(UnixMs, MatchId)>,
    limit: usize,
}

impl Wanted {
    fn read(pairs: Vec<(String, String)>) -> Result<Wanted, Problem> {
        let mut fields = Vec::new();
        let mut query = OpenQuery::default();
        for (name, value) in pairs {
            match (name.strip_prefix(LABEL), name.as_str()) {
                (Some(field), _) => fields.push((field.to_owned(), value)),
                (None, "version") => query.version = Some(value),
                (None, "region") => query.region = Some(value),
                (None, "free") => query.free = Some(value.parse().map_err(|_| OpenError::Free)?),
                (None, "cursor") => query.cursor = Some(value),
                (None, "limit") => query.limit = Some(value.parse().map_err(|_| PageError::Limit)?),
                (None, _) => return Err(OpenError::Unknown(name.chars().take(64).collect()).into()),
            }
        }
        let free = query.free.unwrap_or(1);
        if free == 0 {
            return Err(OpenError::Free.into());
        }
        Ok(Wanted {
            label: LabelFilter::new(fields).map_err(OpenError::from)?,
            version: query.version.map(|text| text.parse().map_err(|_| OpenError::Version)).transpose()?,
            region: query.region,
            free,
            after: query.cursor.as_deref().map(place).transpose()?,
            limit: usize::from(limit(query.limit)?),
        })
    }

    fn fits(&self, entry: &OpenEntry) -> bool {
        let behind = |(since, id): (UnixMs, MatchId)| entry.since < since || (entry.since == since && entry.id > id);
        entry.free >= self.free
            && self.version.is_none_or(|version| entry.version == version)
            && self.region.as_ref().is_none_or(|wanted| entry.region.as_ref().is_some_and(|r| r.as_str() == wanted))
            && self.after.is_none_or(behind)
            && self.label.fits(&entry.label)
    }
}

fn place(cursor: &str) -> Result<(UnixMs, MatchId), PageError> {
    let text = read_cursor(cursor)?;
    let (since, id) = text.split_once('.').ok_or(PageError::Cursor)?;
    Ok((UnixMs(since.parse().map_err(|_| PageError::Cursor)?), id.parse().map_err(|_| PageError::Cursor)?))
}

impl From<OpenEntry> for OpenMatchBody {
    fn from(entry: OpenEntry) -> OpenMatchBody {
        OpenMatchBody {
            id: entry.id.to_string(),
            code: entry.code.to_string(),
            version: entry.version.to_string(),
            host: entry.host.map(|host| host.to_string()),
            region: entry.region.map(|region| region.to_string()),
            free: entry.free,
            seat_count: entry.seats,
            label: entry.label,
            created_at: entry.since.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use crate::testing::Stage;

    /// What is listed under a query, once that is as it should be.
    async fn listed(stage: &Stage, query: &str, expected: &[&Value]) {
        let expected: Vec<&str> = expected.iter().map(|seat| seat["match"]["id"].as_str().unwrap()).collect();
        let mut ids = Vec::new();
        for _ in 0..1000 {
            let page = stage.get(&format!("/v1/games/chess/matches/open?{query}")).await.expect(200);
            ids = page["items"].as_array().unwrap().iter().map(|m| m["id"].as_str().unwrap().to_owned()).collect();
            if ids == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{query}: {ids:?} are listed, not {expected:?}");
    }

    async fn create(stage: &Stage, visibility: &str) -> Value {
        stage.clock.advance(Duration::from_millis(1));
        stage.play("chess", json!({"create": visibility})).await.expect(201)
    }

    #[tokio::test]
    async fn public_matches_with_a_free_seat_are_listed_and_joined_by_id() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let (older, newer, hidden) =
            (create(&stage, "public").await, create(&stage, "public").await, create(&stage, "private").await);
        listed(&stage, "", &[&newer, &older]).await;
        let page = stage.get("/v1/games/chess/matches/open?limit=1").await.expect(200);
        assert_eq!((&page["items"][0]["free"], &page["items"][0]["seat_count"]), (&json!(1), &json!(2)));
        assert_eq!(page["items"][0]["code"], newer["match"]["code"]);
        let cursor = page["next_cursor"].as_str().unwrap();
        listed(&stage, &format!("limit=1&cursor={cursor}"), &[&older]).await;
        let joined = stage.play("chess", json!({"match": older["match"]["id"]})).await.expect(200);
        assert_eq!(joined["match"], older["match"]);
        listed(&stage, "", &[&newer]).await;
        stage.play("chess", json!({"match": hidden["match"]["id"]})).await.expect(404);
        stage.host.leave(older["match"]["id"].as_str().unwrap(), 1);
        listed(&stage, "", &[&newer, &older]).await;
        stage.host.finish(newer["match"]["id"].as_str().unwrap());
        listed(&stage, "", &[&older]).await;
        stage.play("chess", json!({"match": newer["match"]["id"]})).await.expect(404);
    }

    #[tokio::test]
    async fn labels_find_a_map_and_a_match_that_closes_is_not_listed() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let (desert, forest) = (create(&stage, "public").await, create(&stage, "public").await);
        let id = |seat: &Value| seat["match"]["id"].as_str().unwrap().to_owned();
        stage.host.say(&id(&desert), true, r#"{"map":"desert","round":3}"#);
        stage.host.say(&id(&forest), true, r#"{"map":"forest","round":7}"#);
        listed(&stage, "label.map=desert", &[&desert]).await;
        listed(&stage, "label.round=4..", &[&forest]).await;
        listed(&stage, "label.round=..9&label.map=forest", &[&forest]).await;
        stage.host.say(&id(&desert), false, r#"{"map":"desert"}"#);
        listed(&stage, "", &[&forest]).await;
        let there = stage.play("chess", json!({})).await.expect(200);
        assert_eq!(there["match"], forest["match"], "one that is closed is passed over");
        stage.play("chess", json!({"match": id(&desert)})).await.expect(409);
        stage.host.say(&id(&desert), true, "");
        listed(&stage, "", &[&desert]).await;
        let late = stage.play("chess", json!({})).await.expect(200);
        assert_eq!(late["match"], desert["match"], "it takes players again");
    }

    #[tokio::test]
    async fn queries_that_do_not_fit_are_refused() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        for (query, status) in [
            ("limit=0", 400),
            ("limit=x", 400),
            ("free=0", 400),
            ("cursor=AAAA", 422),
            ("label.round=5..2", 422),
            ("label.=1", 400),
            ("map=desert", 400),
            ("version=12", 400),
        ] {
            stage.get(&format!("/v1/games/chess/matches/open?{query}")).await.expect(status);
        }
        stage.get("/v1/games/go/matches/open").await.expect(404);
    }
}
