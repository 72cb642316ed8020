//! The arena of bomberman: walls, bricks, bombs that glow as their fuses burn, explosions, power-ups, and who still
//! stands.

use std::collections::BTreeMap;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};
use serde_json::{Value as Json, json};
use stadion_schema::Value;

use crate::sight::bomberman::{Arena, At, Hero, Item, Phase, Tile, Way};

/// The list of players beside the arena.
const LIST_WIDTH: u16 = 30;
/// From a bomb's drop to its blast.
const FUSE: Duration = Duration::from_secs(2);
/// A cell where there is room, columns and rows; where there is not, half of each.
const LARGE: (u16, u16) = (4, 2);
const SMALL: (u16, u16) = (2, 1);

/// What is remembered between views.
#[derive(Default)]
pub(crate) struct Bomberman {
    going: Option<Way>,
    /// When each bomb was first seen: the view says only that it is there.
    bombs: BTreeMap<At, Duration>,
    now: Duration,
}

impl Bomberman {
    pub(crate) const KEYS: &'static str = "arrows or wasd walk   Space bombs   x stops";

    /// Time has passed, since any start.
    pub(crate) fn now(&mut self, now: Duration) {
        self.now = now;
    }

    /// A new view has come.
    pub(crate) fn saw(&mut self, view: &Value) {
        let Some(arena) = Arena::read(view) else { return };
        let before = std::mem::take(&mut self.bombs);
        let now = self.now;
        self.bombs = arena.bombs().map(|at| (at, before.get(&at).copied().unwrap_or(now))).collect();
    }

    /// Whether something moves although nothing is heard.
    pub(crate) fn is_alive(&self) -> bool {
        !self.bombs.is_empty()
    }

    /// Terminals that tell when a key is let go stop the figure then; on others it walks until told otherwise.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Option<Json> {
        let way = match key.code {
            KeyCode::Up | KeyCode::Char('w' | 'W') => Some(Way::Up),
            KeyCode::Down | KeyCode::Char('s' | 'S') => Some(Way::Down),
            KeyCode::Left | KeyCode::Char('a' | 'A') => Some(Way::Left),
            KeyCode::Right | KeyCode::Char('d' | 'D') => Some(Way::Right),
            KeyCode::Char('x' | 'X') => None,
            KeyCode::Char(' ') | KeyCode::Enter => return key.is_press().then(|| json!("Bomb")),
            _ => return None,
        };
        let way = if key.is_release() { None } else { way };
        if key.is_release() && way_of(key.code) != self.going {
            return None;
        }
        // A held key repeats: the game knows already.
        (way != self.going).then(|| {
            self.going = way;
            json!({ "Go": way.map(Way::name) })
        })
    }

    /// What has to be said again: the game stops the figures of players who are away.
    pub(crate) fn again(&self) -> Option<Json> {
        self.going.map(|way| json!({ "Go": way.name() }))
    }

    pub(crate) fn draw(&self, view: &Value, seat: Option<u16>, area: Rect, buf: &mut Buffer) {
        let Some(arena) = Arena::read(view) else { return };
        let [board, list] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(LIST_WIDTH)]).areas(area);
        let [head, field] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(board);
        phase_line(arena.phase).centered().render(head, buf);
        self.draw_field(&arena, seat, field, buf);
        player_list(&arena, seat).render(list, buf);
    }

    fn draw_field(&self, arena: &Arena, seat: Option<u16>, area: Rect, buf: &mut Buffer) {
        let (columns, rows) = (arena.width() as u16, arena.height() as u16);
        let fits = |(w, h): (u16, u16)| columns * w <= area.width && rows * h <= area.height;
        let (width, height) = if fits(LARGE) { LARGE } else { SMALL };
        let left = area.x + area.width.saturating_sub(columns * width) / 2;
        let top = area.y + area.height.saturating_sub(rows * height) / 2;
        for y in 0..arena.height() {
            for x in 0..arena.width() {
                let cell =
                    Rect::new(left + x as u16 * width, top + y as u16 * height, width, height).intersection(area);
                let here = arena.heroes.iter().filter(|hero| hero.alive && hero.at == (x, y));
                // The own figure on top of others in the same cell.
                match here.max_by_key(|hero| Some(hero.seat) == seat) {
                    Some(hero) => draw_hero(hero, arena.tile((x, y)), cell, buf),
                    None => self.draw_tile((x, y), arena.tile((x, y)), cell, buf),
                }
            }
        }
    }

    fn draw_tile(&self, at: At, tile: Tile, area: Rect, buf: &mut Buffer) {
        let floor = Style::new().bg(FLOOR);
        let (rows, style) = match tile {
            Tile::Floor => (["    ", "    "], floor),
            Tile::Wall => (["████", "████"], Style::new().fg(Color::Indexed(244)).bg(Color::Indexed(244))),
            Tile::Brick => (["▚▞▚▞", "▞▚▞▚"], Style::new().fg(Color::Indexed(130)).bg(Color::Indexed(94))),
            Tile::Bomb => return self.draw_bomb(at, area, buf),
            Tile::Fire => (["▒░▒░", "░▒░▒"], Style::new().fg(Color::Yellow).bg(Color::Red).bold()),
            Tile::Item(item) => {
                let rows = match item {
                    Item::Bomb => ["+●  ", "bomb"],
                    Item::Range => ["+✶  ", "far "],
                    Item::Speed => ["+»  ", "fast"],
                };
                (rows, Style::new().fg(Color::Black).bg(Color::Cyan).bold())
            }
        };
        fill(rows, style, area, buf);
    }

    /// The shorter the fuse, the hotter.
    fn draw_bomb(&self, at: At, area: Rect, buf: &mut Buffer) {
        let burnt = self.now.saturating_sub(self.bombs.get(&at).copied().unwrap_or(self.now));
        let left = FUSE.saturating_sub(burnt);
        let color = match left.as_millis() {
            1_300.. => Color::White,
            600.. => Color::Yellow,
            _ => Color::LightRed,
        };
        let fuse = match left.as_millis() {
            1_300.. => ["●~~*", "    "],
            600.. => ["●~* ", "    "],
            _ => ["●*  ", "    "],
        };
        fill(fuse, Style::new().fg(color).bg(FLOOR).bold(), area, buf);
    }
}

