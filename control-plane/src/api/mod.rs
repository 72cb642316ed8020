//! The REST API, v1: one file for each endpoint, with its wire types, errors and tests. This file only wires.

mod accounts;
mod document;
mod endpoints;
mod games;
mod matches;
mod pages;
mod play;
mod system;
mod versions;
mod wire;

pub(crate) use matches::log::STREAMS as LOG_STREAMS;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::http::{Kind, Problem, cors, name_requests, upgrade};

/// Every endpoint with its documentation.
fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(accounts::guest::create_guest))
        .routes(routes!(accounts::register::create_account))
        .routes(routes!(accounts::sign_in::create_session))
        .routes(routes!(accounts::refresh::refresh_session))
        .routes(routes!(accounts::sign_out::delete_session))
        .routes(routes!(accounts::me::get_me))
        .routes(routes!(games::list::list_games, games::create::create_game))
        .routes(routes!(games::get::get_game))
        .routes(routes!(games::origins::get_origins, games::origins::set_origins))
        .routes(routes!(versions::list::list_versions, versions::publish::publish_version))
        .routes(routes!(versions::retire::retire_version))
        .routes(routes!(versions::schema::get_schema))
        .routes(routes!(versions::component::get_component))
        .routes(routes!(versions::web::publish_web))
        .routes(routes!(versions::settings::set_settings))
        .routes(routes!(play::play))
        .routes(routes!(matches::list::list_matches))
        .routes(routes!(matches::get::get_match, matches::end::end_match))
        .routes(routes!(matches::journal::get_journal))
        .routes(routes!(matches::upgrade::upgrade_match))
        .routes(routes!(matches::pace::pace_match))
        .routes(routes!(matches::ticks::get_ticks))
        .routes(routes!(matches::fork::fork_match))
        .routes(routes!(matches::log::get_log))
        .routes(routes!(matches::usage::get_match_usage))
        .routes(routes!(games::usage::get_game_usage))
        .routes(routes!(games::usage::get_usage))
        .routes(routes!(system::health::livez))
        .routes(routes!(system::health::readyz))
        .routes(routes!(system::jwks::get_jwks))
}

/// The API as a service, its document at `/openapi.json`, and the pages beside it.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (mut router, _) = endpoints().split_for_parts();
    if let Some(upgrades) = app.upgrades.clone() {
        router = router.route(upgrades.path(), axum::routing::get(move |request| upgrade(upgrades.clone(), request)));
    }
    let document = document::json();
    pages::routes(router, &app)
        .route("/openapi.json", axum::routing::get(move || std::future::ready(document::answer(document.clone()))))
        .fallback(async || Problem::new(Kind::NotFound, "there is nothing at this path; see /openapi.json"))
        .method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed, "this path takes other methods"))
        .layer(cors(app.origins.clone()))
        .layer(from_fn_with_state(app.clone(), name_requests))
        .with_state(app)
}
