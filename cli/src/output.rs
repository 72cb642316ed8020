//! The only place that prints. Results go to stdout, everything else (notes, progress, errors) to stderr; with `--json`
//! stdout carries JSON alone, one value a line.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;

/// Fewer ticks are played before anybody has read what a bar says: a replay plays some 50,000 a second.
const LONG_TICKS: u64 = 20_000;

/// What the caller reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A person.
    Human,
    /// A program.
    Json,
}

/// Where a command's words go. Cheap to copy; holds no lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// As `--json` says.
    pub(crate) format: Format,
}

impl Output {
    pub(crate) fn new(format: Format) -> Output {
        Output { format }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// A line of the result, for people alone.
    pub(crate) fn line(self, text: impl AsRef<str>) {
        if !self.is_json() {
            write_line(&mut io::stdout().lock(), text.as_ref());
        }
    }

    /// A value of the result, for programs alone.
    pub(crate) fn value(self, value: &impl Serialize) {
        if self.is_json() {
            let text = serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
            write_line(&mut io::stdout().lock(), &text);
        }
    }

    /// Text that is the result in every format, such as a completion script.
    pub(crate) fn raw(self, text: &str) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Something worth knowing that is not the result.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        if !self.is_json() {
            write_line(&mut io::stderr().lock(), text.as_ref());
        }
    }

    /// A table with a heading; columns are as wide as their widest cell.
    pub(crate) fn table<const N: usize>(self, headings: [&str; N], rows: &[[String; N]]) {
        for line in aligned(headings, rows) {
            self.line(line);
        }
    }

    /// Why the command failed.
    pub(crate) fn failure(self, failure: &Failure) {
        let mut err = io::stderr().lock();
        if self.is_json() {
            let error = serde_json::json!({
                "error": {"kind": failure.kind.name(), "message": failure.message, "fix": failure.fix}
            });
            write_line(&mut err, &error.to_string());
        } else {
            write_line(&mut err, &format!("error: {failure}"));
        }
    }

    /// A bar over `total` bytes, drawn on a terminal only.
    pub(crate) fn bytes_bar(self, what: &'static str, total: u64) -> ProgressBar {
        if !self.shows_progress() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg}   [{bar:30}] {bytes}/{total_bytes}");
        let style = style.expect("the template is constant and reads").progress_chars("##.");
        ProgressBar::new(total).with_message(what).with_style(style)
    }

    /// A bar over so many stages of something, drawn on a terminal only.
    pub(crate) fn stages_bar(self, what: &'static str, stages: u64) -> ProgressBar {
        if !self.shows_progress() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("[{bar:14}] {msg}");
        let style = style.expect("the template is constant and reads").progress_chars("##.");
        ProgressBar::new(stages).with_message(what).with_style(style)
    }

    /// A bar over so many ticks, drawn on a terminal only, and only if they are enough to take a while.
    pub(crate) fn ticks_bar(self, what: &'static str, total: u64) -> ProgressBar {
        if !self.shows_progress() || total < LONG_TICKS {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg}   [{bar:30}] tick {pos}/{len}   {eta}");
        let style = style.expect("the template is constant and reads").progress_chars("##.");
        ProgressBar::new(total).with_message(what).with_style(style)
    }

    /// A spinner for work of unknown length, drawn on a terminal only.
    pub(crate) fn spinner(self, what: impl Into<String>) -> ProgressBar {
        if !self.shows_progress() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_message(what.into());
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        bar
    }

    fn shows_progress(self) -> bool {
        !self.is_json() && io::stderr().is_terminal()
    }
}

/// Whether somebody sits at both ends: what a full-screen program needs.
pub(crate) fn on_a_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// A reader that went away (`stadion games | head -1`) is no failure of ours.
fn write_line(to: &mut impl Write, text: &str) {
    let _ = writeln!(to, "{text}").and_then(|()| to.flush());
}

fn aligned<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(headings)];
    lines.extend(rows.iter().map(|row| line(std::array::from_fn(|i| row[i].as_str()))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_its_widest_cells() {
        let rows = [["a".to_owned(), "long cell".to_owned()], ["wider".to_owned(), "b".to_owned()]];
        assert_eq!(aligned(["NAME", "WHAT"], &rows), ["NAME   WHAT", "a      long cell", "wider  b"]);
    }
}
