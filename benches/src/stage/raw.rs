//! The floor: a quinn server as one writes it from quinn's examples. A single thread, a task for each connection, every
//! datagram sent back at once; the same cipher, no protocol above it.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;

use anyhow::Context;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, EndpointConfig, ServerConfig, TokioRuntime};
use rustls::crypto::ring::{cipher_suite, default_provider};
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::{Answer, Ask, Counted, Ready, converse};
use crate::load::set_buffers;

/// The protocol that bare clients ask for.
pub(crate) const RAW_ALPN: &[u8] = b"bench-raw";

pub(super) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    // As large as the gateway's: with the system's, bursts are lost and what is left looks cheap.
    set_buffers(&socket)?;
    let runtime_of_quinn = Arc::new(TokioRuntime);
    let endpoint = Endpoint::new(EndpointConfig::default(), Some(server_config()?), socket, runtime_of_quinn)?;
    drop(entered);
    let address = endpoint.local_addr()?;
    std::thread::Builder::new().name("raw-quinn".to_owned()).spawn(move || runtime.block_on(accept_all(endpoint)))?;
    converse(Ready { address, schemas: Vec::new(), capacity: 0, max_map_count: None }, |ask| {
        Ok(match ask {
            Ask::Mark => Answer::Done,
            Ask::Count => Answer::Counted(Counted::default()),
            other => Answer::Failed(format!("there are no matches here: {other:?}")),
        })
    })
}

async fn accept_all(endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async move {
            let Ok(connection) = incoming.await else { return };
            while let Ok(datagram) = connection.read_datagram().await {
                if connection.send_datagram(datagram).is_err() {
                    return;
                }
            }
        });
    }
}

fn server_config() -> anyhow::Result<ServerConfig> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let mut provider = default_provider();
    provider.cipher_suites = vec![cipher_suite::TLS13_AES_128_GCM_SHA256];
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())?;
    tls.alpn_protocols = vec![RAW_ALPN.to_vec()];
    Ok(ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).context("TLS 1.3 for QUIC")?)))
}
