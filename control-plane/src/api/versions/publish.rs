//! `POST` and `PUT /v1/games/{game}/versions`: publishing.

use std::sync::Arc;

use axum::Json;
use axum::body::HttpBody;
use axum::extract::{Request, State};
use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, LOCATION};
use serde::Deserialize;
use stadion_protocol::GameName;
use stadion_protocol::contract::{CompileError, CompileStage};
use std::time::Duration;
use utoipa::IntoParams;

use super::{VersionBody, shown};
use crate::App;
use crate::api::wire::GamePath;
use crate::games::{Target, UploadError, stage_name};
use crate::http::{Authenticated, Extras, Fault, Kind, Problem, UrlPath, UrlQuery, header_text};
use crate::model::ChannelName;

impl Fault for UploadError {
    fn kind(&self) -> Kind {
        match self {
            UploadError::Busy { .. } | UploadError::Compile(CompileError::Busy { .. }) => Kind::TooMany,
            UploadError::NotOwner(_) => Kind::Forbidden,
            UploadError::Empty => Kind::Invalid,
            UploadError::TooLarge { .. } => Kind::TooLarge,
            UploadError::Body(fault) => fault.kind(),
            UploadError::Compile(CompileError::Child(_)) | UploadError::Mismatch | UploadError::Io(_) => Kind::Internal,
            UploadError::Compile(_) | UploadError::Setting(_) => Kind::CompileFailed,
            UploadError::Blobs(error) => error.kind(),
            UploadError::Quota(met) => met.kind(),
            UploadError::Release(error) => error.kind(),
            UploadError::Store(error) => error.kind(),
            UploadError::Coordination(error) => error.kind(),
            UploadError::GoingDown => Kind::Unavailable,
        }
    }

    fn extras(&self) -> Extras {
        let (mut retry_after_s, mut stage) = (None, None);
        match self {
            UploadError::Busy { retry_after_s: after }
            | UploadError::Compile(CompileError::Busy { retry_after_s: after }) => {
                retry_after_s = Some(*after);
            }
            UploadError::Compile(CompileError::Rejected { stage: at, .. }) => stage = Some(*at),
            UploadError::Compile(CompileError::OverLimit { .. }) => stage = Some(CompileStage::Compile),
            UploadError::Setting(_) => stage = Some(CompileStage::Describe),
            UploadError::Quota(met) => return met.extras(),
            UploadError::Release(error) => return error.extras(),
            UploadError::Store(error) => return error.extras(),
            UploadError::Coordination(error) => return error.extras(),
            UploadError::GoingDown => retry_after_s = Some(1),
            _ => {}
        }
        Extras {
            retry_after: retry_after_s.map(|after| Duration::from_secs(u64::from(after))),
            stage: stage.map(|stage| stage_name(stage).to_owned()),
            ..Extras::default()
        }
    }
}

/// What points at the version once it is published.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishQuery {
    /// The channel; made where there is none.
    #[param(default = "stable", pattern = "^[a-z][a-z0-9-]{0,31}$")]
    channel: Option<String>,
    /// Of the channel `canary`: to how many of a hundred players it is given from then on; none: as before, and 0 at first.
    #[param(minimum = 0, maximum = 100)]
    percent: Option<u8>,
    /// A name for this upload, by which its publisher follows it at `/v1/uploads/{upload}`.
    #[param(pattern = "^[A-Za-z0-9_-]{8,64}$")]
    upload: Option<String>,
}

/// What is said about a body before any of it is read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeadError {
    /// Compressed: 32 MiB of wasm could come out of a few KiB.
    #[error("send the wasm file as it is, without content-encoding")]
    Encoded,
    /// It announces more than is accepted.
    #[error("uploads are at most {0} bytes")]
    TooLarge(u64),
}

impl Fault for HeadError {
    fn kind(&self) -> Kind {
        match self {
            HeadError::Encoded => Kind::UnsupportedMediaType,
            HeadError::TooLarge(_) => Kind::TooLarge,
        }
    }
}

