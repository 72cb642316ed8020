//! The contract's `storage` interface: requests are numbered and put out; answers come as events of later ticks.

use stadion_protocol::contract::{MAX_DOCUMENT_BYTES, MAX_KEY_BYTES};
use wasmtime::Result;

use super::bindings::stadion::game::storage::Host;
use super::bindings::stadion::game::types::RequestError;
use super::state::State;
use crate::model::{DocumentAction, Output};

/// The longest player id in a request, bytes. What is no account's id is denied in the answer.
const PLAYER_BYTES: usize = 128;

impl Host for State {
    fn get(&mut self, player: Option<String>, key: String) -> Result<Result<u64, RequestError>> {
        self.request("storage get", player, key, DocumentAction::Get)
    }

    fn put(
        &mut self,
        player: Option<String>,
        key: String,
        expect: Option<u64>,
        data: Vec<u8>,
    ) -> Result<Result<u64, RequestError>> {
        self.request("storage put", player, key, DocumentAction::Put { expect, data })
    }

    fn delete(
        &mut self,
        player: Option<String>,
        key: String,
        expect: Option<u64>,
    ) -> Result<Result<u64, RequestError>> {
        self.request("storage delete", player, key, DocumentAction::Delete { expect })
    }
}

impl State {
    fn request(
        &mut self,
        function: &str,
        player: Option<String>,
        key: String,
        op: DocumentAction,
    ) -> Result<Result<u64, RequestError>> {
        self.within_a_match(function)?;
        let document = if let DocumentAction::Put { data, .. } = &op { data.len() } else { 0 };
        if key.is_empty() || player.as_ref().is_some_and(|player| player.is_empty() || player.len() > PLAYER_BYTES) {
            return Ok(Err(RequestError::Denied));
        }
        if key.len() > MAX_KEY_BYTES || document > MAX_DOCUMENT_BYTES {
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
