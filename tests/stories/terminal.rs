//! Programs on pseudo-terminals of their own, made by `script` (util-linux): what they draw, and keys.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Enough for every board, columns and rows.
const SIZE: (usize, usize) = (110, 36);
/// For everything that is to be seen.
const SEEN_WITHIN: Duration = Duration::from_secs(30);
/// How often is looked whether a program has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Whether terminals can be had here; where they must be had and cannot, it panics.
pub(crate) fn can_be_made() -> bool {
    let there = Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        assert!(std::env::var_os("CI").is_none(), "no terminal without script: apt-get install bsdutils");
        eprintln!("skipped: no terminal without script; to have it: apt-get install bsdutils");
    }
    there
}

/// The command on a terminal whose keyboard and screen are pipes. `script` runs a line of the shell there.
pub(crate) fn on_a_terminal(command: &Command) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let line = format!("stty cols {} rows {}; exec {}", SIZE.0, SIZE.1, words.join(" "));
    let mut script = Command::new("script");
    script.args(["--quiet", "--flush", "--return", "--command", &line, "/dev/null"]);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    script.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::piped()).stdout(Stdio::piped());
    script
}

/// A whole screen, as somebody in front of it saw it from then on.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) at: Instant,
    /// Rows from the top, without blanks at their ends. Every character is one cell.
    pub(crate) rows: Vec<String>,
}

impl Frame {
    /// The row with this in it.
    pub(crate) fn row(&self, part: &str) -> Option<&str> {
        self.rows.iter().find(|row| row.contains(part)).map(String::as_str)
    }
}

/// A program that draws on all of its terminal.
pub(crate) struct FullScreen {
    script: Child,
    keyboard: Keyboard,
    frames: watch::Receiver<Vec<Frame>>,
}

type Keyboard = Arc<Mutex<ChildStdin>>;

