//! A player who speaks the wire protocol by hand, so as to say what no client library would.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint, RecvStream, SendStream};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use serde_json::Value;
use stadion_protocol::token::SchemaHash;
use stadion_protocol::wire::{
    ALPN, ClientFrame, ClientId, Credential, FrameReader, Hello, MAX_SERVER_FRAME, PROTOCOL_VERSION, ServerFrame,
    Speaker, Welcome,
};
use stadion_protocol::{CloseCode, Tick};

use crate::api::text;

/// Nothing that is waited for here takes longer, unless the server hangs.
const WAIT: Duration = Duration::from_secs(15);
/// The most that one read takes.
const CHUNK: usize = 64 << 10;

/// A connection of a player, with the protocol's stream open.
pub struct RawPlayer {
    endpoint: Endpoint,
    /// Of quinn, for what has no method here.
    pub connection: Connection,
    send: SendStream,
    receive: RecvStream,
    reader: FrameReader,
    in_seq: u64,
}

impl RawPlayer {
    /// Connects and says nothing.
    pub async fn connect(address: &str) -> RawPlayer {
        let mut endpoint = Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        endpoint.set_default_client_config(trusting());
        let connecting = endpoint.connect(address.parse().unwrap(), "localhost").unwrap();
        let connection = tokio::time::timeout(WAIT, connecting).await.expect("a handshake in time").unwrap();
        let (send, receive) = connection.open_bi().await.unwrap();
        let reader = FrameReader::new(MAX_SERVER_FRAME);
        RawPlayer { endpoint, connection, send, receive, reader, in_seq: 0 }
    }

    /// Connects to the match that `play` answered with, and is let in.
    pub async fn join(joined: &Value) -> RawPlayer {
        let mut player = RawPlayer::connect(text_at(&joined["quic"], 0)).await;
        player.hello(&hello(joined, [7; 16])).await;
        player.welcome().await.unwrap_or_else(|code| panic!("not let in: {code:?}"));
        player
    }

    /// Says a frame. That the server may have closed meanwhile is found out by listening.
    pub async fn say(&mut self, frame: &ClientFrame) {
        let _ = self.send.write_all(&frame.encode()).await;
    }

    /// Says bytes.
    pub async fn say_bytes(&mut self, bytes: &[u8]) {
        let _ = self.send.write_all(bytes).await;
    }

    /// Says hello.
    pub async fn hello(&mut self, hello: &Hello) {
        self.say(&ClientFrame::Hello(Box::new(hello.clone()))).await;
    }

    /// Sends a reliable input.
    pub async fn input(&mut self, data: &[u8]) {
        self.in_seq += 1;
        let frame = ClientFrame::Input { in_seq: self.in_seq, data: Bytes::copy_from_slice(data) };
        self.say(&frame).await;
    }

    /// The next frame, or the code that the server closed with.
    pub async fn frame(&mut self) -> Result<ServerFrame, CloseCode> {
        tokio::time::timeout(WAIT, self.frame_or_close()).await.expect("a frame or a close in time")
    }

    async fn frame_or_close(&mut self) -> Result<ServerFrame, CloseCode> {
        loop {
            if let Some(body) = self.reader.next_frame().expect("whole frames") {
                return Ok(ServerFrame::decode(body).expect("frames of this protocol"));
            }
            match self.receive.read_chunk(CHUNK, true).await {
                Ok(Some(chunk)) => self.reader.push(&chunk.bytes),
                Ok(None) | Err(_) => return Err(close_code(&self.connection.closed().await)),
            }
        }
    }

    /// Waits to be let in.
    pub async fn welcome(&mut self) -> Result<Welcome, CloseCode> {
        loop {
            if let ServerFrame::Welcome(welcome) = self.frame().await? {
                return Ok(welcome);
            }
        }
    }

    /// Listens until the server closes the connection, and tells with which code.
    pub async fn closed(&mut self) -> CloseCode {
        loop {
            match self.frame().await {
                Ok(ServerFrame::Message { out_seq, .. }) => self.say(&ClientFrame::Ack { out_seq }).await,
                Ok(_) => {}
                Err(code) => return code,
            }
        }
    }

    /// Gives up the seat.
    pub async fn leave(&mut self) {
        self.say(&ClientFrame::Leave).await;
    }

    /// Vanishes without a word, as a cut cable does: the socket goes and nothing is sent.
    pub fn vanish(self) {
        self.endpoint.rebind(std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        std::mem::forget(self.connection);
    }
}

/// Who says hello later has the younger connection.
static CONNECTIONS: AtomicU32 = AtomicU32::new(1);

/// The hello for an answer of `play`; the nonce also names the client.
pub fn hello(joined: &Value, nonce: [u8; 16]) -> Hello {
    let schema: SchemaHash = text(joined, "schema_hash").parse().unwrap();
    Hello {
        protocol_version: PROTOCOL_VERSION,
        schema,
        speaker: Speaker {
            client: ClientId(*nonce.first_chunk().expect("sixteen bytes have eight")),
            connection: CONNECTIONS.fetch_add(1, Ordering::Relaxed),
        },
        credential: Credential::Join { token: text(joined, "join_token").to_owned(), nonce },
        last_out_seq: 0,
        incarnation: 0,
        last_tick: Tick(0),
        fresh: true,
        options: Bytes::new(),
    }
}

/// A text in a list of an answer.
pub fn text_at(list: &Value, index: usize) -> &str {
    list[index].as_str().unwrap_or_else(|| panic!("no text {index} in {list}"))
}

fn close_code(error: &ConnectionError) -> CloseCode {
    match error {
        ConnectionError::ApplicationClosed(close) => {
            let number = close.error_code.into_inner();
            CloseCode::from_number(number).unwrap_or_else(|| panic!("close code {number}: {close}"))
        }
        other => panic!("closed without a code: {other}"),
    }
}

/// A configuration that takes any certificate: what is tested lies behind it.
fn trusting() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustAll(provider)))
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
}

#[derive(Debug)]
struct TrustAll(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for TrustAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not offered".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
