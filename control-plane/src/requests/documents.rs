//! Documents, for matches: what they may ask, and how a failure looks to a game.

use std::sync::Arc;

use stadion_protocol::contract::{DocumentAction, GameRequest, RequestError, RequestOutcome};

use crate::clock::Clock;
use crate::model::{DocumentChange, DocumentLimits, DocumentPlace, OnceKey};
use crate::store::{Store, StoreError};

/// See the module.
pub(super) struct Documents {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: DocumentLimits,
}

/// What a match wants of a document.
pub(super) struct Wish<'a> {
    pub(super) player: Option<&'a str>,
    pub(super) key: &'a str,
    pub(super) action: &'a DocumentAction,
}

impl Documents {
    /// Carries it out. What cannot be a document's place is denied: no such document can be.
    pub(super) async fn carry_out(&self, request: &GameRequest, wish: Wish<'_>) -> RequestOutcome {
        let player = wish.player.map(str::parse).transpose().map_err(|_| RequestError::Denied)?;
        let key = wish.key.parse().map_err(|_| RequestError::Denied)?;
        let place = DocumentPlace { game: request.game.clone(), player, key };
        let (expect, data) = match wish.action {
            DocumentAction::Get => return self.read(&place).await,
            DocumentAction::Put { expect, data } => (*expect, Some(data.clone())),
            DocumentAction::Delete { expect } => (*expect, None),
        };
        let once = OnceKey { match_id: request.match_id, key: request.key, settled_below: request.settled_below };
        let change = DocumentChange { place, expect, data, once: Some(once) };
        let answer = self.store.change_document(&change, &self.limits, self.clock.now()).await;
        let version = answer.map_err(|error| unavailable(&error))??;
        Ok(version.to_le_bytes().to_vec())
    }

    async fn read(&self, place: &DocumentPlace) -> RequestOutcome {
        let document = self.store.document(place).await.map_err(|error| unavailable(&error))?;
        let document = document.ok_or(RequestError::NotFound)?;
        Ok([&document.version.to_le_bytes()[..], &document.data].concat())
    }
}

/// The game learns that there was no answer; why is for who runs the server.
fn unavailable(error: &StoreError) -> RequestError {
    tracing::warn!(%error, "a match got no answer of the store");
    RequestError::Unavailable
}
