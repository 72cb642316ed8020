//! Tokens that are broken, foreign, forged, or used twice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stadion_api::operations::GET_ME;
use stadion_protocol::CloseCode;
use stadion_protocol::wire::Credential;
use stadion_tests::Guest;
use stadion_tests::api::text;
use stadion_tests::raw_player::{RawPlayer, hello};

use crate::Arena;

/// The parts of a JWT, decoded.
fn parts(token: &str) -> (Value, Value, String) {
    let mut parts = token.split('.');
    let mut json = || serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next().unwrap()).unwrap()).unwrap();
    let (header, claims) = (json(), json());
    (header, claims, parts.next().unwrap().to_owned())
}

/// A JWT from parts.
fn jwt(header: &Value, claims: &Value, signature: &str) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", encode(header), encode(claims))
}

/// Forgeries of a good token: what is wrong, and the token.
fn forgeries(good: &str) -> Vec<(&'static str, String)> {
    let (header, claims, signature) = parts(good);
    let with = |mut of: Value, key: &str, value: Value| {
        of[key] = value;
        of
    };
    let mut flipped = URL_SAFE_NO_PAD.decode(&signature).unwrap();
    flipped[10] ^= 1;
    vec![
        ("nothing", String::new()),
        ("no JWT", "nonsense".to_owned()),
        ("cut short", good[..good.len() - 4].to_owned()),
        ("a flipped bit of the signature", jwt(&header, &claims, &URL_SAFE_NO_PAD.encode(flipped))),
        ("alg none", jwt(&json!({"alg": "none", "typ": "JWT"}), &claims, "")),
        ("alg none, signed", jwt(&with(header.clone(), "alg", json!("none")), &claims, &signature)),
        ("another algorithm", jwt(&with(header.clone(), "alg", json!("HS256")), &claims, &signature)),
        ("another key id", jwt(&with(header.clone(), "kid", json!("no-such-key")), &claims, &signature)),
        ("an expiry in the past", jwt(&header, &with(claims.clone(), "exp", json!(1)), &signature)),
        (
            "an expiry in the far future",
            jwt(&header, &with(claims.clone(), "exp", json!(9_999_999_999u64)), &signature),
        ),
        ("another subject", jwt(&header, &with(claims, "sub", json!("somebody-else")), &signature)),
    ]
}

#[tokio::test]
async fn the_api_takes_no_forged_token() {
    let mut arena = Arena::open().await;
    let player = arena.api.guest("ada").await;
    assert_eq!(player.api.call(GET_ME, &[], &Value::Null).await.0, 200);
    for (what, token) in forgeries(player.api.bearer()) {
        let (status, problem) = arena.api.with_bearer(&token).call(GET_ME, &[], &Value::Null).await;
        assert_eq!(status, 401, "{what}: {problem}");
    }
    arena.assert_unharmed().await;
}

#[tokio::test]
async fn an_access_token_lets_nobody_join_and_a_join_token_is_none_for_the_api() {
    let arena = Arena::open().await;
    arena.api.publish("hostile", Guest::default().wasm()).await;
    let joined = arena.seat("ada", &json!({"create": "private"})).await;
    let join_token = arena.api.with_bearer(text(&joined, "join_token"));
    assert_eq!(join_token.call(GET_ME, &[], &Value::Null).await.0, 401);
    let access = arena.api.guest("eve").await.api.bearer().to_owned();
    assert_eq!(try_join(&arena, &joined, &access, [1; 16]).await, Err(CloseCode::Refused));
}

#[tokio::test]
async fn nobody_joins_with_a_forged_token() {
    let mut arena = Arena::open().await;
    arena.api.publish("hostile", Guest::default().wasm()).await;
    let joined = arena.seat("ada", &json!({"create": "private"})).await;
    let good = text(&joined, "join_token").to_owned();
    let (header, claims, signature) = parts(&good);
    let mut forged = forgeries(&good);
    for (what, key, value) in
        [("another match", "match", json!("00000000000000000000000000")), ("another seat", "seat", json!(1))]
    {
        let mut claims = claims.clone();
        claims[key] = value;
        forged.push((what, jwt(&header, &claims, &signature)));
    }
    for (what, token) in forged {
        let answer = try_join(&arena, &joined, &token, [1; 16]).await;
        assert!(
            matches!(answer, Err(CloseCode::Refused | CloseCode::Expired | CloseCode::ProtocolError)),
            "{what}: {answer:?}"
        );
    }
    assert_eq!(try_join(&arena, &joined, &good, [1; 16]).await, Ok(()), "the seat is still there for its player");
    arena.assert_unharmed().await;
}

#[tokio::test]
async fn a_join_token_belongs_to_the_nonce_that_came_first() {
    let arena = Arena::open().await;
    arena.api.publish("hostile", Guest::default().wasm()).await;
    let joined = arena.seat("ada", &json!({"create": "private"})).await;
    let mut first = RawPlayer::join(&joined).await;
    let token = text(&joined, "join_token");
    assert_eq!(try_join(&arena, &joined, token, [9; 16]).await, Err(CloseCode::Refused), "another nonce");
    assert_eq!(try_join(&arena, &joined, token, [7; 16]).await, Ok(()), "an honest retry");
    assert_eq!(first.closed().await, CloseCode::Superseded);
}

/// Says hello with a token of one's own.
async fn try_join(arena: &Arena, joined: &Value, token: &str, nonce: [u8; 16]) -> Result<(), CloseCode> {
    let mut player = RawPlayer::connect(&arena.server.quic).await;
    let mut words = hello(joined, nonce);
    words.credential = Credential::Join { token: token.to_owned(), nonce };
    player.hello(&words).await;
    player.welcome().await.map(drop)
}