/// Behind everything that does not fill its cell.
const FLOOR: Color = Color::Indexed(235);

fn way_of(code: KeyCode) -> Option<Way> {
    match code {
        KeyCode::Up | KeyCode::Char('w' | 'W') => Some(Way::Up),
        KeyCode::Down | KeyCode::Char('s' | 'S') => Some(Way::Down),
        KeyCode::Left | KeyCode::Char('a' | 'A') => Some(Way::Left),
        KeyCode::Right | KeyCode::Char('d' | 'D') => Some(Way::Right),
        _ => None,
    }
}

fn draw_hero(hero: &Hero, under: Tile, area: Rect, buf: &mut Buffer) {
    let arrow = match hero.facing {
        Way::Up => '▲',
        Way::Down => '▼',
        Way::Left => '◀',
        Way::Right => '▶',
    };
    let style = Style::new().fg(Color::Black).bg(color(hero.seat)).bold();
    let under = if under == Tile::Bomb { '●' } else { ' ' };
    let rows = [format!("{}{arrow}{under} ", hero.seat), format!("╲{under}{under}╱")];
    fill([&rows[0], &rows[1]], style, area, buf);
}

/// Writes as much of a large cell as the area takes.
fn fill(rows: [&str; 2], style: Style, area: Rect, buf: &mut Buffer) {
    buf.set_style(area, style);
    for (y, row) in (0..area.height).zip(rows) {
        buf.set_stringn(area.x, area.y + y, row, usize::from(area.width), style);
    }
}

fn color(seat: u16) -> Color {
    [Color::LightBlue, Color::LightMagenta, Color::LightGreen, Color::LightYellow][usize::from(seat) % 4]
}

fn phase_line(phase: Phase) -> Line<'static> {
    match phase {
        Phase::Waiting => Line::from("waiting for another player").yellow(),
        Phase::Countdown(seconds) => Line::from(format!("it begins in {seconds}")).yellow().bold(),
        Phase::Calm(seconds) => Line::from(format!("the walls close in in {seconds} s")).dim(),
        Phase::SuddenDeath => Line::from("the walls close in!").red().bold(),
    }
}

fn player_list(arena: &Arena, seat: Option<u16>) -> Paragraph<'static> {
    let mut lines = vec![Line::from("players").bold(), Line::default()];
    for hero in &arena.heroes {
        let you = if Some(hero.seat) == seat { "  you" } else { "" };
        let state = if hero.alive { "" } else { "  out" };
        lines.push(Line::from(vec![
            Span::from(format!(" {} ", hero.seat)).fg(Color::Black).bg(color(hero.seat)).bold(),
            Span::from(format!(" seat {}{you}{state}", hero.seat)),
        ]));
        let speed = 7u8.saturating_sub(hero.step_ticks);
        let power = format!("   bombs {}  reach {}  speed {speed}", hero.bombs, hero.range);
        lines.push(Line::from(power).dim());
    }
    Paragraph::new(lines)
}
