//! Encoded frames that a connection's transport has not taken yet.

use std::collections::VecDeque;

use bytes::Bytes;

use super::transport::{Stopped, Transmit};

/// Frames in the order in which they were said. Its owner holds it to a bound.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pieces: VecDeque<Bytes>,
    bytes: usize,
}

impl Waiting {
    pub(super) fn push(&mut self, piece: Bytes) {
        self.bytes += piece.len();
        self.pieces.push_back(piece);
    }

    /// How much waits.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes some of what waits; for ever pending when nothing does. Safe to cancel.
    pub(super) async fn write<T: Transmit>(&mut self, transmit: &mut Option<T>) -> Result<(), Stopped> {
        match transmit {
            Some(transmit) if !self.pieces.is_empty() => {
                self.bytes -= transmit.write(&mut self.pieces).await?;
                Ok(())
            }
            _ => std::future::pending().await,
        }
    }

    /// Writes everything, ends the stream and waits until the client's transport has it all, or has gone.
    pub(super) async fn flush<T: Transmit>(&mut self, transmit: &mut T) {
        while !self.pieces.is_empty() {
            match transmit.write(&mut self.pieces).await {
                Ok(written) => self.bytes -= written,
                Err(Stopped) => return,
            }
        }
        transmit.finish().await;
    }
}
