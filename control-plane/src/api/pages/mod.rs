//! What browsers open: the web bundles of games below `/play/`, and the server's own pages. Not part of the API's document:
//! people and links come here, not programs.

mod bundle;
mod site;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::header::{CACHE_CONTROL, ETAG, HOST, IF_NONE_MATCH, LOCATION};
use hyper::{HeaderMap, StatusCode};

use crate::App;
use crate::http::header_text;

/// It may change: ask again, with the entity tag.
const ASK_AGAIN: &str = "no-cache";

/// Every page.
pub(super) fn routes(router: Router<Arc<App>>, app: &App) -> Router<Arc<App>> {
    let router = router
        .route("/play/{game}", get(bundle::enter))
        .route("/play/{game}/", get(bundle::enter))
        .route("/play/{game}/{*path}", get(bundle::file));
    site::routes(router, app.config.web.site)
}

/// The authority that the browser asked for; empty if it did not say.
fn authority(headers: &HeaderMap) -> &str {
    header_text(headers, HOST.as_str()).unwrap_or_default()
}

/// Elsewhere, by whichever scheme it came.
fn sent_to(authority: &str, path_and_query: &str) -> Response {
    moved(format!("//{authority}{path_and_query}"))
}

fn moved(to: String) -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to), (CACHE_CONTROL, "no-store".to_owned())]).into_response()
}

/// An answer of `NOT MODIFIED` for a browser that has this very thing already.
fn unchanged(request: &HeaderMap, tag: &str) -> Option<Response> {
    let held = header_text(request, IF_NONE_MATCH.as_str())?;
    let same = held.split(',').any(|one| one.trim().trim_start_matches("W/") == tag);
    same.then(|| (StatusCode::NOT_MODIFIED, [(ETAG, tag.to_owned())]).into_response())
}

/// An entity tag as it stands in a header.
fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}
