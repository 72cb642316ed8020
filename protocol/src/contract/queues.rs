//! The queues of a game, as its settings declare them: `queue.NAME.KEY`, in `stadion.toml` a table `[queues.NAME]`.
//!
//! | key | value | without it |
//! |---|---|---|
//! | `teams` | sides of a match, 2 to 64; in a free-for-all one for each player | 2 |
//! | `team-size` | players of a side, 1 to 32 | 1 |
//! | `skill-window` | how far the level of a match may lie from a player's rating at first, points | first come, first served |
//! | `skill-widen` | points by which that grows with each second of waiting | 10 |
//! | `skill-most` | points past which it does not grow | it grows on |
//! | `latency-most` | the longest round trip to a region, milliseconds, at first | no matter |
//! | `latency-widen` | milliseconds by which that grows with each second of waiting | 5 |
//! | `ready-seconds` | how long players have to confirm a match, up to 120; `0`: they need not | 20 |
//! | `backfill` | `yes`: seats that fall free in a running match are filled | `no` |
//! | `rated` | `no`: results change no rating | `yes` |

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::settings::InvalidSetting;

/// Queues of one game at most: each is stepped by itself.
pub const MAX_QUEUES: usize = 16;

/// What queue settings begin with.
const PREFIX: &str = "queue.";

/// The name of a queue, unique within its game: 1 to 32 characters of `a-z 0-9 -`, a letter first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueueName(String);

/// A text that is no name of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a queue's name is 1 to 32 characters of a-z, 0-9 and -, a letter first")]
pub struct InvalidQueueName;

impl QueueName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for QueueName {
    type Err = InvalidQueueName;

    fn from_str(text: &str) -> Result<QueueName, InvalidQueueName> {
        let fits = (1..=32).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits { Ok(QueueName(text.to_owned())) } else { Err(InvalidQueueName) }
    }
}

impl TryFrom<String> for QueueName {
    type Error = InvalidQueueName;

    fn try_from(text: String) -> Result<QueueName, InvalidQueueName> {
        text.parse()
    }
}

impl From<QueueName> for String {
    fn from(name: QueueName) -> String {
        name.0
    }
}

/// A number that grows with waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideningWindow {
    /// At first.
    pub start: u32,
    /// More with each second of waiting.
    pub widen_per_s: u32,
    /// Never more than this.
    pub most: u32,
}

impl WideningWindow {
    /// After this long.
    pub fn after(&self, waited: Duration) -> u32 {
        let more =
            u64::from(self.widen_per_s).saturating_mul(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX)) / 1000;
        let wide = u64::from(self.start).saturating_add(more).min(u64::from(self.most));
        u32::try_from(wide).unwrap_or(u32::MAX)
    }
}

/// How a queue makes matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueRules {
    /// Sides of a match.
    pub teams: u16,
    /// Players of a side.
    pub team_size: u16,
    /// How far the level of a match may lie from the ratings of its players, points; `None`: first come, first served.
    pub skill: Option<WideningWindow>,
    /// How far a region may be from its players, milliseconds of round trip; `None`: no matter.
    pub latency: Option<WideningWindow>,
    /// How long players have to confirm a match; `None`: they need not.
    pub ready_check: Option<Duration>,
    /// Whether seats that fall free in running matches are filled.
    pub backfill: bool,
    /// Whether results change ratings.
    pub rated: bool,
}

impl Default for QueueRules {
    fn default() -> QueueRules {
        QueueRules {
            teams: 2,
            team_size: 1,
            skill: None,
            latency: None,
            ready_check: Some(Duration::from_secs(20)),
            backfill: false,
            rated: true,
        }
    }
}

impl QueueRules {
    /// Players of the largest party that fits: a team; in a free-for-all, where each plays for itself, a whole match.
    pub fn party_size(&self) -> u16 {
        if self.team_size == 1 { self.teams } else { self.team_size }
    }

    /// Players of a match.
    pub fn players(&self) -> u16 {
        self.teams * self.team_size
    }
}

