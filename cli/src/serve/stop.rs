//! The end of a server: the first signal asks it to finish what it does, the second does not ask.

use tokio::sync::oneshot;

use crate::failure::{Failure, Outcome};

/// As shells report a process that Ctrl-C ended.
const EXIT_AT_ONCE: i32 = 130;

/// Listens from now on. What comes back is ready at the first SIGTERM or Ctrl-C; a second one ends the process.
pub(crate) fn listen() -> Outcome<oneshot::Receiver<()>> {
    let mut signals = Signals::new().map_err(|error| Failure::failed(format!("listening for signals: {error}")))?;
    let (first, asked) = oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        // Nobody waits any more: then the server is ending already.
        let _ = first.send(());
        signals.next().await;
        // Whoever sends two signals wants the process gone, not its excuses.
        std::process::exit(EXIT_AT_ONCE);
    });
    Ok(asked)
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
