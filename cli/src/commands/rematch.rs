//! `stadion rematch`: again with the same people.

use clap::Args;
use stadion_client::{Play, Stadion};

use super::{Context, block_on, play};
use crate::account::signed_in;
use crate::failure::{Failure, Outcome};
use crate::player::Player;

/// Plays again with the people of a match that is over.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion rematch 06c1r8v5q2z3t4w5x6y7z8a9b0          with the same seats and parameters, for ten minutes after the end
  stadion rematch 06c1r8v5q2z3t4w5x6y7z8a9b0 --json

Whoever says so first creates the match, the others get into the same one. `stadion history` lists what you played. Needs an
account: `stadion account register NAME`.")]
pub(crate) struct Rematch {
    /// The match before.
    #[arg(value_name = "MATCH")]
    id: String,
    /// Lines instead of a screen, on a terminal too.
    #[arg(long)]
    lines: bool,
}

pub(crate) fn run(args: &Rematch, context: &Context) -> Outcome {
    args.id.parse::<stadion_protocol::MatchId>().map_err(|error| {
        Failure::usage(format!("{:?} is not the id of a match: {error}", args.id)).fix("`stadion history` lists ids")
    })?;
    block_on(async {
        let (account, api) = signed_in(context).await?;
        let seat = api.rematch(&args.id).await?;
        let stadion = Stadion::with_token(&account.server, &account.access_token);
        let stadion = stadion.map_err(|error| Failure::failed(error.to_string()))?;
        // The seat is kept for this account: its code leads to it.
        let player = Player::join(&stadion, &seat.game, Play::Code(seat.of.code)).await?;
        play::to_the_end(player, &seat.game, args.lines, context.out).await
    })
}
