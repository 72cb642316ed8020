//! What matches ask for: the control plane's end of [`stadion_protocol::contract::Requests`].
//!
//! Documents come from the store, calls go to the backends of games' owners. How much is asked at once is the host's to
//! bound; what is asked reaches the asking game's documents and endpoints alone.

mod backends;
mod documents;
mod sweep;

use std::sync::Arc;

use stadion_protocol::contract::{
    GameRequest, MAX_CALL_BYTES, Pending, RequestError, RequestOutcome, Requests, Wanted,
};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::model::DocumentLimits;
use crate::store::Store;

pub use backends::{BackendCall, Backends, NoBackends};
use documents::{Documents, Wish};
pub(crate) use sweep::sweep_answers;

/// Carries out requests, on the runtime of the control plane whoever asks: connections of the store belong to it.
pub(crate) struct GameRequests {
    desk: Arc<Desk>,
    runtime: Handle,
}

struct Desk {
    documents: Documents,
    backends: Arc<dyn Backends>,
}

impl GameRequests {
    /// On the runtime that this is called on.
    pub(crate) fn new(
        (store, clock, limits): (Arc<dyn Store>, Arc<dyn Clock>, DocumentLimits),
        backends: Arc<dyn Backends>,
    ) -> GameRequests {
        let documents = Documents { store, clock, limits };
        GameRequests { desk: Arc::new(Desk { documents, backends }), runtime: Handle::current() }
    }
}

impl Requests for GameRequests {
    fn carry_out(&self, request: GameRequest) -> Pending<'_, RequestOutcome> {
        let desk = Arc::clone(&self.desk);
        let mut task = Task(self.runtime.spawn(async move { desk.carry_out(request).await }));
        Box::pin(async move {
            // It panicked, which is in the log, or the runtime goes down.
            (&mut task.0).await.unwrap_or(Err(RequestError::Unavailable))
        })
    }
}

/// Ends with whoever waits for it.
struct Task(JoinHandle<RequestOutcome>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Desk {
    async fn carry_out(&self, request: GameRequest) -> RequestOutcome {
        match &*request.wanted {
            Wanted::Document { player, key, action } => {
                let wish = Wish { player: player.as_deref(), key, action };
                self.documents.carry_out(&request, wish).await
            }
            Wanted::Call { endpoint, json } => {
                let GameRequest { match_id, key, game, .. } = request.clone();
                let call = BackendCall { match_id, key, game, endpoint: endpoint.clone(), json: json.clone() };
                let answer = self.backends.call(call).await?;
                if answer.len() > MAX_CALL_BYTES { Err(RequestError::TooLarge) } else { Ok(answer) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use stadion_protocol::contract::{DocumentAction, RequestKey};
    use stadion_protocol::{Incarnation, MatchId};

    use super::*;
    use crate::clock::SystemClock;
    use crate::store::sqlite::SqliteStore;

    struct Echo;

    impl Backends for Echo {
        fn call(&self, call: BackendCall) -> Pending<'_, RequestOutcome> {
            Box::pin(async move {
                match call.endpoint.as_str() {
                    "much" => Ok(vec![0; MAX_CALL_BYTES + 1]),
                    "panic" => panic!("a planted panic"),
                    _ => Ok(call.json.into_bytes()),
                }
            })
        }
    }

    async fn requests(backends: impl Backends) -> (GameRequests, Arc<dyn Store>) {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().await.unwrap());
        let limits = DocumentLimits { bytes_of_game: 1_000, ..DocumentLimits::default() };
        let parts = (store.clone(), Arc::new(SystemClock) as Arc<dyn Clock>, limits);
        (GameRequests::new(parts, Arc::new(backends)), store)
    }

    fn request(number: u64, wanted: Wanted) -> GameRequest {
        let key = RequestKey { incarnation: Incarnation(1), number };
        let game = "chess".parse().unwrap();
        GameRequest { match_id: MatchId([1; 16]), key, game, settled_below: key, wanted: Arc::new(wanted) }
    }

    fn call(endpoint: &str) -> GameRequest {
        request(1, Wanted::Call { endpoint: endpoint.to_owned(), json: "[1]".to_owned() })
    }

    fn document(number: u64, key: &str, action: DocumentAction) -> GameRequest {
        request(number, Wanted::Document { player: Some("p-1".to_owned()), key: key.to_owned(), action })
    }

    fn put(number: u64, key: &str, expect: Option<u64>, data: &[u8]) -> GameRequest {
        document(number, key, DocumentAction::Put { expect, data: data.to_vec() })
    }

    fn version(number: u64) -> RequestOutcome {
        Ok(number.to_le_bytes().to_vec())
    }

    #[tokio::test]
    async fn without_endpoints_every_call_is_denied() {
        let (requests, _) = requests(NoBackends).await;
        assert_eq!(requests.carry_out(call("any")).await, Err(RequestError::Denied));
    }

    #[tokio::test]
    async fn a_backend_answers_and_whatever_it_does_there_is_an_answer() {
        let (requests, _) = requests(Echo).await;
        assert_eq!(requests.carry_out(call("echo")).await, Ok(b"[1]".to_vec()));
        assert_eq!(requests.carry_out(call("much")).await, Err(RequestError::TooLarge));
        assert_eq!(requests.carry_out(call("panic")).await, Err(RequestError::Unavailable));
    }

    #[tokio::test]
    async fn documents_are_written_once_and_read() {
        let (requests, store) = requests(NoBackends).await;
        assert_eq!(requests.carry_out(document(1, "k", DocumentAction::Get)).await, Err(RequestError::NotFound));
        assert_eq!(requests.carry_out(put(2, "k", Some(0), b"one")).await, version(1));
        assert_eq!(requests.carry_out(put(2, "k", Some(0), b"one")).await, version(1), "after a crash");
        assert_eq!(requests.carry_out(put(3, "k", Some(0), b"two")).await, Err(RequestError::Conflict(1)));
        let read = requests.carry_out(document(4, "k", DocumentAction::Get)).await.unwrap();
        assert_eq!(read, [&1u64.to_le_bytes()[..], b"one"].concat());
        assert_eq!(requests.carry_out(put(5, "k", None, &[0; 1_000])).await, Err(RequestError::OverQuota));
        assert_eq!(requests.carry_out(document(6, "k", DocumentAction::Delete { expect: Some(1) })).await, version(0));
        for key in ["", "a\0b", "line\nbreak", &"x".repeat(257)] {
            assert_eq!(requests.carry_out(put(7, key, None, b"")).await, Err(RequestError::Denied), "{key:?}");
        }
        store.close().await;
        assert_eq!(requests.carry_out(put(8, "k", None, b"")).await, Err(RequestError::Unavailable));
    }
}
