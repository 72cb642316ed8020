//! What takes more than one command, as scripts: each runs whole and alone on the server.

use redis::Script;

/// Every script, with its hash: sent once, then called by that.
pub(super) struct Scripts {
    pub(super) remove_if: Script,
    pub(super) swap: Script,
    pub(super) take: Script,
    pub(super) join_set: Script,
    pub(super) claim_or_list: Script,
    pub(super) list: Script,
    pub(super) set_free: Script,
    pub(super) unlist: Script,
    pub(super) lease: Script,
    pub(super) map_put: Script,
    pub(super) map_swap: Script,
    pub(super) map_take: Script,
    pub(super) map_commit: Script,
    pub(super) tell: Script,
}

impl Scripts {
    pub(super) fn new() -> Scripts {
        Scripts {
            remove_if: Script::new(include_str!("scripts/remove_if.lua")),
            swap: Script::new(include_str!("scripts/swap.lua")),
            take: Script::new(include_str!("scripts/take.lua")),
            join_set: Script::new(include_str!("scripts/join_set.lua")),
            claim_or_list: Script::new(include_str!("scripts/claim_or_list.lua")),
            list: Script::new(include_str!("scripts/list.lua")),
            set_free: Script::new(include_str!("scripts/set_free.lua")),
            unlist: Script::new(include_str!("scripts/unlist.lua")),
            lease: Script::new(include_str!("scripts/lease.lua")),
            map_put: Script::new(include_str!("scripts/map_put.lua")),
            map_swap: Script::new(include_str!("scripts/map_swap.lua")),
            map_take: Script::new(include_str!("scripts/map_take.lua")),
            map_commit: Script::new(include_str!("scripts/map_commit.lua")),
            tell: Script::new(include_str!("scripts/tell.lua")),
        }
    }
}
