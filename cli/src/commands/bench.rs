//! stub
use super::Context;
use crate::failure::Outcome;
/// Stub
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: stadion bench")]
pub(crate) struct Bench {}
pub(crate) fn run(_: &Bench, _: &Context) -> Outcome { Ok(()) }
