//! How people find a match: on the public list, by a seat that is kept for them, while it is played, and once more with the same
//! people.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use stadion_tests::api::{Player, text};
use stadion_tests::guest::FINISH;
use stadion_tests::raw_player::RawPlayer;
use stadion_tests::{Guest, Server};

/// The list says within this what a game has said.
const LISTED_WITHIN: Duration = Duration::from_secs(15);

/// A game that has the last words of its players for a label; `F` ends it.
fn board() -> Vec<u8> {
    let imports = r#"(import "stadion:game/host@0.1.0" "set-label" (func $label (param i32 i32)))"#;
    let message = format!(
        "(if (i32.eq (i32.load8_u (i32.load offset=12 (local.get $event))) (i32.const {END}))
           (then {FINISH})
           (else (call $label (i32.load offset=12 (local.get $event)) (i32.load offset=16 (local.get $event)))))",
        END = b'F',
    );
    Guest { imports, message: message.leak(), ..Guest::default() }.wasm()
}

async fn with_board() -> Server {
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    server.api().publish("board", board()).await;
    server
}

/// Somebody with a seat.
async fn sits(player: &Player, how: &Value, expected: StatusCode) -> (String, RawPlayer) {
    let (status, seat) = player.api.play("board", how).await;
    assert_eq!(status, expected, "{how}: {seat}");
    (text(&seat["match"], "id").to_owned(), RawPlayer::join(&seat).await)
}

