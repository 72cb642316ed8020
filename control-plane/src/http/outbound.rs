//! Requests of this server's own to others: over TLS 1.3 verified by the system's roots, or in plain text to this machine.
//!
//! **Bounds.** [`WITHIN`] for everything, [`LONGEST`] bytes of answer, no redirects: whoever is asked cannot send this server
//! elsewhere.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::http::uri::Scheme;
use hyper::http::{HeaderValue, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// A request with its answer.
const WITHIN: Duration = Duration::from_secs(10);

/// An answer at most, bytes.
const LONGEST: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    /// Not a URL that this server asks.
    #[error("{0} is neither https nor http on this machine")]
    Address(String),
    /// No connection, or it broke.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It does not speak HTTP as it should.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// Longer than is read.
    #[error("the answer broke off, or is longer than {LONGEST} bytes")]
    Body,
    /// See [`WITHIN`].
    #[error("no answer within {WITHIN:?}")]
    Late,
}

/// Asks. The request's URL is absolute.
pub(crate) async fn call(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutboundError> {
    tokio::time::timeout(WITHIN, ask(request)).await.unwrap_or(Err(OutboundError::Late))
}

/// Whether this server would ask this URL.
pub(crate) fn is_acceptable(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|uri| target(&uri).is_some())
}

struct Target {
    host: String,
    port: u16,
    secure: bool,
}

fn target(uri: &Uri) -> Option<Target> {
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let secure = uri.scheme() == Some(&Scheme::HTTPS);
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let may = secure || (uri.scheme() == Some(&Scheme::HTTP) && local);
    may.then_some(Target { host, port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }), secure })
}

async fn ask(mut request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutboundError> {
    let refuse = || OutboundError::Address(request.uri().to_string());
    let Target { host, port, secure } = target(request.uri()).ok_or_else(refuse)?;
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let header = HeaderValue::try_from(authority).map_err(|_| refuse())?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse::<Uri>().map_err(|_| refuse())?;
    let name = ServerName::try_from(host.clone()).map_err(|_| refuse())?;
    request.headers_mut().insert(hyper::header::HOST, header);
    *request.uri_mut() = path;
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    if secure {
        send(TlsConnector::from(trust()).connect(name, stream).await?, request).await
    } else {
        send(stream, request).await
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, OutboundError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with its sender, which this function owns.
    let driving = tokio::spawn(connection);
    let answer = sender.send_request(request.map(|body| Full::new(Bytes::from(body)))).await?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, LONGEST).collect().await.map_err(|_| OutboundError::Body)?.to_bytes();
    drop(sender);
    driving.abort();
    Ok(Response::from_parts(head, body.to_vec()))
}

/// The system's roots, read once.
pub(super) fn trust() -> Arc<ClientConfig> {
    static TRUST: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    let make = || {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a root certificate of the system was not read");
        }
        roots.add_parsable_certificates(found.certs);
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("the provider knows TLS 1.3");
        Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
    };
    TRUST.get_or_init(make).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_cross_no_network_in_plain_text() {
        for (url, may) in [
            ("https://accounts.example", true),
            ("https://accounts.example:8443/a", true),
            ("http://127.0.0.1:8080/", true),
            ("http://[::1]:8080/", true),
            ("http://localhost:8080", true),
            ("http://accounts.example", false),
            ("http://192.0.2.1", false),
            ("ftp://127.0.0.1", false),
            ("/path", false),
            ("", false),
        ] {
            assert_eq!(is_acceptable(url), may, "{url}");
        }
    }
}
