//! The log of one match: its newest lines, kept for whoever looks.
//!
//! Written by the match's shard, read by anyone. Bounded three ways: lines come at most at [`LINES_A_SECOND`] (what is over
//! is counted and told), a match keeps [`KEPT_LINES`] lines or [`KEPT_BYTES`], and when all matches of the host together
//! are over [`HOST_BYTES`], each keeps [`SCARCE_LINES`].

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use stadion_protocol::contract::{LogLevel, LogLine, LogPage};
use stadion_protocol::{Incarnation, Moment, Tick};
use tokio::sync::Notify;

/// Lines that a match may log a second, for long. A tick has a limit of its own, which counts in replays too.
const LINES_A_SECOND: u64 = 50;

/// Lines that it may log at once.
const BURST_LINES: u64 = 500;

/// The newest lines that are kept.
const KEPT_LINES: usize = 512;

/// Bytes of those.
const KEPT_BYTES: usize = 64 << 10;

/// Bytes of all logs of a host.
const HOST_BYTES: u64 = 256 << 20;

/// What a match keeps while the host is over its bytes: what a failure report shows.
const SCARCE_LINES: usize = LAST_LINES;

/// Lines of a failure report.
pub(crate) const LAST_LINES: usize = 20;

/// What a line is counted with beside its text.
const LINE_OVERHEAD: usize = 48;

/// Lines of one answer.
const PAGE_LINES: usize = 256;

/// More than any session says, at the pace that it may; and a match of two million sessions still counts in the numbers
/// that JSON has.
const LINES_OF_A_SESSION: u64 = 1 << 32;

/// Bytes of all logs of a host.
#[derive(Debug, Default)]
pub(crate) struct LogBytes(AtomicU64);

/// What a game says to its author.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    /// In this tick.
    pub(super) tick: Tick,
    /// How bad it is.
    pub(super) level: LogLevel,
    /// As the session cut and escaped it.
    pub(super) text: &'a str,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Logbook {
    /// Nothing until the first line: most matches say nothing.
    pages: Mutex<Option<Box<Pages>>>,
    changed: Notify,
    /// Lines have higher numbers than this: those of earlier sessions had lower ones.
    before: AtomicU64,
}

#[derive(Debug)]
struct Pages {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// Number of the newest line, kept or not.
    newest: u64,
    allowance: Allowance,
    over: bool,
    host: Arc<LogBytes>,
}

/// A token bucket in thousandths of a line.
#[derive(Debug)]
struct Allowance {
    millis: u64,
    at: Moment,
    /// Lines over the limit, not told yet.
    dropped: u64,
}

impl Logbook {
    /// What is said from now on is said by this session. Whoever read the log of an earlier one, in another process
    /// perhaps, goes on reading by number.
    pub(super) fn begin(&self, incarnation: Incarnation) {
        self.before.store(u64::from(incarnation.0.saturating_sub(1)) * LINES_OF_A_SESSION, Relaxed);
    }

    /// Takes a line.
    pub(super) fn write(&self, host: &Arc<LogBytes>, now: Moment, said: Said<'_>) {
        let Said { tick, level, text } = said;
        let mut pages = self.pages();
        let pages = pages.get_or_insert_with(|| Box::new(Pages::new(Arc::clone(host), now)));
        let unix_ms = crate::clock::unix_ns() / 1_000_000;
        pages.newest = pages.newest.max(self.before.load(Relaxed));
        match pages.allowance.take(now) {
            Allowed::Yes { dropped: 0 } => {}
            Allowed::Yes { dropped } => {
                pages.newest += dropped;
                let text = format!("{dropped} lines were dropped: more than {LINES_A_SECOND} a second");
                pages.push(LogLine { number: 0, tick, unix_ms, level: LogLevel::Warn, text });
            }
            Allowed::No => return,
        }
        pages.push(LogLine { number: 0, tick, unix_ms, level, text: text.to_owned() });
        self.changed.notify_waiters();
    }

    /// No line follows.
    pub(super) fn close(&self, host: &Arc<LogBytes>, now: Moment) {
        self.pages().get_or_insert_with(|| Box::new(Pages::new(Arc::clone(host), now))).over = true;
        self.changed.notify_waiters();
    }

    /// The newest lines.
    pub(super) fn last(&self, lines: usize) -> Vec<LogLine> {
        let pages = self.pages();
        let Some(pages) = &*pages else { return Vec::new() };
        pages.lines.iter().skip(pages.lines.len().saturating_sub(lines)).cloned().collect()
    }

    /// Lines after a number; waits for one while there are none and more may come.
    pub(crate) async fn after(&self, after: u64, wait: Duration) -> LogPage {
        let until = tokio::time::Instant::now() + wait;
        loop {
            // Asked for before looking: a line that comes between is not missed.
            let changed = self.changed.notified();
            let page = self.page(after);
            if page.over || !page.lines.is_empty() || tokio::time::timeout_at(until, changed).await.is_err() {
                return page;
            }
        }
    }

    fn page(&self, after: u64) -> LogPage {
        let pages = self.pages();
        let Some(pages) = &*pages else { return LogPage::default() };
        let from = pages.lines.partition_point(|line| line.number <= after);
        let lines: Vec<LogLine> = pages.lines.iter().skip(from).take(PAGE_LINES).cloned().collect();
        let last = from + lines.len() == pages.lines.len();
        LogPage { lines, over: pages.over && last }
    }

