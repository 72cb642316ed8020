//! What the server tells a player, as it happens.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::Api;
use crate::error::Error;
use crate::history::RatingMove;
use crate::lobby::Party;
use crate::operations as ops;
use crate::told::{Told, Word};

/// A lost stream is looked for that often, half a second apart, before it counts as gone.
const TRIES: u32 = 10;

/// Something that a player is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PlayerEvent {
    /// Somebody asks the player into a party.
    Invitation {
        /// Into which.
        party: String,
        /// Who asks.
        by: String,
        /// What others see of them.
        name: String,
        /// For how long.
        until: String,
    },
    /// An invitation is open no more.
    InvitationGone {
        /// Into which party it was.
        party: String,
    },
    /// The player's party is another than before.
    Party {
        /// As it is now.
        party: Party,
    },
    /// The player is in a party no more.
    PartyLeft {
        /// In which.
        party: String,
        /// How that came.
        why: String,
    },
    /// The player waits in a queue.
    Searching {
        /// The search.
        ticket: String,
        /// In which game.
        game: String,
        /// In which queue.
        queue: String,
        /// Why not for the first time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<String>,
    },
    /// A match is found: does the player come?
    ReadyCheck {
        /// Which, for the answer.
        #[serde(rename = "match")]
        of: String,
        /// Of which game.
        game: String,
        /// Of which queue.
        queue: String,
        /// Of how many.
        players: u64,
        /// To be answered by then.
        until: String,
    },
    /// A search is over without a match.
    SearchOver {
        /// The search.
        ticket: String,
        /// For programs.
        why: String,
        /// For people.
        message: String,
    },
    /// Everybody comes: the match is there.
    MatchReady {
        /// Which.
        #[serde(rename = "match")]
        of: String,
        /// Of which game.
        game: String,
        /// Of which queue.
        queue: String,
        /// Leads to the player's seat.
        code: String,
        /// On whose side.
        team: u32,
        /// Where it runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<String>,
    },
    /// Somebody has created a match and keeps a seat in it for the player.
    SeatKept {
        /// Which.
        #[serde(rename = "match")]
        of: String,
        /// Leads to the seat.
        code: String,
        /// Of which game.
        game: String,
        /// Who.
        by: String,
        /// What others see of them.
        name: String,
    },
    /// A match is over.
    Result {
        /// Which.
        #[serde(rename = "match")]
        of: String,
        /// Of which game.
        game: String,
        /// How it ended.
        end: String,
        /// The player's place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rank: Option<u32>,
        /// What became of the player's rating.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rating: Option<RatingMove>,
    },
    /// Something between the player and a friend.
    Friend {
        /// An account.
        player: String,
        /// What others see.
        name: String,
        /// What.
        what: String,
    },
    /// A webhook of the player's game gets nothing more.
    WebhookDisabled {
        /// Of which game.
        game: String,
        /// Which.
        webhook: String,
        /// Why.
        because: String,
    },
    /// A sign-in is over.
    SignedOut {
        /// Which; absent: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
    },
    /// Some of what was told is lost: it is time to ask how things stand.
    Missed,
    /// What a newer server says.
    #[serde(other)]
    Other,
}

/// A player's stream.
pub struct Events {
    told: Told<PlayerEvent>,
}

impl Events {
    /// From now on.
    pub async fn open(api: &Api) -> Result<Events, Error> {
        let mut told = api.call(ops::GET_EVENTS, &[]).told(None).with_attempts(TRIES);
        told.open().await?;
        Ok(Events { told })
    }

    /// From behind an event on. Nothing is asked before [`Events::next`].
    pub fn after(api: &Api, last: &str) -> Events {
        Events { told: api.call(ops::GET_EVENTS, &[]).told(Some(last.to_owned())).with_attempts(TRIES) }
    }

    /// The id of the last event, for [`Events::after`].
    pub fn last(&self) -> Option<&str> {
        self.told.last()
    }

    /// The next event. A stream that breaks goes on where it was. Safe to cancel.
    pub async fn next(&mut self) -> Result<PlayerEvent, Error> {
        self.told.next().await
    }

    /// The next event as the server says it: an object with a `kind`. Safe to cancel.
    pub async fn next_json(&mut self) -> Result<Value, Error> {
        loop {
            if let Word::Event(event) = self.told.word().await?
                && let Ok(event) = serde_json::from_str(&event.data)
            {
                return Ok(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_server_says_is_passed_over() {
        let read = |text| serde_json::from_str::<PlayerEvent>(text).unwrap();
        assert_eq!(read(r#"{"kind":"missed"}"#), PlayerEvent::Missed);
        assert_eq!(read(r#"{"kind":"blessed","by":"ann"}"#), PlayerEvent::Other);
        let gone = PlayerEvent::InvitationGone { party: "p".to_owned() };
        assert_eq!(read(r#"{"kind":"invitation-gone","party":"p","why":"late"}"#), gone);
    }
}
