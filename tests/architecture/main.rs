//! The shape of the source tree, held by tests: who may depend on whom, what ARCHITECTURE.md names, what files look like.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench_guest;
mod dependencies;
mod document;
mod security;
mod tidy;

use std::path::{Path, PathBuf};

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Folders that hold no source of ours.
const SKIPPED: [&str; 4] = ["target", ".git", "node_modules", "corpus"];

/// Every file of the source tree, relative to its root, in order.
fn files() -> Vec<PathBuf> {
    let root = root();
    let (mut folders, mut files) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap().map(Result::unwrap) {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_file() {
                files.push(path.strip_prefix(&root).unwrap().to_owned());
            } else if kind.is_dir() && !SKIPPED.iter().any(|skipped| path.ends_with(skipped)) {
                folders.push(path);
            }
        }
    }
    files.sort();
    files
}
