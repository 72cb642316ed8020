//! The loop between the pure machine, the connections and the application. It decides nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use stadion_protocol::client::{Client, Endpoint, Event, Input, PathId, SendError, Transmit};
use stadion_protocol::token::ResumeToken;
use stadion_protocol::{CloseCode, Moment, Seat};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::clock::Clock;
use crate::end::End;
use crate::error::Error;
use crate::inbox::{Inbox, Overflow};
use crate::path::{PathEvent, PathEvents, PathHandle};
use crate::raw_match::RawEvent;
use crate::views::{Opened, Via, Views};

/// What the application asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Input(Bytes),
    Unreliable(Bytes),
}

/// What the application may look at without asking.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) inbox: Inbox,
    pub(crate) leave: Notify,
    status: Mutex<Status>,
}

/// How things stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    pub(crate) rtt_ms: u32,
    pub(crate) rate: u16,
    /// The server's tick at this moment.
    pub(crate) tick: (Moment, f64),
    pub(crate) resume: Option<ResumeToken>,
    pub(crate) endpoint: Option<Endpoint>,
    /// Why the last attempt failed.
    pub(crate) problem: String,
}

impl Shared {
    pub(crate) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().expect("nothing panics while it holds this lock")
    }
}

/// Who was let in.
pub(crate) type Welcomed = oneshot::Sender<Result<Seat, Error>>;

pub(crate) struct Driver {
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) shared: Arc<Shared>,
    pub(crate) server_name: Arc<str>,
    /// `None`: raw bytes.
    pub(crate) views: Option<Views>,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) path_events: (PathEvents, mpsc::Receiver<(PathId, PathEvent)>),
    pub(crate) paths: HashMap<PathId, PathHandle>,
    pub(crate) welcomed: Option<Welcomed>,
    /// An input that the machine had no room for: until it has, no command is taken.
    pub(crate) waiting: Option<Bytes>,
    /// There is no seat: nothing may be said.
    pub(crate) watches: bool,
}

/// Everything that can wake the driver.
enum Wake {
    Command(Command),
    Path(PathId, PathEvent),
    Leave,
    /// The application let go of the match.
    Abandoned,
    Timeout,
}

impl Driver {
    pub(crate) async fn run(mut self) {
        loop {
            if self.settle() == Err(Overflow) {
                let reason = "the program did not read what came".to_owned();
                return self.shared.inbox.end(End { code: CloseCode::TooFast, reason });
            }
            if self.client.is_closed() {
                return;
            }
            match self.wake().await {
                Wake::Command(command) => self.command(command),
                Wake::Path(path, event) => self.path_event(path, &event),
                Wake::Leave => self.client.leave(self.clock.now()),
                Wake::Abandoned => return,
                Wake::Timeout => self.timeout(),
            }
        }
    }

    async fn wake(&mut self) -> Wake {
        let views = self.views.as_ref().and_then(Views::next_timeout);
        let deadline = self.client.next_timeout().into_iter().chain(views).min();
        let deadline = self.clock.at(deadline.expect("a machine that is not closed has a timer"));
        let takes_commands = self.waiting.is_none();
        tokio::select! {
            command = self.commands.recv(), if takes_commands => command.map_or(Wake::Abandoned, Wake::Command),
            event = self.path_events.1.recv() => {
                let (path, event) = event.expect("the driver holds a sender itself");
                Wake::Path(path, event)
            }
            () = self.shared.leave.notified() => Wake::Leave,
            () = tokio::time::sleep_until(deadline) => Wake::Timeout,
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Input(data) => self.waiting = Some(data),
            Command::Unreliable(data) => {
                // Dropped when there is nobody to take it: that is what unreliable means.
                let _ = self.client.send_unreliable(self.clock.now(), data);
            }
        }
    }

    fn path_event(&mut self, path: PathId, event: &PathEvent) {
        let now = self.clock.now();
        let input = match event {
            PathEvent::Connected(connection) => {
                let Some(handle) = self.paths.get_mut(&path) else { return };
                handle.connected(connection.clone());
                tracing::debug!(?path, "connected");
                Input::Connected { path, max_datagram: connection.max_datagram_size() }
            }
            PathEvent::Stream(chunk) => Input::Stream { path, chunk },
            PathEvent::Datagram(data) => Input::Datagram { path, data },
            PathEvent::Closed { code, reason } => {
                self.path_lost(path, reason);
                Input::Closed { path, code: *code, reason }
            }
            PathEvent::Untrusted { reason } => {
                self.path_lost(path, reason);
                // A wrong certificate stays wrong: whoever waits to be let in need not wait.
                self.tell(Err(Error::Untrusted(reason.clone())));
                Input::Closed { path, code: None, reason }
            }
        };
        self.client.handle(now, input);
    }

    fn path_lost(&mut self, path: PathId, reason: &str) {
        self.paths.remove(&path);
        tracing::debug!(?path, %reason, "connection lost");
        reason.clone_into(&mut self.shared.status().problem);
    }

