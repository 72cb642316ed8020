//! A server with canaries, and what must hold after a hostile guest was run beside them.

use std::time::Duration;

use serde_json::{Value, json};
use stadion_protocol::CloseCode;
use stadion_tests::api::text;
use stadion_tests::raw_player::{RawPlayer, hello, text_at};
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

/// What a player does to set a guest off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provocation {
    /// Joining is enough.
    Join,
    /// Joins and sends a message.
    Message,
    /// Joins and gives the seat up.
    Leave,
}

/// How a hostile match ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Its id.
    pub(crate) id: String,
    /// What its player was told, when the player was there to be told.
    pub(crate) code: CloseCode,
    /// `end` of the match over REST.
    pub(crate) end: Value,
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

    /// Uploads a guest, takes a seat in a match of it, sets it off, and waits for the end.
    pub(crate) async fn provoke(&self, guest: &Guest, how: Provocation) -> Outcome {
        self.api.publish("hostile", guest.wasm()).await;
        let joined = self.seat("ada", &json!({"create": "private"})).await;
        let id = text(&joined["match"], "id").to_owned();
        let witness = self.seat("bob", &json!({"code": text(&joined["match"], "code")})).await;
        // The first to come joins last, so that the witness sees whatever follows.
        let mut witness = self.witness(&witness, how).await;
        let mut player = RawPlayer::connect(text_at(&joined["quic"], 0)).await;
        player.hello(&hello(&joined, [1; 16])).await;
        match how {
            Provocation::Join => {}
            Provocation::Message => player.input(b"go").await,
            Provocation::Leave => player.leave().await,
        }
        let code = match &mut witness {
            Some(witness) => witness.closed().await,
            None => player.closed().await,
        };
        let end = self.api.ended(&id).await["end"].clone();
        Outcome { id, code, end }
    }

    /// A second player, who is told how it ended; not where joining alone ends it.
    async fn witness(&self, joined: &Value, how: Provocation) -> Option<RawPlayer> {
        if how == Provocation::Join { None } else { Some(RawPlayer::join(joined).await) }
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

    /// The journal of a match that is over replays to the same end.
    pub(crate) async fn assert_replays(&self, id: &str) {
        let output = self.server.stadion().args(["replay", id]).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "replay of {id}: {}\n{out}\n{err}", output.status);
    }
}
