//! stub
use crossterm::event::KeyEvent;
use ratatui::{buffer::Buffer, layout::Rect};
use stadion_schema::Value;
#[derive(Default)]
pub(crate) struct Bomberman {}
pub(crate) struct Arena {}
impl Arena { pub(crate) fn read(_: &Value) -> Option<Arena> { None } }
impl Bomberman {
    pub(crate) const KEYS: &'static str = "";
    pub(crate) fn key(&mut self, _: &Value, _: Option<u16>, _: KeyEvent) -> Option<serde_json::Value> { None }
    pub(crate) fn draw(&self, _: &Value, _: Option<u16>, _: Rect, _: &mut Buffer) {}
}
