//! Games, and what a server and their owners have of them.

use serde::{Deserialize, Serialize};

use crate::api::Api;
use crate::error::Error;
use crate::operations as ops;

/// A game of the listing.
#[derive(Debug, Serialize, Deserialize)]
pub struct Game {
    /// In paths.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub title: Option<String>,
    /// What new matches are of.
    #[serde(default)]
    pub latest_version: Option<String>,
    /// That one failed on every start.
    #[serde(default)]
    pub quarantined: bool,
}

/// Web pages on other hosts that may play a game.
#[derive(Debug, Serialize, Deserialize)]
pub struct Origins {
    /// Such as `https://play.example`.
    pub origins: Vec<String>,
}

/// A queue of a game.
#[derive(Debug, Serialize, Deserialize)]
pub struct Queue {
    /// In paths.
    pub name: String,
    /// How many teams meet.
    pub teams: u16,
    /// Of how many players each.
    pub team_size: u16,
    /// Players who wait.
    pub players: u64,
    /// Whether those meet who are about as good.
    pub by_skill: bool,
    /// Whether results change ratings.
    pub rated: bool,
    /// How long a match that was found may take to be confirmed; absent: it need not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_check_s: Option<u64>,
    /// If it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_wait_s: Option<f64>,
}

/// What an owner may have, and has.
#[derive(Debug, Serialize, Deserialize)]
pub struct Quotas {
    /// What may be had.
    pub limits: QuotaLimits,
    /// What is had.
    pub used: QuotaUse,
}

/// What an owner may have.
#[derive(Debug, Serialize, Deserialize)]
pub struct QuotaLimits {
    /// Of processors, by all matches.
    pub cpu_seconds_a_day: u64,
    /// At a time.
    pub games: u32,
    /// New ones.
    pub matches_a_minute: u32,
    /// At a time.
    pub running_matches: u32,
    /// Of everything that is kept.
    pub stored_bytes: u64,
    /// Of all games.
    pub versions: u32,
}

/// What an owner has.
#[derive(Debug, Serialize, Deserialize)]
pub struct QuotaUse {
    /// In the last day.
    pub cpu_seconds_a_day: u64,
    /// Now.
    pub games: u32,
    /// Now.
    pub running_matches: u32,
    /// Now.
    pub stored_bytes: u64,
    /// Now.
    pub versions: u32,
}

/// What a host has to do.
#[derive(Debug, Serialize, Deserialize)]
pub struct Load {
    /// Sessions that fit.
    pub capacity: u32,
    /// It takes no new matches.
    pub draining: bool,
    /// Matches that sleep.
    pub hibernated: u32,
    /// Matches, asleep or not.
    pub matches: u32,
    /// Players in them.
    pub players: u32,
    /// Sessions that run.
    pub sessions: u32,
}

impl Api {
    /// Every game.
    pub async fn games(&self) -> Result<Vec<Game>, Error> {
        self.call(ops::LIST_GAMES, &[]).pages().all().await
    }

    /// Says which web pages on other hosts may play a game, in place of what was said before.
    pub async fn set_origins(&self, game: &str, origins: &[String]) -> Result<Origins, Error> {
        let body = Origins { origins: origins.to_vec() };
        self.call(ops::SET_ORIGINS, &[game]).json(&body).send().await
    }

    /// The queues of a game.
    pub async fn queues(&self, game: &str) -> Result<Vec<Queue>, Error> {
        Ok(self.call(ops::LIST_QUEUES, &[game]).send().await?.items)
    }

    /// What the host has to do that answers.
    pub async fn load(&self) -> Result<Load, Error> {
        self.call(ops::GET_LOAD, &[]).send().await
    }
}
