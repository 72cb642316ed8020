//! What operators and authors may change about a match without a rebuild.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::queues::{is_of_queue, queues_of};

/// What a match survives before anything is released to players.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// Nothing is kept: commits at once.
    None,
    /// Written: survives the end of the process.
    #[default]
    Process,
    /// Synced: survives loss of power.
    Disk,
    /// Accepted by a follower: survives loss of the machine.
    Fleet,
}

/// What happens when a step traps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrapPolicy {
    /// The match ends as failed.
    #[default]
    End,
    /// The match is rebuilt by replay without the event that trapped, once.
    SkipOnce,
}

/// What a match does while its journal cannot be written: the disk is full, the follower is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFailure {
    /// It stands still until the journal can be written again: nothing that was promised is lost.
    #[default]
    Stall,
    /// It plays on as if its durability were `none`, and its journal ends there.
    Degrade,
}

/// How long things last. Zero never means "at once"; where it means "for ever" that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// A reserved seat waits this long for its first connection.
    pub claim: Duration,
    /// A lost player's seat is kept this long.
    pub reconnect: Duration,
    /// A match without a connected player lives this long; zero: for ever.
    pub empty: Duration,
    /// After `finish`: how long connections stay for the last messages to be acknowledged.
    pub linger: Duration,
    /// The longest match; zero: for ever.
    pub longest: Duration,
}

impl Default for Lifetimes {
    fn default() -> Lifetimes {
        Lifetimes {
            claim: Duration::from_secs(15),
            reconnect: Duration::from_secs(30),
            empty: Duration::from_secs(60),
            linger: Duration::from_secs(10),
            longest: Duration::from_secs(4 * 3600),
        }
    }
}

/// How a match that ticks at its rate passes the time in which it is out of memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RateAsleep {
    /// It does not leave memory while it ticks: it computes with nobody there.
    #[default]
    Never,
    /// The first tick after it says how many periods were skipped.
    Skipped,
    /// The ticks are made up for when it comes back, without events; more than a bound of them are skipped.
    Ticks,
}

/// When a match without connected players leaves memory. A player, its time or its owner brings it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hibernation {
    /// So long after a player was last connected; zero: never.
    pub after: Duration,
    /// See [`RateAsleep`]. A match without a rate, or one that asked to be woken later, needs no leave.
    pub rate: RateAsleep,
}

impl Default for Hibernation {
    fn default() -> Hibernation {
        Hibernation { after: Duration::from_secs(10), rate: RateAsleep::default() }
    }
}

/// Who may watch a match without a seat in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watchers {
    /// Nobody: its game has nothing to show to them.
    #[default]
    Off,
    /// Friends of its players.
    Friends,
    /// Whoever knows of it.
    Allowed,
}

/// Who may watch a match, and how late they see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spectators {
    /// See [`Watchers`].
    pub who: Watchers,
    /// What they are sent leaves so much later, so that nobody tells a player what the others hold.
    pub delay: Duration,
}

/// Settings in force for a whole match; journaled with its setup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchSettings {
    /// See [`Durability`].
    pub durability: Durability,
    /// See [`TrapPolicy`].
    pub trap: TrapPolicy,
    /// See [`LogFailure`].
    #[serde(default)]
    pub on_log_failure: LogFailure,
    /// See [`Lifetimes`].
    pub lifetimes: Lifetimes,
    /// See [`Hibernation`].
    #[serde(default)]
    pub hibernation: Hibernation,
    /// See [`Spectators`].
    #[serde(default)]
    pub spectators: Spectators,
    /// Seats that are free so long after the start are offered to the bot runners of the game's owner; zero: never.
    #[serde(default)]
    pub bots_after: Duration,
}

/// Which numbers of seconds are accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Range {
    /// Those that a new match may have.
    Held,
    /// All.
    Any,
}

/// A setting that is unknown or has a value out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("setting {key:?}: {problem}")]
pub struct InvalidSetting {
    /// Which.
    pub key: String,
    /// What is wrong and what is accepted.
    pub problem: String,
}

impl MatchSettings {
    /// The keys that [`MatchSettings::from_pairs`] knows.
    pub const KEYS: [&'static str; 13] = [
        "durability",
        "trap-policy",
        "on-log-failure",
        "claim-seconds",
        "reconnect-seconds",
        "empty-seconds",
        "linger-seconds",
        "longest-seconds",
        "hibernate-seconds",
        "hibernate-rate",
        "spectators",
        "spectators-delay-seconds",
        "bots-seconds",
    ];

