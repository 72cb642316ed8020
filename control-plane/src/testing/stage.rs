//! A whole control plane with a fake host and a fake compiler, asked through its real router.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::BodyExt;
use hyper::{HeaderMap, Request};
use object_store::ObjectStore;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::{FakeCompiler, FakeHost, TestClock, wasm};
use crate::accounts::code_of;
use crate::clock::{Clock, SystemRng};
use crate::config::Config;
use crate::coordination::{Coordination, MemoryCoordination};
use crate::model::Region;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
use crate::{ArtifactShelf, ControlPlane, HostEventQueue, Keys, Parts, PasswordCost};

const ENGINE: [u8; 32] = [1; 32];

/// How long what happens in the background may take: generous, it only says that nothing hangs.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Stage {
    pub(crate) control_plane: ControlPlane,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) compiler: Arc<FakeCompiler>,
    pub(crate) host: Arc<FakeHost>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) developer_key: String,
    pub(crate) store: Arc<dyn Store>,
    blobs: Arc<dyn ObjectStore>,
    pub(crate) coordination: Arc<dyn Coordination>,
}

/// What replicas have in common beside their store.
struct Shared {
    keys: Arc<Keys>,
    clock: Arc<TestClock>,
    coordination: Arc<dyn Coordination>,
}

impl Stage {
    /// Another replica on the same store and coordination, with a host of its own.
    pub(crate) async fn beside(&self) -> Stage {
        self.beside_on(self.store.clone(), self.coordination.clone()).await
    }

    /// The same with other settings.
    pub(crate) async fn beside_with(&self, change: impl FnOnce(&mut Config)) -> Stage {
        let mut config = cheap();
        change(&mut config);
        let (keys, clock) = (self.keys.clone(), self.clock.clone());
        let shared = Shared { keys, clock, coordination: self.coordination.clone() };
        Stage::replica(config, self.store.clone(), self.blobs.clone(), shared).await
    }

    /// The same by other ways to them.
    pub(crate) async fn beside_on(&self, store: Arc<dyn Store>, coordination: Arc<dyn Coordination>) -> Stage {
        let shared = Shared { keys: self.keys.clone(), clock: self.clock.clone(), coordination };
        Stage::replica(cheap(), store, self.blobs.clone(), shared).await
    }

    /// A replica on this store and this coordination.
    pub(crate) async fn on(store: Arc<dyn Store>, coordination: Arc<dyn Coordination>) -> Stage {
        let (keys, clock) = (Arc::new(Keys::in_memory(&SystemRng)), Arc::default());
        Stage::replica(cheap(), store, crate::blobs::in_memory(), Shared { keys, clock, coordination }).await
    }

    pub(crate) async fn new() -> Stage {
        Stage::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Stage {
        let mut config = cheap();
        change(&mut config);
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        Stage::build(config, store, crate::blobs::in_memory(), Keys::in_memory(&SystemRng)).await
    }

    pub(crate) async fn on_disk(dir: &Path) -> Stage {
        Stage::on_disk_with(dir, |_| ()).await
    }

    pub(crate) async fn on_disk_with(dir: &Path, change: impl FnOnce(&mut Config)) -> Stage {
        let mut config = cheap();
        change(&mut config);
        let store = Arc::new(SqliteStore::open(&dir.join("stadion.sqlite")).await.unwrap());
        let blobs = crate::blobs::on_disk(&dir.join("blobs")).unwrap();
        Stage::build(config, store, blobs, Keys::load(&dir.join("keys"), &SystemRng).unwrap()).await
    }

    async fn build(config: Config, store: Arc<dyn Store>, blobs: Arc<dyn ObjectStore>, keys: Keys) -> Stage {
        let clock = Arc::new(TestClock::default());
        let coordination = Arc::new(MemoryCoordination::new(clock.clone()));
        Stage::replica(config, store, blobs, Shared { keys: Arc::new(keys), clock, coordination }).await
    }

    async fn replica(config: Config, store: Arc<dyn Store>, blobs: Arc<dyn ObjectStore>, shared: Shared) -> Stage {
        Stage::placed(config, (store, blobs), shared, ("h-stage", None, None)).await
    }

    /// Another replica, with a host of its own in a region, that others reach at this URL. Its API is served at the listener.
    pub(crate) async fn among(&self, name: &str, region: &str, listener: TcpListener, url: &str) -> Arc<Stage> {
        let (keys, clock) = (self.keys.clone(), self.clock.clone());
        let shared = Shared { keys, clock, coordination: self.coordination.clone() };
        let at = (name, region.parse().ok(), Some(url.to_owned()));
        let stage = Stage::placed(cheap(), (self.store.clone(), self.blobs.clone()), shared, at).await;
        let stage = Arc::new(stage);
        let serving = stage.clone();
        tokio::spawn(async move { serving.control_plane.serve(listener, std::future::pending()).await });
        stage
    }

    async fn placed(
        config: Config,
        (store, blobs): (Arc<dyn Store>, Arc<dyn ObjectStore>),
        Shared { keys, clock, coordination }: Shared,
        (name, region, replica_url): (&str, Option<Region>, Option<String>),
    ) -> Stage {
        let compiler = Arc::new(FakeCompiler::of_engine(ENGINE));
        let events = Arc::new(HostEventQueue::new());
        let host = Arc::new(FakeHost::new(events.clone()));
        let artifacts = Arc::new(ArtifactShelf::new(blobs.clone(), keys.clone(), compiler.clone(), ENGINE));
        let parts = Parts {
            store: store.clone(),
            coordination: coordination.clone(),
            artifacts,
            events,
            host: host.clone(),
            host_name: name.parse().unwrap(),
            region,
            replica_url,
            replica_trust: None,
            origins: Arc::default(),
            upgrades: None,
            keys: keys.clone(),
            clock: clock.clone(),
            rng: Arc::new(SystemRng),
        };
        let control_plane = ControlPlane::start(config, parts).await.unwrap();
        let developer_key = control_plane.create_developer_key("developer").await.unwrap();
        Stage { control_plane, clock, compiler, host, keys, developer_key, store, blobs, coordination }
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path, Bytes::new())
    }

