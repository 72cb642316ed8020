//! `stadion search`: from a queue to the changed rating.

use std::io::BufRead;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use stadion_client::{Play, Stadion};

use super::{Context, block_on, play};
use crate::account::{Account, signed_in};
use crate::api::{Api, Events};
use crate::failure::{Failure, Kind, Outcome};
use crate::output::{Output, on_a_terminal};
use crate::player::Player;

/// How long the result may take that the server tells after a match.
const RESULT_WITHIN: Duration = Duration::from_secs(15);

/// Searches for a match among one's like, and plays it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion search bomberman duel          alone, or as the leader of a party for all of it
  stadion search                         as a member of a party: is ready, and follows the leader
  stadion search bomberman duel --yes    confirms a match without asking

Needs an account: `stadion account register NAME`. Ctrl-C ends the search. On a terminal the match is played on a screen as by
`stadion play`; elsewhere, or with --json, in lines.")]
pub(crate) struct Search {
    /// The game's name on the server; none: that of the party's leader.
    #[arg(requires = "queue")]
    game: Option<String>,
    /// One of its queues.
    queue: Option<String>,
    /// Confirm a match that is found without asking.
    #[arg(long)]
    yes: bool,
    /// Lines instead of a screen, on a terminal too.
    #[arg(long)]
    lines: bool,
}

pub(crate) fn run(args: &Search, context: &Context) -> Outcome {
    block_on(async {
        let (account, api) = signed_in(context).await?;
        // Before anything happens that is told.
        let mut events = Events::open(&api).await?;
        let ticket = match (&args.game, &args.queue) {
            (Some(game), Some(queue)) => {
                let ticket = api.search(game, queue).await?;
                let wait = ticket.estimated_wait_s.map(|s| format!(", about {s:.0} s")).unwrap_or_default();
                context.out.note(format!("searching{wait}; Ctrl-C ends it"));
                Some(ticket.id)
            }
            _ => {
                let party = api.set_ready(true).await?;
                context.out.note(format!("ready, with {} others; Ctrl-C ends it", party.members.len() - 1));
                None
            }
        };
        let hunt = Hunt { api: &api, account: &account, args, out: context.out };
        tokio::select! {
            done = hunt.run(&mut events, ticket.as_deref()) => done,
            _ = tokio::signal::ctrl_c() => hunt.give_up(ticket.as_deref()).await,
        }
    })
}

/// A search until its match is over.
struct Hunt<'a> {
    api: &'a Api,
    account: &'a Account,
    args: &'a Search,
    out: Output,
}

impl Hunt<'_> {
    async fn run(&self, events: &mut Events, ticket: Option<&str>) -> Outcome {
        loop {
            let event = events.next_json().await?;
            self.out.value(&event);
            match text(&event, "kind") {
                "ready-check" => self.confirm(&event).await?,
                "match-ready" => return self.play(&event, events).await,
                "searching" if event["again"].is_string() => {
                    self.out.note("somebody did not confirm; searching again, at the front");
                }
                "search-over" => {
                    return Err(Failure::new(Kind::Refused, text(&event, "message")));
                }
                "party-left" => return Err(Failure::new(Kind::Refused, "you are not in the party any more")),
                "missed" => self.look_again(ticket).await?,
                "party" => self.note_party(&event["party"]),
                _ => {}
            }
        }
    }

    /// Some of what was told is lost: is the search still there?
    async fn look_again(&self, ticket: Option<&str>) -> Outcome {
        let Some(ticket) = ticket else { return Ok(()) };
        self.api.ticket(ticket).await.map(drop).map_err(|error| Failure::from(error).fix("search again"))
    }

    fn note_party(&self, party: &Value) {
        let members = party["members"].as_array().map(Vec::as_slice).unwrap_or_default();
        let names = members.iter().map(|member| {
            let ready = if member["ready"] == true { " (ready)" } else { "" };
            format!("{}{ready}", text(member, "name"))
        });
        self.out.note(format!("party {}: {}", text(party, "phase"), names.collect::<Vec<_>>().join(", ")));
    }

    async fn confirm(&self, check: &Value) -> Outcome {
        let accept = if self.args.yes || !on_a_terminal() {
            true
        } else {
            self.out.note(format!("a match of {} players: Enter plays, `n` and Enter does not", check["players"]));
            let asked = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                std::io::stdin().lock().read_line(&mut line).map(|_| line)
            });
            let line = asked.await.map_err(|error| Failure::failed(error.to_string()))?;
            !line.unwrap_or_default().trim().eq_ignore_ascii_case("n")
        };
        Ok(self.api.answer(text(check, "match"), accept).await?)
    }

    async fn play(&self, ready: &Value, events: &mut Events) -> Outcome {
        let game = text(ready, "game");
        let stadion = Stadion::with_token(&self.account.server, &self.account.access_token);
        let stadion = stadion.map_err(|error| Failure::failed(error.to_string()))?;
        let player = Player::join(&stadion, game, Play::Code(text(ready, "code").to_owned())).await?;
        play::to_the_end(player, game, self.args.lines, self.out).await?;
        let result = tokio::time::timeout(RESULT_WITHIN, self.result(text(ready, "match"), events)).await;
        let Ok(result) = result else {
            self.out.note("the server has not told the result yet; `stadion leaderboard` will show it");
            return Ok(());
        };
        self.tell(&result?);
        Ok(())
    }

    async fn result(&self, of: &str, events: &mut Events) -> Outcome<Value> {
        loop {
            let event = events.next_json().await?;
            if text(&event, "kind") == "result" && text(&event, "match") == of {
                return Ok(event);
            }
        }
    }

    fn tell(&self, result: &Value) {
        self.out.value(result);
        for line in told(result) {
            self.out.line(line);
        }
    }

    async fn give_up(&self, ticket: Option<&str>) -> Outcome {
        match ticket {
            Some(ticket) => self.api.cancel(ticket).await?,
            None => drop(self.api.set_ready(false).await?),
        }
        self.out.value(&json!({"kind": "given-up"}));
        self.out.note("the search is over");
        Ok(())
    }
}

/// A result for people.
fn told(result: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(rank) = result["rank"].as_u64() {
        lines.push(format!("place {rank}"));
    }
    if let (Some(before), Some(after)) = (result["rating"]["before"].as_i64(), result["rating"]["after"].as_i64()) {
        lines.push(format!(
            "rating in {}: {before} -> {after} ({:+})",
            text(&result["rating"], "queue"),
            after - before
        ));
    }
    lines
}

fn text<'a>(event: &'a Value, key: &str) -> &'a str {
    event[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_tells_the_place_and_what_became_of_the_rating() {
        let result = json!({"rank": 1, "rating": {"queue": "duel", "before": 1500, "after": 1612}});
        assert_eq!(told(&result), ["place 1", "rating in duel: 1500 -> 1612 (+112)"]);
        assert!(told(&json!({"kind": "result"})).is_empty());
    }
}
