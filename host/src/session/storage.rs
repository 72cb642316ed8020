//! The contract's `storage` interface: requests are numbered and put out; answers come as events of later ticks.

use wasmtime::Result;

use super::bindings::stadion::game::storage::Host;
use super::bindings::stadion::game::types::RequestError;
use super::state::State;
use crate::model::{Output, StorageOp};

/// The longest key of a document, bytes.
pub(super) const KEY_BYTES: usize = 256;

/// The longest player id in a request, bytes.
pub(super) const PLAYER_BYTES: usize = 128;

/// The largest document, bytes.
pub(super) const DOCUMENT_BYTES: usize = 256 * 1024;

impl Host for State {
    fn get(&mut self, player: Option<String>, key: String) -> Result<Result<u64, RequestError>> {
        self.request("storage get", player, key, StorageOp::Get)
    }

    fn put(
        &mut self,
        player: Option<String>,
        key: String,
        expect: Option<u64>,
        data: Vec<u8>,
    ) -> Result<Result<u64, RequestError>> {
        self.request("storage put", player, key, StorageOp::Put { expect, data })
    }

    fn delete(
        &mut self,
        player: Option<String>,
        key: String,
        expect: Option<u64>,
    ) -> Result<Result<u64, RequestError>> {
        self.request("storage delete", player, key, StorageOp::Delete { expect })
    }
}

impl State {
    fn request(
        &mut self,
        function: &str,
        player: Option<String>,
        key: String,
        op: StorageOp,
    ) -> Result<Result<u64, RequestError>> {
        self.within_a_match(function)?;
        let document = if let StorageOp::Put { data, .. } = &op { data.len() } else { 0 };
        if key.is_empty() || player.as_ref().is_some_and(|player| player.is_empty() || player.len() > PLAYER_BYTES) {
            return Ok(Err(RequestError::Denied));
        }
        if key.len() > KEY_BYTES || document > DOCUMENT_BYTES {
            return Ok(Err(RequestError::TooLarge));
        }
        let request = match self.quota.ask_request(&self.limits)? {
            Ok(request) => request,
            Err(refused) => return Ok(Err(refused)),
        };
        self.outputs.push(Output::Storage { request, player, key, op });
        Ok(Ok(request))
    }
}
