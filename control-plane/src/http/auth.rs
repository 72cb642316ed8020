//! Who makes a request: the bearer token (RFC 6750), an access token or an API key. Whoever is recognized may call what
//! [`super::access`] says.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;

use super::access::permit;
use super::audit::AuditSlot;
use super::problem::{Extras, Fault, Kind, Problem};
use crate::App;
use crate::accounts::{AuthenticateError, Caller, LimitError, TokenError};
use crate::model::{Role, Scope};

/// Why nobody was recognized. Callers are told that a token expired; for the rest the log knows better.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// No token.
    #[error("send an access token or an API key: `Authorization: Bearer ..`")]
    Missing,
    /// It was good once.
    #[error("the access token has expired; refresh it")]
    Expired,
    /// Anything else about it.
    #[error("the bearer token is not valid")]
    Invalid,
    /// The role does not suffice.
    #[error("this takes the role {}", .0.as_str())]
    Role(Role),
    /// The key was made for other things.
    #[error("this takes a key with the scope {}", .0.as_str())]
    Scope(Scope),
    /// Keys with scopes are for other things.
    #[error("this is not for keys with scopes; sign in")]
    NotForKeys,
    /// The key is used too often.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// Tokens cannot be checked now.
    #[error("tokens cannot be checked right now")]
    Unavailable,
}

impl Fault for AuthError {
    fn kind(&self) -> Kind {
        match self {
            AuthError::Missing | AuthError::Invalid => Kind::Unauthenticated,
            AuthError::Expired => Kind::TokenExpired,
            AuthError::Role(_) | AuthError::Scope(_) | AuthError::NotForKeys => Kind::Forbidden,
            AuthError::Limit(error) => error.kind(),
            AuthError::Unavailable => Kind::Unavailable,
        }
    }

    fn extras(&self) -> Extras {
        match self {
            AuthError::Unavailable => {
                Extras { retry_after: Some(std::time::Duration::from_secs(1)), ..Extras::default() }
            }
            AuthError::Limit(error) => error.extras(),
            _ => Extras::default(),
        }
    }
}

/// A caller with a good token.
pub(crate) struct Authenticated(pub(crate) Caller);

impl FromRequestParts<Arc<App>> for Authenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Authenticated, Problem> {
        Ok(Authenticated(recognize(parts, app).await?.ok_or(AuthError::Missing)?))
    }
}

/// A caller with a good token, or without one. A bad token is refused here too: its holder should know.
pub(crate) struct MaybeAuthenticated(pub(crate) Option<Caller>);

impl FromRequestParts<Arc<App>> for MaybeAuthenticated {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<MaybeAuthenticated, Problem> {
        Ok(MaybeAuthenticated(recognize(parts, app).await?))
    }
}

async fn recognize(parts: &Parts, app: &App) -> Result<Option<Caller>, AuthError> {
    let Some(caller) = authenticate(parts, app).await? else { return Ok(None) };
    if let Some(slot) = parts.extensions.get::<AuditSlot>() {
        slot.recognized(&caller.account, caller.role);
    }
    if let Some(path) = parts.extensions.get::<MatchedPath>() {
        permit(&caller, parts.method.as_str(), path.as_str())?;
    }
    Ok(Some(caller))
}

async fn authenticate(parts: &Parts, app: &App) -> Result<Option<Caller>, AuthError> {
    let Some(value) = parts.headers.get(AUTHORIZATION) else { return Ok(None) };
    let value = value.to_str().map_err(|_| AuthError::Invalid)?;
    let (scheme, token) = value.split_once(' ').ok_or(AuthError::Invalid)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(AuthError::Invalid);
    }
    match app.accounts.authenticate(token.trim()).await {
        Ok(caller) => Ok(Some(caller)),
        Err(AuthenticateError::Token(TokenError::Expired)) => Err(AuthError::Expired),
        Err(AuthenticateError::Token(reason)) => {
            tracing::info!(%reason, "a bearer token was refused");
            Err(AuthError::Invalid)
        }
        Err(AuthenticateError::Limit(error)) => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "a bearer token could not be checked");
            Err(AuthError::Unavailable)
        }
    }
}
