//! When a match is over: ratings change, its players are told, and are back in their parties.

use stadion_protocol::contract::{Placing, SeatStatus};
use stadion_protocol::{GameName, MatchId, PlayerId};

use super::told::RatingChange;
use super::{Lobby, PlayerEvent};
use crate::model::{HostName, QueuedMatch, Rating};
use crate::parties::News;
use crate::ratings::{Contestant, rate};
use crate::store::{RatingWrite, StoreError};

/// Matches that end at the same moment with the same players, tried again.
const TRIES: usize = 8;

/// Matches whose end was heard of and whose ratings were not changed, for a process that ended in between: looked for at
/// start, so many at a time.
const LEFT_OVER: u16 = 1_000;

/// A match that is over.
pub(crate) struct Over<'a> {
    pub(crate) id: MatchId,
    pub(crate) game: &'a GameName,
    pub(crate) seats: &'a [SeatStatus],
    pub(crate) placings: &'a [Placing],
}

impl Over<'_> {
    fn rank(&self, seat: &SeatStatus) -> Option<u16> {
        self.placings.iter().find(|placing| placing.seat == seat.seat).map(|placing| placing.rank)
    }
}

/// Who had which rating before and after.
type Change = (PlayerId, String, Rating, Rating);

impl Lobby {
    /// Hears that a match is over.
    pub(crate) async fn match_over(&self, over: Over<'_>) {
        if let Err(error) = self.withdraw(over.id).await {
            tracing::debug!(id = %over.id, %error, "a queue goes on offering a match for a while");
        }
        let changes = self.rate_match(&over).await.unwrap_or_else(|error| {
            tracing::warn!(id = %over.id, %error, "ratings are changed later");
            Vec::new()
        });
        for seat in over.seats {
            let player = &seat.player.id;
            let change = changes.iter().find(|(of, ..)| of == player);
            let rating = change.map(|(_, queue, before, after)| RatingChange {
                queue: queue.clone(),
                before: before.points(),
                after: after.points(),
            });
            let (of, game) = (over.id.to_string(), over.game.to_string());
            self.tell(player, &PlayerEvent::Result { of, game, rank: over.rank(seat), rating }).await;
            self.hear_in_party(player, News::MatchOver(over.id)).await;
        }
    }

    /// Changes the ratings of a match that a rated queue made, once.
    async fn rate_match(&self, over: &Over<'_>) -> Result<Vec<Change>, StoreError> {
        let mut ranked: Vec<(&SeatStatus, u16)> =
            over.seats.iter().filter_map(|seat| Some((seat, over.rank(seat)?))).collect();
        // In one order for all matches: writers of the same rows do not wait for one another in a ring.
        ranked.sort_by(|(a, _), (b, _)| a.player.id.cmp(&b.player.id));
        let players: Vec<PlayerId> = ranked.iter().map(|(seat, _)| seat.player.id.clone()).collect();
        for _ in 0..TRIES {
            let Some(queued) = self.parts.store.unrated_match(over.id).await? else { return Ok(Vec::new()) };
            let QueuedMatch { game, queue, .. } = &queued;
            let before = self.parts.store.ratings(game, queue, &players).await?;
            let contestants = ranked.iter().zip(&before).map(|((seat, rank), rating)| Contestant {
                team: seat.player.team,
                rank: *rank,
                rating: rating.clone(),
            });
            let after = rate(&contestants.collect::<Vec<_>>());
            let changes = players.iter().cloned().zip(before.into_iter().zip(after));
            let changes = changes.map(|(of, (was, is))| (of, was, is)).collect();
            let write = RatingWrite { queued: queued.clone(), changes };
            if self.parts.store.rate(&write, self.parts.clock.now()).await? {
                return Ok(write.changes.into_iter().map(|(of, was, is)| (of, queue.to_string(), was, is)).collect());
            }
        }
        Err(StoreError::Unavailable("ratings of these players change all the time".to_owned()))
    }

    /// Does what a process that ended too soon has left undone: ratings, and the word for the players of matches of this host.
    /// `over` were found to have ended while it was away.
    pub(crate) async fn hear_left_over(&self, host: &HostName, mut over: Vec<MatchId>) -> Result<(), StoreError> {
        for id in self.parts.store.unrated_ended(LEFT_OVER).await? {
            if !over.contains(&id) {
                over.push(id);
            }
        }
        for id in over {
            let Some(record) = self.parts.store.match_record(id).await? else { continue };
            let Some(end) = &record.end else { continue };
            let over = Over { id, game: &record.game, seats: &record.seats, placings: &end.placings };
            if record.host.as_ref() == Some(host) {
                self.match_over(over).await;
            } else {
                // Another replica may be about to tell them.
                self.rate_match(&over).await?;
            }
        }
        Ok(())
    }
}
