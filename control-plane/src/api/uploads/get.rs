//! `GET /v1/uploads/{upload}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hyper::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::ToSchema;

use super::UploadPath;
use crate::App;
use crate::games::{UploadName, last_word};
use crate::http::{Authenticated, Fault, Kind, Problem, UrlPath};

/// How an upload fares.
#[derive(Serialize, ToSchema)]
#[allow(dead_code, reason = "it documents the body, which is passed on as it was kept")]
pub(crate) struct UploadBody {
    /// `receiving`, `waiting` for the compiler, `stage`, `published` or `refused`; why it was refused is the answer to the upload.
    #[schema(example = "stage")]
    state: String,
    /// While it is received.
    #[schema(example = json!(null))]
    received_bytes: Option<u64>,
    /// Of `stage`: `validate`, `componentize`, `contract`, `limits`, `compile`, `describe`, `prepare` or `sign`.
    #[schema(example = "compile")]
    stage: Option<String>,
    /// Of `published`.
    #[schema(example = json!(null))]
    version: Option<String>,
}

/// Nothing is known of it.
#[derive(Debug, thiserror::Error)]
#[error(
    "nothing is known of an upload of yours with this name: name it with `?upload=` where you publish, and ask within ten minutes"
)]
struct UnknownUpload;

impl Fault for UnknownUpload {
    fn kind(&self) -> Kind {
        Kind::NotFound
    }
}

/// Get how an upload fares
///
/// One of the caller's own, by the name that it gave it, for ten minutes after its last word. `/events` of it tells every word as
/// it comes.
#[utoipa::path(
    get, path = "/v1/uploads/{upload}", tag = "games", security(("bearer" = [])), params(UploadPath),
    responses(
        (status = 200, description = "The last word about it.", body = UploadBody),
        (status = 400, description = "not the name of an upload"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "this takes the role developer"),
        (status = 404, description = "nothing is known of it"),
        (status = 503, description = "coordination is unavailable"),
    )
)]
pub(crate) async fn get_upload(
    State(app): State<Arc<App>>,
    UrlPath(name): UrlPath<String>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Problem> {
    let name: UploadName = name.parse()?;
    let word = last_word(&*app.coordination, &caller.account, &name).await?.ok_or(UnknownUpload)?;
    Ok(([(CONTENT_TYPE, "application/json")], word).into_response())
}
