//! The command line as a whole: what every command shares, and the list of commands.

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    account, bench, bot, build, channels, completions, dev, events, fork, friends, games, history, keys, leaderboard,
    logs, matches, new, party, play, promote, publish, quarantine, quotas, rematch, replay, report, rollback, search,
    serve, storage, types, usage, versions, watch, webhooks,
};
use crate::output::{Format, Output};

/// Hosts multiplayer games whose server side is one WebAssembly component.
#[derive(Debug, Parser)]
#[command(name = "stadion", version, after_help = AFTER_HELP, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The examples, then what scripts need to know.
const AFTER_HELP: &str = "\
Examples:
  stadion serve                          a whole server on this machine
  stadion new hello && cd hello          a new game, ready to build
  stadion dev                            play it while you write it
  stadion publish . && stadion play hello
  stadion search bomberman duel          a match among one's like
  stadion bot bomberman --players 2      two programs play a match to its end

Exit codes:
  0  done
  1  failed
  2  the command line, or a file that it names, does not read
  3  not found: game, match, file, program
  4  refused by the server: key, permission, upload, limit
  5  the server does not answer
  6  a replay differs from its journal, or two matches or builds from one another";

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Answer in JSON, one value a line, on stdout alone.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The server [default: the one `stadion serve` started last, else http://127.0.0.1:7878].
    #[arg(long, global = true, env = "STADION_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// A developer key or an access token [default: that of the server `stadion serve` started last].
    #[arg(long, global = true, env = "STADION_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// Trust the authorities in this file (PEM) beside the system's: for a server with a certificate of one's own.
    #[arg(long, global = true, env = "STADION_CA", value_name = "FILE")]
    pub(crate) ca: Option<std::path::PathBuf>,
}

impl Global {
    /// Who reads the answers.
    pub(crate) fn output(&self) -> Output {
        Output::new(if self.json { Format::Json } else { Format::Human })
    }
}

/// Every command; each is a module of `commands`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Box<serve::Serve>),
    New(new::New),
    Dev(dev::Dev),
    Build(build::Build),
    Publish(publish::Publish),
    Versions(versions::Versions),
    Channels(channels::Channels),
    Promote(promote::Promote),
    Rollback(rollback::Rollback),
    Quarantine(quarantine::Quarantine),
    Quotas(quotas::Quotas),
    Games(games::Games),
    Keys(keys::Keys),
    Matches(matches::Matches),
    Events(events::EventsArgs),
    History(history::History),
    Rematch(rematch::Rematch),
    Report(report::ReportArgs),
    Reports(report::Reports),
    Logs(logs::Logs),
    Usage(usage::UsageOf),
    Webhooks(webhooks::Webhooks),
    Play(play::Play),
    Watch(watch::Watch),
    Account(account::AccountArgs),
    Party(party::PartyArgs),
    Search(search::Search),
    Friends(friends::Friends),
    Leaderboard(leaderboard::Leaderboard),
    Storage(storage::Storage),
    Bot(bot::Bot),
    Replay(replay::Replay),
    Fork(fork::Fork),
    Types(types::Types),
    Bench(bench::Bench),
    Completions(completions::Completions),
    /// Reads an upload from stdin, writes what it compiled to: started by the server, in a cage.
    #[command(hide = true)]
    CompileChild,
    /// Runs a match that may have ended the server's process: started by the server.
    #[command(hide = true)]
    TrialChild,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;
    use crate::failure::Kind;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        let mut cli = Cli::command();
        cli.build();
        assert!(cli.render_long_help().to_string().contains("Examples:"));
        for command in
            cli.get_subcommands_mut().filter(|command| !command.is_hide_set() && command.get_name() != "help")
        {
            let (name, help) = (command.get_name().to_owned(), command.render_long_help().to_string());
            let (_, examples) = help.split_once("Examples:").unwrap_or_else(|| panic!("{name} shows none"));
            assert!(examples.contains(&format!("stadion {name}")), "{name}: an example is the command itself");
        }
    }

    /// A line of a document or a help as the shell would hand it over: up to two blanks, a comment, or another command.
    fn words(line: &str) -> Vec<&str> {
        let end = ["  ", " #", " &&", " >", " |"].iter().filter_map(|end| line.find(end)).min();
        line[..end.unwrap_or(line.len())].split(' ').collect()
    }

    fn assert_reads(line: &str, place: &str) {
        if let Err(error) = Cli::try_parse_from(words(line)) {
            let shown = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            assert!(shown, "{place}: {line}\n{error}");
        }
    }

    #[test]
    fn every_example_of_the_help_is_a_command_line() {
        let mut cli = Cli::command();
        cli.build();
        for command in cli.get_subcommands_mut().filter(|command| !command.is_hide_set()) {
            let help = command.render_long_help().to_string();
            let examples = help.lines().filter_map(|line| line.strip_prefix("  stadion "));
            examples.for_each(|line| assert_reads(&format!("stadion {line}"), command.get_name()));
        }
    }

    #[test]
    fn every_command_of_the_documents_is_a_command_line() {
        for document in ["README.md", "docs/debugging.md", "docs/first-game.md", "docs/clients.md", "docs/webhooks.md"]
        {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document);
            let text = std::fs::read_to_string(path).unwrap();
            let lines = text.lines().map(|line| line.strip_prefix("$ ").unwrap_or(line));
            lines.filter(|line| line.starts_with("stadion ")).for_each(|line| {
                let output = line.contains(" ready ") || line.starts_with("stadion help");
                if !output {
                    assert_reads(line, document);
                }
            });
        }
    }

    #[test]
    fn the_help_lists_every_exit_code() {
        for kind in Kind::ALL {
            assert!(AFTER_HELP.contains(&format!("\n  {}  ", kind as u8)), "{}", kind.name());
        }
    }
}
