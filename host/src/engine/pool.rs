//! The pool that sessions live in: its layout, its size, and what the kernel must offer for it.

use std::fs;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wasmtime::{Enabled, PoolingAllocationConfig};

use crate::session::{MAX_INSTANCES, MAX_MEMORIES, MAX_TABLES};

/// Bytes of a slot's memory that are cleared in place and stay resident when the slot is given back.
const KEEP_RESIDENT: usize = 256 * 1024;

/// The largest table of a guest, elements.
pub const TABLE_ELEMENTS: usize = 32 * 1024;

/// Mappings of the kernel that one session's memory takes: what lies below the data, the data, the heap and the guard. Counted
/// by `stadion bench density`.
const MAPPINGS_OF_MEMORY: u64 = 4;

/// And its stack, unless all stacks are one mapping: itself and its guard, which are there from the start.
const MAPPINGS_OF_STACK: u64 = 2;

/// Mappings left for everything else in the process; past the kernel's limit even `malloc` fails.
const MAPPINGS_RESERVED: u64 = 8_000;

/// The kernel's own default for `vm.max_map_count`.
const DEFAULT_MAX_MAP_COUNT: u64 = 65_530;

/// Slots that stay warm though nobody uses them.
const WARM_SLOTS: u32 = 1_000;

/// How address space is shared among sessions. One for each host process; compiled code is bound to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PoolLayout {
    /// 4 GiB of address space for each session and no bounds checks: about 20,000 sessions.
    #[default]
    Fast,
    /// As much for each session as a version may ask for (256 MiB) and bounds checks (memory-heavy loops 35-65 % slower):
    /// 100,000 sessions. What a session does not touch costs nothing but address space, of which there are 128 TiB.
    Dense,
}

impl PoolLayout {
    /// The word that stands in the artifact key.
    pub(super) fn name(self) -> &'static str {
        match self {
            PoolLayout::Fast => "fast",
            PoolLayout::Dense => "dense",
        }
    }

    pub(super) fn reservation(self) -> u64 {
        match self {
            PoolLayout::Fast => 4 << 30,
            // No less: a pool gives no session more than this, and every version is to run in every layout.
            PoolLayout::Dense => super::MAX_MEMORY_BYTES,
        }
    }

    pub(super) fn guard(self) -> u64 {
        match self {
            PoolLayout::Fast => 32 << 20,
            PoolLayout::Dense => 64 << 10,
        }
    }

    fn most_sessions(self) -> u32 {
        match self {
            PoolLayout::Fast => 20_000,
            PoolLayout::Dense => 100_000,
        }
    }
}

/// A word that names no layout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no layout of a pool")]
pub struct NoSuchLayout(String);

impl FromStr for PoolLayout {
    type Err = NoSuchLayout;

    /// From the word that stands in the artifact key.
    fn from_str(word: &str) -> Result<PoolLayout, NoSuchLayout> {
        let known = [PoolLayout::Fast, PoolLayout::Dense].into_iter().find(|layout| layout.name() == word);
        known.ok_or_else(|| NoSuchLayout(word.to_owned()))
    }
}

/// What keeps a call from running past the end of its stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackGuards {
    /// A mapping of its own below each stack.
    Mapped,
    /// Pages within the one mapping that all stacks are: see the module `stacks`.
    Within,
}

/// What was decided about the pool, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// Sessions that fit.
    pub sessions: u32,
    /// The kernel's limit that this was derived from; `None`: the caller chose.
    pub max_map_count: Option<u64>,
    /// What lies below each stack.
    pub guards: StackGuards,
    /// Whether dirty pages are found with `PAGEMAP_SCAN`.
    pub pagemap_scan: bool,
}

impl PoolSize {
    /// Sizes a pool for this machine.
    pub(super) fn choose(layout: PoolLayout, wanted: Option<u32>, guards: StackGuards) -> PoolSize {
        let pagemap_scan = cfg!(target_os = "linux") && !swap_is_on();
        if let Some(sessions) = wanted {
            let sessions = sessions.clamp(1, layout.most_sessions());
            return PoolSize { sessions, max_map_count: None, guards, pagemap_scan };
        }
        let limit = max_map_count();
        let each = match guards {
            StackGuards::Mapped => MAPPINGS_OF_MEMORY + MAPPINGS_OF_STACK,
            StackGuards::Within => MAPPINGS_OF_MEMORY,
        };
        let fits = limit.saturating_sub(MAPPINGS_RESERVED) / each;
        let sessions = u32::try_from(fits).unwrap_or(u32::MAX).clamp(1, layout.most_sessions());
        PoolSize { sessions, max_map_count: Some(limit), guards, pagemap_scan }
    }

    pub(super) fn allocation(self) -> PoolingAllocationConfig {
        let per_session = |count: usize| self.sessions.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(self.sessions)
            .total_core_instances(per_session(MAX_INSTANCES))
            .total_memories(self.sessions)
            .total_stacks(self.sessions)
            .total_tables(per_session(MAX_TABLES))
            .max_core_instances_per_component(u32::try_from(MAX_INSTANCES).unwrap_or(u32::MAX))
            .max_memories_per_component(u32::try_from(MAX_MEMORIES).unwrap_or(u32::MAX))
            .max_tables_per_component(u32::try_from(MAX_TABLES).unwrap_or(u32::MAX))
            .max_memories_per_module(1)
            .max_tables_per_module(u32::try_from(MAX_TABLES).unwrap_or(u32::MAX))
            .table_elements(TABLE_ELEMENTS)
            .max_memory_size(usize::try_from(super::MAX_MEMORY_BYTES).unwrap_or(usize::MAX))
            .max_unused_warm_slots(WARM_SLOTS.min(self.sessions))
            .linear_memory_keep_resident(KEEP_RESIDENT)
            .table_keep_resident(KEEP_RESIDENT)
            .pagemap_scan(if self.pagemap_scan { Enabled::Auto } else { Enabled::No });
        pool
    }
}

/// With swap the scan may take a swapped page for an untouched one, and a session would see what another one wrote.
pub(crate) fn swap_is_on() -> bool {
    fs::read_to_string("/proc/swaps").is_ok_and(|swaps| swaps.lines().skip(1).any(|line| !line.trim().is_empty()))
}

fn max_map_count() -> u64 {
    if !cfg!(target_os = "linux") {
        return u64::MAX;
    }
    let limit = fs::read_to_string("/proc/sys/vm/max_map_count").ok().and_then(|text| text.trim().parse().ok());
    limit.unwrap_or(DEFAULT_MAX_MAP_COUNT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_never_claims_more_than_its_layout_holds() {
        let guards = StackGuards::Mapped;
        for layout in [PoolLayout::Fast, PoolLayout::Dense] {
            assert_eq!(PoolSize::choose(layout, Some(u32::MAX), guards).sessions, layout.most_sessions());
            assert_eq!(PoolSize::choose(layout, Some(0), guards).sessions, 1);
            let sized = PoolSize::choose(layout, None, guards);
            assert!(sized.sessions <= layout.most_sessions() && sized.max_map_count.is_some());
            let more = PoolSize::choose(layout, None, StackGuards::Within);
            assert!(more.sessions >= sized.sessions, "fewer mappings each");
        }
    }
}
