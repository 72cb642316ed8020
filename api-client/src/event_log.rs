//! What happened in games and on hosts: page by page, or followed as it happens.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::{Answer, Events, Items};
use crate::api::Api;
use crate::call::Call;
use crate::error::Error;
use crate::operation::Operation;
use crate::operations as ops;
use crate::told::Word;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// Grows.
    pub id: u64,
    /// RFC 3339.
    pub at: String,
    /// What.
    pub kind: String,
    /// What the game calls it, of a report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In which game.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub game: Option<String>,
    /// In which version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// In which match.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// On which host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// More about it.
    #[serde(default)]
    pub data: Value,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Of this game; `None`: of hosts.
    pub game: Option<String>,
    /// Query parameters: `kind`, `name`, `match`, `host`, `since`, `until`.
    pub narrowed: Vec<(&'static str, String)>,
}

/// Who is told of what comes.
pub trait Hears {
    /// Something happened.
    fn event(&mut self, event: Happened);
    /// The connection is gone, and is being made again.
    fn lost(&mut self);
}

impl Wanted {
    fn call<A: Answer>(&self, api: &Api, (of_game, of_hosts): (Operation<A>, Operation<A>)) -> Call<A> {
        let call = match &self.game {
            Some(game) => api.call(of_game, &[game]),
            None => api.call(of_hosts, &[]),
        };
        self.narrowed.iter().fold(call, |call, (name, value)| call.query(name, value))
    }

    /// What happened, newest first.
    pub fn listed(&self, api: &Api) -> Call<Items<Happened>> {
        self.call(api, (ops::GET_GAME_EVENTS, ops::GET_HOST_EVENTS))
    }

    /// What happens.
    pub fn followed(&self, api: &Api) -> Call<Events<Happened>> {
        self.call(api, (ops::FOLLOW_GAME_EVENTS, ops::FOLLOW_HOST_EVENTS))
    }
}

impl Api {
    /// The newest events, newest first, at most so many.
    pub async fn happened(&self, wanted: &Wanted, most: usize) -> Result<Vec<Happened>, Error> {
        wanted.listed(self).first(most).await
    }

    /// Tells events as they come, until the server is lost for good.
    pub async fn follow_events(&self, wanted: &Wanted, hears: &mut dyn Hears) -> Result<(), Error> {
        let mut told = wanted.followed(self).told(None);
        loop {
            match told.word().await? {
                Word::Event(event) if event.data.is_empty() => {}
                Word::Event(event) => hears.event(told.read(&event)?),
                Word::Lost => hears.lost(),
            }
        }
    }
}
