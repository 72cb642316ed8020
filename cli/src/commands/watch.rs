//! `stadion watch`: a match on this terminal, without a seat in it.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use stadion_client::{End, Stadion};
use stadion_protocol::CloseCode;

use super::{Context, block_on, play};
use crate::account::signed_in;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Output};
use crate::player::{self, Heard, Player};

/// Between two tries to come back after a token was too old, and how many there are.
const PAUSE: Duration = Duration::from_secs(1);
const TRIES: u32 = 30;

/// Watches a match without a seat in it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion watch 06c1r8v5q2z3t4w5x6y7z8a9b0
  stadion watch 06c1r8v5q2z3t4w5x6y7z8a9b0 --as-me    a match for friends of its players
  stadion watch 06c1r8v5q2z3t4w5x6y7z8a9b0 --json

`stadion matches --game GAME --state running` lists what runs. Which matches may be watched is a setting of their games
(`spectators`), and so is how late they are seen.")]
pub(crate) struct Watch {
    /// The match's id.
    id: String,
    /// As the account that is signed in here, instead of as a guest.
    #[arg(long)]
    as_me: bool,
    /// Lines instead of a screen, on a terminal too.
    #[arg(long)]
    lines: bool,
}

pub(crate) fn run(args: &Watch, context: &Context) -> Outcome {
    args.id.parse::<stadion_protocol::MatchId>().map_err(|error| Failure::usage(error.to_string()))?;
    let target = context.target()?;
    block_on(async {
        let stadion = if args.as_me {
            let (account, _) = signed_in(context).await?;
            let stadion = Stadion::with_token(&account.server, &account.access_token);
            stadion.map_err(|error| Failure::failed(error.to_string()))?
        } else {
            player::guest(&target, &player::default_name()).await?
        };
        let player = Player::watch(&stadion, &args.id).await?;
        let game = player.game().to_owned();
        if !args.lines && !context.out.is_json() && output::on_a_terminal() {
            return play::to_the_end(player, &game, false, context.out).await;
        }
        in_lines(&stadion, player, &args.id, context.out).await
    })
}

/// Tells what is seen until the match is over. Whoever was away for so long that the token is too old asks for another.
async fn in_lines(stadion: &Stadion, mut player: Player, id: &str, out: Output) -> Outcome {
    out.value(&json!({"watching": {"match": id, "game": player.game(), "version": player.version()}}));
    out.line(format!("watching {id} of {}", player.game()));
    loop {
        let heard = player.next().await;
        play::tell(&heard, out);
        let Heard::End(end) = heard else { continue };
        match again(stadion, id, &end).await {
            Some(back) => player = back,
            None => return Ok(()),
        }
    }
}

async fn again(stadion: &Stadion, id: &str, end: &End) -> Option<Player> {
    if end.code != CloseCode::Expired && end.code != CloseCode::TimedOut {
        return None;
    }
    for _ in 0..TRIES {
        if let Ok(player) = Player::watch(stadion, id).await {
            return Some(player);
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}
