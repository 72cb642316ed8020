//! The guards of the pool's stacks, made to cost no mapping.
//!
//! Below each stack lies a page that nobody may touch. Wasmtime takes its permissions away, so that the kernel has two mappings
//! for each session, of some 65,000 that a process may have. Since Linux 6.13 a page can be a guard within a mapping
//! (`MADV_GUARD_INSTALL`, madvise(2)): then all stacks are one.
//!
//! ```text
//!   wasmtime:  guard │ stack │ guard │ stack │ ...    a mapping each
//!   here:      guard   stack   guard   stack   ...    one mapping, the same pages to fault on
//! ```
//! Where the stacks lie wasmtime does not say: a call on one of them gives an address within, and the kernel's own list
//! of mappings must show exactly what wasmtime makes, or nothing is touched. Done before the engine runs anything.

use std::fs;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use wasmtime::{Func, Store};

use super::config::CALL_STACK_BYTES;

/// Of the machines that we run on; on others the mappings are not the expected ones, and stay.
const PAGE_BYTES: usize = 4096;

/// A stack and the guard below it.
const STRIDE: usize = PAGE_BYTES + CALL_STACK_BYTES;

/// Whether the kernel has guards within mappings.
pub(super) fn can_merge() -> bool {
    let Ok(mut page) = memmap2::MmapMut::map_anon(PAGE_BYTES) else { return false };
    sys::install_guard(page.as_mut_ptr() as usize).is_ok()
}

/// Makes one mapping of an engine's stacks, so many of them, before anything runs on them.
///
/// # Errors
/// Says what is not as it is expected. Then every stack has the guard that it had.
pub(super) fn merge(engine: &wasmtime::Engine, stacks: u32) -> Result<(), String> {
    let within = address_on_a_stack(engine)?;
    let maps = fs::read_to_string("/proc/self/maps").map_err(|error| format!("/proc/self/maps: {error}"))?;
    let pool = find(&maps, within, stacks as usize).ok_or("the stacks are not mapped as expected")?;
    sys::allow(pool.clone()).map_err(|error| format!("one mapping of all stacks: {error}"))?;
    for guard in pool.clone().step_by(STRIDE) {
        if let Err(error) = sys::install_guard(guard) {
            pool.step_by(STRIDE).for_each(sys::forbid);
            return Err(format!("a guard below a stack: {error}"));
        }
    }
    Ok(())
}

/// An address that is on a stack of this engine's.
fn address_on_a_stack(engine: &wasmtime::Engine) -> Result<usize, String> {
    let seen = Arc::new(AtomicUsize::new(0));
    let mut store = Store::new(engine, ());
    let see = Arc::clone(&seen);
    let look = Func::wrap(&mut store, move || {
        let local = 0_u8;
        see.store((&raw const local).addr(), Relaxed);
    });
    let look = look.typed::<(), ()>(&store).map_err(|error| format!("{error:#}"))?;
    store.set_epoch_deadline(u64::MAX / 2);
    let mut call = std::pin::pin!(look.call_async(&mut store, ()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match call.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Ok(())) => Ok(seen.load(Relaxed)),
        std::task::Poll::Ready(Err(error)) => Err(format!("{error:#}")),
        std::task::Poll::Pending => Err("a call that does nothing did not return".to_owned()),
    }
}

/// A mapping, from the kernel's list of them.
struct Mapping<'a> {
    range: Range<usize>,
    permissions: &'a str,
}

/// Where all stacks are, with their guards, if `within` is on the first and each lies where wasmtime puts it.
fn find(maps: &str, within: usize, stacks: usize) -> Option<Range<usize>> {
    let mappings: Vec<Mapping<'_>> = maps.lines().map(mapping).collect::<Option<_>>()?;
    let first = mappings.iter().position(|mapping| mapping.range.contains(&within))?;
    let pairs = mappings.get(first.checked_sub(1)?..)?.chunks_exact(2).take(stacks);
    let start = mappings[first].range.start.checked_sub(PAGE_BYTES)?;
    let mut end = start;
    for (n, pair) in pairs.enumerate() {
        let [guard, stack] = pair else { return None };
        let (bottom, top) = (end + PAGE_BYTES, end + STRIDE);
        // The first guard and the last stack may have become one mapping with what lies next to the pool.
        let guarded = guard.permissions == "---p" && guard.range.end == bottom && (n == 0 || guard.range.start == end);
        let last = n + 1 == stacks;
        let stacked = stack.permissions == "rw-p"
            && stack.range.start == bottom
            && (stack.range.end == top || last && stack.range.end > top);
        if !guarded || !stacked {
            return None;
        }
        end = top;
    }
    (stacks > 0 && end == start + stacks * STRIDE).then_some(start..end)
}

/// `7f00c0000000-7f00c0001000 rw-p ...`
fn mapping(line: &str) -> Option<Mapping<'_>> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    Some(Mapping { range: address(start)?..address(end)?, permissions: words.next()? })
}

