//! People who come in through the balancer and try again when something was away.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use stadion_api::{Answer, Api, Error, Operation, Patience, PlayerEvent, Server, Told, operations as ops};
use stadion_client::{RawEvent, RawMatch};
use stadion_protocol::CloseCode;
use stadion_tests::api::text;
use stadion_tests::chaos;

/// A person gives up after so many tries of one thing, with a pause between two: a minute.
const TRIES: u32 = 240;
const PAUSE: Duration = Duration::from_millis(250);

/// An answer that takes longer is lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// No single thing takes longer, on a busy machine with a replica that is away.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// Somebody with an address of their own, who tries again when told to.
pub(super) struct Person {
    /// As nobody, from that address.
    api: Api,
    pub(super) name: String,
    /// Of all people.
    again: Arc<AtomicU64>,
    /// Things asked for so far, whose number is their Idempotency-Key.
    asked: AtomicU64,
}

/// Somebody who has signed in and sits in a match.
pub(super) struct Arrived {
    pub(super) person: Person,
    pub(super) player: String,
    pub(super) token: String,
    pub(super) seat: Value,
    _connection: RawMatch,
}

/// How it ended to play one input.
pub(super) enum Played {
    /// The game answered: from then on the seat is its player's, whoever dies.
    Answered,
    /// The match is over.
    Finished,
    /// The seat went to somebody else, or its match with its replica.
    Gone,
}

impl Person {
    pub(super) fn new(base: &str, number: u32, again: &Arc<AtomicU64>) -> Person {
        let [.., high, low] = number.to_be_bytes();
        let address = Ipv4Addr::new(127, 0, 1 + high, 1 + low);
        // How often something is asked for again is counted here.
        let server = Server::at(base).from(address.into()).with_patience(Patience::NONE);
        let api = Api::new(&server).unwrap();
        Person { api, name: format!("person-{number}"), again: again.clone(), asked: AtomicU64::new(0) }
    }

    /// Asks until there is an answer that does not say to come again; whether it was asked for again.
    pub(super) async fn ask<A>(
        &self,
        (operation, names): (Operation<A>, &[&str]),
        bearer: Option<&str>,
        body: &Value,
    ) -> (StatusCode, Value, bool)
    where
        A: Answer<Value: Serialize>,
    {
        let key = format!("{}-{}", self.name, self.asked.fetch_add(1, Ordering::Relaxed));
        for tried in 0..TRIES {
            let call = self.api.with_bearer(bearer).call(operation, names).within(ANSWER_WITHIN).keyed(&key);
            let call = if body.is_null() { call } else { call.json(body) };
            match call.send_tagged().await {
                Ok(answer) => return (answer.status, json!(answer.value), tried > 0),
                Err(Error::Refused(no)) if no.retry_after.is_none() && no.problem.is_some() => {
                    return (no.status, json!(no.problem), tried > 0);
                }
                // No answer, a balancer's, or one that says to come again: the server is not ready, or carries the same request
                // out.
                Err(Error::Refused(_) | Error::Unreachable { .. }) => {}
                Err(error) => panic!("{}: {}: {error}", self.name, operation.id),
            }
            self.tries_again().await;
        }
        panic!("{} got no answer: {}", self.name, operation.id);
    }

    async fn tries_again(&self) {
        self.again.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(PAUSE).await;
    }

