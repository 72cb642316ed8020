//! `stadion channels`: which versions of a game are played and by whom, what was played before, and changing that.

use clap::Args;
use serde_json::{Map, Value, json};

use super::versions::find;
use super::{Context, ask, block_on};
use crate::api::{Api, Channel};
use crate::failure::{Failure, Outcome};

/// Lists the channels of a game, shows one with its history, or changes it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion channels hello                               which version each points at
  stadion channels hello canary                        one, and what was done to it
  stadion channels hello canary --percent 25           to a quarter of the players
  stadion channels hello beta --version 9f86d081 --player p-5f1c0ad2b6e94c1d01020304
  stadion channels hello beta --open                   everybody may ask for it
  stadion channels hello beta --set reconnect-seconds=120
  stadion channels hello beta --remove

`stable` is played by everybody; `canary` by a share of the players; others by those who ask for them and may.
A player gets the same version each time. Matches that run finish on theirs.")]
pub(crate) struct Channels {
    /// The game.
    game: String,
    /// Show or change this channel.
    channel: Option<String>,
    /// Have it point at this version: its id, or its first digits.
    #[arg(long, requires = "channel")]
    version: Option<String>,
    /// Of `canary`: to how many of a hundred players it is given.
    #[arg(long, requires = "channel", value_parser = clap::value_parser!(u8).range(0..=100))]
    percent: Option<u8>,
    /// Everybody may ask for it.
    #[arg(long, requires = "channel", conflicts_with = "closed")]
    open: bool,
    /// Only the owner and named players may ask for it.
    #[arg(long, requires = "channel")]
    closed: bool,
    /// A player who may ask for it, by account id; in place of those named before. Repeat for more.
    #[arg(long = "player", requires = "channel", value_name = "ID")]
    players: Vec<String>,
    /// A setting of its matches, over the version's; in place of those set before. Repeat for more.
    #[arg(long = "set", requires = "channel", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Take its settings and named players back.
    #[arg(long, requires = "channel", conflicts_with_all = ["settings", "players"])]
    clear: bool,
    /// Take the channel away.
    #[arg(long, requires = "channel", conflicts_with_all = ["version", "percent", "open", "closed", "players", "settings", "clear"])]
    remove: bool,
}

pub(crate) fn run(args: &Channels, context: &Context) -> Outcome {
    let api = context.api()?;
    let Some(name) = &args.channel else {
        let channels = ask(api.channels(&args.game))?;
        return show(&channels, context);
    };
    if args.remove {
        ask(api.remove_channel(&args.game, name))?;
        context.out.note(format!("{} has no channel {name} any more", args.game));
        return Ok(());
    }
    let change = block_on(change(args, &api))?;
    if change.is_empty() {
        return show_one(&api, args, name, context);
    }
    let channel = ask(api.set_channel(&args.game, name, &Value::Object(change)))?;
    show(&[channel], context)
}

/// What the command line asks to change.
async fn change(args: &Channels, api: &Api) -> Outcome<Map<String, Value>> {
    let mut change = Map::new();
    if let Some(wanted) = &args.version {
        let versions = api.versions(&args.game).await?;
        change.insert("version".to_owned(), find(&versions, wanted)?.version.clone().into());
    }
    if let Some(percent) = args.percent {
        change.insert("percent".to_owned(), percent.into());
    }
    if args.open || args.closed {
        change.insert("open".to_owned(), args.open.into());
    }
    if !args.players.is_empty() || args.clear {
        change.insert("players".to_owned(), json!(args.players));
    }
    if !args.settings.is_empty() || args.clear {
        change.insert("settings".to_owned(), settings(&args.settings)?.into());
    }
    Ok(change)
}

fn settings(pairs: &[String]) -> Outcome<Map<String, Value>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), Value::from(value))),
        None => {
            Err(Failure::usage(format!("{text:?} is not KEY=VALUE")).fix("for example --set reconnect-seconds=120"))
        }
    };
    pairs.iter().map(pair).collect()
}

fn show_one(api: &Api, args: &Channels, name: &str, context: &Context) -> Outcome {
    let mut channels = ask(api.channels(&args.game))?;
    channels.retain(|channel| channel.name == name);
    if channels.is_empty() {
        let failure = Failure::not_found(format!("{} has no channel {name}", args.game));
        return Err(failure.fix(format!("`stadion publish --channel {name}` makes it")));
    }
    let history = ask(api.channel_history(&args.game, name))?;
    if context.out.is_json() {
        let one = channels.pop();
        context.out.value(&json!({"channel": one, "history": history}));
        return Ok(());
    }
    show(&channels, context)?;
    let rows: Vec<[String; 4]> = history
        .into_iter()
        .map(|change| [change.at, change.action, short(change.version.as_deref()), change.by.unwrap_or_default()])
        .collect();
    context.out.line("");
    context.out.table(["WHEN", "WHAT", "VERSION", "BY"], &rows);
    Ok(())
}

/// Channels as a table.
pub(super) fn show(channels: &[Channel], context: &Context) -> Outcome {
    channels.iter().for_each(|channel| context.out.value(channel));
    if channels.is_empty() {
        context.out.note("no channel yet; `stadion publish` makes `stable`");
        return Ok(());
    }
    let rows: Vec<[String; 4]> = channels
        .iter()
        .map(|channel| {
            [channel.name.clone(), short(channel.version.as_deref()), audience(channel), channel.changed_at.clone()]
        })
        .collect();
    context.out.table(["CHANNEL", "VERSION", "FOR", "CHANGED"], &rows);
    Ok(())
}

fn audience(channel: &Channel) -> String {
    match (channel.name.as_str(), channel.open) {
        ("stable", _) => "everybody".to_owned(),
        ("canary", _) => format!("{} % of the players", channel.percent),
        (_, true) => "whoever asks for it".to_owned(),
        (_, false) => format!("its owner and {} players", channel.players.len()),
    }
}

fn short(version: Option<&str>) -> String {
    version.map_or_else(|| "-".to_owned(), |version| version.chars().take(8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_pairs() {
        let read = settings(&["a=1".to_owned(), "b=x=y".to_owned()]).unwrap();
        assert_eq!(Value::Object(read), json!({"a": "1", "b": "x=y"}));
        assert!(settings(&["a".to_owned()]).unwrap_err().fix.is_some());
    }

    #[test]
    fn it_is_said_whom_a_channel_is_for() {
        let channel = |name: &str, open| Channel {
            name: name.to_owned(),
            version: None,
            percent: 10,
            open,
            players: vec!["p-1".to_owned()],
            settings: std::collections::BTreeMap::new(),
            parameters: String::new(),
            changed_at: String::new(),
        };
        let said = [("stable", true), ("canary", false), ("beta", true), ("beta", false)];
        let said = said.map(|(name, open)| audience(&channel(name, open)));
        assert_eq!(said, ["everybody", "10 % of the players", "whoever asks for it", "its owner and 1 players"]);
    }
}
