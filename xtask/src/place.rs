//! Where things are: the checkout, the target directory of this very build, the binary, the games.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Paths of one checkout and one target directory.
pub(crate) struct Place {
    /// The workspace's root.
    pub(crate) root: PathBuf,
    /// The target directory, wherever cargo was told to put it.
    pub(crate) target: PathBuf,
}

impl Place {
    /// Found from this executable: cargo put it into `<target>/<profile>/`.
    pub(crate) fn find() -> Result<Place> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has a parent directory")?.to_owned();
        let exe = std::env::current_exe().context("where this executable is")?;
        let target = exe.ancestors().nth(2).context("the target directory above this executable")?.to_owned();
        Ok(Place { root, target })
    }

    /// The `stadion` binary of the profile that `serve` and `test` share.
    pub(crate) fn binary(&self) -> PathBuf {
        self.target.join("debug").join(format!("stadion{}", std::env::consts::EXE_SUFFIX))
    }

    /// Where `cargo xtask games` leaves the example games.
    pub(crate) fn games(&self) -> PathBuf {
        self.target.join("games")
    }
}

/// Whether CI runs this: there a missing tool is a failure, on a laptop it is left out in plain sight.
pub(crate) fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}
