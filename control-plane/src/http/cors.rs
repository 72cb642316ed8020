//! Cross-origin requests (CORS, Fetch standard section 3.3): which pages on other hosts may read our answers. Callers
//! show bearer tokens, which browsers never send by themselves; so there are no credentials in the sense of CORS, and
//! cookies are neither set nor read.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::etag::CONDITIONS;
use super::extract::header_text;
use crate::games::OriginBook;

/// How long a browser may keep our answer to its preflight: Chromium's longest.
const KEPT_FOR: Duration = Duration::from_secs(7200);

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The layer around every endpoint. A page that is not allowed gets its answer without the header that lets it read it.
pub(crate) fn cors(origins: Arc<OriginBook>) -> CorsLayer {
    let allowed = AllowOrigin::predicate(move |origin: &HeaderValue, head| {
        let authority = header_text(&head.headers, HOST.as_str()).unwrap_or_default();
        origin.to_str().is_ok_and(|origin| origins.allows_path(origin, authority, head.uri.path()))
    });
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(request_headers())
        .expose_headers([ETAG, LOCATION, RETRY_AFTER, REQUEST_ID, RATE_LIMIT, RATE_LIMIT_POLICY])
        .max_age(KEPT_FOR)
}

fn request_headers() -> Vec<HeaderName> {
    let plain = [ACCEPT, AUTHORIZATION, CONTENT_TYPE, IDEMPOTENCY_KEY, LAST_EVENT_ID, REQUEST_ID];
    plain.into_iter().chain(CONDITIONS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Stage;

    const SITE: &str = "https://chess.example";

    async fn allow(stage: &Stage) {
        stage.publish("chess").await;
        stage.publish("go").await;
        let call = stage.put("/v1/games/chess/origins", json!({"origins": [SITE]}).to_string().into());
        call.with("content-type", "application/json").bearer(&stage.developer_key).await.expect(200);
    }

    #[tokio::test]
    async fn a_page_on_another_host_asks_first_and_then_plays() {
        let stage = Stage::new().await;
        allow(&stage).await;
        let preflight = stage
            .options("/v1/games/chess/play")
            .with("origin", SITE)
            .with("access-control-request-method", "POST")
            .with("access-control-request-headers", "authorization,content-type,idempotency-key")
            .await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, SITE));
        for part in ["authorization", "content-type", "idempotency-key"] {
            assert!(preflight.header("access-control-allow-headers").contains(part), "{part}");
        }
        assert!(preflight.header("access-control-allow-methods").contains("POST"));
        assert_eq!(preflight.header("access-control-allow-credentials"), "");
        assert!(preflight.header("vary").contains("origin"));

        let guest = stage.post("/v1/guests", json!({})).with("origin", SITE).await;
        assert_eq!(guest.header("access-control-allow-origin"), SITE);
        let token = guest.json()["access_token"].as_str().unwrap().to_owned();
        let seat = stage.post("/v1/games/chess/play", json!({})).bearer(&token).with("origin", SITE).await;
        assert_eq!((seat.status, seat.header("access-control-allow-origin")), (201, SITE));
        assert!(seat.header("access-control-expose-headers").contains("x-request-id"));
    }

    #[tokio::test]
    async fn errors_can_be_read_across_hosts_too() {
        let stage = Stage::new().await;
        allow(&stage).await;
        let refused = stage.post("/v1/games/chess/play", json!({})).with("origin", SITE).await;
        assert_eq!(refused.header("access-control-allow-origin"), SITE);
        assert_eq!(refused.expect(401)["code"], "unauthenticated");
    }

    #[tokio::test]
    async fn pages_that_nobody_allowed_read_nothing() {
        let stage = Stage::new().await;
        allow(&stage).await;
        for (origin, path) in [
            ("https://evil.example", "/v1/guests"),
            ("https://evil.example", "/v1/games/chess/play"),
            (SITE, "/v1/games/go/play"),
            ("null", "/v1/guests"),
        ] {
            let preflight =
                stage.options(path).with("origin", origin).with("access-control-request-method", "POST").await;
            assert_eq!(preflight.header("access-control-allow-origin"), "", "{origin} {path}");
            let answer = stage.post(path, json!({})).with("origin", origin).await;
            assert_eq!(answer.header("access-control-allow-origin"), "", "{origin} {path}");
        }
    }

    #[tokio::test]
    async fn the_servers_own_pages_and_a_developers_are_allowed_by_default() {
        let stage = Stage::new().await;
        for origin in ["http://localhost:5173", "http://127.0.0.1:8080", "https://play.example"] {
            let guest =
                stage.post("/v1/guests", json!({})).with("origin", origin).with("host", "play.example:7878").await;
            assert_eq!(guest.header("access-control-allow-origin"), origin);
        }
    }
}
