//! CPU time and memory of a process, by the roles of its threads, from outside. Linux; elsewhere nothing is told.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Nanoseconds of each thread so far, by thread id.
#[derive(Clone, Debug, Default)]
pub(crate) struct CpuTimes(BTreeMap<u32, (String, u64)>);

/// CPU time between two readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CpuUsed {
    /// By the name of the thread without its number.
    pub(crate) by_role: BTreeMap<String, Duration>,
}

impl CpuTimes {
    /// Of a process; empty where the system does not tell (proc_pid_schedstat: time on the CPU comes first).
    pub(crate) fn of(pid: u32) -> CpuTimes {
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return CpuTimes::default() };
        let times = threads.flatten().filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            Some((id, (role(&entry.path())?, on_cpu(&entry.path())?)))
        });
        CpuTimes(times.collect())
    }

    /// What was used since `earlier`. Threads that ended meanwhile are not seen: those here live as long as the process.
    pub(crate) fn since(&self, earlier: &CpuTimes) -> CpuUsed {
        let mut used = CpuUsed::default();
        for (id, (role, now)) in &self.0 {
            let before = earlier.0.get(id).map_or(0, |(_, before)| *before);
            *used.by_role.entry(role.clone()).or_default() += Duration::from_nanos(now.saturating_sub(before));
        }
        used
    }
}

impl CpuUsed {
    /// Of all threads.
    pub(crate) fn total(&self) -> Duration {
        self.by_role.values().sum()
    }

    /// Of the threads whose role begins so.
    pub(crate) fn of_role(&self, role: &str) -> Duration {
        self.by_role.iter().filter(|(name, _)| name.starts_with(role)).map(|(_, used)| *used).sum()
    }
}

fn role(task: &Path) -> Option<String> {
    let name = fs::read_to_string(task.join("comm")).ok()?;
    Some(name.trim().trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned())
}

fn on_cpu(task: &Path) -> Option<u64> {
    fs::read_to_string(task.join("schedstat")).ok()?.split_whitespace().next()?.parse().ok()
}

/// Memory of a process as the kernel counts it, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident.
    pub(crate) rss: u64,
    /// Resident, shared pages counted by their share.
    pub(crate) pss: u64,
}

/// Of a process; zeros where the system does not tell.
pub(crate) fn memory(pid: u32) -> Memory {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let kib = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
        value.unwrap_or(0u64) * 1024
    };
    Memory { rss: kib("Rss:"), pss: kib("Pss:") }
}

/// Mappings of a process.
pub(crate) fn mappings(pid: u32) -> usize {
    fs::read(format!("/proc/{pid}/maps")).map_or(0, |maps| maps.iter().filter(|&&byte| byte == b'\n').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_worked_shows_under_its_role() {
        let before = CpuTimes::of(std::process::id());
        let (told, tell) = std::sync::mpsc::channel();
        let (go, going) = std::sync::mpsc::channel::<()>();
        let worker = std::thread::Builder::new().name("worker-7".to_owned()).spawn(move || {
            told.send((0..20_000_000u64).fold(0, |sum, n| std::hint::black_box(sum ^ n))).unwrap();
            // Stays until it was looked at.
            going.recv().unwrap_err();
        });
        tell.recv().unwrap();
        let used = CpuTimes::of(std::process::id()).since(&before);
        drop(go);
        worker.unwrap().join().unwrap();
        assert!(used.of_role("worker") > Duration::ZERO && used.total() >= used.of_role("worker"), "{used:?}");
        assert!(memory(std::process::id()).rss > 0 && mappings(std::process::id()) > 0);
    }
}
