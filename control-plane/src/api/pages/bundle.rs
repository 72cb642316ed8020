//! `GET /play/{game}`: the pages of a game.
//!
//! ```text
//!   /play/chess               ─▶ /play/chess/@<version>.<bundle>/             the newest version's
//!   /play/chess?code=KBQT     ─▶ /play/chess/@<version>.<bundle>/?code=KBQT   that of the match's own version
//!   /play/chess/@../main.js      a file: it never changes, so it is kept for ever
//!   /play/chess/@../             the page itself: looks anew which bundle is right, and sends the browser there
//! ```
//! So a link that a player copies from the address bar stays good when the game moves on: a page that is older than its
//! match needs only to be reloaded.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use hyper::{HeaderMap, Uri};
use serde::Deserialize;
use stadion_protocol::{GameName, MatchCode, MatchId};

use super::{ASK_AGAIN, authority, moved, quoted, sent_to, unchanged};
use crate::App;
use crate::api::endpoints::browser_origins;
use crate::games::CatalogError;
use crate::http::{Fault, Kind, Problem, UrlPath, UrlQuery};
use crate::web::{Cage, Contents, INDEX, Place, Slot, content_type};

/// Versions that are looked through for a bundle, from the newest back.
const VERSIONS: u16 = 20;
/// Files are named by what they hold.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Which match a page is opened for. Games may have parameters of their own besides.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    code: Option<String>,
    r#match: Option<String>,
}

/// Nothing to show.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// No version has a bundle.
    #[error("the game {0} has no web client; play it in a terminal: stadion play {0}")]
    NoBundle(GameName),
    /// Not in the bundle, or the bundle was replaced.
    #[error("there is no {0:?} in this bundle; reload the page")]
    NoFile(String),
}

impl Fault for PageError {
    fn kind(&self) -> Kind {
        Kind::NotFound
    }
}

/// A version's bundle.
struct Bundle {
    slot: Slot,
    contents: Contents,
}

impl Bundle {
    fn folder(&self, game: &GameName) -> String {
        format!("/play/{game}/@{}.{}/", self.slot.as_str(), self.contents.bundle)
    }
}

/// Open a game's page
pub(super) async fn enter(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    UrlQuery(wanted): UrlQuery<Wanted>,
    uri: Uri,
    request: HeaderMap,
) -> Result<Response, Problem> {
    if let Place::There(there) = place(&app, &game, &request).await? {
        return Ok(sent_to(&there, uri.path_and_query().map_or("/", |path| path.as_str())));
    }
    let bundle = right_one(&app, &game, &wanted).await?;
    Ok(moved(with_query(bundle.folder(&game), uri.query())))
}

/// A file of a bundle
pub(super) async fn file(
    State(app): State<Arc<App>>,
    UrlPath((game, path)): UrlPath<(GameName, String)>,
    UrlQuery(wanted): UrlQuery<Wanted>,
    uri: Uri,
    request: HeaderMap,
) -> Result<Response, Problem> {
    let cage = match place(&app, &game, &request).await? {
        Place::There(there) => return Ok(sent_to(&there, uri.path_and_query().map_or("/", |path| path.as_str()))),
        Place::Here(cage) => cage,
    };
    let Some((slot, named, file)) = parse(&path) else { return Err(PageError::NoFile(path).into()) };
    let is_page = file == INDEX;
    let bundle = if is_page {
        let right = right_one(&app, &game, &wanted).await?;
        if (&right.slot, right.contents.bundle.as_str()) != (&slot, named) {
            return Ok(moved(with_query(right.folder(&game), uri.query())));
        }
        right
    } else {
        let contents = app.bundles.contents(&game, &slot).await?.filter(|contents| contents.bundle == named);
        Bundle { slot, contents: contents.ok_or_else(|| PageError::NoFile(path.clone()))? }
    };
    send(&app, &game, &bundle, file, Request { headers: &request, cage, is_page }).await
}

/// What a file is asked for with.
struct Request<'a> {
    headers: &'a HeaderMap,
    cage: Cage,
    is_page: bool,
}

