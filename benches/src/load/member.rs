//! One connection of the fleet and the player on it.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use quinn_proto::{Connection, ConnectionHandle, Dir, Endpoint, Event, StreamEvent, StreamId, VarInt};
use stadion_protocol::Moment;

use super::socket::Socket;
use super::tally::Tally;
use super::{Said, Speaker};

/// The longest piece read from a stream at once.
const READ_BYTES: usize = 64 << 10;

/// A player and its connection.
pub(super) struct Member<S> {
    pub(super) connection: Connection,
    pub(super) handle: ConnectionHandle,
    pub(super) speaker: S,
    stream: Option<StreamId>,
    unwritten: VecDeque<Bytes>,
}

/// Time both ways: quinn's and the protocol's.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) instant: Instant,
    pub(super) moment: Moment,
}

impl<S: Speaker> Member<S> {
    pub(super) fn new(connection: Connection, handle: ConnectionHandle, speaker: S) -> Member<S> {
        Member { connection, handle, speaker, stream: None, unwritten: VecDeque::new() }
    }

    /// Takes in what happened on the connection.
    pub(super) fn settle(&mut self, now: Now, endpoint: &mut Endpoint, tally: &mut Tally) {
        while let Some(event) = self.connection.poll_endpoint_events() {
            if let Some(answer) = endpoint.handle_event(self.handle, event) {
                self.connection.handle_event(answer);
            }
        }
        let mut said = Said::default();
        while let Some(event) = self.connection.poll() {
            match event {
                Event::Connected => {
                    self.stream = self.connection.streams().open(Dir::Bi);
                    let most = self.connection.datagrams().max_size();
                    self.speaker.connected(now.moment, most, &mut said);
                }
                Event::ConnectionLost { reason } => self.speaker.closed(now.moment, &reason.to_string()),
                Event::Stream(StreamEvent::Readable { id }) => self.read(now, id, &mut said),
                Event::DatagramReceived => {
                    while let Some(datagram) = self.connection.datagrams().recv() {
                        self.speaker.datagram(now.moment, &datagram, &mut said);
                        tally.heard += u64::from(std::mem::take(&mut said.heard));
                    }
                }
                _ => {}
            }
        }
        if let Some(at) = said.echoed {
            tally.echo(at, now.moment);
        }
        self.say(said);
    }

    /// Passes on what the player says.
    pub(super) fn say(&mut self, said: Said) {
        for datagram in said.datagrams {
            // Too large for the path or the connection is gone: lost, as datagrams may be.
            let _ = self.connection.datagrams().send(datagram, true);
        }
        self.unwritten.extend(said.stream);
        let Some(stream) = self.stream else { return };
        while let Some(piece) = self.unwritten.front_mut() {
            match self.connection.send_stream(stream).write(piece) {
                Ok(written) if written == piece.len() => drop(self.unwritten.pop_front()),
                Ok(written) => drop(piece.split_to(written)),
                // Blocked until there is room, or the connection is gone and says so by itself.
                Err(_) => return,
            }
        }
    }

    /// Sends what the connection has to send.
    pub(super) fn transmit(&mut self, now: Now, socket: &Socket, buffer: &mut Vec<u8>, tally: &mut Tally) {
        buffer.clear();
        while let Some(transmit) = self.connection.poll_transmit(now.instant, 1, buffer) {
            if !socket.send(&transmit, &buffer[..transmit.size]) {
                tally.unsent += 1;
            }
            buffer.clear();
        }
    }

    pub(super) fn close(&mut self, now: Now) {
        self.connection.close(now.instant, VarInt::from_u32(0), Bytes::new());
    }

    fn read(&mut self, now: Now, id: StreamId, said: &mut Said) {
        let mut stream = self.connection.recv_stream(id);
        let Ok(mut chunks) = stream.read(true) else { return };
        let mut pieces = Vec::new();
        while let Ok(Some(chunk)) = chunks.next(READ_BYTES) {
            pieces.push(chunk.bytes);
        }
        // Whether a window has to be told is asked of the connection in any case.
        let _ = chunks.finalize();
        pieces.iter().for_each(|piece| self.speaker.stream(now.moment, piece, said));
    }
}
