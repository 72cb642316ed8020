//! The guest SDK as this binary carries it, and its unpacking into a game's folder.

use std::path::Path;

use crate::failure::{Failure, Outcome};

/// Files of the workspace that a game needs, by their path in it.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sdk_files.rs"));

/// Where a game's folder keeps the SDK.
pub(crate) const FOLDER: &str = ".stadion/sdk";

/// Writes the SDK to `<game>/.stadion/sdk`.
pub(crate) fn unpack(game: &Path) -> Outcome {
    for (name, bytes) in FILES {
        match name.strip_prefix("sdk-guest/") {
            Some(file) => write(&game.join(FOLDER).join(file), bytes)?,
            // Our own lock: with it the first build asks nobody for versions. Cargo drops what the game does not need.
            None => write(&game.join(name), bytes)?,
        }
    }
    Ok(())
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Outcome {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(|error| Failure::file("creating", folder, &error))?;
    std::fs::write(path, bytes).map_err(|error| Failure::file("writing", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_carries_the_sdk_and_nothing_that_points_out_of_it() {
        let folder = tempfile::tempdir().unwrap();
        unpack(folder.path()).unwrap();
        for file in
            ["Cargo.lock", ".stadion/sdk/Cargo.toml", ".stadion/sdk/src/lib.rs", ".stadion/sdk/macros/src/lib.rs"]
        {
            assert!(folder.path().join(file).is_file(), "{file}");
        }
        for manifest in ["Cargo.toml", "macros/Cargo.toml", "schema/Cargo.toml"] {
            let text = std::fs::read_to_string(folder.path().join(FOLDER).join(manifest)).unwrap();
            assert!(!text.contains("workspace = true"), "{manifest} inherits from a workspace that is not there");
        }
    }
}