mod sys {
    #![expect(unsafe_code, reason = "permissions of memory have no safe interface")]

    use std::ffi::c_void;
    use std::io;
    use std::ops::Range;

    use super::PAGE_BYTES;

    /// `MADV_GUARD_INSTALL` of `linux/mman.h`.
    const GUARD_INSTALL: libc::c_int = 102;

    /// Makes a page one that may not be touched. Its mapping stays whole.
    pub(super) fn install_guard(page: usize) -> io::Result<()> {
        // SAFETY: of all that callers pass, the page is either fresh and unused or the guard below a stack on which nothing
        // runs: whatever it holds is nobody's.
        let done = unsafe { libc::madvise(page as *mut c_void, PAGE_BYTES, GUARD_INSTALL) };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Makes one mapping of all stacks and the guards between them. Until those are installed there are none.
    pub(super) fn allow(pool: Range<usize>) -> io::Result<()> {
        // SAFETY: the range is that of the engine's stacks and no more, on none of which anything runs.
        let done = unsafe { libc::mprotect(pool.start as *mut c_void, pool.len(), libc::PROT_READ | libc::PROT_WRITE) };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
        // Else the kernel may make a huge page of several stacks, where it can. Kernels without huge pages refuse.
        // SAFETY: advice on the same range.
        unsafe { libc::madvise(pool.start as *mut c_void, pool.len(), libc::MADV_NOHUGEPAGE) };
        Ok(())
    }

    /// Gives a guard back what wasmtime had made of it. Without it the engine is not used: a failure ends the process.
    pub(super) fn forbid(page: usize) {
        // SAFETY: the page is the guard below a stack on which nothing runs.
        let done = unsafe { libc::mprotect(page as *mut c_void, PAGE_BYTES, libc::PROT_NONE) };
        assert!(done == 0, "a stack has lost its guard: {}", io::Error::last_os_error());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: usize = CALL_STACK_BYTES;

    /// The kernel's list for mappings that follow one another from an address on.
    fn maps(from: usize, parts: &[(usize, &str)]) -> String {
        let mut at = from;
        let line = |(length, permissions): &(usize, &str)| {
            let start = at;
            at += length;
            format!("{start:x}-{at:x} {permissions} 00000000 00:00 0\n")
        };
        parts.iter().map(line).collect()
    }

    #[test]
    fn stacks_are_found_as_wasmtime_lays_them_out_and_not_otherwise() {
        let (guard, stack) = ((PAGE_BYTES, "---p"), (STACK, "rw-p"));
        let from = 0x7f00_0000_0000;
        let within = from + PAGE_BYTES + STACK / 2;
        let found = |parts: &[(usize, &str)], stacks| find(&maps(from, parts), within, stacks);
        assert_eq!(found(&[guard, stack, guard, stack], 2), Some(from..from + 2 * STRIDE));
        assert_eq!(found(&[guard, stack, guard, (STACK * 3, "rw-p")], 2), Some(from..from + 2 * STRIDE), "a neighbour");
        let lower = maps(from - STACK, &[(STACK + PAGE_BYTES, "---p"), stack]);
        assert_eq!(find(&lower, within, 1), Some(from..from + STRIDE), "a neighbour below");
        assert_eq!(found(&[guard, stack, guard, stack], 3), None, "too few");
        assert_eq!(found(&[guard, stack, (PAGE_BYTES, "rw-p"), stack], 2), None, "no guard");
        assert_eq!(found(&[guard, stack, guard, (STACK - PAGE_BYTES, "rw-p")], 2), None, "too short");
        assert_eq!(found(&[(PAGE_BYTES, "r--p"), stack], 1), None, "another guard");
        assert_eq!(found(&[stack, guard], 1), None, "not there");
    }

    #[test]
    fn stacks_of_an_engine_become_one_mapping_and_keep_their_guards() {
        if !can_merge() {
            return;
        }
        let sessions = crate::engine::Sessions::Pooled(Some(50));
        let config = crate::engine::EngineConfig { sessions, ..Default::default() };
        let engine = crate::engine::Engine::new(config).unwrap();
        let within = address_on_a_stack(&engine.0.wasmtime).unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let around = maps.lines().filter_map(mapping).find(|mapping| mapping.range.contains(&within)).unwrap();
        assert!(around.range.len() >= 50 * STRIDE, "{:?}", around.range);
        assert!(merge(&engine.0.wasmtime, 50).is_err(), "they are not as wasmtime has made them any more");
        let page = within / PAGE_BYTES * PAGE_BYTES;
        let below = (0..STRIDE / PAGE_BYTES).map(|n| page - n * PAGE_BYTES);
        assert_eq!(below.filter(|page| !is_readable(*page)).count(), 1, "one guard from here to the next stack");
    }

    /// Whether a page can be read; the kernel tells where we would fault.
    fn is_readable(page: usize) -> bool {
        use std::os::unix::fs::FileExt;
        fs::File::open("/proc/self/mem").unwrap().read_exact_at(&mut [0], page as u64).is_ok()
    }
}
