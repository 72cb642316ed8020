//! Requests that another replica is to answer: passed on as they came, or asked on one's own account.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN, TRANSFER_ENCODING, UPGRADE};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{HeaderMap, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{Peer, Proofs, REPLICA};
use crate::model::HostName;

/// How long a connection may take to be made: replicas are near one another.
const CONNECT: Duration = Duration::from_secs(1);

/// How long an answer to a question of our own may take: a match that starts is waited for there.
const ANSWER: Duration = Duration::from_secs(5);

/// How long the head of an answer to what is passed on may take: an upgrade is played again for so long.
const HEAD: Duration = Duration::from_secs(60);

/// Idle connections to one replica that are kept, and for how long: shorter than its own patience.
const IDLE: usize = 32;
const IDLE_FOR: Duration = Duration::from_secs(5);

/// The largest answer to a question of our own.
const ANSWER_BYTES: usize = 256 * 1024;

/// Headers that are for one connection only (RFC 9110 section 7.6.1), and `Origin`: pages are answered by whoever they asked.
const NOT_PASSED_ON: [HeaderName; 4] = [CONNECTION, TRANSFER_ENCODING, UPGRADE, ORIGIN];

/// Another replica did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server that runs this match does not answer; try again in a second")]
pub(crate) struct ForwardError {
    /// For the log.
    reason: String,
}

impl ForwardError {
    pub(crate) fn gone(name: &HostName) -> ForwardError {
        ForwardError { reason: format!("nobody has heard of {name} lately") }
    }

    fn new(peer: &Peer, reason: &dyn std::fmt::Display) -> ForwardError {
        let reason = reason.to_string();
        tracing::warn!(peer = %peer.name, url = peer.url, reason, "another replica does not answer");
        ForwardError { reason }
    }
}

/// Asks other replicas.
pub(crate) struct Forwarder {
    name: HostName,
    proofs: Proofs,
    client: Client<HttpConnector, Body>,
}

impl Forwarder {
    pub(super) fn new(name: HostName, proofs: Proofs) -> Forwarder {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE)
            .pool_idle_timeout(IDLE_FOR)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Forwarder { name, proofs, client }
    }

    /// Whether another replica has passed this request on.
    pub(crate) fn is_passed_on(&self, request: &Request) -> bool {
        let target = request.uri().path_and_query().map_or("", PathAndQuery::as_str);
        self.proofs.check(request.headers(), request.method(), target)
    }

    /// Passes a request on, and its answer back; bodies stream both ways.
    pub(crate) async fn pass_on(&self, peer: &Peer, mut request: Request) -> Result<Response, ForwardError> {
        let target = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let proof = self.proofs.make(&self.name, request.method(), target.as_str());
        *request.uri_mut() = uri(peer, target)?;
        for name in NOT_PASSED_ON {
            request.headers_mut().remove(name);
        }
        request.headers_mut().insert(REPLICA, proof);
        let answer = tokio::time::timeout(HEAD, self.client.request(request)).await;
        let answer = answer.map_err(|error| ForwardError::new(peer, &error))?;
        let mut answer = answer.map_err(|error| ForwardError::new(peer, &error))?;
        for name in NOT_PASSED_ON {
            answer.headers_mut().remove(name);
        }
        Ok(answer.map(Body::new))
    }

    /// Asks with JSON for a whole answer. `headers` go along.
    pub(crate) async fn ask(
        &self,
        peer: &Peer,
        target: &str,
        json: Vec<u8>,
        headers: HeaderMap,
    ) -> Result<(StatusCode, Bytes), ForwardError> {
        let target = PathAndQuery::try_from(target).map_err(|error| ForwardError::new(peer, &error))?;
        let mut request = Request::post(uri(peer, target)?).body(Body::from(json)).expect("its parts are checked");
        *request.headers_mut() = headers;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = async {
            let answer = self.pass_on(peer, request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
            Ok((status, body.map_err(|error| ForwardError::new(peer, &error))?.to_bytes()))
        };
        let answer = tokio::time::timeout(ANSWER, answer).await;
        answer.map_err(|error| ForwardError::new(peer, &error))?
    }
}

fn uri(peer: &Peer, target: PathAndQuery) -> Result<Uri, ForwardError> {
    let authority = peer.url.strip_prefix("http://").unwrap_or(&peer.url);
    let mut parts = hyper::http::uri::Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(Authority::try_from(authority).map_err(|error| ForwardError::new(peer, &error))?);
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|error| ForwardError::new(peer, &error))
}
