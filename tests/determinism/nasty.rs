//! Guests of `tests/guests/nasty`: Rust with its standard library, for `wasm32-wasip2`, one module for each nastiness.

use stadion_tests::probe;

use crate::manners::{a_hundred_generations, always_the_same};
use crate::run::Subject;

include!(concat!(env!("OUT_DIR"), "/nasty.rs"));

macro_rules! same {
    ($guest:ident) => {
        mod $guest {
            #[test]
            fn every_run_is_the_same() {
                let Some(wasm) = super::probe::nasty() else { return };
                let name = stringify!($guest);
                super::always_the_same(name, &super::Subject { wasm, parameters: name.to_owned() }, 100);
            }

            #[test]
            fn a_hundred_generations_are_one_session() {
                let Some(wasm) = super::probe::nasty() else { return };
                let name = stringify!($guest);
                super::a_hundred_generations(name, &super::Subject { wasm, parameters: name.to_owned() });
            }
        }
    };
}
for_each_nasty_guest!(same);
