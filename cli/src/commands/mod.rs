//! Every command in a file of its own; this one starts them.

pub(crate) mod account;
pub(crate) mod bench;
pub(crate) mod bot;
pub(crate) mod build;
pub(crate) mod channels;
pub(crate) mod completions;
pub(crate) mod dev;
pub(crate) mod events;
pub(crate) mod fork;
pub(crate) mod friends;
pub(crate) mod games;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod leaderboard;
pub(crate) mod logs;
pub(crate) mod matches;
pub(crate) mod new;
pub(crate) mod party;
pub(crate) mod play;
pub(crate) mod promote;
pub(crate) mod publish;
pub(crate) mod quarantine;
pub(crate) mod quotas;
pub(crate) mod rematch;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod rollback;
pub(crate) mod search;
pub(crate) mod serve;
pub(crate) mod storage;
pub(crate) mod types;
pub(crate) mod usage;
pub(crate) mod versions;
pub(crate) mod watch;
pub(crate) mod webhooks;

use std::future::Future;

use crate::api::{self, Api};
use crate::args::{Command, Global};
use crate::config::{self, SavedServer, Target};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// What every command may use.
pub(crate) struct Context {
    /// Where its words go.
    pub(crate) out: Output,
    global: Global,
    saved: Option<SavedServer>,
}

impl Context {
    /// Reads the user's configuration.
    pub(crate) fn load(global: &Global) -> Outcome<Context> {
        let saved = match config::folder(config::env) {
            Some(folder) => config::load(&folder)?,
            None => None,
        };
        if let Some(path) = &global.ca {
            let pem = std::fs::read(path).map_err(|error| Failure::file("reading", path, &error))?;
            stadion_client::trust_also(&pem).map_err(|error| {
                Failure::usage(format!("{}: {error}", path.display())).fix("name the authority's certificate, in PEM")
            })?;
        }
        Ok(Context { out: global.output(), global: global.clone(), saved })
    }

    /// The server to talk to.
    pub(crate) fn target(&self) -> Outcome<Target> {
        Target::decide(self.global.server.as_deref(), self.global.key.as_deref(), self.saved.as_ref())
    }

    /// Whether a server was named on the command line or in the environment.
    pub(crate) fn names_a_server(&self) -> bool {
        self.global.server.is_some()
    }

    /// Whether a key was named on the command line or in the environment.
    pub(crate) fn names_a_key(&self) -> bool {
        self.global.key.is_some()
    }

    /// Its REST API.
    pub(crate) fn api(&self) -> Outcome<Api> {
        api::connect(&self.target()?)
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    match command {
        Command::Serve(args) => serve::run(&args, context),
        Command::New(args) => new::run(&args, context),
        Command::Build(args) => build::run(&args, context),
        Command::Publish(args) => publish::run(&args, context),
        Command::Versions(args) => versions::run(&args, context),
        Command::Channels(args) => channels::run(&args, context),
        Command::Promote(args) => promote::run(&args, context),
        Command::Rollback(args) => rollback::run(&args, context),
        Command::Quarantine(args) => quarantine::run(&args, context),
        Command::Quotas(args) => quotas::run(&args, context),
        Command::Games(args) => games::run(&args, context),
        Command::Keys(args) => keys::run(&args, context),
        Command::Matches(args) => matches::run(&args, context),
        Command::History(args) => history::run(&args, context),
        Command::Rematch(args) => rematch::run(&args, context),
        Command::Report(args) => report::file(&args, context),
        Command::Reports(args) => report::run(&args, context),
        Command::Events(args) => events::run(&args, context),
        Command::Logs(args) => logs::run(&args, context),
        Command::Usage(args) => usage::run(&args, context),
        Command::Webhooks(args) => webhooks::run(&args, context),
        Command::Fork(args) => fork::run(&args, context),
        Command::Play(args) => play::run(&args, context),
        Command::Watch(args) => watch::run(&args, context),
        Command::Account(args) => account::run(&args, context),
        Command::Party(args) => party::run(&args, context),
        Command::Search(args) => search::run(&args, context),
        Command::Friends(args) => friends::run(&args, context),
        Command::Leaderboard(args) => leaderboard::run(&args, context),
        Command::Storage(args) => storage::run(&args, context),
        Command::Bot(args) => bot::run(&args, context),
        Command::Replay(args) => replay::run(&args, context),
        Command::Types(args) => types::run(&args, context),
        Command::Bench(args) => bench::run(args, context),
        Command::Dev(args) => dev::run(&args, context),
        Command::Completions(args) => completions::run(&args, context),
        Command::CompileChild | Command::TrialChild => Ok(()), // `main` has seen to it
    }
}

/// Asks a server, on this thread.
pub(crate) fn ask<T>(call: impl Future<Output = Result<T, api::Error>>) -> Outcome<T> {
    block_on(async { Ok(call.await?) })
}

/// Runs a command's future on this thread: nothing but `serve` needs more.
pub(crate) fn block_on<T>(future: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::failed(format!("async runtime: {error}")))?.block_on(future)
}