    pub(crate) fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path, Bytes::new())
    }

    #[allow(clippy::needless_pass_by_value, reason = "calls read better with `json!` written in place")]
    pub(crate) fn post(&self, path: &str, body: Value) -> Call<'_> {
        self.call("POST", path, body.to_string().into()).with("content-type", "application/json")
    }

    pub(crate) fn options(&self, path: &str) -> Call<'_> {
        self.call("OPTIONS", path, Bytes::new())
    }

    pub(crate) fn put(&self, path: &str, body: Bytes) -> Call<'_> {
        self.call("PUT", path, body)
    }

    #[allow(clippy::needless_pass_by_value, reason = "calls read better with `json!` written in place")]
    pub(crate) fn put_json(&self, path: &str, body: Value) -> Call<'_> {
        self.call("PUT", path, body.to_string().into()).with("content-type", "application/json")
    }

    /// An answer whose body comes bit by bit.
    pub(crate) async fn stream(&self, call: Call<'_>) -> axum::response::Response {
        self.control_plane.router().oneshot(call.request).await.unwrap()
    }

    fn call(&self, method: &str, path: &str, body: Bytes) -> Call<'_> {
        let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
        Call { stage: self, request }
    }

    /// The access token of a new guest.
    pub(crate) async fn guest(&self) -> String {
        let guest = self.post("/v1/guests", json!({})).await.expect(201);
        guest["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn another_developer(&self) -> String {
        self.control_plane.create_developer_key("another").await.unwrap()
    }

    /// Turns a second factor on, and every other sign-in off: the app, and the recovery codes.
    pub(crate) async fn second_factor(&self, token: &str, password: &str) -> Authenticator {
        let begun = self.post("/v1/me/second-factor", json!({"password": password})).bearer(token).await.expect(201);
        let mut app = Authenticator { secret: begun["secret"].as_str().unwrap().to_owned(), recovery: Vec::new() };
        let code = json!({"code": app.code(self)});
        let on = self.post("/v1/me/second-factor/confirm", code).bearer(token).await.expect(200);
        let codes = on["recovery_codes"].as_array().unwrap();
        app.recovery = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        app
    }

    /// A game with one version, by the stage's developer.
    pub(crate) async fn publish(&self, game: &str) -> Value {
        let path = format!("/v1/games/{game}/versions");
        self.put(&path, wasm(game)).bearer(&self.developer_key).await.expect(201)
    }

    /// A new guest plays.
    pub(crate) async fn play(&self, game: &str, body: Value) -> Answer {
        let guest = self.guest().await;
        self.play_as(&guest, game, body).await
    }

    pub(crate) async fn play_as(&self, token: &str, game: &str, body: Value) -> Answer {
        self.post(&format!("/v1/games/{game}/play"), body).bearer(token).await
    }

    /// Waits until every match that the host has ended is so in the store.
    pub(crate) async fn settled(&self) {
        let settled = async {
            for id in self.host.ended() {
                while self.store.match_record(id).await.unwrap().is_none_or(|record| record.end.is_none()) {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.expect("ends of matches are written");
    }

    /// Takes keys away whose time is over, as happens by itself every minute of real time.
    pub(crate) fn retire_keys(&self) {
        let app = &self.control_plane.app;
        app.accounts.keys.retire(app.clock.now(), &app.config.key_lives());
    }

    /// From now on the store answers nothing.
    pub(crate) async fn lose_store(&self) {
        self.store.close().await;
    }

    pub(crate) async fn blob_count(&self) -> usize {
        self.blobs.list(None).count().await
    }

    /// Goes down in good order.
    pub(crate) async fn finish(self) {
        self.control_plane.finish().await;
    }
}

/// An authenticator app with one secret, and a sheet of paper.
pub(crate) struct Authenticator {
    secret: String,
    pub(crate) recovery: Vec<String>,
}

impl Authenticator {
    /// What it shows now.
    pub(crate) fn code(&self, stage: &Stage) -> String {
        code_of(&self.secret, stage.clock.now())
    }
}

/// Passwords cost next to nothing here.
fn cheap() -> Config {
    let mut config = Config::default();
    config.accounts.password = PasswordCost { memory_kib: 8, passes: 1, at_once: 2, waiting: 64 };
    config
}

/// A request; awaiting it sends it.
pub(crate) struct Call<'a> {
    stage: &'a Stage,
    request: Request<Body>,
}

impl Call<'_> {
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().insert(name, value.parse().unwrap());
        self
    }
}

impl<'a> IntoFuture for Call<'a> {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let router = self.stage.control_plane.router();
        Box::pin(async move {
            let (head, body) = router.oneshot(self.request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes().to_vec();
            Answer { status: head.status.as_u16(), headers: head.headers, body }
        })
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The JSON of an answer with this status; errors must be problems.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        if status >= 400 {
            assert_eq!(self.header("content-type"), "application/problem+json");
            assert_eq!(self.json()["request_id"], self.header("x-request-id"));
        }
        self.json()
    }

    pub(crate) fn json(&self) -> Value {
        if self.body.is_empty() { Value::Null } else { serde_json::from_slice(&self.body).unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
