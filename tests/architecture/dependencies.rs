//! Who may depend on whom, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// What does I/O, or drives it. None may be below a pure core.
const DRIVERS: [&str; 15] = [
    "async-std",
    "axum",
    "hyper",
    "mio",
    "quinn",
    "quinn-udp",
    "redis",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "tokio",
    "wasmtime",
];
/// No clock, no socket, no database.
const PURE: [&str; 3] = ["stadion-protocol", "stadion-schema", "stadion-sdk"];

/// The resolved graph of normal dependencies for this machine, by names.
struct Graph {
    metadata: Metadata,
    edges: BTreeMap<PackageId, Vec<PackageId>>,
}

impl Graph {
    fn read() -> Graph {
        let manifest = crate::root().join("Cargo.toml");
        let platform = ["--filter-platform".to_owned(), format!("{}-unknown-linux-gnu", std::env::consts::ARCH)];
        let mut command = MetadataCommand::new();
        command.manifest_path(manifest);
        if cfg!(target_os = "linux") {
            command.other_options(platform);
        }
        let metadata = command.exec().unwrap();
        let nodes = &metadata.resolve.as_ref().unwrap().nodes;
        let edges = nodes
            .iter()
            .map(|node| {
                let normal =
                    |dep: &&cargo_metadata::NodeDep| dep.dep_kinds.iter().any(|of| of.kind == DependencyKind::Normal);
                (node.id.clone(), node.deps.iter().filter(normal).map(|dep| dep.pkg.clone()).collect())
            })
            .collect();
        Graph { metadata, edges }
    }

    fn id(&self, name: &str) -> PackageId {
        let ours = self.metadata.workspace_packages();
        ours.iter().find(|package| package.name == name).unwrap_or_else(|| panic!("no package {name}")).id.clone()
    }

    /// Everything below a package of ours, itself left out.
    fn below(&self, name: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open = vec![self.id(name)];
        while let Some(id) = open.pop() {
            for next in &self.edges[&id] {
                if seen.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        seen.iter().map(|id| self.metadata[id].name.to_string()).collect()
    }

    /// Those of [`Graph::below`] that are ours.
    fn ours_below(&self, name: &str) -> BTreeSet<String> {
        let below = self.below(name);
        let ours = self.metadata.workspace_packages();
        ours.iter().map(|package| package.name.to_string()).filter(|name| below.contains(name)).collect()
    }
}

#[test]
fn host_and_control_plane_know_only_the_contract_between_them() {
    let graph = Graph::read();
    assert!(!graph.ours_below("stadion-host").contains("stadion-control-plane"));
    assert!(!graph.ours_below("stadion-control-plane").contains("stadion-host"));
}

#[test]
fn pure_cores_have_no_driver_below_them() {
    let graph = Graph::read();
    for core in PURE {
        let below = graph.below(core);
        let found: Vec<_> = DRIVERS.iter().filter(|driver| below.contains(**driver)).collect();
        assert!(found.is_empty(), "{core} depends on {found:?}");
    }
}

#[test]
fn each_part_depends_on_nothing_of_ours_but_what_is_below_it() {
    let graph = Graph::read();
    let guest = ["stadion-schema", "stadion-sdk", "stadion-sdk-macros"];
    let allowed: &[(&str, &[&str])] = &[
        ("stadion-schema", &[]),
        ("stadion-protocol", &[]),
        ("stadion-sdk", &guest),
        ("relay-arena", &guest),
        ("tictactoe", &guest),
        ("bomberman", &guest),
        ("hearts", &guest),
        ("stadion-host", &["stadion-protocol", "stadion-schema"]),
        ("stadion-control-plane", &["stadion-protocol", "stadion-schema"]),
        ("stadion-api", &[]),
        ("stadion-client", &["stadion-protocol", "stadion-schema", "stadion-sdk", "stadion-sdk-macros"]),
    ];
    for (part, allowed) in allowed {
        let below = graph.ours_below(part);
        let more: Vec<_> = below.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(more.is_empty(), "{part} depends on {more:?}, which is not below it");
    }
}

#[test]
fn games_know_only_the_sdk() {
    let graph = Graph::read();
    for package in graph.metadata.workspace_packages() {
        if package.manifest_path.strip_prefix(graph.metadata.workspace_root.join("games")).is_ok() {
            let direct: Vec<_> = package.dependencies.iter().filter(|dep| dep.kind == DependencyKind::Normal).collect();
            assert!(direct.iter().all(|dep| dep.name == "stadion-sdk"), "{}: {direct:?}", package.name);
        }
    }
}
