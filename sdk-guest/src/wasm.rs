//! The host as a wasm module sees it: the imports of the contract.

use std::rc::Rc;
use std::sync::Once;

use crate::bindings::stateful::stadion::game::{backend, host, storage};
use crate::raw::{Delivery, Host, Level, Placing, Request, RequestError, SendError, Target};

/// Growing memory is a system call for each session, and shrinking it again when its place is reused another: half the
/// cost of starting a match. This allocator first uses what the linker left behind the statics (`--initial-heap`).
#[cfg(target_os = "unknown")]
#[global_allocator]
static HEAP: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The real host. From the first call on, panics are written to the match's log before they trap.
pub fn host() -> Rc<dyn Host> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| std::panic::set_hook(Box::new(|panic| host::log(Level::Error, &panic.to_string()))));
    Rc::new(Imports)
}

struct Imports;

impl Host for Imports {
    fn send(&self, to: Target, via: Delivery, data: &[u8]) -> Result<(), SendError> {
        host::send(to, via, data)
    }

    fn kick(&self, seat: u16, reason: &str) -> Result<(), SendError> {
        host::kick(seat, reason)
    }

    fn set_label(&self, json: &str) {
        host::set_label(json);
    }

    fn set_open(&self, open: bool) {
        host::set_open(open);
    }

    fn finish(&self, placings: &[Placing], data: &[u8]) {
        host::finish(placings, data);
    }

    fn log(&self, level: Level, text: &str) {
        host::log(level, text);
    }

    fn report(&self, kind: &str, json: &str) {
        host::report(kind, json);
    }

    fn get(&self, player: Option<&str>, key: &str) -> Result<Request, RequestError> {
        storage::get(player, key)
    }

    fn put(&self, player: Option<&str>, key: &str, expect: Option<u64>, data: &[u8]) -> Result<Request, RequestError> {
        storage::put(player, key, expect, data)
    }

    fn delete(&self, player: Option<&str>, key: &str, expect: Option<u64>) -> Result<Request, RequestError> {
        storage::delete(player, key, expect)
    }

    fn call(&self, endpoint: &str, json: &str) -> Result<Request, RequestError> {
        backend::call(endpoint, json)
    }
}
