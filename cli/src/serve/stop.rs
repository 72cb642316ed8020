//! The end of a server: the first signal asks it to finish what it does, the second does not ask. So does the end of its
//! stdin, where it belongs to the program at the other end: that is told even by a program that was killed.

use std::io::Read;

use tokio::sync::oneshot;

use crate::failure::{Failure, Outcome};

/// As shells report a process that Ctrl-C ended.
const EXIT_AT_ONCE: i32 = 130;

/// What ends a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// SIGTERM or Ctrl-C.
    Signal,
    /// Those, or the end of stdin.
    StdinEnds,
}

/// Listens from now on. What comes back is ready at the first word to end; a signal after that ends the process.
pub(crate) fn listen(until: Until) -> Outcome<oneshot::Receiver<()>> {
    let mut signals = Signals::new().map_err(|error| Failure::failed(format!("listening for signals: {error}")))?;
    let (first, asked) = oneshot::channel();
    let stdin_ends = stdin_ends(until);
    tokio::spawn(async move {
        tokio::select! {
            () = signals.next() => {}
            () = stdin_ends => {}
        }
        // Nobody waits any more: then the server is ending already.
        let _ = first.send(());
        signals.next().await;
        // Whoever sends two signals wants the process gone, not its excuses.
        std::process::exit(EXIT_AT_ONCE);
    });
    Ok(asked)
}

/// Ready when stdin ends, where that matters. A thread of its own: a read cannot be given up.
async fn stdin_ends(until: Until) {
    if until == Until::Signal {
        return std::future::pending().await;
    }
    let (ended_to, ended) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut said = [0; 64];
        // What is said does not matter; an error is an end too.
        while std::io::stdin().lock().read(&mut said).is_ok_and(|bytes| bytes > 0) {}
        drop(ended_to);
    });
    // The sender never sends: it hangs up.
    let _ = ended.await;
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
