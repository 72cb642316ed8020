//! The lobby: parties, searches, friends, leaderboards.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::Api;
use crate::error::Error;
use crate::operations as ops;

/// A party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Names it.
    pub id: String,
    /// Lets people in.
    pub code: String,
    /// Who decides.
    pub leader: String,
    /// In the order in which they came.
    pub members: Vec<Member>,
    /// Who is asked in.
    pub invitations: Vec<Invited>,
    /// What it does, such as `gathering`.
    pub phase: String,
    /// In which game and queue or match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
}

/// One of a party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// An account.
    pub player: String,
    /// What others see.
    pub name: String,
    /// To search.
    pub ready: bool,
    /// Not connected.
    pub away: bool,
}

/// Somebody who is asked in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// An account.
    pub player: String,
    /// By which member.
    pub by: String,
    /// For how long.
    pub until: String,
}

/// What a party is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// In which game.
    pub game: String,
    /// In which queue, while it searches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// With which search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// In which match.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// An invitation, as it is told to whom it is for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Invitation {
    /// Into which party.
    pub party: String,
    /// Of whom: what others see.
    pub name: String,
    /// For how long.
    pub until: String,
}

/// A search.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ticket {
    /// Names it.
    pub id: String,
    /// If it can be told.
    #[serde(default)]
    pub estimated_wait_s: Option<f64>,
}

/// A friend, or somebody who is to become one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Friend {
    /// An account.
    pub player: String,
    /// What others see.
    pub name: String,
    /// `friends`, or who has asked whom.
    pub state: String,
    /// Whether they are there, which friends are told.
    pub online: bool,
}

/// How one stands to somebody.
#[derive(Debug, Serialize, Deserialize)]
pub struct Friendship {
    /// An account.
    pub player: String,
    /// `friends`, or who has asked whom.
    pub state: String,
}

/// Somebody with whom one does not play.
#[derive(Debug, Serialize, Deserialize)]
pub struct Blocked {
    /// An account.
    pub player: String,
    /// What others see.
    pub name: String,
}

/// A place on a leaderboard.
#[derive(Debug, Serialize, Deserialize)]
pub struct Standing {
    /// From 1.
    pub place: u32,
    /// An account.
    pub player: String,
    /// What others see.
    pub name: String,
    /// How good.
    pub rating: i32,
    /// How sure that is.
    pub give_or_take: i32,
    /// After so many matches.
    pub matches: u32,
}

/// A rating of a player.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rating {
    /// In which game.
    pub game: String,
    /// In which queue.
    pub queue: String,
    /// How good.
    pub rating: i32,
    /// How sure that is.
    pub give_or_take: i32,
    /// After so many matches.
    pub matches: u32,
}

impl Api {
    /// The caller's party.
    pub async fn party(&self) -> Result<Party, Error> {
        self.call(ops::GET_PARTY, &[]).send().await
    }

    /// Makes a party.
    pub async fn new_party(&self) -> Result<Party, Error> {
        self.call(ops::CREATE_PARTY, &[]).send().await
    }

    /// Asks somebody in, by account or name.
    pub async fn invite(&self, player: &str) -> Result<Party, Error> {
        self.call(ops::INVITE, &[]).json(&json!({ "player": player })).send().await
    }

    /// Joins by `{"code": ..}` or `{"party": ..}`.
    pub async fn join_party(&self, way: &Value) -> Result<Party, Error> {
        self.call(ops::JOIN_PARTY, &[]).json(way).send().await
    }

    /// Has a member go; `me`: leaves.
    pub async fn remove_member(&self, player: &str) -> Result<(), Error> {
        self.call(ops::REMOVE_MEMBER, &[player]).send().await
    }

    /// Lets another lead.
    pub async fn hand_over(&self, player: &str) -> Result<Party, Error> {
        self.call(ops::HAND_OVER, &[]).json(&json!({ "player": player })).send().await
    }

    /// Is ready, or is not.
    pub async fn set_ready(&self, ready: bool) -> Result<Party, Error> {
        self.call(ops::SET_READY, &[]).json(&json!({ "ready": ready })).send().await
    }

    /// Those that are open.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, Error> {
        Ok(self.call(ops::LIST_INVITATIONS, &[]).send().await?.items)
    }

    /// Does not come.
    pub async fn decline(&self, party: &str) -> Result<(), Error> {
        self.call(ops::DECLINE_INVITATION, &[party]).send().await
    }

    /// Begins to search.
    pub async fn search(&self, game: &str, queue: &str) -> Result<Ticket, Error> {
        self.call(ops::CREATE_TICKET, &[game, queue]).send().await
    }

    /// A search, as long as it waits.
    pub async fn ticket(&self, ticket: &str) -> Result<Ticket, Error> {
        self.call(ops::GET_TICKET, &[ticket]).send().await
    }

    /// Ends a search.
    pub async fn cancel(&self, ticket: &str) -> Result<(), Error> {
        self.call(ops::DELETE_TICKET, &[ticket]).send().await
    }

    /// Answers a ready check.
    pub async fn answer(&self, id: &str, accept: bool) -> Result<(), Error> {
        self.call(ops::ANSWER_READY_CHECK, &[id]).json(&json!({ "accept": accept })).send().await
    }

    /// Friends and those who are to become it.
    pub async fn friends(&self) -> Result<Vec<Friend>, Error> {
        Ok(self.call(ops::LIST_FRIENDS, &[]).send().await?.items)
    }

    /// Asks somebody to become a friend, or says yes.
    pub async fn add_friend(&self, player: &str) -> Result<Friendship, Error> {
        self.call(ops::ADD_FRIEND, &[player]).send().await
    }

    /// Is no friend any more.
    pub async fn remove_friend(&self, player: &str) -> Result<(), Error> {
        self.call(ops::REMOVE_FRIEND, &[player]).send().await
    }

    /// Does not play with somebody from now on.
    pub async fn block(&self, player: &str) -> Result<(), Error> {
        self.call(ops::BLOCK_PLAYER, &[player]).send().await
    }

    /// May play with somebody again.
    pub async fn unblock(&self, player: &str) -> Result<(), Error> {
        self.call(ops::UNBLOCK_PLAYER, &[player]).send().await
    }

    /// A part of a leaderboard: `all`, `around` or `friends`.
    pub async fn leaderboard(&self, game: &str, queue: &str, of: &str) -> Result<Vec<Standing>, Error> {
        Ok(self.call(ops::GET_LEADERBOARD, &[game, queue]).query("of", of).send().await?.items)
    }

    /// The ratings of a player.
    pub async fn ratings(&self, player: &str) -> Result<Vec<Rating>, Error> {
        Ok(self.call(ops::GET_RATINGS, &[player]).send().await?.items)
    }
}
