//! `stadion play`: a seat in a match, in this terminal or, for programs, in lines.

mod full_screen;
mod lines;

use clap::Args;

use super::{Context, block_on};
use crate::failure::Outcome;
use crate::output::{self, Output};
use crate::player::{self, Player, Which};
use stadion_client::End;

/// Plays a match in this terminal.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion play bomberman                 the fullest open match, or a new one
  stadion play tictactoe --create        a match of one's own; the code for a friend stands in the first line
  stadion play tictactoe KBQT            a friend's match
  stadion play tictactoe 06c1r8v5q2z3t4w5x6y7z8a9b0      one of `stadion matches --game tictactoe --open`
  stadion play bomberman --create=public --reserve ann   a seat is kept for ann
  printf 'Place 4\\n' | stadion play tictactoe --json

On a terminal, bomberman, tictactoe and hearts have boards; every other game is shown as its view, and inputs are typed
as `Place 4`, `Move { x: 1, y: 2 }` or JSON (Tab completes). Elsewhere, or with --json, each line on stdin is an input and
each line on stdout something that happened.")]
pub(crate) struct Play {
    #[command(flatten)]
    which: Which,
    /// The name that others see [default: STADION_NAME, else the user's].
    #[arg(long)]
    name: Option<String>,
    /// Lines instead of a screen, on a terminal too.
    #[arg(long)]
    lines: bool,
}

pub(crate) fn run(args: &Play, context: &Context) -> Outcome {
    let target = context.target()?;
    let name = args.name.clone().unwrap_or_else(player::default_name);
    let play = args.which.play()?;
    block_on(async {
        let stadion = player::guest(&target, &name).await?;
        let player = Player::join(&stadion, &args.which.game, play).await?;
        to_the_end(player, &args.which.game, args.lines, context.out).await
    })
}

/// Plays until the match ends or the player leaves, on a screen where there is one and lines are not wanted.
pub(super) async fn to_the_end(player: Player, game: &str, lines: bool, out: Output) -> Outcome {
    let id = player.match_id().to_owned();
    let on_screen = !lines && !out.is_json() && output::on_a_terminal();
    let end = if on_screen { full_screen::play(player, game).await? } else { lines::play(player, game, out).await? };
    tell_end(&id, end.as_ref(), out);
    Ok(())
}

/// Says what was heard, for people and for programs.
pub(super) fn tell(heard: &crate::player::Heard, out: Output) {
    lines::tell(heard, out);
}

fn tell_end(id: &str, end: Option<&End>, out: Output) {
    match end {
        Some(end) => out.line(format!("{end}   result: stadion matches {id}   replay: stadion replay {id}")),
        None => out.line("left the match"),
    }
}
