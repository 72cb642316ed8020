//! Lists the folders of `games/` and the guests of `tests/guests/nasty`, so that one without a test does not compile.

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
