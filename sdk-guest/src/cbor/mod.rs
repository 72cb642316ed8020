//! CBOR (RFC 8949) for saved matches: small, because every game that saves itself carries it.
//!
//! Structs are maps with their field names, variants are their names, so that a later version can add fields and reorder
//! them. Lengths are definite where serde knows them. Written and read here alone: tags and half-precision floats are not
//! read.

mod de;
mod ser;

use std::fmt;

pub(crate) use de::from_slice;
pub(crate) use ser::to_vec;

/// The upper three bits of an item's first byte.
mod major {
    pub(super) const UNSIGNED: u8 = 0;
    pub(super) const NEGATIVE: u8 = 1;
    pub(super) const BYTES: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const ARRAY: u8 = 4;
    pub(super) const MAP: u8 = 5;
    pub(super) const SIMPLE: u8 = 7;
}

/// First bytes that stand for themselves.
mod byte {
    pub(super) const FALSE: u8 = 0xf4;
    pub(super) const TRUE: u8 = 0xf5;
    pub(super) const NULL: u8 = 0xf6;
    pub(super) const F32: u8 = 0xfa;
    pub(super) const F64: u8 = 0xfb;
    pub(super) const BREAK: u8 = 0xff;
}

/// The lower five bits of a list or map whose end is marked by [`byte::BREAK`].
const INDEFINITE: u8 = 31;

/// Why something was not written or read.
#[derive(Debug)]
pub(crate) enum Error {
    /// The bytes end early.
    TooShort,
    /// Bytes are left over.
    Trailing,
    /// Something that is not written here.
    Unexpected(u8),
    /// Another kind of item than this.
    Other(&'static str),
    /// Text that is not UTF-8.
    BadText,
    /// Lists in lists without end.
    TooDeep,
    /// Said by the type that was written or read.
    Said(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::TooShort => f.write_str("the bytes end too early"),
            Error::Trailing => f.write_str("bytes are left over"),
            Error::Unexpected(byte) => write!(f, "unexpected byte {byte:#04x}"),
            Error::Other(expected) => write!(f, "something else where {expected} was expected"),
            Error::BadText => f.write_str("a text is not UTF-8"),
            Error::TooDeep => f.write_str("nested too deep"),
            Error::Said(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(text: T) -> Error {
        Error::Said(text.to_string())
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(text: T) -> Error {
        Error::Said(text.to_string())
    }
}

#[cfg(test)]
mod tests;
