//! Every request has an id: in its spans, in the answer's `x-request-id`, in problems.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use tracing::Instrument;

use super::problem::Problem;
use crate::App;
use crate::clock::random;

const HEADER: &str = "x-request-id";

/// Longest id of a caller's that is taken over.
const LONGEST: usize = 64;

/// The id, for whoever comes after.
#[derive(Clone)]
pub(super) struct RequestId(pub(super) String);

/// Middleware around everything: names the request, and writes the body of problems.
pub(crate) async fn name_requests(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let id = theirs(&request).unwrap_or_else(|| hex::encode(random::<8>(&*app.rng)));
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).instrument(span.clone()).await;
    tracing::debug!(parent: &span, status = response.status().as_u16(), "answered");
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let headers = std::mem::take(response.headers_mut());
        let status = response.status();
        response = (status, axum::Json(problem.body(&id))).into_response();
        response.headers_mut().extend(headers);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    }
    let headers = response.headers_mut();
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(HEADER, id);
    }
    response
}

fn theirs(request: &Request) -> Option<String> {
    let id = request.headers().get(HEADER)?.to_str().ok()?;
    let fits = (1..=LONGEST).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    fits.then(|| id.to_owned())
}
