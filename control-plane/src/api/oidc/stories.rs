//! Sign-ins at a small provider that is real: discovery, authorization, tokens and keys over HTTP, ID tokens signed with a key
//! of its own, codes that are good once and for whoever has the verifier (RFC 7636).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use hyper::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use openidconnect::url::{Url, form_urlencoded};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use crate::clock::{Clock, SystemClock, SystemRng, random};
use crate::config::{OidcProvider, Secret};
use crate::testing::{Answer, Stage};

const BACK: &str = "https://play.acme.example/signed-in";
const SECRET: &str = "u9v8Hq3Tt0LxW2mYkB7cRz41";

/// What stands before the 32 bytes of a private key (RFC 8410 section 7).
const PKCS8_ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// What the provider was asked for with a code.
struct Grant {
    nonce: String,
    challenge: String,
    redirect: String,
}

/// How its ID tokens are, where they are not in order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Flaw {
    #[default]
    None,
    ForeignKey,
    ForeignAudience,
    ForeignIssuer,
    Expired,
    OtherNonce,
}

struct Provider {
    issuer: String,
    seed: [u8; 32],
    subject: Mutex<String>,
    flaw: Mutex<Flaw>,
    grants: Mutex<HashMap<String, Grant>>,
}

impl Provider {
    async fn start() -> Arc<Provider> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let provider = Arc::new(Provider {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            seed: random(&SystemRng),
            subject: Mutex::new("248289761001".to_owned()),
            flaw: Mutex::default(),
            grants: Mutex::default(),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(provider.clone());
        // It ends with the test's runtime.
        drop(tokio::spawn(axum::serve(listener, routes).into_future()));
        provider
    }

    fn config(&self) -> OidcProvider {
        OidcProvider {
            name: "acme".to_owned(),
            issuer: self.issuer.clone(),
            client_id: "stadion".to_owned(),
            client_secret: Some(Secret(SECRET.to_owned())),
            redirects: vec![BACK.to_owned()],
        }
    }

    fn id_token(&self, grant: &Grant) -> String {
        let flaw = *self.flaw.lock().unwrap();
        let or = |of: Flaw, flawed: &str, good: &str| (if flaw == of { flawed } else { good }).to_owned();
        let now = SystemClock.now().seconds();
        let (issued, expires) = if flaw == Flaw::Expired { (now - 7200, now - 3600) } else { (now, now + 300) };
        let claims = json!({
            "iss": or(Flaw::ForeignIssuer, "https://elsewhere.example", &self.issuer),
            "aud": or(Flaw::ForeignAudience, "somebody-else", "stadion"),
            "nonce": or(Flaw::OtherNonce, "another", &grant.nonce),
            "sub": *self.subject.lock().unwrap(), "name": "Ann Example", "iat": issued, "exp": expires,
        });
        let seed = if flaw == Flaw::ForeignKey { random(&SystemRng) } else { self.seed };
        let key = EncodingKey::from_ed_der(&[&PKCS8_ED25519[..], &seed].concat());
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    }
}

async fn discovery(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    }))
}

async fn keys(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let public = SigningKey::from_bytes(&provider.seed).verifying_key().to_bytes();
    let x = URL_SAFE_NO_PAD.encode(public);
    Json(json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k1", "x": x}]}))
}

/// Somebody is signed in at the provider already: it sends the browser back at once.
async fn authorize(State(provider): State<Arc<Provider>>, Query(query): Query<HashMap<String, String>>) -> Response {
    assert_eq!((query["response_type"].as_str(), query["code_challenge_method"].as_str()), ("code", "S256"));
    assert!(query["scope"].split(' ').any(|scope| scope == "openid"));
    let code = hex::encode(random::<16>(&SystemRng));
    let take = |key: &str| query[key].clone();
    let grant = Grant { nonce: take("nonce"), challenge: take("code_challenge"), redirect: take("redirect_uri") };
    let mut back = Url::parse(&grant.redirect).unwrap();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &query["state"]);
    provider.grants.lock().unwrap().insert(code, grant);
    (StatusCode::FOUND, [("location", back.to_string())]).into_response()
}

