//! `cargo xtask bench`: measurements, optimized as for a fleet.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{cargo, run_command};
use crate::place::Place;
use crate::{games, say};

/// `bench micro` runs the criterion benches; anything else goes to `stadion bench`, and options alone to `bench start`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let place = Place::find()?;
    let games = games::run_in(&place)?;
    if args.first().is_some_and(|arg| arg == "micro") {
        let mut micro = cargo(&place);
        micro.args(["bench", "--package", "stadion-benches"]).env("STADION_GAMES_DIR", &games);
        if args.len() > 1 {
            micro.arg("--").args(&args[1..]);
        }
        return run_command(&mut micro);
    }
    say::timed("release build", || run_command(cargo(&place).args(["build", "--release", "--package", "stadion"])))?;
    let binary = place.target.join("release").join(format!("stadion{}", std::env::consts::EXE_SUFFIX));
    let named = args.first().is_some_and(|first| !first.starts_with('-'));
    let what = if named { &[][..] } else { &["start"] };
    run_command(Command::new(binary).arg("bench").args(what).args(args).env("STADION_GAMES_DIR", games))
}
