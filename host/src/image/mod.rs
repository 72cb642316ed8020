//! Images: the whole state of a guest, in any language, with no work for its author. Taken between ticks, put back into a
//! fresh session of the same version, maybe on another host.
//!
//! ```text
//!   at publish   instrument: exports for memories and globals, helper modules that reach them ──▶ layout, in the artifact
//!                instantiate twice, compare ──▶ the digest of the baseline, in the layout
//!                image.prepare? run it once, bake: what it left becomes the component's own data
//!   at run time  take:    pages that differ from the baseline (a fresh instance), globals that differ
//!                restore: a fresh instance, grown, written over, its handles opened under the same numbers
//! ```
//!
//! Wasmtime has no public way to a component's memories. The way in is the canonical ABI: a function is lifted with the
//! guest's memory and a `realloc` that answers an address set beforehand, so that wasmtime copies the host's bytes straight
//! into guest memory; and a function that returns `list<u8>` is lifted with the guest's memory, so that the host gets a slice
//! over it. The guest's own code is never called, and its machine code is the same with and without.
//!
//! **Invariants.** A session that goes on from an image gives the outputs of one that was never interrupted, hash-map order
//! and heap addresses included. What could break that is found at publish, and the version then has no image checkpoints:
//! see [`instrument`]. Host state (seats, clock, random position, handles) is not in the image: it stands beside it, as
//! [`crate::session::SessionState`].

mod access;
mod arena;
mod bake;
mod baseline;
mod format;
mod instrument;
mod layout;
mod pages;
mod restore;
mod take;

pub(crate) use self::access::{Access, AccessIndices};
pub use self::arena::ImageArena;
pub(crate) use self::bake::bake;
pub(crate) use self::baseline::Baseline;
pub use self::format::{BadImage, FORMAT, Image};
pub(crate) use self::instrument::{Blocked, instrument};
pub(crate) use self::layout::Layout;
pub(crate) use self::restore::restore;
pub(crate) use self::take::take;

/// Bytes of a page: what is compared and kept as one.
pub(crate) const PAGE_BYTES: usize = 4096;

/// Bytes of a page of wasm's own, the unit in which memories grow.
pub(crate) const WASM_PAGE_BYTES: usize = 64 * 1024;

/// Pages in one of wasm's.
pub(crate) const PAGES_PER_WASM_PAGE: usize = WASM_PAGE_BYTES / PAGE_BYTES;
