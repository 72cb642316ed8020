//! Who may call what: roles and scopes, for every endpoint, in this one table.
//!
//! What an endpoint asks beyond that (is it *their* game?) is about things, and decided where those are known.
//!
//! **Invariant.** A key with scopes may call what its scopes name and nothing else: an endpoint that nobody has thought of
//! here is closed to it.

use super::auth::AuthError;
use crate::accounts::Caller;
use crate::model::{Role, Scope, Scopes};

/// What a key must have been made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    /// Any key may.
    Any,
    /// One with this scope.
    With(Scope),
    /// None with scopes: this is for whoever signs in, and for keys that may do everything.
    No,
}

/// Methods with spaces between them, path as the API's document writes it, least role, keys.
type Rule = (&'static str, &'static str, Role, Key);

const PUBLISH: Key = Key::With(Scope::Publish);
const PLAYERS: Key = Key::With(Scope::Players);
const MATCHES: Key = Key::With(Scope::Matches);

/// Whatever is not here is open to every role and to no key with scopes.
const RULES: &[Rule] = &[
    ("GET", "/v1/me", Role::Player, Key::Any),
    ("POST", "/v1/games", Role::Developer, PUBLISH),
    ("PUT", "/v1/games/{game}/origins", Role::Developer, PUBLISH),
    ("POST PUT", "/v1/games/{game}/versions", Role::Developer, PUBLISH),
    ("DELETE", "/v1/games/{game}/versions/{version}", Role::Developer, PUBLISH),
    ("GET", "/v1/games/{game}/versions/{version}/component", Role::Player, PUBLISH),
    ("PUT", "/v1/games/{game}/versions/{version}/settings", Role::Developer, PUBLISH),
    ("PUT", "/v1/games/{game}/versions/{version}/web", Role::Developer, PUBLISH),
    ("DELETE", "/v1/games/{game}/versions/{version}/quarantine", Role::Developer, PUBLISH),
    ("GET POST", "/v1/games/{game}/webhooks", Role::Developer, PUBLISH),
    ("GET PUT DELETE", "/v1/games/{game}/webhooks/{webhook}", Role::Developer, PUBLISH),
    ("POST", "/v1/games/{game}/webhooks/{webhook}/secret", Role::Developer, PUBLISH),
    ("POST", "/v1/games/{game}/webhooks/{webhook}/test", Role::Developer, PUBLISH),
    ("GET", "/v1/games/{game}/webhooks/{webhook}/deliveries", Role::Developer, PUBLISH),
    ("POST", "/v1/games/{game}/webhooks/{webhook}/deliveries/{id}/redeliver", Role::Developer, PUBLISH),
    ("GET", "/v1/games/{game}/channels", Role::Player, PUBLISH),
    ("GET PUT DELETE", "/v1/games/{game}/channels/{channel}", Role::Player, PUBLISH),
    ("POST", "/v1/games/{game}/channels/{channel}/promote", Role::Player, PUBLISH),
    ("POST", "/v1/games/{game}/channels/{channel}/rollback", Role::Player, PUBLISH),
    ("GET", "/v1/games/{game}/channels/{channel}/history", Role::Player, PUBLISH),
    ("GET", "/v1/uploads/{upload}", Role::Developer, PUBLISH),
    ("GET", "/v1/uploads/{upload}/events", Role::Developer, PUBLISH),
    ("GET", "/v1/quotas", Role::Player, PUBLISH),
    ("GET PUT", "/v1/accounts/{id}/quotas", Role::Operator, Key::No),
    ("GET", "/v1/load", Role::Developer, MATCHES),
    ("GET", "/v1/games/{game}/usage", Role::Player, MATCHES),
    ("GET", "/v1/usage", Role::Player, MATCHES),
    ("GET", "/v1/games/{game}/matches", Role::Player, MATCHES),
    ("GET", "/v1/games/{game}/reports", Role::Player, MATCHES),
    ("GET", "/v1/reports/{report}", Role::Player, MATCHES),
    ("PUT", "/v1/reports/{report}/state", Role::Player, MATCHES),
    ("GET", "/v1/games/{game}/events", Role::Player, MATCHES),
    ("GET", "/v1/events/hosts", Role::Operator, MATCHES),
    ("GET", "/v1/matches", Role::Player, MATCHES),
    ("GET DELETE", "/v1/matches/{id}", Role::Player, MATCHES),
    ("GET", "/v1/matches/{id}/journal", Role::Player, MATCHES),
    ("GET", "/v1/matches/{id}/log", Role::Player, MATCHES),
    ("GET", "/v1/matches/{id}/usage", Role::Player, MATCHES),
    ("POST", "/v1/matches/{id}/upgrade", Role::Player, MATCHES),
    ("POST", "/v1/matches/{id}/fork", Role::Player, MATCHES),
    ("POST", "/v1/games/{game}/join-tokens", Role::Developer, PLAYERS),
    ("GET", "/v1/games/{game}/storage", Role::Player, PLAYERS),
    ("GET PUT DELETE", "/v1/games/{game}/storage/{key}", Role::Player, PLAYERS),
    ("PUT", "/v1/games/{game}/storage-access", Role::Developer, PUBLISH),
    ("POST", "/v1/games/{game}/bots/claims", Role::Developer, PLAYERS),
    ("GET POST", "/v1/keys", Role::Developer, Key::No),
    ("DELETE", "/v1/keys/{id}", Role::Developer, Key::No),
    ("PUT", "/v1/accounts/{id}/role", Role::Operator, Key::No),
    ("DELETE", "/v1/accounts/{id}/sessions", Role::Operator, Key::No),
    ("DELETE", "/v1/accounts/{id}/second-factor", Role::Operator, Key::No),
    ("GET", "/v1/audit", Role::Operator, Key::No),
    ("POST", "/v1/system/keys/rotate", Role::Operator, Key::No),
    ("POST", "/v1/system/keys/rotate-refresh", Role::Operator, Key::No),
    ("POST", "/v1/system/keys/rotate-artifacts", Role::Operator, Key::No),
];

