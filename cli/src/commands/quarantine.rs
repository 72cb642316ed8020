//! `stadion quarantine`: versions that failed on every start, and putting one back in play.

use clap::Args;

use super::publish::quarantine_words;
use super::versions::find;
use super::{Context, ask};
use crate::api::Published;
use crate::failure::Outcome;

/// Shows the versions of a game that failed on every start, or puts one back in play.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion quarantine hello                   which versions are out of play, and why
  stadion quarantine hello 9f86d081 --lift   back in play, for its owner

A version is put in quarantine when five of its matches in a row failed to start.")]
pub(crate) struct Quarantine {
    /// The game.
    game: String,
    /// The version, or its first digits.
    #[arg(requires = "lift")]
    version: Option<String>,
    /// Put it back in play.
    #[arg(long, requires = "version")]
    lift: bool,
}

pub(crate) fn run(args: &Quarantine, context: &Context) -> Outcome {
    let api = context.api()?;
    let versions = ask(api.versions(&args.game))?;
    let Some(wanted) = &args.version else {
        show(&versions, context);
        return Ok(());
    };
    let version = find(&versions, wanted)?;
    ask(api.lift_quarantine(&args.game, &version.version))?;
    context.out.line(format!("{}@{} is in play", version.game, version.short));
    Ok(())
}

fn show(versions: &[Published], context: &Context) {
    let mut shown = 0;
    for version in versions {
        let Some(quarantine) = &version.quarantine else { continue };
        shown += 1;
        context.out.value(version);
        context.out.line(format!("{}@{}", version.game, version.short));
        for line in quarantine_words(&version.game, &version.short, quarantine) {
            context.out.line(format!("  {line}"));
        }
    }
    if shown == 0 {
        context.out.note("no version is in quarantine");
    }
}