async fn token(State(provider): State<Arc<Provider>>, headers: hyper::HeaderMap, body: String) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let refuse = || (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("stadion:{SECRET}"));
    assert_eq!(headers["authorization"], format!("Basic {basic}").as_str());
    let Some(grant) = provider.grants.lock().unwrap().remove(&form["code"]) else { return refuse() };
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    if challenge != grant.challenge || form["redirect_uri"] != grant.redirect {
        return refuse();
    }
    let id_token = provider.id_token(&grant);
    let body = json!({"access_token": "at-1", "token_type": "Bearer", "expires_in": 300, "id_token": id_token});
    Json(body).into_response()
}

async fn stage() -> (Stage, Arc<Provider>) {
    let provider = Provider::start().await;
    let config = provider.config();
    (Stage::with(|stage| stage.accounts.oidc = vec![config]).await, provider)
}

async fn start(stage: &Stage) -> Value {
    stage.post("/v1/oidc/acme/start", json!({"redirect_uri": BACK})).await.expect(200)
}

/// What the person's browser does: opens the URL, is sent back, and hands on what is in the address.
async fn browse(started: &Value) -> Value {
    let url = started["authorization_url"].as_str().unwrap();
    let request = hyper::Request::get(url).body(Vec::new()).unwrap();
    let answer = crate::http::outbound::call(request).await.unwrap();
    let back = Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert!(back.as_str().starts_with(BACK));
    let query: HashMap<_, _> = back.query_pairs().into_owned().collect();
    assert_eq!(started["state"], query["state"].as_str());
    json!({"state": query["state"], "code": query["code"], "flow": started["flow"]})
}

async fn finish(stage: &Stage, body: Value, bearer: Option<&str>) -> Answer {
    let call = stage.post("/v1/oidc/acme/finish", body);
    match bearer {
        Some(token) => call.bearer(token).await,
        None => call.await,
    }
}

#[tokio::test]
async fn somebody_signs_in_at_a_provider_and_is_the_same_the_next_time() {
    let (stage, provider) = stage().await;
    let listed = stage.get("/v1/oidc").await.expect(200);
    assert_eq!(listed["items"][0]["issuer"], provider.issuer.as_str());
    let first = finish(&stage, browse(&start(&stage).await).await, None).await.expect(200);
    assert_eq!((&first["player"]["name"], &first["player"]["guest"]), (&json!("Ann Example"), &json!(false)));
    stage.get("/v1/me").bearer(first["access_token"].as_str().unwrap()).await.expect(200);
    let again = finish(&stage, browse(&start(&stage).await).await, None).await.expect(200);
    assert_eq!(again["player"]["id"], first["player"]["id"]);
    *provider.subject.lock().unwrap() = "another".to_owned();
    let other = finish(&stage, browse(&start(&stage).await).await, None).await.expect(200);
    assert_ne!(other["player"]["id"], first["player"]["id"]);
}

#[tokio::test]
async fn a_guest_who_links_an_identity_stays_who_it_is() {
    let (stage, _provider) = stage().await;
    let guest = stage.post("/v1/guests", json!({})).await.expect(201);
    let token = guest["access_token"].as_str().unwrap();
    let linked = finish(&stage, browse(&start(&stage).await).await, Some(token)).await.expect(200);
    assert_eq!((&linked["player"]["id"], &linked["player"]["guest"]), (&guest["player"]["id"], &json!(false)));
    let back = finish(&stage, browse(&start(&stage).await).await, None).await.expect(200);
    assert_eq!(back["player"]["id"], guest["player"]["id"]);
    let stranger = stage.guest().await;
    finish(&stage, browse(&start(&stage).await).await, Some(&stranger)).await.expect(409);
}

