//! `stadion bot`: programs that take seats and play.

mod serve;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use serde_json::json;
use stadion_client::{End, Play};
use stadion_schema::Value;
use tokio::time::MissedTickBehavior;

use super::{Context, block_on};
use crate::api::{self, Api, MatchInfo};
use crate::bots::Bot as Mind;
use crate::config::Target;
use crate::failure::{Failure, Outcome};
use crate::player::{self, Heard, Player, Which};

/// Lets programs play.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion bot bomberman --players 1      an opponent for whoever plays now
  stadion bot tictactoe --players 2      a whole match, to its end
  stadion bot tictactoe KBQT             a friend for the match with this code
  stadion bot hello --players 2 --seconds 10 --json
  stadion bot bomberman --serve          fills matches that want bots, until Ctrl-C (with the key of the game's owner)

For tictactoe, bomberman and hearts they play to win; in every other game they send inputs of the right shape by chance.")]
pub(crate) struct Bot {
    #[command(flatten)]
    which: Which,
    /// How many.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    players: u16,
    /// Leave after this many seconds if the match still runs; 0: never.
    #[arg(long, default_value_t = 0)]
    seconds: u32,
    /// Fill the seats of matches that want bots (`stadion play GAME --create --fill-with-bots`, or the game's setting
    /// `bots-seconds`), up to --players at once, until Ctrl-C or for --seconds.
    #[arg(long, conflicts_with_all = ["code", "create"])]
    serve: bool,
    /// The same seed plays the same, as far as the match does [default: by chance].
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(args: &Bot, context: &Context) -> Outcome {
    let target = context.target()?;
    if args.serve {
        return block_on(serve::serve(args, &target, context));
    }
    let play = args.which.play()?;
    let seed = args.seed.map_or_else(random_seed, Ok)?;
    block_on(async {
        let players = seats(args, &target, play).await?;
        let id = players[0].match_id().to_owned();
        for (n, player) in players.iter().enumerate() {
            let code = player.code().map(|code| format!("   code {code}")).unwrap_or_default();
            context.out.note(format!("bot {n} has seat {} of {}{code}", player.seat(), player.match_id()));
        }
        let most = if args.seconds == 0 { Duration::MAX } else { Duration::from_secs(args.seconds.into()) };
        let playing = players.into_iter().zip(seed..).map(|(player, seed)| {
            let mind = Mind::of(&args.which.game, seed);
            tokio::time::timeout(most.min(LONGEST), play_to_the_end(player, mind))
        });
        let ends = join_all(playing).await;
        let ended = ends.iter().any(|end| matches!(end, Ok(Ok(_))));
        let ends: Vec<Option<Played>> = ends.into_iter().map(|end| end.ok().transpose()).collect::<Outcome<_>>()?;
        let info = result(&api::connect(&target)?, &id, ended).await?;
        tell(args, seed, &ends, &info, context);
        Ok(())
    })
}

/// tokio's timers overflow at `Duration::MAX`; no match is longer.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// One after the other: the first may have to make the match that the others join.
async fn seats(args: &Bot, target: &Target, play: Play) -> Outcome<Vec<Player>> {
    let mut players: Vec<Player> = Vec::new();
    for n in 0..args.players {
        let stadion = player::guest(target, &format!("bot-{n}")).await?.as_bot();
        let play = match players.first().map(Player::code) {
            None => play.clone(),
            Some(Some(code)) => Play::Code(code.to_owned()),
            Some(None) => Play::Any,
        };
        players.push(Player::join(&stadion, &args.which.game, play).await?);
    }
    Ok(players)
}

/// What one of them did.
struct Played {
    seat: u16,
    sent: u64,
    end: End,
}

async fn play_to_the_end(mut player: Player, mut mind: Mind) -> Outcome<Played> {
    let schema = player.schema.clone().ok_or_else(|| {
        Failure::failed("this game speaks raw bytes: bots need a schema").fix("give its messages types with the SDK")
    })?;
    let seat = player.seat();
    let mut view: Option<Value> = None;
    let (mut sent, mut away) = (0, false);
    let mut pace = tokio::time::interval(mind.pace());
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            heard = player.next() => match heard {
                Heard::View(seen) => view = Some(seen),
                Heard::Stalled => away = true,
                Heard::Live { .. } if std::mem::take(&mut away) => mind.say_again(),
                Heard::End(end) => return Ok(Played { seat, sent, end }),
                _ => {}
            },
            _ = pace.tick() => {
                let Some(input) = mind.act(&schema, seat, view.as_ref()) else { continue };
                match player.send(&input) {
                    Ok(()) => sent += 1,
                    // The queue is full: made up for by the next.
                    Err(_) => mind.say_again(),
                }
            }
        }
    }
}

/// The match as the server has it; of one that has ended, once its end is written down.
async fn result(api: &Api, id: &str, ended: bool) -> Outcome<MatchInfo> {
    const TRIES: usize = 50;
    const PAUSE: Duration = Duration::from_millis(100);
    let mut info = api.one_match(id).await?;
    for _ in 0..TRIES {
        if !ended || info.state == "ended" {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        info = api.one_match(id).await?;
    }
    Ok(info)
}

fn tell(args: &Bot, seed: u64, played: &[Option<Played>], info: &MatchInfo, context: &Context) {
    let by_seat: BTreeMap<u16, &Played> = played.iter().flatten().map(|played| (played.seat, played)).collect();
    let bots: Vec<_> = by_seat
        .values()
        .map(|p| json!({"seat": p.seat, "sent": p.sent, "code": p.end.code, "reason": p.end.reason}))
        .collect();
    context.out.value(&json!({"game": args.which.game, "seed": seed, "match": info, "bots": bots}));
    for played in by_seat.values() {
        context.out.line(format!("seat {}   sent {}   {}", played.seat, played.sent, played.end));
    }
    let left = played.len() - by_seat.len();
    if left > 0 {
        context.out.line(format!("{left} left after {} s", args.seconds));
    }
    for placing in info.results.iter().flat_map(|results| &results.placings) {
        context.out.line(format!("place {}   seat {}   score {}", placing.rank, placing.seat, placing.score));
    }
    context.out.line(format!("match {}   replay: stadion replay {}", info.state, info.id));
}

fn random_seed() -> Outcome<u64> {
    getrandom::u64().map_err(|error| Failure::failed(format!("randomness: {error}")))
}
