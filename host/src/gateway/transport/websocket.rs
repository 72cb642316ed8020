//! Browsers without UDP, or without a secure context: one WebSocket (RFC 6455) carries the stream and the datagrams.
//!
//! ```text
//!   message = 00  bytes of the stream, cut anywhere
//!           | 01  one datagram
//! ```
//!
//! Datagrams that the socket cannot take yet wait in a bounded queue in which the newest win: they are late there, not
//! lost on the way, and a late state of a game is worth nothing.
//!
//! The two sides share the socket. Both are used from the connection's own task, so the lock around it is never fought for;
//! it is held while polling, never while waiting. Datagrams come from the gateway's turn, on another thread: they have a lock
//! of their own, so that a turn never waits for a socket, and wake the task when there were none before.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, Stream};
use stadion_protocol::wire::{MAX_CLIENT_FRAME, MAX_DATAGRAM_HEADER, MAX_UNRELIABLE};
use stadion_protocol::{CloseCode, Moment};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Utf8Bytes};

use super::super::config::{CLOSE_WITHIN, DATAGRAM_BUFFER, IDLE, KEEP_ALIVE};
use super::{Arrived, Control, Departure, Fate, Path, Receive, Stopped, Transmit};
use crate::clock;

/// What carries a WebSocket: the byte stream that is left when HTTP has been spoken.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> ByteStream for S {}

/// The first byte of a message.
const STREAM: u8 = 0;
const DATAGRAM: u8 = 1;

/// A message from a client at most: one frame of the largest size with its length, or one datagram.
const MAX_FROM_CLIENT: usize = 1 + 3 + MAX_CLIENT_FRAME;

/// Stream bytes that go into one message, unless a single frame is larger.
const MESSAGE_BYTES: usize = 16 * 1024;

/// Allocated for each connection for what arrives: many connections matter here more than the speed of one.
const READ_BUFFER: usize = 4 * 1024;

/// Pings and pongs between two of our own. A client needs none; each costs an answer.
const MAX_CONTROL_FRAMES: u32 = 64;

/// Close codes of applications begin here (RFC 6455 section 7.4.2).
const CLOSE_CODES: u16 = 4000;

/// What a control frame holds at most (RFC 6455 section 5.5), without the code.
const MAX_CLOSE_REASON: usize = 123;

/// The whole of a WebSocket.
#[derive(Clone)]
pub(in super::super) struct SocketControl {
    shared: Arc<Mutex<Shared>>,
    outgoing: Arc<Mutex<Outgoing>>,
}

/// The receiving side.
pub(in super::super) struct SocketReceive {
    shared: Arc<Mutex<Shared>>,
    outgoing: Arc<Mutex<Outgoing>>,
    opened: bool,
    heart: Interval,
}

/// The sending side of its stream.
pub(in super::super) struct SocketTransmit {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    socket: WebSocketStream<Box<dyn ByteStream>>,
    /// Due; goes before any datagram.
    ping: Option<Message>,
    pulse: Pulse,
    closing: bool,
}

/// What waits for the socket, and the task that takes it there.
#[derive(Default)]
struct Outgoing {
    datagrams: Datagrams,
    task: Option<Waker>,
}

/// Both sides of a WebSocket whose handshake is complete.
pub(in super::super) async fn open(stream: Box<dyn ByteStream>) -> (SocketControl, SocketReceive) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_FROM_CLIENT))
        .max_frame_size(Some(MAX_FROM_CLIENT));
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let pulse = Pulse::new(clock::now());
    let shared = Arc::new(Mutex::new(Shared { socket, ping: None, pulse, closing: false }));
    let outgoing = Arc::<Mutex<Outgoing>>::default();
    let mut heart = tokio::time::interval(KEEP_ALIVE);
    heart.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let control = SocketControl { shared: Arc::clone(&shared), outgoing: Arc::clone(&outgoing) };
    (control, SocketReceive { shared, outgoing, opened: false, heart })
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Control for SocketControl {
    fn send_datagram(&self, datagram: Bytes) -> Fate {
        let mut outgoing = lock(&self.outgoing);
        let first = outgoing.datagrams.is_empty();
        let fate = outgoing.datagrams.push(datagram);
        let task = if first { outgoing.task.take() } else { None };
        drop(outgoing);
        if let Some(task) = task {
            task.wake();
        }
        fate
    }

    fn max_datagram(&self) -> usize {
        MAX_UNRELIABLE + MAX_DATAGRAM_HEADER
    }

    fn path(&self) -> Path {
        Path { round_trip: lock(&self.shared).pulse.round_trip, sent_packets: 0, lost_packets: 0 }
    }

    fn close(&self, code: CloseCode, reason: &str) {
        if std::mem::replace(&mut lock(&self.shared).closing, true) {
            return;
        }
        let end = (0..=reason.len().min(MAX_CLOSE_REASON)).rev().find(|&end| reason.is_char_boundary(end));
        let reason = Utf8Bytes::from(&reason[..end.unwrap_or(0)]);
        let frame = CloseFrame { code: (CLOSE_CODES + code.number()).into(), reason };
        let shared = Arc::clone(&self.shared);
        drop(tokio::spawn(async move {
            // Whoever does not take it in time is cut off without it.
            let _ = tokio::time::timeout(CLOSE_WITHIN, farewell(&shared, frame)).await;
        }));
    }
}

