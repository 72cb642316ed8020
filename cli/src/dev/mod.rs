//! The loop of `stadion dev`.
//!
//! ```text
//!   a server is found or started ─▶ round: build ─▶ publish ─▶ matches go on in it ─▶ said
//!                                     ▲
//!   a file is saved ──────────────────┘     beside it: what matches do, what games log, keys
//! ```
//! One task, one list of what can wake it ([`Event`]). Nothing here decides how a match comes to another version: that is
//! the server's `upgrade`.

mod differing;
mod follow;
mod keys;
mod round;
mod say;
mod server;
mod upgrade;
mod watch;

use std::path::PathBuf;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::project::Project;
use crate::serve::stop::{self, Until};

use follow::Follower;
use keys::Keys;
use round::Rounds;
use server::Server;
pub(crate) use upgrade::Choice;
use watch::Watcher;

/// How often running matches are looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(500);
/// Events that may wait while a round is under way; past it those who tell wait.
const EVENTS: usize = 64;

/// What was asked for on the command line.
pub(crate) struct Wanted {
    /// `None`: ask, where there is somebody to ask.
    pub(crate) on_difference: Option<Choice>,
    /// Open a browser.
    pub(crate) open: bool,
    /// Of a server that is started.
    pub(crate) port: Option<u16>,
    /// A server of its own that keeps nothing.
    pub(crate) ephemeral: bool,
}

/// Everything that wakes the loop.
#[derive(Debug)]
enum Event {
    /// These files were saved.
    Saved(Vec<PathBuf>),
    /// A key was pressed.
    Key(char),
    /// The server that was started here has ended.
    ServerEnded,
}

/// Runs until Ctrl-C or SIGTERM.
pub(crate) async fn run(project: Project, wanted: &Wanted, context: &Context) -> Outcome {
    // From now on a signal ends this in good order: a server that was started here must not stay behind.
    let asked = stop::listen(Until::Signal)?;
    let (events, mut heard) = mpsc::channel(EVENTS);
    let server = Server::find_or_start(wanted, context, events.clone()).await?;
    let outcome = tokio::select! {
        _ = asked => Ok(()),
        outcome = play(project, Around { wanted, server: &server, out: context.out }, events, &mut heard) => outcome,
    };
    server.stop().await;
    outcome
}

/// What a game under development is played with.
struct Around<'a> {
    wanted: &'a Wanted,
    server: &'a Server,
    out: Output,
}

async fn play(
    project: Project,
    around: Around<'_>,
    events: mpsc::Sender<Event>,
    heard: &mut mpsc::Receiver<Event>,
) -> Outcome {
    let Around { wanted, server, out } = around;
    let keys = Keys::listen(wanted.on_difference, out, events.clone());
    let watcher = Watcher::new(&project, events)?;
    let mut follower = Follower::new(&project.name);
    let mut rounds = Rounds::new(project, server.target(), wanted.on_difference.unwrap_or(keys.default_choice()), out)?;
    rounds.first().await?;
    say::places(&rounds, server, watcher.watched(), out);
    if wanted.open {
        say::open(&say::playground(server, rounds.game()), out);
    }
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = look.tick() => follower.look(rounds.api(), out).await,
            event = heard.recv() => match event {
                Some(Event::Saved(files)) => rounds.again(&files).await,
                Some(Event::Key(key)) => rounds.decided(key).await,
                Some(Event::ServerEnded) | None => return Err(Failure::failed("the server has ended").fix("see its log above")),
            },
        }
    }
}
