//! The accept loop. `axum::serve` gives hyper no timer, so that its header deadline never fires: here it does.
//!
//! A connection costs a place of [`HttpConfig::connections`] until it is closed: by its client, by the header deadline
//! (which also runs while it idles between requests), by the pace of bodies, or because it takes no answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::body::{Pace, PacedBody};
use super::caller::caller;
use super::connection::PatientStream;
use super::extract::ClientAddress;
use super::tls::Tls;
use crate::config::{HttpConfig, PlainHttp};

/// Head of a request at most, bytes, with all its headers.
const HEAD_BYTES: usize = 32 * 1024;

/// Headers of a request at most.
const HEADERS: usize = 64;

/// Written and not taken by the client, bytes; Linux doubles it for its own book-keeping. At a round trip of 50 ms it
/// still carries 2.5 MB a second.
#[cfg(unix)]
const SEND_BUFFER: usize = 128 * 1024;

/// After a failed accept (out of file descriptors): time for connections to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What is served, and how.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) router: Router,
    pub(crate) config: Arc<HttpConfig>,
    /// `None`: in plain text.
    pub(crate) tls: Option<Arc<Tls>>,
}

/// Serves connections until `shutdown`, then lets requests under way end within the grace.
pub(crate) async fn serve(listener: TcpListener, service: Service, shutdown: impl Future<Output = ()>) {
    let config = service.config.clone();
    let places = Arc::new(Semaphore::new(config.connections as usize));
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some((stream, peer, place)) = accepted {
            let serving = connection(stream, peer, service.clone(), stopped.clone());
            connections.spawn(async move {
                serving.await;
                drop(place);
            });
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let _ = stop.send(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(config.shutdown_grace, ended).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections are cut off: the shutdown grace is over");
    }
}

type Accepted = (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

/// Waits for a place first: who finds none waits in the listener's backlog.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<Accepted> {
    let place = places.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, place)),
        Err(error) => {
            tracing::warn!(%error, "accept");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, service: Service, stopped: watch::Receiver<bool>) {
    let ip = peer.ip().to_canonical();
    let elsewhere = !ip.is_loopback() && !service.config.trusted_proxies.contains(&ip);
    if service.tls.is_none() && service.config.plain == PlainHttp::ThisMachine && elsewhere {
        tracing::debug!(%peer, "a connection without TLS from elsewhere");
        return;
    }
    // Answers are small: waiting to fill a packet only makes them late.
    let _ = stream.set_nodelay(true);
    bound_send_buffer(&stream);
    let stream = PatientStream::new(stream, service.config.write_timeout);
    let Some(tls) = &service.tls else { return speak(stream, peer, service, stopped).await };
    match tokio::time::timeout(service.config.header_timeout, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => speak(stream, peer, service, stopped).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS"),
        Err(_) => tracing::debug!(%peer, "no TLS in time"),
    }
}

async fn speak<S>(stream: S, peer: SocketAddr, service: Service, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let Service { router, config, tls } = service;
    let io = TokioIo::new(stream);
    let pace = Pace { grace: config.body_grace, rate: config.body_rate };
    let trusted = Arc::clone(&config);
    let service = service_fn(move |request: Request<Incoming>| {
        let caller = caller(peer.ip(), request.headers(), &trusted.trusted_proxies);
        let mut request = request.map(|body| Body::new(PacedBody::new(body, pace)));
        request.extensions_mut().insert(ClientAddress(caller));
        if tls.is_some() {
            // As a proxy that takes TLS off says it: one way to tell what URLs callers use.
            request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("https"));
        }
        let answer = router.clone().oneshot(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(config.header_timeout)
            .max_headers(HEADERS)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(io, service)
            .with_upgrades()
    );
    let stopping = async {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stopping => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection");
    }
}

/// The kernel gives megabytes to whoever reads slowly; a game's states, carried by a WebSocket, would grow old in them.
#[cfg(unix)]
fn bound_send_buffer(stream: &TcpStream) {
    if let Err(error) = rustix::net::sockopt::set_socket_send_buffer_size(stream, SEND_BUFFER) {
        tracing::debug!(%error, "the send buffer stays as it is");
    }
}

#[cfg(not(unix))]
fn bound_send_buffer(_: &TcpStream) {}

#[cfg(test)]
mod tests;