    fn pages(&self) -> MutexGuard<'_, Option<Box<Pages>>> {
        // Lines are pushed and popped whole: a panic elsewhere leaves them intact.
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn new(host: Arc<LogBytes>, now: Moment) -> Pages {
        let allowance = Allowance { millis: BURST_LINES * 1_000, at: now, dropped: 0 };
        Pages { lines: VecDeque::new(), bytes: 0, newest: 0, allowance, over: false, host }
    }

    /// Numbers a line, keeps it, and forgets the oldest while there are too many.
    fn push(&mut self, line: LogLine) {
        self.newest += 1;
        let line = LogLine { number: self.newest, ..line };
        let cost = cost(&line);
        self.bytes += cost;
        self.lines.push_back(line);
        let all = self.host.0.fetch_add(cost as u64, Relaxed) + cost as u64;
        let most = if all > HOST_BYTES { SCARCE_LINES } else { KEPT_LINES };
        while self.lines.len() > most || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            let gone = self::cost(&oldest);
            self.bytes -= gone;
            self.host.0.fetch_sub(gone as u64, Relaxed);
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.host.0.fetch_sub(self.bytes as u64, Relaxed);
    }
}

enum Allowed {
    /// After so many that were not.
    Yes {
        dropped: u64,
    },
    No,
}

impl Allowance {
    fn take(&mut self, now: Moment) -> Allowed {
        let earned = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        if earned > 0 {
            self.millis = self.millis.saturating_add(earned.saturating_mul(LINES_A_SECOND)).min(BURST_LINES * 1_000);
            self.at = now;
        }
        if self.millis < 1_000 {
            self.dropped += 1;
            return Allowed::No;
        }
        self.millis -= 1_000;
        Allowed::Yes { dropped: std::mem::take(&mut self.dropped) }
    }
}

fn cost(line: &LogLine) -> usize {
    line.text.len() + LINE_OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    struct Book {
        book: Logbook,
        host: Arc<LogBytes>,
        now: Moment,
    }

    impl Book {
        fn new() -> Book {
            Book { book: Logbook::default(), host: Arc::default(), now: Moment(0) }
        }

        fn say(&self, text: &str) {
            let said = Said { tick: Tick(3), level: LogLevel::Info, text };
            self.book.write(&self.host, self.now, said);
        }
    }

    #[tokio::test]
    async fn lines_are_read_from_where_one_left_off() {
        let book = Book::new();
        ["one", "two", "three"].into_iter().for_each(|text| book.say(text));
        let page = book.book.after(1, SECOND).await;
        let texts: Vec<_> = page.lines.iter().map(|line| (line.number, line.text.as_str())).collect();
        assert_eq!((texts, page.over), (vec![(2, "two"), (3, "three")], false));
        book.book.close(&book.host, book.now);
        assert!(book.book.after(3, SECOND).await.over);
    }

    #[tokio::test]
    async fn a_reader_from_before_a_restart_misses_no_line_of_the_session_after_it() {
        let before = Book::new();
        before.say("one");
        let read = before.book.after(0, SECOND).await.lines[0].number;
        let after = Book::new();
        after.book.begin(Incarnation(2));
        ["two", "three"].into_iter().for_each(|text| after.say(text));
        let lines = after.book.after(read, SECOND).await.lines;
        assert_eq!(lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["two", "three"]);
        after.book.begin(Incarnation(3));
        after.say("four");
        assert_eq!(after.book.after(lines[1].number, SECOND).await.lines[0].text, "four");
    }

    #[tokio::test]
    async fn a_reader_waits_for_the_next_line() {
        let book = Book::new();
        assert_eq!(book.book.after(0, SECOND / 100).await, LogPage::default(), "nothing came");
        let (page, ()) = tokio::join!(book.book.after(0, 60 * SECOND), async {
            tokio::time::sleep(SECOND / 100).await;
            book.say("at last");
        });
        assert_eq!(page.lines[0].text, "at last");
    }

    #[tokio::test]
    async fn a_flood_is_cut_to_its_pace_and_what_was_dropped_is_told() {
        let mut book = Book::new();
        (0..BURST_LINES + 100).for_each(|n| book.say(&n.to_string()));
        book.now = book.now + SECOND;
        book.say("later");
        let last = book.book.last(2);
        assert_eq!(last[0].text, "100 lines were dropped: more than 50 a second");
        assert_eq!((last[1].text.as_str(), last[1].number), ("later", BURST_LINES + 100 + 2));
    }

    #[test]
    fn a_match_keeps_its_newest_lines_and_gives_their_bytes_back() {
        let mut book = Book::new();
        let line = "x".repeat(1_000);
        for _ in 0..300 {
            book.now = book.now + SECOND;
            book.say(&line);
        }
        assert!(book.host.0.load(Relaxed) <= KEPT_BYTES as u64);
        let Book { book, host, .. } = book;
        drop(book);
        assert_eq!(host.0.load(Relaxed), 0);
    }

    #[test]
    fn a_host_full_of_logs_keeps_the_last_words_of_each_match() {
        let book = Book::new();
        book.host.0.store(HOST_BYTES, Relaxed);
        (0..100).for_each(|n| book.say(&n.to_string()));
        assert_eq!(book.book.last(KEPT_LINES).len(), SCARCE_LINES);
        assert_eq!(book.book.last(1)[0].text, "99");
    }
}
