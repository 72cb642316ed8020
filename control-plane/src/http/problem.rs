//! Problems (RFC 9457), and the one mapping from errors to HTTP.
//!
//! An error that can reach a caller implements [`Fault`]: it says of which [`Kind`] it is, and its `Display` is the
//! detail. Kinds, and they alone, know status codes.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use hyper::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::BodyFault;
use crate::accounts::{LimitError, Limited, PasswordError, RefreshError};
use crate::coordination::CoordinationError;
use crate::games::{BlobError, QuotaMet};
use crate::store::StoreError;

/// What went wrong, as far as programs care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    Unauthenticated,
    TokenExpired,
    SignInRefused,
    SecondFactorRequired,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Timeout,
    Conflict,
    VersionConflict,
    Changed,
    NameTaken,
    MatchFull,
    MatchClosed,
    NoVersion,
    Quarantined,
    Gone,
    TooLarge,
    UnsupportedMediaType,
    Invalid,
    CompileFailed,
    GameFailed,
    TooMany,
    Quota,
    Internal,
    Unavailable,
}

impl Kind {
    /// Every kind, for the API's document.
    pub(crate) const ALL: [Kind; 27] = [
        Kind::BadRequest,
        Kind::Unauthenticated,
        Kind::TokenExpired,
        Kind::SignInRefused,
        Kind::SecondFactorRequired,
        Kind::Forbidden,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::Timeout,
        Kind::Conflict,
        Kind::VersionConflict,
        Kind::Changed,
        Kind::NameTaken,
        Kind::MatchFull,
        Kind::MatchClosed,
        Kind::NoVersion,
        Kind::Quarantined,
        Kind::Gone,
        Kind::TooLarge,
        Kind::UnsupportedMediaType,
        Kind::Invalid,
        Kind::CompileFailed,
        Kind::GameFailed,
        Kind::TooMany,
        Kind::Quota,
        Kind::Internal,
        Kind::Unavailable,
    ];

    /// Status, code and title: the mapping.
    pub(crate) fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Kind::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "The request could not be read"),
            Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "A valid bearer token is needed"),
            Kind::TokenExpired => (StatusCode::UNAUTHORIZED, "token-expired", "The access token has expired"),
            Kind::SignInRefused => (StatusCode::UNAUTHORIZED, "sign-in-refused", "Nobody was signed in"),
            Kind::SecondFactorRequired => {
                (StatusCode::UNAUTHORIZED, "second-factor-required", "A code of the second factor is needed")
            }
            Kind::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "This account may not do that"),
            Kind::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Not with this method"),
            Kind::Timeout => (StatusCode::REQUEST_TIMEOUT, "timeout", "The request came too slowly"),
            Kind::Conflict => (StatusCode::CONFLICT, "conflict", "The request does not fit what is there"),
            Kind::VersionConflict => (StatusCode::PRECONDITION_FAILED, "version-conflict", "Another version is there"),
            Kind::Changed => (StatusCode::PRECONDITION_FAILED, "changed", "It has been changed since"),
            Kind::NameTaken => (StatusCode::CONFLICT, "name-taken", "The name is taken"),
            Kind::MatchFull => (StatusCode::CONFLICT, "match-full", "The match is full"),
            Kind::MatchClosed => (StatusCode::CONFLICT, "match-closed", "The match takes no more players"),
            Kind::NoVersion => (StatusCode::CONFLICT, "no-version", "The game has nothing to play yet"),
            Kind::Quarantined => (StatusCode::CONFLICT, "quarantined", "The version fails on every start"),
            Kind::Gone => (StatusCode::GONE, "gone", "It is not there any more"),
            Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Kind::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body is of another type")
            }
            Kind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "A value is not accepted"),
            Kind::CompileFailed => (StatusCode::UNPROCESSABLE_ENTITY, "compile-failed", "The upload was not accepted"),
            Kind::GameFailed => (StatusCode::FAILED_DEPENDENCY, "game-failed", "The game failed to start"),
            Kind::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests"),
            Kind::Quota => (StatusCode::TOO_MANY_REQUESTS, "quota", "A quota is used up"),
            Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "A fault of ours"),
            Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now"),
        }
    }
}

/// What a fault adds to its problem.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    /// When to try again.
    pub(crate) retry_after: Option<Duration>,
    /// The limit that was met.
    pub(crate) limit: Option<Limited>,
    /// What the second step of signing in brings back.
    pub(crate) challenge: Option<String>,
    /// At which stage an upload failed.
    pub(crate) stage: Option<String>,
    /// The quota that is used up.
    pub(crate) quota: Option<QuotaMet>,
}

/// An error that a caller may be told of.
pub(crate) trait Fault: std::error::Error {
    /// Of which kind it is.
    fn kind(&self) -> Kind;

    /// What it adds.
    fn extras(&self) -> Extras {
        Extras::default()
    }
}

/// A problem on its way to the caller. The request's id is filled in by [`super::name_requests`].
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    /// Boxed: most problems have none, and results carry it.
    extras: Box<Extras>,
}

