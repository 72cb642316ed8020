//! `DELETE /v1/games/{game}/storage/{key}`: removes a document.

use std::sync::Arc;

use axum::extract::State;
use hyper::{HeaderMap, StatusCode};
use stadion_protocol::GameName;

use super::{Condition, DocumentPath, StorageError, WhoseQuery, expected, place};
use crate::App;
use crate::http::{Authenticated, Problem, UrlPath, UrlQuery};
use crate::model::{DocumentChange, PlayerAccess};

/// Remove a document of a game
///
/// With `If-Match`, that version alone.
#[utoipa::path(
    delete, path = "/v1/games/{game}/storage/{key}", tag = "storage", security(("bearer" = [])),
    params(DocumentPath, WhoseQuery, Condition),
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "not a game name"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this game lets its players write their documents by its matches alone; its owner can open that"),
        (status = 404, description = "there is no such document"),
        (status = 412, description = "version 4 of the document is there (0: none), and another one was expected"),
        (status = 422, description = "not a key, an account id or an ETag"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(super) async fn delete_document(
    State(app): State<Arc<App>>,
    UrlPath(path): UrlPath<(GameName, String)>,
    UrlQuery(whose): UrlQuery<WhoseQuery>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let place = place(&app, &caller, path, (whose, PlayerAccess::Write)).await?;
    let change = DocumentChange { place, expect: expected(&headers)?, data: None, once: None };
    let changed = app.store.change_document(&change, &app.config.documents, app.clock.now()).await?;
    changed.map_err(StorageError::Document)?;
    Ok(StatusCode::NO_CONTENT)
}
