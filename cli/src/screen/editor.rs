//! The line in which inputs are typed: editing, history, completion along the game's schema.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use stadion_schema::{Schema, Value};

use crate::input;

/// Inputs that the history keeps.
const HISTORY: usize = 100;
/// The longest line that can be typed.
const MAX_CHARS: usize = 1_000;

/// A line of text with a cursor.
#[derive(Default)]
pub(crate) struct Editor {
    text: Vec<char>,
    at: usize,
    history: Vec<String>,
    /// Steps back in the history; 0: the line that is being typed.
    back: usize,
}

impl Editor {
    /// A key. `Some` when the line was entered: the input, or what is wrong with it (the line then stays).
    pub(crate) fn key(&mut self, schema: &Schema, key: KeyEvent) -> Option<Result<Value, String>> {
        match key.code {
            KeyCode::Enter => return self.enter(schema),
            KeyCode::Tab => self.complete(schema),
            KeyCode::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            KeyCode::Delete if self.at < self.text.len() => drop(self.text.remove(self.at)),
            KeyCode::Left => self.at = self.at.saturating_sub(1),
            KeyCode::Right => self.at = (self.at + 1).min(self.text.len()),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            KeyCode::Up => self.recall(self.back + 1),
            KeyCode::Down => self.recall(self.back.saturating_sub(1)),
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => self.set(""),
            KeyCode::Char(c) if self.text.len() < MAX_CHARS => {
                self.text.insert(self.at, c);
                self.at += 1;
            }
            _ => {}
        }
        None
    }

    /// What has been typed.
    pub(crate) fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Where the cursor stands, in characters.
    pub(crate) fn column(&self) -> usize {
        self.at
    }

    /// What could come next, for people.
    pub(crate) fn hint(&self, schema: &Schema) -> String {
        let completion = input::complete(schema, &self.before());
        if completion.expected.is_empty() { "Enter sends".to_owned() } else { completion.expected }
    }

    fn before(&self) -> String {
        self.text[..self.at].iter().collect()
    }

    fn enter(&mut self, schema: &Schema) -> Option<Result<Value, String>> {
        let text = self.text();
        let value = input::parse(schema, &text);
        if value.is_ok() {
            if self.history.last() != Some(&text) {
                self.history.push(text);
                self.history.drain(..self.history.len().saturating_sub(HISTORY));
            }
            self.set("");
        }
        Some(value)
    }

    /// Completes the word before the cursor as far as it is certain.
    fn complete(&mut self, schema: &Schema) {
        let before = self.before();
        let words = input::complete(schema, &before).words;
        let Some(first) = words.first() else { return };
        let certain = words.iter().skip(1).fold(first.as_str(), |certain, word| common(certain, word));
        let typed = before.chars().rev().take_while(|c| c.is_alphanumeric() || *c == '_').count();
        if certain.chars().count() < typed {
            return;
        }
        let rest: String = self.text[self.at..].iter().collect();
        let kept: String = self.text[..self.at - typed].iter().collect();
        let space = if words.len() == 1 { " " } else { "" };
        let head = format!("{kept}{certain}{space}");
        self.set(&format!("{head}{rest}"));
        self.at = head.chars().count();
    }

    fn recall(&mut self, back: usize) {
        self.back = back.min(self.history.len());
        let text = if self.back == 0 { String::new() } else { self.history[self.history.len() - self.back].clone() };
        let back = self.back;
        self.set(&text);
        self.back = back;
    }

    fn set(&mut self, text: &str) {
        self.text = text.chars().take(MAX_CHARS).collect();
        self.at = self.text.len();
        self.back = 0;
    }
}

/// The beginning that two words share.
fn common<'a>(a: &'a str, b: &str) -> &'a str {
    let length: usize = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    &a[..length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::fixture::schema;

    fn typed(editor: &mut Editor, text: &str) {
        for c in text.chars() {
            let code = if c == '\t' { KeyCode::Tab } else { KeyCode::Char(c) };
            assert!(editor.key(&schema(), KeyEvent::from(code)).is_none());
        }
    }

    #[test]
    fn tab_completes_what_is_certain_and_enter_sends_it() {
        let mut editor = Editor::default();
        typed(&mut editor, "pl\t7");
        assert_eq!(editor.text(), "Place 7");
        let value = editor.key(&schema(), KeyEvent::from(KeyCode::Enter)).unwrap().unwrap();
        assert_eq!(value.to_string(), "Place(7)");
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn a_line_with_a_mistake_stays_and_what_was_sent_can_be_recalled() {
        let mut editor = Editor::default();
        typed(&mut editor, "Place x");
        assert!(editor.key(&schema(), KeyEvent::from(KeyCode::Enter)).unwrap().is_err());
        assert_eq!(editor.text(), "Place x");
        editor.key(&schema(), KeyEvent::from(KeyCode::Backspace));
        typed(&mut editor, "1");
        editor.key(&schema(), KeyEvent::from(KeyCode::Enter));
        editor.key(&schema(), KeyEvent::from(KeyCode::Up));
        assert_eq!(editor.text(), "Place 1");
        editor.key(&schema(), KeyEvent::from(KeyCode::Down));
        assert_eq!(editor.text(), "");
    }
}
