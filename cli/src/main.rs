//! `stadion`: hosts games, and everything a developer or player does with a server from a terminal.
//!
//! The only place that composes control plane, host and gateway; no rules of its own. [`args`] is the command line,
//! one module of [`commands`] is one command, [`output`] is the only place that prints, [`clock`] the only one that
//! reads the time.

mod account;
mod api;
mod args;
mod bots;
mod clock;
mod commands;
mod config;
mod dev;
mod failure;
mod input;
mod output;
mod player;
mod project;
mod screen;
mod serve;
mod sight;
mod story;
mod types;

use std::process::ExitCode;

use clap::Parser;

/// Sessions and gateway allocate small and often: a twelfth less CPU time for each match than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    // Before anything is read: its cage has no files, no environment and no words but its answer.
    if matches!(cli.command, args::Command::CompileChild) {
        return stadion_host::compile::child_main();
    }
    if matches!(cli.command, args::Command::TrialChild) {
        return stadion_host::recovery::trial_main();
    }
    let context = match commands::Context::load(&cli.global) {
        Ok(context) => context,
        Err(failure) => return end(cli.global.output(), Err(failure)),
    };
    let outcome = commands::run(cli.command, &context);
    end(context.out, outcome)
}

fn end(out: output::Output, outcome: failure::Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out.failure(&failure);
            ExitCode::from(failure.kind as u8)
        }
    }
}
