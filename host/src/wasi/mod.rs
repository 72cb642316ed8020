//! WASI 0.2 without power: enough for a standard library to start, print and hash, and nothing to learn or reach.
//!
//! Every function is synchronous and decided by the match alone: clocks stand still within a step, random bytes come
//! from the seed, stdout and stderr go to the match log, environment and arguments are empty, there are no files and no
//! sockets, and whatever would have to wait traps. The interfaces are wasmtime-wasi's bindings; its own host is not used, since
//! its clocks are real, it needs a tokio runtime, and it can block the thread.

mod cli;
mod clocks;
mod handles;
mod io;
mod powerless;
mod random;

use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::p2::bindings::sync::io as io_bindings;
use wasmtime_wasi::p2::bindings::{cli as cli_bindings, clocks as clock_bindings, random as random_bindings};

pub(crate) use self::handles::{HandleKind, Handles};
pub(crate) use self::powerless::{Network, add_powerless};
pub(crate) use self::random::Random;
use crate::session::State;

/// Defines the interfaces that do something.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    type Has = HasSelf<State>;
    io_bindings::error::add_to_linker::<State, Has>(linker, |state| state)?;
    io_bindings::poll::add_to_linker::<State, Has>(linker, |state| state)?;
    io_bindings::streams::add_to_linker::<State, Has>(linker, |state| state)?;
    clock_bindings::wall_clock::add_to_linker::<State, Has>(linker, |state| state)?;
    clock_bindings::monotonic_clock::add_to_linker::<State, Has>(linker, |state| state)?;
    random_bindings::random::add_to_linker::<State, Has>(linker, |state| state)?;
    random_bindings::insecure::add_to_linker::<State, Has>(linker, |state| state)?;
    random_bindings::insecure_seed::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::environment::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::exit::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::stdin::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::stdout::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::stderr::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::terminal_input::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::terminal_output::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::terminal_stdin::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::terminal_stdout::add_to_linker::<State, Has>(linker, |state| state)?;
    cli_bindings::terminal_stderr::add_to_linker::<State, Has>(linker, |state| state)
}
