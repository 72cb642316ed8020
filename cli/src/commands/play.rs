//! stub
use super::Context;
use crate::failure::Outcome;
/// Stub
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: stadion play")]
pub(crate) struct Play {}
pub(crate) fn run(_: &Play, _: &Context) -> Outcome { Ok(()) }
