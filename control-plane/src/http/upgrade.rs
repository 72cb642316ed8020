//! Connections that stop speaking HTTP (RFC 9110 section 7.8). Who takes them is not known here: whoever composes a
//! server names a path, a policy and a taker.

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use hyper::http;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::problem::{Fault, Kind, Problem};

/// What is left of a connection when HTTP has been spoken: bytes both ways.
pub trait UpgradedStream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> UpgradedStream for S {}

/// The head of a request for an upgrade.
pub type UpgradeRequest = http::Request<()>;

/// The head of the answer that grants it.
pub type UpgradeResponse = http::Response<()>;

/// Runs an upgraded connection to its end.
pub type Taker = Box<dyn FnOnce(Box<dyn UpgradedStream>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// A path at which connections change hands.
pub trait Upgrades: Send + Sync + 'static {
    /// Where: a path of its own, which no endpoint has.
    fn path(&self) -> &'static str;

    /// Decides by the head of a request: what to answer (101), and who takes the connection then.
    ///
    /// # Errors
    /// See [`UpgradeRefusal`].
    fn upgrade(&self, head: &UpgradeRequest) -> Result<(UpgradeResponse, Taker), UpgradeRefusal>;
}

/// Why a connection goes on speaking HTTP. Each carries a sentence for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpgradeRefusal {
    /// The request asks for nothing that is offered here.
    #[error("{0}")]
    NotAsked(String),
    /// This caller may not.
    #[error("{0}")]
    Forbidden(String),
    /// There is no room.
    #[error("{0}")]
    Full(String),
}

impl Fault for UpgradeRefusal {
    fn kind(&self) -> Kind {
        match self {
            UpgradeRefusal::NotAsked(_) => Kind::BadRequest,
            UpgradeRefusal::Forbidden(_) => Kind::Forbidden,
            UpgradeRefusal::Full(_) => Kind::Unavailable,
        }
    }
}

/// The handler of an upgrade's path.
pub(crate) async fn upgrade(upgrades: Arc<dyn Upgrades>, mut request: Request) -> Result<Response, Problem> {
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let (parts, _) = request.into_parts();
    let (answer, taker) = upgrades.upgrade(&http::Request::from_parts(parts, ()))?;
    let Some(on_upgrade) = on_upgrade else {
        return Err(UpgradeRefusal::NotAsked("this connection cannot be upgraded".to_owned()).into());
    };
    drop(tokio::spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => taker(Box::new(TokioIo::new(upgraded))).await,
            Err(error) => tracing::debug!(%error, "the connection ended before it was upgraded"),
        }
    }));
    let (parts, ()) = answer.into_parts();
    Ok((parts, axum::body::Body::empty()).into_response())
}
