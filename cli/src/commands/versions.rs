//! `stadion versions`: what was published of a game, and taking a version out of play.

use clap::Args;

use super::publish::quarantine_words;
use super::{Context, ask};
use crate::api::Published;
use crate::failure::{Failure, Outcome};

/// Lists the versions of a game with their channels, or takes one out of play.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion versions hello                          newest first: channels, quarantine, deprecation
  stadion versions hello --json | jq -r .version
  stadion versions hello 9f86d081 --deprecate     no new matches of it; those that run finish on it

Publishing the same bytes again brings a deprecated version back.")]
pub(crate) struct Versions {
    /// The game.
    game: String,
    /// The version, or its first digits.
    version: Option<String>,
    /// Take it out of play for new matches.
    #[arg(long, requires = "version")]
    deprecate: bool,
}

pub(crate) fn run(args: &Versions, context: &Context) -> Outcome {
    let api = context.api()?;
    let mut versions = ask(api.versions(&args.game))?;
    if let Some(wanted) = &args.version {
        let found = find(&versions, wanted)?.version.clone();
        if args.deprecate {
            ask(api.deprecate(&args.game, &found))?;
            versions = ask(api.versions(&args.game))?;
        }
        versions.retain(|version| version.version == found);
    }
    if versions.is_empty() {
        context.out.note(format!("no version of {} yet; `stadion publish` uploads one", args.game));
        return Ok(());
    }
    versions.iter().for_each(|version| context.out.value(version));
    let rows: Vec<[String; 5]> = versions.iter().map(row).collect();
    context.out.table(["VERSION", "PUBLISHED", "CHANNELS", "TITLE", ""], &rows);
    for version in versions.iter().filter(|_| args.version.is_some()) {
        let quarantine = version.quarantine.as_ref();
        let words = quarantine.map(|quarantine| quarantine_words(&version.game, &version.short, quarantine));
        words.into_iter().flatten().for_each(|line| context.out.line(line));
    }
    Ok(())
}

fn row(version: &Published) -> [String; 5] {
    let state = match (&version.deprecated_at, &version.quarantine) {
        (Some(since), _) => format!("deprecated since {since}"),
        (None, Some(_)) => "in quarantine".to_owned(),
        (None, None) => String::new(),
    };
    let published = version.created_at.clone().unwrap_or_default();
    [version.short.clone(), published, version.channels.join(", "), version.title.clone(), state]
}

/// The version whose id begins like this.
pub(crate) fn find<'a>(versions: &'a [Published], wanted: &str) -> Outcome<&'a Published> {
    let mut fitting = versions.iter().filter(|version| version.version.starts_with(wanted));
    match (fitting.next(), fitting.next()) {
        (Some(version), None) => Ok(version),
        (Some(_), Some(_)) => Err(Failure::usage(format!("more than one version begins with {wanted}"))),
        (None, _) => {
            Err(Failure::not_found(format!("no version begins with {wanted}"))
                .fix("`stadion versions GAME` lists them"))
        }
    }
}
