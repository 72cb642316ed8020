//! `stadion bot GAME --serve`: a bot runner. It claims seats of matches that want programs, and plays each to its end.

use std::time::Duration;

use serde_json::json;
use stadion_client::Stadion;
use tokio::task::JoinSet;

use super::{Bot, LONGEST, Played, play_to_the_end, random_seed};
use crate::api::{self, Claimed, Error, Seat};
use crate::bots::Bot as Mind;
use crate::commands::Context;
use crate::config::Target;
use crate::failure::{Failure, Kind, Outcome};
use crate::player::Player;

/// How long the server is to wait for a match that wants bots.
const WAIT_S: u16 = 10;

/// Seats of one claim at most, as the server has it.
const CLAIM: u16 = 16;

/// After a server that did not answer: it may be restarting.
const PAUSE: Duration = Duration::from_secs(1);

/// Programs at once unless `--players` says more: enough for a few matches on a laptop.
const USUAL: u16 = 16;

pub(super) async fn serve(args: &Bot, target: &Target, context: &Context) -> Outcome {
    let api = api::connect(target)?;
    let key = target.key.clone().unwrap_or_default();
    let stadion = Stadion::with_token(&target.server, &key).map_err(|error| Failure::failed(error.to_string()))?;
    let most = usize::from(args.players.max(USUAL));
    let mut seed = args.seed.map_or_else(random_seed, Ok)?;
    let mut playing: JoinSet<Outcome<Played>> = JoinSet::new();
    context.out.note(format!("filling seats of {}; Ctrl-C ends it", args.which.game));
    let until = if args.seconds == 0 { LONGEST } else { Duration::from_secs(args.seconds.into()) };
    let over = tokio::time::sleep(until);
    tokio::pin!(over);
    loop {
        let room = most - playing.len();
        tokio::select! {
            () = &mut over => return Ok(()),
            _ = tokio::signal::ctrl_c() => return Ok(()),
            Some(ended) = playing.join_next() => tell(ended.ok(), context),
            claimed = api.claim_bots(&args.which.game, u16::try_from(room).map_or(CLAIM, |room| room.min(CLAIM)), WAIT_S), if room > 0 => {
                for seat in claimed_seats(claimed, context).await? {
                    seed = seed.wrapping_add(1);
                    if let Some(player) = take(&stadion, &seat, context).await {
                        playing.spawn(play_to_the_end(player, Mind::of(&args.which.game, seed)));
                    }
                }
            }
        }
    }
}

/// A server that is away comes back; one that refuses will refuse again.
async fn claimed_seats(claimed: Result<Claimed, Error>, context: &Context) -> Outcome<Vec<Seat>> {
    match claimed.map_err(Failure::from) {
        Ok(claimed) => Ok(claimed.items),
        Err(failure) if failure.kind == Kind::Unreachable => {
            context.out.note(format!("{failure}; trying again"));
            tokio::time::sleep(PAUSE).await;
            Ok(Vec::new())
        }
        Err(failure) => Err(failure),
    }
}

/// A seat that cannot be taken falls free again by itself.
async fn take(stadion: &Stadion, seat: &Seat, context: &Context) -> Option<Player> {
    match Player::take_seat(stadion, &json!(seat)).await {
        Ok(player) => {
            context.out.value(&json!({"seat": player.seat(), "match": player.match_id()}));
            context.out.line(format!("seat {} of {}", player.seat(), player.match_id()));
            Some(player)
        }
        Err(failure) => {
            context.out.note(format!("a seat was not taken: {failure}"));
            None
        }
    }
}

fn tell(ended: Option<Outcome<Played>>, context: &Context) {
    match ended {
        Some(Ok(Played { seat, end, .. })) => context.out.line(format!("seat {seat}: {end}")),
        Some(Err(failure)) => context.out.note(failure.to_string()),
        None => context.out.note("a bot failed"),
    }
}
