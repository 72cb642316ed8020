//! `stadion dev --json` on a game's folder, with a server of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use stadion_tests::programs;

/// For a build, in the worst case of the SDK with it, on a busy machine.
pub(super) const BUILD_WITHIN: Duration = Duration::from_secs(240);

/// A running one.
pub(super) struct Dev {
    pub(super) child: Child,
    events: Receiver<Value>,
    pub(super) server: String,
    folder: PathBuf,
    _home: tempfile::TempDir,
}

impl Drop for Dev {
    fn drop(&mut self) {
        // Ctrl-C: it takes its server down with it. Should it not, the test's time is over anyway.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl Dev {
    /// Begins in a folder that `make` fills, and waits until the game can be played.
    pub(super) fn begin(make: impl FnOnce(&Path) -> PathBuf, options: &[&str]) -> Dev {
        let home = tempfile::Builder::new().prefix("stadion-dev-").tempdir().unwrap();
        let folder = make(home.path());
        let mut command = dev(home.path(), &folder, options);
        let mut child = command.arg("--json").stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = channel();
        // Ends with the program, or with the test.
        std::thread::spawn(move || {
            let lines = stdout.lines().map_while(Result::ok);
            lines.filter_map(|line| serde_json::from_str(&line).ok()).try_for_each(|event| sender.send(event))
        });
        let mut dev = Dev { child, events, server: String::new(), folder, _home: home };
        dev.server = dev.wait_for("ready")["server"].as_str().unwrap().to_owned();
        dev
    }

    /// The next event of this kind; those before it are passed over.
    pub(super) fn wait_for(&self, event: &str) -> Value {
        let mut heard = Vec::new();
        loop {
            let next = self.events.recv_timeout(BUILD_WITHIN).unwrap_or_else(|_| panic!("no {event} in {heard:#?}"));
            if next["event"] == event {
                return next;
            }
            heard.push(next);
        }
    }

    /// [`wait_for`](Dev::wait_for), while players play on.
    pub(super) async fn hears(self, event: &'static str) -> (Dev, Value) {
        blocking(move || {
            let value = self.wait_for(event);
            (self, value)
        })
        .await
    }

    pub(super) fn edit(&self, file: &str, from: &str, to: &str) {
        edit(&self.folder, file, from, to);
    }
}

/// Saves a change of a game's source.
pub(super) fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{file} has {from:?} once");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

/// The command, with a server of its own and the target folder that all stories share: the SDK is built once.
pub(super) fn dev(home: &Path, folder: &Path, options: &[&str]) -> Command {
    let mut command = stadion(home);
    command.args(["dev", "--ephemeral"]).args(options).arg(folder);
    command.env("CARGO_TARGET_DIR", programs::target_folder().parent().unwrap().join("tmp/first-game"));
    command
}

fn stadion(home: &Path) -> Command {
    let mut command = Command::new(programs::stadion());
    command.env("STADION_CONFIG_DIR", home.join("config")).env_remove("RUSTFLAGS");
    command.env_remove("STADION_SERVER").env_remove("STADION_KEY").current_dir(home);
    command
}

/// A game of the template, under a name of its own: stories share a target folder.
pub(super) fn new_game(name: &'static str) -> impl FnOnce(&Path) -> PathBuf {
    move |home| {
        assert!(stadion(home).args(["new", name]).status().unwrap().success());
        home.join(name)
    }
}

/// The example, in a folder of its own as a developer would have it; its crate has this name.
pub(super) fn own_bomberman(name: &'static str) -> impl FnOnce(&Path) -> PathBuf {
    move |home| {
        let (folder, root) = (home.join("bomberman"), programs::workspace());
        std::fs::create_dir_all(folder.join("src")).unwrap();
        for file in std::fs::read_dir(root.join("games/bomberman/src")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.join("src").join(file.file_name())).unwrap();
        }
        std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        std::fs::write(folder.join("stadion.toml"), "name = \"bomberman\"\n").unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\n\
             crate-type = [\"cdylib\", \"rlib\"]\n[dependencies]\nstadion-sdk = {{ path = {:?} }}\n[workspace]\n",
            root.join("sdk-guest").display().to_string()
        );
        std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        folder
    }
}

pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
