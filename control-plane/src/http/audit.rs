//! What goes to the audit log: one place decides for every endpoint.
//!
//! Noted are changes by developers and operators, and everything that concerns signing in, accounts and keys. Not noted is
//! playing, which the matches tell themselves, and what limits refused, which would let a flood write to the disk.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use stadion_protocol::PlayerId;

use super::extract::ClientAddress;
use super::request_id::RequestId;
use crate::App;
use crate::model::{AuditEntry, Role};

/// Beginnings of paths that are noted whoever calls.
const OF_ACCOUNTS: [&str; 6] = ["/v1/accounts", "/v1/sessions", "/v1/me", "/v1/keys", "/v1/oidc", "/v1/system"];

/// Ends of paths that are never noted: playing, and what it leaves behind.
const PLAYING: [&str; 4] = ["/play", "/join-tokens", "/rematch", "/storage/{key}"];

/// Characters of a target at most.
const LONGEST_TARGET: usize = 200;

/// What handlers add to the entry of their request.
#[derive(Clone, Default)]
pub(crate) struct AuditSlot(Arc<Mutex<Noted>>);

#[derive(Default)]
struct Noted {
    actor: Option<PlayerId>,
    role: Option<Role>,
    target: Option<String>,
}

impl AuditSlot {
    /// Who it was: told by whoever recognized somebody.
    pub(super) fn recognized(&self, account: &PlayerId, role: Role) {
        self.with(|noted| (noted.actor, noted.role) = (Some(account.clone()), Some(role)));
    }

    /// Who it was: told by whoever let somebody in.
    pub(crate) fn actor(&self, account: &PlayerId) {
        self.with(|noted| noted.actor = Some(account.clone()));
    }

    /// On what, where the path does not say.
    pub(crate) fn target(&self, target: &str) {
        self.with(|noted| noted.target = Some(target.chars().take(LONGEST_TARGET).collect()));
    }

    fn with<T>(&self, change: impl FnOnce(&mut Noted) -> T) -> T {
        // Its fields are set one by one: whatever panicked meanwhile, it is whole.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AuditSlot {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<AuditSlot, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// Middleware around every endpoint.
pub(crate) async fn audit(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()) else {
        return next.run(request).await;
    };
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let slot = AuditSlot::default();
    request.extensions_mut().insert(slot.clone());
    let from = request.extensions().get::<ClientAddress>().map_or(IpAddr::from([0, 0, 0, 0]), |address| address.0);
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let action = format!("{} {path}", request.method());
    let asked: String = request.uri().path().chars().take(LONGEST_TARGET).collect();
    let response = next.run(request).await;
    let (actor, role, target) = slot.with(|noted| (noted.actor.take(), noted.role, noted.target.take()));
    if is_noted(&path, role, response.status()) {
        app.auditor.note(AuditEntry {
            at: app.clock.now(),
            actor,
            action,
            target: target.unwrap_or(asked),
            status: response.status().as_u16(),
            from,
            request: id,
        });
    }
    response
}

fn is_noted(path: &str, role: Option<Role>, status: StatusCode) -> bool {
    let of_accounts = OF_ACCOUNTS.iter().any(|prefix| path.starts_with(prefix));
    let by_staff = role >= Some(Role::Developer) && !PLAYING.iter().any(|suffix| path.ends_with(suffix));
    // A refresh that went well is nothing that anybody did.
    let refreshed = path.ends_with("/refresh") && status.is_success();
    (of_accounts || by_staff) && !refreshed && status != StatusCode::TOO_MANY_REQUESTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_and_sign_ins_are_noted_and_playing_is_not() {
        let (player, developer) = (Some(Role::Player), Some(Role::Developer));
        for (path, role, status, noted) in [
            ("/v1/sessions", None, 401, true),
            ("/v1/sessions", None, 429, false),
            ("/v1/sessions/refresh", None, 401, true),
            ("/v1/sessions/refresh", None, 200, false),
            ("/v1/me/password", player, 204, true),
            ("/v1/games/{game}/versions", developer, 201, true),
            ("/v1/games/{game}/versions", developer, 403, true),
            ("/v1/games/{game}/play", developer, 201, false),
            ("/v1/games/{game}/storage/{key}", developer, 200, false),
            ("/v1/games/{game}/storage-access", developer, 200, true),
            ("/v1/games/{game}/play", player, 201, false),
            ("/v1/guests", None, 201, false),
            ("/v1/matches/{id}", player, 204, false),
        ] {
            assert_eq!(is_noted(path, role, StatusCode::from_u16(status).unwrap()), noted, "{path} {role:?} {status}");
        }
    }
}
