//! Documents of games over REST: for the game's owner all of them, for players their own as the game allows.
//!
//! The version of a document is its ETag; `If-Match` and `If-None-Match: *` are the compare-and-set of `storage`.

mod access;
mod delete;
mod get;
mod list;
mod put;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{IF_MATCH, IF_NONE_MATCH};
use serde::{Deserialize, Serialize};
use stadion_protocol::{GameName, PlayerId};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::accounts::Caller;
use crate::games::CatalogError;
use crate::http::{Fault, Kind, Problem, header_text};
use crate::model::{DocumentError, DocumentPlace, InvalidDocumentKey, PlayerAccess, Role};

pub(super) fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list_documents))
        .routes(routes!(get::get_document, put::put_document, delete::delete_document))
        .routes(routes!(access::get_storage_access, access::set_storage_access))
}

/// A document in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the names themselves")]
pub(super) struct DocumentPath {
    /// The game's name.
    #[param(example = "tictactoe", pattern = "^[a-z][a-z0-9-]{0,39}$")]
    game: String,
    /// Its key: 1 to 256 bytes, percent-encoded.
    #[param(example = "record", min_length = 1, max_length = 256)]
    key: String,
}

/// Whose document.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct WhoseQuery {
    /// Account id of the player whose it is; none: the game's own.
    #[param(example = "p-5f1c0ad2b6e94c1d01020304")]
    player: Option<String>,
}

/// What a document must be to be changed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it documents the headers; `expected` reads them")]
pub(super) struct Condition {
    /// The document's ETag: change that version alone.
    #[serde(rename = "If-Match")]
    #[param(example = "\"3\"")]
    if_match: Option<String>,
    /// `*`: write it only where there is none.
    #[serde(rename = "If-None-Match")]
    #[param(example = "*")]
    if_none_match: Option<String>,
}

/// A document, without its content.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DocumentBody {
    /// Its key.
    #[schema(example = "record")]
    key: String,
    /// Its version: rises with every write.
    #[schema(example = 3)]
    version: u64,
    /// Bytes of its content.
    #[schema(example = 48)]
    size: u32,
    /// When it was written.
    #[schema(example = "2026-11-20T10:00:00.000Z")]
    changed_at: String,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(super) enum StorageError {
    /// Not a key.
    #[error(transparent)]
    Key(#[from] InvalidDocumentKey),
    /// Not an id.
    #[error("player: not an account id")]
    Player,
    /// The condition cannot be read.
    #[error("{0} takes one ETag of a document, such as \"3\"; If-None-Match takes * where there is to be none")]
    Condition(&'static str),
    /// There is no such document.
    #[error("there is no such document")]
    NoDocument,
    /// Somebody else's.
    #[error("only the game's owner and operators reach the documents of others and of the game")]
    NotOwn,
    /// For the owner alone.
    #[error("only the game's owner and operators may do that")]
    NotOwner,
    /// The game does not let its players.
    #[error("this game lets its players {0} their documents by its matches alone; its owner can open that")]
    NotOpen(&'static str),
    /// See [`DocumentError`].
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl Fault for StorageError {
    fn kind(&self) -> Kind {
        match self {
            StorageError::Key(_) | StorageError::Player | StorageError::Condition(_) => Kind::Invalid,
            StorageError::NoDocument | StorageError::Document(DocumentError::NotFound) => Kind::NotFound,
            StorageError::NotOwn | StorageError::NotOwner | StorageError::NotOpen(_) => Kind::Forbidden,
            StorageError::Document(DocumentError::Conflict(_)) => Kind::VersionConflict,
            StorageError::Document(DocumentError::TooLarge) => Kind::TooLarge,
            StorageError::Document(DocumentError::PlayerQuota | DocumentError::GameQuota) => Kind::Quota,
            StorageError::Document(DocumentError::Forgotten) => Kind::Gone,
        }
    }
}

/// The document that a request is about, if the caller may do that with it.
async fn place(
    app: &App,
    caller: &Caller,
    (game, key): (GameName, String),
    (whose, needed): (WhoseQuery, PlayerAccess),
) -> Result<DocumentPlace, Problem> {
    let player = reached(app, caller, &game, (whose.player, needed)).await?;
    let key = key.parse().map_err(StorageError::Key)?;
    Ok(DocumentPlace { game, player, key })
}

/// Whose documents a caller wants, if it may do that with them: owner and operators everything, others what the game allows
/// with their own.
async fn reached(
    app: &App,
    caller: &Caller,
    game: &GameName,
    (whose, needed): (Option<String>, PlayerAccess),
) -> Result<Option<PlayerId>, Problem> {
    let entry = app.store.game(game).await?.ok_or_else(|| CatalogError::UnknownGame(game.clone()))?;
    let player: Option<PlayerId> = whose.map(|text| text.parse()).transpose().map_err(|_| StorageError::Player)?;
    if entry.game.owner == caller.account || caller.role == Role::Operator {
        return Ok(player);
    }
    if player.as_ref() != Some(&caller.account) {
        return Err(StorageError::NotOwn.into());
    }
    match (app.store.player_access(game).await?, needed) {
        (PlayerAccess::Write, _) | (PlayerAccess::Read, PlayerAccess::Read) => Ok(player),
        (_, PlayerAccess::Write) => Err(StorageError::NotOpen("write").into()),
        _ => Err(StorageError::NotOpen("read").into()),
    }
}

/// The version that the headers expect: none, or 0 for no document.
fn expected(headers: &HeaderMap) -> Result<Option<u64>, StorageError> {
    if let Some(text) = header_text(headers, IF_NONE_MATCH.as_str()) {
        return if text.trim() == "*" { Ok(Some(0)) } else { Err(StorageError::Condition("If-None-Match")) };
    }
    let refused = StorageError::Condition("If-Match");
    match headers.get(IF_MATCH) {
        None => Ok(None),
        Some(value) => value.to_str().ok().and_then(version).map(Some).ok_or(refused),
    }
}

/// The version that an ETag stands for.
fn version(tag: &str) -> Option<u64> {
    let digits = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    digits.parse().ok().filter(|version| *version > 0 && *version <= i64::MAX.unsigned_abs())
}

fn tag(version: u64) -> String {
    format!("\"{version}\"")
}
