//! Puts into the binary, as tables of files, what it carries: the guest SDK, which `stadion new` unpacks (no registry is
//! needed to write a game, and a game's SDK is the one that its server was built with), and the server's own pages.

use std::path::{Path, PathBuf};

/// What a game needs of the workspace, relative to its root.
const ROOTS: [&str; 2] = ["Cargo.lock", "sdk-guest"];
/// Folders that users of the SDK have no use for.
const LEFT_OUT: [&str; 4] = ["target", "tests", "benches", "examples"];

/// Folders of pages, and below which path of a server they stand; `index.html` is the page of its folder.
const PAGES: [(&str, &str); 3] = [("site", "/"), ("playground", "/playground/"), ("clients/web/dist", "/client/")];

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
    let entry = |file: &Path| {
        let name = file.strip_prefix(&workspace).expect("found below it").to_string_lossy().replace('\\', "/");
        format!("    ({name:?}, include_bytes!({:?})),", file.display().to_string())
    };
    write_table("sdk_files.rs", &files.iter().map(|file| entry(file)).collect::<Vec<_>>());
    let site = PAGES.iter().flat_map(|(folder, at)| pages(&workspace.join(folder), at));
    write_table("site_pages.rs", &site.collect::<Vec<_>>());
}

/// The pages of a folder, if it is there.
fn pages(folder: &Path, at: &str) -> Vec<String> {
    let mut files = Vec::new();
    if folder.exists() {
        // Cargo would run this each time for a folder that is not there.
        println!("cargo::rerun-if-changed={}", folder.display());
        collect(folder, &mut files);
    }
    files.sort();
    let page = |file: &PathBuf| {
        let name = file.strip_prefix(folder).expect("found below it").to_string_lossy().replace('\\', "/");
        let path = format!("{at}{}", name.strip_suffix("index.html").unwrap_or(&name)); // of a file, nothing is added
        format!("    SitePage {{ path: {path:?}, bytes: include_bytes!({:?}) }},", file.display().to_string())
    };
    files.iter().map(page).collect()
}

fn write_table(name: &str, entries: &[String]) {
    let table = format!("&[\n{}\n]\n", entries.join("\n"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join(name);
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
