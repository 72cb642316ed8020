//! `docs/first-game.md`, run as it stands: every command is typed, every line that it promises is looked for, in its order.
//!
//! A block `console` runs its commands to their end. `console NAME` begins a program that goes on, and later blocks of the same
//! name without a command promise more lines of it. `diff FILE` edits a file of the game.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use stadion_tests::programs;

/// For a line of a program that goes on: it may have to compile the SDK first, on a busy machine.
const LINE_WITHIN: Duration = Duration::from_secs(240);
/// What differs from machine to machine.
const ANYTHING: &str = "...";

struct Block {
    words: Vec<String>,
    lines: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), open.as_mut()) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(words), None) => {
                let words = words.split_whitespace().map(str::to_owned).collect();
                open = Some(Block { words, lines: Vec::new() });
            }
            (None, Some(block)) => block.lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    blocks
}

/// Whether a line is what was promised.
fn fits(promised: &str, line: &str) -> bool {
    let mut parts = promised.split(ANYTHING);
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A newcomer at a terminal: where they are, and what they left running.
struct Newcomer {
    home: tempfile::TempDir,
    at: PathBuf,
    /// Of the server, for which the document says 7878.
    port: String,
    running: BTreeMap<String, Program>,
}

struct Program {
    child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Newcomer {
    fn new() -> Newcomer {
        let home = tempfile::Builder::new().prefix("stadion-newcomer-").tempdir().unwrap();
        Newcomer { at: home.path().to_owned(), home, port: "7878".to_owned(), running: BTreeMap::new() }
    }

    fn shell(&self, typed: &str) -> Command {
        let bin = programs::stadion();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec 2>&1; {}", self.spelled(typed))).current_dir(&self.at);
        command
            .env("PATH", format!("{}:{path}", bin.parent().unwrap().display()))
            .env("STADION_CONFIG_DIR", self.home.path().join("config"))
            .env("STADION_DATA", self.home.path().join("data"))
            // Kept between runs, so that only the first compiles the SDK.
            .env("CARGO_TARGET_DIR", programs::target_folder().parent().unwrap().join("tmp/first-game"))
            .env_remove("RUSTFLAGS")
            .env_remove("STADION_SERVER")
            .env_remove("STADION_KEY")
            .stdin(Stdio::null());
        command
    }

    /// `cargo xtask serve` builds what is built here already, and then does this, on a port that is free.
    fn spelled(&self, typed: &str) -> String {
        let games = programs::game_path("tictactoe");
        let serve =
            format!("exec stadion serve --port 0 --listen 127.0.0.1 --games '{}'", games.parent().unwrap().display());
        match typed {
            "cargo xtask serve" => serve,
            "stadion dev" => "exec stadion dev".to_owned(),
            other => other.to_owned(),
        }
    }

    fn run(&mut self, typed: &str, promised: &[String]) {
        if let Some(folder) = typed.strip_prefix("cd ") {
            self.at.push(folder);
            return assert!(self.at.is_dir(), "{}", self.at.display());
        }
        let output = self.shell(typed).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{typed}: {}\n{text}", output.status);
        let mut lines = text.lines();
        for promised in promised {
            assert!(lines.any(|line| fits(promised, line)), "{typed}: no {promised:?} in\n{text}");
        }
    }

    fn begin(&mut self, name: &str, typed: &str) {
        let mut child = self.shell(typed).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        // Ends with the program, or with the test.
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        self.running.insert(name.to_owned(), Program { child, lines, heard: Vec::new() });
    }

    fn expect(&mut self, name: &str, promised: &str) {
        let promised = promised.replace(":7878", &format!(":{}", self.port));
        let program = self.running.get_mut(name).unwrap_or_else(|| panic!("no {name} is running"));
        loop {
            let heard = |heard: &[String]| format!("{name}: no {promised:?} in\n{}", heard.join("\n"));
            let line = program.lines.recv_timeout(LINE_WITHIN).unwrap_or_else(|_| panic!("{}", heard(&program.heard)));
            program.heard.push(line.clone());
            if fits(&promised, &line) {
                return;
            }
            // The document's port is taken from what the server says.
            if let Some(at) = promised.find(":7878")
                && let Some(rest) = line.strip_prefix(&promised[..=at])
            {
                self.port = rest.chars().take_while(char::is_ascii_digit).collect();
                return;
            }
        }
    }

    fn edit(&self, file: &Path, lines: &[String]) {
        let path = self.at.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let of = |sign: char| lines.iter().find_map(|line| line.strip_prefix(sign)).unwrap();
        assert_eq!(text.matches(of('-')).count(), 1, "{} has {:?} once", path.display(), of('-'));
        std::fs::write(&path, text.replace(of('-'), of('+'))).unwrap();
    }

    fn follow(&mut self, block: &Block) {
        let words: Vec<&str> = block.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["console", name] => {
                for line in &block.lines {
                    match line.strip_prefix("$ ") {
                        Some(typed) => self.begin(name, typed),
                        None => self.expect(name, line),
                    }
                }
            }
            ["console"] => {
                let starts: Vec<usize> = (0..block.lines.len()).filter(|n| block.lines[*n].starts_with("$ ")).collect();
                for (n, start) in starts.iter().enumerate() {
                    let end = starts.get(n + 1).copied().unwrap_or(block.lines.len());
                    self.run(block.lines[*start].trim_start_matches("$ "), &block.lines[start + 1..end]);
                }
            }
            ["diff", file] => self.edit(Path::new(file), &block.lines),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_ten_minutes_go_as_the_document_says() {
    let text = std::fs::read_to_string(programs::workspace().join("docs/first-game.md")).unwrap();
    let blocks = blocks(&text);
    assert!(blocks.len() >= 8, "the document has commands");
    tokio::task::spawn_blocking(move || {
        let mut newcomer = Newcomer::new();
        blocks.iter().for_each(|block| newcomer.follow(block));
        // The last to begin is the first to end: the server hears the others out.
        newcomer.running.remove("dev");
    })
    .await
    .unwrap();
}

#[test]
fn what_is_promised_is_told_from_what_is_not() {
    for (promised, line, expected) in [
        ("built ... KB   published hello@...", "built 84 KB   published hello@3f9c", true),
        ("built ... KB   published hello@...", "built 84 KB   published other@3f9c", false),
        ("exact", "exact", true),
        ("exact", "exact too", false),
        ("ends in ...x", "ends in xx", true),
    ] {
        assert_eq!(fits(promised, line), expected, "{promised} / {line}");
    }
}
