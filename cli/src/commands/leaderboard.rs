//! `stadion leaderboard`: who is how good.

use clap::Args;

use super::{Context, block_on};
use crate::account::signed_in;
use crate::failure::Outcome;

/// Shows the leaderboard of a queue.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion leaderboard bomberman duel
  stadion leaderboard bomberman duel --around     those around oneself
  stadion leaderboard bomberman duel --friends")]
pub(crate) struct Leaderboard {
    /// The game's name on the server.
    game: String,
    /// One of its queues.
    queue: String,
    /// Those around whoever is signed in here.
    #[arg(long, conflicts_with = "friends")]
    around: bool,
    /// Whoever is signed in here, and friends.
    #[arg(long)]
    friends: bool,
}

pub(crate) fn run(args: &Leaderboard, context: &Context) -> Outcome {
    let of = match (args.around, args.friends) {
        (true, _) => "around",
        (_, true) => "friends",
        _ => "all",
    };
    let standings = block_on(async {
        if of == "all" {
            return Ok(context.api()?.leaderboard(&args.game, &args.queue, of).await?);
        }
        let (_, api) = signed_in(context).await?;
        Ok(api.leaderboard(&args.game, &args.queue, of).await?)
    })?;
    for standing in &standings {
        context.out.value(standing);
    }
    if standings.is_empty() {
        context.out.note("nobody has played a rated match there yet");
        return Ok(());
    }
    let rows: Vec<[String; 4]> = standings
        .into_iter()
        .map(|standing| {
            let rating = format!("{} +-{}", standing.rating, standing.give_or_take);
            [standing.place.to_string(), standing.name, rating, standing.matches.to_string()]
        })
        .collect();
    context.out.table(["PLACE", "NAME", "RATING", "MATCHES"], &rows);
    Ok(())
}
