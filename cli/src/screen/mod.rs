//! What a player sees and presses, as a pure function: keys and events of the match change a [`Screen`], drawing it
//! changes nothing. It knows no terminal, socket or clock, so that a test can be the terminal.
//!
//! ```text
//! ┌ head ────────────────────────────────────────────────┐  game, seat, connection, the code to share
//! │ body: the game's own board, or the view as a tree    │
//! │ log:  what the game said                             │
//! └ foot ────────────────────────────────────────────────┘  the keys of the board, or the line for typed inputs
//! ```

mod board;
mod bomberman;
mod editor;
mod hearts;
#[cfg(test)]
mod tests;
mod tictactoe;
mod tree;

use std::collections::VecDeque;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Widget, Wrap};
use stadion_schema::{Schema, Value};

use board::Board;
use editor::Editor;

/// Lines of the log that are kept.
const LOG_LINES: usize = 200;
/// Lines of the log that are shown under a board.
const LOG_SHOWN: u16 = 6;

/// The connection, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Not yet let in.
    Connecting,
    /// Let in and heard of lately.
    Live {
        /// Round trip, milliseconds.
        rtt_ms: u32,
    },
    /// Nothing heard for a while: the client is reconnecting by itself.
    Stalled,
    /// The match is over, for this reason.
    Over(String),
}

/// What a key asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Wish {
    /// Nothing but drawing again.
    Nothing,
    /// Send this input.
    Send(Value),
    /// Leave the match.
    Leave,
}

/// Everything that is shown.
pub(crate) struct Screen {
    game: String,
    code: Option<String>,
    seat: Option<u16>,
    watching: bool,
    link: Link,
    schema: Option<Schema>,
    board: Board,
    /// Shown instead of the board, by Tab on boards.
    generic: bool,
    view: Option<Value>,
    log: VecDeque<String>,
    editor: Editor,
    scroll: u16,
}

impl Screen {
    /// Of a match that is being joined. Without a schema only bytes can be shown.
    pub(crate) fn new(game: &str, schema: Option<Schema>) -> Screen {
        Screen {
            game: game.to_owned(),
            code: None,
            seat: None,
            watching: false,
            link: Link::Connecting,
            schema,
            board: Board::of(game),
            generic: false,
            view: None,
            log: VecDeque::new(),
            editor: Editor::default(),
            scroll: 0,
        }
    }

    /// The seat and the code of the match.
    pub(crate) fn seated(&mut self, seat: u16, code: Option<&str>) {
        self.seat = Some(seat);
        self.code = code.map(str::to_owned);
    }

    /// There is no seat: nothing is sent.
    pub(crate) fn watches(&mut self) {
        self.watching = true;
        self.schema = None;
    }

    /// How the connection is. A player who is back goes on with what they were about.
    pub(crate) fn link(&mut self, link: Link) -> Wish {
        let is_back = self.link == Link::Stalled && matches!(link, Link::Live { .. });
        self.link = link;
        let again = if is_back && self.on_board() { self.board.again() } else { None };
        again.map_or(Wish::Nothing, |json| self.wish(&json))
    }

    /// What the seat sees now.
    pub(crate) fn view(&mut self, view: Value) {
        self.board.saw(&view);
        self.view = Some(view);
    }

    /// Time has passed, since any start.
    pub(crate) fn now(&mut self, now: Duration) {
        self.board.now(now);
    }

    /// Whether something moves although nothing is heard.
    pub(crate) fn moves(&self) -> bool {
        self.on_board() && self.board.moves()
    }

