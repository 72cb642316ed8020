//! `stadion matches`: what runs, how one match stands, and its end by hand.

use clap::Args;

use super::{Context, ask};
use crate::api::{FailureInfo, MatchInfo, OpenMatch};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Open matches that are listed: more than anybody reads.
const MOST_OPEN: usize = 10_000;

/// Lists matches, or shows one.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion matches
  stadion matches --game bomberman --state running
  stadion matches --game bomberman --open             those that take players; `stadion play bomberman MATCH` joins one
  stadion matches --game bomberman --open --label map=desert --label round=2..5
  stadion matches 06c1r8v5q2z3t4w5x6y7z8a9b0          one match: seats, end, results
  stadion matches 06c1r8v5q2z3t4w5x6y7z8a9b0 --end    ends it")]
pub(crate) struct Matches {
    /// Show this match alone.
    id: Option<String>,
    /// Only matches of this game.
    #[arg(long, conflicts_with = "id")]
    game: Option<String>,
    /// Only matches in this state: running, hibernated, finishing or ended.
    #[arg(long, conflicts_with = "id")]
    state: Option<String>,
    /// Only public matches that take players now.
    #[arg(long, requires = "game", conflicts_with_all = ["id", "state"])]
    open: bool,
    /// Only those whose label says this, as FIELD=VALUE or, for numbers, FIELD=LEAST..MOST; may be said again.
    #[arg(long, requires = "open", value_name = "FIELD=VALUE", value_parser = field)]
    label: Vec<(String, String)>,
    /// End the match (as its owner or operator).
    #[arg(long, requires = "id")]
    end: bool,
}

pub(crate) fn run(args: &Matches, context: &Context) -> Outcome {
    let api = context.api()?;
    if let (true, Some(game)) = (args.open, &args.game) {
        let labels: Vec<(&str, &str)> =
            args.label.iter().map(|(field, value)| (field.as_str(), value.as_str())).collect();
        list_open(context.out, game, &ask(api.open_matches(game, &labels, MOST_OPEN))?);
        return Ok(());
    }
    let Some(id) = &args.id else {
        let filter: Vec<(&str, String)> = [("game", &args.game), ("state", &args.state)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)))
            .collect();
        list(context.out, &ask(api.matches(&filter))?);
        return Ok(());
    };
    id.parse::<stadion_protocol::MatchId>().map_err(|error| Failure::usage(error.to_string()))?;
    if args.end {
        ask(api.end_match(id))?;
        context.out.note(format!("match {id} was told to end"));
    }
    let info = ask(api.one_match(id))?;
    context.out.value(&info);
    for line in described(&info) {
        context.out.line(line);
    }
    Ok(())
}

fn list(out: Output, matches: &[MatchInfo]) {
    for info in matches {
        out.value(info);
    }
    if matches.is_empty() {
        out.note("no matches; `stadion play GAME` starts one");
        return;
    }
    let rows: Vec<[String; 6]> = matches
        .iter()
        .map(|info| {
            let seats = format!("{}/{}", info.seats.len(), info.seat_count);
            let end = info.end.as_ref().map(|end| end.kind.clone()).unwrap_or_default();
            let code = info.code.clone().unwrap_or_default();
            [info.id.clone(), info.game.clone(), info.state.clone(), seats, code, end]
        })
        .collect();
    out.table(["MATCH", "GAME", "STATE", "SEATS", "CODE", "END"], &rows);
}

fn list_open(out: Output, game: &str, matches: &[OpenMatch]) {
    for open in matches {
        out.value(open);
    }
    if matches.is_empty() {
        out.note(format!("no match of {game} takes players; `stadion play {game}` starts one"));
        return;
    }
    let row = |open: &OpenMatch| {
        let free = format!("{} of {}", open.free, open.seat_count);
        [open.id.clone(), open.code.clone(), free, open.label.clone()]
    };
    out.table(["MATCH", "CODE", "FREE", "LABEL"], &matches.iter().map(row).collect::<Vec<_>>());
}

