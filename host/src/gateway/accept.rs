//! From a knock to a player: the door, the handshake, and which transport its ALPN asks for.

use std::sync::Arc;

use quinn::crypto::rustls::HandshakeData;
use quinn::{Endpoint, Incoming};
use stadion_protocol::CloseCode;
use stadion_protocol::wire::{ALPN, WEBTRANSPORT_ALPN};

use super::config::HANDSHAKE_WITHIN;
use super::door::{Address, Crowd, Door, Entry};
use super::player::Player;
use super::shared::{Place, Shared};
use super::transport::{Control, quic, webtransport};

/// Answers every knock until the endpoint closes.
pub(super) async fn accept_all(endpoint: Endpoint, door: Door, shared: Arc<Shared>) {
    while let Some(incoming) = endpoint.accept().await {
        let counters = &shared.counters;
        let crowd = Crowd { connections: counters.connections.get(), handshakes: counters.handshakes.get() };
        let address = if incoming.remote_address_validated() { Address::Proven } else { Address::Claimed };
        match door.decide(crowd, address) {
            Entry::Accept => {
                // Taken here and not in the task, so that the next decision knows of it.
                let place = shared.handshake();
                drop(tokio::spawn(welcome(incoming, place, Arc::clone(&shared))));
            }
            Entry::Retry => {
                counters.retried.up();
                // Allowed for every address that is not proven yet.
                let _ = incoming.retry();
            }
            Entry::Refuse => {
                counters.refused.up();
                incoming.refuse();
            }
            Entry::Ignore => {
                counters.refused.up();
                incoming.ignore();
            }
        }
    }
}

/// Runs one connection from its handshake to its end.
async fn welcome(incoming: Incoming, place: Place, shared: Arc<Shared>) {
    let from = incoming.remote_address();
    let connection = match shake_hands(incoming).await {
        Ok(connection) => connection,
        Err(cause) => {
            shared.counters.failed_handshakes.up();
            tracing::debug!(%from, cause, "no handshake");
            return;
        }
    };
    match alpn(&connection).as_deref() {
        Some(ALPN) => {
            drop(place);
            shared.counters.accepted.up();
            let (control, receive) = quic::open(connection);
            Box::pin(Player::new(shared, control, receive).run()).await;
        }
        Some(WEBTRANSPORT_ALPN) => Box::pin(welcome_page(connection, place, shared)).await,
        _ => {
            shared.counters.accepted.up();
            quic::open(connection).0.close(CloseCode::ProtocolError, "unknown ALPN protocol");
        }
    }
}

/// The same for a web page, whose handshake goes on above QUIC's.
async fn welcome_page(connection: quinn::Connection, place: Place, shared: Arc<Shared>) {
    let from = connection.remote_address();
    let asking = webtransport::accept(connection, &*shared.origins);
    match tokio::time::timeout(HANDSHAKE_WITHIN, asking).await {
        Ok(Ok((control, receive))) => {
            drop(place);
            shared.counters.accepted.up();
            Box::pin(Player::new(shared, control, receive).run()).await;
        }
        Ok(Err(refused)) => {
            let refusal = matches!(refused, webtransport::Refused::Answered { .. });
            if refusal {
                shared.counters.refused_pages.up();
            } else {
                shared.counters.failed_handshakes.up();
            }
            tracing::debug!(%from, %refused, "no WebTransport session");
        }
        // Dropping what it held closes the connection.
        Err(_) => shared.counters.failed_handshakes.up(),
    }
}

async fn shake_hands(incoming: Incoming) -> Result<quinn::Connection, String> {
    let connecting = incoming.accept().map_err(|error| error.to_string())?;
    match tokio::time::timeout(HANDSHAKE_WITHIN, connecting).await {
        Ok(shaken) => shaken.map_err(|error| error.to_string()),
        Err(_) => Err("it took too long".to_owned()),
    }
}

fn alpn(connection: &quinn::Connection) -> Option<Vec<u8>> {
    connection.handshake_data()?.downcast::<HandshakeData>().ok()?.protocol
}
