//! `stadion bench image`: taking a session's image, and going on from it.
//!
//! A guest writes a word in every page of 1, 4 and 16 MiB. `take` is the time of [`Session::image`] on the session that stands
//! still, into an arena that was used before; `restore` that of [`Session::from_image`] into a slot that was used before,
//! instantiation included. The floor of `restore` is an instantiation and nothing else, that of both a copy of as many bytes
//! into memory that is there.

use anyhow::{Context, ensure};
use stadion_host::image::ImageArena;
use stadion_host::model::TickInput;
use stadion_host::session::{Session, StepBudget};

use crate::clock;
use crate::conditions::LoadMeter;
use crate::executor::poll_now;
use crate::samples::Samples;
use crate::workshop::{self, Workshop};
use crate::{Conditions, Figures, Line};

/// The guest, made of guest.wat.
const GUEST: &[u8] = include_bytes!("guest.wasm");

/// What the guest writes, MiB.
const TOUCHED_MIB: [u64; 3] = [1, 4, 16];

/// The session that is kept, the one that goes on, and one for the baseline.
const SLOTS: u32 = 4;

/// How often.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Images of each size; at most 10,000.
    pub runs: u32,
}

/// Measures. Blocks for some seconds; `progress` is told, for people, what is being measured.
pub fn run(options: Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    progress("compiling the guest");
    let workshop = Workshop::open(GUEST, SLOTS)?;
    let runs = options.runs.clamp(1, 10_000);
    let mut lines = Vec::new();
    for mib in TOUCHED_MIB {
        progress(&format!("{mib} MiB touched"));
        lines.push(row(&workshop, mib, runs).with_context(|| format!("{mib} MiB touched"))?);
    }
    let notes = vec![
        "take and restore run on the calling thread; an image holds the pages that differ from a fresh instance"
            .to_owned(),
        "copy is one memcpy of the image between buffers that are in memory; instantiate is a session without `start`"
            .to_owned(),
    ];
    Ok(Figures { lines, omitted: Vec::new(), conditions: Conditions { foreign: load.stop(), ..conditions }, notes })
}

fn row(workshop: &Workshop, mib: u64, runs: u32) -> anyhow::Result<Line> {
    let setup = stadion_host::model::Setup {
        limits: stadion_host::model::Limits { memory_bytes: 32 << 20, ..workshop::setup().limits },
        ..workshop::setup()
    };
    let budget = StepBudget::of(workshop.loaded.description());
    let (mut session, _) = poll_now(Session::start(&workshop.loaded, &setup, budget))?;
    let (mut fresh_arena, mut arena) = (ImageArena::new(), ImageArena::new());
    let fresh = session.image(&mut fresh_arena)?;
    let state = session.state();
    let [mut take, mut restore, mut copy, mut instantiate] = [(); 4].map(|()| Samples::with_capacity(runs));
    let mut copied = Vec::new();
    let mut bytes = 0;
    for run in 0..u64::from(runs) {
        // The guest writes as many MiB as the tick's number modulo 32.
        let tick = TickInput { number: run * 32 + mib, time: run * 50_000_000, skipped: 0, events: Vec::new() };
        poll_now(session.step(&tick))?;
        let before = clock::now();
        let image = session.image(&mut arena)?;
        take.push(before.elapsed());
        bytes = image.as_bytes().len();
        ensure!(bytes as u64 >= mib << 20, "the image has {bytes} bytes");
        let on = || poll_now(Session::from_image(&workshop.loaded, &setup, &image, state.clone(), budget));
        // Given back before the next one: each run gets a slot that was used.
        drop(restore.time(on)?);
        drop(
            instantiate
                .time(|| poll_now(Session::from_image(&workshop.loaded, &setup, &fresh, state.clone(), budget)))?,
        );
        copied.resize(bytes, 0);
        let before = clock::now();
        copied.copy_from_slice(image.as_bytes());
        copy.push(before.elapsed());
        std::hint::black_box(&copied);
    }
    let mut line = Line::new(format!("{mib}-mib")).with("image_kib", bytes as u64 / 1024).with("runs", runs);
    for (samples, p50, p99) in [
        (take, "take_p50_us", "take_p99_us"),
        (restore, "restore_p50_us", "restore_p99_us"),
        (copy, "copy_p50_us", "copy_p99_us"),
        (instantiate, "instantiate_p50_us", "instantiate_p99_us"),
    ] {
        let row = samples.row("").context("nothing was measured")?;
        line = line.with(p50, row.p50_us).with(p99, row.p99_us);
    }
    Ok(line)
}
