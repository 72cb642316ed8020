//! The backends of games' owners, as matches ask them.

use stadion_protocol::contract::{Pending, RequestError, RequestKey, RequestOutcome};
use stadion_protocol::{GameName, MatchId};

/// A game asks its owner's backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackendCall {
    /// Which match asks.
    pub match_id: MatchId,
    /// Which of its requests: with the match's id it names the call for good. A backend that is asked again after a crash
    /// knows by it that it has answered before.
    pub key: RequestKey,
    /// Of which game: its owner's endpoints alone are reached.
    pub game: GameName,
    /// As the owner registered it, 1 to 64 bytes.
    pub endpoint: String,
    /// JSON, at most 64 KiB.
    pub json: String,
}

/// Asks them.
pub trait Backends: Send + Sync + 'static {
    /// Asks, and answers what the backend answered: at most [`stadion_protocol::contract::MAX_CALL_BYTES`], else
    /// [`RequestError::TooLarge`]. Whoever waits gives up after seconds by dropping the future. There may be several calls of
    /// a match at once.
    ///
    /// # Errors
    /// [`RequestError::Denied`]: no such endpoint, or the backend refused; [`RequestError::Unavailable`]: it did not answer;
    /// [`RequestError::OverQuota`]: too many calls.
    fn call(&self, call: BackendCall) -> Pending<'_, RequestOutcome>;
}

/// Nobody has registered an endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBackends;

impl Backends for NoBackends {
    fn call(&self, call: BackendCall) -> Pending<'_, RequestOutcome> {
        tracing::debug!(game = %call.game, endpoint = call.endpoint, "denied: no such endpoint");
        Box::pin(std::future::ready(Err(RequestError::Denied)))
    }
}
