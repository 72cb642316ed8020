//! Somebody who is told by webhooks: a small HTTP server on this machine.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use hyper::HeaderMap;
use ring::hmac;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// How long a message may take: generous, it only says that nothing hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answered where nothing else was asked for.
const TAKEN: u16 = 204;

/// Ends with the test.
pub(crate) struct Receiver {
    pub(crate) url: String,
    shared: Arc<Shared>,
    serving: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    got: Mutex<Vec<Received>>,
    answers: Mutex<VecDeque<Planned>>,
    arrived: Notify,
}

enum Planned {
    Answer(u16, String),
    Silence,
}

/// A message that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Receiver {
    pub(crate) async fn start() -> Receiver {
        let shared = Arc::new(Shared::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Receiver { url, shared, serving }
    }

    /// What the next messages are answered with, one after the other.
    pub(crate) fn answer(&self, codes: &[u16]) {
        codes.iter().for_each(|code| self.answer_with(*code, ""));
    }

    pub(crate) fn answer_with(&self, code: u16, body: &str) {
        self.shared.answers.lock().unwrap().push_back(Planned::Answer(code, body.to_owned()));
    }

    /// The next message is never answered.
    pub(crate) fn keep_silent(&self) {
        self.shared.answers.lock().unwrap().push_back(Planned::Silence);
    }

    pub(crate) fn got(&self) -> Vec<Received> {
        self.shared.got.lock().unwrap().clone()
    }

    /// Waits until so many have come in all.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        let enough = async {
            loop {
                let arrived = self.shared.arrived.notified();
                let got = self.got();
                if got.len() >= count {
                    return got;
                }
                arrived.await;
            }
        };
        let enough = tokio::time::timeout(PATIENCE, enough).await;
        enough.unwrap_or_else(|_| panic!("{} of {count} messages came", self.got().len()))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    let planned = shared.answers.lock().unwrap().pop_front();
    shared.got.lock().unwrap().push(Received { headers: head.headers, body });
    shared.arrived.notify_one();
    let (code, body) = match planned {
        Some(Planned::Answer(code, body)) => (code, body),
        Some(Planned::Silence) => std::future::pending().await,
        None => (TAKEN, String::new()),
    };
    Response::builder().status(code).body(Body::from(body)).unwrap()
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// Whether one of its signatures is by this secret.
    pub(crate) fn is_signed_by(&self, secret: &str) -> bool {
        let secret = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let head = format!("{}.{}.", self.id(), self.header("webhook-timestamp"));
        let signed = [head.as_bytes(), &self.body].concat();
        self.header("webhook-signature").split(' ').any(|signature| {
            let signature = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
            hmac::verify(&key, &signed, &signature).is_ok()
        })
    }
}
