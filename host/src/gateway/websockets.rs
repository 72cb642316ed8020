//! The door for WebSockets: a server of HTTP, which this crate does not know, passes on requests and then the byte
//! stream behind them. The same bounds hold as for those who come over UDP.

use std::sync::Arc;

use stadion_protocol::wire::WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::handshake::server::create_response;
use tokio_tungstenite::tungstenite::http::header::{HOST, HeaderValue, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{Request, Response};

use super::door::{Address, Crowd, Door, Entry};
use super::player::Player;
use super::shared::{Place, Shared};
use super::transport::websocket::{self, ByteStream};

/// Takes WebSockets. Cheap to clone; it serves no longer than its gateway.
#[derive(Clone)]
pub struct WebSockets {
    pub(super) door: Door,
    pub(super) shared: Arc<Shared>,
}

/// A WebSocket that may be: answer the response, then [`serve`](GrantedSocket::serve) the stream. Dropping it gives its
/// place back.
pub struct GrantedSocket {
    response: Response<()>,
    place: Place,
    shared: Arc<Shared>,
}

/// Why a request gets no WebSocket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SocketRefusal {
    /// It asks for none, or for another kind.
    #[error("this path takes WebSockets (RFC 6455) of the subprotocol {WEBSOCKET_PROTOCOL}: {0}")]
    NotAsked(String),
    /// Its page may not talk to this server.
    #[error("pages of {0} may not connect here; the server's operator or the game's owner can allow that origin")]
    Origin(String),
    /// There is no room.
    #[error("as many players are connected as may be")]
    Full,
}

impl WebSockets {
    /// Decides about a request by its head.
    ///
    /// # Errors
    /// See [`SocketRefusal`].
    pub fn ask(&self, request: &Request<()>) -> Result<GrantedSocket, SocketRefusal> {
        let counters = &self.shared.counters;
        let mut response = create_response(request).map_err(|error| SocketRefusal::NotAsked(error.to_string()))?;
        if !offers_ours(request) {
            return Err(SocketRefusal::NotAsked("the subprotocol was not offered".to_owned()));
        }
        self.check_origin(request).inspect_err(|_| counters.refused_pages.up())?;
        let crowd = Crowd { connections: counters.connections.get(), handshakes: counters.handshakes.get() };
        // TCP has proven the address.
        if self.door.decide(crowd, Address::Proven) != Entry::Accept {
            counters.refused.up();
            return Err(SocketRefusal::Full);
        }
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(WEBSOCKET_PROTOCOL));
        Ok(GrantedSocket { response, place: self.shared.handshake(), shared: Arc::clone(&self.shared) })
    }

    fn check_origin(&self, request: &Request<()>) -> Result<(), SocketRefusal> {
        // A name that is no text is no origin: it is refused like any other that nobody knows.
        let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
        match text(ORIGIN) {
            Some(origin) if !self.shared.origins.allows(origin, text(HOST).unwrap_or_default()) => {
                Err(SocketRefusal::Origin(origin.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

impl GrantedSocket {
    /// What to answer.
    pub fn response(&self) -> Response<()> {
        self.response.clone()
    }

    /// Runs the connection to its end, on the runtime that polls this.
    pub async fn serve(self, stream: Box<dyn ByteStream>) {
        let (control, receive) = websocket::open(stream).await;
        drop(self.place);
        self.shared.counters.accepted.up();
        Box::pin(Player::new(self.shared, control, receive).run()).await;
    }
}

fn offers_ours(request: &Request<()>) -> bool {
    let offers = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|list| list.split(',')).any(|offer| offer.trim() == WEBSOCKET_PROTOCOL)
}

impl std::fmt::Debug for WebSockets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSockets").field("door", &self.door).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for GrantedSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrantedSocket").field("response", &self.response).finish_non_exhaustive()
    }
}
