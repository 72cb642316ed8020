//! The terminal driver of `stadion play`: keys and events in, the screen out. What is shown is decided in `screen`.

use std::time::Duration;

use crossterm::event::{
    Event, EventStream, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::{execute, terminal};
use futures_util::StreamExt;
use ratatui::DefaultTerminal;
use stadion_client::End;

use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::player::{Heard, Player};
use crate::screen::{Link, Screen, Wish};

/// How often is drawn when nothing is heard and nothing moves, and when something does.
const REDRAW: Duration = Duration::from_secs(1);
const REDRAW_MOVING: Duration = Duration::from_millis(100);

/// Plays until the match ends and a key is pressed, or the player leaves. `None`: left.
pub(super) async fn play(mut player: Player, game: &str) -> Outcome<Option<End>> {
    let mut screen = Screen::new(game, player.schema.clone());
    if player.is_watching() {
        screen.watches();
    } else {
        screen.seated(player.seat(), player.code());
    }
    let mut terminal = Terminal::enter()?;
    let mut keys = EventStream::new();
    let mut over: Option<End> = None;
    let start = clock::now();
    let left = loop {
        screen.now(start.elapsed());
        terminal.draw(&screen)?;
        let redraw = if screen.moves() { REDRAW_MOVING } else { REDRAW };
        tokio::select! {
            heard = player.next(), if over.is_none() => {
                let mut next = Some(heard);
                // Everything that is there already shows in one drawing.
                while let Some(heard) = next {
                    if let Heard::End(end) = &heard {
                        over = Some(end.clone());
                    }
                    let wish = show(&mut screen, heard);
                    send(&player, &mut screen, wish);
                    next = if over.is_none() { player.poll() } else { None };
                }
            }
            event = keys.next() => match event {
                Some(Ok(Event::Key(key))) => {
                    if over.is_some() && key.is_press() {
                        break false;
                    }
                    match screen.key(key) {
                        Wish::Leave => break true,
                        wish => send(&player, &mut screen, wish),
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break true,
            },
            () = tokio::time::sleep(redraw) => {}
        }
    };
    drop(terminal);
    if left && over.is_none() {
        player.leave().await;
    }
    Ok(over)
}

fn send(player: &Player, screen: &mut Screen, wish: Wish) {
    if let Wish::Send(value) = wish
        && let Err(failure) = player.send(&value)
    {
        screen.say(format!("! {}", failure.message));
    }
}

/// Answers what has to be sent for it.
fn show(screen: &mut Screen, heard: Heard) -> Wish {
    match heard {
        Heard::View(view) => screen.view(view),
        Heard::Message(message) => screen.say(message.line(300)),
        Heard::Bytes(bytes) => {
            screen.say(format!("{} bytes: {}", bytes.len(), hex::encode(&bytes[..bytes.len().min(32)])));
        }
        Heard::Live { rtt_ms } => return screen.link(Link::Live { rtt_ms }),
        Heard::Stalled => return screen.link(Link::Stalled),
        Heard::Anew => {}
        Heard::End(end) => {
            screen.say("press any key");
            return screen.link(Link::Over(end.to_string()));
        }
    }
    Wish::Nothing
}

/// The terminal in raw mode on its other screen. However this ends, it is given back as it was.
struct Terminal {
    inner: DefaultTerminal,
    /// Whether it tells when keys are let go.
    tells_releases: bool,
}

impl Terminal {
    fn enter() -> Outcome<Terminal> {
        let inner = ratatui::try_init().map_err(|error| failed(&error))?;
        let tells_releases = terminal::supports_keyboard_enhancement().unwrap_or(false)
            && execute!(std::io::stdout(), PushKeyboardEnhancementFlags(FLAGS)).is_ok();
        Ok(Terminal { inner, tells_releases })
    }

    fn draw(&mut self, screen: &Screen) -> Outcome {
        let draw = |frame: &mut ratatui::Frame<'_>| {
            let area = frame.area();
            frame.render_widget(screen, area);
            if let Some(cursor) = screen.cursor(area) {
                frame.set_cursor_position(cursor);
            }
        };
        self.inner.draw(draw).map(drop).map_err(|error| failed(&error))
    }
}

/// Releases let a figure stop where the key is let go.
const FLAGS: KeyboardEnhancementFlags =
    KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES.union(KeyboardEnhancementFlags::REPORT_EVENT_TYPES);

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.tells_releases {
            // Nothing can be done about a terminal that is gone.
            let _ = execute!(std::io::stdout(), PopKeyboardEnhancementFlags);
        }
        ratatui::restore();
    }
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::failed(format!("this terminal: {error}")).fix("try --lines")
}
