//! `stadion dev` as a developer meets it: rules change under a match with two players in it, and nobody reconnects.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bomberman::{Bomberman, Phase};
use serde_json::Value;
use stadion_client::{Event, Match, Play, RawEvent, RawMatch, Stadion};
use stadion_tests::programs;

/// For a build, in the worst case of the SDK with it, on a busy machine.
const BUILD_WITHIN: Duration = Duration::from_secs(240);
/// For everything that players do.
const WAIT: Duration = Duration::from_secs(30);

/// `stadion dev --json` on a game's folder, with a server of its own.
struct Dev {
    child: Child,
    events: Receiver<Value>,
    server: String,
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
    fn begin(make: impl FnOnce(&Path) -> PathBuf, options: &[&str]) -> Dev {
        let home = tempfile::Builder::new().prefix("stadion-dev-").tempdir().unwrap();
        let folder = make(home.path());
        let mut command = stadion(home.path());
        command.args(["dev", "--ephemeral", "--json"]).args(options).arg(&folder);
        command.env("CARGO_TARGET_DIR", programs::target_folder().parent().unwrap().join("tmp/first-game"));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = channel();
        // Ends with the program, or with the test.
        std::thread::spawn(move || {
            let lines = stdout.lines().map_while(Result::ok);
            lines.filter_map(|line| serde_json::from_str(&line).ok()).try_for_each(|event| sender.send(event))
        });
        let mut dev = Dev { child, events, server: String::new(), folder, _home: home };
        let ready = dev.wait_for("ready");
        dev.server = ready["server"].as_str().unwrap().to_owned();
        dev
    }

    fn wait_for(&self, event: &str) -> Value {
        let mut heard = Vec::new();
        loop {
            let next = self.events.recv_timeout(BUILD_WITHIN).unwrap_or_else(|_| panic!("no {event} in {heard:#?}"));
            if next["event"] == event {
                return next;
            }
            heard.push(next);
        }
    }

    /// Saves a change of the game's source.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.folder.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{file} has {from:?} once");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }
}

fn stadion(home: &Path) -> Command {
    let mut command = Command::new(programs::stadion());
    command.env("STADION_CONFIG_DIR", home.join("config")).env_remove("RUSTFLAGS");
    command.env_remove("STADION_SERVER").env_remove("STADION_KEY").current_dir(home);
    command
}

fn new_game(home: &Path) -> PathBuf {
    assert!(stadion(home).args(["new", "dev-story"]).status().unwrap().success());
    home.join("dev-story")
}

