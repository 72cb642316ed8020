//! `cargo xtask determinism`: every example game and every nasty guest over many random ticks, run in every manner there is,
//! compared tick by tick.

use anyhow::{Context, Result, bail};

use crate::cargo::{build_workspace, cargo, run_command};
use crate::place::Place;
use crate::test::with_built_parts;
use crate::{games, say};

/// Enough for rare events to meet, few enough for some minutes.
const DEFAULT_TICKS: u64 = 10_000;

/// Runs the tests of `tests/determinism` with this many ticks.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let ticks: u64 = match args {
        [] => DEFAULT_TICKS,
        [flag, ticks] if flag == "--ticks" => {
            ticks.parse().with_context(|| format!("{ticks:?} is not a number of ticks"))?
        }
        _ => bail!("usage: cargo xtask determinism [--ticks N]"),
    };
    let place = Place::find()?;
    say::timed("games as wasm", || games::run_in(&place))?;
    say::timed("build", || build_workspace(&place))?;
    let mut test = cargo(&place);
    // Not by nextest: its time limits are for runs of a few ticks.
    test.args(["test", "--workspace", "--test", "determinism", "--no-fail-fast"]);
    test.env("STADION_DETERMINISM_TICKS", ticks.to_string());
    say::timed(&format!("determinism over {ticks} ticks"), || run_command(with_built_parts(&place, &mut test)))
}