/// Says why, and reads on until the client has hung up: bytes that nobody has read would reset the connection, and the
/// reason with it.
async fn farewell(shared: &Mutex<Shared>, frame: CloseFrame) {
    let mut last = Some(Message::Close(Some(frame)));
    poll_fn(|cx| {
        let mut shared = lock(shared);
        let mut socket = Pin::new(&mut shared.socket);
        if last.is_some() {
            match socket.as_mut().poll_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        if let Some(last) = last.take()
            && socket.as_mut().start_send(last).is_err()
        {
            return Poll::Ready(());
        }
        let _ = socket.as_mut().poll_flush(cx);
        // Ends with the client's answer or its connection; until then the time bounds it.
        while let Poll::Ready(message) = socket.as_mut().poll_next(cx) {
            if !matches!(message, Some(Ok(_))) {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    })
    .await;
}

impl Receive for SocketReceive {
    type Transmit = SocketTransmit;

    async fn next(&mut self) -> Arrived<SocketTransmit> {
        if !self.opened {
            self.opened = true;
            return Arrived::Opened(SocketTransmit { shared: Arc::clone(&self.shared) });
        }
        poll_fn(|cx| {
            let mut shared = lock(&self.shared);
            if self.heart.poll_tick(cx).is_ready() {
                // Once more for the next one to wake this task.
                let _ = self.heart.poll_tick(cx);
                match shared.pulse.beat(clock::now()) {
                    Some(ping) => shared.ping = Some(ping),
                    None => return Poll::Ready(Arrived::Gone(Departure::Lost)),
                }
            }
            if shared.write_datagrams(cx, &self.outgoing).is_err() {
                return Poll::Ready(Arrived::Gone(Departure::Lost));
            }
            shared.read(cx)
        })
        .await
    }
}

impl Transmit for SocketTransmit {
    async fn write(&mut self, pieces: &mut VecDeque<Bytes>) -> Result<usize, Stopped> {
        poll_fn(|cx| lock(&self.shared).write_stream(cx, pieces)).await
    }

    async fn finish(&mut self) {
        // TCP does not tell what has arrived; the close that follows is read in order.
        let _ = poll_fn(|cx| Pin::new(&mut lock(&self.shared).socket).poll_flush(cx)).await;
    }
}

impl Shared {
    /// What came, if something did.
    fn read<W>(&mut self, cx: &mut Context<'_>) -> Poll<Arrived<W>> {
        // Bounded: only control frames go around, and those are counted.
        while let Poll::Ready(message) = Pin::new(&mut self.socket).poll_next(cx) {
            let arrived = match message {
                Some(Ok(message)) => {
                    self.pulse.heard(clock::now(), &message);
                    sort(message)
                }
                Some(Err(Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_))) => {
                    Some(Arrived::Nonsense("not the WebSocket that was agreed on"))
                }
                Some(Err(_)) | None => Some(Arrived::Gone(Departure::ClosedByClient)),
            };
            if let Some(arrived) = arrived {
                return Poll::Ready(arrived);
            }
            if self.pulse.control_frames > MAX_CONTROL_FRAMES {
                return Poll::Ready(Arrived::Nonsense("too many pings"));
            }
        }
        Poll::Pending
    }

    /// Writes datagrams as far as the socket takes them, and has it write what it holds.
    fn write_datagrams(&mut self, cx: &mut Context<'_>, outgoing: &Mutex<Outgoing>) -> Result<(), Error> {
        let mut socket = Pin::new(&mut self.socket);
        while socket.as_mut().poll_ready(cx)?.is_ready() {
            let message = self.ping.take().or_else(|| {
                let mut outgoing = lock(outgoing);
                let message = outgoing.datagrams.pop();
                if message.is_none() {
                    outgoing.task = Some(cx.waker().clone());
                }
                message
            });
            let Some(message) = message else { break };
            socket.as_mut().start_send(message)?;
        }
        match socket.poll_flush(cx) {
            Poll::Ready(flushed) => flushed,
            Poll::Pending => Ok(()),
        }
    }

    /// Hands some of the stream to the socket once that has written what it held.
    fn write_stream(&mut self, cx: &mut Context<'_>, pieces: &mut VecDeque<Bytes>) -> Poll<Result<usize, Stopped>> {
        let mut socket = Pin::new(&mut self.socket);
        match socket.as_mut().poll_ready(cx) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return Poll::Ready(Err(Stopped)),
            Poll::Pending => return Poll::Pending,
        }
        let mut message = vec![STREAM];
        while let Some(piece) =
            pieces.pop_front_if(|piece| message.len() == 1 || message.len() + piece.len() <= MESSAGE_BYTES)
        {
            message.extend_from_slice(&piece);
        }
        let written = message.len() - 1;
        if socket.as_mut().start_send(Message::binary(message)).is_err() {
            return Poll::Ready(Err(Stopped));
        }
        let _ = socket.poll_flush(cx);
        Poll::Ready(Ok(written))
    }
}

/// What a message is to the connection; `None`: nothing.
fn sort<W>(message: Message) -> Option<Arrived<W>> {
    match message {
        Message::Binary(mut bytes) if !bytes.is_empty() => {
            let kind = bytes[0];
            let content = bytes.split_off(1);
            Some(match kind {
                STREAM if !content.is_empty() => Arrived::Stream(content),
                DATAGRAM => Arrived::Datagram(content),
                _ => Arrived::Nonsense("a message of no known kind"),
            })
        }
        Message::Binary(_) | Message::Text(_) => Some(Arrived::Nonsense("a message of no known kind")),
        Message::Close(_) => Some(Arrived::Gone(Departure::ClosedByClient)),
        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => None,
    }
}

/// Datagrams that wait for the socket; the newest win.
#[derive(Default)]
struct Datagrams {
    waiting: VecDeque<Bytes>,
    bytes: usize,
}

impl Datagrams {
    fn push(&mut self, datagram: Bytes) -> Fate {
        let mut fate = Fate::Queued;
        self.bytes += datagram.len();
        self.waiting.push_back(datagram);
        while self.bytes > DATAGRAM_BUFFER {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.bytes -= oldest.len();
            fate = Fate::Displaced;
        }
        fate
    }

    fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn pop(&mut self) -> Option<Message> {
        let datagram = self.waiting.pop_front()?;
        self.bytes -= datagram.len();
        let mut message = Vec::with_capacity(1 + datagram.len());
        message.push(DATAGRAM);
        message.extend_from_slice(&datagram);
        Some(Message::binary(message))
    }
}

/// Whether the client is still there, and how far away.
struct Pulse {
    heard: Moment,
    sent: Moment,
    number: u64,
    round_trip: Duration,
    /// Since the last beat.
    control_frames: u32,
}

impl Pulse {
    fn new(now: Moment) -> Pulse {
        Pulse { heard: now, sent: now, number: 0, round_trip: Duration::ZERO, control_frames: 0 }
    }

    /// The next ping; `None`: nothing came for the idle time.
    fn beat(&mut self, now: Moment) -> Option<Message> {
        if now.since(self.heard) >= IDLE {
            return None;
        }
        self.control_frames = 0;
        self.sent = now;
        self.number += 1;
        Some(Message::Ping(Bytes::copy_from_slice(&self.number.to_le_bytes())))
    }

    fn heard(&mut self, now: Moment, message: &Message) {
        self.heard = now;
        match message {
            Message::Pong(number) if **number == self.number.to_le_bytes() => self.round_trip = now.since(self.sent),
            Message::Ping(_) | Message::Pong(_) => self.control_frames += 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_datagrams_that_wait_the_newest_win() {
        let mut datagrams = Datagrams::default();
        let fates: Vec<Fate> = (0..70_u8).map(|n| datagrams.push(Bytes::from(vec![n; 1024]))).collect();
        assert_eq!(fates.iter().filter(|fate| **fate == Fate::Displaced).count(), 70 - DATAGRAM_BUFFER / 1024);
        let oldest = datagrams.pop().unwrap().into_data();
        assert_eq!(oldest[..2], [DATAGRAM, 6]);
        assert_eq!(std::iter::from_fn(|| datagrams.pop()).count(), DATAGRAM_BUFFER / 1024 - 1);
        assert_eq!(datagrams.bytes, 0);
    }

    #[test]
    fn who_says_nothing_for_the_idle_time_is_gone() {
        let mut pulse = Pulse::new(Moment(0));
        let ping = pulse.beat(Moment(0) + KEEP_ALIVE).unwrap();
        pulse.heard(Moment(0) + KEEP_ALIVE + Duration::from_millis(40), &Message::Pong(ping.into_data()));
        assert_eq!(pulse.round_trip, Duration::from_millis(40));
        assert!(pulse.beat(Moment(0) + IDLE).is_some());
        assert!(pulse.beat(Moment(0) + KEEP_ALIVE * 2 + IDLE).is_none());
    }
}
