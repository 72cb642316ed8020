//! What replicas ask of one another; nobody else is answered, and it is in no document.

mod orders;
mod seats;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;

use crate::App;
use crate::matches::{ORDERS, target};

/// The routes of a replica among others.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route(&target("{id}"), post(seats::seat)).route(ORDERS, post(orders::order))
}
