//! The match log of one tick: what the guest logs and prints, cut, escaped and counted.
//!
//! Bounds count per tick, so that the log of a replay is the log of the match.

use crate::model::{LogLevel, Output};

/// Lines kept in one tick.
pub(super) const LINES_PER_TICK: u32 = 64;

/// Bytes kept in one tick.
pub(super) const BYTES_PER_TICK: usize = 16 * 1024;

/// The longest line, bytes after escaping.
pub(super) const LINE_BYTES: usize = 1024;

/// What a guest said as errors is repeated in the report of a trap, up to this many bytes.
const LAST_WORDS_BYTES: usize = 1024;

/// The account of one tick's log, and the lines that are still being written to stdout and stderr.
#[derive(Debug, Default)]
pub(crate) struct TickLog {
    lines: u32,
    bytes: usize,
    dropped: u64,
    last_words: String,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// A WASI output stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Goes to the log as information.
    Stdout,
    /// Goes to the log as errors.
    Stderr,
}

impl TickLog {
    /// Forgets the tick before.
    pub(super) fn begin(&mut self) {
        self.lines = 0;
        self.bytes = 0;
        self.dropped = 0;
        self.last_words.clear();
    }

    /// Logs one line.
    pub(super) fn line(&mut self, outputs: &mut Vec<Output>, level: LogLevel, text: &[u8]) {
        let text = escaped(text);
        if level == LogLevel::Error && self.last_words.len() < LAST_WORDS_BYTES {
            if !self.last_words.is_empty() {
                self.last_words.push_str("; ");
            }
            self.last_words.push_str(&text);
            super::faults::cut(&mut self.last_words, LAST_WORDS_BYTES);
        }
        if self.lines >= LINES_PER_TICK || self.bytes.saturating_add(text.len()) > BYTES_PER_TICK {
            self.dropped += 1;
            return;
        }
        self.lines += 1;
        self.bytes += text.len();
        outputs.push(Output::Log { level, text });
    }

    /// Takes what a guest prints, and logs the lines that it completes. A line longer than [`LINE_BYTES`] is logged in
    /// pieces.
    pub(crate) fn print(&mut self, outputs: &mut Vec<Output>, stream: Stream, mut bytes: &[u8]) {
        while let Some(&first) = bytes.first() {
            let room = LINE_BYTES - self.partial(stream).len();
            let end = bytes.iter().take(room).position(|&byte| byte == b'\n');
            match end {
                Some(0) if first == b'\n' && self.partial(stream).is_empty() => bytes = &bytes[1..],
                Some(end) => {
                    self.partial(stream).extend_from_slice(&bytes[..end]);
                    bytes = &bytes[end + 1..];
                    self.flush(outputs, stream);
                }
                None => {
                    let taken = room.min(bytes.len());
                    self.partial(stream).extend_from_slice(&bytes[..taken]);
                    bytes = &bytes[taken..];
                    if taken == room {
                        self.flush(outputs, stream);
                    }
                }
            }
        }
    }

    /// Completes the tick: unfinished lines, and how many were dropped. Nothing is carried to the next tick.
    pub(super) fn end(&mut self, outputs: &mut Vec<Output>) {
        self.flush(outputs, Stream::Stdout);
        self.flush(outputs, Stream::Stderr);
        if self.dropped > 0 {
            let text = format!("{} more lines of this tick were dropped", self.dropped);
            outputs.push(Output::Log { level: LogLevel::Warn, text });
        }
    }

    /// What the guest said as errors in this tick.
    pub(super) fn last_words(&self) -> &str {
        &self.last_words
    }

    fn flush(&mut self, outputs: &mut Vec<Output>, stream: Stream) {
        if self.partial(stream).is_empty() {
            return;
        }
        let line = std::mem::take(self.partial(stream));
        let level = match stream {
            Stream::Stdout => LogLevel::Info,
            Stream::Stderr => LogLevel::Error,
        };
        self.line(outputs, level, &line);
        let mut line = line;
        line.clear();
        *self.partial(stream) = line;
    }

    fn partial(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}

/// Text that no terminal or log reader acts on: control characters, line ends and characters that reorder text are
/// escaped, broken UTF-8 is replaced.
fn escaped(bytes: &[u8]) -> String {
    // Every byte gives at least one byte of text, so what lies further back cannot be shown anyway.
    let bytes = &bytes[..bytes.len().min(LINE_BYTES + 4)];
    let mut text = String::with_capacity(bytes.len());
    for character in String::from_utf8_lossy(bytes).chars() {
        if character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
        if text.len() > LINE_BYTES {
            break;
        }
    }
    super::faults::cut(&mut text, LINE_BYTES);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(outputs: &[Output]) -> Vec<&str> {
        outputs.iter().map(|output| if let Output::Log { text, .. } = output { text.as_str() } else { "" }).collect()
    }

    #[test]
    fn nothing_that_a_terminal_acts_on_gets_through() {
        assert_eq!(escaped(b"a\x1b[31mb\r\n\0"), "a\\u{1b}[31mb\\r\\n\\u{0}");
        assert_eq!(escaped(b"\xff\xfe!"), "\u{fffd}\u{fffd}!");
        assert_eq!(escaped("\u{202e}evil".as_bytes()), "\\u{202e}evil");
        assert!(escaped(&[b'x'; 1 << 20]).len() <= LINE_BYTES);
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let (mut log, mut outputs) = (TickLog::default(), Vec::new());
        for _ in 0..LINES_PER_TICK + 10 {
            log.line(&mut outputs, LogLevel::Info, b"again");
        }
        log.end(&mut outputs);
        assert_eq!(outputs.len(), LINES_PER_TICK as usize + 1);
        assert_eq!(texts(&outputs).last(), Some(&"10 more lines of this tick were dropped"));
    }

    #[test]
    fn prints_become_lines() {
        let (mut log, mut outputs) = (TickLog::default(), Vec::new());
        log.print(&mut outputs, Stream::Stdout, b"one\ntw");
        log.print(&mut outputs, Stream::Stdout, b"o\n\nthree");
        log.end(&mut outputs);
        assert_eq!(texts(&outputs), ["one", "two", "three"]);
    }
}
