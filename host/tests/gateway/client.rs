//! A bare client: quinn and the wire codec, with no rules of its own, so that it can break all of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ConnectionError, Endpoint, TransportConfig, VarInt};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use sha2::{Digest, Sha256};
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::{
    ALPN, ClientDatagram, ClientFrame, Credential, FrameReader, Hello, MAX_SERVER_FRAME, PROTOCOL_VERSION,
    ServerDatagram, ServerFrame, Speaker,
};
use stadion_protocol::{CloseCode, Tick};
use tokio::time::timeout;

use crate::rig::{PATIENCE, Rig, good_token};

pub(crate) struct Client {
    pub(crate) endpoint: Endpoint,
    pub(crate) connection: quinn::Connection,
    send: quinn::SendStream,
    receive: quinn::RecvStream,
    reader: FrameReader,
}

/// How a client's transport is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appetite {
    Normal,
    /// Lets the server have little in flight.
    Small,
}

pub(crate) fn hello(credential: Credential) -> Hello {
    Hello {
        protocol_version: PROTOCOL_VERSION,
        schema: SchemaHash::default(),
        speaker: Speaker::default(),
        credential,
        last_out_seq: 0,
        incarnation: 0,
        last_tick: Tick(0),
        fresh: true,
        options: Bytes::new(),
    }
}

pub(crate) fn join(token: String) -> ClientFrame {
    ClientFrame::Hello(Box::new(hello(Credential::Join { token, nonce: [5; 16] })))
}

/// Trusts the certificates that the gateway names, and nothing else. Without ALPN when that is empty.
pub(crate) fn client_config(rig: &Rig, alpn: &[u8], appetite: Appetite) -> quinn::ClientConfig {
    pinning(rig.gateway.endpoints().certificate_hashes, alpn, appetite)
}

fn pinning(hashes: Vec<[u8; 32]>, alpn: &[u8], appetite: Appetite) -> quinn::ClientConfig {
    let provider = Arc::new(ring::default_provider());
    let pinned = Pinned { hashes, provider: Arc::clone(&provider) };
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth();
    tls.alpn_protocols = if alpn.is_empty() { Vec::new() } else { vec![alpn.to_vec()] };
    let mut config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let mut transport = TransportConfig::default();
    if appetite == Appetite::Small {
        transport.stream_receive_window(VarInt::from_u32(8 * 1024));
    }
    config.transport_config(Arc::new(transport));
    config
}

pub(crate) fn endpoint(rig: &Rig, alpn: &[u8], appetite: Appetite) -> Endpoint {
    let mut endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    endpoint.set_default_client_config(client_config(rig, alpn, appetite));
    endpoint
}

/// For a gateway that names no hashes.
pub(crate) fn endpoint_pinning(hash: [u8; 32]) -> Endpoint {
    let mut endpoint = Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    endpoint.set_default_client_config(pinning(vec![hash], ALPN, Appetite::Normal));
    endpoint
}

pub(crate) async fn connect(endpoint: &Endpoint, address: SocketAddr) -> Result<quinn::Connection, ConnectionError> {
    let connecting = endpoint.connect(address, "localhost").unwrap();
    timeout(PATIENCE, connecting).await.expect("a handshake ends")
}

impl Client {
    /// Connects and says nothing.
    pub(crate) async fn silent(rig: &Rig, appetite: Appetite) -> Client {
        Client::silent_at(rig, rig.address(), appetite).await
    }

    pub(crate) async fn silent_at(rig: &Rig, address: SocketAddr, appetite: Appetite) -> Client {
        Client::silent_over(endpoint(rig, ALPN, appetite), address).await
    }

    pub(crate) async fn silent_over(endpoint: Endpoint, address: SocketAddr) -> Client {
        let connection = connect(&endpoint, address).await.unwrap();
        let (send, receive) = connection.open_bi().await.unwrap();
        Client { endpoint, connection, send, receive, reader: FrameReader::new(MAX_SERVER_FRAME) }
    }

    /// Connects, joins and is welcome.
    pub(crate) async fn joined(rig: &Rig) -> Client {
        Client::joined_at(rig, rig.address(), Appetite::Normal).await
    }

    pub(crate) async fn joined_at(rig: &Rig, address: SocketAddr, appetite: Appetite) -> Client {
        let mut client = Client::silent_at(rig, address, appetite).await;
        client.say(&join(good_token())).await;
        let welcome = client.hear().await;
        assert!(matches!(welcome, ServerFrame::Welcome(_)), "{welcome:?}");
        client
    }

    pub(crate) async fn say(&mut self, frame: &ClientFrame) {
        self.write(&frame.encode()).await;
    }

    /// Writes as long as the connection takes it.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        // A server that has had enough closes, which the test looks at elsewhere.
        let _ = timeout(PATIENCE, self.send.write_all(bytes)).await.expect("windows open again");
    }

    pub(crate) fn throw(&self, number: u64, data: &[u8]) {
        let datagram = ClientDatagram::Inputs { first: number, inputs: vec![Bytes::copy_from_slice(data)] };
        let _ = self.connection.send_datagram(datagram.encode());
    }

    /// The next frame.
    pub(crate) async fn hear(&mut self) -> ServerFrame {
        self.hear_or_close().await.expect("the connection is open")
    }

    /// The next frame; `None` at the end of the stream or of the connection.
    pub(crate) async fn hear_or_close(&mut self) -> Option<ServerFrame> {
        loop {
            if let Some(body) = self.reader.next_frame().unwrap() {
                return Some(ServerFrame::decode(body).unwrap());
            }
            let chunk = timeout(PATIENCE, self.receive.read_chunk(usize::MAX, true)).await.expect("a frame in time");
            self.reader.push(&chunk.ok()??.bytes);
        }
    }

    pub(crate) async fn catch(&self) -> ServerDatagram {
        let datagram = timeout(PATIENCE, self.connection.read_datagram()).await.expect("a datagram in time").unwrap();
        ServerDatagram::decode(&datagram).unwrap()
    }

    /// An input and its echo: proof that this connection works.
    pub(crate) async fn plays(&mut self, in_seq: u64) {
        self.say(&ClientFrame::Input { in_seq, data: format!("input {in_seq}").into() }).await;
        assert_eq!(self.hear().await, ServerFrame::Ack { in_seq });
        let echo = self.hear().await;
        assert!(matches!(&echo, ServerFrame::Message { data, .. } if *data == format!("input {in_seq}")), "{echo:?}");
    }

    pub(crate) fn ends_stream(&mut self) {
        self.send.finish().unwrap();
    }

    /// The code with which the server closes, and its reason.
    pub(crate) async fn closed(&self) -> (CloseCode, String) {
        close_code(timeout(PATIENCE, self.connection.closed()).await.expect("the server closes"))
    }
}

pub(crate) fn close_code(error: ConnectionError) -> (CloseCode, String) {
    match error {
        ConnectionError::ApplicationClosed(close) => {
            let code = CloseCode::from_number(close.error_code.into_inner()).expect("a code of ours");
            (code, String::from_utf8(close.reason.to_vec()).unwrap())
        }
        other => panic!("not closed by the server: {other}"),
    }
}

/// Trusts certificates by their hash, as browsers do with `serverCertificateHashes`.
#[derive(Debug)]
struct Pinned {
    hashes: Vec<[u8; 32]>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let hash: [u8; 32] = Sha256::digest(end_entity).into();
        if self.hashes.contains(&hash) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("another certificate".into()))
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("QUIC is TLS 1.3".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
