//! How uploads fare: the last word, and every word as it comes.

mod events;
mod get;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::games::InvalidUploadName;
use crate::http::{Fault, Kind};

/// Everything about uploads.
pub(super) fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get::get_upload)).routes(routes!(events::get_upload_events))
}

/// An upload in a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it documents the path; handlers take the name itself")]
pub(super) struct UploadPath {
    /// As its publisher named it: `upload` of the request that publishes.
    #[param(example = "5f1c0ad2b6e94c1d", pattern = "^[A-Za-z0-9_-]{8,64}$")]
    upload: String,
}

impl Fault for InvalidUploadName {
    fn kind(&self) -> Kind {
        Kind::BadRequest
    }
}
