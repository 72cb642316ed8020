//! `cargo xtask test`: everything that CI checks, in the order in which a mistake is found soonest.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{build_workspace, cargo, run_command};
use crate::place::Place;
use crate::tools::{self, Tool};
use crate::{browser, games, hostile, lint, say, stranger};

/// Runs all checks; with a filter, only the tests whose names contain it.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let place = Place::find()?;
    if args == ["browser"] {
        return browser::run();
    }
    if args.first().is_some_and(|first| first == "hostile") {
        return hostile::run(&args[1..]);
    }
    let everything = args.is_empty();
    if everything {
        lint::formatting(&place)?;
    }
    say::timed("games as wasm", || games::run_in(&place))?;
    say::timed("build", || build_workspace(&place))?;
    say::timed("tests", || tests(&place, args))?;
    if everything {
        say::timed("examples in documentation", || doctests(&place))?;
        browser::run_in(&place)?;
        lint::clippy(&place)?;
        lint::dependencies(&place)?;
        say::step("all green");
    }
    Ok(())
}

/// Runs tests: all, or those whose names contain the filter.
pub(crate) fn tests(place: &Place, filter: &[String]) -> Result<()> {
    let mut test = cargo(place);
    if let Some(python) = stranger::python(place)? {
        test.env(stranger::PYTHON, python);
    }
    match tools::find(place, "nextest", "tests run by `cargo test`, without time limits")? {
        Tool::There => test.args(["nextest", "run", "--workspace", "--no-fail-fast"]),
        Tool::Missing => test.args(["test", "--workspace", "--tests", "--no-fail-fast", "--"]),
    };
    test.args(filter);
    run_command(with_built_parts(place, &mut test))
}

fn doctests(place: &Place) -> Result<()> {
    run_command(with_built_parts(place, cargo(place).args(["test", "--workspace", "--doc"])))
}

/// Tests of the whole find the binary and the games by these variables.
pub(crate) fn with_built_parts<'a>(place: &Place, command: &'a mut Command) -> &'a mut Command {
    command.env("STADION_BIN", place.binary()).env("STADION_GAMES_DIR", place.games())
}
