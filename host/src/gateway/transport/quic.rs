//! Native clients: QUIC (RFC 9000) with datagrams (RFC 9221). The client opens one bidirectional stream; other streams
//! are never read, and their windows bound what they can hold.

use std::collections::VecDeque;
use std::future::poll_fn;

use bytes::Bytes;
use quinn::{Chunk, Connection, ConnectionError, ReadError, RecvStream, SendStream, VarInt};
use stadion_protocol::CloseCode;

use super::super::quiet::Quiet;
use super::{Arrived, Control, Departure, Fate, Path, READ_BYTES, Receive, Stopped, Transmit, WRITE_PIECES};

/// The whole of a QUIC connection.
#[derive(Clone)]
pub(in super::super) struct QuicControl {
    connection: Connection,
}

/// The receiving side of a QUIC connection.
pub(in super::super) struct QuicReceive {
    connection: Connection,
    /// Looked at only when something came on the stream: most of what comes are datagrams.
    stream: Quiet<(RecvStream, Result<Option<Chunk>, ReadError>)>,
    opened: bool,
}

/// The sending side of its stream.
pub(in super::super) struct QuicTransmit {
    stream: SendStream,
}

/// Both sides of a connection whose handshake is complete.
pub(in super::super) fn open(connection: Connection) -> (QuicControl, QuicReceive) {
    (QuicControl { connection: connection.clone() }, QuicReceive { connection, stream: Quiet::empty(), opened: false })
}

impl Control for QuicControl {
    fn send_datagram(&self, datagram: Bytes) -> Fate {
        let displaced = self.connection.datagram_send_buffer_space() < datagram.len();
        match self.connection.send_datagram(datagram) {
            Ok(()) if displaced => Fate::Displaced,
            Ok(()) => Fate::Queued,
            Err(_) => Fate::Dropped,
        }
    }

    fn max_datagram(&self) -> usize {
        self.connection.max_datagram_size().unwrap_or(0)
    }

    fn path(&self) -> Path {
        let path = self.connection.stats().path;
        Path { round_trip: path.rtt, sent_packets: path.sent_packets, lost_packets: path.lost_packets }
    }

    fn close(&self, code: CloseCode, reason: &str) {
        self.connection.close(VarInt::from_u32(u32::from(code.number())), reason.as_bytes());
    }
}

impl Receive for QuicReceive {
    type Transmit = QuicTransmit;

    async fn next(&mut self) -> Arrived<QuicTransmit> {
        if !self.opened {
            return match self.connection.accept_bi().await {
                Ok((send, receive)) => {
                    self.opened = true;
                    self.stream.set(read(receive));
                    Arrived::Opened(QuicTransmit { stream: send })
                }
                Err(error) => Arrived::Gone(departure(&error)),
            };
        }
        tokio::select! {
            biased;
            (stream, chunk) = poll_fn(|cx| self.stream.poll(cx)) => match chunk {
                Ok(Some(chunk)) => {
                    self.stream.set(read(stream));
                    Arrived::Stream(chunk.bytes)
                }
                Err(ReadError::ConnectionLost(error)) => Arrived::Gone(departure(&error)),
                // Ended or reset: this client says nothing more, so the connection is of no use.
                Ok(None) | Err(_) => Arrived::Gone(Departure::ClosedByClient),
            },
            datagram = self.connection.read_datagram() => match datagram {
                Ok(datagram) => Arrived::Datagram(datagram),
                Err(error) => Arrived::Gone(departure(&error)),
            },
        }
    }
}

/// The next piece of a stream, and the stream.
async fn read(mut stream: RecvStream) -> (RecvStream, Result<Option<Chunk>, ReadError>) {
    let chunk = stream.read_chunk(READ_BYTES, true).await;
    (stream, chunk)
}

impl Transmit for QuicTransmit {
    async fn write(&mut self, pieces: &mut VecDeque<Bytes>) -> Result<usize, Stopped> {
        let (front, _) = pieces.as_mut_slices();
        let offered = front.len().min(WRITE_PIECES);
        let written = self.stream.write_chunks(&mut front[..offered]).await.map_err(|_| Stopped)?;
        pieces.drain(..written.chunks);
        Ok(written.bytes)
    }

    async fn finish(&mut self) {
        if self.stream.finish().is_ok() {
            // Either way, stopped or acknowledged, there is nothing left to wait for.
            let _ = self.stream.stopped().await;
        }
    }
}

fn departure(error: &ConnectionError) -> Departure {
    match error {
        ConnectionError::ApplicationClosed(_) | ConnectionError::ConnectionClosed(_) | ConnectionError::Reset => {
            Departure::ClosedByClient
        }
        _ => Departure::Lost,
    }
}
