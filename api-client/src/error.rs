//! Why there is no answer.

use std::time::Duration;

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

/// What went wrong with a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no HTTP client to be had here.
    #[error("HTTP client: {0}")]
    Client(String),
    /// The server cannot be reached, or does not answer in time.
    #[error("{server}: {why}")]
    Unreachable {
        /// Its address.
        server: String,
        /// The innermost cause.
        why: String,
    },
    /// It answers, and says no.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// It answers what this crate does not read: another program, or another version.
    #[error("{server} answered something unexpected: {why}")]
    Unexpected {
        /// Its address.
        server: String,
        /// What does not read.
        why: String,
    },
    /// More than is ever told in one answer or event.
    #[error("the server tells more at once than it may")]
    TooMuch,
    /// A name that cannot be part of an address.
    #[error("a name that is {name} cannot be part of an address")]
    Unaddressable {
        /// Such as `..`.
        name: String,
    },
}

/// An answer that is no success.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Of HTTP.
    pub status: StatusCode,
    /// What it says, if it says it as RFC 9457 has it.
    pub problem: Option<Problem>,
    /// Under which the server's log has the request.
    pub request_id: Option<String>,
    /// When to come again.
    pub retry_after: Option<Duration>,
    /// Whether the call had a bearer token.
    pub had_bearer: bool,
}

/// A problem (RFC 9457).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:stadion:problem:` and the code.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The kind, for programs.
    #[serde(default)]
    pub code: String,
    /// The kind, for people.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// This occurrence, for people: what is wrong and what to do.
    #[serde(default)]
    pub detail: String,
    /// Names the request in the server's log.
    #[serde(default)]
    pub request_id: String,
    /// With `second-factor-required`: what the second step of signing in brings back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// Where an upload failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The quota that is used up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<String>,
    /// What of it may be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// What of it is had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
}

impl Refusal {
    /// The most telling of its texts.
    pub fn text(&self) -> Option<&str> {
        let problem = self.problem.as_ref()?;
        [&problem.detail, &problem.title].into_iter().map(String::as_str).find(|text| !text.is_empty())
    }

    /// The kind of problem, for programs; empty: it is none.
    pub fn code(&self) -> &str {
        self.problem.as_ref().map_or("", |problem| &problem.code)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.text() {
            Some(text) => f.write_str(text),
            None => write!(f, "the server answered {}", self.status),
        }
    }
}

impl Error {
    /// The refusal, if it is one.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The HTTP status of a refusal.
    pub fn status(&self) -> Option<StatusCode> {
        self.refusal().map(|refusal| refusal.status)
    }

    /// Whether it may be otherwise in a moment, with nothing done about it.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Unreachable { .. } | Error::Unexpected { .. } => true,
            Error::Refused(refusal) => refusal.status.is_server_error(),
            Error::Client(_) | Error::TooMuch | Error::Unaddressable { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> Refusal {
        Refusal {
            status: StatusCode::NOT_FOUND,
            problem: serde_json::from_str(body).ok(),
            request_id: None,
            retry_after: None,
            had_bearer: false,
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong_as_well_as_it_can() {
        for (body, text) in [
            (r#"{"title":"No such game","detail":"there is no game x","code":"not-found"}"#, "there is no game x"),
            (r#"{"title":"No such game"}"#, "No such game"),
            ("{}", "the server answered 404 Not Found"),
            ("<html>", "the server answered 404 Not Found"),
        ] {
            assert_eq!(refusal(body).to_string(), text);
        }
        assert_eq!(refusal(r#"{"code":"not-found"}"#).code(), "not-found");
    }
}
