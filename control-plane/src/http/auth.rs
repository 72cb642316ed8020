//! Who makes a request: the bearer token (RFC 6750), an access token or a developer key.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use hyper::header::AUTHORIZATION;
use hyper::http::request::Parts;

use super::problem::{Extras, Fault, Kind, Problem};
use crate::App;
use crate::accounts::{AuthenticateError, Caller, TokenError};
use crate::model::Role;

/// Why nobody was recognized. Callers are told that a token expired; for the rest the log knows better.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// No token.
    #[error("send an access token or a developer key: `Authorization: Bearer ..`")]
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
    /// Tokens cannot be checked now.
    #[error("tokens cannot be checked right now")]
    Unavailable,
}

impl Fault for AuthError {
    fn kind(&self) -> Kind {
        match self {
            AuthError::Missing | AuthError::Invalid => Kind::Unauthenticated,
            AuthError::Expired => Kind::TokenExpired,
            AuthError::Role(_) => Kind::Forbidden,
            AuthError::Unavailable => Kind::Unavailable,
        }
    }

    fn extras(&self) -> Extras {
        match self {
            AuthError::Unavailable => {
                Extras { retry_after: Some(std::time::Duration::from_secs(1)), ..Extras::default() }
            }
            _ => Extras::default(),
        }
    }
}

/// A caller with a good token.
pub(crate) struct Authenticated(pub(crate) Caller);

impl Authenticated {
    /// The caller, if its role suffices.
    pub(crate) fn with(self, role: Role) -> Result<Caller, AuthError> {
        if self.0.role >= role { Ok(self.0) } else { Err(AuthError::Role(role)) }
    }
}

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
        Err(error) => {
            tracing::warn!(%error, "a bearer token could not be checked");
            Err(AuthError::Unavailable)
        }
    }
}
