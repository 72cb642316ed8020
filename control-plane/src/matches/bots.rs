//! Matches that want programs on their free seats: for each game a map in coordination, from which bot runners of the game's
//! owner take work.
//!
//! ```text
//!   created ──after its time──▶ due ──a runner takes it──▶ leased, LEASE long ──▶ due again ──▶ ... ──▶ over: forgotten
//! ```
//! A lease is not given back. A runner that dies leaves seats that nobody claims: they fall free by themselves, and the match is
//! due again when the lease ends. So is one from which a program went while it runs.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stadion_protocol::{GameName, MatchCode, MatchId};

use crate::clock::Clock;
use crate::coordination::{Coordination, CoordinationError};
use crate::model::UnixMs;

/// Matches of one game that may want programs at once; further ones are left to people.
const MOST: u32 = 1_000;

/// How long a runner has before another one looks at the match: longer than a seat waits for its first connection.
const LEASE: Duration = Duration::from_secs(20);

/// A match that wants programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Wanted {
    code: MatchCode,
    due: UnixMs,
}

/// See the module.
pub(crate) struct BotBoard {
    coordination: Arc<dyn Coordination>,
    clock: Arc<dyn Clock>,
}

impl BotBoard {
    pub(crate) fn new(coordination: Arc<dyn Coordination>, clock: Arc<dyn Clock>) -> BotBoard {
        BotBoard { coordination, clock }
    }

    /// Notes that a match wants programs after a while. It plays on without, should that fail.
    pub(crate) async fn want(&self, game: &GameName, id: MatchId, code: &MatchCode, after: Duration) {
        let wanted = Wanted { code: code.clone(), due: self.clock.now().plus(after) };
        match self.coordination.map_put(&map_of(game), &id.to_string(), &written(&wanted), MOST).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(%id, %game, "{MOST} matches of this game want bots already"),
            Err(error) => tracing::warn!(%id, %game, %error, "that a match wants bots was not noted"),
        }
    }

    /// Leases a match that is due, the one that has waited longest.
    pub(crate) async fn take(&self, game: &GameName) -> Result<Option<(MatchId, MatchCode)>, CoordinationError> {
        let (map, now) = (map_of(game), self.clock.now());
        let read = |(field, json): (String, Vec<u8>)| {
            let wanted: Wanted = serde_json::from_slice(&json).ok()?;
            Some((wanted.due, field.parse::<MatchId>().ok()?, wanted.code, json))
        };
        let mut due: Vec<_> = self.coordination.map_entries(&map).await?.into_iter().filter_map(read).collect();
        due.retain(|(at, ..)| *at <= now);
        due.sort_unstable_by_key(|(at, id, ..)| (*at, *id));
        for (_, id, code, before) in due {
            let leased = written(&Wanted { code: code.clone(), due: now.plus(LEASE) });
            if self.coordination.map_swap(&map, &id.to_string(), &before, &leased).await? {
                return Ok(Some((id, code)));
            }
        }
        Ok(None)
    }

    /// A match is over.
    pub(crate) async fn forget(&self, game: &GameName, id: MatchId) -> Result<(), CoordinationError> {
        self.coordination.map_take(&map_of(game), &id.to_string()).await.map(drop)
    }
}

fn written(wanted: &Wanted) -> Vec<u8> {
    serde_json::to_vec(wanted).expect("a code and a number are plain JSON")
}

fn map_of(game: &GameName) -> String {
    format!("bots/{game}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::MemoryCoordination;
    use crate::testing::TestClock;

    #[tokio::test]
    async fn a_match_is_leased_to_one_runner_at_a_time_and_again_when_that_is_gone() {
        let clock = Arc::new(TestClock::default());
        let board = BotBoard::new(Arc::new(MemoryCoordination::new(clock.clone())), clock.clone());
        let (game, code): (GameName, MatchCode) = ("chess".parse().unwrap(), "KBQT".parse().unwrap());
        let (first, second) = (MatchId([1; 16]), MatchId([2; 16]));
        board.want(&game, first, &code, Duration::from_secs(5)).await;
        board.want(&game, second, &code, Duration::from_secs(9)).await;
        assert_eq!(board.take(&game).await.unwrap(), None, "people come first");
        clock.advance(Duration::from_secs(9));
        let taken =
            [board.take(&game).await.unwrap(), board.take(&game).await.unwrap(), board.take(&game).await.unwrap()];
        assert_eq!(taken, [Some((first, code.clone())), Some((second, code.clone())), None]);
        clock.advance(LEASE);
        assert_eq!(board.take(&game).await.unwrap(), Some((first, code.clone())), "its runner may have died");
        board.forget(&game, first).await.unwrap();
        board.forget(&game, second).await.unwrap();
        clock.advance(LEASE);
        assert_eq!(board.take(&game).await.unwrap(), None);
    }
}
