//! What a match says, as it leaves for a client.

use bytes::Bytes;
use stadion_protocol::wire::{ServerFrame, Welcome};
use stadion_protocol::{CloseCode, Incarnation, Tick};

use crate::link::ToPlayer;

/// How a word travels.
pub(super) enum Spoken {
    /// On the stream.
    Frame(ServerFrame),
    /// In datagrams.
    Datagrams { incarnation: Incarnation, tick: Tick, data: Bytes },
    /// With the end of the connection.
    Close { code: CloseCode, reason: String },
}

impl From<ToPlayer> for Spoken {
    fn from(word: ToPlayer) -> Spoken {
        Spoken::Frame(match word {
            ToPlayer::Welcome { seat, incarnation, tick, in_seq, next_out_seq, fresh, rate } => {
                ServerFrame::Welcome(Welcome { seat, incarnation, tick, in_seq, next_out_seq, fresh, rate })
            }
            ToPlayer::ResumeToken(token) => ServerFrame::ResumeToken(token),
            ToPlayer::Reliable { out_seq, tick, data } => ServerFrame::Message { out_seq, tick, data },
            ToPlayer::Ack { in_seq } => ServerFrame::Ack { in_seq },
            ToPlayer::Ended { code, reason } => ServerFrame::Ended { code, reason },
            ToPlayer::Unreliable { incarnation, tick, data } => return Spoken::Datagrams { incarnation, tick, data },
            ToPlayer::Close { code, reason } => return Spoken::Close { code, reason },
        })
    }
}
