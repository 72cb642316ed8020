//! `stadion completions`: scripts that complete commands in a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Context;
use crate::args::Cli;
use crate::failure::Outcome;

/// Prints a script that completes commands in a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion completions bash > ~/.local/share/bash-completion/completions/stadion
  stadion completions zsh > ~/.zfunc/_stadion
  stadion completions fish > ~/.config/fish/completions/stadion.fish")]
pub(crate) struct Completions {
    /// For which shell.
    shell: Shell,
}

pub(crate) fn run(args: &Completions, context: &Context) -> Outcome {
    context.out.raw(&script(args.shell));
    Ok(())
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "stadion", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_gets_a_script_that_knows_the_commands() {
        for shell in Shell::value_variants() {
            let script = script(*shell);
            assert!(script.contains("publish") && script.contains("completions"), "{shell}");
        }
    }
}
