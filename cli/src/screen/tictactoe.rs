//! The board of tictactoe: nine large cells and a cursor.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::Widget;
use serde_json::{Value as Json, json};
use stadion_schema::Value;

use crate::sight::tictactoe::Position;

/// A cell without its borders.
const CELL_WIDTH: u16 = 9;
const CELL_HEIGHT: u16 = 3;

/// The cursor.
pub(crate) struct TicTacToe {
    cursor: usize,
}

impl Default for TicTacToe {
    fn default() -> TicTacToe {
        TicTacToe { cursor: 4 }
    }
}

impl TicTacToe {
    pub(crate) const KEYS: &'static str = "arrows move   Enter or Space places   1-9 places there   r resigns";

    pub(crate) fn key(&mut self, key: KeyEvent) -> Option<Json> {
        let (row, column) = (self.cursor / 3, self.cursor % 3);
        match key.code {
            KeyCode::Up | KeyCode::Char('w' | 'k') => self.cursor = (row + 2) % 3 * 3 + column,
            KeyCode::Down | KeyCode::Char('s' | 'j') => self.cursor = (row + 1) % 3 * 3 + column,
            KeyCode::Left | KeyCode::Char('a' | 'h') => self.cursor = row * 3 + (column + 2) % 3,
            KeyCode::Right | KeyCode::Char('d' | 'l') => self.cursor = row * 3 + (column + 1) % 3,
            KeyCode::Enter | KeyCode::Char(' ') => return Some(json!({ "Place": self.cursor })),
            KeyCode::Char(digit @ '1'..='9') => return Some(json!({ "Place": digit as usize - '1' as usize })),
            KeyCode::Char('r') => return Some(json!("Resign")),
            _ => {}
        }
        None
    }

    pub(crate) fn draw(&self, view: &Value, area: Rect, buf: &mut Buffer) {
        let Some(position) = Position::read(view) else { return };
        let (width, height) = (CELL_WIDTH * 3 + 2, CELL_HEIGHT * 3 + 2);
        let left = area.x + area.width.saturating_sub(width) / 2;
        let top = area.y + area.height.saturating_sub(height + 2) / 2;
        self.draw_grid(Rect::new(left, top, width, height).intersection(area), buf);
        let won = position.winning_line();
        for cell in 0..9 {
            let corner = (left + cell as u16 % 3 * (CELL_WIDTH + 1), top + cell as u16 / 3 * (CELL_HEIGHT + 1));
            let inner = Rect::new(corner.0, corner.1, CELL_WIDTH, CELL_HEIGHT).intersection(area);
            let won = won.is_some_and(|line| line.contains(&cell));
            let style = self.cell_style(position.cells[cell], cell, won);
            draw_cell(position.cells[cell], cell, style, inner, buf);
        }
        let below = Rect::new(area.x, top + height + 1, area.width, 1).intersection(area);
        turn_line(&position, won.is_some()).centered().render(below, buf);
    }

    fn draw_grid(&self, area: Rect, buf: &mut Buffer) {
        for y in 0..area.height {
            for x in 0..area.width {
                let (on_column, on_row) = (x % (CELL_WIDTH + 1) == CELL_WIDTH, y % (CELL_HEIGHT + 1) == CELL_HEIGHT);
                let symbol = match (on_column, on_row) {
                    (true, true) => "┼",
                    (true, false) => "│",
                    (false, true) => "─",
                    (false, false) => continue,
                };
                buf[(area.x + x, area.y + y)].set_symbol(symbol).set_fg(Color::DarkGray);
            }
        }
    }

    fn cell_style(&self, owner: Option<u16>, cell: usize, won: bool) -> Style {
        let style = owner.map_or(Style::new().fg(Color::DarkGray), |seat| Style::new().fg(color(seat)).bold());
        match (won, cell == self.cursor) {
            (true, _) => style.add_modifier(Modifier::REVERSED),
            (false, true) => style.bg(Color::Indexed(236)),
            (false, false) => style,
        }
    }
}

fn draw_cell(owner: Option<u16>, cell: usize, style: Style, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, style);
    let number = format!("{:^9}", cell + 1);
    let rows = match owner {
        Some(0) => ["  ╭───╮  ", "  │   │  ", "  ╰───╯  "],
        Some(_) => ["  ╲   ╱  ", "    ╳    ", "  ╱   ╲  "],
        None => ["", number.as_str(), ""],
    };
    for (y, row) in (0..area.height).zip(rows) {
        buf.set_stringn(area.x, area.y + y, row, usize::from(area.width), style);
    }
}

fn turn_line(position: &Position, won: bool) -> Line<'static> {
    let sign = |seat: u16| if seat == 0 { "O" } else { "X" };
    if won || position.free().is_empty() {
        return Line::from("the game is over").bold();
    }
    if position.you == u16::MAX {
        return Line::from(format!("{} is thinking", sign(position.turn))).dim();
    }
    if position.turn == position.you {
        Line::from(format!("your turn: you are {}", sign(position.you))).fg(color(position.you)).bold()
    } else {
        Line::from(format!("{} is thinking; you are {}", sign(position.turn), sign(position.you))).dim()
    }
}

fn color(seat: u16) -> Color {
    if seat == 0 { Color::Cyan } else { Color::Yellow }
}
