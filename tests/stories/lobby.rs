//! Two friends at two terminals: from the registration to the changed rating.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};
use stadion_tests::{Server, programs};

/// No single thing here takes longer: a match of bomberman is over within it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two bombs of a player who is tired of life.
const BOMB_EVERY: Duration = Duration::from_millis(400);

/// A terminal of its own: its account lies in its own folder.
struct Terminal<'a> {
    server: &'a Server,
    folder: tempfile::TempDir,
    name: &'static str,
}

impl<'a> Terminal<'a> {
    fn new(server: &'a Server, name: &'static str) -> Terminal<'a> {
        let folder = tempfile::Builder::new().prefix("stadion-player-").tempdir().unwrap();
        let terminal = Terminal { server, folder, name };
        assert_eq!(terminal.says(&["account", "register", name])["name"], name);
        terminal
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(programs::stadion());
        command
            .args(arguments)
            .arg("--json")
            .env("STADION_CONFIG_DIR", self.folder.path())
            .env("STADION_SERVER", &self.server.http)
            .env("STADION_PASSWORD", "correct horse battery")
            .env_remove("STADION_KEY")
            .current_dir(self.folder.path());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The last line of what a command answers.
    fn says(&self, arguments: &[&str]) -> Value {
        let output = self.output(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{} {arguments:?}: {out}\n{err}", self.name);
        out.lines().last().map_or(Value::Null, |line| serde_json::from_str(line).unwrap())
    }

    /// A search that goes on beside this.
    fn searches(&self, arguments: &[&str]) -> Hunt {
        let log = std::fs::File::create(self.folder.path().join("search.log")).unwrap();
        let mut child = self
            .command(&[&["search"][..], arguments, &["--yes"]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        // Ends with the process.
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Hunt { child, stdin, lines, log: self.folder.path().join("search.log") }
    }
}

/// A running `stadion search`, killed when dropped.
struct Hunt {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: mpsc::Receiver<Value>,
    log: std::path::PathBuf,
}

impl Hunt {
    /// The next line of which something holds.
    fn hears(&self, what: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|error| panic!("{error}: {}", read(&self.log)));
            if what(&line) {
                return line;
            }
        }
    }

    fn hears_kind(&self, kind: &str) -> Value {
        self.hears(|line| line["kind"] == kind)
    }

    /// Whether the match was still on.
    fn types(&mut self, line: &str) -> bool {
        self.stdin.as_mut().is_some_and(|stdin| writeln!(stdin, "{line}").and_then(|()| stdin.flush()).is_ok())
    }
}

impl Drop for Hunt {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Bomberman with a queue in which two meet.
pub(crate) async fn publish(server: &Server) {
    let published = server.api().publish("bomberman", programs::game("bomberman")).await;
    let settings = json!({"queue.duel.teams": "2", "queue.duel.skill-window": "200", "queue.duel.ready-seconds": "30"});
    server.api().set(&published, &settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_friends_form_a_party_search_play_bomberman_and_are_rated() {
    let server = Server::start();
    publish(&server).await;
    let (ada, bob) = (Terminal::new(&server, "ada"), Terminal::new(&server, "bob"));
    ada.says(&["friends", "add", "bob"]);
    assert_eq!(bob.says(&["friends", "add", "ADA"])["state"], "friends");

    assert_eq!(ada.says(&["party", "new"])["phase"], "gathering");
    ada.says(&["party", "invite", "bob"]);
    assert_eq!(bob.says(&["party", "invitations"])["name"], "ada");
    assert_eq!(bob.says(&["party", "accept"])["members"][1]["name"], "bob");
    assert!(!ada.output(&["search", "bomberman", "duel"]).status.success(), "bob is not ready");

    let bobs = bob.searches(&[]);
    for _ in 0..100 {
        if ada.says(&["party"])["members"][1]["ready"] == true {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let adas = ada.searches(&["bomberman", "duel"]);
    let check = adas.hears_kind("ready-check");
    assert_eq!(bobs.hears_kind("ready-check")["match"], check["match"]);
    let ready = adas.hears_kind("match-ready");
    assert_eq!(ready["match"], check["match"]);
    assert_eq!(adas.hears(|line| line.get("joined").is_some())["joined"]["match"], check["match"]);

    // Bob stands where he drops his bombs, until one of them is his last.
    let mut bobs = bobs;
    bobs.hears(|line| line.get("joined").is_some());
    for _ in 0..PATIENCE.as_millis() / BOMB_EVERY.as_millis() {
        if !bobs.types("Bomb") || bobs.child.try_wait().unwrap().is_some() {
            break;
        }
        if bobs.lines.try_iter().any(|line| line.get("end").is_some()) {
            break;
        }
        tokio::time::sleep(BOMB_EVERY).await;
    }
    let won = adas.hears_kind("result");
    assert_eq!(
        (&won["rank"], &won["rating"]["queue"], &won["rating"]["before"]),
        (&json!(1), &json!("duel"), &json!(1500))
    );
    let after = won["rating"]["after"].as_i64().unwrap();
    assert!(after > 1500, "{won}");

    let best = ada.output(&["leaderboard", "bomberman", "duel", "--friends"]);
    let best: Vec<Value> =
        String::from_utf8_lossy(&best.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<_> = best.iter().map(|line| (&line["name"], &line["rating"])).collect();
    assert_eq!(places, [(&json!("ada"), &json!(after)), (&json!("bob"), &json!(3000 - after))]);
    let party = ada.says(&["party"]);
    assert_eq!((&party["phase"], &party["members"][1]["ready"]), (&json!("gathering"), &json!(false)), "they are back");
}
