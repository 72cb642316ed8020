//! Where the things under test are: the `stadion` program and the compiled games.

use std::path::{Path, PathBuf};

/// The `stadion` program: `STADION_BIN`, or the one that was built beside these tests.
pub fn stadion() -> PathBuf {
    let path = std::env::var_os("STADION_BIN").map_or_else(|| target_folder().join("stadion"), PathBuf::from);
    assert!(path.is_file(), "{} is not there: run `cargo xtask test`, or set STADION_BIN", path.display());
    path
}

/// A compiled game, as it is uploaded: from `STADION_GAMES_DIR`, or `target/games` of the workspace.
pub fn game(name: &str) -> Vec<u8> {
    let path = game_path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask games`", path.display()))
}

/// Where [`game`] reads.
pub fn game_path(name: &str) -> PathBuf {
    let folder = std::env::var_os("STADION_GAMES_DIR").map_or_else(|| workspace().join("target/games"), PathBuf::from);
    folder.join(format!("{name}.wasm"))
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The folder of the profile under test, such as `target/debug`: tests lie in its `deps`.
pub fn target_folder() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned()
}
