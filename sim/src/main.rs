//! Tells stories: `cargo xtask sim` runs it.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use stadion_sim::{Broken, Plan, Told, run};

const USAGE: &str = "\
cargo xtask sim [--seeds N] [--from SEED]     N stories (default 1,000) from SEED (default 0) on
cargo xtask sim --seed SEED                   one of them
  --failing-disk    now and then syncs fail and the disk is full, beside everything else";

fn main() -> ExitCode {
    match stories() {
        Ok(code) => code,
        Err(error) => {
            println!("{error:#}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn stories() -> Result<ExitCode> {
    let (mut from, mut count) = (0, 1_000);
    let mut plan = Plan::default();
    let mut args = std::env::args().skip(1);
    while let Some(key) = args.next() {
        if key == "--failing-disk" {
            plan.failing_disk = true;
            continue;
        }
        let value = args.next().with_context(|| format!("{key} needs a number"))?;
        let number: u64 = value.parse().with_context(|| format!("{value:?} is not a number"))?;
        match key.as_str() {
            "--seeds" => count = number,
            "--from" => from = number,
            "--seed" => (from, count) = (number, 1),
            _ => bail!("{key} is unknown"),
        }
    }
    let bar = ProgressBar::new(count);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} stories, {eta} left")?);
    let outcome = run(from..from.saturating_add(count), plan, &|done| bar.set_position(done));
    bar.finish_and_clear();
    let Told { inputs, messages, crashes, naps, welcomes, reloads, devices, requests, repeated } = outcome.told;
    println!(
        "{crashes} crashes, {naps} naps, {welcomes} welcomes, {reloads} pages loaded again, {devices} times another device"
    );
    println!("{inputs} inputs acknowledged, {messages} reliable messages told");
    println!("{requests} requests answered, {repeated} of them asked again");
    let flag = if plan.failing_disk { " --failing-disk" } else { "" };
    for Broken { seed, at_ms, what } in &outcome.broken {
        println!("BROKEN after {at_ms} ms: {what}\n    cargo xtask sim --seed {seed}{flag}");
    }
    Ok(if outcome.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
