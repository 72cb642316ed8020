//! Rows 12, 13 and 14: guests that lie to the interface.

use super::memory::plays_on;
use super::programs::{
    ALLOC_CALLS_HOST, ALLOC_ENDLESS, ALLOC_MISALIGNED, ALLOC_OVERLAPPING, ALLOC_PAST_THE_END, ALLOC_WILD, ALLOC_ZERO,
    BAD_DISCRIMINANT, BAD_WAKE, EIGHT_MILLION_SETTINGS, FINISHES_TWICE, MILLION_PLACINGS, REFUSES_FROM_NOWHERE,
    REFUSES_IN_BROKEN_UTF8, SEND_OUT_OF_RANGE, SENDS_IN_DESCRIBE, SETTINGS_MISALIGNED, SETTINGS_OUT_OF_RANGE,
    TEN_MILLION_PLACINGS,
};
use super::starts::fails;
use super::wasi::ordered;
use super::{Ended, Stage};

/// What a list that lies may cost the host, bytes; the pages that the guest itself touched among them.
const GROWTH: u64 = 1 << 20;
/// The same where other tests run on the machine, and memory of the canaries comes and goes with their delays.
const GROWTH_BUSY: u64 = 16 << 20;

pub(super) async fn lists(stage: &mut Stage) -> Vec<Ended> {
    let mut ends = Vec::new();
    for program in [&BAD_DISCRIMINANT, &BAD_WAKE, &SEND_OUT_OF_RANGE, &FINISHES_TWICE] {
        ends.push(stage.ends(program, "trapped").await);
    }
    for program in [&EIGHT_MILLION_SETTINGS, &SETTINGS_OUT_OF_RANGE, &SETTINGS_MISALIGNED, &SENDS_IN_DESCRIBE] {
        ends.push(stage.refuses(program, &["describe"]).await);
    }
    for program in [&REFUSES_FROM_NOWHERE, &REFUSES_IN_BROKEN_UTF8] {
        ends.push(fails(stage, program).await);
    }
    for program in [&MILLION_PLACINGS, &TEN_MILLION_PLACINGS] {
        // Loaded and run once: what is measured is the list alone.
        ends.push(stage.ends(program, "trapped").await);
        let before = stage.server.begin_peak();
        ends.push(stage.ends(program, "trapped").await);
        let grown = stage.server.peak().saturating_sub(before);
        let allowed = if stage.strict { GROWTH } else { GROWTH_BUSY };
        assert!(grown < allowed, "{}: the host grew by {grown} bytes", program.name);
    }
    ends
}

pub(super) async fn allocators(stage: &mut Stage) -> Vec<Ended> {
    let mut ends = Vec::new();
    for program in [&ALLOC_WILD, &ALLOC_PAST_THE_END, &ALLOC_MISALIGNED, &ALLOC_CALLS_HOST] {
        ends.push(fails(stage, program).await);
    }
    ends.push(stage.ends(&ALLOC_ENDLESS, "over-budget").await);
    // Address 0 is memory like any other, and so is what lies under something else: what it spoils there is its own.
    ends.push(plays_on(stage, &ALLOC_ZERO, 2).await);
    ends.push(plays_on(stage, &ALLOC_OVERLAPPING, 2).await);
    ends
}

/// An import that is called while the host allocates; handles that were made up, dropped twice, kept for ever.
pub(super) async fn handles(stage: &mut Stage) -> Vec<Ended> {
    let mut ends = vec![fails(stage, &ALLOC_CALLS_HOST).await];
    for order in ["forge", "drop twice", "leak"] {
        ends.extend(ordered(stage, order, "trapped").await);
    }
    ends
}