/// Whether a setting is one of a queue.
pub(super) fn is_of_queue(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// The queues that settings declare. Other settings are passed over.
pub fn queues_of<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<BTreeMap<QueueName, QueueRules>, InvalidSetting> {
    let mut drafts: BTreeMap<QueueName, Draft> = BTreeMap::new();
    for (key, value) in pairs {
        let Some(rest) = key.strip_prefix(PREFIX) else { continue };
        let invalid = |problem: String| InvalidSetting { key: key.to_owned(), problem };
        let (name, of) = rest.split_once('.').ok_or_else(|| invalid("write it as queue.NAME.KEY".to_owned()))?;
        let name: QueueName = name.parse().map_err(|error: InvalidQueueName| invalid(error.to_string()))?;
        if drafts.len() >= MAX_QUEUES && !drafts.contains_key(&name) {
            return Err(invalid(format!("a game has {MAX_QUEUES} queues at most")));
        }
        drafts.entry(name).or_default().set(of, value).map_err(invalid)?;
    }
    Ok(drafts.into_iter().map(|(name, draft)| (name, draft.rules())).collect())
}

/// Rules as far as they were read.
#[derive(Default)]
struct Draft {
    rules: QueueRules,
    skill: [Option<u32>; 3],
    latency: [Option<u32>; 2],
}

impl Draft {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let number = |least: u32, most: u32| {
            let fits = |n: &u32| (least..=most).contains(n);
            value
                .parse()
                .ok()
                .filter(fits)
                .ok_or_else(|| format!("{value:?} is not a whole number from {least} to {most}"))
        };
        let small = |least: u32, most: u32| number(least, most).map(|n| u16::try_from(n).unwrap_or(u16::MAX));
        let yes = || match value {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(format!("{value:?} is not one of yes, no")),
        };
        match key {
            "teams" => self.rules.teams = small(2, 64)?,
            "team-size" => self.rules.team_size = small(1, 32)?,
            "skill-window" => self.skill[0] = Some(number(1, 1_000_000)?),
            "skill-widen" => self.skill[1] = Some(number(0, 1_000_000)?),
            "skill-most" => self.skill[2] = Some(number(1, 1_000_000)?),
            "latency-most" => self.latency[0] = Some(number(1, 10_000)?),
            "latency-widen" => self.latency[1] = Some(number(0, 10_000)?),
            "ready-seconds" => {
                let seconds = number(0, 120)?;
                self.rules.ready_check = (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)));
            }
            "backfill" => self.rules.backfill = yes()?,
            "rated" => self.rules.rated = yes()?,
            _ => {
                return Err(
                    "unknown; a queue has teams, team-size, skill-window, skill-widen, skill-most, latency-most, \
                            latency-widen, ready-seconds, backfill, rated"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    fn rules(self) -> QueueRules {
        let [start, widen, most] = self.skill;
        let skill = start.map(|start| WideningWindow {
            start,
            widen_per_s: widen.unwrap_or(10),
            most: most.unwrap_or(u32::MAX).max(start),
        });
        let [start, widen] = self.latency;
        let latency = start.map(|start| WideningWindow { start, widen_per_s: widen.unwrap_or(5), most: u32::MAX });
        QueueRules { skill, latency, ..self.rules }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::MatchSettings;

    #[test]
    fn queues_are_declared_beside_other_settings() {
        let pairs = [
            ("reconnect-seconds", "60"),
            ("queue.duel.skill-window", "100"),
            ("queue.teams.teams", "2"),
            ("queue.teams.team-size", "5"),
            ("queue.teams.ready-seconds", "0"),
            ("queue.teams.rated", "no"),
        ];
        let queues = queues_of(pairs).unwrap();
        let names: Vec<_> = queues.keys().map(QueueName::as_str).collect();
        assert_eq!(names, ["duel", "teams"]);
        let duel = &queues[&"duel".parse().unwrap()];
        let window = duel.skill.unwrap();
        assert_eq!((duel.players(), window.after(Duration::ZERO), window.after(Duration::from_secs(9))), (2, 100, 190));
        let teams = &queues[&"teams".parse().unwrap()];
        assert_eq!((teams.players(), teams.ready_check, teams.rated), (10, None, false));
        assert_eq!(MatchSettings::from_pairs(pairs).unwrap().lifetimes.reconnect, Duration::from_secs(60));
    }

    #[test]
    fn a_window_stops_at_its_most() {
        let window = WideningWindow { start: 100, widen_per_s: 10, most: 150 };
        assert_eq!([0, 3, 5, 500].map(|s| window.after(Duration::from_secs(s))), [100, 130, 150, 150]);
    }

    #[test]
    fn what_is_no_queue_is_refused_with_what_would_be() {
        for (key, value) in [
            ("queue.duel", "2"),
            ("queue.Duel.teams", "2"),
            ("queue.duel.team", "2"),
            ("queue.duel.teams", "1"),
            ("queue.duel.rated", "true"),
            ("queue.duel.ready-seconds", "soon"),
        ] {
            assert!(MatchSettings::from_pairs([(key, value)]).is_err(), "{key} = {value}");
        }
        let names: Vec<String> = (0..=MAX_QUEUES).map(|n| format!("queue.q{n}.teams")).collect();
        assert!(queues_of(names.iter().map(|name| (name.as_str(), "2"))).is_err());
    }
}
