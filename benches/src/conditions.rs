//! Under which conditions figures were taken: machine, build, and what else ran meanwhile.

use std::fmt;
use std::fs;
use std::process::Command;

/// The machine and the build, and the load that was not ours.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// CPU model.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Kernel release.
    pub kernel: String,
    /// MiB of memory.
    pub memory_mib: u64,
    /// CPU frequency governor, if the machine has one.
    pub governor: Option<String>,
    /// Git revision of the source tree that the benchmark was started in, if it is ours.
    pub revision: Option<String>,
    /// How this program was built.
    pub profile: &'static str,
    /// What others used while the rows were taken.
    pub foreign: Option<ForeignLoad>,
}

/// CPU time that neither this process nor its ended children used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForeignLoad {
    /// Cores' worth of other processes.
    pub cores: f64,
    /// Cores' worth that the hypervisor gave to somebody else.
    pub stolen: f64,
}

impl Conditions {
    /// Reads them from the running system; what it does not tell stays empty.
    pub fn read() -> Conditions {
        let memory = field("/proc/meminfo", "MemTotal").and_then(|kib| kib.trim_end_matches(" kB").parse::<u64>().ok());
        Conditions {
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            kernel: trimmed("/proc/sys/kernel/osrelease").unwrap_or_else(|| std::env::consts::OS.to_owned()),
            memory_mib: memory.unwrap_or(0) / 1024,
            governor: trimmed("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            revision: revision(),
            profile: profile(),
            foreign: None,
        }
    }

    #[cfg(test)]
    pub(crate) fn unknown() -> Conditions {
        Conditions::default()
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conditions { cpu, cores, kernel, memory_mib, profile, .. } = self;
        let governor = self.governor.as_deref().unwrap_or("not told");
        writeln!(f, "machine     {cpu}, {cores} cores, {memory_mib} MiB, Linux {kernel}, governor {governor}")?;
        writeln!(f, "build       {profile}, revision {}", self.revision.as_deref().unwrap_or("unknown"))?;
        match self.foreign {
            Some(ForeignLoad { cores, stolen }) => {
                write!(f, "meanwhile   others used {cores:.2} cores, the hypervisor took {stolen:.2}")
            }
            None => f.write_str("meanwhile   load of others unknown"),
        }
    }
}

/// How this crate was built; the host's and the dependencies' optimization follows from the profile.
fn profile() -> &'static str {
    if cfg!(debug_assertions) { "dev profile (host and dependencies at opt-level 3)" } else { "release profile" }
}

/// The value of `name : value` in a file of such lines.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (_, value) = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == name)?;
    Some(value.trim().to_owned())
}

fn trimmed(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The revision of the working directory's repository, if that repository is this one.
fn revision() -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    let root = git(&["rev-parse", "--show-toplevel"])?;
    std::path::Path::new(&root).join("wit/0.1/game.wit").exists().then(|| git(&["rev-parse", "--short", "HEAD"]))?
}

/// Counts the machine's CPU time from its start on.
pub(crate) struct LoadMeter {
    start: Option<Ticks>,
}

/// Clock ticks since boot: all of them, the busy ones, the stolen ones, and our own with our ended children's.
#[derive(Clone, Copy)]
struct Ticks {
    total: u64,
    busy: u64,
    stolen: u64,
    own: u64,
}

impl LoadMeter {
    pub(crate) fn start() -> LoadMeter {
        LoadMeter { start: Ticks::read() }
    }

    /// The load since the start; `None` where the system does not tell. Children that still run count as foreign.
    pub(crate) fn stop(self) -> Option<ForeignLoad> {
        let (from, to) = (self.start?, Ticks::read()?);
        let cores = std::thread::available_parallelism().ok()?.get() as f64;
        let share = |ticks: u64| ticks as f64 * cores / to.total.saturating_sub(from.total).max(1) as f64;
        let (busy, own) = (to.busy.saturating_sub(from.busy), to.own.saturating_sub(from.own));
        Some(ForeignLoad {
            cores: share(busy.saturating_sub(own)),
            stolen: share(to.stolen.saturating_sub(from.stolen)),
        })
    }
}

impl Ticks {
    fn read() -> Option<Ticks> {
        Ticks::parse(&fs::read_to_string("/proc/stat").ok()?, &fs::read_to_string("/proc/self/stat").ok()?)
    }

    /// From the texts of `/proc/stat` and `/proc/self/stat`, see proc_stat(5) and proc_pid_stat(5).
    fn parse(machine: &str, own: &str) -> Option<Ticks> {
        let cpu: Vec<u64> = machine.lines().next()?.split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
        let [user, nice, system, idle, iowait, irq, softirq, stolen] = *cpu.first_chunk::<8>()?;
        // The command's name stands in brackets and may hold anything; utime, stime, cutime, cstime are fields 14 to 17.
        let times = own.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
        let busy = user + nice + system + irq + softirq;
        let own = times.filter_map(|n| n.parse::<u64>().ok()).sum();
        Some(Ticks { total: busy + idle + iowait + stolen, busy, stolen, own })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read_by_its_fields() {
        let machine = "cpu  10 1 5 100 2 1 1 7 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        let own = "42 (odd ) name) S 1 1 1 0 -1 4194304 1 2 3 4 30 20 5 1 20 0 1 0 100 0 0";
        let ticks = Ticks::parse(machine, own).unwrap();
        assert_eq!((ticks.total, ticks.busy, ticks.stolen, ticks.own), (127, 18, 7, 56));
    }

    #[test]
    fn the_running_system_tells_its_conditions() {
        let conditions = Conditions::read();
        assert!(conditions.cores > 0 && !conditions.cpu.is_empty(), "{conditions}");
    }
}