/// Ids of open matches whose label has these values, as `stadion matches` tells.
fn listed(server: &Server, labels: &[&str]) -> Vec<String> {
    let mut command = server.stadion();
    command.args(["matches", "--game", "board", "--open", "--json"]);
    for label in labels {
        command.args(["--label", label]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{labels:?}: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| text(&serde_json::from_str(line).unwrap(), "id").to_owned()).collect()
}

/// What games say reaches the list a moment later.
async fn is_listed(server: &Server, labels: &[&str], id: &str) {
    let looking = async {
        while listed(server, labels) != [id] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LISTED_WITHIN, looking).await.unwrap_or_else(|_| panic!("{labels:?} does not find {id}"));
}

/// Who sits in a match, once so many are there.
async fn there(server: &Server, id: &str, players: usize) -> BTreeSet<String> {
    let connected = |it: &Value| {
        it["seats"]
            .as_array()
            .is_some_and(|seats| seats.len() == players && seats.iter().all(|seat| seat["presence"] == "connected"))
    };
    let now = server.api().match_when(id, connected).await;
    now["seats"].as_array().unwrap().iter().map(|seat| text(&seat["player"], "id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_is_found_by_its_label_and_joined_while_it_is_played() {
    let server = with_board().await;
    let (ada, bob, dan) =
        (server.api().guest("ada").await, server.api().guest("bob").await, server.api().guest("dan").await);
    let public = json!({"create": "public"});
    let (desert, mut adas) = sits(&ada, &public, StatusCode::CREATED).await;
    let (forest, mut bobs) = sits(&bob, &public, StatusCode::CREATED).await;
    adas.input(br#"{"map":"desert","round":2}"#).await;
    bobs.input(br#"{"map":"forest","round":7}"#).await;
    is_listed(&server, &["map=desert"], &desert).await;
    is_listed(&server, &["map=forest", "round=6..8"], &forest).await;
    is_listed(&server, &["round=2..5"], &desert).await;
    for nothing in [&["map=moon"][..], &["map=desert", "round=3..9"], &["weather=fine"]] {
        assert_eq!(listed(&server, nothing), [""; 0], "{nothing:?}");
    }
    assert_eq!(listed(&server, &[]).into_iter().collect::<BTreeSet<_>>(), [desert.clone(), forest].into());

    // Dan comes when it is long under way, and the game hears him.
    let before = server.api().match_when(&desert, |it| it["tick"].as_u64() > Some(20)).await;
    let (joined, mut dans) = sits(&dan, &json!({"match": desert}), StatusCode::OK).await;
    assert_eq!(joined, desert);
    assert_eq!(there(&server, &desert, 2).await, [ada.id, dan.id].into());
    dans.input(br#"{"map":"desert","round":3}"#).await;
    is_listed(&server, &["map=desert", "round=3"], &desert).await;
    let now = server.api().match_now(&desert).await;
    assert_eq!(now["incarnation"], before["incarnation"], "it went on: {now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_kept_for_somebody_who_is_not_there_yet() {
    let server = with_board().await;
    let cid = server.api().with_bearer("").typed().register("cid", "correct horse battery").await.unwrap();
    let cid = Player { api: server.api().with_bearer(&cid.access_token), id: cid.player.id };
    let (ada, bob, eve) =
        (server.api().guest("ada").await, server.api().guest("bob").await, server.api().guest("eve").await);
    let keeps = json!({"create": {"visibility": "public", "seats": 3, "reserve": ["cid"]}});
    let (status, seat) = ada.api.play("board", &keeps).await;
    assert_eq!(status, StatusCode::CREATED, "{seat}");
    let (id, code) = (text(&seat["match"], "id"), text(&seat["match"], "code"));
    let _adas = RawPlayer::join(&seat).await;
    is_listed(&server, &[], id).await;
    let open = server.api().typed().open_matches("board", &[], 10).await.unwrap();
    assert_eq!((open[0].free, open[0].seat_count), (1, 3), "the kept one is not free: {open:?}");

    // The free seat is anybody's, the other one is not to be had in any way.
    let (_, _bobs) = sits(&bob, &json!({}), StatusCode::OK).await;
    for way in [json!({ "match": id }), json!({ "code": code })] {
        let (status, refused) = eve.api.play("board", &way).await;
        assert_eq!(status, StatusCode::CONFLICT, "{way}: {refused}");
    }
    let (elsewhere, _eves) = sits(&eve, &json!({}), StatusCode::CREATED).await;
    assert_ne!(elsewhere, id);

    let (joined, _cids) = sits(&cid, &json!({ "code": code }), StatusCode::OK).await;
    assert_eq!(joined, id);
    assert_eq!(there(&server, id, 3).await, [ada.id, bob.id, cid.id].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_played_meet_again_and_nobody_else_does() {
    let server = with_board().await;
    let (ada, bob, eve) =
        (server.api().guest("ada").await, server.api().guest("bob").await, server.api().guest("eve").await);
    let (status, seat) = ada.api.play("board", &json!({"create": {"visibility": "private", "seats": 2}})).await;
    assert_eq!(status, StatusCode::CREATED, "{seat}");
    let (id, mut adas) = (text(&seat["match"], "id"), RawPlayer::join(&seat).await);
    let (_, _bobs) = sits(&bob, &json!({ "code": text(&seat["match"], "code") }), StatusCode::OK).await;
    let both = there(&server, id, 2).await;
    let early = ada.api.typed().rematch(id).await.unwrap_err();
    assert_eq!(early.status(), Some(StatusCode::CONFLICT), "it is not over: {early}");
    adas.input(b"F").await;
    assert_eq!(server.api().ended(id).await["end"]["kind"], "finished");

    let first = bob.api.typed().rematch(id).await.unwrap();
    assert_ne!(first.of.id, id);
    let stranger = eve.api.typed().rematch(id).await.unwrap_err();
    assert_eq!(stranger.status(), Some(StatusCode::FORBIDDEN), "{stranger}");
    let second = ada.api.typed().rematch(id).await.unwrap();
    assert_eq!(second.of.id, first.of.id, "they meet in one match");
    let (_bobs, _adas) = (RawPlayer::join(&json!(first)).await, RawPlayer::join(&json!(second)).await);
    assert_eq!(there(&server, &first.of.id, 2).await, both, "the same people");
    assert_eq!(server.api().match_now(&first.of.id).await["seat_count"], 2, "with as many seats");
}