#[tokio::test]
async fn an_identity_is_unlinked_from_whoever_has_another_way_in() {
    let (stage, provider) = stage().await;
    let unlink = |token: &str| stage.delete("/v1/me/identities/acme").bearer(token);
    let only = finish(&stage, browse(&start(&stage).await).await, None).await.expect(200);
    unlink(only["access_token"].as_str().unwrap()).await.expect(409);
    let secret = json!({"name": "ann", "password": "correct horse"});
    let ann = stage.post("/v1/accounts", secret.clone()).await.expect(201);
    let token = ann["access_token"].as_str().unwrap();
    unlink(token).await.expect(404);
    *provider.subject.lock().unwrap() = "ann's".to_owned();
    finish(&stage, browse(&start(&stage).await).await, Some(token)).await.expect(200);
    unlink(token).await.expect(204);
    stage.post("/v1/sessions", secret).await.expect(200);
    let other = finish(&stage, browse(&start(&stage).await).await, None).await.expect(200);
    assert_ne!(other["player"]["id"], ann["player"]["id"], "the identity is free");
}

#[tokio::test]
async fn a_provider_is_a_first_step_for_whoever_has_a_second_factor() {
    let (stage, _provider) = stage().await;
    let secret = json!({"name": "ann", "password": "correct horse"});
    let ann = stage.post("/v1/accounts", secret).await.expect(201);
    let token = ann["access_token"].as_str().unwrap();
    finish(&stage, browse(&start(&stage).await).await, Some(token)).await.expect(200);
    let app = stage.second_factor(token, "correct horse").await;
    let stopped = finish(&stage, browse(&start(&stage).await).await, None).await.expect(401);
    assert_eq!(stopped["code"], "second-factor-required");
    stage.clock.advance(Duration::from_secs(30));
    let answer = json!({"challenge": stopped["challenge"], "code": app.code(&stage)});
    let again = stage.post("/v1/sessions/second-factor", answer).await.expect(200);
    assert_eq!(again["player"]["id"], ann["player"]["id"]);
}

#[tokio::test]
async fn an_id_token_that_is_not_in_order_signs_nobody_in() {
    let (stage, provider) = stage().await;
    let flaws =
        [Flaw::ForeignKey, Flaw::ForeignAudience, Flaw::ForeignIssuer, Flaw::Expired, Flaw::OtherNonce, Flaw::None];
    for flaw in flaws {
        *provider.flaw.lock().unwrap() = flaw;
        let answer = finish(&stage, browse(&start(&stage).await).await, None).await;
        assert_eq!(answer.status, if flaw == Flaw::None { 200 } else { 401 }, "{flaw:?}");
    }
}

#[tokio::test]
async fn nobody_finishes_what_another_client_has_started() {
    let (stage, _provider) = stage().await;
    let (mine, theirs) = (start(&stage).await, start(&stage).await);
    let mut crossed = browse(&mine).await;
    let good = crossed.clone();
    crossed["flow"] = theirs["flow"].clone();
    finish(&stage, crossed, None).await.expect(401);
    finish(&stage, json!({"state": "made-up", "code": good["code"], "flow": mine["flow"]}), None).await.expect(401);
    finish(&stage, good.clone(), None).await.expect(200);
    finish(&stage, good, None).await.expect(401);
}

#[tokio::test]
async fn codes_go_nowhere_but_where_the_configuration_says() {
    let (stage, _provider) = stage().await;
    let body = json!({"redirect_uri": "https://evil.example/"});
    stage.post("/v1/oidc/acme/start", body).await.expect(422);
    stage.post("/v1/oidc/other/start", json!({"redirect_uri": BACK})).await.expect(404);
}

#[tokio::test]
async fn a_sign_in_that_takes_too_long_is_over() {
    let (stage, _provider) = stage().await;
    let returned = browse(&start(&stage).await).await;
    stage.clock.advance(Duration::from_secs(601));
    finish(&stage, returned, None).await.expect(401);
}

#[tokio::test]
async fn a_provider_that_is_gone_is_unavailable_and_no_fault_of_ours() {
    let provider = OidcProvider { issuer: "http://127.0.0.1:9".to_owned(), ..Provider::start().await.config() };
    let stage = Stage::with(|stage| stage.accounts.oidc = vec![provider]).await;
    let answer = stage.post("/v1/oidc/acme/start", json!({"redirect_uri": BACK})).await;
    assert_eq!(answer.header("retry-after"), "10");
    answer.expect(503);
}
