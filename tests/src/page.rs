//! A player in a web page, as far as a server can tell: WebTransport or WebSocket, with the URLs and certificate hashes that
//! `play` answered with.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use reqwest::Url;
use serde_json::Value;
use stadion_protocol::CloseCode;
use stadion_protocol::wire::{ClientFrame, FrameReader, MAX_SERVER_FRAME, ServerFrame, WEBSOCKET_PROTOCOL};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use web_transport_quinn::proto::ConnectRequest;
use web_transport_quinn::{
    ClientBuilder, ClientError, RecvStream, SendStream, Session, SessionError, WebTransportError,
};

use crate::api::text;
use crate::raw_player::hello;

/// Nothing that is waited for here takes longer, unless the server hangs.
const WAIT: Duration = Duration::from_secs(15);
/// The origin of pages in these tests: on the same machine, another port.
const ORIGIN: &str = "http://127.0.0.1:5173";

/// A connection of a page.
pub struct Page {
    way: Way,
    reader: FrameReader,
    in_seq: u64,
}

enum Way {
    WebTransport { session: Box<Session>, send: SendStream, receive: RecvStream },
    WebSocket(Box<WebSocketStream<TcpStream>>),
}

/// Asks a server for a WebTransport session, as a page of an origin.
pub async fn ask_session(endpoints: &Value, origin: &str) -> Result<Session, ClientError> {
    let hashes = endpoints["certificate_hashes"].as_array().unwrap().iter();
    let hashes = hashes.map(|hash| STANDARD.decode(hash.as_str().unwrap()).unwrap()).collect();
    let client = ClientBuilder::new().with_server_certificate_hashes(hashes)?;
    let url: Url = text(endpoints, "webtransport").parse().unwrap();
    let request = ConnectRequest::new(url).with_header("origin".parse().unwrap(), origin.parse().unwrap());
    tokio::time::timeout(WAIT, client.connect(request)).await.expect("an answer in time")
}

/// Asks a server for a WebSocket, as a page of an origin.
pub async fn ask_socket(endpoints: &Value, origin: &str) -> Result<WebSocketStream<TcpStream>, SocketError> {
    let mut request = text(endpoints, "websocket").into_client_request()?;
    let authority = request.uri().authority().unwrap().to_string();
    let headers = request.headers_mut();
    headers.insert("origin", origin.parse().unwrap());
    headers.insert("sec-websocket-protocol", WEBSOCKET_PROTOCOL.parse().unwrap());
    let stream = TcpStream::connect(authority).await.unwrap();
    let (socket, _) = tokio::time::timeout(WAIT, client_async(request, stream)).await.expect("an answer in time")?;
    Ok(socket)
}

impl Page {
    /// Joins over WebTransport.
    pub async fn over_webtransport(joined: &Value) -> Page {
        let session = ask_session(&joined["endpoints"], ORIGIN).await.unwrap();
        let (send, receive) = session.open_bi().await.unwrap();
        Page::join(Way::WebTransport { session: Box::new(session), send, receive }, joined).await
    }

    /// Joins over WebSocket.
    pub async fn over_websocket(joined: &Value) -> Page {
        let socket = ask_socket(&joined["endpoints"], ORIGIN).await.unwrap();
        Page::join(Way::WebSocket(Box::new(socket)), joined).await
    }

    async fn join(way: Way, joined: &Value) -> Page {
        let mut page = Page { way, reader: FrameReader::new(MAX_SERVER_FRAME), in_seq: 0 };
        page.say(&ClientFrame::Hello(Box::new(hello(joined, [9; 16])))).await;
        let welcome = tokio::time::timeout(WAIT, page.frame()).await.expect("a welcome in time");
        assert!(matches!(welcome, Ok(ServerFrame::Welcome(_))), "{welcome:?}");
        page
    }

    /// Sends a reliable input.
    pub async fn input(&mut self, data: &[u8]) {
        self.in_seq += 1;
        let data = Bytes::copy_from_slice(data);
        self.say(&ClientFrame::Input { in_seq: self.in_seq, data }).await;
    }

    /// Says a frame. That the server may have closed meanwhile is found out by listening.
    pub async fn say(&mut self, frame: &ClientFrame) {
        let bytes = frame.encode();
        match &mut self.way {
            Way::WebTransport { send, .. } => drop(send.write_all(&bytes).await),
            Way::WebSocket(socket) => drop(socket.send(Message::binary([&[0], &bytes[..]].concat())).await),
        }
    }

    /// The next frame, or the code that the server closed with. Safe to cancel.
    pub async fn frame(&mut self) -> Result<ServerFrame, CloseCode> {
        loop {
            if let Some(body) = self.reader.next_frame().expect("whole frames") {
                return Ok(ServerFrame::decode(body).expect("frames of this protocol"));
            }
            match &mut self.way {
                Way::WebTransport { session, receive, .. } => match receive.read_chunk(usize::MAX, true).await {
                    Ok(Some(chunk)) => self.reader.push(&chunk.bytes),
                    Ok(None) | Err(_) => return Err(session_code(&session.closed().await)),
                },
                Way::WebSocket(socket) => match socket.next().await {
                    Some(Ok(Message::Binary(bytes))) if bytes.first() == Some(&0) => self.reader.push(&bytes[1..]),
                    Some(Ok(Message::Close(Some(frame)))) => return Err(code(u64::from(u16::from(frame.code)) - 4000)),
                    Some(Ok(_)) => {}
                    other => panic!("closed without a code: {other:?}"),
                },
            }
        }
    }
}

fn session_code(error: &SessionError) -> CloseCode {
    match error {
        SessionError::WebTransportError(WebTransportError::Closed(number, _)) => code(u64::from(*number)),
        other => panic!("closed without a code: {other}"),
    }
}

fn code(number: u64) -> CloseCode {
    CloseCode::from_number(number).unwrap_or_else(|| panic!("close code {number}"))
}
