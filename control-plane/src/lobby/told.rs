//! What a player is told, on whatever replica it listens: one topic for each player.

use serde::Serialize;
use stadion_protocol::PlayerId;
use utoipa::ToSchema;

use super::{Lobby, PartyBody, written};
use crate::coordination::{CoordinationError, Listener};

/// What happened. On the stream, `kind` is the event's name and the whole is its data.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum PlayerEvent {
    /// Somebody asks the player into a party.
    Invitation {
        /// Of the party: accept with it.
        party: String,
        /// Account id of the member who asks.
        by: String,
        /// Its name.
        name: String,
        /// Void from then on, RFC 3339.
        until: String,
    },
    /// An invitation is void.
    InvitationGone {
        /// To which party.
        party: String,
    },
    /// The player's party changed: this is how it is now.
    Party {
        /// The party.
        party: PartyBody,
    },
    /// The player is in no party any more.
    PartyLeft {
        /// Which it was.
        party: String,
        /// `left`, `kicked` or `away`.
        why: &'static str,
    },
    /// The player waits in a queue, anew or again.
    Searching {
        /// The search.
        ticket: String,
        /// For which game.
        game: String,
        /// In which queue.
        queue: String,
        /// Why again, where it is: `not-confirmed`: another player let the ready check pass.
        #[serde(skip_serializing_if = "Option::is_none")]
        again: Option<&'static str>,
    },
    /// A match was found: the player is to confirm it.
    ReadyCheck {
        /// The match that is to be.
        #[serde(rename = "match")]
        of: String,
        /// Of which game.
        game: String,
        /// Found by which queue.
        queue: String,
        /// Players of the match.
        players: usize,
        /// Until when, RFC 3339.
        until: String,
    },
    /// The player waits no more, and there is no match.
    SearchOver {
        /// The search.
        ticket: String,
        /// `cancelled`, `not-confirmed` or `failed`.
        why: &'static str,
        /// For people.
        message: String,
    },
    /// A seat is kept for the player: `play` with this code claims it.
    MatchReady {
        /// The match.
        #[serde(rename = "match")]
        of: String,
        /// For `play`.
        code: String,
        /// Of which game.
        game: String,
        /// Found by which queue.
        queue: String,
        /// The player's team, from 1; 0: without teams.
        team: u16,
        /// The region to play in, where latencies were told.
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<String>,
    },
    /// Somebody of the player's party, or a friend, has created a match and keeps a seat for the player: `play` with this
    /// code claims it.
    SeatKept {
        /// The match.
        #[serde(rename = "match")]
        of: String,
        /// For `play`.
        code: String,
        /// Of which game.
        game: String,
        /// Account id of whoever created it.
        by: String,
        /// Its name.
        name: String,
    },
    /// A match of the player is over.
    Result {
        /// The match.
        #[serde(rename = "match")]
        of: String,
        /// Of which game.
        game: String,
        /// Why it ended, as matches say it: `finished`, `trapped`, `host-failed`, ...
        end: &'static str,
        /// The player's rank, 1 first; none: the game did not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        rank: Option<u16>,
        /// How it changed the player's rating, if it did.
        #[serde(skip_serializing_if = "Option::is_none")]
        rating: Option<RatingChange>,
    },
    /// Something about a friend, or somebody who wants to be one.
    Friend {
        /// Who.
        player: String,
        /// Its name.
        name: String,
        /// `asked`, `accepted`, `online` or `offline`.
        what: &'static str,
    },
    /// A webhook of the player's game did not answer, and is told nothing until its owner enables it again.
    WebhookDisabled {
        /// Of which game.
        game: String,
        /// What it is called.
        webhook: String,
        /// Why.
        because: String,
    },
    /// A sign-in of the player is over; streams of that sign-in end with this.
    SignedOut {
        /// Of all its sign-ins: none; of one: its session.
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<String>,
    },
}

/// A rating before and after a match.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RatingChange {
    /// Of which queue's leaderboard.
    #[schema(example = "duel")]
    pub(crate) queue: String,
    /// Points before.
    #[schema(example = 1500)]
    pub(crate) before: i32,
    /// Points after.
    #[schema(example = 1541)]
    pub(crate) after: i32,
}

impl Lobby {
    /// Tells a player, wherever it listens. A failure is no reason to undo what happened: the player can ask.
    pub(crate) async fn tell(&self, player: &PlayerId, event: &PlayerEvent) {
        if let Err(error) = self.coordination().tell(&topic(player), &written(event)).await {
            tracing::warn!(%player, %error, "a player was not told");
        }
    }

    /// Tells several.
    pub(crate) async fn tell_all(&self, players: &[PlayerId], event: &PlayerEvent) {
        for player in players {
            self.tell(player, event).await;
        }
    }

    /// Listens for a player from now on, or from behind an event that it has heard.
    pub(crate) async fn listen(&self, player: &PlayerId, after: Option<u64>) -> Result<Listener, CoordinationError> {
        self.coordination().listen(&topic(player), after).await
    }
}

fn topic(player: &PlayerId) -> String {
    format!("player/{player}")
}