/// A problem as it is sent (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Identifies the kind of problem: `urn:stadion:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:stadion:problem:not-found")]
    pub(crate) kind: String,
    /// The kind, for programs.
    #[schema(example = "not-found")]
    pub(crate) code: &'static str,
    /// The kind, for people.
    #[schema(example = "There is no such thing")]
    pub(crate) title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    pub(crate) status: u16,
    /// This occurrence, for people: what is wrong and what to do.
    #[schema(example = "there is no game chess")]
    pub(crate) detail: String,
    /// Names the request in the server's log.
    #[schema(example = "5f1c0ad2b6e94c1d")]
    pub(crate) request_id: String,
    /// With `second-factor-required`: what the second step of signing in brings back, with a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<String>,
    /// Where an upload failed: `validate`, `componentize`, `contract`, `limits`, `compile`, `describe` or `prepare`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stage: Option<String>,
    /// The quota that is used up, as `GET /v1/quotas` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quota: Option<&'static str>,
    /// What of it may be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
    /// What of it is had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) used: Option<u64>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Problem {
        Problem { kind, detail: detail.into(), extras: Box::default() }
    }

    pub(crate) fn body(self, request_id: &str) -> ProblemBody {
        let (status, code, title) = self.kind.parts();
        ProblemBody {
            kind: format!("urn:stadion:problem:{code}"),
            code,
            title,
            status: status.as_u16(),
            detail: self.detail.into_owned(),
            request_id: request_id.to_owned(),
            challenge: self.extras.challenge,
            stage: self.extras.stage,
            quota: self.extras.quota.map(|met| met.name.as_str()),
            limit: self.extras.quota.map(|met| met.limit),
            used: self.extras.quota.map(|met| met.used),
        }
    }
}

impl<E: Fault> From<E> for Problem {
    fn from(error: E) -> Problem {
        let kind = error.kind();
        let detail = if kind == Kind::Internal {
            // What is wrong inside is for the log; the caller gets the request's id to ask about it.
            tracing::error!(%error, "internal error");
            Cow::Borrowed("something went wrong here; the request id leads to it in the log")
        } else {
            Cow::Owned(error.to_string())
        };
        Problem { kind, detail, extras: Box::new(error.extras()) }
    }
}

impl IntoResponse for Problem {
    /// Status and headers; the body is written by [`super::name_requests`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.kind.parts().0.into_response();
        let headers = response.headers_mut();
        if self.kind.parts().0 == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(limited) = &self.extras.limit {
            rate_limit_headers(headers, limited);
        }
        let retry_after = self.extras.retry_after.or(self.extras.limit.map(|limited| limited.allowance.retry_after));
        if let Some(after) = retry_after {
            // Whole seconds, rounded up: coming early is refused again.
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_millis().div_ceil(1000).max(1) as u64));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10).
pub(crate) fn rate_limit_headers(headers: &mut HeaderMap, limited: &Limited) {
    let window_s = (limited.rate.every * limited.rate.burst).as_secs().max(1);
    let policy = format!("\"default\";q={};w={window_s}", limited.rate.burst);
    let allowance = &limited.allowance;
    let now = format!("\"default\";r={};t={}", allowance.remaining, allowance.retry_after.as_millis().div_ceil(1000));
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", now)] {
        let value = HeaderValue::try_from(value).expect("digits and plain letters");
        headers.insert(name, value);
    }
}

fn soon() -> Extras {
    Extras { retry_after: Some(Duration::from_secs(1)), ..Extras::default() }
}

impl Fault for StoreError {
    fn kind(&self) -> Kind {
        match self {
            StoreError::Unavailable(_) => Kind::Unavailable,
            StoreError::Corrupt(_) | StoreError::Schema(_) => Kind::Internal,
        }
    }

    fn extras(&self) -> Extras {
        soon()
    }
}

impl Fault for CoordinationError {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }

    fn extras(&self) -> Extras {
        soon()
    }
}

impl Fault for BlobError {
    fn kind(&self) -> Kind {
        Kind::Internal
    }
}

impl Fault for LimitError {
    fn kind(&self) -> Kind {
        match self {
            LimitError::Limited(_) => Kind::TooMany,
            LimitError::Coordination(error) => error.kind(),
        }
    }

    fn extras(&self) -> Extras {
        match self {
            LimitError::Limited(limited) => Extras { limit: Some(*limited), ..Extras::default() },
            LimitError::Coordination(error) => error.extras(),
        }
    }
}

impl Fault for PasswordError {
    fn kind(&self) -> Kind {
        match self {
            PasswordError::Length | PasswordError::Common | PasswordError::Breached | PasswordError::Name => {
                Kind::Invalid
            }
            PasswordError::Busy | PasswordError::Unchecked => Kind::Unavailable,
        }
    }

    fn extras(&self) -> Extras {
        match self {
            PasswordError::Busy | PasswordError::Unchecked => soon(),
            _ => Extras::default(),
        }
    }
}

impl Fault for RefreshError {
    fn kind(&self) -> Kind {
        match self {
            RefreshError::Refused(_) => Kind::SignInRefused,
            RefreshError::Store(error) => error.kind(),
            RefreshError::Coordination(error) => error.kind(),
        }
    }
}

impl Fault for BodyFault {
    fn kind(&self) -> Kind {
        match self {
            BodyFault::TooSlow => Kind::Timeout,
            BodyFault::Broken(_) => Kind::BadRequest,
        }
    }
}
