//! Datagrams: what may be lost, reordered or repeated.

use bytes::Bytes;

use super::codec::{Reader, WireError, put_blob, put_varint};
use super::{MAX_FRAGMENTS, MAX_REPEATS, MAX_UNRELIABLE};
use crate::ids::{Incarnation, Tick};

/// What a client says in a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientDatagram {
    /// Unreliable inputs: the newest, and before it those that are repeated in case their own datagram was lost.
    Inputs {
        /// Number of the first in the list; the others follow without gaps. Counted from 1 on each connection.
        first: u64,
        /// 1 to [`MAX_REPEATS`], oldest first.
        inputs: Vec<Bytes>,
    },
    /// A part of an input that does not fit one datagram. Such inputs are not repeated.
    Fragment {
        /// The input's number, from the same count.
        number: u64,
        /// Which part.
        fragment: Fragment,
        /// The part.
        data: Bytes,
    },
}

/// What a server says in a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerDatagram {
    /// An unreliable message, or a part of it.
    Unreliable {
        /// Which message.
        id: UnreliableId,
        /// Which part; `None`: it is whole.
        fragment: Option<Fragment>,
        /// The message or the part.
        data: Bytes,
    },
}

/// Which unreliable message: unique on its connection, and ordered as the match made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnreliableId {
    /// Of the session that speaks. A receiver keeps the highest it saw and drops lower ones.
    pub incarnation: Incarnation,
    /// The tick that made it.
    pub tick: Tick,
    /// Counted from 0 among this tick's messages on this connection.
    pub index: u16,
}

/// Which part of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// From 0.
    pub number: u8,
    /// How many there are: 2 to [`MAX_FRAGMENTS`].
    pub count: u8,
}

mod kind {
    pub(super) const INPUTS: u8 = 0x21;
    pub(super) const INPUT_FRAGMENT: u8 = 0x22;
    pub(super) const UNRELIABLE: u8 = 0x61;
    pub(super) const UNRELIABLE_FRAGMENT: u8 = 0x62;
}

impl ClientDatagram {
    /// The whole datagram.
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(64);
        match self {
            ClientDatagram::Inputs { first, inputs } => {
                out.push(kind::INPUTS);
                put_varint(&mut out, *first);
                inputs.iter().for_each(|input| put_blob(&mut out, input));
            }
            ClientDatagram::Fragment { number, fragment, data } => {
                out.push(kind::INPUT_FRAGMENT);
                put_varint(&mut out, *number);
                fragment.put(&mut out);
                out.extend_from_slice(data);
            }
        }
        out.into()
    }

    /// Reads a whole datagram.
    pub fn decode(datagram: &[u8]) -> Result<ClientDatagram, WireError> {
        let mut fields = Reader::new(datagram);
        match fields.u8()? {
            kind::INPUTS => {
                let first = read_number(&mut fields)?;
                let mut inputs = Vec::new();
                while !fields.is_empty() {
                    if inputs.len() == MAX_REPEATS {
                        return Err(WireError::TooLarge("repeated inputs"));
                    }
                    inputs.push(Bytes::copy_from_slice(fields.blob(MAX_UNRELIABLE, "input")?));
                }
                if inputs.is_empty() || first.checked_add(MAX_REPEATS as u64).is_none() {
                    return Err(WireError::BadValue("inputs"));
                }
                Ok(ClientDatagram::Inputs { first, inputs })
            }
            kind::INPUT_FRAGMENT => {
                let number = read_number(&mut fields)?;
                let fragment = Fragment::read(&mut fields)?;
                Ok(ClientDatagram::Fragment { number, fragment, data: read_part(fields)? })
            }
            unknown => Err(WireError::UnknownKind(unknown)),
        }
    }
}

impl ServerDatagram {
    /// The whole datagram.
    pub fn encode(&self) -> Bytes {
        let ServerDatagram::Unreliable { id, fragment, data } = self;
        let mut out = Vec::with_capacity(super::MAX_DATAGRAM_HEADER + data.len());
        out.push(if fragment.is_some() { kind::UNRELIABLE_FRAGMENT } else { kind::UNRELIABLE });
        put_varint(&mut out, u64::from(id.incarnation.0));
        put_varint(&mut out, id.tick.0);
        put_varint(&mut out, u64::from(id.index));
        if let Some(fragment) = fragment {
            fragment.put(&mut out);
        }
        out.extend_from_slice(data);
        out.into()
    }

    /// Reads a whole datagram.
    pub fn decode(datagram: &[u8]) -> Result<ServerDatagram, WireError> {
        let mut fields = Reader::new(datagram);
        let fragmented = match fields.u8()? {
            kind::UNRELIABLE => false,
            kind::UNRELIABLE_FRAGMENT => true,
            unknown => return Err(WireError::UnknownKind(unknown)),
        };
        let id =
            UnreliableId { incarnation: Incarnation(fields.u32()?), tick: Tick(fields.u64()?), index: fields.u16()? };
        if fragmented {
            let fragment = Some(Fragment::read(&mut fields)?);
            Ok(ServerDatagram::Unreliable { id, fragment, data: read_part(fields)? })
        } else {
            Ok(ServerDatagram::Unreliable { id, fragment: None, data: fields.rest(MAX_UNRELIABLE, "payload")? })
        }
    }
}

impl Fragment {
    fn put(self, out: &mut Vec<u8>) {
        out.push(self.number);
        out.push(self.count);
    }

    fn read(fields: &mut Reader<'_>) -> Result<Fragment, WireError> {
        let fragment = Fragment { number: fields.u8()?, count: fields.u8()? };
        let fits = (2..=MAX_FRAGMENTS).contains(&usize::from(fragment.count)) && fragment.number < fragment.count;
        if fits { Ok(fragment) } else { Err(WireError::BadValue("fragment")) }
    }
}

fn read_number(fields: &mut Reader<'_>) -> Result<u64, WireError> {
    match fields.u64()? {
        0 => Err(WireError::BadValue("input number")),
        number => Ok(number),
    }
}

fn read_part(fields: Reader<'_>) -> Result<Bytes, WireError> {
    let data = fields.rest(MAX_UNRELIABLE, "fragment")?;
    if data.is_empty() { Err(WireError::CutShort) } else { Ok(data) }
}
