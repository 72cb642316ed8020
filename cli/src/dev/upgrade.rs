//! Bringing running matches to a new version, and what to do about those that would have been played otherwise.

use serde_json::json;
use stadion_schema::Schema;

use super::differing::{self, Schemas};
use super::say;
use crate::api::{Api, Difference, MatchInfo};
use crate::failure::Failure;
use crate::output::Output;

/// What becomes of a match whose ticks the new version would have played otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Choice {
    /// It is asked, and a key decides about every match that waits.
    Ask,
    /// It stays on the old version.
    Keep,
    /// It starts afresh on the new one, with the same players.
    Restart,
    /// It is saved on the old version and loaded on the new one.
    Carry,
    /// It goes on in the new one, as if that had been played all along.
    Accept,
}

impl Choice {
    /// Of a key that is pressed, when it was asked.
    pub(super) fn of_key(key: char) -> Option<Choice> {
        match key {
            'k' => Some(Choice::Keep),
            'r' => Some(Choice::Restart),
            'c' => Some(Choice::Carry),
            'a' => Some(Choice::Accept),
            _ => None,
        }
    }

    /// As the server is told; `None`: it is told nothing.
    fn body(self, version: &str) -> Option<serde_json::Value> {
        match self {
            Choice::Ask | Choice::Keep => None,
            Choice::Restart => Some(json!({"version": version, "how": "restart"})),
            Choice::Carry => Some(json!({"version": version, "how": "carry"})),
            Choice::Accept => Some(json!({"version": version, "how": "replay", "on_difference": "accept"})),
        }
    }
}

/// A new version that matches are brought to.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) api: &'a Api,
    pub(super) out: Output,
    pub(super) version: &'a str,
    /// Reads what differs.
    pub(super) schema: Option<&'a Schema>,
}

/// A match that waits for a decision.
#[derive(Debug)]
pub(super) struct Undecided {
    pub(super) info: MatchInfo,
    /// The version that it may come to.
    pub(super) version: String,
}

/// What became of a match that was decided about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// It plays on in the new version, for which so many ticks were played again.
    Moved(u64),
    /// It stays on the old one.
    Kept,
    /// It could not be done, which was said; it stays where it is.
    Failed,
}

/// What became of the matches of a round.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Those that play on in the new version.
    pub(super) moved: u32,
    /// Ticks that were played again for that.
    pub(super) ticks: u64,
    /// Those that stay on an old one.
    pub(super) kept: u32,
    /// Those that somebody is asked about.
    pub(super) undecided: Vec<Undecided>,
}

impl Target<'_> {
    /// Brings every match to this version.
    pub(super) async fn bring(&self, matches: Vec<MatchInfo>, choice: Choice) -> Tally {
        let mut tally = Tally::default();
        for info in matches.into_iter().filter(|info| info.version != self.version) {
            self.bring_one(info, choice, &mut tally).await;
        }
        tally
    }

    async fn bring_one(&self, info: MatchInfo, choice: Choice, tally: &mut Tally) {
        let replay = json!({"version": self.version, "how": "replay", "on_difference": "keep"});
        let difference = match self.api.upgrade(&info.id, &replay).await.map_err(Failure::from) {
            Ok(upgraded) if upgraded.outcome == "moved" => {
                tally.moved += 1;
                tally.ticks += upgraded.ticks_replayed;
                say::moved(&info, &upgraded, self.out);
                return;
            }
            Ok(upgraded) => upgraded.difference,
            Err(failure) => {
                // It cannot be replayed: other seats, another rate, ticks that are not kept. The choice still counts.
                say::not_moved(&info, &failure, self.out);
                None
            }
        };
        if let Some(difference) = &difference {
            self.show(&info, difference).await;
        }
        if choice == Choice::Ask {
            say::asked(&info, self.out);
            tally.undecided.push(Undecided { info, version: self.version.to_owned() });
        } else if let Decided::Moved(ticks) = self.decide(&info, choice).await {
            tally.moved += 1;
            tally.ticks += ticks;
        } else {
            tally.kept += 1;
        }
    }

    /// Does what was chosen.
    pub(super) async fn decide(&self, info: &MatchInfo, choice: Choice) -> Decided {
        let Some(body) = choice.body(self.version) else {
            say::kept(info, self.out);
            return Decided::Kept;
        };
        match self.api.upgrade(&info.id, &body).await.map_err(Failure::from) {
            Ok(upgraded) => {
                say::moved(info, &upgraded, self.out);
                say::how_it_moved(info, choice, &upgraded, self.out);
                Decided::Moved(upgraded.ticks_replayed)
            }
            Err(failure) => {
                say::not_moved(info, &failure, self.out);
                Decided::Failed
            }
        }
    }

    /// Does what somebody pressed a key for; what cannot be done is asked again, as long as the match runs.
    pub(super) async fn answer(&self, undecided: Undecided, choice: Choice) -> Option<Undecided> {
        let info = &undecided.info;
        let failed = self.decide(info, choice).await == Decided::Failed;
        if !failed || self.api.one_match(&info.id).await.is_ok_and(|now| now.end.is_some()) {
            return None;
        }
        say::asked(info, self.out);
        Some(undecided)
    }

    async fn show(&self, info: &MatchInfo, difference: &Difference) {
        // What cannot be had or read is shown as bytes.
        let old = self.api.schema(&info.game, &info.version).await.ok().flatten();
        let old = old.and_then(|schema| Schema::parse(&schema).ok());
        let lines = differing::lines(difference, Schemas { old: old.as_ref(), new: self.schema });
        self.out.value(&json!({
            "event": "differs", "match": info.id, "tick": difference.tick, "what": difference.what, "shown": lines,
        }));
        self.out.line(format!("{:<10} differs at tick {}: {}", say::name(info), difference.tick, difference.what));
        for line in lines {
            self.out.line(line);
        }
    }
}

/// Of a key that means nothing here.
pub(super) fn no_such_key(key: char) -> Failure {
    Failure::usage(format!("{key:?} is not one of k keep, r restart, c carry over, a accept"))
}
