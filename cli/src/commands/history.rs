//! `stadion history`: what one played.

use clap::Args;

use super::{Context, block_on};
use crate::account::signed_in;
use crate::api::PlayedMatch;
use crate::failure::Outcome;

/// Shows what you played: with whom, how it went, what it made of your rating.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion history
  stadion history --game bomberman --limit 100
  stadion history --json

`stadion rematch MATCH` plays again with the same people, `stadion replay MATCH` shows a match again. Needs an account:
`stadion account register NAME`.")]
pub(crate) struct History {
    /// Only of this game.
    #[arg(long)]
    game: Option<String>,
    /// The newest so many.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

pub(crate) fn run(args: &History, context: &Context) -> Outcome {
    let out = context.out;
    block_on(async {
        let (account, api) = signed_in(context).await?;
        let played = api.played(args.game.as_deref(), args.limit as usize).await?;
        played.iter().for_each(|of| out.value(of));
        if played.is_empty() {
            out.note("nothing played yet; `stadion play GAME` begins");
            return Ok(());
        }
        let rows: Vec<_> = played.iter().map(|of| row(of, &account.id)).collect();
        out.table(["ENDED", "GAME", "PLACE", "RATING", "WITH", "END", "MATCH"], &rows);
        Ok(())
    })
}

fn row(of: &PlayedMatch, own: &str) -> [String; 7] {
    let place = match (of.rank, of.score) {
        (Some(rank), Some(score)) => format!("{rank} ({score})"),
        (Some(rank), None) => rank.to_string(),
        _ => String::new(),
    };
    let rating = of.rating.as_ref();
    let rating = rating.map(|rating| format!("{} {:+}", rating.after, rating.after - rating.before));
    let others: Vec<_> =
        of.players.iter().filter(|player| player.id != own).map(|player| player.name.as_str()).collect();
    let ended = of.ended_at.get(..16).unwrap_or(&of.ended_at).replace('T', " ");
    [ended, of.game.clone(), place, rating.unwrap_or_default(), others.join(", "), of.end.clone(), of.of.clone()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_match_reads_in_one_line() {
        let of = serde_json::from_value(json!({
            "match": "m", "game": "duel", "seat": 0, "rank": 1, "score": 9, "end": "finished",
            "rating": {"queue": "q", "before": 1500, "after": 1488},
            "players": [{"id": "p-1", "name": "ann", "bot": false}, {"id": "p-2", "name": "bob", "bot": false, "rank": 2}],
            "created_at": "2026-11-20T09:50:00.000Z", "ended_at": "2026-11-20T10:00:00.000Z",
        }));
        let row = row(&of.unwrap(), "p-1");
        assert_eq!(row, ["2026-11-20 10:00", "duel", "1 (9)", "1488 -12", "bob", "finished", "m"]);
    }
}
