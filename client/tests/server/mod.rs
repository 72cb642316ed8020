//! A server as small as can be: canned HTTP answers, and one seat behind real QUIC, made of the protocol's own machines.
//!
//! Its game sends each reliable input back as a message, and each unreliable one as an unreliable view.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Endpoint, RecvStream, SendStream, VarInt};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use stadion_protocol::server::{Accepted, Connection, ConnectionConfig, Received, SeatLink};
use stadion_protocol::token::{ResumeToken, SchemaHash};
use stadion_protocol::wire::{ALPN, Hello, ServerFrame, Welcome};
use stadion_protocol::{CloseCode, Incarnation, MatchId, Moment, Seat, Tick};
use stadion_schema::envelope::{Down, Up};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Dropped with the test's runtime.
pub(crate) struct TestServer {
    state: Arc<State>,
    http: SocketAddr,
    quic: SocketAddr,
}

struct State {
    seat: Mutex<SeatState>,
    schema: Vec<u8>,
    hash: [u8; 32],
    finish: Notify,
}

#[derive(Default)]
struct SeatState {
    link: SeatLink,
    tick: u64,
    views: u64,
    acknowledged_view: u64,
    inputs: Vec<u32>,
    left: bool,
    connections: Vec<(quinn::Connection, Arc<Mutex<bool>>)>,
    live: usize,
}

impl State {
    fn seat(&self) -> MutexGuard<'_, SeatState> {
        self.seat.lock().unwrap()
    }
}

const SECRET: [u8; 16] = [3; 16];

impl TestServer {
    pub(crate) async fn start(schema: &[u8]) -> TestServer {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = key.cert.der().clone();
        let hash = Sha256::digest(&certificate).into();
        let state = Arc::new(State { seat: Mutex::default(), schema: schema.to_vec(), hash, finish: Notify::new() });
        let endpoint = Endpoint::server(server_config(certificate, &key), (Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let server = TestServer {
            state: Arc::clone(&state),
            http: listener.local_addr().unwrap(),
            quic: endpoint.local_addr().unwrap(),
        };
        let (quic, for_quic) = (server.quic, Arc::clone(&state));
        tokio::spawn(async move {
            while let Some(incoming) = endpoint.accept().await {
                let state = Arc::clone(&for_quic);
                tokio::spawn(async move {
                    if let Ok(connection) = incoming.await {
                        serve(&state, connection).await;
                    }
                });
            }
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&state), quic));
            }
        });
        server
    }

    pub(crate) fn http(&self) -> String {
        format!("http://{}", self.http)
    }

    pub(crate) fn quic(&self) -> SocketAddr {
        self.quic
    }

    pub(crate) fn inputs(&self) -> Vec<u32> {
        self.state.seat().inputs.clone()
    }

    pub(crate) fn left(&self) -> bool {
        self.state.seat().left
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.seat().connections.len()
    }

    /// The connections that are there now are gone, with a code that clients come back after.
    pub(crate) fn kill_connections(&self) {
        for (connection, _) in &self.state.seat().connections {
            connection.close(VarInt::from_u32(u32::from(CloseCode::TimedOut.number())), b"");
        }
    }

    /// Connections that are there now say nothing any more, and hear nothing.
    pub(crate) fn mute_connections(&self) {
        self.state.seat().connections.iter().for_each(|(_, mute)| *mute.lock().unwrap() = true);
    }

    /// The match is over: told first, closed after it.
    pub(crate) fn finish(&self) {
        self.state.finish.notify_waiters();
    }

    /// Waits until the client has acknowledged that view.
    pub(crate) async fn acknowledged_view(&self, number: u64) {
        while self.state.seat().acknowledged_view < number {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn server_config(
    certificate: CertificateDer<'static>,
    key: &rcgen::CertifiedKey<rcgen::KeyPair>,
) -> quinn::ServerConfig {
    let private = PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .unwrap();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()))
}

/// One connection, to its end.
async fn serve(state: &State, quic: quinn::Connection) {
    let mute = Arc::new(Mutex::new(false));
    let index = {
        let mut seat = state.seat();
        seat.connections.push((quic.clone(), Arc::clone(&mute)));
        seat.connections.len() - 1
    };
    let Ok((mut send, mut receive)) = quic.accept_bi().await else { return };
    let mut connection = Connection::new(ConnectionConfig::default(), Moment(0));
    loop {
        let result = tokio::select! {
            chunk = receive_chunk(&mut receive) => match chunk {
                Some(chunk) => connection.on_stream(Moment(0), &chunk),
                None => return,
            },
            () = state.finish.notified() => return end(&quic, &mut send).await,
            Ok(datagram) = quic.read_datagram() => connection.on_datagram(Moment(0), &datagram),
        };
        result.expect("an honest client");
        if *mute.lock().unwrap() {
            // Hold the connection open, and say nothing.
            quic.closed().await;
            return;
        }
        while let Some(received) = connection.poll_received() {
            let Some(frames) = take(state, index, received, (&mut connection, &quic)) else { return };
            if write(&mut send, frames).await.is_none() {
                return;
            }
        }
        let replies = std::iter::from_fn(|| connection.poll_reply()).collect();
        if write(&mut send, replies).await.is_none() {
            return;
        }
    }
}

async fn end(quic: &quinn::Connection, send: &mut SendStream) {
    let ended = ServerFrame::Ended { code: CloseCode::Finished, reason: "enough".into() };
    if write(send, vec![ended.encode()]).await.is_some() {
        tokio::time::sleep(Duration::from_millis(100)).await;
        quic.close(VarInt::from_u32(u32::from(CloseCode::Finished.number())), b"");
    }
}

