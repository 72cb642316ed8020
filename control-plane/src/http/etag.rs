//! Entity tags (RFC 9110, section 8.8.3): a hash of the JSON that is sent, so that nothing has to be counted or kept for them.
//!
//! Whoever has an answer already and asks again with `If-None-Match` is told so without the body; a change with `If-Match` is
//! made only to what its maker has seen.

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde::Serialize;
use utoipa::IntoParams;

use super::extract::header_text;

/// Answers that are longer are sent without a tag: hashing one of this size takes a millisecond.
const LONGEST: u64 = 1024 * 1024;

/// Digits of a tag: 64 bits, since it tells apart what one thing has been.
const DIGITS: usize = 16;

/// Middleware around every endpoint.
pub(crate) async fn tag_answers(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let held: Vec<String> = listed(header_text(request.headers(), IF_NONE_MATCH.as_str())).map(str::to_owned).collect();
    let response = next.run(request).await;
    if !is_tagged(&response) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(body) = body.collect().await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let body = body.to_bytes();
    let tag = tag_of(&body);
    // A weak comparison, as for every GET.
    let same = held.iter().any(|one| one == "*" || one.trim_start_matches("W/") == tag);
    head.headers.insert(ETAG, HeaderValue::try_from(tag).expect("digits and quotes"));
    if !head.headers.contains_key(CACHE_CONTROL) {
        // It may be somebody's own, and may change: kept by nobody else, and asked for again.
        head.headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    if same {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(CONTENT_TYPE);
        head.headers.remove(hyper::header::CONTENT_LENGTH);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(body))
}

/// Whole JSON of a reasonable length. Streams have no exact length.
fn is_tagged(response: &Response) -> bool {
    let json = header_text(response.headers(), CONTENT_TYPE.as_str()) == Some("application/json");
    let length = response.body().size_hint().exact();
    json && response.status() == StatusCode::OK
        && !response.headers().contains_key(ETAG)
        && length.is_some_and(|length| length <= LONGEST)
}

fn tag_of(body: &[u8]) -> String {
    format!("\"{}\"", &blake3::hash(body).to_hex()[..DIGITS])
}

fn listed(header: Option<&str>) -> impl Iterator<Item = &str> {
    header.into_iter().flat_map(|list| list.split(',')).map(str::trim).filter(|one| !one.is_empty())
}

/// What the maker of a change has seen, if it says so.
pub(crate) struct IfMatch(Option<Vec<String>>);

impl IfMatch {
    /// Whether a change may be made to what would be answered now; `None`: there is nothing yet.
    pub(crate) fn allows(&self, now: Option<impl Serialize>) -> bool {
        let Some(seen) = &self.0 else { return true };
        let tag = now.and_then(|now| serde_json::to_vec(&now).ok()).map(|json| tag_of(&json));
        // Strong: a weak tag is never the same (RFC 9110, section 13.1.1).
        tag.is_some_and(|tag| seen.iter().any(|one| one == "*" || *one == tag))
    }

    /// Whether anything was said.
    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<IfMatch, Self::Rejection> {
        let header = header_text(&parts.headers, IF_MATCH.as_str());
        Ok(IfMatch(header.map(|header| listed(Some(header)).map(str::to_owned).collect())))
    }
}

/// What lets a change through only if nothing has changed since.
#[derive(serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it documents the header; `IfMatch` reads it")]
pub(crate) struct IfMatchHeader {
    /// The `ETag` of what is to be changed, as it was read: it is changed only if it is still that.
    #[serde(rename = "If-Match")]
    #[param(example = "\"9f86d081884c7d65\"")]
    if_match: Option<String>,
}

/// Names of headers that pages on other hosts may send.
pub(super) const CONDITIONS: [HeaderName; 2] = [IF_MATCH, IF_NONE_MATCH];

#[cfg(test)]
mod tests {
    use crate::testing::{Stage, wasm};

    #[tokio::test]
    async fn what_is_held_already_is_not_sent_again() {
        let stage = Stage::new().await;
        let version = stage.publish("chess").await;
        let id = version["version"].as_str().unwrap();
        for path in [
            "/v1/games".to_owned(),
            "/v1/games/chess".to_owned(),
            "/v1/games/chess/versions".to_owned(),
            format!("/v1/games/chess/versions/{id}"),
            "/openapi.json".to_owned(),
        ] {
            let first = stage.get(&path).await;
            let tag = first.header("etag").to_owned();
            assert!(first.status == 200 && tag.len() == 18, "{path}: {tag}");
            assert_eq!(first.header("cache-control"), "private, no-cache");
            for held in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
                let again = stage.get(&path).with("if-none-match", &held).await;
                assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag.as_str()), "{path}");
                assert_ne!(again.header("x-request-id"), "");
            }
            let other = stage.get(&path).with("if-none-match", "\"0000000000000000\"").await;
            assert_eq!((other.status, &other.body), (200, &first.body));
        }
    }

    #[tokio::test]
    async fn a_tag_changes_with_what_it_stands_for() {
        let stage = Stage::new().await;
        stage.publish("chess").await;
        let tag = stage.get("/v1/games/chess").await.header("etag").to_owned();
        stage.put("/v1/games/chess/versions", wasm("two")).bearer(&stage.developer_key).await.expect(201);
        let changed = stage.get("/v1/games/chess").with("if-none-match", &tag).await;
        assert_eq!(changed.status, 200);
        assert_ne!(changed.header("etag"), tag);
        assert_eq!(stage.get("/v1/games/go").await.header("etag"), "", "no tag for problems");
    }
}
