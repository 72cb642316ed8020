//! `PUT /v1/games/{game}/storage/{key}`: writes a document.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hyper::header::ETAG;
use stadion_protocol::GameName;
use stadion_protocol::contract::MAX_DOCUMENT_BYTES;

use super::{Condition, DocumentBody, DocumentPath, StorageError, WhoseQuery, expected, place, tag};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath, UrlQuery, whole_body};
use crate::model::{DocumentChange, DocumentError, PlayerAccess};

/// Write a document of a game
///
/// The body is its content: any bytes, at most 262,144. With `If-Match` it takes the place of that version alone, with
/// `If-None-Match: *` it is written where there is none. The game's owner writes all; players write their own, if the game
/// allows it: matches of the game then read what a player wrote.
#[utoipa::path(
    put, path = "/v1/games/{game}/storage/{key}", tag = "storage", security(("bearer" = [])),
    params(DocumentPath, WhoseQuery, Condition),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "Its content."),
    responses(
        (status = 200, description = "It is written.", body = DocumentBody,
            headers(("ETag" = String, description = "Its version, in quotes."))),
        (status = 400, description = "not a game name, or the body broke off"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this game lets its players write their documents by its matches alone; its owner can open that"),
        (status = 404, description = "there is no such game"),
        (status = 408, description = "the body came too slowly"),
        (status = 410, description = "the player's account was deleted: nothing more is kept of it"),
        (status = 412, description = "version 4 of the document is there (0: none), and another one was expected"),
        (status = 413, description = "a document has at most 262144 bytes"),
        (status = 422, description = "not a key, an account id or an ETag"),
        (status = 429, description = "the documents of this player in this game take too much room"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn put_document(
    State(app): State<Arc<App>>,
    UrlPath(path): UrlPath<(GameName, String)>,
    UrlQuery(whose): UrlQuery<WhoseQuery>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Response, Problem> {
    let place = place(&app, &caller, path, (whose, PlayerAccess::Write)).await?;
    let expect = expected(request.headers())?;
    let data = whole_body(request.into_body(), MAX_DOCUMENT_BYTES).await?;
    let data = data.ok_or(StorageError::Document(DocumentError::TooLarge))?;
    let now = app.clock.now();
    let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let key = place.key.as_str().to_owned();
    let change = DocumentChange { place, expect, data: Some(data.to_vec()), once: None };
    let changed = app.store.change_document(&change, &app.config.documents, now).await?;
    let version = changed.map_err(StorageError::Document)?;
    let body = DocumentBody { key, version, size, changed_at: now.to_string() };
    Ok(([(ETAG, tag(version))], Json(body)).into_response())
}