async fn send(
    app: &App,
    game: &GameName,
    bundle: &Bundle,
    path: &str,
    request: Request<'_>,
) -> Result<Response, Problem> {
    let Bundle { slot, contents } = bundle;
    let missing = || PageError::NoFile(path.to_owned());
    let file = contents.files.get(path).ok_or_else(missing)?;
    let tag = quoted(&file.tag);
    if let Some(unchanged) = unchanged(request.headers, &tag) {
        return Ok(unchanged);
    }
    let bytes = app.bundles.file(game, slot, &contents.bundle, file).await?.ok_or_else(missing)?;
    let mut gateways = browser_origins(&app.host.endpoints(), request.headers);
    if let Some(replicas) = &app.replicas {
        let others = replicas.web_origins().await?;
        gateways.extend(others.into_iter().filter(|origin| !gateways.contains(origin)).collect::<Vec<_>>());
    }
    let policy = contents.policy.headers(&gateways, request.cage);
    let caching = if request.is_page { ASK_AGAIN } else { FOR_EVER };
    let plain = [(CONTENT_TYPE, content_type(path)), (CACHE_CONTROL, caching)];
    let own = [(CONTENT_LENGTH, file.bytes.to_string()), (ETAG, tag)];
    Ok((policy, plain, own, Body::from_stream(bytes)).into_response())
}

async fn place(app: &App, game: &GameName, request: &HeaderMap) -> Result<Place, Problem> {
    let entry = app.store.game(game).await?.ok_or_else(|| CatalogError::UnknownGame(game.clone()))?;
    Ok(app.home.of_bundle(authority(request), &entry.game.owner))
}

/// The bundle of the wanted match's version; where that has none, or no match is wanted, that of `stable`, else
/// the newest.
async fn right_one(app: &App, game: &GameName, wanted: &Wanted) -> Result<Bundle, Problem> {
    if let Some(slot) = slot_of(app, game, wanted).await?
        && let Some(contents) = app.bundles.contents(game, &slot).await?
    {
        return Ok(Bundle { slot, contents });
    }
    let stable = app.store.game(game).await?.and_then(|entry| entry.latest).map(|(id, _)| id);
    let mut versions = app.store.versions(game, VERSIONS).await?;
    versions.retain(|version| version.retired_at.is_none());
    // What most players get goes first, whatever is newer for a few.
    versions.sort_by_key(|version| Some(version.id) != stable);
    for version in versions {
        let slot = Slot::from(version.id);
        if let Some(contents) = app.bundles.contents(game, &slot).await? {
            return Ok(Bundle { slot, contents });
        }
    }
    Err(PageError::NoBundle(game.clone()).into())
}

/// That of the version that the wanted match runs now: it may have been upgraded since it was created. A match that is over, or
/// none at all, is for the page to find out and to tell.
async fn slot_of(app: &App, game: &GameName, wanted: &Wanted) -> Result<Option<Slot>, Problem> {
    let code: Option<MatchCode> = wanted.code.as_deref().and_then(|code| code.parse().ok());
    let id: Option<MatchId> = wanted.r#match.as_deref().and_then(|id| id.parse().ok());
    let id = match (code, id) {
        (Some(code), _) => app.live.by_code(&code).await?.map(|live| live.id),
        (None, id) => id,
    };
    let Some(id) = id else { return Ok(None) };
    let running = match app.host.status(id).await {
        Ok(status) => Some((status.game, status.version)),
        // It may run on another replica.
        Err(_) => app.live.by_id(id).await?.map(|live| (live.game, live.version)),
    };
    Ok(running.filter(|(of, _)| of == game).map(|(_, version)| version.into()))
}

/// Slot, bundle and file of `@<version>.<bundle>/<file>`; without a file it is the page.
fn parse(path: &str) -> Option<(Slot, &str, &str)> {
    let (head, file) = path.strip_prefix('@')?.split_once('/')?;
    let (slot, bundle) = head.split_once('.')?;
    Some((Slot::parse(slot)?, bundle, if file.is_empty() { INDEX } else { file }))
}

