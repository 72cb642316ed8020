//! Rows `host` and `host-fresh`: a session as a shard starts it, polled by hand.

use anyhow::Context;
use stadion_host::model::TickInput;
use stadion_host::session::{Session, StepBudget};

use crate::executor::poll_now;
use crate::samples::Samples;
use crate::workshop::{self, Workshop};

/// Sessions that live at once at most: what `host-fresh` needs slots for, within the mappings of a stock kernel.
const SLOTS: u32 = 4_000;
/// Ten milliseconds of CPU time would do; a slice never ends here.
const FIRST_TICK: TickInput = TickInput { number: 1, time: 50_000_000, skipped: 0, events: Vec::new() };

/// The game, loaded into an engine that nobody else uses.
pub(super) struct Ours {
    workshop: Workshop,
    budget: StepBudget,
}

impl Ours {
    pub(super) fn load(wasm: &[u8]) -> anyhow::Result<Ours> {
        let workshop = Workshop::open(wasm, SLOTS)?;
        let budget = StepBudget::of(workshop.loaded.description());
        Ok(Ours { workshop, budget })
    }

    /// The component that runs, for the floor.
    pub(super) fn component(&self) -> &[u8] {
        &self.workshop.component
    }

    /// One session after the other, each in the slot that the one before has left.
    pub(super) fn measure_warm(&self, runs: u32, samples: &mut Samples) -> anyhow::Result<()> {
        let setup = workshop::setup();
        for _ in 0..runs {
            drop(samples.time(|| self.session(&setup))?);
        }
        Ok(())
    }

    /// Sessions that stay, so that each gets a slot that nobody has used before. Runs end with the slots.
    pub(super) fn measure_fresh(wasm: &[u8], runs: u32) -> anyhow::Result<Samples> {
        let ours = Ours::load(wasm)?;
        let setup = workshop::setup();
        let runs = runs.min(SLOTS);
        let (mut samples, mut sessions) = (Samples::with_capacity(runs), Vec::with_capacity(runs as usize));
        for _ in 0..runs {
            sessions.push(samples.time(|| ours.session(&setup))?);
        }
        Ok(samples)
    }

    /// Instantiate, `start`, first `step`. The session is given back so that its end is not part of the time.
    fn session(&self, setup: &stadion_host::model::Setup) -> anyhow::Result<Session> {
        poll_now(async {
            let (mut session, _) = Session::start(&self.workshop.loaded, setup, self.budget).await.context("start")?;
            session.step(&FIRST_TICK).await.context("step")?;
            Ok(session)
        })
    }
}
