//! Players in web pages, as far as a server can tell: tic-tac-toe to its end over WebTransport and over WebSocket, and who
//! is turned away.

use std::time::Duration;

use serde_json::{Value, json};
use stadion_api::operations as ops;
use stadion_protocol::CloseCode;
use stadion_protocol::wire::{ClientFrame, ServerFrame};
use stadion_tests::page::{Page, ask_session, ask_socket};
use stadion_tests::{Server, programs};

/// How long a page waits before it tries an input again that may have come too early.
const AGAIN: Duration = Duration::from_millis(250);
/// No match here takes longer.
const LONGEST: Duration = Duration::from_secs(40);

async fn with_tictactoe() -> Server {
    let server = Server::start();
    server.api().publish("tictactoe", programs::game("tictactoe")).await;
    server
}

async fn seat(server: &Server, name: &str, how: Value) -> Value {
    let (status, joined) = server.api().guest(name).await.api.play("tictactoe", &how).await;
    assert!(status.is_success(), "{joined}");
    joined
}

/// Fills the board in order, whenever it is this seat's turn, until the server closes.
async fn play(mut page: Page) -> CloseCode {
    let mut input = None;
    let playing = async {
        loop {
            match tokio::time::timeout(AGAIN, page.frame()).await {
                Ok(Ok(ServerFrame::Message { out_seq, data, .. })) => {
                    page.say(&ClientFrame::Ack { out_seq }).await;
                    // The envelope of the SDK: a view, its number, and the view in postcard (PROTOCOL.md, section 8).
                    if let [1, _, view @ ..] = &data[..] {
                        input = next_move(view);
                    }
                }
                Ok(Ok(_)) => continue,
                Ok(Err(code)) => return code,
                Err(_) => {}
            }
            if let Some(cell) = input {
                page.input(&[0, 0, cell]).await;
            }
        }
    };
    tokio::time::timeout(LONGEST, playing).await.expect("the match ends")
}

/// The first empty cell, if it is the turn of the seat that sees this: nine cells (0, or 1 and a seat), turn, own seat.
fn next_move(mut view: &[u8]) -> Option<u8> {
    let mut empty = None;
    for cell in 0..9 {
        let taken = view[0] == 1;
        if !taken && empty.is_none() {
            empty = Some(cell);
        }
        view = &view[if taken { 2 } else { 1 }..];
    }
    empty.filter(|_| view[0] == view[1])
}

#[tokio::test]
async fn a_page_with_webtransport_and_one_with_websocket_play_tictactoe_to_its_end() {
    let server = with_tictactoe().await;
    let first = seat(&server, "ada", json!({"create": "private"})).await;
    let second = seat(&server, "bob", json!({"code": first["match"]["code"]})).await;
    let (ada, bob) = (Page::over_webtransport(&first).await, Page::over_websocket(&second).await);
    let (first_end, second_end) = tokio::join!(play(ada), play(bob));
    assert_eq!((first_end, second_end), (CloseCode::Finished, CloseCode::Finished));
    let ended = server.api().ended(first["match"]["id"].as_str().unwrap()).await;
    assert_eq!(ended["end"]["kind"], "finished", "{ended}");
}

#[tokio::test]
async fn where_udp_does_not_pass_two_pages_play_over_websocket() {
    let server = with_tictactoe().await;
    let first = seat(&server, "ada", json!({"create": "private"})).await;
    let second = seat(&server, "bob", json!({"code": first["match"]["code"]})).await;
    // A port on which nothing answers, as behind a firewall.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut blocked = first["endpoints"].clone();
    blocked["webtransport"] = format!("https://{}/v1/connect", silent.local_addr().unwrap()).into();
    let attempt = tokio::time::timeout(Duration::from_secs(1), ask_session(&blocked, "http://localhost")).await;
    assert!(attempt.is_err(), "there is no way through");
    let (ada, bob) = (Page::over_websocket(&first).await, Page::over_websocket(&second).await);
    let (first_end, second_end) = tokio::join!(play(ada), play(bob));
    assert_eq!((first_end, second_end), (CloseCode::Finished, CloseCode::Finished));
}

#[tokio::test]
async fn pages_of_foreign_origins_are_turned_away_until_the_games_owner_names_them() {
    const SITE: &str = "https://site.example";
    let server = with_tictactoe().await;
    let endpoints = seat(&server, "ada", json!({})).await["endpoints"].clone();
    assert!(ask_session(&endpoints, SITE).await.is_err());
    let refused = ask_socket(&endpoints, SITE).await.unwrap_err();
    assert!(refused.to_string().contains("403"), "{refused}");

    server.api().typed().call(ops::SET_ORIGINS, &["tictactoe"]).json(&json!({"origins": [SITE]})).send().await.unwrap();
    assert!(ask_session(&endpoints, SITE).await.is_ok());
    assert!(ask_socket(&endpoints, SITE).await.is_ok());
    assert!(ask_socket(&endpoints, "https://other.example").await.is_err());
}

#[tokio::test]
async fn a_request_that_asks_for_no_websocket_is_told_what_the_path_is_for() {
    let server = Server::start();
    // No operation: a client opens a WebSocket there.
    let answer = server.api().send(reqwest::Method::GET, "/v1/connect", "application/json", "").await;
    let (status, problem) = (answer.status(), serde_json::from_slice::<Value>(&answer.bytes().await.unwrap()).unwrap());
    assert_eq!((status.as_u16(), &problem["code"]), (400, &"bad-request".into()), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("stadion.1"), "{problem}");
}