fn with_query(mut path: String, query: Option<&str>) -> String {
    if let Some(query) = query {
        path.push('?');
        path.push_str(query);
    }
    path
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{Answer, Stage, wasm};
    use crate::web::tar_of;

    async fn bundle(stage: &Stage, version: &Value, page: &str, query: &str) -> String {
        let version = version["version"].as_str().unwrap();
        let path = format!("/v1/games/chess/versions/{version}/web{query}");
        let tar = tar_of(&[("index.html", page.as_bytes()), ("js/main.js", b"run()"), ("empty.txt", b"")]);
        let kept = stage.put(&path, tar.into()).bearer(&stage.developer_key).await.expect(200);
        format!("/play/chess/@{}.{}/", &version[..16], kept["bundle"].as_str().unwrap())
    }

    async fn at_home() -> Stage {
        let stage = Stage::new().await;
        stage.control_plane.keep_at_home(&stage.developer_key).await;
        stage
    }

    fn assert_sent_to(answer: &Answer, place: &str) {
        assert_eq!((answer.status, answer.header("location")), (307, place));
    }

    #[tokio::test]
    async fn a_game_is_opened_in_its_newest_bundle() {
        let stage = at_home().await;
        let one = stage.publish("chess").await;
        stage.get("/play/chess").await.expect(404);
        let first = bundle(&stage, &one, "one", "").await;
        assert_sent_to(&stage.get("/play/chess").await, &first);
        let page = stage.get(&first).await;
        assert_eq!((page.status, page.body.as_slice()), (200, &b"one"[..]));
        assert_eq!(page.header("cache-control"), "no-cache");

        let two = stage.put("/v1/games/chess/versions", wasm("two")).bearer(&stage.developer_key).await.expect(201);
        assert_sent_to(&stage.get("/play/chess?x=1").await, &format!("{first}?x=1"));
        let second = bundle(&stage, &two, "two", "").await;
        assert_sent_to(&stage.get(&first).await, &second);
        stage.get("/play/go").await.expect(404);
    }

    #[tokio::test]
    async fn a_code_leads_to_the_bundle_of_the_matchs_own_version() {
        let stage = at_home().await;
        let one = stage.publish("chess").await;
        let first = bundle(&stage, &one, "one", "").await;
        let seat = stage.play("chess", json!({"create": "private"})).await.expect(201);
        let code = seat["match"]["code"].as_str().unwrap();
        let two = stage.put("/v1/games/chess/versions", wasm("two")).bearer(&stage.developer_key).await.expect(201);
        let second = bundle(&stage, &two, "two", "").await;
        for (query, folder) in [
            (format!("?code={code}"), &first),
            (format!("?match={}", seat["match"]["id"].as_str().unwrap()), &first),
            ("?code=ZZZZ".to_owned(), &second),
        ] {
            assert_sent_to(&stage.get(&format!("/play/chess{query}")).await, &format!("{folder}{query}"));
            assert_eq!(stage.get(&format!("{folder}{query}")).await.status, 200);
        }
        assert_sent_to(&stage.get(&format!("{second}?code={code}")).await, &format!("{first}?code={code}"));
    }

    #[tokio::test]
    async fn files_are_typed_and_kept_for_ever() {
        let stage = at_home().await;
        let version = stage.publish("chess").await;
        let folder = bundle(&stage, &version, "one", "").await;
        let path = format!("{folder}js/main.js");
        let script = stage.get(&path).await;
        assert_eq!((script.status, script.body.as_slice()), (200, &b"run()"[..]));
        assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(script.header("content-length"), "5");
        assert_eq!(stage.get(&path).with("if-none-match", script.header("etag")).await.status, 304);
        assert_eq!(stage.get(&format!("{folder}empty.txt")).await.body, b"");
        for wrong in ["js/other.js", "js/", "../main.js"] {
            assert_eq!(stage.get(&format!("{folder}{wrong}")).await.status, 404, "{wrong}");
        }
        bundle(&stage, &version, "two", "").await;
        stage.get(&path).await.expect(404);
    }

    #[tokio::test]
    async fn headers_are_strict_and_loosened_by_the_bundle_alone() {
        let stage = at_home().await;
        let version = stage.publish("chess").await;
        let folder = bundle(&stage, &version, "one", "").await;
        let page = stage.get(&folder).with("host", "localhost:7878").await;
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self';"), "{policy}");
        assert!(policy.ends_with("blob: https://127.0.0.1:7879 ws://localhost:7878"), "{policy}");
        let folder = bundle(&stage, &version, "one", "?wasm=true&isolated=true").await;
        let page = stage.get(&folder).await;
        assert!(page.header("content-security-policy").contains("'wasm-unsafe-eval'"));
        assert_eq!(page.header("cross-origin-embedder-policy"), "require-corp");
    }

    #[tokio::test]
    async fn owners_are_kept_apart_from_each_other() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let folder = bundle(&stage, &version, "one", "").await;
        let sent = stage.get("/play/chess?code=KBQT").with("host", "localhost:7878").await;
        let there = sent.header("location").to_owned();
        let authority = there.trim_start_matches("//").split('/').next().unwrap().to_owned();
        assert!(authority.ends_with(".localhost:7878") && there.ends_with("/play/chess?code=KBQT"), "{there}");
        let page = stage.get(&folder).with("host", &authority).await;
        assert_eq!(page.status, 200);
        assert!(!page.header("content-security-policy").contains("sandbox"));
        assert_sent_to(
            &stage.get(&folder).with("host", "p-other.localhost:7878").await,
            &format!("//{authority}{folder}"),
        );
        let caged = stage.get(&folder).with("host", "192.168.1.5:7878").await;
        assert!(caged.header("content-security-policy").contains("sandbox allow-scripts"));
    }
}
