//! Which pages of a memory may have been written: what the kernel says, where it does.
//!
//! `PAGEMAP_SCAN` (Linux 6.7) lists the pages that a process has of its own: of a guest's memory those that somebody wrote,
//! since untouched ones are zero pages or pages of the artifact's data. It lists too many (a slot keeps pages that the
//! session before has written, cleared), never too few. Elsewhere every page is compared. With swap it is not used, as in
//! the pool. Source: `PAGEMAP_SCAN(2const)`, `Documentation/admin-guide/mm/pagemap.rst`.

use std::ops::Range;

/// A stretch of a memory, bytes from its start.
pub(super) type Region = Range<usize>;

/// Fills `found` with the stretches of `memory` that may have been written, ascending. `false`: nobody knows, all may.
pub(super) fn touched(memory: &[u8], found: &mut Vec<Region>) -> bool {
    found.clear();
    sys::scan(memory, found).is_some()
}

/// Gives back the pages of a memory of which every byte was read and nothing is needed any more. Reading maps a page of zeros
/// where nobody wrote, which stays with the slot for its next sessions, and every later scan walks over it: 13 ns each.
pub(super) fn give_back(memory: Range<*const u8>) {
    sys::give_back(memory);
}

#[cfg(target_os = "linux")]
mod sys {
    #![expect(unsafe_code, reason = "PAGEMAP_SCAN is an ioctl, and memory of guests is given back")]

    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::sync::LazyLock;

    use super::super::PAGE_BYTES;
    use super::{Range, Region};

    /// `struct page_region`.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct PageRegion {
        start: u64,
        end: u64,
        categories: u64,
    }

    /// `struct pm_scan_arg`.
    #[repr(C)]
    #[derive(Default)]
    struct ScanArg {
        size: u64,
        flags: u64,
        start: u64,
        end: u64,
        walk_end: u64,
        vec: u64,
        vec_len: u64,
        max_pages: u64,
        category_inverted: u64,
        category_mask: u64,
        category_anyof_mask: u64,
        return_mask: u64,
    }

    /// `_IOWR('f', 16, struct pm_scan_arg)`.
    const PAGEMAP_SCAN: libc::Ioctl = 0xc060_6610_u32 as libc::Ioctl;

    const FILE: u64 = 1 << 2;
    const PRESENT: u64 = 1 << 3;
    /// Also a page that is being moved by the kernel at this very moment.
    const SWAPPED: u64 = 1 << 4;
    const ZERO: u64 = 1 << 5;

    /// Stretches that one call lists.
    const REGIONS: usize = 128;

    /// This process' page map, where scanning it makes sense.
    static PAGEMAP: LazyLock<Option<File>> =
        LazyLock::new(|| if crate::engine::swap_is_on() { None } else { File::open("/proc/self/pagemap").ok() });

    /// `None`: the kernel cannot tell.
    pub(super) fn scan(memory: &[u8], found: &mut Vec<Region>) -> Option<()> {
        let pagemap = PAGEMAP.as_ref()?.as_raw_fd();
        let base = memory.as_ptr() as u64;
        let end = base + memory.len() as u64;
        if !base.is_multiple_of(PAGE_BYTES as u64) {
            return None;
        }
        let mut from = base;
        while from < end {
            let mut regions = [PageRegion::default(); REGIONS];
            let mut arg = ScanArg {
                size: size_of::<ScanArg>() as u64,
                start: from,
                end,
                vec: regions.as_mut_ptr() as u64,
                vec_len: REGIONS as u64,
                category_inverted: FILE | ZERO,
                category_mask: FILE | ZERO,
                category_anyof_mask: PRESENT | SWAPPED,
                ..ScanArg::default()
            };
            // SAFETY: `arg` and `regions` are laid out as the kernel's structures, and live until the call returns; the
            // kernel writes at most `vec_len` regions and only looks at the page tables of the scanned range.
            let listed = unsafe { libc::ioctl(pagemap, PAGEMAP_SCAN, &raw mut arg) };
            let listed = usize::try_from(listed).ok()?;
            for region in regions.get(..listed)? {
                let within = |address: u64| usize::try_from(address.clamp(base, end) - base).ok();
                found.push(within(region.start)?..within(region.end)?);
            }
            if arg.walk_end <= from {
                return None;
            }
            from = arg.walk_end;
        }
        Some(())
    }

    /// A refusal costs time alone, so it is nobody's fault.
    pub(super) fn give_back(memory: Range<*const u8>) {
        let bytes = memory.end.addr() - memory.start.addr();
        if !memory.start.addr().is_multiple_of(PAGE_BYTES) {
            return;
        }
        // SAFETY: the pages are those of one guest's memory, mapped privately, in whole pages, and there as long as its
        // instance is, which the caller holds. Nobody has a reference into it, and what it holds afterwards is what an
        // untouched memory does.
        let given = unsafe { libc::madvise(memory.start.cast_mut().cast(), bytes, libc::MADV_DONTNEED) };
        debug_assert_eq!(given, 0, "{}", std::io::Error::last_os_error());
    }
}

#[cfg(not(target_os = "linux"))]
mod sys {
    use super::{Range, Region};

    pub(super) fn give_back(_memory: Range<*const u8>) {}

    pub(super) fn scan(_memory: &[u8], _found: &mut Vec<Region>) -> Option<()> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn written_pages_are_never_missed() {
        use crate::image::PAGE_BYTES;
        let pages = 64;
        let mut memory = memmap2::MmapMut::map_anon(pages * PAGE_BYTES).unwrap();
        let written = [0, 1, 7, 40, 63];
        for page in written {
            memory[page * PAGE_BYTES + 5] = 1;
        }
        let read: usize = memory.iter().map(|byte| usize::from(*byte)).sum();
        assert_eq!(read, written.len());
        let mut found = Vec::new();
        if !touched(&memory, &mut found) {
            assert!(found.is_empty() || crate::engine::swap_is_on());
            return;
        }
        for page in written {
            assert!(found.iter().any(|region| region.contains(&(page * PAGE_BYTES))), "page {page}: {found:?}");
        }
        assert!(found.is_sorted_by_key(|region| region.start));
    }

    #[test]
    fn what_is_given_back_is_as_nobody_had_touched_it() {
        use crate::image::PAGE_BYTES;
        let mut memory = memmap2::MmapMut::map_anon(8 * PAGE_BYTES).unwrap();
        memory[3 * PAGE_BYTES] = 1;
        give_back(memory.as_ptr_range());
        let mut found = Vec::new();
        assert!(!touched(&memory, &mut found) || found.is_empty(), "{found:?}");
        assert!(memory.iter().all(|byte| *byte == 0));
    }
}
