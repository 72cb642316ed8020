//! Reading and writing of single fields. Strict: one value has one encoding, and everything else is refused.
//!
//! Integers of unknown size are varints: seven bits a byte, least significant first, the top bit set on all but the last
//! byte (as in protobuf and postcard). A varint that is longer than its value needs is refused.

use bytes::Bytes;

/// Why bytes are not what they should be. Never tells more than a position could: peers are not to learn from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end inside a field.
    #[error("cut short")]
    CutShort,
    /// Bytes follow the last field.
    #[error("bytes after the end")]
    Trailing,
    /// A varint that is longer than needed or does not fit its field.
    #[error("malformed number")]
    BadNumber,
    /// A field, frame or datagram is over its limit.
    #[error("{0} is over its limit")]
    TooLarge(&'static str),
    /// No such kind of frame or datagram in this direction.
    #[error("unknown kind {0:#04x}")]
    UnknownKind(u8),
    /// A field has a value that means nothing.
    #[error("{0} has no such value")]
    BadValue(&'static str),
    /// A `hello` of another protocol version, whose other fields cannot be read.
    #[error("protocol version {0}")]
    Version(u16),
}

/// Takes fields off the front of a slice.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn u8(&mut self) -> Result<u8, WireError> {
        let (&first, rest) = self.0.split_first().ok_or(WireError::CutShort)?;
        self.0 = rest;
        Ok(first)
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(WireError::CutShort)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(WireError::CutShort)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(crate) fn u16_le(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, WireError> {
        let mut value = 0u64;
        for shift in (0..).step_by(7).take(MAX_VARINT) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            // The tenth byte holds the topmost bit alone.
            if shift == 63 && bits > 1 {
                return Err(WireError::BadNumber);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                let minimal = byte != 0 || shift == 0;
                return if minimal { Ok(value) } else { Err(WireError::BadNumber) };
            }
        }
        Err(WireError::BadNumber)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, WireError> {
        u32::try_from(self.u64()?).map_err(|_| WireError::BadNumber)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, WireError> {
        u16::try_from(self.u64()?).map_err(|_| WireError::BadNumber)
    }

    /// A varint length and that many bytes, at most `limit`.
    pub(crate) fn blob(&mut self, limit: usize, what: &'static str) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(self.u64()?).map_err(|_| WireError::TooLarge(what))?;
        if length > limit {
            return Err(WireError::TooLarge(what));
        }
        self.take(length)
    }

    /// A blob that is UTF-8.
    pub(crate) fn text(&mut self, limit: usize, what: &'static str) -> Result<String, WireError> {
        let bytes = self.blob(limit, what)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| WireError::BadValue(what))
    }

    /// Everything that is left, at most `limit` bytes. Copied, so that a small field never pins a large buffer.
    pub(crate) fn rest(self, limit: usize, what: &'static str) -> Result<Bytes, WireError> {
        if self.0.len() > limit { Err(WireError::TooLarge(what)) } else { Ok(Bytes::copy_from_slice(self.0)) }
    }

    pub(crate) fn finish(self) -> Result<(), WireError> {
        if self.0.is_empty() { Ok(()) } else { Err(WireError::Trailing) }
    }
}

/// Bytes of the longest varint.
pub(crate) const MAX_VARINT: usize = 10;

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_blob(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The longest prefix of `text` that is at most `limit` bytes and ends between characters.
pub(crate) fn clip(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_varint_has_exactly_one_encoding() {
        for value in [0, 1, 127, 128, 300, 16_383, 16_384, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.u64(), Ok(value));
            assert!(reader.is_empty());
        }
        for malformed in [
            &[0x80, 0x00][..],
            &[0xff, 0x80, 0x00],
            &[0xff; 10],
            &[0x80; 11],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        ] {
            assert_eq!(Reader::new(malformed).u64(), Err(WireError::BadNumber), "{malformed:02x?}");
        }
        assert_eq!(Reader::new(&[0x80]).u64(), Err(WireError::CutShort));
    }

    #[test]
    fn a_lying_length_costs_nothing() {
        let mut bytes = Vec::new();
        put_varint(&mut bytes, u64::MAX);
        assert_eq!(Reader::new(&bytes).blob(100, "x"), Err(WireError::TooLarge("x")));
        assert_eq!(Reader::new(&[50, 1, 2]).blob(100, "x"), Err(WireError::CutShort));
    }

    #[test]
    fn text_is_clipped_between_characters() {
        assert_eq!(clip("aé", 2), "a");
        assert_eq!(clip("aé", 3), "aé");
        assert_eq!(clip("", 5), "");
    }
}
