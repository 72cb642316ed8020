//! The REST API, v1: one file for each endpoint, with its wire types, errors and tests. This file only wires.

mod accounts;
mod audit;
mod bots;
mod channels;
mod document;
mod elsewhere;
mod endpoints;
mod event_log;
mod events;
mod friends;
mod games;
mod internal;
mod join_tokens;
mod keys;
mod matches;
mod oidc;
mod pages;
mod parties;
mod play;
mod queues;
mod quotas;
mod reports;
mod second_factor;
mod storage;
mod system;
mod unplaced;
mod uploads;
mod versions;
mod webhooks;
mod wire;

pub(crate) use bots::WAITING as BOT_CLAIMS;
pub(crate) use event_log::STREAMS as EVENT_LOG_STREAMS;
pub(crate) use events::STREAMS as EVENT_STREAMS;
pub(crate) use matches::log::STREAMS as LOG_STREAMS;
#[cfg(test)]
pub(crate) use parties::registered;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::http::{Kind, Problem, audit as audit_requests, cors, name_requests, tag_answers, upgrade};

/// Every endpoint with its documentation.
fn endpoints() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(accounts::guest::create_guest))
        .routes(routes!(accounts::register::create_account))
        .routes(routes!(accounts::sign_in::create_session))
        .routes(routes!(accounts::refresh::refresh_session))
        .routes(routes!(accounts::sign_out::delete_session))
        .routes(routes!(accounts::sessions::list_sessions, accounts::sign_out_everywhere::delete_sessions))
        .routes(routes!(accounts::end_session::end_session))
        .routes(routes!(accounts::me::get_me))
        .routes(routes!(accounts::history::list_played))
        .routes(routes!(accounts::password::change_password))
        .routes(routes!(accounts::upgrade::register_me))
        .routes(routes!(accounts::export::export_me))
        .routes(routes!(accounts::delete::delete_me))
        .routes(routes!(accounts::role::set_role))
        .routes(routes!(accounts::end_sessions::end_sessions))
        .routes(routes!(second_factor::sign_in::answer_second_factor))
        .routes(routes!(second_factor::get::get_second_factor, second_factor::enrol::enrol_second_factor))
        .routes(routes!(second_factor::confirm::confirm_second_factor))
        .routes(routes!(second_factor::remove::remove_second_factor))
        .routes(routes!(second_factor::reset::reset_second_factor))
        .routes(routes!(oidc::list::list_providers))
        .routes(routes!(oidc::start::start_oidc))
        .routes(routes!(oidc::finish::finish_oidc))
        .routes(routes!(oidc::unlink::unlink_identity))
        .routes(routes!(keys::create::create_key, keys::list::list_keys))
        .routes(routes!(keys::revoke::revoke_key))
        .routes(routes!(audit::get_audit))
        .routes(routes!(games::list::list_games, games::create::create_game))
        .routes(routes!(games::get::get_game))
        .routes(routes!(games::origins::get_origins, games::origins::set_origins))
        .routes(routes!(versions::list::list_versions, versions::publish::publish_version))
        .routes(routes!(versions::get::get_version, versions::deprecate::deprecate_version))
        .routes(routes!(versions::quarantine::lift_quarantine))
        .routes(routes!(versions::schema::get_schema))
        .routes(routes!(versions::component::get_component))
        .routes(routes!(versions::web::publish_web))
        .routes(routes!(versions::settings::set_settings))
        .routes(routes!(play::play))
        .routes(routes!(join_tokens::create_join_token))
        .routes(routes!(bots::claim_bots))
        .routes(routes!(matches::list::list_matches))
        .routes(routes!(matches::open::list_open_matches))
        .routes(routes!(matches::watch::watch_match))
        .routes(routes!(matches::get::get_match, matches::end::end_match))
        .routes(routes!(matches::journal::get_journal))
        .routes(routes!(matches::upgrade::upgrade_match))
        .routes(routes!(matches::pace::pace_match))
        .routes(routes!(matches::ticks::get_ticks))
        .routes(routes!(matches::fork::fork_match))
        .routes(routes!(matches::rematch::rematch))
        .routes(routes!(matches::log::get_log))
        .routes(routes!(matches::usage::get_match_usage))
        .routes(routes!(games::matches::list_game_matches))
        .routes(routes!(games::usage::get_game_usage))
        .routes(routes!(games::usage::get_usage))
        .routes(routes!(system::load::get_load))
        .routes(routes!(events::get_events))
        .routes(routes!(event_log::of_game::get_game_events))
        .routes(routes!(event_log::of_hosts::get_host_events))
        .merge(channels::endpoints())
        .merge(quotas::endpoints())
        .merge(uploads::endpoints())
        .merge(parties::endpoints())
        .merge(queues::endpoints())
        .merge(friends::endpoints())
        .merge(storage::endpoints())
        .merge(reports::endpoints())
        .merge(webhooks::endpoints())
        .routes(routes!(system::health::livez))
        .routes(routes!(system::health::readyz))
        .routes(routes!(system::jwks::get_jwks))
        .routes(routes!(system::rotate::rotate_keys))
        .routes(routes!(system::rotate::rotate_refresh_key))
        .routes(routes!(system::rotate::rotate_artifact_key))
}

/// The API's document, for rules about all of its endpoints.
#[cfg(test)]
pub(crate) fn document() -> String {
    document::json()
}

/// The API as a service, its document at `/openapi.json`, and the pages beside it.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (mut router, _) = endpoints().split_for_parts();
    if let Some(upgrades) = app.upgrades.clone() {
        router = router.route(upgrades.path(), axum::routing::get(move |request| upgrade(upgrades.clone(), request)));
    }
    let mut router = pages::routes(router, &app);
    if app.replicas.is_some() {
        router = router.merge(internal::routes());
    }
    let document = document::json();
    let router = router
        .route("/openapi.json", axum::routing::get(move || std::future::ready(document::answer(document.clone()))))
        .fallback(async || Problem::new(Kind::NotFound, "there is nothing at this path; see /openapi.json"))
        .method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed, "this path takes other methods"));
    let router = match &app.replicas {
        Some(_) => router.layer(from_fn_with_state(app.clone(), elsewhere::pass_on)),
        None => router,
    };
    router
        .layer(from_fn(tag_answers))
        .layer(from_fn_with_state(app.clone(), audit_requests))
        .layer(cors(app.origins.clone()))
        .layer(from_fn_with_state(app.clone(), name_requests))
        .with_state(app)
}