    /// Registers, signs in, plays, takes the seat.
    pub(super) async fn arrive(self) -> Arrived {
        let secret = json!({"name": self.name, "password": format!("the password of {}", self.name)});
        let (made, registered, again) = self.ask((ops::CREATE_ACCOUNT, &[]), None, &secret).await;
        // The answer to the first try was lost, not the account.
        assert!(made == StatusCode::CREATED || (again && made == StatusCode::CONFLICT), "{made} {registered}");
        let (status, session, _) = self.ask((ops::CREATE_SESSION, &[]), None, &secret).await;
        assert_eq!(status, StatusCode::OK, "{session}");
        let player = text(&session["player"], "id").to_owned();
        if made == StatusCode::CREATED {
            assert_eq!(player, text(&registered["player"], "id"));
        }
        let token = text(&session, "access_token").to_owned();
        for _ in 0..TRIES {
            let (status, seat, _) = self.ask((ops::PLAY, &["ledger"]), Some(&token), &json!({})).await;
            assert!(status.is_success(), "{status} {seat}");
            // A seat that nobody could take in time, since its replica was away, is gone. And a join counts from its tick
            // on: whoever comes in while the replica dies may find the seat given to somebody else.
            if let Ok(mut connection) = chaos::try_enter(&seat).await
                && matches!(speak(&mut connection).await, Played::Answered)
            {
                return Arrived { person: self, player, token, seat, _connection: connection };
            }
            self.tries_again().await;
        }
        panic!("{} got no seat", self.name);
    }
}

impl Arrived {
    /// Asks as this player.
    pub(super) async fn ask<A>(&self, operation: Operation<A>, names: &[&str], body: Value) -> (StatusCode, Value)
    where
        A: Answer<Value: Serialize>,
    {
        let (status, body, _) = self.person.ask((operation, names), Some(&self.token), &body).await;
        (status, body)
    }

    /// The same for what must be.
    pub(super) async fn does<A>(&self, operation: Operation<A>, names: &[&str], body: Value) -> Value
    where
        A: Answer<Value: Serialize>,
    {
        let (status, answer) = self.ask(operation, names, body.clone()).await;
        assert!(status.is_success(), "{}: {} {names:?} {body}: {status} {answer}", self.person.name, operation.id);
        answer
    }

    /// Goes into a match by its code and says one thing there, until the match has heard it.
    pub(super) async fn speaks_in(&self, game: &str, code: &str) {
        let mut spoke = false;
        for _ in 0..TRIES {
            let (status, seat) = self.ask(ops::PLAY, &[game], json!({ "code": code })).await;
            if spoke && matches!(status, StatusCode::GONE | StatusCode::NOT_FOUND) {
                // It was heard, and the answer was lost with the connection.
                return;
            }
            assert!(status.is_success(), "{}: {game} {code}: {status} {seat}", self.person.name);
            if let Ok(mut connection) = chaos::try_enter(&seat).await {
                spoke = true;
                if !matches!(speak(&mut connection).await, Played::Gone) {
                    return;
                }
            }
            self.person.tries_again().await;
        }
        panic!("{} was not heard", self.person.name);
    }

    /// Listens to what is told to this player, from the first word on.
    pub(super) fn listens(&self) -> Ears<'_> {
        let api = self.person.api.with_bearer(Some(&self.token));
        Ears { of: self, told: api.call(ops::GET_EVENTS, &[]).told(Some("0".to_owned())) }
    }
}

/// A stream of events, opened again where it broke.
pub(super) struct Ears<'a> {
    of: &'a Arrived,
    told: Told<PlayerEvent>,
}

impl Ears<'_> {
    /// The next event.
    pub(super) async fn next(&mut self) -> Value {
        let heard = tokio::time::timeout(PATIENCE, self.hear()).await;
        heard.unwrap_or_else(|_| panic!("{} hears nothing more", self.of.person.name))
    }

    /// A stream that is refused, or lost for good, is asked for again where it was.
    async fn hear(&mut self) -> Value {
        loop {
            match self.told.next().await {
                Ok(event) => return json!(event),
                Err(Error::Refused(_) | Error::Unreachable { .. }) => self.of.person.tries_again().await,
                Err(error) => panic!("{}: {error}", self.of.person.name),
            }
        }
    }
}

/// Says one thing and waits for what comes of it.
async fn speak(seat: &mut RawMatch) -> Played {
    seat.send(&1_u64.to_le_bytes()).unwrap();
    let answered = async {
        loop {
            match seat.next().await {
                RawEvent::Message(_) => return Played::Answered,
                RawEvent::End(end) if end.code == CloseCode::Finished => return Played::Finished,
                RawEvent::End(_) => return Played::Gone,
                _ => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.expect("a seat answers or ends")
}
