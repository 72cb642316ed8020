//! One of the two copies of a game under test, with its own host.

use std::rc::Rc;

use super::host::{Output, TestHost};
use crate::raw::{Setup, Tick, Wake};
use crate::typed::{GameModule, Typed};

pub(super) struct Copy<G: GameModule> {
    game: Typed<G>,
    host: Rc<TestHost>,
    setup: Setup,
}

impl<G: GameModule> Copy<G> {
    pub(super) fn start(setup: &Setup) -> Result<(Copy<G>, Wake, Vec<Output>), String> {
        let host = Rc::new(TestHost::new(setup));
        let (game, wake) = Typed::begin(setup.clone(), host.clone())?;
        let outputs = host.take();
        Ok((Copy { game, host, setup: setup.clone() }, wake, outputs))
    }

    pub(super) fn step(&mut self, tick: Tick) -> (Wake, Vec<Output>) {
        self.host.begin(&tick.events);
        let wake = self.game.advance(tick);
        (wake, self.host.take())
    }

    /// The match goes on in a game that knows only what was saved.
    pub(super) fn save_and_load(&mut self, now: u64) {
        let Some(saves) = G::SAVES else { return };
        let saved = (saves.save)(&self.game);
        let loaded = (saves.load)(self.setup.clone(), now, &saved, self.host.clone());
        self.game = loaded.unwrap_or_else(|error| panic!("the game cannot load what it saved: {error}"));
    }
}
