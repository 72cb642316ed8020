//! stub
use super::Context;
use crate::failure::Outcome;
/// Stub
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: stadion bot")]
pub(crate) struct Bot {}
pub(crate) fn run(_: &Bot, _: &Context) -> Outcome { Ok(()) }
