//! The server under attack, and what rows do to it.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use stadion_api::operations::GET_LOAD;
use stadion_protocol::CloseCode;
use stadion_tests::api::{Player, text};
use stadion_tests::raw_player::{RawPlayer, hello, text_at};
use stadion_tests::{Api, Server, probe};

use super::canary::Canaries;
use super::programs::Program;

/// The tick in which a match with the parameters `plant-abort` ends the process.
const PLANT: &str = "20";
/// How long what a row held may take to be given back.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What may be left: code of versions that stay loaded, journals of matches that are over, both bounded.
const MEMORY_LEFT: u64 = 64 << 20;
/// Connections to the API that are kept alive.
const DESCRIPTORS_LEFT: usize = 8;
/// Of a version that stays loaded: the files that its memories begin as.
const DESCRIPTORS_OF_A_VERSION: usize = 2;

/// See the module.
pub(crate) struct Stage {
    pub(crate) server: Server,
    /// As the developer of every game here.
    pub(crate) api: Api,
    pub(crate) canaries: Canaries,
    /// Bounds of time are checked, too: the machine is this suite's alone.
    pub(crate) strict: bool,
    /// Of this row.
    pub(crate) ada: Player,
    pub(crate) bob: Player,
    published: HashSet<String>,
    /// The guest that looks around and the nasty one; none where their target is not installed.
    pub(crate) probe: Option<Vec<u8>>,
    pub(crate) nasty: Option<Vec<u8>>,
    /// Versions that were accepted.
    versions: HashSet<Vec<u8>>,
}

/// What a server holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holds {
    /// Resident memory, bytes.
    pub(crate) memory: u64,
    pub(crate) descriptors: usize,
    /// Versions that were accepted until now, and may be loaded.
    pub(crate) versions: usize,
    /// Slots of the session pool.
    pub(crate) slots: u64,
}

/// How one attack ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    /// The match, where there was one.
    pub(crate) id: Option<String>,
    /// The kind of its end, or the code of the problem that refused it, as told over REST.
    pub(crate) kind: String,
    /// What its players were told.
    pub(crate) code: Option<CloseCode>,
}

impl Ended {
    /// Without a match: an upload or a call that was refused.
    pub(crate) fn refused(kind: impl Into<String>) -> Ended {
        Ended { id: None, kind: kind.into(), code: None }
    }
}

impl Stage {
    pub(crate) async fn open(strict: bool) -> Stage {
        // Built before anything is measured.
        let (probe, nasty) = (probe::wasm(), probe::nasty());
        let server = Server::durable(&["--plant-abort", PLANT]);
        let api = server.api();
        let canaries = Canaries::open(&api).await;
        let (ada, bob) = (api.guest("ada").await, api.guest("bob").await);
        Stage {
            server,
            api,
            canaries,
            strict,
            ada,
            bob,
            probe,
            nasty,
            published: HashSet::new(),
            versions: HashSet::new(),
        }
    }

    /// Fresh tokens: a long suite outlives them.
    pub(crate) async fn sign_in(&mut self) {
        (self.ada, self.bob) = (self.api.guest("ada").await, self.api.guest("bob").await);
    }

    /// Puts a program in play, once, and answers the name of its game.
    pub(crate) async fn publish(&mut self, program: &Program) -> String {
        self.publish_as(program.name, program.wasm()).await
    }

    /// The same with any bytes.
    pub(crate) async fn publish_as(&mut self, game: &str, wasm: Vec<u8>) -> String {
        if self.published.insert(game.to_owned()) {
            self.publish_version(game, wasm).await;
        }
        game.to_owned()
    }

    /// Makes this the newest version of a game.
    pub(crate) async fn publish_version(&mut self, game: &str, wasm: Vec<u8>) -> Value {
        self.versions.insert(wasm.clone());
        self.api.publish(game, wasm).await
    }

    /// Ada's seat in a new match.
    pub(crate) async fn play(&self, game: &str) -> Value {
        self.play_with(game, "").await
    }

    /// The same with parameters for the game, base64.
    pub(crate) async fn play_with(&self, game: &str, parameters: &str) -> Value {
        let how = json!({"create": {"visibility": "private", "parameters": parameters}});
        let (status, joined) = self.ada.api.play(game, &how).await;
        assert!(status.is_success(), "{game}: {status} {joined}");
        joined
    }

    /// Bob's seat in Ada's match.
    pub(crate) async fn follow(&self, game: &str, joined: &Value) -> Value {
        let (status, second) = self.bob.api.play(game, &json!({"code": text(&joined["match"], "code")})).await;
        assert!(status.is_success(), "{game}: {status} {second}");
        second
    }

