//! The table of hearts: the trick in the middle, the own hand below, points beside.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Widget};
use serde_json::{Value as Json, json};
use stadion_schema::Value;

use super::DimBorder;
use crate::sight::hearts::{Card, Phase, Suit, Table};

/// How many cards are passed.
const PASSED: usize = 3;

/// The cursor in the hand, and the cards chosen for passing.
#[derive(Default)]
pub(crate) struct Hearts {
    cursor: usize,
    chosen: Vec<Card>,
}

impl Hearts {
    pub(crate) const KEYS: &'static str =
        "left and right choose   Enter plays   Space marks for passing, Enter passes three";

    pub(crate) fn key(&mut self, view: &Value, key: KeyEvent) -> Option<Json> {
        let table = Table::read(view)?;
        self.cursor = self.cursor.min(table.hand.len().saturating_sub(1));
        self.chosen.retain(|card| table.hand.contains(card));
        let card = table.hand.get(self.cursor).copied();
        match key.code {
            KeyCode::Left | KeyCode::Char('a' | 'h') => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right | KeyCode::Char('d' | 'l') => self.cursor += 1,
            KeyCode::Char(' ') if table.passes() => self.mark(card?),
            KeyCode::Enter | KeyCode::Char(' ') if table.plays() => return Some(json!({ "Play": card?.json() })),
            KeyCode::Enter if table.passes() && self.chosen.len() == PASSED => {
                let cards: Vec<Json> = std::mem::take(&mut self.chosen).into_iter().map(Card::json).collect();
                return Some(json!({ "Pass": cards }));
            }
            _ => {}
        }
        None
    }

    fn mark(&mut self, card: Card) {
        match self.chosen.iter().position(|chosen| *chosen == card) {
            Some(at) => drop(self.chosen.remove(at)),
            None if self.chosen.len() < PASSED => self.chosen.push(card),
            None => {}
        }
    }

    pub(crate) fn draw(&self, view: &Value, area: Rect, buf: &mut Buffer) {
        let Some(table) = Table::read(view) else { return };
        let [main, list] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(34)]).areas(area);
        let [head, trick, last, hand] = Layout::vertical([
            Constraint::Length(2),
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(5),
        ])
        .areas(main);
        self.turn_line(&table).centered().render(head, buf);
        trick_lines(&table).render(trick, buf);
        last_line(&table).render(last, buf);
        self.hand(&table).render(hand, buf);
        points(&table).render(list, buf);
    }

    fn turn_line(&self, table: &Table) -> Line<'static> {
        match &table.phase {
            Phase::Waiting => Line::from("waiting for players").yellow(),
            Phase::Passing(way, _) if table.passes() => {
                let way = if way == "across" { "across the table".to_owned() } else { format!("to the {way}") };
                Line::from(format!("choose three cards to pass {way} ({} chosen)", self.chosen.len())).bold()
            }
            Phase::Passing(..) => Line::from("the others choose what to pass").dim(),
            Phase::Playing(_) if table.plays() => Line::from("your turn").green().bold(),
            Phase::Playing(seat) => Line::from(format!("seat {seat} is thinking")).dim(),
        }
    }

    fn hand(&self, table: &Table) -> Paragraph<'static> {
        let mut spans = Vec::new();
        for (at, card) in table.hand.iter().enumerate() {
            let mut style = card_style(*card);
            if table.plays() && !table.playable.contains(card) {
                style = style.add_modifier(Modifier::DIM);
            }
            if self.chosen.contains(card) {
                style = style.add_modifier(Modifier::UNDERLINED);
            }
            if at == self.cursor.min(table.hand.len().saturating_sub(1)) {
                style = style.add_modifier(Modifier::REVERSED);
            }
            spans.push(Span::styled(format!(" {} ", card.text()), style));
            spans.push(Span::from(" "));
        }
        Paragraph::new(vec![Line::default(), Line::from(spans)])
            .block(Block::bordered().title(" your hand ").dim_border())
    }
}

fn trick_lines(table: &Table) -> Paragraph<'static> {
    let mut lines = vec![Line::default()];
    for (seat, card) in &table.trick {
        let who = if *seat == table.you { "you".to_owned() } else { format!("seat {seat}") };
        lines.push(Line::from(vec![
            Span::from(format!("  {who:<8}")),
            Span::styled(format!(" {} ", card.text()), card_style(*card)),
        ]));
    }
    Paragraph::new(lines).block(Block::bordered().title(" on the table ").dim_border())
}

fn last_line(table: &Table) -> Line<'static> {
    let cards: Vec<String> = table.last_trick.iter().map(|(seat, card)| format!("{seat}:{}", card.text())).collect();
    if cards.is_empty() {
        Line::default()
    } else {
        Line::from(format!(" the trick before  {}", cards.join("  "))).dim()
    }
}

fn points(table: &Table) -> Paragraph<'static> {
    let mut lines = vec![Line::from("        points  round  cards").bold()];
    for seat in 0..table.points.len() {
        let who = if seat == usize::from(table.you) { "you".to_owned() } else { format!("seat {seat}") };
        let (points, taken, cards) = (table.points[seat], table.taken[seat], table.cards_left[seat]);
        lines.push(Line::from(format!("{who:<8}{points:>6}{taken:>7}{cards:>7}")));
    }
    lines.push(Line::default());
    lines.push(Line::from(format!("ends at {} points; fewest wins", table.ends_at)).dim());
    Paragraph::new(lines).block(Block::bordered().title(" players ").dim_border())
}

fn card_style(card: Card) -> Style {
    let color = match card.suit {
        Suit::Hearts | Suit::Diamonds => Color::LightRed,
        Suit::Clubs | Suit::Spades => Color::White,
    };
    let style = Style::new().fg(color).bg(Color::Indexed(236));
    if card.points() > 0 { style.bold() } else { style }
}
