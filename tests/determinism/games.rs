//! Every example game.

use stadion_tests::programs;

use crate::manners::{a_hundred_generations, always_the_same};
use crate::run::Subject;

include!(concat!(env!("OUT_DIR"), "/games.rs"));

fn subject(name: &str) -> Subject {
    Subject { wasm: programs::game(&name.replace('_', "-")), parameters: String::new() }
}

macro_rules! same {
    ($game:ident) => {
        mod $game {
            #[test]
            fn every_run_is_the_same() {
                let name = stringify!($game);
                super::always_the_same(name, &super::subject(name), 20);
            }

            #[test]
            fn a_hundred_generations_are_one_session() {
                let name = stringify!($game);
                super::a_hundred_generations(name, &super::subject(name));
            }
        }
    };
}
for_each_game!(same);
