//! Which headers a bundle's files are sent with: strict, and looser only where `[web]` of stadion.toml says so.

use std::fmt::Write;

use hyper::HeaderMap;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Other servers that a bundle may name at most.
const CONNECT: usize = 16;

/// What a bundle asks for beyond the strict default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Policy {
    /// It compiles WebAssembly (`'wasm-unsafe-eval'`).
    pub(crate) wasm: bool,
    /// It has scripts and styles inside its HTML (`'unsafe-inline'`), as pages that engines export do.
    pub(crate) inline: bool,
    /// It needs `SharedArrayBuffer` (COOP and COEP), as threaded engines do.
    pub(crate) isolated: bool,
    /// Servers besides this one that it may talk to, such as `https://api.example.com`, with commas between them.
    pub(crate) connect: String,
}

/// A policy that cannot be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    /// Not an origin.
    #[error("connect: {0:?} is not an origin such as https://api.example.com")]
    Origin(String),
    /// Too many of them.
    #[error("connect: at most {CONNECT} origins")]
    Many,
}

/// Where a page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cage {
    /// On an origin that is its owner's alone.
    Open,
    /// Where no such origin can be had: the browser gives it one that nobody else has, without storage.
    Closed,
}

impl Policy {
    /// Whether everything in it can stand in a header.
    pub(crate) fn check(&self) -> Result<(), PolicyError> {
        match self.origins().find(|origin| !is_origin(origin)) {
            Some(origin) => Err(PolicyError::Origin(origin.to_owned())),
            None if self.origins().count() > CONNECT => Err(PolicyError::Many),
            None => Ok(()),
        }
    }

    fn origins(&self) -> impl Iterator<Item = &str> {
        self.connect.split(',').map(str::trim).filter(|origin| !origin.is_empty())
    }

    /// The headers of every file. `gateways` are the origins where players connect.
    pub(crate) fn headers(&self, gateways: &[String], cage: Cage) -> HeaderMap {
        let mut headers = page_headers(&self.content_security(gateways, cage));
        // Public files: what keeps owners apart is the origin that they run on, and modules need this in a closed cage.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(CORP, HeaderValue::from_static("cross-origin"));
        if self.isolated {
            headers.insert(COOP, HeaderValue::from_static("same-origin"));
            headers.insert(COEP, HeaderValue::from_static("require-corp"));
        }
        headers
    }

    fn content_security(&self, gateways: &[String], cage: Cage) -> String {
        let inline = if self.inline { " 'unsafe-inline'" } else { "" };
        let wasm = if self.wasm { " 'wasm-unsafe-eval'" } else { "" };
        let mut policy = format!(
            "default-src 'self'; script-src 'self'{inline}{wasm}; style-src 'self'{inline}; img-src 'self' data: blob:; \
             media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'self'; connect-src 'self' data: blob:"
        );
        for origin in gateways.iter().map(String::as_str).chain(self.origins()) {
            let _ = write!(policy, " {origin}"); // a String takes everything
        }
        if cage == Cage::Closed {
            policy += "; sandbox allow-scripts allow-forms allow-modals allow-pointer-lock allow-popups";
        }
        policy
    }
}

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const COEP: HeaderName = HeaderName::from_static("cross-origin-embedder-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// What every page of this server is sent with.
pub(crate) fn page_headers(content_security: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let policy = HeaderValue::from_str(content_security).expect("a checked policy is printable ASCII");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
}

fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = |c: char| c.is_ascii_alphanumeric() || ".-:*".contains(c);
    ["https", "http", "wss", "ws"].contains(&scheme) && (1..=255).contains(&rest.len()) && rest.chars().all(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy_of(policy: &Policy, cage: Cage) -> String {
        let headers = policy.headers(&["https://192.0.2.1:7878".to_owned()], cage);
        headers[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
    }

    #[test]
    fn nothing_is_loose_unless_it_was_asked_for() {
        let strict = policy_of(&Policy::default(), Cage::Open);
        for loose in ["unsafe", "sandbox", "*"] {
            assert!(!strict.contains(loose), "{loose}: {strict}");
        }
        assert!(strict.ends_with("connect-src 'self' data: blob: https://192.0.2.1:7878"), "{strict}");
        assert!(!Policy::default().headers(&[], Cage::Open).contains_key(COOP));
    }

    #[test]
    fn a_bundle_gets_what_it_asks_for() {
        let policy =
            Policy { wasm: true, connect: "https://a.example, wss://b.example:1".to_owned(), ..Policy::default() };
        policy.check().unwrap();
        let text = policy_of(&policy, Cage::Open);
        assert!(text.contains("script-src 'self' 'wasm-unsafe-eval';"), "{text}");
        assert!(text.ends_with(" https://a.example wss://b.example:1"), "{text}");
        let isolated = Policy { isolated: true, ..Policy::default() }.headers(&[], Cage::Open);
        assert_eq!((isolated[COOP].as_bytes(), isolated[COEP].as_bytes()), (&b"same-origin"[..], &b"require-corp"[..]));
    }

    #[test]
    fn a_closed_cage_runs_scripts_and_has_no_origin() {
        let text = policy_of(&Policy::default(), Cage::Closed);
        assert!(text.contains("sandbox allow-scripts") && !text.contains("allow-same-origin"), "{text}");
    }

    #[test]
    fn what_could_smuggle_a_directive_is_refused() {
        for connect in ["https://a; script-src *", "javascript:1", "https://", "a.example", "https://a\r\nx: y"] {
            let policy = Policy { connect: connect.to_owned(), ..Policy::default() };
            assert!(matches!(policy.check(), Err(PolicyError::Origin(_))), "{connect}");
        }
        let many = vec!["https://a.example"; 17].join(",");
        assert!(matches!(Policy { connect: many, ..Policy::default() }.check(), Err(PolicyError::Many)));
    }
}
