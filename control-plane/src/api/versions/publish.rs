//! `POST` and `PUT /v1/games/{game}/versions`: publishing.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use hyper::header::{CONTENT_ENCODING, LOCATION};
use hyper::{HeaderMap, StatusCode};
use stadion_protocol::GameName;
use stadion_protocol::contract::{CompileError, CompileStage};
use std::time::Duration;

use super::VersionBody;
use crate::App;
use crate::api::wire::GamePath;
use crate::games::UploadError;
use crate::http::{Authenticated, Extras, Fault, Kind, Problem, UrlPath, header_text};

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
            UploadError::Store(error) => return error.extras(),
            UploadError::Coordination(error) => return error.extras(),
            UploadError::GoingDown => retry_after_s = Some(1),
            _ => {}
        }
        Extras {
            retry_after: retry_after_s.map(|after| Duration::from_secs(u64::from(after))),
            stage: stage.map(stage_name),
            ..Extras::default()
        }
    }
}

fn stage_name(stage: CompileStage) -> String {
    match stage {
        CompileStage::Validate => "validate",
        CompileStage::Componentize => "componentize",
        CompileStage::Contract => "contract",
        CompileStage::Limits => "limits",
        CompileStage::Compile => "compile",
        CompileStage::Describe => "describe",
    }
    .to_owned()
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
/// compiled, and is what is played from then on. The game is made when there is none of its name. Sending the same bytes
/// again changes nothing (and brings a retired version back). `curl -T game.wasm` sends a PUT.
#[utoipa::path(
    method(post, put), path = "/v1/games/{game}/versions", operation_id = "publish_version", tag = "games",
    security(("bearer" = [])), params(GamePath),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "The wasm file, at most 32 MiB."),
    responses(
        (status = 201, description = "The new version.", body = VersionBody),
        (status = 200, description = "The version that these bytes are already.", body = VersionBody),
        (status = 400, description = "the body broke off"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "the game belongs to somebody else"),
        (status = 408, description = "the body came too slowly"),
        (status = 413, description = "uploads are at most 33554432 bytes"),
        (status = 415, description = "send the wasm file as it is, without content-encoding"),
        (status = 422, description = "the body is empty, or the upload was not accepted: `stage` says by which check"),
        (status = 429, description = "too many uploads at once"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn publish_version(
    State(app): State<Arc<App>>,
    UrlPath(game): UrlPath<GameName>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, [(hyper::header::HeaderName, String); 1], Json<VersionBody>), Problem> {
    if header_text(&headers, CONTENT_ENCODING.as_str()).is_some_and(|encoding| encoding != "identity") {
        return Err(HeadError::Encoded.into());
    }
    let most = app.config.uploads.max_bytes;
    if body.size_hint().lower() > most {
        return Err(HeadError::TooLarge(most).into());
    }
    let receipt = app.uploads.publish(&caller, game, body).await?;
    let status = if receipt.known { StatusCode::OK } else { StatusCode::CREATED };
    let location = format!("/v1/games/{}/versions/{}/schema", receipt.version.game, receipt.version.id);
    Ok((status, [(LOCATION, location)], Json(VersionBody::from(receipt.version))))
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