    /// Tells whoever waits to be let in; they may have stopped waiting.
    fn tell(&mut self, result: Result<Seat, Error>) {
        if let Some(welcomed) = self.welcomed.take() {
            drop(welcomed.send(result));
        }
    }

    fn timeout(&mut self) {
        let now = self.clock.now();
        if let Some(loss) = self.paths.values().filter_map(PathHandle::loss_permille).max() {
            self.client.set_loss(loss);
        }
        self.client.on_timeout(now);
        if let Some(ack) = self.views.as_mut().and_then(|views| views.acknowledge(now))
            && !self.watches
        {
            // Lost acknowledgements are asked for again by the game's repeated view.
            let _ = self.client.send_unreliable(now, ack);
        }
    }

    /// Carries out what the machine wants, until it wants nothing more.
    fn settle(&mut self) -> Result<(), Overflow> {
        if let Some(data) = self.waiting.take()
            && self.client.send(data.clone()) == Err(SendError::Full)
        {
            self.waiting = Some(data);
        }
        while let Some(transmit) = self.client.poll_transmit() {
            self.transmit(transmit);
        }
        while let Some(event) = self.client.poll_event() {
            self.event(event)?;
        }
        self.publish();
        Ok(())
    }

    fn transmit(&mut self, transmit: Transmit) {
        match transmit {
            Transmit::Connect { path, endpoint } => {
                let (server_name, events) = (Arc::clone(&self.server_name), self.path_events.0.clone());
                tracing::debug!(?path, address = %endpoint.address, "connecting");
                self.paths.insert(path, PathHandle::open(path, endpoint, server_name, events));
            }
            Transmit::Stream { path, data } => {
                if self.paths.get(&path).is_some_and(|handle| !handle.write(data)) {
                    self.paths.remove(&path);
                    let input = Input::Closed { path, code: None, reason: "the connection takes nothing any more" };
                    self.client.handle(self.clock.now(), input);
                }
            }
            Transmit::Datagram { path, data } => {
                if let Some(handle) = self.paths.get(&path) {
                    handle.datagram(data);
                }
            }
            Transmit::Close { path, code } => {
                if let Some(handle) = self.paths.remove(&path) {
                    handle.close(code);
                }
            }
        }
    }

    fn event(&mut self, event: Event) -> Result<(), Overflow> {
        let shared = Arc::clone(&self.shared);
        let inbox = &shared.inbox;
        match event {
            Event::Welcome { seat, fresh, rate, incarnation, .. } => {
                tracing::debug!(?incarnation, "let in");
                self.watches = seat.is_spectator();
                self.shared.status().rate = rate;
                if self.welcomed.is_some() {
                    self.tell(Ok(seat));
                } else if fresh {
                    inbox.push(RawEvent::Fresh)?;
                }
                if let Some(views) = self.views.as_mut().filter(|_| fresh) {
                    views.forget();
                }
            }
            Event::Rewound { tick, .. } => {
                self.views.iter_mut().for_each(Views::forget);
                inbox.push(RawEvent::Rewound { tick: tick.0 })?;
            }
            Event::Message { data, .. } => self.deliver(Via::Reliable, data)?,
            Event::Unreliable { data, .. } => self.deliver(Via::Unreliable, data)?,
            Event::Stalled => {
                tracing::debug!("nothing is heard");
                inbox.push(RawEvent::Stalled)?;
            }
            Event::Live { round_trip } => inbox.push(RawEvent::Live { rtt_ms: whole_ms(round_trip) })?,
            Event::Moved { incarnation, .. } => tracing::debug!(?incarnation, "the match moved"),
            // The end is told by what follows: the close.
            Event::Ended { code, reason } => tracing::debug!(?code, %reason, "the match ended"),
            Event::Closed { code, reason } => {
                let end = End { code, reason };
                inbox.end(end.clone());
                self.tell(Err(match end.code {
                    CloseCode::OutdatedClient => Error::OutdatedClient,
                    _ => Error::Ended(end),
                }));
            }
        }
        Ok(())
    }

    fn deliver(&mut self, via: Via, data: Bytes) -> Result<(), Overflow> {
        let event = match (&mut self.views, via) {
            (None, Via::Reliable) => RawEvent::Message(data),
            (None, Via::Unreliable) => RawEvent::Unreliable(data),
            (Some(views), via) => match views.open(self.clock.now(), via, &data) {
                Ok(Opened::Message(message)) => RawEvent::Message(message),
                Ok(Opened::View(view)) => RawEvent::View(view),
                Ok(Opened::Old) => return Ok(()),
                Err(error) => {
                    tracing::warn!(%error, bytes = data.len(), "dropped what the game sent");
                    return Ok(());
                }
            },
        };
        self.shared.inbox.push(event)
    }

    fn publish(&self) {
        let now = self.clock.now();
        let mut status = self.shared.status();
        status.rtt_ms = self.client.round_trip().map_or(0, whole_ms);
        status.tick = (now, self.client.estimated_tick(now));
        status.resume = self.client.resume_token();
        if status.endpoint.as_ref() != self.client.endpoint() {
            status.endpoint = self.client.endpoint().cloned();
        }
    }
}

fn whole_ms(time: std::time::Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
