//! Who is there: whoever listens to its events. A replica notes those who listen to it, and again while they do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stadion_protocol::PlayerId;

use super::{Lobby, PlayerEvent};
use crate::coordination::CoordinationError;
use crate::model::Friend;
use crate::parties::News;

/// A note is good for that long, and renewed three times in it.
const KEEP: Duration = Duration::from_secs(45);

/// Between two renewals.
pub(crate) const RENEW: Duration = Duration::from_secs(15);

/// Streams of one player at a time, on one replica: tabs and devices.
const STREAMS_EACH: u32 = 8;

/// Friends who are told that somebody comes or goes, at most.
const TOLD: u16 = 100;

/// How many streams of whom this replica serves.
#[derive(Default)]
pub(super) struct Present(Mutex<HashMap<PlayerId, u32>>);

impl Present {
    fn streams(&self) -> MutexGuard<'_, HashMap<PlayerId, u32>> {
        // No step under this lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A player listens here. Dropped with the stream.
pub(crate) struct PresentHere {
    lobby: Arc<Lobby>,
    player: PlayerId,
}

impl Lobby {
    /// A stream begins. `None`: the player has as many as may be.
    pub(crate) async fn arrive(self: &Arc<Lobby>, player: &PlayerId, name: &str) -> Option<PresentHere> {
        let first = {
            let mut streams = self.present.streams();
            let count = streams.entry(player.clone()).or_default();
            if *count >= STREAMS_EACH {
                return None;
            }
            *count += 1;
            *count == 1
        };
        let here = PresentHere { lobby: self.clone(), player: player.clone() };
        if first {
            here.renew().await;
            self.hear_in_party(player, News::Back(player.clone())).await;
            self.tell_friends(player, name, "online").await;
        }
        Some(here)
    }

    /// Whether somebody listens, on any replica.
    pub(crate) async fn is_present(&self, player: &PlayerId) -> Result<bool, CoordinationError> {
        Ok(self.coordination().get(&key(player)).await?.is_some())
    }

    async fn gone(&self, player: &PlayerId) {
        // Another replica that this player listens to by now has put its own name there.
        if let Err(error) = self.coordination().remove_if(&key(player), self.replica.as_bytes()).await {
            tracing::debug!(%player, %error, "a player stays noted as present for a while");
        }
        if self.is_present(player).await.unwrap_or(false) {
            return;
        }
        self.hear_in_party(player, News::Away(player.clone())).await;
        if let Ok(Some(account)) = self.parts.store.account(player).await {
            self.tell_friends(player, account.name.as_str(), "offline").await;
        }
    }

    async fn tell_friends(&self, player: &PlayerId, name: &str, what: &'static str) {
        let friends = self.parts.store.friends(player, TOLD).await.unwrap_or_else(|error| {
            tracing::warn!(%player, %error, "friends were not told");
            Vec::new()
        });
        let event = PlayerEvent::Friend { player: player.to_string(), name: name.to_owned(), what };
        let mutual = friends.into_iter().filter(Friend::mutual).map(|friend| friend.account.id);
        self.tell_all(&mutual.collect::<Vec<_>>(), &event).await;
    }
}

impl PresentHere {
    /// Notes it again.
    pub(crate) async fn renew(&self) {
        let (coordination, replica) = (self.lobby.coordination(), self.lobby.replica.as_bytes());
        if let Err(error) = coordination.put(&key(&self.player), replica, KEEP).await {
            tracing::debug!(player = %self.player, %error, "a player was not noted as present");
        }
    }
}

impl Drop for PresentHere {
    fn drop(&mut self) {
        let last = {
            let mut streams = self.lobby.present.streams();
            let left = streams.get_mut(&self.player).map_or(0, |count| {
                *count -= 1;
                *count
            });
            if left == 0 {
                streams.remove(&self.player);
            }
            left == 0
        };
        if last {
            let (lobby, player) = (self.lobby.clone(), self.player.clone());
            tokio::spawn(async move { lobby.gone(&player).await });
        }
    }
}

fn key(player: &PlayerId) -> String {
    format!("present/{player}")
}
