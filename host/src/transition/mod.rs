//! Matches that go on in another instance than the one they were in: another version of their game, a copy, a session
//! that was saved and loaded.
//!
//! ```text
//!                 its shard                                a thread beside it
//!   ticks ─────────────────────────────────────────┐
//!   Follow ──▶ records are tapped                  │       journal so far ─▶ played on the other version
//!   ticks, ticks, ticks                            │                         ▼
//!   Hold   ──▶ no tick is sealed; log catches up   │       tapped records ─▶ played until none is left
//!   Swap   ──▶ SWAPPED is journaled, the session is exchanged ◀── session ──┘
//!   ticks go on                                    │
//!   ───────────────────────────────────────────────┘       what differs: decoded, told; the match never noticed
//! ```
//!
//! **Invariants.** Until the swap the match is untouched: whatever happens here, it plays on as it was. The swap is one
//! journaled record between two ticks, so that a replay makes the same one at the same place. A match stands still for
//! [`order::HOLD`] at a time at most.

mod difference;
mod job;
pub(crate) mod order;
mod upgrade;

pub(crate) use upgrade::Upgrade;
