//! A bare web page: WebTransport or WebSocket and the wire codec, with no rules of its own, so that it can break all of
//! them.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use stadion_host::gateway::SocketRefusal;
use stadion_protocol::CloseCode;
use stadion_protocol::wire::{
    CONNECT_PATH, ClientDatagram, ClientFrame, FrameReader, MAX_SERVER_FRAME, ServerDatagram, ServerFrame,
    WEBSOCKET_PROTOCOL, WEBTRANSPORT_ALPN,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::http::Request;
use tokio_tungstenite::tungstenite::protocol::Role;
use web_transport_quinn::proto::ConnectRequest;
use web_transport_quinn::{ClientError, RecvStream, SendStream, Session, SessionError, WebTransportError};

use crate::client::{Appetite, connect, endpoint, join};
use crate::rig::{PATIENCE, Rig, good_token};

/// How a page reaches the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    WebTransport,
    WebSocket,
}

impl Way {
    pub(crate) const BOTH: [Way; 2] = [Way::WebTransport, Way::WebSocket];
}

pub(crate) struct Page {
    way: Wire,
    reader: FrameReader,
    datagrams: VecDeque<Bytes>,
}

enum Wire {
    WebTransport { session: Box<Session>, send: SendStream, receive: RecvStream },
    WebSocket(Box<WebSocketStream<TcpStream>>),
}

/// What came over a WebSocket.
enum Came {
    Stream,
    Datagram,
    Closed(CloseCode, String),
    Lost,
}

/// Asks for a session as a page of this origin.
pub(crate) async fn ask_session(rig: &Rig, path: &str, origin: &str) -> Result<Session, ClientError> {
    let endpoint = endpoint(rig, WEBTRANSPORT_ALPN, Appetite::Small);
    let connection = connect(&endpoint, rig.address()).await.unwrap();
    let url: url::Url = format!("https://{}{path}", rig.address()).parse().unwrap();
    let request = ConnectRequest::new(url).with_header("origin".parse().unwrap(), origin.parse().unwrap());
    timeout(PATIENCE, Session::connect(connection, request)).await.expect("an answer in time")
}

/// The head of a request for a WebSocket, as browsers write it.
pub(crate) fn socket_request(origin: &str, subprotocol: &str) -> Request<()> {
    let builder = Request::builder().uri(CONNECT_PATH).header("host", "127.0.0.1:7878").header("origin", origin);
    builder
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", subprotocol)
        .body(())
        .unwrap()
}

/// What each side's kernel holds, asked for; it takes twice that.
const BUFFER: usize = 48 * 1024;

/// A socket on both ends of which HTTP has been spoken already, with buffers that fill soon.
async fn upgraded(rig: &Rig) -> Result<TcpStream, SocketRefusal> {
    let granted = rig.gateway.websockets().ask(&socket_request("http://localhost:5173", "chat, stadion.1"))?;
    assert_eq!(granted.response().headers()["sec-websocket-protocol"], WEBSOCKET_PROTOCOL);
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (theirs, _) = listener.accept().await.unwrap();
    rustix::net::sockopt::set_socket_send_buffer_size(&theirs, BUFFER).unwrap();
    rustix::net::sockopt::set_socket_recv_buffer_size(&ours, BUFFER).unwrap();
    theirs.set_nodelay(true).unwrap();
    drop(tokio::spawn(granted.serve(Box::new(theirs))));
    Ok(ours)
}

impl Page {
    /// Connects and says nothing.
    pub(crate) async fn silent(rig: &Rig, way: Way) -> Page {
        let way = match way {
            Way::WebTransport => {
                let session = ask_session(rig, CONNECT_PATH, "https://127.0.0.1").await.unwrap();
                let (send, receive) = session.open_bi().await.unwrap();
                Wire::WebTransport { session: Box::new(session), send, receive }
            }
            Way::WebSocket => {
                let socket = upgraded(rig).await.unwrap();
                Wire::WebSocket(Box::new(WebSocketStream::from_raw_socket(socket, Role::Client, None).await))
            }
        };
        Page { way, reader: FrameReader::new(MAX_SERVER_FRAME), datagrams: VecDeque::new() }
    }

    /// Connects, joins and is welcome.
    pub(crate) async fn joined(rig: &Rig, way: Way) -> Page {
        let mut page = Page::silent(rig, way).await;
        page.say(&join(good_token())).await;
        let welcome = page.hear().await;
        assert!(matches!(welcome, ServerFrame::Welcome(_)), "{welcome:?}");
        page
    }

    pub(crate) async fn say(&mut self, frame: &ClientFrame) {
        self.write(&frame.encode()).await;
    }

