//! The backend of a game's owner: a small HTTP server on this machine that is asked, remembers it, and answers when the test
//! says so.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A call is waited for this long: generous, it only says that nothing hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest request that it reads.
const LARGEST: usize = 128 * 1024;

/// Ends with the test.
pub struct Backend {
    /// Where it is.
    pub url: String,
    asked: watch::Receiver<Vec<Asked>>,
    answer: watch::Sender<Option<String>>,
    serving: JoinHandle<()>,
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its header `idempotency-key`.
    pub key: String,
    /// What was sent.
    pub body: Value,
}

impl Backend {
    /// One that answers nothing yet.
    pub async fn start() -> Backend {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/bank", listener.local_addr().unwrap());
        let (told, asked) = watch::channel(Vec::new());
        let told = Arc::new(told);
        let (answer, answers) = watch::channel(None);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&told), answers.clone()));
            }
        });
        Backend { url, asked, answer, serving }
    }

    /// What it answers from now on, also to who waits.
    pub fn answer(&self, body: &str) {
        self.answer.send_replace(Some(body.to_owned()));
    }

    /// Everything that it was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.borrow().clone()
    }

    /// Waits until it was asked so often.
    pub async fn until_asked(&self, times: usize) -> Vec<Asked> {
        let mut asked = self.asked.clone();
        let enough = asked.wait_for(|asked| asked.len() >= times);
        let enough = tokio::time::timeout(PATIENCE, enough).await.map(|asked| asked.unwrap().clone());
        enough.unwrap_or_else(|_| panic!("asked {} of {times} times", self.asked().len()))
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    asked: Arc<watch::Sender<Vec<Asked>>>,
    mut answer: watch::Receiver<Option<String>>,
) {
    // A connection carries one request after the other, until the server is gone.
    while let Some(request) = read(&mut stream).await {
        asked.send_modify(|asked| asked.push(request));
        let Ok(Some(answer)) = answer.wait_for(Option::is_some).await.map(|answer| answer.clone()) else { return };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", answer.len());
        if stream.write_all((head + &answer).as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A request; none: the other side is gone.
async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        more(stream, &mut bytes).await?;
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap().to_ascii_lowercase();
    let header = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
    };
    let length: usize = header("content-length").parse().unwrap();
    while bytes.len() < head + 4 + length {
        more(stream, &mut bytes).await?;
    }
    let body = serde_json::from_slice(&bytes[head + 4..head + 4 + length]).unwrap();
    Some(Asked { key: header("idempotency-key"), body })
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    assert!(bytes.len() < LARGEST, "a request without an end");
    match stream.read_buf(bytes).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(()),
    }
}
