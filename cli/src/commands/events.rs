//! `stadion events`: what happened in a game, on a host, in the last hour.

use clap::Args;
use stadion_control_plane::clock::{Clock, SystemClock};
use stadion_control_plane::model::{EventKind, UnixMs};

use super::{Context, ask};
use crate::api::{Happened, Hears, Wanted};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Events that are shown when no number is given.
const USUAL: usize = 50;

/// Shows what happened: what games report, matches that begin, end and fail, hosts that come and go.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion events bomberman                            the newest 50 of your game
  stadion events bomberman --follow                   as they happen
  stadion events bomberman --kind match.failed --since 1h
  stadion events bomberman --kind game.report --name round-over --json
  stadion events --host h-1 --since 1d                everything on this host, for operators
  stadion events --follow                             hosts that come and go, for operators

Kinds: match.started, match.ended, match.failed, game.report, version.quarantined, report.filed, report.closed,
host.up, host.down, host.drained, events.dropped. Times back from now end in s, m, h or d; others are written as 2026-11-20T10:00:00Z.")]
pub(crate) struct EventsArgs {
    /// Of this game [default: of hosts].
    game: Option<String>,
    /// Wait for more, as they happen.
    #[arg(long, short)]
    follow: bool,
    /// Only of these kinds, with commas between them.
    #[arg(long, value_name = "KIND,..")]
    kind: Option<String>,
    /// Only what the game reported under this name.
    #[arg(long)]
    name: Option<String>,
    /// Only in this match.
    #[arg(long = "match", value_name = "MATCH")]
    of: Option<String>,
    /// Only on this host.
    #[arg(long)]
    host: Option<String>,
    /// Only since then: 90s, 15m, 1h, 7d, or a time.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// The newest so many [default: 50; with --since: 1000].
    #[arg(long, value_name = "N", conflicts_with = "follow", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: Option<u32>,
}

pub(crate) fn run(args: &EventsArgs, context: &Context) -> Outcome {
    let wanted = wanted(args, SystemClock.now())?;
    let (api, out) = (context.api()?, context.out);
    if args.follow {
        return ask(api.follow_events(&wanted, &mut Shown(out)));
    }
    let usual = if args.since.is_some() { 20 * USUAL } else { USUAL };
    let most = args.limit.map_or(usual, |limit| limit as usize);
    let events = ask(api.happened(&wanted, most))?;
    if events.is_empty() {
        out.note("nothing like that has happened; --follow waits for it");
    }
    if events.len() == most {
        out.note(format!("the newest {most}; --limit shows more"));
    }
    // The newest stand where one looks first: at the end.
    events.iter().rev().for_each(|event| show(event, out));
    Ok(())
}

fn wanted(args: &EventsArgs, now: UnixMs) -> Outcome<Wanted> {
    for kind in args.kind.iter().flat_map(|kinds| kinds.split(',')) {
        kind.trim().parse::<EventKind>().map_err(|error| Failure::usage(error.to_string()))?;
    }
    if let Some(game) = &args.game {
        game.parse::<stadion_protocol::GameName>().map_err(|error| {
            Failure::usage(format!("{game:?} is no game: {error}")).fix("`stadion games` lists games")
        })?;
    }
    let since = args.since.as_deref().map(|text| moment(text, now)).transpose()?;
    let narrowed = [
        ("kind", args.kind.clone()),
        ("name", args.name.clone()),
        ("match", args.of.clone()),
        ("host", args.host.clone()),
        ("since", since.map(|since| since.to_string())),
    ];
    let narrowed = narrowed.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    Ok(Wanted { game: args.game.clone(), narrowed })
}

/// A time, or so long before now.
fn moment(text: &str, now: UnixMs) -> Outcome<UnixMs> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let unit_ms = match text.as_bytes().last() {
        Some(b's') => 1_000,
        Some(b'm') => 60_000,
        Some(b'h') => 3_600_000,
        Some(b'd') => 86_400_000,
        _ => 0,
    };
    let count = text.get(..text.len().saturating_sub(1)).and_then(|count| count.parse::<u64>().ok());
    let Some(count) = count.filter(|_| unit_ms > 0) else {
        return Err(Failure::usage(format!("--since {text:?} is no time"))
            .fix("such as 90s, 15m, 1h, 7d, 2026-11-20T10:00:00Z"));
    };
    Ok(UnixMs(now.0.saturating_sub(count.saturating_mul(unit_ms))))
}

/// Shows what is followed.
struct Shown(Output);

impl Hears for Shown {
    fn event(&mut self, event: Happened) {
        show(&event, self.0);
    }

    fn lost(&mut self) {
        self.0.note("the connection is lost; trying again");
    }
}

fn show(event: &Happened, out: Output) {
    out.value(event);
    out.line(shown(event));
}

/// An event as people read it. What a game says may hold anything: nothing of it reaches the terminal unescaped.
fn shown(event: &Happened) -> String {
    let time = event.at.get(..19).unwrap_or(&event.at).replace('T', " ");
    let mut line = format!("{time}  {:<14}", event.kind);
    for (what, value) in [("", &event.name), ("match ", &event.of), ("on ", &event.host)] {
        if let Some(value) = value {
            line.push_str(&format!("  {what}{}", harmless(value)));
        }
    }
    match &event.data {
        serde_json::Value::Object(data) if data.is_empty() => {}
        serde_json::Value::Null => {}
        data => line.push_str(&format!("  {}", harmless(&data.to_string()))),
    }
    line
}

/// Characters that a terminal acts on, or that turn the direction of text, are written as their numbers.
fn harmless(text: &str) -> String {
    let acts = |c: char| {
        c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_told_back_from_now_or_as_they_are() {
        let now = UnixMs(1_795_168_800_000);
        for (text, back_ms) in [("90s", 90_000), ("15m", 900_000), ("1h", 3_600_000), ("7d", 604_800_000)] {
            assert_eq!(moment(text, now).unwrap().0, now.0 - back_ms);
        }
        assert_eq!(moment("2026-11-20T10:00:00Z", UnixMs(0)).unwrap(), now);
        for text in ["", "h", "1", "-1h", "yesterday", "1ä"] {
            assert!(moment(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_that_a_game_says_reaches_the_terminal_as_it_is() {
        let event: Happened = serde_json::from_value(json!({
            "id": 1, "at": "2026-11-20T10:00:00.000Z", "kind": "game.report", "name": "goal\u{1b}[2J",
            "match": "01h455vb4pex5vsknk084sn02q", "data": {"by": "\u{9b}31m\u{202e}ann"},
        }))
        .unwrap();
        assert_eq!(
            shown(&event),
            "2026-11-20 10:00:00  game.report     goal\\u{1b}[2J  match 01h455vb4pex5vsknk084sn02q  {\"by\":\"\\u{9b}31m\\u{202e}ann\"}"
        );
    }
}
