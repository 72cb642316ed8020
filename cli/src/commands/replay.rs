//! stub
use super::Context;
use crate::failure::Outcome;
/// Stub
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: stadion replay")]
pub(crate) struct Replay {}
pub(crate) fn run(_: &Replay, _: &Context) -> Outcome { Ok(()) }
