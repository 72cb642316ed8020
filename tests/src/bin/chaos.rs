//! `chaos kill --times N --matches M --seed S`: kills a server while clients play. Exit code 1 if anything was lost.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it tells a person what it does and found")]

use std::process::ExitCode;
use std::time::UNIX_EPOCH;

use stadion_tests::chaos::{self, Plan};

const USAGE: &str = "chaos kill [--times N] [--matches M] [--seed S]";

fn main() -> ExitCode {
    let plan = match plan(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("killing {} times, {} matches, --seed {}", plan.times, plan.matches, plan.seed);
    let runtime = tokio::runtime::Runtime::new().expect("an async runtime");
    let report = runtime.block_on(chaos::run(plan, |n| eprint!("\rkilled {n} of {}", plan.times)));
    eprintln!();
    print!("{report}");
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn plan(mut args: impl Iterator<Item = String>) -> Result<Plan, String> {
    if args.next().as_deref() != Some("kill") {
        return Err("what is to be done?".to_owned());
    }
    let mut plan = Plan { times: 200, matches: 20, seed: seed() };
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("{name} wants a number"))?;
        let number: u64 = value.parse().map_err(|_| format!("{name} {value}: not a number"))?;
        let small = || u32::try_from(number).map_err(|_| format!("{name} {value}: too many"));
        match name.as_str() {
            "--times" => plan.times = small()?,
            "--matches" => plan.matches = small()? as usize,
            "--seed" => plan.seed = number,
            _ => return Err(format!("{name}: unknown")),
        }
    }
    Ok(plan)
}

/// Another one each time; it is printed, so that the instants can be had again.
#[allow(clippy::disallowed_methods, reason = "only to be another number each time")]
fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(now.subsec_nanos()) ^ now.as_secs()
}