async fn receive_chunk(stream: &mut RecvStream) -> Option<Bytes> {
    Some(stream.read_chunk(4_096, true).await.ok()??.bytes)
}

async fn write(stream: &mut SendStream, frames: Vec<Bytes>) -> Option<()> {
    for frame in frames {
        stream.write_all(&frame).await.ok()?;
    }
    Some(())
}

/// What one received thing leads to; `None`: the connection is over.
fn take(
    state: &State,
    index: usize,
    received: Received,
    (connection, quic): (&mut Connection, &quinn::Connection),
) -> Option<Vec<Bytes>> {
    let mut seat = state.seat();
    if !matches!(received, Received::Hello(_)) && seat.live != index {
        return Some(Vec::new());
    }
    match received {
        Received::Hello(hello) => return Some(seat.hello(&hello, state, index)),
        Received::Input { in_seq, data } => return Some(seat.input(in_seq, &data)),
        Received::Ack { out_seq } => seat.link.ack(out_seq).unwrap(),
        Received::Unreliable { data } => match Up::parse(&data).unwrap() {
            Up::Ack(number) => seat.acknowledged_view = number,
            Up::Message(count) => {
                seat.tick += 1;
                seat.views += 1;
                // A list of one.
                let view = [&[1], count].concat();
                let view = Down::View { number: seat.views, data: &view }.to_bytes().into();
                for datagram in connection.unreliable(Incarnation(1), Tick(seat.tick), view).unwrap() {
                    quic.send_datagram(datagram).unwrap();
                }
            }
        },
        Received::Leave => {
            seat.left = true;
            quic.close(VarInt::from_u32(u32::from(CloseCode::Left.number())), b"");
            return None;
        }
        Received::Quality(_) => {}
    }
    Some(Vec::new())
}

impl SeatState {
    fn hello(&mut self, hello: &Hello, state: &State, index: usize) -> Vec<Bytes> {
        assert_eq!(hello.schema, SchemaHash::of(Some(&state.schema)));
        let old = std::mem::replace(&mut self.live, index);
        if old != index {
            let code = VarInt::from_u32(u32::from(CloseCode::Superseded.number()));
            self.connections[old].0.close(code, b"");
        }
        let resumed = self.link.resume(hello.fresh, hello.last_out_seq).unwrap();
        let welcome = Welcome {
            seat: Seat(0),
            incarnation: Incarnation(1),
            tick: Tick(self.tick),
            in_seq: resumed.in_seq,
            next_out_seq: resumed.next_out_seq,
            fresh: resumed.fresh,
            rate: 20,
        };
        let token = ResumeToken { match_id: MatchId([1; 16]), seat: Seat(0), secret: SECRET };
        let held = self.link.unacknowledged().map(|held| {
            ServerFrame::Message { out_seq: held.out_seq, tick: held.tick, data: held.data.clone() }.encode()
        });
        let first = [ServerFrame::Welcome(welcome).encode(), ServerFrame::ResumeToken(token).encode()];
        first.into_iter().chain(held).collect()
    }

    /// Back as a message, and durable at once.
    fn input(&mut self, in_seq: u64, data: &[u8]) -> Vec<Bytes> {
        match self.link.accept(in_seq) {
            Accepted::Duplicate => return Vec::new(),
            Accepted::Gap => panic!("a gap before {in_seq}"),
            Accepted::Next => {}
        }
        let Ok(Up::Message(count)) = Up::parse(data) else { panic!("no input: {data:?}") };
        self.inputs.push(u32::from(count[0]));
        self.tick += 1;
        let message: Bytes = Down::Message(count).to_bytes().into();
        let out_seq = self.link.push(Tick(self.tick), message.clone()).out_seq();
        let ack = self.link.make_durable(in_seq).unwrap();
        let message = ServerFrame::Message { out_seq, tick: Tick(self.tick), data: message };
        vec![message.encode(), ServerFrame::Ack { in_seq: ack }.encode()]
    }
}

/// One HTTP request, one answer.
async fn answer(mut stream: TcpStream, state: Arc<State>, quic: SocketAddr) {
    let mut request = vec![0; 16 * 1024];
    let mut length = 0;
    while !whole(&request[..length]) {
        match stream.read(&mut request[length..]).await {
            Ok(0) | Err(_) => return,
            Ok(count) => length += count,
        }
    }
    let (status, body) = route(&String::from_utf8_lossy(&request[..length]), &state, quic);
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn route(request: &str, state: &State, quic: SocketAddr) -> (&'static str, Vec<u8>) {
    let line = request.lines().next().unwrap_or_default();
    let signed_in = request.to_ascii_lowercase().contains("authorization: bearer access");
    let body = match line {
        "POST /v1/guests HTTP/1.1" => serde_json::json!({
            "access_token": "access", "token_type": "Bearer", "expires_in_s": 900, "refresh_token": "refresh",
            "player": {"id": "p", "name": "ada", "guest": true},
        }),
        "POST /v1/games/counting/play HTTP/1.1" if signed_in => serde_json::json!({
            "match": {"id": "m", "code": "KBQT"}, "game": "counting", "version": "9f", "seat": 0, "join_token": "join",
            "expires_in_s": 60, "quic": [quic.to_string()], "certificate_hashes": [hex::encode(state.hash)],
            "schema_hash": SchemaHash::of(Some(&state.schema)).to_string(), "rate": 20,
        }),
        "GET /v1/games/counting/versions/9f/schema HTTP/1.1" if signed_in => return ("200 OK", state.schema.clone()),
        _ => {
            let problem = serde_json::json!({"title": "not found", "status": 404, "detail": "no game of that name"});
            return ("404 Not Found", problem.to_string().into_bytes());
        }
    };
    ("200 OK", body.to_string().into_bytes())
}
