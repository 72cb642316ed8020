//! The contract's imports as linker entries.

use wasmtime::component::{HasSelf, Linker};

use super::bindings::stadion::game::{backend, host, storage, types};
use super::state::State;

/// Defines `stadion:game/{types,host,storage,backend}`.
pub(crate) fn add_contract(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    types::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    host::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    storage::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    backend::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}
