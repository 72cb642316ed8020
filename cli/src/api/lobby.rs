//! The lobby as the commands use it: signing in, parties, searches, friends, leaderboards, and what is told.

use reqwest::{Method, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Api, Problem, refusal};
use crate::failure::Outcome;

/// Somebody is signed in.
#[derive(Debug, Deserialize)]
pub(crate) struct SignedIn {
    pub(crate) player: Who,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

/// An account.
#[derive(Debug, Deserialize)]
pub(crate) struct Who {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A party.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Party {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) leader: String,
    pub(crate) members: Vec<Member>,
    pub(crate) invitations: Vec<Value>,
    pub(crate) phase: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) activity: Option<Value>,
}

/// One of a party.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) player: String,
    pub(crate) name: String,
    pub(crate) ready: bool,
    pub(crate) away: bool,
}

/// An invitation.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Invitation {
    pub(crate) party: String,
    pub(crate) name: String,
    pub(crate) until: String,
}

/// A search.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) estimated_wait_s: Option<f64>,
}

/// A friend, or somebody who is to become one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Friend {
    pub(crate) player: String,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) online: bool,
}

/// A place on a leaderboard.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) place: u32,
    pub(crate) player: String,
    pub(crate) name: String,
    pub(crate) rating: i32,
    pub(crate) give_or_take: i32,
    pub(crate) matches: u32,
}

/// A list that is told whole.
#[derive(Debug, Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

/// What a password leads to.
pub(crate) enum FirstStep {
    /// In.
    In(SignedIn),
    /// A challenge: the account has a second factor.
    Challenged(String),
}

impl Api {
    /// Makes an account.
    pub(crate) async fn register(&self, name: &str, password: &str) -> Outcome<SignedIn> {
        let request = self.request(Method::POST, "/v1/accounts");
        self.json(request.json(&json!({"name": name, "password": password}))).await
    }

    /// Signs in, as far as a password does.
    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Outcome<FirstStep> {
        let body = json!({"name": name, "password": password});
        let response = self.fetch(self.request(Method::POST, "/v1/sessions").json(&body)).await?;
        let status = response.status();
        let answer = self.body(response).await?;
        if status.is_success() {
            return self.read(&answer).map(FirstStep::In);
        }
        let problem: Problem = serde_json::from_slice(&answer).unwrap_or_default();
        match problem.challenge {
            Some(challenge) => Ok(FirstStep::Challenged(challenge)),
            None => Err(refusal(status, &answer, false)),
        }
    }

    /// Signs in with a code of the second factor.
    pub(crate) async fn answer_challenge(&self, challenge: &str, code: &str) -> Outcome<SignedIn> {
        let request = self.request(Method::POST, "/v1/sessions/second-factor");
        self.json(request.json(&json!({"challenge": challenge, "code": code}))).await
    }

    /// New tokens.
    pub(crate) async fn refresh(&self, token: &str) -> Outcome<SignedIn> {
        self.json(self.request(Method::POST, "/v1/sessions/refresh").json(&json!({"refresh_token": token}))).await
    }

    /// Ends the sign-in.
    pub(crate) async fn sign_out(&self) -> Outcome {
        self.send(self.request(Method::DELETE, "/v1/sessions/current")).await.map(drop)
    }

    /// The caller's party.
    pub(crate) async fn party(&self) -> Outcome<Party> {
        self.json(self.get("/v1/parties/mine")).await
    }

    /// Makes a party.
    pub(crate) async fn new_party(&self) -> Outcome<Party> {
        self.json(self.request(Method::POST, "/v1/parties")).await
    }

    /// Asks somebody in.
    pub(crate) async fn invite(&self, player: &str) -> Outcome<Party> {
        let request = self.request(Method::POST, "/v1/parties/mine/invitations");
        self.json(request.json(&json!({"player": player}))).await
    }

    /// Joins by `{"code": ..}` or `{"party": ..}`.
    pub(crate) async fn join_party(&self, way: &Value) -> Outcome<Party> {
        self.json(self.request(Method::POST, "/v1/parties/join").json(way)).await
    }

    /// Has a member go; `me`: leaves.
    pub(crate) async fn remove_member(&self, player: &str) -> Outcome {
        self.send(self.request(Method::DELETE, &format!("/v1/parties/mine/members/{player}"))).await.map(drop)
    }

    /// Lets another lead.
    pub(crate) async fn hand_over(&self, player: &str) -> Outcome<Party> {
        self.json(self.request(Method::PUT, "/v1/parties/mine/leader").json(&json!({"player": player}))).await
    }

    /// Is ready, or is not.
    pub(crate) async fn set_ready(&self, ready: bool) -> Outcome<Party> {
        self.json(self.request(Method::PUT, "/v1/parties/mine/ready").json(&json!({"ready": ready}))).await
    }

    /// Those that are open.
    pub(crate) async fn invitations(&self) -> Outcome<Vec<Invitation>> {
        Ok(self.json::<Items<Invitation>>(self.get("/v1/invitations")).await?.items)
    }

    /// Does not come.
    pub(crate) async fn decline(&self, party: &str) -> Outcome {
        self.send(self.request(Method::DELETE, &format!("/v1/invitations/{party}"))).await.map(drop)
    }

    /// Begins to search.
    pub(crate) async fn search(&self, game: &str, queue: &str) -> Outcome<Ticket> {
        self.json(self.request(Method::POST, &format!("/v1/games/{game}/queues/{queue}/tickets"))).await
    }

    /// A search, as long as it waits.
    pub(crate) async fn ticket(&self, ticket: &str) -> Outcome<Ticket> {
        self.json(self.get(&format!("/v1/tickets/{ticket}"))).await
    }

    /// Ends a search.
    pub(crate) async fn cancel(&self, ticket: &str) -> Outcome {
        self.send(self.request(Method::DELETE, &format!("/v1/tickets/{ticket}"))).await.map(drop)
    }

    /// Answers a ready check.
    pub(crate) async fn answer(&self, id: &str, accept: bool) -> Outcome {
        let request = self.request(Method::PUT, &format!("/v1/ready-checks/{id}"));
        self.send(request.json(&json!({"accept": accept}))).await.map(drop)
    }

    /// Friends and those who are to become it.
    pub(crate) async fn friends(&self) -> Outcome<Vec<Friend>> {
        Ok(self.json::<Items<Friend>>(self.get("/v1/friends")).await?.items)
    }

    /// `friends` or `blocks`: puts a player there, or takes it away.
    pub(crate) async fn set_known(&self, list: &str, player: &str, there: bool) -> Outcome {
        let method = if there { Method::PUT } else { Method::DELETE };
        self.send(self.request(method, &format!("/v1/{list}/{player}"))).await.map(drop)
    }

    /// A part of a leaderboard: `all`, `around` or `friends`.
    pub(crate) async fn leaderboard(&self, game: &str, queue: &str, of: &str) -> Outcome<Vec<Standing>> {
        let request = self.get(&format!("/v1/games/{game}/queues/{queue}/leaderboard")).query(&[("of", of)]);
        Ok(self.json::<Items<Standing>>(request).await?.items)
    }

    /// What is told from behind an event on: a body that does not end by itself.
    pub(super) async fn listen(&self, last: Option<&str>) -> Outcome<Response> {
        let mut request = self.get("/v1/events").timeout(super::STREAM_TIMEOUT);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        self.send(request).await
    }
}
