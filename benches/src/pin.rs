//! Which core a thread runs on. Threads and processes started afterwards inherit it.

use anyhow::Context;

/// Server and load generator, apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cores {
    /// Where the server runs.
    pub(crate) server: usize,
    /// Where the load comes from.
    pub(crate) load: usize,
}

/// Two cores of this process, if it has two and the system can pin.
#[cfg(target_os = "linux")]
pub(crate) fn two_cores() -> Option<Cores> {
    let mine = rustix::thread::sched_getaffinity(None).ok()?;
    let mut cores = (0..rustix::thread::CpuSet::MAX_CPU).filter(|&core| mine.is_set(core));
    Some(Cores { server: cores.next()?, load: cores.next()? })
}

/// Pins the calling thread.
#[cfg(target_os = "linux")]
pub(crate) fn to_core(core: usize) -> anyhow::Result<()> {
    let mut only = rustix::thread::CpuSet::new();
    only.set(core);
    rustix::thread::sched_setaffinity(None, &only).with_context(|| format!("pinning a thread to core {core}"))
}

/// Elsewhere threads run where the system likes.
#[cfg(not(target_os = "linux"))]
pub(crate) fn two_cores() -> Option<Cores> {
    None
}

/// Elsewhere threads run where the system likes.
#[cfg(not(target_os = "linux"))]
pub(crate) fn to_core(_: usize) -> anyhow::Result<()> {
    Ok(())
}

/// Pins the calling thread for as long as this lives, and lets it run on all cores of before again.
pub(crate) struct Pinned {
    #[cfg(target_os = "linux")]
    before: Option<rustix::thread::CpuSet>,
}

impl Pinned {
    /// `None`: nowhere in particular.
    pub(crate) fn to(core: Option<usize>) -> anyhow::Result<Pinned> {
        #[cfg(target_os = "linux")]
        let before = rustix::thread::sched_getaffinity(None).ok().filter(|_| core.is_some());
        if let Some(core) = core {
            to_core(core)?;
        }
        Ok(Pinned {
            #[cfg(target_os = "linux")]
            before,
        })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(before) = &self.before {
            // It was allowed a moment ago; where it is not any more, the thread stays where it is.
            let _ = rustix::thread::sched_setaffinity(None, before);
        }
    }
}
