//! Cuts a stream of bytes, arriving in any chunks, into the bodies of frames.

use super::codec::WireError;

/// Reads frames off one stream.
///
/// [`push`](FrameReader::push) what arrives, then call [`next_frame`](FrameReader::next_frame) until it has none. It holds
/// one unfinished frame plus the newest chunk at most; an error is final.
#[derive(Debug)]
pub struct FrameReader {
    buffer: Vec<u8>,
    /// Where the next frame starts in `buffer`.
    start: usize,
    max_body: usize,
}

/// A length takes at most this: three bytes hold 2 MiB, far over every limit.
const MAX_LENGTH_BYTES: usize = 3;

impl FrameReader {
    /// For one direction: [`super::MAX_CLIENT_FRAME`] or [`super::MAX_SERVER_FRAME`].
    pub fn new(max_body: usize) -> FrameReader {
        FrameReader { buffer: Vec::new(), start: 0, max_body }
    }

    /// Takes bytes off the transport, in order.
    pub fn push(&mut self, chunk: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
        } else {
            self.buffer.drain(..self.start);
        }
        self.start = 0;
        self.buffer.extend_from_slice(chunk);
    }

    /// The body of the next whole frame; `None` until more arrives. An empty body is an error: every frame has a kind.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, WireError> {
        let Some((prefix, length)) = read_length(&self.buffer[self.start..])? else {
            return Ok(None);
        };
        if length > self.max_body {
            return Err(WireError::TooLarge("frame"));
        }
        if length == 0 {
            return Err(WireError::CutShort);
        }
        let body = self.start + prefix;
        if self.buffer.len() - body < length {
            return Ok(None);
        }
        self.start = body + length;
        Ok(Some(&self.buffer[body..body + length]))
    }

    /// Bytes that wait for the rest of their frame.
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }
}

/// Bytes that the length takes and its value; `None` when it is cut.
fn read_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, WireError> {
    let mut length = 0;
    for (at, &byte) in bytes.iter().take(MAX_LENGTH_BYTES).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let minimal = byte != 0 || at == 0;
            return if minimal { Ok(Some((at + 1, length))) } else { Err(WireError::BadNumber) };
        }
    }
    if bytes.len() < MAX_LENGTH_BYTES { Ok(None) } else { Err(WireError::TooLarge("frame")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(chunks: &[&[u8]], max_body: usize) -> Result<Vec<Vec<u8>>, WireError> {
        let mut reader = FrameReader::new(max_body);
        let mut found = Vec::new();
        for chunk in chunks {
            reader.push(chunk);
            while let Some(body) = reader.next_frame()? {
                found.push(body.to_vec());
            }
        }
        Ok(found)
    }

    #[test]
    fn frames_come_out_whole_however_they_were_cut() {
        let stream = [1, 7, 3, 1, 2, 3, 2, 9, 9];
        let expected = Ok(vec![vec![7], vec![1, 2, 3], vec![9, 9]]);
        assert_eq!(frames(&[&stream], 10), expected);
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(frames(&single, 10), expected);
    }

    #[test]
    fn bad_lengths_are_refused_at_once() {
        for (stream, error) in [
            (&[11][..], WireError::TooLarge("frame")),
            (&[0xff, 0xff, 0xff], WireError::TooLarge("frame")),
            (&[0x81, 0x00], WireError::BadNumber),
            (&[0], WireError::CutShort),
        ] {
            assert_eq!(frames(&[stream], 10), Err(error), "{stream:02x?}");
        }
    }
}
