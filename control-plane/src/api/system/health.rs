//! `GET /livez` and `GET /readyz`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;

use crate::App;
use crate::http::{Extras, Fault, Kind, Problem};
use crate::store::StoreError;

/// Why requests should go elsewhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReady {
    /// On its way down.
    #[error("the server is going down")]
    GoingDown,
    /// The host takes no new matches.
    #[error("the host is draining")]
    Draining,
    /// See [`StoreError`].
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for NotReady {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }

    fn extras(&self) -> Extras {
        Extras { retry_after: Some(std::time::Duration::from_secs(1)), ..Extras::default() }
    }
}

/// Is the process alive?
///
/// For supervisors: it says yes as long as the process answers at all.
#[utoipa::path(
    get, path = "/livez", tag = "system",
    responses((status = 200, description = "It answers.", body = String, content_type = "text/plain", example = "ok"))
)]
pub(crate) async fn livez() -> &'static str {
    "ok"
}

/// Should requests come here?
///
/// For balancers: it says no while the store does not answer and once the server is going down.
#[utoipa::path(
    get, path = "/readyz", tag = "system",
    responses(
        (status = 200, description = "They should.", body = String, content_type = "text/plain", example = "ok"),
        (status = 503, description = "the host is draining"),
    )
)]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, Problem> {
    if app.going_down.load(Ordering::Acquire) {
        return Err(NotReady::GoingDown.into());
    }
    if app.host.load().draining {
        return Err(NotReady::Draining.into());
    }
    app.store.ping().await.map_err(NotReady::Store)?;
    Ok("ok")
}

#[cfg(test)]
mod tests {
    use crate::testing::Stage;

    #[tokio::test]
    async fn a_draining_host_makes_it_unready_and_not_dead() {
        let stage = Stage::new().await;
        assert_eq!(stage.get("/readyz").await.status, 200);
        stage.host.drain();
        stage.get("/readyz").await.expect(503);
        assert_eq!(stage.get("/livez").await.status, 200);
    }
}
