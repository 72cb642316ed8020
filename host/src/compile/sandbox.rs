//! What the compile child takes away from itself before it reads a single byte of an upload: CPU time and memory past
//! its limits, files, and the network.

use std::time::Duration;

/// CPU time of the child.
pub(super) const CPU: Duration = Duration::from_secs(20);

/// Memory of the child: what it can write to, bytes.
pub(super) const MEMORY_BYTES: u64 = 1 << 30;

/// Address space of the child: its memory, and the reservations for the memories of one instance (a fast layout takes
/// 4 GiB for each), which cost nothing.
#[cfg(unix)]
const ADDRESS_SPACE_BYTES: u64 = MEMORY_BYTES + (14 << 30);

/// Files that the child may hold: the standard three, and the images of modules.
#[cfg(unix)]
const OPEN_FILES: u64 = 64;

/// Which walls stand. What is missing is told to the parent's log through stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Walls {
    pub(super) limits: bool,
    pub(super) files: bool,
    pub(super) calls: bool,
}

/// Puts up every wall that this machine has.
pub(super) fn enter() -> Walls {
    Walls { limits: limit_resources(), files: close_files(), calls: close_calls() }
}

#[cfg(unix)]
fn limit_resources() -> bool {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit =
        |resource, amount: u64| setrlimit(resource, Rlimit { current: Some(amount), maximum: Some(amount) }).is_ok();
    let cpu =
        setrlimit(Resource::Cpu, Rlimit { current: Some(CPU.as_secs()), maximum: Some(CPU.as_secs() + 1) }).is_ok();
    cpu & limit(Resource::As, ADDRESS_SPACE_BYTES)
        & limit(Resource::Data, MEMORY_BYTES)
        & limit(Resource::Nofile, OPEN_FILES)
        & limit(Resource::Core, 0)
}

#[cfg(not(unix))]
fn limit_resources() -> bool {
    false
}

/// Landlock with an empty ruleset: no path can be opened any more, no TCP port bound or reached.
#[cfg(target_os = "linux")]
fn close_files() -> bool {
    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus};
    // The newest interface that the walls are written for; on older kernels landlock does what they know.
    let abi = ABI::V5;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    status.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

#[cfg(not(target_os = "linux"))]
fn close_files() -> bool {
    false
}

/// System calls that compiling needs: memory, threads, signals, the pipes that are open. Everything else answers
/// `EPERM`.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
const CALLS: [libc::c_long; 58] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    libc::SYS_ppoll,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_mlock,
    libc::SYS_munlock,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_ftruncate,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_prctl,
    libc::SYS_prlimit64,
    libc::SYS_getrlimit,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_restart_syscall,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getscheduler,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getcpu,
];

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
fn close_calls() -> bool {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    let Ok(arch) = std::env::consts::ARCH.try_into() else { return false };
    let rules = CALLS.into_iter().map(|call| (call, Vec::new())).collect();
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let program = SeccompFilter::new(rules, denied, SeccompAction::Allow, arch).and_then(BpfProgram::try_from);
    program.is_ok_and(|program| seccompiler::apply_filter(&program).is_ok())
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn close_calls() -> bool {
    false
}
