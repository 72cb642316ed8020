//! Somebody sits at the terminal and is asked what becomes of a match that differs.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{Receiver, channel};

use bomberman::map::Direction;
use bomberman::{In, Phase, View};

use super::program::{BUILD_WITHIN, blocking, dev, edit, own_bomberman};
use super::seats::{sees, two_bombers};
use crate::terminal::{can_be_made, on_a_terminal};

/// `stadion dev` on a terminal of its own.
struct Terminal {
    script: Child,
    keyboard: ChildStdin,
    lines: Receiver<String>,
    server: String,
    folder: PathBuf,
    _home: tempfile::TempDir,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Ctrl-C, as the terminal hands it on.
        let _ = self.keyboard.write_all(b"\x03").and_then(|()| self.keyboard.flush());
        let _ = self.script.wait();
    }
}

impl Terminal {
    /// `None` where no terminal can be made.
    fn begin(name: &'static str) -> Option<Terminal> {
        if !can_be_made() {
            return None;
        }
        let home = tempfile::Builder::new().prefix("stadion-dev-").tempdir().unwrap();
        let folder = own_bomberman(name)(home.path());
        let mut script = on_a_terminal(&dev(home.path(), &folder, &[])).spawn().unwrap();
        let keyboard = script.stdin.take().unwrap();
        let stdout = BufReader::new(script.stdout.take().unwrap());
        let (sender, lines) = channel();
        // Ends with the program, or with the test.
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut terminal = Terminal { script, keyboard, lines, server: String::new(), folder, _home: home };
        let playground = terminal.shows("playground http");
        let address = playground.split_whitespace().nth(1).unwrap();
        terminal.server = address.split("/playground").next().unwrap().to_owned();
        Some(terminal)
    }

    /// The next line with this in it.
    fn shows(&self, part: &str) -> String {
        let mut shown = Vec::new();
        loop {
            let line = self.lines.recv_timeout(BUILD_WITHIN).unwrap_or_else(|_| panic!("no {part:?} in {shown:#?}"));
            if line.contains(part) {
                return line;
            }
            shown.push(line);
        }
    }

    fn press(&mut self, key: char) {
        writeln!(self.keyboard, "{key}").and_then(|()| self.keyboard.flush()).unwrap();
    }

    /// Another length of the calm before the walls close in: shown to everybody, so that the new build differs from the one
    /// that plays. Answers the question with this key, and waits for what is said then.
    fn change(&mut self, Change { played, saved, new, key, said }: Change) {
        let calm = |seconds| format!("CALM_TICKS: u32 = {seconds} *");
        edit(&self.folder, "src/lib.rs", &calm(saved), &calm(new));
        let differs = self.shows("differs at tick");
        let tick: u64 = differs.split("tick ").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
        assert!(tick > 0, "the lobby shows nothing of it: {differs}");
        let left = |sign| {
            let line = self.shows(sign);
            let seconds = line.split("view with phase: Calm(").nth(1).and_then(|rest| rest.split(')').next());
            seconds.and_then(|seconds| seconds.parse::<i32>().ok()).unwrap_or_else(|| panic!("the phase alone: {line}"))
        };
        let (was, would_be) = (left("- send"), left("+ send"));
        assert_eq!(would_be - was, new - played, "what was played, what would have been");
        self.shows("k keep it on the old build, r restart, c carry over");
        self.shows("saved");
        self.press(key);
        self.shows(said);
    }
}

/// A change of the rules, with seconds of calm in the build that is played, in the file, and in what is saved.
struct Change {
    played: i32,
    saved: i32,
    new: i32,
    /// The answer.
    key: char,
    said: &'static str,
}

/// Seconds of calm that are left.
fn calm(view: &View) -> Option<u32> {
    if let Phase::Calm(seconds) = view.phase { Some(seconds.into()) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_does_with_the_match_what_it_says() {
    let Some(dev) = blocking(|| Terminal::begin("bomberman-asked")).await else { return };
    let (mut ada, mut bob) = two_bombers(&dev.server).await;
    let start = sees(&mut ada, "the start", |view| calm(view).is_some()).await.heroes[0].at;
    ada.send(&In::Go(Some(Direction::Right))).unwrap();
    let walked = move |view: &View| view.heroes[0].at != start;
    sees(&mut bob, "a step", walked).await;
    ada.send(&In::Go(None)).unwrap();

    let dev = changes(dev, Change { played: 120, saved: 120, new: 110, key: 'k', said: "stays on" }).await;
    let kept = sees(&mut bob, "the old rule", |view| calm(view).is_some()).await;
    assert!(walked(&kept));

    let dev = changes(dev, Change { played: 120, saved: 110, new: 250, key: 'c', said: "was carried over" }).await;
    let carried = |view: &View| calm(view).is_some_and(|left| left > 120) && walked(view);
    sees(&mut bob, "the new rule, and where ada went", carried).await;

    let dev = changes(dev, Change { played: 250, saved: 250, new: 255, key: 'r', said: "starts afresh" }).await;
    sees(&mut ada, "another start", |view| calm(view).is_some() && !walked(view)).await;

    let dev = changes(dev, Change { played: 255, saved: 255, new: 100, key: 'a', said: "goes on" }).await;
    for seat in [&mut ada, &mut bob] {
        sees(seat, "the rule that was accepted", |view| calm(view).is_some_and(|left| left <= 100)).await;
    }
    blocking(move || drop(dev)).await;
}

async fn changes(mut dev: Terminal, change: Change) -> Terminal {
    blocking(move || {
        dev.change(change);
        dev
    })
    .await
}
