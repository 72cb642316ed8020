//! Over real sockets: what slow, lying and numerous clients meet. Waits are bounded by [`PATIENCE`]; nothing here says
//! how fast anything is.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::config::Config;
use crate::testing::Stage;

const PATIENCE: Duration = Duration::from_secs(20);

/// Serves a stage on a socket while `client` runs; ends with it.
async fn on_socket<T>(stage: &Stage, client: impl AsyncFnOnce(SocketAddr, oneshot::Sender<()>) -> T) -> T {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = stage.control_plane.serve(listener, async {
        let _ = stopped.await;
    });
    let both = async { tokio::join!(serving, client(address, stop)).1 };
    tokio::time::timeout(PATIENCE, both).await.expect("nothing hangs")
}

fn impatient(config: &mut Config) {
    config.http.header_timeout = Duration::from_millis(100);
    config.http.body_grace = Duration::from_millis(100);
    config.http.body_rate = 1 << 20;
    config.http.shutdown_grace = Duration::from_secs(5);
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Sends text and reads until the server closes.
async fn exchange(address: SocketAddr, text: &str) -> String {
    let mut stream = connect(address).await;
    stream.write_all(text.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset counts as an end: what came before it is what the server said.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn upload(stage: &Stage, headers: &str, body: &str) -> String {
    let key = &stage.developer_key;
    format!("PUT /v1/games/chess/versions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n{headers}\r\n{body}")
}

async fn nothing_was_kept(stage: &Stage) {
    stage.get("/v1/games/chess").await.expect(404);
    assert_eq!(stage.blob_count().await, 0);
    assert_eq!(stage.compiler.compiled(), 0);
}

#[tokio::test]
async fn headers_that_never_end_are_cut() {
    let stage = Stage::with(impatient).await;
    on_socket(&stage, async |address, _stop| {
        for head in ["", "GET /livez HTTP/1.1\r\n", "GET /livez HTTP/1.1\r\nhost: x\r\nx-a: b\r\n"] {
            let answer = exchange(address, head).await;
            assert!(!answer.contains("200 OK"), "{answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_answered_connection_is_kept_and_cut_when_it_idles() {
    let stage = Stage::with(impatient).await;
    on_socket(&stage, async |address, _stop| {
        let mut stream = connect(address).await;
        for _ in 0..2 {
            stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let mut answer = [0; 15];
            stream.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200 OK");
            // The rest of the answer ends with its body.
            let mut last = [0; 2];
            while &last != b"ok" {
                last[0] = last[1];
                stream.read_exact(&mut last[1..]).await.unwrap();
            }
        }
        assert_eq!(rest(&mut stream).await, "", "closed without another word");
    })
    .await;
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_and_nothing_is_kept() {
    let stage = Stage::with(impatient).await;
    on_socket(&stage, async |address, _stop| {
        let answer = exchange(address, &upload(&stage, "content-length: 1000\r\n", "\0")).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        assert!(answer.contains("urn:stadion:problem:timeout"), "{answer}");
        let json = "POST /v1/guests HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{";
        assert!(exchange(address, json).await.starts_with("HTTP/1.1 408"));
    })
    .await;
    nothing_was_kept(&stage).await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let stage = Stage::new().await;
    on_socket(&stage, async |address, _stop| {
        for headers in ["content-length: 1000\r\n", "transfer-encoding: chunked\r\n"] {
            let mut stream = connect(address).await;
            stream.write_all(upload(&stage, headers, "5\r\n\0asm1\r\n").as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let answer = rest(&mut stream).await;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
        }
    })
    .await;
    nothing_was_kept(&stage).await;
}

#[tokio::test]
async fn uploads_past_the_bound_are_told_when_to_come_back() {
    let stage = Stage::with(|config| {
        config.uploads.at_once = 1;
        config.uploads.compiling = 1;
    })
    .await;
    on_socket(&stage, async |address, _stop| {
        let mut first = connect(address).await;
        first
            .write_all(upload(&stage, "content-length: 5\r\nconnection: close\r\n", "\0asm").as_bytes())
            .await
            .unwrap();
        // It holds the only place once the server has begun to read it.
        let refused = loop {
            let answer = exchange(address, &upload(&stage, "content-length: 0\r\nconnection: close\r\n", "")).await;
            if !answer.starts_with("HTTP/1.1 400") {
                break answer;
            }
        };
        assert!(refused.starts_with("HTTP/1.1 429") && refused.contains("retry-after: 2"), "{refused}");
        first.write_all(b"1").await.unwrap();
        assert!(rest(&mut first).await.starts_with("HTTP/1.1 201"));
    })
    .await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whatever_it_announced() {
    let stage = Stage::with(|config| config.uploads.max_bytes = 1024).await;
    on_socket(&stage, async |address, _stop| {
        let announced = upload(&stage, "content-length: 4000\r\nconnection: close\r\n", "");
        assert!(exchange(address, &announced).await.starts_with("HTTP/1.1 413"));
        let chunk = format!("800\r\n{}\r\n", "x".repeat(0x800));
        let chunked = upload(&stage, "transfer-encoding: chunked\r\nconnection: close\r\n", &chunk);
        assert!(exchange(address, &chunked).await.starts_with("HTTP/1.1 413"));
        let large = "x".repeat(200_000);
        let json = format!(
            "POST /v1/guests HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\nconnection: close\r\n\r\n{large}"
        );
        assert!(exchange(address, &json).await.starts_with("HTTP/1.1 413"));
    })
    .await;
    nothing_was_kept(&stage).await;
}

#[tokio::test]
async fn oversized_heads_are_refused() {
    let stage = Stage::new().await;
    on_socket(&stage, async |address, _stop| {
        let long = format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-a: {}\r\n\r\n", "x".repeat(100_000));
        let many = format!("GET /livez HTTP/1.1\r\nhost: x\r\n{}\r\n", "x-a: b\r\n".repeat(200));
        for head in [long, many] {
            let answer = exchange(address, &head).await;
            assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn idle_connections_make_room_for_those_who_wait() {
    let stage = Stage::with(|config| {
        impatient(config);
        config.http.connections = 2;
    })
    .await;
    on_socket(&stage, async |address, _stop| {
        let mut idle = Vec::new();
        for _ in 0..50 {
            idle.push(connect(address).await);
        }
        let answer = exchange(address, "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_request_under_way_ends_before_the_server_does() {
    let stage = Stage::new().await;
    on_socket(&stage, async |address, stop| {
        let mut stream = connect(address).await;
        let body = json!({"name": "Ann"}).to_string();
        let head = format!("POST /v1/guests HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server has begun to read the request once it answers another one.
        exchange(address, "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        drop(stop);
        stream.write_all(body.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 201 Created"), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    })
    .await;
    stage.get("/readyz").await.expect(503);
}
