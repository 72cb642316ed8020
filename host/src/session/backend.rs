//! The contract's `backend` interface: calls are numbered and put out like requests to storage.

use stadion_protocol::contract::{MAX_CALL_BYTES, MAX_ENDPOINT_BYTES};
use wasmtime::Result;

use super::bindings::stadion::game::backend::Host;
use super::bindings::stadion::game::types::RequestError;
use super::outputs::check_json;
use super::state::State;
use crate::model::Output;

impl Host for State {
    fn call(&mut self, endpoint: String, json: String) -> Result<Result<u64, RequestError>> {
        self.within_a_match("backend call")?;
        if endpoint.is_empty() {
            return Ok(Err(RequestError::Denied));
        }
        if endpoint.len() > MAX_ENDPOINT_BYTES || json.len() > MAX_CALL_BYTES {
            return Ok(Err(RequestError::TooLarge));
        }
        check_json("backend call", &json, MAX_CALL_BYTES)?;
        let request = match self.quota.ask_request(&self.limits)? {
            Ok(request) => request,
            Err(refused) => return Ok(Err(refused)),
        };
        self.outputs.push(Output::Call { request, endpoint, json });
        Ok(Ok(request))
    }
}