/// `FIELD=VALUE` of the command line.
fn field(text: &str) -> Result<(String, String), String> {
    let (field, value) = text.split_once('=').ok_or("not of the form FIELD=VALUE")?;
    Ok((field.to_owned(), value.to_owned()))
}

/// One match, for people.
fn described(info: &MatchInfo) -> Vec<String> {
    let mut lines = vec![format!("{} of {}@{}", info.id, info.game, info.version.chars().take(8).collect::<String>())];
    let code = info.code.as_ref().map(|code| format!("   code {code}")).unwrap_or_default();
    lines.push(format!("{} at tick {}{code}", info.state, info.tick));
    for seat in &info.seats {
        let who = if seat.player.bot { format!("{} (bot)", seat.player.name) } else { seat.player.name.clone() };
        let place = info.results.iter().flat_map(|results| &results.placings).find(|placing| placing.seat == seat.seat);
        let place = place.map(|place| format!("   place {}, score {}", place.rank, place.score)).unwrap_or_default();
        lines.push(format!("  seat {}  {who}  {}{place}", seat.seat, seat.presence));
    }
    if let Some(end) = &info.end {
        // What went wrong is told below, to those who may know.
        let message = if info.failure.is_some() { String::new() } else { format!(" ({})", end.message) };
        lines.push(format!("ended: {}{message}", end.kind));
        lines.extend(info.chain.as_ref().map(|chain| format!("chain: {chain}")));
        lines.push(format!("replay: stadion replay {}", info.id));
        lines.extend(info.failure.iter().flat_map(failed));
    }
    lines
}

/// What its author is to know: where, the last words, and how to see it again.
fn failed(failure: &FailureInfo) -> Vec<String> {
    let mut lines = vec![format!("failed at tick {}:", failure.tick)];
    lines.extend(failure.message.lines().map(|line| format!("  {line}")));
    if !failure.log.is_empty() {
        lines.push("the last lines of its log:".to_owned());
        lines.extend(failure.log.iter().map(|line| format!("  {}", super::logs::shown(line))));
    }
    lines.push(format!("reproduce: {}", failure.reproduce));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_match_shows_its_seats_places_and_replay() {
        let info: MatchInfo = serde_json::from_value(serde_json::json!({
            "id": "0000000000000000000000000a", "game": "tictactoe", "version": "3f9c00112233", "state": "ended", "tick": 9,
            "seat_count": 2, "code": "KBQT",
            "seats": [{"seat": 0, "player": {"id": "p", "name": "ada"}, "presence": "left"},
                      {"seat": 1, "player": {"id": "q", "name": "bob", "bot": true}, "presence": "left"}],
            "end": {"kind": "finished", "message": "finished"},
            "results": {"placings": [{"seat": 1, "rank": 1, "score": 1}], "data": ""}
        }))
        .unwrap();
        assert_eq!(
            described(&info),
            [
                "0000000000000000000000000a of tictactoe@3f9c0011",
                "ended at tick 9   code KBQT",
                "  seat 0  ada  left",
                "  seat 1  bob (bot)  left   place 1, score 1",
                "ended: finished (finished)",
                "replay: stadion replay 0000000000000000000000000a",
            ]
        );
    }

    #[test]
    fn a_failure_names_its_tick_its_trap_the_last_lines_and_the_command() {
        let info: MatchInfo = serde_json::from_value(serde_json::json!({
            "id": "0000000000000000000000000a", "game": "chess", "version": "3f9c00112233", "state": "ended", "tick": 8,
            "end": {"kind": "trapped", "message": "the game trapped: unreachable"},
            "failure": {
                "tick": 9, "message": "the game trapped: unreachable\nin chess::castle",
                "log": [{"number": 1, "tick": 8, "at": "", "level": "warn", "text": "no king"}],
                "reproduce": "stadion replay 0000000000000000000000000a --trap",
            },
        }))
        .unwrap();
        assert_eq!(
            described(&info)[4..],
            [
                "failed at tick 9:",
                "  the game trapped: unreachable",
                "  in chess::castle",
                "the last lines of its log:",
                "  tick 8      warn  no king",
                "reproduce: stadion replay 0000000000000000000000000a --trap",
            ]
        );
    }
}
