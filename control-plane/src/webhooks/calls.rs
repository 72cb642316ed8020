//! Calls of games: a match asks the backend of its game's owner through a webhook, by its name, and the answer is the game's.
//!
//! A call may be made again: after a try that failed, and by the next session of a match whose host died. It has the same
//! `webhook-id` and `idempotency-key` each time; a backend that keeps what it answered does each thing once.

use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderName;
use serde_json::json;
use stadion_protocol::contract::{MAX_CALL_BYTES, Pending, RequestError, RequestKey, RequestOutcome};

use super::Webhooks;
use crate::http::guarded::{Bounds, SendError};
use crate::model::{Webhook, WebhookName, WebhookState};
use crate::requests::{BackendCall, Backends};

/// How long one try may take.
const TRY: Duration = Duration::from_secs(5);

/// Until the next try: none is begun after these. Hosts wait for 15 s in all.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(1_000)];

/// With all its tries.
const WITHIN: Duration = Duration::from_secs(12);

/// What makes a call the same call.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What came of a try.
enum Came {
    Over(RequestOutcome),
    /// Worth another try.
    Again,
}

impl Backends for Webhooks {
    fn call(&self, call: BackendCall) -> Pending<'_, RequestOutcome> {
        Box::pin(async move {
            let called = tokio::time::timeout(WITHIN, self.make(&call)).await;
            called.unwrap_or(Err(RequestError::Unavailable))
        })
    }
}

impl Webhooks {
    /// Makes a call, again while it may still be answered.
    async fn make(&self, call: &BackendCall) -> RequestOutcome {
        let webhook = self.endpoint(call).await?;
        let body = self.call_body(call).await?;
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            match (self.try_call(&webhook, call, body.clone()).await, pause) {
                (Came::Over(outcome), _) => return outcome,
                (Came::Again, Some(pause)) => tokio::time::sleep(pause).await,
                (Came::Again, None) => break,
            }
        }
        Err(RequestError::Unavailable)
    }

    /// The webhook that a call goes to.
    async fn endpoint(&self, call: &BackendCall) -> Result<Webhook, RequestError> {
        let name: WebhookName = call.endpoint.parse().map_err(|_| RequestError::Denied)?;
        let found = self.parts.store.webhook(&call.game, &name).await.map_err(|error| {
            tracing::warn!(game = %call.game, endpoint = %name, %error, "a call of a game waits for the store");
            RequestError::Unavailable
        })?;
        let webhook = found.ok_or(RequestError::Denied)?;
        // One that is off is asked nothing until its owner enables it again.
        if webhook.state == WebhookState::Enabled { Ok(webhook) } else { Err(RequestError::Denied) }
    }

    async fn call_body(&self, call: &BackendCall) -> Result<Bytes, RequestError> {
        // What the match says is JSON, and stays as it is, number by number.
        serde_json::from_str::<serde::de::IgnoredAny>(&call.json).map_err(|_| RequestError::Denied)?;
        let version = self.parts.host.status(call.match_id).await.ok().map(|status| status.version.to_string());
        let about = json!({
            "match": call.match_id.to_string(),
            "game": call.game.as_str(),
            "version": version,
            "request": request_name(call.key),
        });
        let about = about.to_string();
        let fields = about.strip_suffix('}').unwrap_or_default();
        Ok(format!("{fields},\"json\":{}}}", call.json).into())
    }

    async fn try_call(&self, webhook: &Webhook, call: &BackendCall, body: Bytes) -> Came {
        let id = format!("call_{}_{}", call.match_id, request_name(call.key));
        let request = self.request(webhook, &id, body).map(|mut request| {
            if let Ok(id) = id.parse() {
                request.headers_mut().insert(IDEMPOTENCY_KEY, id);
            }
            request
        });
        let answer = match request {
            Ok(request) => self.parts.guarded.send(request, Bounds { within: TRY, body: Some(MAX_CALL_BYTES) }).await,
            Err(fault) => Err(fault.into()),
        };
        let (game, endpoint) = (&call.game, &webhook.name);
        match answer {
            Ok(answer) if answer.status().is_success() => Came::Over(Ok(answer.into_body().to_vec())),
            Ok(answer) => {
                let status = answer.status();
                tracing::debug!(%game, %endpoint, id, %status, "a call of a game was not answered well");
                if is_passing(status) { Came::Again } else { Came::Over(Err(RequestError::Denied)) }
            }
            Err(SendError::TooLarge(_)) => Came::Over(Err(RequestError::TooLarge)),
            Err(error) => {
                tracing::debug!(%game, %endpoint, id, %error, "a call of a game was not answered");
                if matches!(error, SendError::Url(_)) { Came::Over(Err(RequestError::Denied)) } else { Came::Again }
            }
        }
    }
}

/// How a backend reads which request of a match it is.
fn request_name(key: RequestKey) -> String {
    format!("{}.{}", key.incarnation.0, key.number)
}

