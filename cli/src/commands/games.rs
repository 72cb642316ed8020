//! `stadion games`: what the server has.

use clap::Args;

use super::{Context, ask};
use crate::failure::Outcome;

/// Lists the games of the server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion games
  stadion games --json | jq -r .name
  stadion games --server http://192.168.1.5:7878")]
pub(crate) struct Games {}

pub(crate) fn run(_: &Games, context: &Context) -> Outcome {
    let games = ask(context.api()?.games())?;
    for game in &games {
        context.out.value(game);
    }
    if games.is_empty() {
        context.out.note("no games yet; `stadion new hello` makes one, `stadion publish hello` uploads it");
        return Ok(());
    }
    let rows: Vec<[String; 4]> = games
        .into_iter()
        .map(|game| {
            let version = game.latest_version.map(|version| version.chars().take(8).collect()).unwrap_or_default();
            let state = if game.quarantined { "in quarantine" } else { "" };
            [game.name, version, game.title.unwrap_or_default(), state.to_owned()]
        })
        .collect();
    context.out.table(["GAME", "VERSION", "TITLE", ""], &rows);
    Ok(())
}
