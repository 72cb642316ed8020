//! What handlers take from requests; whatever does not fit is a problem.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use serde::de::DeserializeOwned;

use super::body::BodyFault;
use super::problem::{Kind, Problem};
use crate::App;

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<ClientAddress, Self::Rejection> {
        // The accept loop always sets it; without a socket (a router called directly) there is one caller.
        Ok(parts.extensions.get().copied().unwrap_or(ClientAddress(Ipv4Addr::UNSPECIFIED.into())))
    }
}

/// A JSON body. No body at all counts as `{}`.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<JsonBody<T>, Problem> {
        check_type(request.headers())?;
        let limit = app.config.http.json_bytes;
        let bytes = whole_body(request.into_body(), limit).await?;
        let bytes =
            bytes.ok_or_else(|| Problem::new(Kind::TooLarge, format!("JSON bodies are at most {limit} bytes")))?;
        let bytes = if bytes.is_empty() { &b"{}"[..] } else { &bytes[..] };
        serde_json::from_slice(bytes).map(JsonBody).map_err(|error| {
            let kind = if error.is_data() { Kind::Invalid } else { Kind::BadRequest };
            Problem::new(kind, format!("the body: {error}"))
        })
    }
}

/// A body that is any bytes, at most so many: `None` if there are more.
pub(crate) async fn whole_body(body: Body, most: usize) -> Result<Option<Bytes>, Problem> {
    match Limited::new(body, most).collect().await {
        Ok(body) => Ok(Some(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(body_fault(error).into()),
    }
}

fn body_fault(error: Box<dyn std::error::Error + Send + Sync>) -> BodyFault {
    match error.downcast::<axum::Error>() {
        Ok(error) => BodyFault::from(*error),
        Err(error) => BodyFault::Broken(error.to_string()),
    }
}

/// `curl -d` names no JSON type by itself, but says so with another: only types that are none of ours are refused.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(value) = header_text(headers, CONTENT_TYPE.as_str()) else { return Ok(()) };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => Ok(()),
        _ => Err(Problem::new(Kind::UnsupportedMediaType, "send the body as application/json")),
    }
}

/// The text of a header, where it is one.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Names and ids in a path.
pub(crate) struct UrlPath<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for UrlPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<UrlPath<T>, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(UrlPath(value)),
            Err(error) => Err(Problem::new(Kind::BadRequest, error.body_text())),
        }
    }
}

/// The query of a URL.
pub(crate) struct UrlQuery<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for UrlQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<UrlQuery<T>, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(UrlQuery(value)),
            Err(error) => Err(Problem::new(Kind::BadRequest, error.body_text())),
        }
    }
}
