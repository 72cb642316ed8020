//! `cargo xtask test hostile`: the guests of HOSTILE.md one after the other, each for long, with nothing else on the machine, so
//! that what canaries beside them feel is checked, too. `cargo xtask test` runs the same suite with a second for each.

use anyhow::{Context, Result, bail};

use crate::cargo::{build_workspace, cargo, run_command};
use crate::place::Place;
use crate::test::with_built_parts;
use crate::{games, say};

/// How long each row goes on, and the canaries alone before.
const SECONDS: u32 = 20;

const USAGE: &str = "usage: cargo xtask test hostile [--row N] [--seconds S]";

/// Runs the tests of `tests/hostile`, one at a time.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let place = Place::find()?;
    say::timed("games as wasm", || games::run_in(&place))?;
    say::timed("build", || build_workspace(&place))?;
    let mut test = cargo(&place);
    // Not by nextest: its time limits are for runs of a second a row.
    test.args(["test", "--workspace", "--test", "hostile", "--no-fail-fast"]);
    test.env("STADION_HOSTILE_SECONDS", SECONDS.to_string());
    let mut only = None;
    for pair in args.chunks(2) {
        let [flag, value] = pair else { bail!(USAGE) };
        match flag.as_str() {
            "--row" => {
                test.env("STADION_HOSTILE_ROW", value);
                only = Some("suite");
            }
            "--seconds" => {
                let seconds: f64 = value.parse().with_context(|| format!("{value:?} is not a number of seconds"))?;
                test.env("STADION_HOSTILE_SECONDS", seconds.to_string());
            }
            _ => bail!(USAGE),
        }
    }
    test.args(["--", "--nocapture", "--test-threads", "1"]).args(only);
    say::timed("hostile guests", || run_command(with_built_parts(&place, &mut test)))
}