    /// Writes to the stream as long as the connection takes it; what a server that has closed does not take is lost.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        match &mut self.way {
            Wire::WebTransport { send, .. } => drop(timeout(PATIENCE, send.write_all(bytes)).await.unwrap()),
            Wire::WebSocket(_) => self.send(Message::binary([&[0], bytes].concat())).await,
        }
    }

    /// Sends a message that is none of the protocol's.
    pub(crate) async fn send(&mut self, message: Message) {
        let Wire::WebSocket(socket) = &mut self.way else { panic!("messages are WebSocket's") };
        let _ = timeout(PATIENCE, socket.send(message)).await.expect("buffers empty again");
    }

    pub(crate) async fn throw(&mut self, number: u64, data: &[u8]) {
        let datagram = ClientDatagram::Inputs { first: number, inputs: vec![Bytes::copy_from_slice(data)] }.encode();
        match &mut self.way {
            Wire::WebTransport { session, .. } => session.send_datagram(datagram).unwrap(),
            Wire::WebSocket(_) => self.send(Message::binary([&[1], &datagram[..]].concat())).await,
        }
    }

    /// The next frame.
    pub(crate) async fn hear(&mut self) -> ServerFrame {
        loop {
            if let Some(body) = self.reader.next_frame().unwrap() {
                return ServerFrame::decode(body).unwrap();
            }
            match &mut self.way {
                Wire::WebTransport { receive, .. } => {
                    let chunk = timeout(PATIENCE, receive.read_chunk(usize::MAX, true)).await.expect("a frame in time");
                    self.reader.push(&chunk.unwrap().expect("the stream is open").bytes);
                }
                Wire::WebSocket(_) => {
                    let came = self.message().await;
                    assert!(matches!(came, Came::Stream | Came::Datagram), "the connection is open");
                }
            }
        }
    }

    /// The next datagram.
    pub(crate) async fn catch(&mut self) -> ServerDatagram {
        let datagram = loop {
            if let Wire::WebTransport { session, .. } = &self.way {
                break timeout(PATIENCE, session.read_datagram()).await.expect("a datagram in time").unwrap();
            }
            if let Some(datagram) = self.datagrams.pop_front() {
                break datagram;
            }
            assert!(!matches!(self.message().await, Came::Lost), "the connection is open");
        };
        ServerDatagram::decode(&datagram).unwrap()
    }

    /// An input and its echo: proof that this connection works.
    pub(crate) async fn plays(&mut self, in_seq: u64) {
        self.say(&ClientFrame::Input { in_seq, data: format!("input {in_seq}").into() }).await;
        assert_eq!(self.hear().await, ServerFrame::Ack { in_seq });
        let echo = self.hear().await;
        assert!(matches!(&echo, ServerFrame::Message { data, .. } if *data == format!("input {in_seq}")), "{echo:?}");
    }

    /// The code with which the server closes, and its reason; `None`: the connection broke without one.
    pub(crate) async fn closed(&mut self) -> Option<(CloseCode, String)> {
        if let Wire::WebTransport { session, .. } = &self.way {
            let error = timeout(PATIENCE, session.closed()).await.expect("the server closes");
            return match error {
                SessionError::WebTransportError(WebTransportError::Closed(code, reason)) => {
                    Some((CloseCode::from_number(u64::from(code)).expect("a code of ours"), reason))
                }
                _ => None,
            };
        }
        loop {
            match self.message().await {
                Came::Closed(code, reason) => return Some((code, reason)),
                Came::Lost => return None,
                Came::Stream | Came::Datagram => {}
            }
        }
    }

    /// Goes without a word of the protocol.
    pub(crate) fn leaves(self) {
        match self.way {
            Wire::WebTransport { session, .. } => session.close(0, b""),
            Wire::WebSocket(socket) => drop(socket),
        }
    }

    async fn message(&mut self) -> Came {
        let Wire::WebSocket(socket) = &mut self.way else { panic!("messages are WebSocket's") };
        match timeout(PATIENCE, socket.next()).await.expect("a message in time") {
            Some(Ok(Message::Binary(bytes))) => match bytes[0] {
                0 => {
                    self.reader.push(&bytes[1..]);
                    Came::Stream
                }
                1 => {
                    self.datagrams.push_back(bytes.slice(1..));
                    Came::Datagram
                }
                other => panic!("a message of kind {other}"),
            },
            Some(Ok(Message::Close(Some(frame)))) => {
                let number = u16::from(frame.code).checked_sub(4000).expect("a code of ours");
                let code = CloseCode::from_number(u64::from(number)).expect("a code of ours");
                Came::Closed(code, frame.reason.to_string())
            }
            Some(Ok(Message::Ping(_))) => Came::Stream,
            Some(Ok(other)) => panic!("{other:?}"),
            Some(Err(_)) | None => Came::Lost,
        }
    }
}
