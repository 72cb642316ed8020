//! What a match says, as it leaves for a client.

use bytes::Bytes;
use stadion_protocol::wire::{ServerFrame, Welcome};
use stadion_protocol::{CloseCode, Incarnation, Tick};

use crate::link::ToPlayer;

/// How a word travels.
pub(super) enum Spoken {
    /// In datagrams, at once.
    Datagrams { incarnation: Incarnation, tick: Tick, data: Bytes },
    /// By the connection's own task, in order.
    InOrder(Word),
}

/// What keeps its order.
#[derive(Clone, Debug)]
pub(super) enum Word {
    /// On the stream.
    Frame(ServerFrame),
    /// With the end of the connection.
    Close { code: CloseCode, reason: String },
}

impl From<ToPlayer> for Spoken {
    fn from(word: ToPlayer) -> Spoken {
        Spoken::InOrder(Word::Frame(match word {
            ToPlayer::Welcome { seat, incarnation, tick, in_seq, next_out_seq, fresh, rate } => {
                ServerFrame::Welcome(Welcome { seat, incarnation, tick, in_seq, next_out_seq, fresh, rate })
            }
            ToPlayer::ResumeToken(token) => ServerFrame::ResumeToken(token),
            ToPlayer::Reliable { out_seq, tick, data } => ServerFrame::Message { out_seq, tick, data },
            ToPlayer::Ack { in_seq } => ServerFrame::Ack { in_seq },
            ToPlayer::Ended { code, reason } => ServerFrame::Ended { code, reason },
            ToPlayer::Unreliable { incarnation, tick, data } => return Spoken::Datagrams { incarnation, tick, data },
            ToPlayer::Close { code, reason } => return Spoken::InOrder(Word::Close { code, reason }),
        }))
    }
}
