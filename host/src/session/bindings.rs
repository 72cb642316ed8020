//! What wasmtime generates from `wit/0.1`: the wire types of a session. They do not leave `session` and `wasi`.
#![allow(missing_docs, unreachable_pub, reason = "generated from the contract, which documents every item")]
#![allow(clippy::all, clippy::pedantic, reason = "generated")]
#![allow(
    unsafe_code,
    dead_code,
    unused_variables,
    reason = "generated: functions are type-checked as they are looked up"
)]

wasmtime::component::bindgen!({
    path: "../wit/0.1",
    world: "stadion:game/full",
    imports: { default: trappable },
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
});
