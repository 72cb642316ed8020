//! Matches that sleep while nobody is there, and are what they were when somebody comes: a guest in C that allocates and
//! prints, over the end of its process.

use std::time::Duration;

use serde_json::{Value, json};
use stadion_protocol::wire::ServerFrame;
use stadion_tests::api::text;
use stadion_tests::raw_player::RawPlayer;
use stadion_tests::{Server, c_guest};

/// Nothing that is waited for takes longer.
const WAIT: Duration = Duration::from_secs(20);

/// Matches of the newest version sleep a second after the last player has gone.
async fn sleeps_soon(server: &Server, published: &Value) {
    let settings = json!({
        "hibernate-seconds": "1", "hibernate-rate": "skipped", "empty-seconds": "0", "reconnect-seconds": "3600",
    });
    server.api().set(published, &settings).await;
}

/// What the game says next that begins like this.
async fn hears(player: &mut RawPlayer, beginning: &str) -> String {
    let hearing = async {
        loop {
            if let ServerFrame::Message { data, .. } = player.frame().await.unwrap() {
                let said = String::from_utf8_lossy(&data).into_owned();
                if said.starts_with(beginning) {
                    return said;
                }
            }
        }
    };
    tokio::time::timeout(WAIT, hearing).await.unwrap_or_else(|_| panic!("it never says {beginning:?}"))
}

/// Where the guest's newest block lies: a word of what it says.
fn block(said: &str) -> &str {
    said.split(' ').nth(2).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_in_c_that_prints_wakes_up_as_it_lay_down() {
    let Some(wasm) = c_guest::wasm("prints") else { return };
    let mut server = Server::durable(&[]);
    let published = server.api().publish("prints", wasm).await;
    sleeps_soon(&server, &published).await;
    let (ada, bob) = (server.api().guest("ada").await, server.api().guest("bob").await);
    let (_, joined) = ada.api.play("prints", &json!({"create": "private"})).await;
    let id = text(&joined["match"], "id").to_owned();
    let mut player = RawPlayer::join(&joined).await;
    for word in ["one", "three", "fifteen"] {
        player.input(word.as_bytes()).await;
    }
    let before = hears(&mut player, "3 15 ").await;
    drop(player);
    let asleep = |it: &Value| it["state"] == "hibernated";
    server.api().match_when(&id, asleep).await;
    let filter = [("game", "prints".to_owned()), ("state", "hibernated".to_owned())];
    let listed = server.api().typed().matches(&filter).await.unwrap();
    assert_eq!(listed[0].id, id, "{listed:?}");

    // It sleeps on in the next process, and a player brings it back.
    tokio::task::block_in_place(|| server.restart());
    server.api().match_when(&id, asleep).await;
    let code = text(&joined["match"], "code");
    let (status, second) = bob.api.play("prints", &json!({"code": code})).await;
    assert!(status.is_success(), "{second}");
    let mut player = RawPlayer::join(&second).await;
    let awake = hears(&mut player, "3 15 ").await;
    assert_eq!(block(&awake), block(&before), "its heap is where it was");
    player.input(b"back").await;
    hears(&mut player, "4 19 ").await;
    let now = server.api().match_now(&id).await;
    assert!(now["incarnation"].as_u64() > Some(1), "another session: {now}");

    let (status, answer) = server.api().end(&id).await;
    assert!(status.is_success(), "{answer}");
    server.api().ended(&id).await;
    // One that never slept does the same: every tick of it has the same hash.
    let mut command = tokio::process::Command::from(server.stadion());
    let output = command.args(["replay", "--json", &id]).output().await.unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    assert_eq!(told["exact"], true, "{told} {}", String::from_utf8_lossy(&output.stderr));
}