    /// A match of a program that ends by itself, and its player is told: this kind of end, and that the game failed.
    pub(crate) async fn ends(&mut self, program: &Program, kind: &str) -> Ended {
        let game = self.publish(program).await;
        let joined = self.play(&game).await;
        let mut player = connect(&joined).await;
        let code = player.closed().await;
        self.ended(&joined, code, kind).await
    }

    /// The end of a match over REST, as it must be.
    pub(crate) async fn ended(&self, joined: &Value, code: CloseCode, kind: &str) -> Ended {
        let id = match_id(joined);
        let end = self.api.ended(&id).await["end"].clone();
        assert_eq!((end["kind"].as_str(), code), (Some(kind), CloseCode::GameFailed), "{end}");
        Ended { id: Some(id), kind: kind.to_owned(), code: Some(code) }
    }

    /// Ends a match from outside, as its game's owner does; its player hears of it.
    pub(crate) async fn close(&self, joined: &Value, player: &mut RawPlayer) -> Ended {
        let id = match_id(joined);
        let (status, answer) = self.api.end(&id).await;
        assert!(status.is_success(), "{status} {answer}");
        let code = player.closed().await;
        let kind = text(&self.api.ended(&id).await["end"], "kind").to_owned();
        Ended { id: Some(id), kind, code: Some(code) }
    }

    /// A program that is refused at its upload.
    pub(crate) async fn refuses(&self, program: &Program, words: &[&str]) -> Ended {
        self.refuses_bytes(program.name, program.wasm(), words).await
    }

    /// An upload that is refused, with words that say why.
    pub(crate) async fn refuses_bytes(&self, what: &str, wasm: Vec<u8>, words: &[&str]) -> Ended {
        let (status, problem) = self.api.upload("hostile", wasm).await;
        assert!(status.is_client_error(), "{what}: {status} {problem}");
        let said = problem.to_string().to_lowercase();
        words.iter().for_each(|word| assert!(said.contains(word), "{what}: no {word:?} in {problem}"));
        Ended::refused(format!("refused: {}", problem["stage"].as_str().unwrap_or("upload")))
    }

    /// What the server holds now.
    pub(crate) async fn holds(&self) -> Holds {
        let slots = self.api.get(GET_LOAD, &[]).await["sessions"].as_u64().unwrap();
        Holds {
            memory: self.server.memory(),
            descriptors: self.server.descriptors(),
            versions: self.versions.len(),
            slots,
        }
    }

    /// Waits until what a row held is given back, and answers what is held then. `Err`: it is not.
    pub(crate) async fn given_back(&self, baseline: Holds) -> Result<Holds, (String, Holds)> {
        let deadline = tokio::time::Instant::now() + GIVEN_BACK_WITHIN;
        loop {
            let now = self.holds().await;
            let loaded = (now.versions - baseline.versions) * DESCRIPTORS_OF_A_VERSION;
            let fits = now.memory <= baseline.memory + MEMORY_LEFT
                && now.descriptors <= baseline.descriptors + loaded + DESCRIPTORS_LEFT
                && now.slots <= baseline.slots;
            if fits {
                return Ok(now);
            }
            if tokio::time::Instant::now() > deadline {
                return Err((format!("not given back: {baseline:?} before, {now:?} after"), now));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Runs a match again from its journal, in another process: every tick must be the same, to the same end.
    pub(crate) async fn replays(&self, id: &str) -> Result<(), String> {
        let mut command = tokio::process::Command::from(self.server.stadion());
        let output = command.args(["replay", "--json", id]).output().await.unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let told: Value = serde_json::from_str(&out).unwrap_or_default();
        let whole = told["exact"] == true && told["end"].as_str().is_some_and(|end| end.starts_with("ended"));
        if output.status.success() && whole {
            return Ok(());
        }
        Err(format!("the journal of {id} does not replay to its end: {out}{err}"))
    }

    /// The canaries' matches as the server tells of them.
    pub(crate) async fn flock(&self) -> Vec<Value> {
        join_all(self.canaries.ids().iter().map(|id| self.api.match_now(id))).await
    }
}

/// The match of a seat.
pub(crate) fn match_id(joined: &Value) -> String {
    text(&joined["match"], "id").to_owned()
}

/// A player who has said hello and hears whatever comes: a match may end before it lets anybody in.
pub(crate) async fn connect(joined: &Value) -> RawPlayer {
    let mut player = RawPlayer::connect(text_at(&joined["quic"], 0)).await;
    player.hello(&hello(joined, [7; 16])).await;
    player
}
