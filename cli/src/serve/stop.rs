//! The end of a server: the first signal asks it to finish what it does, the second does not ask.

/// Waits for the first SIGTERM or Ctrl-C. From then on a second one ends the process at once.
pub(crate) async fn asked() {
    signal().await;
    tokio::spawn(async {
        signal().await;
        // Whoever sends two signals wants the process gone, not its excuses.
        std::process::exit(EXIT_AT_ONCE);
    });
}

/// As shells report a process that Ctrl-C ended.
const EXIT_AT_ONCE: i32 = 130;

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        // Without handlers the signals end the process by themselves.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
