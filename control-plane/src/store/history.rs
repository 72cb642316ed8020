//! Who played what.

use stadion_protocol::{GameName, MatchId, PlayerId};

use super::StoreError;
use crate::model::{Page, PageRequest, Played, UnixMs};

/// Keeps who played what. It is written with the ends of matches ([`super::MatchStore::write_matches`]) and with what they
/// make of ratings ([`super::RatingStore::rate`]).
#[async_trait::async_trait]
pub trait HistoryStore: Send + Sync + 'static {
    /// Matches that a player sat in and that are over, newest end first; of one game or of all.
    async fn played(
        &self,
        player: &PlayerId,
        game: Option<&GameName>,
        page: &PageRequest<(UnixMs, MatchId)>,
    ) -> Result<Page<Played, (UnixMs, MatchId)>, StoreError>;

    /// What a match was created with; empty: nothing, or it is not known any more.
    async fn parameters(&self, of: MatchId) -> Result<Vec<u8>, StoreError>;
}