/// Whether a caller may call this endpoint at all.
pub(super) fn permit(caller: &Caller, method: &str, path: &str) -> Result<(), AuthError> {
    let (role, key) = rule(method, path);
    if caller.role < role {
        return Err(AuthError::Role(role));
    }
    match key {
        Key::Any => Ok(()),
        Key::With(scope) if caller.scopes.cover(scope) => Ok(()),
        Key::No if caller.scopes == Scopes::Everything => Ok(()),
        Key::With(scope) => Err(AuthError::Scope(scope)),
        Key::No => Err(AuthError::NotForKeys),
    }
}

fn rule(method: &str, path: &str) -> (Role, Key) {
    let named = RULES.iter().find(|(methods, of, ..)| *of == path && methods.split(' ').any(|one| one == method));
    named.map_or((Role::Player, Key::No), |(.., role, key)| (*role, *key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, scopes: &str) -> Caller {
        Caller {
            account: "p-1".parse().unwrap(),
            name: "Ann".parse().unwrap(),
            role,
            guest: false,
            session: None,
            scopes: scopes.parse().unwrap(),
        }
    }

    #[test]
    fn every_rule_is_about_an_endpoint_that_exists() {
        let document: serde_json::Value = serde_json::from_str(&crate::api::document()).unwrap();
        for (methods, path, ..) in RULES {
            for method in methods.split(' ') {
                let operation = &document["paths"][path][method.to_lowercase()];
                assert!(!operation.is_null(), "{method} {path}");
                assert!(!operation["security"].is_null(), "{method} {path} asks for no token");
            }
        }
    }

    #[test]
    fn roles_and_scopes_open_what_they_name() {
        use Role::{Developer, Operator, Player};
        let publish = ("PUT", "/v1/games/{game}/versions");
        for ((method, path), role, scopes, may) in [
            (publish, Player, "*", false),
            (publish, Developer, "*", true),
            (publish, Developer, "publish", true),
            (publish, Developer, "players", false),
            (("POST", "/v1/games/{game}/join-tokens"), Developer, "players", true),
            (("POST", "/v1/games/{game}/join-tokens"), Developer, "publish,matches", false),
            (("DELETE", "/v1/matches/{id}"), Developer, "matches", true),
            (("POST", "/v1/keys"), Developer, "publish,players,matches", false),
            (("POST", "/v1/keys"), Developer, "*", true),
            (("PUT", "/v1/accounts/{id}/role"), Developer, "*", false),
            (("PUT", "/v1/accounts/{id}/role"), Operator, "*", true),
            (("GET", "/v1/audit"), Operator, "matches", false),
            (("GET", "/v1/me"), Player, "publish", true),
            (("POST", "/v1/games/{game}/play"), Player, "*", true),
            (("POST", "/v1/games/{game}/play"), Developer, "players", false),
            (("POST", "/v1/of/tomorrow"), Player, "*", true),
            (("POST", "/v1/of/tomorrow"), Operator, "publish,players,matches", false),
        ] {
            assert_eq!(permit(&caller(role, scopes), method, path).is_ok(), may, "{method} {path} {role:?} {scopes}");
        }
    }
}
