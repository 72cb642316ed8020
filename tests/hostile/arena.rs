//! A server with canaries, and what must hold after something hostile came.

use std::time::Duration;

use serde_json::{Value, json};
use stadion_tests::api::text;
use stadion_tests::{Api, Guest, Server};

/// Matches that tick beside the hostile one.
const CANARIES: usize = 10;
/// Their rate, ticks a second, and for how long they are watched.
const CANARY_RATE: u16 = 20;
const WATCHED: Duration = Duration::from_millis(1_000);
/// The fewest ticks of a canary meanwhile: half of its rate. Less would not be noise of a busy machine, but harm.
const FEWEST_TICKS: u64 = 10;
/// What may be left behind: code of the version that was loaded, buffers that are kept for reuse.
const MEMORY_LEFT: u64 = 48 << 20;
/// Connections of this test to the API that are kept alive.
const DESCRIPTORS_LEFT: usize = 8;
/// How long what a match held may take to be given back.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(15);

/// The server under attack.
pub(crate) struct Arena {
    pub(crate) server: Server,
    pub(crate) api: Api,
    canaries: Vec<String>,
    /// Open descriptors and resident bytes before anything hostile came.
    baseline: (usize, u64),
}

impl Arena {
    /// Starts the server and the canaries.
    pub(crate) async fn open() -> Arena {
        let server = Server::start();
        let api = server.api();
        let canary = Guest { rate: CANARY_RATE, ..Guest::default() };
        api.publish("canary", canary.wasm()).await;
        let mut canaries = Vec::with_capacity(CANARIES);
        for number in 0..CANARIES {
            let keeper = api.guest(&format!("keeper-{number}")).await;
            let (status, joined) = keeper.api.play("canary", &json!({"create": "private"})).await;
            assert!(status.is_success(), "{status} {joined}");
            canaries.push(text(&joined["match"], "id").to_owned());
        }
        let baseline = (server.descriptors(), server.memory());
        Arena { server, api, canaries, baseline }
    }

    /// A seat of the game `hostile` for a new guest.
    pub(crate) async fn seat(&self, name: &str, how: &Value) -> Value {
        let player = self.api.guest(name).await;
        let (status, joined) = player.api.play("hostile", how).await;
        assert!(status.is_success(), "{how}: {status} {joined}");
        joined
    }

    /// The same process, every canary at its pace, nothing kept.
    pub(crate) async fn assert_unharmed(&mut self) {
        let before = self.ticks().await;
        tokio::time::sleep(WATCHED).await;
        let after = self.ticks().await;
        for (before, after) in before.iter().zip(&after) {
            assert!(after - before >= FEWEST_TICKS, "a canary made {} ticks in {WATCHED:?}", after - before);
        }
        self.server.assert_lives();
        self.assert_given_back().await;
    }

    /// Memory and descriptors are back at what they were.
    async fn assert_given_back(&self) {
        let most = (self.baseline.0 + DESCRIPTORS_LEFT, self.baseline.1 + MEMORY_LEFT);
        let deadline = tokio::time::Instant::now() + GIVEN_BACK_WITHIN;
        loop {
            let now = (self.server.descriptors(), self.server.memory());
            if now.0 <= most.0 && now.1 <= most.1 {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "descriptors, bytes: {:?} before, {now:?} now",
                self.baseline
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn ticks(&self) -> Vec<u64> {
        let mut ticks = Vec::with_capacity(self.canaries.len());
        for id in &self.canaries {
            let canary = self.api.match_now(id).await;
            assert_eq!(canary["state"], "running", "{canary}");
            ticks.push(canary["tick"].as_u64().unwrap());
        }
        ticks
    }
}
