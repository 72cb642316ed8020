//! `GET /v1/games/{game}/storage/{key}`: a document.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{HeaderMap, StatusCode};
use stadion_protocol::GameName;

use super::{DocumentPath, StorageError, WhoseQuery, place, tag};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath, UrlQuery, header_text};
use crate::model::PlayerAccess;

/// Whatever is in it, no browser shows it as a page of this server.
const HEADERS: [(HeaderName, &str); 4] = [
    (CONTENT_TYPE, "application/octet-stream"),
    (CONTENT_DISPOSITION, "attachment"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "private, no-cache"),
];

/// Read a document of a game
///
/// Its bytes, with its version as ETag. The game's owner reads all; players read their own, if the game allows it.
#[utoipa::path(
    get, path = "/v1/games/{game}/storage/{key}", tag = "storage", security(("bearer" = [])),
    params(
        DocumentPath, WhoseQuery,
        ("If-None-Match" = Option<String>, Header, description = "The ETag of what the caller has: 304 while that is the newest.", example = "\"3\""),
    ),
    responses(
        (status = 200, description = "The document.", body = Vec<u8>, content_type = "application/octet-stream",
            headers(("ETag" = String, description = "Its version, in quotes."))),
        (status = 304, description = "It is what the caller has."),
        (status = 400, description = "not a game name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this game lets its players read their documents by its matches alone; its owner can open that"),
        (status = 404, description = "there is no such document"),
        (status = 422, description = "a key of a document is 1 to 256 bytes of text without control characters"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn get_document(
    State(app): State<Arc<App>>,
    UrlPath(path): UrlPath<(GameName, String)>,
    UrlQuery(whose): UrlQuery<WhoseQuery>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = place(&app, &caller, path, (whose, PlayerAccess::Read)).await?;
    let document = app.store.document(&place).await?.ok_or(StorageError::NoDocument)?;
    let tag = tag(document.version);
    let held = header_text(&headers, IF_NONE_MATCH.as_str()).unwrap_or_default();
    if held.split(',').any(|held| held.trim() == tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    Ok((HEADERS, [(ETAG, tag)], document.data).into_response())
}
