//! Requests that another replica is to answer: passed on as they came, or asked on one's own account; in plain HTTP, or over
//! TLS where the replicas have an authority of their own ([`ReplicaTrust`]). Then nothing is sent in plain text.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN, TRANSFER_ENCODING, UPGRADE};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{HeaderMap, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use tokio::sync::Semaphore;

use super::{Peer, Proofs, REPLICA, ReplicaTrust};
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

/// Requests under way to all other replicas, streams among them. Another one is refused, and tried again by whoever asks.
const UNDER_WAY: usize = 2_048;

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
    client: Client<HttpsConnector<HttpConnector>, Body>,
    under_way: Arc<Semaphore>,
    /// Whether others are asked over TLS, and never without.
    secure: bool,
}

impl Forwarder {
    pub(super) fn new(name: HostName, proofs: Proofs, trust: Option<ReplicaTrust>) -> Forwarder {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        connector.enforce_http(false);
        let secure = trust.is_some();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(trust.map_or_else(nobody, |trust| trust.0))
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE)
            .pool_idle_timeout(IDLE_FOR)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Forwarder { name, proofs, client, under_way: Arc::new(Semaphore::new(UNDER_WAY)), secure }
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
        *request.uri_mut() = self.uri(peer, target)?;
        let busy = |_| ForwardError::new(peer, &"too many requests to other replicas are under way");
        let place = self.under_way.clone().try_acquire_owned().map_err(busy)?;
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
        // The place is taken until the answer has passed.
        Ok(answer.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let _ = &place;
                frame
            }))
        }))
    }

    fn uri(&self, peer: &Peer, target: PathAndQuery) -> Result<Uri, ForwardError> {
        let (scheme, authority) = match (self.secure, peer.url.split_once("://")) {
            (true, Some(("https", authority))) => (Scheme::HTTPS, authority),
            (false, Some(("http", authority))) => (Scheme::HTTP, authority),
            (true, _) => {
                return Err(ForwardError::new(peer, &"it is not reached over TLS, and this one asks no other way"));
            }
            (false, _) => return Err(ForwardError::new(peer, &"it speaks TLS, and this one has no --replica-ca")),
        };
        let mut parts = hyper::http::uri::Parts::default();
        parts.scheme = Some(scheme);
        parts.authority = Some(Authority::try_from(authority).map_err(|error| ForwardError::new(peer, &error))?);
        parts.path_and_query = Some(target);
        Uri::from_parts(parts).map_err(|error| ForwardError::new(peer, &error))
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
        let mut request = Request::post(self.uri(peer, target)?).body(Body::from(json)).expect("its parts are checked");
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

/// Trusts no certificate: replicas without an authority do not speak TLS.
fn nobody() -> rustls::ClientConfig {
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("ring speaks TLS 1.3");
    builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
}