    /// Reads settings as `describe` and `stadion.toml` give them, over the defaults. Unknown keys are refused. Those of
    /// queues are checked and say nothing about a match: [`super::queues_of`] reads them.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<MatchSettings, InvalidSetting> {
        let (of_queues, of_matches): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| is_of_queue(key));
        queues_of(of_queues)?;
        let mut settings = MatchSettings::default();
        for (key, value) in of_matches {
            settings.set(key, value, Range::Held)?;
        }
        Ok(settings)
    }

    /// Settings that were in force already, as [`MatchSettings::to_pairs`] writes them: whatever range they were accepted
    /// by then, they are what they are.
    pub fn from_recorded_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<MatchSettings, InvalidSetting> {
        let mut settings = MatchSettings::default();
        for (key, value) in pairs {
            settings.set(key, value, Range::Any)?;
        }
        Ok(settings)
    }

    /// The settings that differ from the defaults, as [`MatchSettings::from_pairs`] and
    /// [`MatchSettings::from_recorded_pairs`] read them.
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let MatchSettings { durability, trap, on_log_failure, lifetimes, hibernation, spectators, bots_after } = *self;
        let Lifetimes { claim, reconnect, empty, linger, longest } = lifetimes;
        let usual = MatchSettings::default();
        let durability = (durability != usual.durability).then_some(match durability {
            Durability::None => "none",
            Durability::Process => "process",
            Durability::Disk => "disk",
            Durability::Fleet => "fleet",
        });
        let trap = (trap != usual.trap).then_some(match trap {
            TrapPolicy::End => "end",
            TrapPolicy::SkipOnce => "skip-once",
        });
        let on_log_failure = (on_log_failure != usual.on_log_failure).then_some(match on_log_failure {
            LogFailure::Stall => "stall",
            LogFailure::Degrade => "degrade",
        });
        let rate = (hibernation.rate != usual.hibernation.rate).then_some(match hibernation.rate {
            RateAsleep::Never => "never",
            RateAsleep::Skipped => "skipped",
            RateAsleep::Ticks => "ticks",
        });
        let watchers = (spectators.who != usual.spectators.who).then_some(match spectators.who {
            Watchers::Off => "off",
            Watchers::Friends => "friends",
            Watchers::Allowed => "allowed",
        });
        let (asleep_after, delay, bots) = (usual.hibernation.after, usual.spectators.delay, usual.bots_after);
        let word = |key, value: Option<&str>| value.map(|value| (key, value.to_owned()));
        let seconds =
            |key, value: Duration, usual: Duration| (value != usual).then(|| (key, value.as_secs().to_string()));
        let usual = usual.lifetimes;
        [
            word("durability", durability),
            word("trap-policy", trap),
            word("on-log-failure", on_log_failure),
            seconds("claim-seconds", claim, usual.claim),
            seconds("reconnect-seconds", reconnect, usual.reconnect),
            seconds("empty-seconds", empty, usual.empty),
            seconds("linger-seconds", linger, usual.linger),
            seconds("longest-seconds", longest, usual.longest),
            seconds("hibernate-seconds", hibernation.after, asleep_after),
            word("hibernate-rate", rate),
            word("spectators", watchers),
            seconds("spectators-delay-seconds", spectators.delay, delay),
            seconds("bots-seconds", bots_after, bots),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn set(&mut self, key: &str, value: &str, range: Range) -> Result<(), InvalidSetting> {
        let invalid = |problem: String| InvalidSetting { key: key.to_owned(), problem };
        let seconds = |accepted: std::ops::RangeInclusive<u64>| {
            let fits = |n: &u64| range == Range::Any || accepted.contains(n);
            value.parse().ok().filter(fits).map(Duration::from_secs).ok_or_else(|| {
                invalid(format!(
                    "{value:?} is not a whole number of seconds from {} to {}",
                    accepted.start(),
                    accepted.end()
                ))
            })
        };
        match key {
            "durability" => {
                self.durability = match value {
                    "none" => Durability::None,
                    "process" => Durability::Process,
                    "disk" => Durability::Disk,
                    "fleet" => Durability::Fleet,
                    _ => return Err(invalid(format!("{value:?} is not one of none, process, disk, fleet"))),
                }
            }
            "trap-policy" => {
                self.trap = match value {
                    "end" => TrapPolicy::End,
                    "skip-once" => TrapPolicy::SkipOnce,
                    _ => return Err(invalid(format!("{value:?} is not one of end, skip-once"))),
                }
            }
            "on-log-failure" => {
                self.on_log_failure = match value {
                    "stall" => LogFailure::Stall,
                    "degrade" => LogFailure::Degrade,
                    _ => return Err(invalid(format!("{value:?} is not one of stall, degrade"))),
                }
            }
            "claim-seconds" => self.lifetimes.claim = seconds(1..=3600)?,
            "reconnect-seconds" => self.lifetimes.reconnect = seconds(1..=31_536_000)?,
            "empty-seconds" => self.lifetimes.empty = seconds(0..=31_536_000)?,
            "linger-seconds" => self.lifetimes.linger = seconds(1..=60)?,
            "longest-seconds" => self.lifetimes.longest = seconds(0..=31_536_000)?,
            "hibernate-seconds" => self.hibernation.after = seconds(0..=604_800)?,
            "hibernate-rate" => {
                self.hibernation.rate = match value {
                    "never" => RateAsleep::Never,
                    "skipped" => RateAsleep::Skipped,
                    "ticks" => RateAsleep::Ticks,
                    _ => return Err(invalid(format!("{value:?} is not one of never, skipped, ticks"))),
                }
            }
            "spectators" => {
                self.spectators.who = match value {
                    "off" => Watchers::Off,
                    "friends" => Watchers::Friends,
                    "allowed" => Watchers::Allowed,
                    _ => return Err(invalid(format!("{value:?} is not one of off, friends, allowed"))),
                }
            }
            "spectators-delay-seconds" => self.spectators.delay = seconds(0..=300)?,
            "bots-seconds" => self.bots_after = seconds(0..=3600)?,
            _ => return Err(invalid(format!("unknown; known are {} and queue.NAME.KEY", Self::KEYS.join(", ")))),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_over_the_defaults() {
        let settings = MatchSettings::from_pairs([("reconnect-seconds", "60"), ("durability", "none")]).unwrap();
        assert_eq!(settings.lifetimes.reconnect, Duration::from_secs(60));
        assert_eq!(settings.lifetimes.claim, Duration::from_secs(15));
        assert_eq!(settings.durability, Durability::None);
    }

    #[test]
    fn settings_are_written_as_they_are_read() {
        assert!(MatchSettings::default().to_pairs().is_empty());
        let pairs = [
            ("durability", "disk"),
            ("trap-policy", "skip-once"),
            ("on-log-failure", "degrade"),
            ("claim-seconds", "1"),
            ("reconnect-seconds", "2"),
            ("empty-seconds", "3"),
            ("linger-seconds", "4"),
            ("longest-seconds", "5"),
            ("hibernate-seconds", "6"),
            ("hibernate-rate", "ticks"),
            ("spectators", "friends"),
            ("spectators-delay-seconds", "7"),
            ("bots-seconds", "8"),
        ];
        assert_eq!(pairs.map(|(key, _)| key), MatchSettings::KEYS);
        let written = MatchSettings::from_pairs(pairs).unwrap().to_pairs();
        assert_eq!(written, pairs.map(|(key, value)| (key, value.to_owned())));
    }

    #[test]
    fn what_was_recorded_is_read_whatever_is_accepted_today() {
        let wild = [("claim-seconds", "0"), ("linger-seconds", "3600")];
        assert!(MatchSettings::from_pairs(wild).is_err());
        let settings = MatchSettings::from_recorded_pairs(wild).unwrap();
        assert_eq!(settings.to_pairs(), wild.map(|(key, value)| (key, value.to_owned())));
        assert!(MatchSettings::from_recorded_pairs([("linger-seconds", "long")]).is_err());
    }

    #[test]
    fn unknown_keys_and_wild_values_are_refused_by_name() {
        for (key, value) in
            [("reconect-seconds", "60"), ("claim-seconds", "0"), ("claim-seconds", "soon"), ("durability", "ssd")]
        {
            let error = MatchSettings::from_pairs([(key, value)]).unwrap_err();
            assert_eq!(error.key, key, "{error}");
        }
    }
}
