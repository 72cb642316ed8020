//! The guest SDK as this binary carries it, and its unpacking into a game's folder.

use std::path::Path;

use crate::failure::{Failure, Outcome};

/// Files of the workspace that a game needs, by their path in it.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sdk_files.rs"));

/// Where a game's folder keeps the SDK.
pub(crate) const FOLDER: &str = ".stadion/sdk";

/// Writes the SDK to `<game>/.stadion/sdk`: a workspace of its own with the same versions of everything.
pub(crate) fn unpack(game: &Path) -> Outcome {
    let folder = game.join(FOLDER);
    for (name, bytes) in FILES {
        match *name {
            "Cargo.toml" => write(&folder.join(name), workspace_manifest(bytes)?.as_bytes())?,
            // The game's own lock: with it the first build asks nobody for versions. Cargo drops what it does not need.
            "Cargo.lock" => write(&game.join(name), bytes)?,
            _ => write(&folder.join(name), bytes)?,
        }
    }
    Ok(())
}

/// Our own manifest cut down to what the SDK's crates inherit from it.
fn workspace_manifest(ours: &[u8]) -> Outcome<String> {
    let damaged = |what: &str| Failure::failed(format!("the SDK in this binary is damaged: {what}"));
    let text = std::str::from_utf8(ours).map_err(|_| damaged("its manifest is not text"))?;
    let mut ours: toml::Table = text.parse().map_err(|_| damaged("its manifest does not read"))?;
    let workspace = ours.get_mut("workspace").and_then(toml::Value::as_table_mut);
    let mut workspace = std::mem::take(workspace.ok_or_else(|| damaged("it is no workspace"))?);
    let members = workspace.get_mut("members").and_then(toml::Value::as_array_mut);
    let members = members.ok_or_else(|| damaged("it has no members"))?;
    members.retain(|member| member.as_str().is_some_and(|path| path == "sdk-guest" || path.starts_with("sdk-guest/")));
    let kept = toml::Table::from_iter([("workspace".to_owned(), toml::Value::Table(workspace))]);
    Ok(format!("# Unpacked by `stadion new`: the SDK, as the server that made it knows it. Leave it as it is.\n{kept}"))
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
    fn the_binary_carries_the_sdk_and_what_it_inherits() {
        let folder = tempfile::tempdir().unwrap();
        unpack(folder.path()).unwrap();
        for file in ["Cargo.lock", ".stadion/sdk/sdk-guest/src/lib.rs", ".stadion/sdk/sdk-guest/macros/Cargo.toml"] {
            assert!(folder.path().join(file).is_file(), "{file}");
        }
        let manifest = std::fs::read_to_string(folder.path().join(".stadion/sdk/Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let members = manifest["workspace"]["members"].as_array().unwrap();
        assert!(members.iter().all(|member| member.as_str().unwrap().starts_with("sdk-guest")), "{members:?}");
        assert!(manifest["workspace"]["dependencies"].get("postcard").is_some());
    }
}
