//! Puts the guest SDK into the binary: a table of its files, from which `stadion new` unpacks it. No registry is needed
//! to write a game, and a game's SDK is the one that its server was built with.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What a game needs of the workspace, relative to its root.
const ROOTS: [&str; 2] = ["Cargo.lock", "sdk-guest"];
/// Folders that users of the SDK have no use for.
const LEFT_OUT: [&str; 4] = ["target", "tests", "benches", "examples"];

fn main() {
    let manifest_dir = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let workspace = manifest_dir.parent().expect("the crate lies in the workspace").to_owned();
    let mut files = Vec::new();
    for root in ROOTS {
        // A folder's own time changes when files come and go, the files' times when they are edited.
        println!("cargo::rerun-if-changed={}", workspace.join(root).display());
        collect(&workspace.join(root), &mut files);
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&workspace).expect("found below it").to_string_lossy().replace('\\', "/");
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display().to_string()).expect("strings take all");
    }
    table.push_str("]\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("sdk_files.rs");
    std::fs::write(out, table).expect("cargo's own folder can be written");
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
        return;
    }
    for entry in std::fs::read_dir(path).expect("the workspace is whole") {
        let entry = entry.expect("the workspace is whole");
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !LEFT_OUT.contains(&name.as_str()) {
            collect(&entry.path(), files);
        }
    }
}
