//! The rows, by what their guests are after. Each attack is one function: it does its harm once, looks at the end that came
//! of it, and tells it.

mod ends;
mod floods;
mod interface;
mod memory;
mod starts;
mod time;
mod traps;
mod uploads;
mod wasi;

use std::future::Future;
use std::pin::Pin;

use super::programs::{self, Program};
use super::stage::{self, Ended, Stage};

type Attack = for<'a> fn(&'a mut Stage) -> Pin<Box<dyn Future<Output = Vec<Ended>> + 'a>>;

/// A row of HOSTILE.md.
pub(crate) struct Row {
    pub(crate) number: &'static str,
    pub(crate) what: &'static str,
    pub(crate) attack: Attack,
    pub(crate) repeats: Repeats,
}

/// How often a row is done in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// Again and again.
    Always,
    /// Once: it takes long by itself.
    Once,
    /// Once, and the server is another process after it.
    Restarts,
}

macro_rules! rows {
    ($($number:literal $what:literal $($path:ident)::+ $repeats:ident;)*) => {
        pub(crate) const ROWS: &[Row] = &[$(Row {
            number: $number,
            what: $what,
            attack: |stage| Box::pin($($path)::+(stage)),
            repeats: Repeats::$repeats,
        }),*];
    };
}

rows! {
    "1" "an endless loop in a step" time::endless_step Always;
    "2" "an endless loop before the first step" starts::endless Always;
    "3" "an endless loop while handling a leave" time::endless_leave Always;
    "4" "just under its budget on every tick" time::just_under_budget Once;
    "5" "memory to the cap and on" memory::to_the_cap Always;
    "6" "declares more than anybody needs" uploads::declares Always;
    "7" "recursion without end" traps::recursion Always;
    "8" "64 MiB in one instruction, again and again" time::bulk Always;
    "9" "traps at every moment" traps::everywhere Always;
    "10" "a megabyte of last words, a flood of lines" floods::logs Always;
    "11" "floods of sends, sends to nobody" floods::sends Always;
    "12" "lists and words that lie" interface::lists Always;
    "13" "an allocator that lies" interface::allocators Always;
    "14" "back into itself, handles that it has not" interface::handles Always;
    "15" "unknown imports, wrong signatures" uploads::contract Always;
    "16" "compile bombs" uploads::bombs Once;
    "17" "sleeps, waits, reads stdin" wasi::blocks Always;
    "18" "looks for secrets" wasi::secrets Always;
    "19" "what an earlier session left in memory" memory::leftovers Always;
    "20" "floats, SIMD, hash maps, clocks" wasi::determinism Always;
    "21" "dirties 64 MiB in every tick, saves them" memory::dirty Always;
    "22" "traps on every start" starts::quarantine Always;
    "23" "dropped in mid-step, by a storm of players" time::storm Always;
    "46" "takes the process with it" ends::poison Restarts;
    "47" "a journal whose replay differs" ends::diverge Restarts;
}