/// The example, in a folder of its own as a developer would have it.
fn own_bomberman(home: &Path) -> PathBuf {
    let (folder, root) = (home.join("bomberman"), programs::workspace());
    std::fs::create_dir_all(folder.join("src")).unwrap();
    for file in std::fs::read_dir(root.join("games/bomberman/src")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.join("src").join(file.file_name())).unwrap();
    }
    std::fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    std::fs::write(folder.join("stadion.toml"), "name = \"bomberman\"\n").unwrap();
    let manifest = format!(
        "[package]\nname = \"bomberman\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\
         [dependencies]\nstadion-sdk = {{ path = {:?} }}\n[workspace]\n",
        root.join("sdk-guest").display().to_string()
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    folder
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn two_raw_players(server: &str, game: &str) -> (RawMatch, RawMatch) {
    let ada = Stadion::guest(server, "ada").await.unwrap();
    let first = ada.play_raw(game, Play::Create).await.unwrap();
    let code = first.info().unwrap().code.clone().unwrap();
    let bob = Stadion::guest(server, "bob").await.unwrap();
    (first, bob.play_raw(game, Play::Code(code)).await.unwrap())
}

/// Waits for a view of the template's game in which this has been counted to. A connection that is lost is a failure.
async fn counted_to(seat: &mut RawMatch, total: u8) {
    let waiting = async {
        loop {
            match seat.next().await {
                RawEvent::View(view) if view[0] == total => return,
                RawEvent::End(end) => panic!("it ended: {end:?}"),
                RawEvent::Stalled => panic!("a player had to reconnect"),
                _ => {}
            }
        }
    };
    tokio::time::timeout(WAIT, waiting).await.unwrap_or_else(|_| panic!("nobody counted to {total}"));
}

/// `In::Add(n)` of the template.
fn add(n: u8) -> [u8; 2] {
    [0, n]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_changes_under_two_players_who_play_on() {
    let dev = blocking(|| Dev::begin(new_game, &[])).await;
    let (mut ada, mut bob) = two_raw_players(&dev.server, "dev-story").await;
    counted_to(&mut bob, 0).await;
    ada.send(&add(3)).unwrap();
    counted_to(&mut bob, 3).await;
    // More than three at once was refused, and nobody tried: the new build plays those ticks in the same way.
    dev.edit("src/lib.rs", "!(1..=3).contains(&n)", "!(1..=5).contains(&n)");
    let (dev, saved) = blocking(|| {
        let saved = dev.wait_for("saved");
        (dev, saved)
    })
    .await;
    assert_eq!((&saved["moved"], &saved["kept"]), (&1.into(), &0.into()), "{saved}");
    bob.send(&add(5)).unwrap();
    counted_to(&mut ada, 8).await;
    eprintln!("from save to effect: {} ms ({saved})", saved["ms"]);

    dev.edit("src/lib.rs", "!(1..=5).contains(&n)", "!(1..=five).contains(&n)");
    let dev = blocking(|| {
        assert!(dev.wait_for("failed")["message"].as_str().unwrap().contains("does not build"));
        dev
    })
    .await;
    ada.send(&add(4)).unwrap();
    counted_to(&mut bob, 12).await;
    blocking(|| drop(dev)).await;
}

/// Waits until a phase is seen. A connection that is lost is a failure.
async fn sees(seat: &mut Match<Bomberman>, what: &str, wanted: fn(Phase) -> bool) {
    let waiting = async {
        loop {
            match seat.next().await {
                Event::View(view) if wanted(view.phase) => return,
                Event::End(end) => panic!("it ended: {end:?}"),
                Event::Stalled => panic!("a player had to reconnect"),
                _ => {}
            }
        }
    };
    tokio::time::timeout(WAIT, waiting).await.unwrap_or_else(|_| panic!("nobody saw {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walls_of_a_running_bomberman_match_close_in_sooner() {
    let dev = blocking(|| Dev::begin(own_bomberman, &["--on-difference", "accept"])).await;
    let ada = Stadion::guest(&dev.server, "ada").await.unwrap();
    let mut first = ada.play::<Bomberman>("bomberman", Play::Create).await.unwrap();
    let code = first.code().unwrap().to_owned();
    let bob = Stadion::guest(&dev.server, "bob").await.unwrap();
    let mut second = bob.play::<Bomberman>("bomberman", Play::Code(code)).await.unwrap();
    sees(&mut first, "the start", |phase| matches!(phase, Phase::Calm(_))).await;
    // The seconds that are left are shown: the new rule would have shown others from the start, which is accepted.
    dev.edit("src/lib.rs", "CALM_TICKS: u32 = 120 *", "CALM_TICKS: u32 = 60 *");
    let (dev, saved) = blocking(|| {
        let saved = dev.wait_for("saved");
        (dev, saved)
    })
    .await;
    assert_eq!(saved["moved"], 1, "{saved}");
    for seat in [&mut first, &mut second] {
        // Under the old rule more than a minute would be left, however long the build took.
        sees(seat, "the new rule", |phase| matches!(phase, Phase::Calm(seconds) if seconds <= 60)).await;
    }
    eprintln!("from save to effect: {} ms ({saved})", saved["ms"]);
    blocking(|| drop(dev)).await;
}
