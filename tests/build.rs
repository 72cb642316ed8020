//! Lists the folders of `games/` and the guests of `tests/guests`, so that one without a test does not compile.

use std::path::Path;
use std::{env, fs};

fn main() {
    let games = Path::new("../games");
    println!("cargo::rerun-if-changed={}", games.display());
    let is_game = |folder: &fs::DirEntry| folder.path().join("Cargo.toml").is_file();
    let mut names: Vec<String> = fs::read_dir(games)
        .expect("the workspace has games")
        .map(|entry| entry.expect("a folder can be listed"))
        .filter(is_game)
        .map(|folder| folder.file_name().to_string_lossy().replace('-', "_"))
        .collect();
    names.sort();
    let calls: String = names.iter().map(|name| format!("    $check!({name});\n")).collect();
    let text = format!("macro_rules! for_each_game {{ ($check:ident) => {{\n{calls}}} }}\n");
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("games.rs"), text).expect("cargo's folder can be written");
    fs::write(Path::new(&out).join("nasty.rs"), nasty()).expect("cargo's folder can be written");
    fs::write(Path::new(&out).join("hostile.rs"), hostile()).expect("cargo's folder can be written");
}

/// The same for the modules of the nasty guest.
fn nasty() -> String {
    let sources = Path::new("guests/nasty/src");
    println!("cargo::rerun-if-changed={}", sources.display());
    let files =
        fs::read_dir(sources).expect("there are nasty guests").map(|entry| entry.expect("a folder can be listed"));
    let stem = |file: fs::DirEntry| file.path().file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut names: Vec<String> = files.filter_map(stem).filter(|name| name != "lib").collect();
    names.sort();
    let calls: String = names.iter().map(|name| format!("    $check!({name});\n")).collect();
    format!("macro_rules! for_each_nasty_guest {{ ($check:ident) => {{\n{calls}}} }}\n")
}

/// A constant for each hostile guest.
fn hostile() -> String {
    let folder = fs::canonicalize("guests/hostile").expect("there are hostile guests");
    println!("cargo::rerun-if-changed={}", folder.display());
    let files =
        fs::read_dir(&folder).expect("it can be listed").map(|entry| entry.expect("a file can be listed").path());
    let mut files: Vec<_> = files.filter(|file| file.extension().is_some_and(|extension| extension == "wat")).collect();
    files.sort();
    let constant = |file: &std::path::PathBuf| {
        let name = file.file_stem().expect("it has an extension").to_string_lossy().into_owned();
        let upper = name.replace('-', "_").to_uppercase();
        // Rust's identifiers do not begin with a digit, and these names do not either.
        format!("pub(crate) const {upper}: Program = Program {{ name: {name:?}, text: include_str!({file:?}) }};\n")
    };
    files.iter().map(constant).collect()
}