    /// Something worth a line.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.log.push_back(text.into());
        while self.log.len() > LOG_LINES {
            self.log.pop_front();
        }
    }

    /// A key was pressed.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Wish {
        if key.is_release() {
            return if self.on_board() { self.board_key(key) } else { Wish::Nothing };
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Esc => return Wish::Leave,
            KeyCode::Char('c' | 'd') if control => return Wish::Leave,
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(10),
            KeyCode::PageDown => self.scroll = self.scroll.saturating_add(10),
            KeyCode::F(2) => self.generic = !self.generic,
            _ if self.on_board() => return self.board_key(key),
            _ => return self.editor_key(key),
        }
        Wish::Nothing
    }

    /// Whether the game's own board is shown: there is one and it understands the view.
    fn on_board(&self) -> bool {
        !self.generic && self.view.as_ref().is_some_and(|view| self.board.understands(view))
    }

    fn board_key(&mut self, key: KeyEvent) -> Wish {
        let Some(view) = &self.view else { return Wish::Nothing };
        self.board.key(view, key).map_or(Wish::Nothing, |json| self.wish(&json))
    }

    /// To send what a board says.
    fn wish(&mut self, json: &serde_json::Value) -> Wish {
        let Some(schema) = &self.schema else { return Wish::Nothing };
        match schema.from_json(stadion_schema::Root::In, json) {
            Ok(value) => Wish::Send(value),
            Err(error) => {
                self.say(format!("this board does not fit the game's inputs: {error}"));
                Wish::Nothing
            }
        }
    }

    fn editor_key(&mut self, key: KeyEvent) -> Wish {
        let Some(schema) = &self.schema else { return Wish::Nothing };
        match self.editor.key(schema, key) {
            None => Wish::Nothing,
            Some(Ok(value)) => {
                let line = format!("> {}", value.line(100));
                self.say(line);
                Wish::Send(value)
            }
            Some(Err(error)) => {
                self.say(format!("! {error}"));
                Wish::Nothing
            }
        }
    }

    /// Where typing shows, if it does.
    pub(crate) fn cursor(&self, area: Rect) -> Option<(u16, u16)> {
        if self.on_board() || self.schema.is_none() {
            return None;
        }
        let column = u16::try_from(self.editor.column()).unwrap_or(u16::MAX).saturating_add(2);
        Some((area.x + column.min(area.width.saturating_sub(1)), area.bottom().saturating_sub(2)))
    }

    fn head(&self) -> Line<'_> {
        let (text, color) = match &self.link {
            Link::Connecting => ("connecting ...".to_owned(), Color::Yellow),
            Link::Live { rtt_ms } => (format!("live, {rtt_ms} ms"), Color::Green),
            Link::Stalled => ("connection lost, reconnecting ...".to_owned(), Color::Red),
            Link::Over(why) => (format!("over: {why}"), Color::Magenta),
        };
        let mut spans = vec![Span::from(format!(" {} ", self.game)).bold().reversed(), Span::from("  ")];
        if let Some(seat) = self.seat {
            spans.push(Span::from(format!("seat {seat}   ")));
        }
        if self.watching {
            spans.push(Span::from("watching   "));
        }
        spans.push(Span::styled(text, Style::new().fg(color)));
        if let Some(code) = &self.code {
            spans.push(Span::from("   code "));
            spans.push(Span::from(code.as_str()).bold().cyan());
            spans.push(Span::from(format!("  (a friend: stadion play {} {code})", self.game)).dim());
        }
        Line::from(spans)
    }

    fn draw_generic(&self, area: Rect, buf: &mut Buffer) {
        let [left, right] = Layout::horizontal([Constraint::Percentage(60), Constraint::Percentage(40)]).areas(area);
        let lines = match &self.view {
            Some(view) => tree::lines(view, usize::from(left.width.saturating_sub(2))),
            None => vec![Line::from("nothing seen yet").dim()],
        };
        let scroll = self.scroll.min(u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(1));
        Paragraph::new(lines)
            .scroll((scroll, 0))
            .block(Block::bordered().title(" view ").dim_border())
            .render(left, buf);
        self.draw_log(right, buf);
    }

    /// The newest lines at the bottom.
    fn draw_log(&self, area: Rect, buf: &mut Buffer) {
        let rows = usize::from(area.height.saturating_sub(2));
        let shown = self.log.iter().skip(self.log.len().saturating_sub(rows)).map(|line| Line::from(line.as_str()));
        let log = Paragraph::new(shown.collect::<Vec<_>>()).wrap(Wrap { trim: false });
        log.block(Block::bordered().title(" said ").dim_border()).render(area, buf);
    }

    fn foot(&self) -> [Line<'_>; 2] {
        if self.on_board() {
            let keys = format!(" {}   F2 everything   Esc leave", self.board.keys());
            return [Line::from(keys).dim(), Line::default()];
        }
        let Some(schema) = &self.schema else {
            return [Line::from(" this game speaks raw bytes   Esc leave").dim(), Line::default()];
        };
        let other = if self.board.is_some() { "   F2 board" } else { "" };
        let hint = self.editor.hint(schema);
        [
            Line::from(vec![Span::from("> ").green(), Span::from(self.editor.text())]),
            Line::from(format!(" {hint}   Tab completes   PgUp PgDn scroll{other}   Esc leave")).dim(),
        ]
    }
}

impl Widget for &Screen {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let [head, body, foot] =
            Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(2)]).areas(area);
        self.head().render(head, buf);
        match &self.view {
            Some(view) if self.on_board() => {
                let [board, log] = Layout::vertical([Constraint::Fill(1), Constraint::Length(LOG_SHOWN)]).areas(body);
                self.board.draw(view, self.seat, board, buf);
                self.draw_log(log, buf);
            }
            _ => self.draw_generic(body, buf),
        }
        Paragraph::new(self.foot().to_vec()).render(foot, buf);
    }
}

/// Frames stand back behind what they frame.
trait DimBorder {
    fn dim_border(self) -> Self;
}

impl DimBorder for Block<'_> {
    fn dim_border(self) -> Self {
        self.border_style(Style::new().fg(Color::DarkGray))
    }
}
