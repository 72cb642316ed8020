//! Between the exported functions of a game's wasm module and its [`RawGame`].

use std::cell::RefCell;
use std::rc::Rc;

use crate::raw::{Host, RawGame, RawState, Setup, Tick, Time, Wake};

/// Where the module keeps its match: a module runs one.
pub struct Slot<R>(RefCell<Option<R>>);

impl<R> Slot<R> {
    /// No match yet.
    pub const fn new() -> Slot<R> {
        Slot(RefCell::new(None))
    }
}

impl<R> Default for Slot<R> {
    fn default() -> Slot<R> {
        Slot::new()
    }
}

impl<R: RawGame> Slot<R> {
    /// The contract's `start`.
    pub fn start(&self, setup: Setup, host: Rc<dyn Host>) -> Result<Wake, String> {
        let (game, wake) = R::start(setup, host)?;
        self.0.replace(Some(game));
        Ok(wake)
    }

    /// The contract's `step`.
    pub fn step(&self, tick: Tick) -> Wake {
        self.0.borrow_mut().as_mut().expect("the host starts or loads a match before it steps it").step(tick)
    }
}

impl<R: RawState> Slot<R> {
    /// The contract's `save`.
    pub fn save(&self) -> Vec<u8> {
        self.0.borrow().as_ref().expect("the host starts or loads a match before it saves it").save()
    }

    /// The contract's `load`.
    pub fn load(&self, setup: Setup, now: Time, saved: &[u8], host: Rc<dyn Host>) -> Result<Wake, String> {
        let (game, wake) = R::load(setup, now, saved, host)?;
        self.0.replace(Some(game));
        Ok(wake)
    }
}

/// Makes the crate a game: exports it to the host, and gives it its schema ([`GameModule`](crate::GameModule)).
///
/// `game!(Hello)` for a game whose matches only replay brings back; `game!(Hello, save)` for one that also derives
/// `Serialize` and `Deserialize` (put [`#[state]`](macro@crate::state) on it), whose matches can be carried over to new
/// versions.
#[macro_export]
macro_rules! game {
    ($game:ty) => {
        $crate::__game_module!($game, ::core::option::Option::None);
        $crate::raw_game!($crate::Typed<$game>);
    };
    ($game:ty, save) => {
        $crate::__game_module!($game, ::core::option::Option::Some($crate::Saves::CBOR));
        $crate::raw_game!($crate::Typed<$game>, save);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __game_module {
    ($game:ty, $saves:expr) => {
        impl $crate::GameModule for $game {
            const SCHEMA: &'static [u8] = {
                use $crate::__private::schema::{Describe, StaticType, build, size};
                const ROOTS: [&StaticType; 3] = [
                    <<$game as $crate::Game>::In as Describe>::TYPE,
                    <<$game as $crate::Game>::Out as Describe>::TYPE,
                    <<$game as $crate::Game>::View as Describe>::TYPE,
                ];
                static BYTES: [u8; size(ROOTS)] = build(ROOTS);
                &BYTES
            };
            const SAVES: ::core::option::Option<$crate::Saves<Self>> = $saves;
        }
    };
}

/// Exports a [`RawGame`](crate::raw::RawGame): `raw_game!(Hello)`, or `raw_game!(Hello, save)` if it is a
/// [`RawState`](crate::raw::RawState) too.
#[macro_export]
macro_rules! raw_game {
    ($game:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::__exports!(basic, $game);
    $crate::bindings::basic::export_basic!(Exports with_types_in $crate::bindings::basic);
        };
    };
    ($game:ty, save) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::__exports!(stateful, $game);

            impl $crate::bindings::stateful::exports::stadion::game::state::Guest for Exports {
                fn save() -> ::std::vec::Vec<u8> {
                    SLOT.with(|slot| slot.save())
                }

                fn load(
                    setup: $crate::raw::Setup,
                    now: $crate::raw::Time,
                    saved: ::std::vec::Vec<u8>,
                ) -> ::core::result::Result<$crate::raw::Wake, ::std::string::String> {
                    SLOT.with(|slot| slot.load(setup, now, &saved, $crate::__private::host()))
                }
            }

    $crate::bindings::stateful::export_stateful!(Exports with_types_in $crate::bindings::stateful);
        };
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __exports {
    ($world:ident, $game:ty) => {
        struct Exports;

        ::std::thread_local! {
            static SLOT: $crate::__private::Slot<$game> = const { $crate::__private::Slot::new() };
        }

        impl $crate::bindings::$world::exports::stadion::game::game::Guest for Exports {
            fn describe() -> $crate::raw::Description {
                <$game as $crate::raw::RawGame>::describe()
            }

            fn start(setup: $crate::raw::Setup) -> ::core::result::Result<$crate::raw::Wake, ::std::string::String> {
                SLOT.with(|slot| slot.start(setup, $crate::__private::host()))
            }

            fn step(tick: $crate::raw::Tick) -> $crate::raw::Wake {
                SLOT.with(|slot| slot.step(tick))
            }
        }
    };
}