/// Whether another try may be answered otherwise.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;
    use stadion_protocol::contract::{GameRequest, Wanted};
    use stadion_protocol::{Incarnation, MatchId};

    use super::*;
    use crate::config::Reach;
    use crate::testing::{Receiver, Stage};

    async fn stage() -> (Stage, Receiver, String) {
        let stage = Stage::with(|config| config.webhooks.reach = Reach::ThisMachine).await;
        stage.publish("chess").await;
        let receiver = Receiver::start().await;
        let body = json!({"name": "bank", "url": receiver.url});
        let made = stage.post("/v1/games/chess/webhooks", body).bearer(&stage.developer_key).await.expect(201);
        (stage, receiver, made["secret"].as_str().unwrap().to_owned())
    }

    async fn ask(stage: &Stage, game: &str, endpoint: &str, json: &str) -> RequestOutcome {
        let key = RequestKey { incarnation: Incarnation(2), number: 7 };
        let wanted = Wanted::Call { endpoint: endpoint.to_owned(), json: json.to_owned() };
        let request = GameRequest {
            match_id: MatchId([1; 16]),
            key,
            game: game.parse().unwrap(),
            settled_below: key,
            wanted: Arc::new(wanted),
        };
        stage.control_plane.requests().carry_out(request).await
    }

    #[tokio::test]
    async fn a_call_is_a_signed_message_and_its_answer_is_the_games() {
        let (stage, receiver, secret) = stage().await;
        let played = stage.play("chess", json!({})).await.expect(201);
        let id: MatchId = played["match"]["id"].as_str().unwrap().parse().unwrap();
        receiver.answer_with(200, "{\"balance\":5}");
        let key = RequestKey { incarnation: Incarnation(1), number: 3 };
        // A number that no f64 holds reaches the backend as it was said.
        let wanted =
            Wanted::Call { endpoint: "bank".to_owned(), json: "{\"b\":1,\"a\":123456789012345678901}".to_owned() };
        let game = "chess".parse().unwrap();
        let request = GameRequest { match_id: id, key, game, settled_below: key, wanted: Arc::new(wanted) };
        assert_eq!(stage.control_plane.requests().carry_out(request).await, Ok(b"{\"balance\":5}".to_vec()));
        let told = receiver.got().remove(0);
        assert_eq!((told.id(), told.header("idempotency-key")), (&*format!("call_{id}_1.3"), told.id()));
        assert!(told.is_signed_by(&secret));
        assert!(String::from_utf8_lossy(&told.body).ends_with("\"json\":{\"b\":1,\"a\":123456789012345678901}}"));
        let body: Value = told.json();
        assert_eq!(
            (&body["match"], &body["game"], &body["request"]),
            (&json!(id.to_string()), &json!("chess"), &json!("1.3"))
        );
        assert_eq!(body["version"], stage.get("/v1/games/chess").await.expect(200)["latest_version"]);
    }

    #[tokio::test]
    async fn a_call_is_made_again_under_the_same_name_while_it_may_be_answered() {
        let (stage, receiver, _) = stage().await;
        receiver.answer(&[503, 429]);
        receiver.answer_with(200, "1");
        assert_eq!(ask(&stage, "chess", "bank", "[]").await, Ok(b"1".to_vec()));
        let ids: Vec<_> = receiver.got().iter().map(|told| told.header("idempotency-key").to_owned()).collect();
        assert_eq!(ids, vec![format!("call_{}_2.7", MatchId([1; 16])); 3]);
        receiver.answer(&[500, 500, 500]);
        assert_eq!(ask(&stage, "chess", "bank", "[]").await, Err(RequestError::Unavailable));
        assert_eq!(receiver.got().len(), 6);
    }

    #[tokio::test]
    async fn what_is_refused_is_asked_once() {
        let (stage, receiver, _) = stage().await;
        for code in [400, 403, 404, 410, 302] {
            receiver.answer(&[code]);
            assert_eq!(ask(&stage, "chess", "bank", "[]").await, Err(RequestError::Denied), "{code}");
        }
        receiver.answer_with(200, &"a".repeat(MAX_CALL_BYTES + 1));
        assert_eq!(ask(&stage, "chess", "bank", "[]").await, Err(RequestError::TooLarge));
        assert_eq!(receiver.got().len(), 6);
        stage.publish("go").await;
        for (game, endpoint) in [("chess", "other"), ("go", "bank"), ("chess", "No Name"), ("chess", "")] {
            assert_eq!(ask(&stage, game, endpoint, "[]").await, Err(RequestError::Denied), "{game} {endpoint}");
        }
        let body = json!({"url": receiver.url, "kinds": [], "enabled": false});
        let path = "/v1/games/chess/webhooks/bank";
        stage.put_json(path, body).bearer(&stage.developer_key).await.expect(200);
        assert_eq!(ask(&stage, "chess", "bank", "[]").await, Err(RequestError::Denied));
        assert_eq!(receiver.got().len(), 6, "nobody was asked");
    }
}