impl Drop for FullScreen {
    fn drop(&mut self) {
        // The terminal goes with it, and that ends the program. It may have ended already.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

impl FullScreen {
    pub(crate) fn begin(command: &Command) -> FullScreen {
        let mut script = on_a_terminal(command).env("TERM", "xterm-256color").spawn().unwrap();
        let keyboard = Arc::new(Mutex::new(script.stdin.take().unwrap()));
        let (sender, frames) = watch::channel(Vec::new());
        let (mut drawn, answers) = (script.stdout.take().unwrap(), keyboard.clone());
        // Ends with the program.
        std::thread::spawn(move || {
            let (mut picture, mut bytes) = (Picture::default(), [0; 8192]);
            while let Ok(count @ 1..) = drawn.read(&mut bytes) {
                picture.rest.extend(&bytes[..count]);
                while let Some(drawing) = picture.step() {
                    match drawing {
                        Drawing::Goes => {}
                        Drawing::Asks => write(&answers, "\x1b[?62c"),
                        Drawing::Done => show(&sender, &picture),
                    }
                }
            }
            show(&sender, &picture);
        });
        FullScreen { script, keyboard, frames }
    }

    /// Keys, as the terminal sends them.
    pub(crate) fn press(&self, keys: &str) {
        write(&self.keyboard, keys);
    }

    /// All that was shown so far; each frame differs from the one before.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        self.frames.borrow().clone()
    }

    /// What is shown once this holds of it.
    pub(crate) async fn shows(&self, what: &str, until: impl Fn(&Frame) -> bool) -> Frame {
        let mut frames = self.frames.clone();
        let seen = tokio::time::timeout(SEEN_WITHIN, frames.wait_for(|all| all.last().is_some_and(&until))).await;
        match seen {
            Ok(Ok(all)) => all.last().unwrap().clone(),
            _ => panic!("{what} is not seen, but {:#?}", self.frames().last()),
        }
    }

    pub(crate) fn assert_runs(&mut self) {
        let ended = self.script.try_wait().unwrap();
        assert!(ended.is_none(), "{ended:?}: {:#?}", self.frames().last());
    }

    /// Waits until the program has ended by itself: how, and what is left on the screen.
    pub(crate) async fn ends(mut self) -> (ExitStatus, Frame) {
        for _ in 0..SEEN_WITHIN.as_millis() / LOOK_EVERY.as_millis() {
            if let Some(status) = self.script.try_wait().unwrap() {
                let mut frames = self.frames.clone();
                while frames.changed().await.is_ok() {}
                return (status, self.frames().pop().unwrap());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("it did not end: {:#?}", self.frames().last())
    }
}

/// A program that asks and answers line by line on its terminal.
pub(crate) struct Lines {
    script: Child,
    keyboard: ChildStdin,
    said: watch::Receiver<String>,
}

impl Drop for Lines {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

impl Lines {
    pub(crate) fn begin(command: &Command) -> Lines {
        let mut script = on_a_terminal(command).spawn().unwrap();
        let keyboard = script.stdin.take().unwrap();
        let (sender, said) = watch::channel(String::new());
        let mut output = script.stdout.take().unwrap();
        // Ends with the program.
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                sender.send_modify(|said| *said += &String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Lines { script, keyboard, said }
    }

    /// Waits until this stands on the screen.
    pub(crate) async fn says(&mut self, what: &str) {
        let said = tokio::time::timeout(SEEN_WITHIN, self.said.wait_for(|said| said.contains(what))).await;
        let seen = matches!(said, Ok(Ok(_)));
        drop(said);
        assert!(seen, "{what:?} is not said, but {:?}", *self.said.borrow());
    }

    /// Whether this was said already.
    pub(crate) fn has_said(&self, what: &str) -> bool {
        self.said.borrow().contains(what)
    }

    /// Keys, as the terminal sends them.
    pub(crate) fn press(&mut self, keys: &str) {
        assert!(self.types(keys), "it has ended: {:?}", *self.said.borrow());
    }

    /// The same, where the program may have ended: whether it had not.
    pub(crate) fn types(&mut self, keys: &str) -> bool {
        self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush()).is_ok()
    }

    /// Waits until the program has ended by itself: how, and all that it said.
    pub(crate) async fn ends(mut self) -> (ExitStatus, String) {
        let mut said = self.said.clone();
        let over = async { while said.changed().await.is_ok() {} };
        let over = tokio::time::timeout(SEEN_WITHIN, over).await;
        assert!(over.is_ok(), "it did not end, but said {:?}", *self.said.borrow());
        (self.script.wait().unwrap(), self.said.borrow().clone())
    }
}

fn write(keyboard: &Keyboard, keys: &str) {
    let mut keyboard = keyboard.lock().unwrap();
    keyboard.write_all(keys.as_bytes()).and_then(|()| keyboard.flush()).unwrap();
}

fn show(frames: &watch::Sender<Vec<Frame>>, picture: &Picture) {
    let rows: Vec<String> =
        picture.cells.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect();
    if frames.borrow().last().is_none_or(|last| last.rows != rows) {
        frames.send_modify(|frames| frames.push(Frame { at: now(), rows }));
    }
}

#[allow(clippy::disallowed_methods, reason = "when something is seen is measured on the wall")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// As much of a terminal as full-screen programs of this project use.
struct Picture {
    cells: Vec<Vec<char>>,
    /// Column and row of what is written next.
    at: (usize, usize),
    /// What was not looked at yet; it may end within a sequence.
    rest: Vec<u8>,
}

/// What a sequence means for those who look.
enum Drawing {
    Goes,
    /// A drawing is whole: the cursor was shown or hidden.
    Done,
    /// The terminal is asked what it is.
    Asks,
}

impl Default for Picture {
    fn default() -> Picture {
        Picture { cells: vec![vec![' '; SIZE.0]; SIZE.1], at: (0, 0), rest: Vec::new() }
    }
}

impl Picture {
    /// Takes one character or sequence; `None` if none has come whole.
    fn step(&mut self) -> Option<Drawing> {
        let length = match *self.rest.first()? {
            0x1b if *self.rest.get(1)? == b'[' => 3 + self.rest[2..].iter().position(|byte| *byte >= b'@')?,
            0x1b => 2,
            byte => byte.leading_ones().max(1) as usize,
        };
        if self.rest.len() < length {
            return None;
        }
        let taken: Vec<u8> = self.rest.drain(..length).collect();
        let text = std::str::from_utf8(&taken).unwrap();
        match text.strip_prefix("\x1b[") {
            Some(sequence) => return Some(self.sequence(sequence)),
            None if text == "\r" => self.at.0 = 0,
            None if text == "\n" => self.at.1 += 1,
            None => self.put(text.chars().next().filter(|c| !c.is_control())),
        }
        Some(Drawing::Goes)
    }

    fn put(&mut self, c: Option<char>) {
        let cell = self.cells.get_mut(self.at.1).and_then(|row| row.get_mut(self.at.0));
        if let (Some(c), Some(cell)) = (c, cell) {
            *cell = c;
            self.at.0 += 1;
        }
    }

    fn sequence(&mut self, sequence: &str) -> Drawing {
        match sequence {
            "?25l" | "?25h" => return Drawing::Done,
            "c" => return Drawing::Asks,
            "2J" | "?1049h" | "?1049l" => {
                *self = Picture { rest: std::mem::take(&mut self.rest), ..Picture::default() }
            }
            _ => {}
        }
        if let Some((row, column)) = sequence.strip_suffix('H').and_then(|place| place.split_once(';')) {
            self.at = (column.parse::<usize>().unwrap() - 1, row.parse::<usize>().unwrap() - 1);
        }
        Drawing::Goes
    }
}