/// Publish a version
///
/// The body is the game's wasm file: a component, or a core module with embedded WIT types. It is checked, described and
/// compiled; then a channel points at it, `stable` unless another is named, and it is what is played there. The game is made when there is none of its name. Sending the same bytes
/// again compiles nothing (and brings a deprecated version back). `curl -T game.wasm` sends a PUT.
#[utoipa::path(
    method(post, put), path = "/v1/games/{game}/versions", operation_id = "publish_version", tag = "games",
    security(("bearer" = [])), params(GamePath, PublishQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The wasm file, at most 32 MiB."),
    responses(
        (status = 201, description = "The new version.", body = VersionBody),
        (status = 200, description = "The version that these bytes are already.", body = VersionBody),
        (status = 400, description = "the body broke off, or the query does not read"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "the game belongs to somebody else"),
        (status = 408, description = "the body came too slowly"),
        (status = 409, description = "the game has as many channels as it may, or others are changing them"),
        (status = 413, description = "uploads are at most 33554432 bytes"),
        (status = 415, description = "send the wasm file as it is, without content-encoding"),
        (status = 422, description = "the body is empty, or the upload was not accepted: `stage` says by which check"),
        (status = 429, description = "too many uploads at once, or a quota of the game's owner is used up"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn publish_version(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    UrlQuery(query): UrlQuery<PublishQuery>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<(StatusCode, [(hyper::header::HeaderName, String); 1], Json<VersionBody>), Problem> {
    let (head, body) = request.into_parts();
    if header_text(&head.headers, CONTENT_ENCODING.as_str()).is_some_and(|encoding| encoding != "identity") {
        return Err(HeadError::Encoded.into());
    }
    let most = app.config.uploads.max_bytes;
    if body.size_hint().lower() > most {
        return Err(HeadError::TooLarge(most).into());
    }
    let channel = query.channel.map_or(Ok(ChannelName::stable()), |name| name.parse())?;
    let upload = query.upload.as_deref().map(str::parse).transpose()?;
    let target = Target { game, channel, percent: query.percent, upload };
    let receipt = app.uploads.publish(&caller, target, body).await?;
    let status = if receipt.known { StatusCode::OK } else { StatusCode::CREATED };
    let location = format!("/v1/games/{}/versions/{}", receipt.version.game, receipt.version.id);
    Ok((status, [(LOCATION, location)], Json(shown(&app, receipt.version).await?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use stadion_protocol::contract::{CompileError, CompileStage};

    use crate::testing::{Stage, wasm};

    const PATH: &str = "/v1/games/chess/versions";

    #[tokio::test]
    async fn an_upload_is_named_by_its_hash_and_the_same_bytes_are_the_same_version() {
        let stage = Stage::new().await;
        let key = stage.developer_key.clone();
        let first = stage.put(PATH, wasm("one")).bearer(&key).await.expect(201);
        let hash = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(wasm("one")));
        assert_eq!(first["version"], hash);
        assert_eq!(first["short"], hash[..8]);
        let again = stage.put(PATH, wasm("one")).bearer(&key).await.expect(200);
        assert_eq!(again, first);
        assert_eq!(stage.compiler.compiled(), 1);
        stage.put(PATH, wasm("two")).bearer(&key).await.expect(201);
    }

    #[tokio::test]
    async fn a_refused_upload_says_where_and_why_and_leaves_nothing() {
        let stage = Stage::new().await;
        stage.compiler.refuse_with(CompileError::Rejected {
            stage: CompileStage::Contract,
            message: "unknown import `env::fork`".to_owned(),
        });
        let key = stage.developer_key.clone();
        let problem = stage.put(PATH, wasm("one")).bearer(&key).await.expect(422);
        assert_eq!(problem["stage"], "contract");
        assert_eq!(problem["detail"], "unknown import `env::fork`");
        stage.get("/v1/games/chess").await.expect(404);
        assert_eq!(stage.blob_count().await, 0);
    }

    #[tokio::test]
    async fn a_setting_out_of_range_is_refused_by_name() {
        let stage = Stage::new().await;
        stage.compiler.describe(|description| {
            description.settings = vec![("claim-seconds".to_owned(), "0".to_owned())];
        });
        let key = stage.developer_key.clone();
        let problem = stage.put(PATH, wasm("one")).bearer(&key).await.expect(422);
        assert!(problem["detail"].as_str().unwrap().contains("claim-seconds"));
        assert_eq!(stage.blob_count().await, 0);
    }

    #[tokio::test]
    async fn too_many_at_once_are_told_when_to_come_back() {
        let stage = Stage::new().await;
        stage.compiler.refuse_with(CompileError::Busy { retry_after_s: 7 });
        let key = stage.developer_key.clone();
        let refused = stage.put(PATH, wasm("one")).bearer(&key).await;
        assert_eq!(refused.header("retry-after"), "7");
        refused.expect(429);
    }

    #[tokio::test]
    async fn what_is_too_large_or_compressed_or_empty_is_refused() {
        let stage = Stage::with(|config| config.uploads.max_bytes = 2048).await;
        let key = stage.developer_key.clone();
        stage.put(PATH, vec![0; 2049].into()).bearer(&key).await.expect(413);
        stage.put(PATH, wasm("one")).bearer(&key).with("content-encoding", "gzip").await.expect(415);
        stage.put(PATH, bytes::Bytes::new()).bearer(&key).await.expect(422);
        assert_eq!(stage.blob_count().await, 0);
    }

    #[tokio::test]
    async fn a_game_is_its_owners() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let other = stage.another_developer().await;
        stage.put(PATH, wasm("two")).bearer(&other).await.expect(403);
        let guest = stage.guest().await;
        stage.put(PATH, wasm("two")).bearer(&guest).await.expect(403);
        let body = json!({});
        stage.post(PATH, body).await.expect(401);
    }
}
