//! Seats that fall free in matches which a queue with backfill has made: offered to that queue as they fall.

use std::time::Duration;

use stadion_protocol::MatchId;
use stadion_protocol::contract::{MatchStatus, Presence, QueueRules, SeatStatus};

use super::searches::{Call, QueueKey, queues};
use super::{Lobby, SearchError, written};
use crate::games::Selection;
use crate::queues::Vacancy;

/// It is known for that long by which queue a match was made.
const KEEP: Duration = Duration::from_secs(24 * 3600);

impl Lobby {
    /// Notes that seats of a match which fall free are offered to its queue.
    pub(super) async fn note_backfill(&self, id: MatchId, key: &QueueKey) -> Result<(), SearchError> {
        Ok(self.coordination().put(&made_by(id), &written(key), KEEP).await?)
    }

    /// Hears how a running match is now.
    pub(crate) async fn match_changed(&self, status: &MatchStatus) {
        if let Err(error) = self.offer(status).await {
            tracing::warn!(id = %status.id, %error, "free seats were not offered");
        }
    }

    async fn offer(&self, status: &MatchStatus) -> Result<(), SearchError> {
        // Most games have no such queue; what they declare is known without a question.
        let playable = self.parts.catalog.playable(&status.game, Selection::Running(status.version)).await?;
        let declared = queues(&playable)?;
        if !declared.values().any(|rules| rules.backfill) {
            return Ok(());
        }
        let Some(key) = self.note::<QueueKey>(&made_by(status.id)).await? else { return Ok(()) };
        let Some(rules) = declared.get(&key.queue) else { return Ok(()) };
        let free = if status.open { free_seats(status, rules) } else { vec![0; usize::from(rules.teams)] };
        let players: Vec<_> =
            status.seats.iter().filter(|seat| held(seat)).map(|seat| seat.player.id.clone()).collect();
        let ratings = self.parts.store.ratings(&key.game, &key.queue, &players).await?;
        let sum: i64 = ratings.iter().map(|rating| i64::from(rating.points())).sum();
        let level = i32::try_from(sum / i64::try_from(ratings.len().max(1)).unwrap_or(1)).unwrap_or_default();
        let since = self.parts.clock.now();
        let vacancy = Vacancy { id: status.id, free, level, region: None, players, since };
        Ok(self.call(&key, &Call::Offer(vacancy)).await?)
    }

    /// A match is over: it wants nobody any more.
    pub(super) async fn withdraw(&self, id: MatchId) -> Result<(), SearchError> {
        let Some(key) = self.note::<QueueKey>(&made_by(id)).await? else { return Ok(()) };
        self.coordination().remove(&made_by(id)).await?;
        Ok(self.call(&key, &Call::Withdraw(id)).await?)
    }
}

fn held(seat: &SeatStatus) -> bool {
    seat.presence != Presence::Left
}

/// Of each team. In a free-for-all each side has one.
fn free_seats(status: &MatchStatus, rules: &QueueRules) -> Vec<u16> {
    let sides = usize::from(rules.teams);
    if rules.team_size == 1 {
        let free = usize::from(status.free_seats());
        return (0..sides).map(|side| u16::from(side < free)).collect();
    }
    let taken = |team: u16| status.seats.iter().filter(|seat| held(seat) && seat.player.team == team).count();
    let free = |team: u16| usize::from(rules.team_size).saturating_sub(taken(team));
    (1..=rules.teams).map(|team| u16::try_from(free(team)).unwrap_or(0)).collect()
}

fn made_by(id: MatchId) -> String {
    format!("made-by/{id}")
}
