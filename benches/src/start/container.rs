//! Row `jvm-container`: the same Java server, launched as a container for each match is launched today.
//!
//! The container is an OCI bundle (runtime specification 1.0.2) over the machine's own folders, bound read-only, so that
//! no image is needed. It has namespaces of its own for processes, mounts, IPC and host name, and shares the network:
//! a container network would make the peer slower still.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::process::{Ear, JavaServer, find_program};
use crate::Row;
use crate::samples::Samples;

/// Tried in this order: the first is what Docker, containerd and Kubernetes launch.
const RUNTIMES: [&str; 2] = ["runc", "crun"];
/// Folders of the machine that the container sees, where they exist.
const SHARED: [&str; 6] = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc"];
/// Where the container sees the class files.
const CLASSES: &str = "/classes";

/// The row, and the runtime that made it.
pub(super) fn row(server: &JavaServer, scratch: &Path, runs: u32) -> anyhow::Result<(Row, &'static str)> {
    let mut refusals = Vec::new();
    for name in RUNTIMES {
        let Some(program) = find_program(name) else {
            refusals.push(format!("no {name}"));
            continue;
        };
        let runtime = Runtime { program, folder: scratch.join(name), starts: 0 };
        match runtime.measure(server, runs) {
            Ok(row) => return Ok((row, name)),
            Err(error) => refusals.push(format!("{name}: {error:#}")),
        }
    }
    bail!("{}", refusals.join("; "))
}

struct Runtime {
    program: PathBuf,
    folder: PathBuf,
    starts: u32,
}

impl Runtime {
    fn measure(mut self, server: &JavaServer, runs: u32) -> anyhow::Result<Row> {
        // The first start reads files that later ones find in memory, as later containers on a machine do.
        self.start(server)?;
        let mut samples = Samples::with_capacity(runs);
        for _ in 0..runs {
            samples.push(self.start(server)?);
        }
        samples.row("jvm-container").context("no runs")
    }

    fn start(&mut self, server: &JavaServer) -> anyhow::Result<Duration> {
        self.starts += 1;
        let id = format!("stadion-bench-{}-{}", std::process::id(), self.starts);
        let bundle = self.folder.join("bundle");
        let ear = Ear::open()?;
        write_bundle(&bundle, server, ear.port()?)?;
        let mut command = Command::new(&self.program);
        command.arg("--root").arg(self.folder.join("state")).arg("run").arg("--bundle").arg(&bundle).arg(id);
        ear.first_answer(&mut command)
    }
}

fn write_bundle(bundle: &Path, server: &JavaServer, port: u16) -> anyhow::Result<()> {
    let rootfs = bundle.join("rootfs");
    let shared = shared_folders(server);
    for folder in
        shared.iter().map(|(_, inside)| inside.as_path()).chain(["/proc", "/dev", "/tmp", "/sys"].map(Path::new))
    {
        std::fs::create_dir_all(rootfs.join(folder.strip_prefix("/")?))?;
    }
    let config = config(server, &shared, port);
    std::fs::write(bundle.join("config.json"), config.to_string()).context("writing the bundle")
}

/// What is bound: outside and inside.
fn shared_folders(server: &JavaServer) -> Vec<(PathBuf, PathBuf)> {
    let mut folders: Vec<_> = SHARED.iter().map(PathBuf::from).filter(|folder| folder.is_dir()).collect();
    // A Java that lies elsewhere brings its home, two levels above `bin/java`.
    if let Some(home) = server.java.ancestors().nth(2).filter(|home| !home.starts_with("/usr")) {
        folders.push(home.to_owned());
    }
    let mut pairs: Vec<_> = folders.into_iter().map(|folder| (folder.clone(), folder)).collect();
    pairs.push((server.classes.clone(), CLASSES.into()));
    pairs
}

fn config(server: &JavaServer, shared: &[(PathBuf, PathBuf)], port: u16) -> Value {
    let bind = |(outside, inside): &(PathBuf, PathBuf)| json!({"destination": inside, "type": "bind", "source": outside, "options": ["rbind", "ro"]});
    let mut mounts = vec![
        json!({"destination": "/proc", "type": "proc", "source": "proc"}),
        json!({"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"]}),
        json!({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]}),
    ];
    let is_root = rustix::process::getuid().is_root();
    if is_root {
        mounts.extend(usual_mounts());
    }
    mounts.extend(shared.iter().map(bind));
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": {"uid": 0, "gid": 0},
            "args": [server.java, "-cp", CLASSES, "UdpServer", port.to_string()],
            "env": ["PATH=/usr/bin:/bin"],
            "cwd": "/",
            "noNewPrivileges": true,
            "capabilities": {"bounding": [], "effective": [], "permitted": []},
        },
        "root": {"path": "rootfs", "readonly": true},
        "hostname": "bench",
        "mounts": mounts,
        "linux": if is_root { usual_walls() } else { rootless_walls() },
    })
}

/// What container engines mount beside the file system.
fn usual_mounts() -> [Value; 4] {
    [
        json!({"destination": "/dev/pts", "type": "devpts", "source": "devpts",
            "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]}),
        json!({"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "size=64m"]}),
        json!({"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]}),
        json!({"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]}),
    ]
}

/// What container engines put around a process: namespaces, limits, hidden files. The network is left out.
fn usual_walls() -> Value {
    json!({
        "namespaces": namespaces(),
        "resources": {
            "devices": [{"allow": false, "access": "rwm"}],
            "memory": {"limit": 512 << 20},
            "pids": {"limit": 512},
        },
        "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
            "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    })
}

/// What a plain user may have: our own id is root inside, and there are no limits.
fn rootless_walls() -> Value {
    let mapping = |id: u32| json!([{"containerID": 0, "hostID": id, "size": 1}]);
    let mut namespaces = namespaces();
    namespaces.push(json!({"type": "user"}));
    json!({
        "namespaces": namespaces,
        "uidMappings": mapping(rustix::process::getuid().as_raw()),
        "gidMappings": mapping(rustix::process::getgid().as_raw()),
    })
}

fn namespaces() -> Vec<Value> {
    ["pid", "mount", "ipc", "uts"].iter().map(|kind| json!({"type": kind})).collect()
}
