//! The server's own pages, as the binary embedded them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::HeaderMap;
use hyper::Uri;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue};

use super::{ASK_AGAIN, authority, quoted, sent_to, unchanged};
use crate::App;
use crate::web::{Place, SitePage, page_headers};

/// Strict: these pages hold keys. They may talk to any gateway, since a fleet has many.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self' https: ws: wss:";

/// The client library, for pages of every origin.
const LIBRARY: &str = "/client/";

pub(super) fn routes(router: Router<Arc<App>>, site: &'static [SitePage]) -> Router<Arc<App>> {
    site.iter().fold(router, |router, page| {
        let router = router.route(page.path, get(move |app, uri, headers| serve(page, app, uri, headers)));
        match page.path.strip_suffix('/').filter(|path| !path.is_empty()) {
            // Relative links need the slash.
            Some(bare) => router.route(bare, get(move || std::future::ready(super::moved(page.path.to_owned())))),
            None => router,
        }
    })
}

async fn serve(page: &'static SitePage, State(app): State<Arc<App>>, uri: Uri, request: HeaderMap) -> Response {
    let public = page.path.starts_with(LIBRARY);
    if !public && let Place::There(there) = app.home.of_site(authority(&request)) {
        return sent_to(&there, uri.path_and_query().map_or("/", |path| path.as_str()));
    }
    let tag = quoted(&page.tag());
    if let Some(unchanged) = unchanged(&request, &tag) {
        return unchanged;
    }
    let mut headers = page_headers(POLICY);
    if public {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    }
    let plain = [(CONTENT_TYPE, page.content_type()), (CACHE_CONTROL, ASK_AGAIN)];
    (headers, plain, [(ETAG, tag)], page.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use crate::testing::Stage;
    use crate::web::SitePage;

    const SITE: &[SitePage] = &[
        SitePage { path: "/", bytes: b"<p>start" },
        SitePage { path: "/playground/", bytes: b"<p>playground" },
        SitePage { path: "/client/stadion.js", bytes: b"export {}" },
    ];

    async fn stage() -> Stage {
        Stage::with(|config| config.web.site = SITE).await
    }

    #[tokio::test]
    async fn pages_are_served_with_their_type_and_asked_for_once() {
        let stage = stage().await;
        let page = stage.get("/client/stadion.js").await;
        assert_eq!((page.status, page.body.as_slice()), (200, &b"export {}"[..]));
        assert_eq!(page.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(page.header("access-control-allow-origin"), "*");
        let again = stage.get("/client/stadion.js").with("if-none-match", page.header("etag")).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(stage.get("/").await.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(stage.get("/playground").await.header("location"), "/playground/");
    }

    #[tokio::test]
    async fn pages_that_hold_keys_are_not_shown_on_an_owners_origin() {
        let stage = stage().await;
        let sent = stage.get("/playground/?game=chess").with("host", "p-1.localhost:7878").await;
        assert_eq!((sent.status, sent.header("location")), (307, "//localhost:7878/playground/?game=chess"));
        assert_eq!(stage.get("/client/stadion.js").with("host", "p-1.localhost:7878").await.status, 200);
    }
}
