//! `PUT /v1/games/{game}/versions/{version}/web`: the pages that a version is played with.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use serde::Serialize;
use stadion_protocol::{GameName, VersionId};
use utoipa::ToSchema;

use super::owned;
use super::publish::HeadError;
use crate::App;
use crate::api::wire::VersionPath;
use crate::http::{Authenticated, Extras, Fault, Kind, Problem, UrlPath, UrlQuery};
use crate::web::{BundleError, Contents, Policy};

/// A version's web bundle.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BundleBody {
    /// The game.
    #[schema(example = "tictactoe")]
    game: String,
    /// The version.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    version: String,
    /// The first 16 digits of the SHA-256 of what was sent.
    #[schema(example = "9f86d081884c7d65")]
    bundle: String,
    /// Files in it.
    #[schema(example = 7)]
    files: usize,
    /// Their size together.
    #[schema(example = 48_120)]
    bytes: u64,
    /// Where it is played: the newest version, or that of the match whose `?code=` is given.
    #[schema(example = "/play/tictactoe")]
    play: String,
}

impl BundleBody {
    fn new(game: &GameName, version: VersionId, contents: &Contents) -> BundleBody {
        BundleBody {
            game: game.to_string(),
            version: version.to_string(),
            bundle: contents.bundle.clone(),
            files: contents.files.len(),
            bytes: contents.files.values().map(|file| file.bytes).sum(),
            play: format!("/play/{game}"),
        }
    }
}

impl Fault for BundleError {
    fn kind(&self) -> Kind {
        match self {
            BundleError::Pack(_) | BundleError::Policy(_) => Kind::Invalid,
            BundleError::Upload(error) => error.kind(),
            BundleError::Blobs(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            BundleError::Upload(error) => error.extras(),
            _ => Extras::default(),
        }
    }
}

/// Give a version its web bundle
///
/// The body is a tar of static files with an `index.html` at its top. Players find it at `/play/{game}`; a link with
/// `?code=` leads to the bundle of that match's own version. Sent again, it takes the place of the one before. Headers are
/// strict unless the query loosens them.
#[utoipa::path(
    put, path = "/v1/games/{game}/versions/{version}/web", operation_id = "publish_web", tag = "games",
    security(("bearer" = [])), params(VersionPath, Policy),
    request_body(content = Vec<u8>, content_type = "application/x-tar", description = "The files, at most 64 MiB."),
    responses(
        (status = 200, description = "The bundle.", body = BundleBody),
        (status = 400, description = "the body broke off, or the query does not read"),
        (status = 401, description = "the bearer token is not valid"),
        (status = 403, description = "only the owner of the game and operators may do that"),
        (status = 404, description = "there is no such version"),
        (status = 408, description = "the body came too slowly"),
        (status = 413, description = "uploads are at most 67108864 bytes"),
        (status = 422, description = "there are none, or they are not accepted: the path \"../index.html\" is not accepted"),
        (status = 429, description = "too many uploads at once"),
        (status = 503, description = "the store is unavailable"),
    )
)]
pub(crate) async fn publish_web(
    State(app): State<Arc<App>>,
    UrlPath((game, id)): UrlPath<(GameName, VersionId)>,
    UrlQuery(policy): UrlQuery<Policy>,
    Authenticated(caller): Authenticated,
    body: Body,
) -> Result<Json<BundleBody>, Problem> {
    let version = owned(&app, &caller, game, id).await?;
    let most = app.config.web.bundle_bytes;
    if body.size_hint().lower() > most {
        return Err(HeadError::TooLarge(most).into());
    }
    let contents = app.bundles.keep(&version.game, &id.into(), policy, body).await?;
    Ok(Json(BundleBody::new(&version.game, id, &contents)))
}

#[cfg(test)]
mod tests {
    use crate::testing::Stage;
    use crate::web::tar_of;

    #[tokio::test]
    async fn only_the_owner_gives_a_version_its_bundle() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let path = format!("/v1/games/chess/versions/{}/web", version["version"].as_str().unwrap());
        let bundle = || tar_of(&[("index.html", b"<p>chess")]).into();
        let other = stage.another_developer().await;
        stage.put(&path, bundle()).bearer(&other).await.expect(403);
        stage.put(&path, bundle()).bearer(&stage.guest().await).await.expect(403);
        let kept = stage.put(&path, bundle()).bearer(&stage.developer_key).await.expect(200);
        assert_eq!((&kept["files"], &kept["bytes"], &kept["play"]), (&1.into(), &8.into(), &"/play/chess".into()));
        let unknown = format!("/v1/games/chess/versions/{}/web", "0".repeat(64));
        stage.put(&unknown, bundle()).bearer(&stage.developer_key).await.expect(404);
    }

    #[tokio::test]
    async fn what_is_no_bundle_is_refused_with_the_reason() {
        let stage = Stage::with(|config| config.web.bundle_bytes = 64 * 1024).await;
        let version = stage.publish("chess").await;
        let path = format!("/v1/games/chess/versions/{}/web", version["version"].as_str().unwrap());
        let good = tar_of(&[("index.html", b"<p>chess")]);
        for (query, body, status, text) in [
            ("", tar_of(&[("../index.html", b"")]), 422, "../index.html"),
            ("", tar_of(&[("page.html", b"")]), 422, "index.html"),
            ("", vec![0; 65 * 1024], 413, "65536"),
            ("", Vec::new(), 422, "empty"),
            ("?connect=nowhere", good.clone(), 422, "origin"),
            ("?unsafe=true", good, 400, "unsafe"),
        ] {
            let answer = stage.put(&format!("{path}{query}"), body.into()).bearer(&stage.developer_key).await;
            let problem = answer.expect(status);
            assert!(problem["detail"].as_str().unwrap().contains(text), "{problem}");
        }
    }

    #[tokio::test]
    async fn a_new_bundle_takes_the_place_of_the_one_before() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let blobs = stage.blob_count().await;
        let path = format!("/v1/games/chess/versions/{}/web", version["version"].as_str().unwrap());
        for page in [&b"one"[..], b"two", b"two"] {
            stage.put(&path, tar_of(&[("index.html", page)]).into()).bearer(&stage.developer_key).await.expect(200);
            assert_eq!(stage.blob_count().await, blobs + 2, "a tar and its contents");
        }
    }
}
