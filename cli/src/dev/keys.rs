//! Keys, where somebody sits at the terminal: one letter decides what becomes of a match that differs.

use std::io::{BufRead, IsTerminal};

use tokio::sync::mpsc;

use super::{Choice, Event};
use crate::output::Output;

/// Whether anybody can be asked.
pub(super) struct Keys {
    choice: Choice,
}

impl Keys {
    /// Listens where it makes sense. Letters come with Enter: the terminal stays as it is, so that compilers may colour
    /// and Ctrl-C works.
    pub(super) fn listen(wanted: Option<Choice>, out: Output, events: mpsc::Sender<Event>) -> Keys {
        let somebody = !out.is_json() && std::io::stdin().is_terminal();
        let ask = wanted.map_or(somebody, |choice| choice == Choice::Ask);
        if ask {
            // Ends with stdin, or with those who listen. A thread of its own: reading a terminal cannot be given up.
            std::thread::spawn(move || {
                for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                    if line.trim().chars().any(|key| events.blocking_send(Event::Key(key)).is_err()) {
                        return;
                    }
                }
            });
        }
        Keys { choice: if ask { Choice::Ask } else { Choice::Keep } }
    }

    /// What holds when nothing was said on the command line.
    pub(super) fn default_choice(&self) -> Choice {
        self.choice
    }
}
