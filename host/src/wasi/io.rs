//! `wasi:io`: the three standard streams. Their handles are entries of [`super::Handles`] and nothing else; what is written
//! goes to the match log. A standard stream is always ready, and so is every pollable
//! that there can be: what would have to wait is refused where it asks for one (see `clocks`).

use wasmtime::component::Resource;
use wasmtime::{Error, Result};
use wasmtime_wasi::p2::bindings::sync::io::streams::StreamError as WireError;
use wasmtime_wasi::p2::bindings::sync::io::{error, poll, streams};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError, StreamError, StreamResult};

use super::HandleKind;
use crate::session::{State, Stream};

/// The most bytes of one write.
const WRITE_BYTES: u64 = 64 * 1024;

/// Why a call that would wait is a trap.
pub(super) fn waiting(what: &str) -> Error {
    wasmtime::format_err!(
        "{what} is not possible: time stands still within a step. Return from the step and ask to be woken instead"
    )
}

impl State {
    /// A pollable for what need not be waited for.
    pub(super) fn ready(&mut self) -> Resource<DynPollable> {
        Resource::new_own(self.handles.open(HandleKind::Pollable))
    }

    fn write_stream(&mut self, stream: &Resource<DynOutputStream>, bytes: &[u8]) -> StreamResult<()> {
        let stream = match HandleKind::of(stream.rep()) {
            Some(HandleKind::Stdout) => Stream::Stdout,
            Some(HandleKind::Stderr) => Stream::Stderr,
            other => return Err(StreamError::trap(&format!("no output stream: {other:?}"))),
        };
        if bytes.len() as u64 > WRITE_BYTES {
            return Err(StreamError::trap("more was written than check-write allowed"));
        }
        self.log.print(&mut self.outputs, stream, bytes);
        Ok(())
    }

    fn write_zeroes_to(&mut self, stream: &Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        if len > WRITE_BYTES {
            return Err(StreamError::trap("more was written than check-write allowed"));
        }
        let zeroes = vec![0; usize::try_from(len).map_err(|error| StreamError::Trap(error.into()))?];
        self.write_stream(stream, &zeroes)
    }
}

impl error::Host for State {}

impl error::HostError for State {
    fn to_debug_string(&mut self, _error: Resource<IoError>) -> Result<String> {
        Ok(String::new())
    }

    fn drop(&mut self, _error: Resource<IoError>) -> Result<()> {
        Ok(())
    }
}

impl poll::Host for State {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        if pollables.is_empty() {
            return Err(waiting("polling nothing"));
        }
        Ok((0..).zip(&pollables).map(|(index, _)| index).collect())
    }
}

impl poll::HostPollable for State {
    fn ready(&mut self, _pollable: Resource<DynPollable>) -> Result<bool> {
        Ok(true)
    }

    fn block(&mut self, _pollable: Resource<DynPollable>) -> Result<()> {
        Ok(())
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.handles.close(pollable.rep());
        Ok(())
    }
}

impl streams::Host for State {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<WireError> {
        match error {
            StreamError::Closed => Ok(WireError::Closed),
            StreamError::LastOperationFailed(error) | StreamError::Trap(error) => Err(error),
        }
    }
}

impl streams::HostInputStream for State {
    fn read(&mut self, _stream: Resource<DynInputStream>, _len: u64) -> StreamResult<Vec<u8>> {
        Err(StreamError::Closed)
    }

    fn blocking_read(&mut self, _stream: Resource<DynInputStream>, _len: u64) -> StreamResult<Vec<u8>> {
        Err(StreamError::Closed)
    }

    fn skip(&mut self, _stream: Resource<DynInputStream>, _len: u64) -> StreamResult<u64> {
        Err(StreamError::Closed)
    }

    fn blocking_skip(&mut self, _stream: Resource<DynInputStream>, _len: u64) -> StreamResult<u64> {
        Err(StreamError::Closed)
    }

    fn subscribe(&mut self, _stream: Resource<DynInputStream>) -> Result<Resource<DynPollable>> {
        Ok(self.ready())
    }

    fn drop(&mut self, stream: Resource<DynInputStream>) -> Result<()> {
        self.handles.close(stream.rep());
        Ok(())
    }
}

impl streams::HostOutputStream for State {
    fn check_write(&mut self, _stream: Resource<DynOutputStream>) -> StreamResult<u64> {
        Ok(WRITE_BYTES)
    }

    fn write(&mut self, stream: Resource<DynOutputStream>, contents: Vec<u8>) -> StreamResult<()> {
        self.write_stream(&stream, &contents)
    }

    fn blocking_write_and_flush(&mut self, stream: Resource<DynOutputStream>, contents: Vec<u8>) -> StreamResult<()> {
        self.write_stream(&stream, &contents)
    }

    fn flush(&mut self, _stream: Resource<DynOutputStream>) -> StreamResult<()> {
        Ok(())
    }

    fn blocking_flush(&mut self, _stream: Resource<DynOutputStream>) -> StreamResult<()> {
        Ok(())
    }

    fn subscribe(&mut self, _stream: Resource<DynOutputStream>) -> Result<Resource<DynPollable>> {
        Ok(self.ready())
    }

    fn write_zeroes(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        self.write_zeroes_to(&stream, len)
    }

    fn blocking_write_zeroes_and_flush(&mut self, stream: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        self.write_zeroes_to(&stream, len)
    }

    fn splice(
        &mut self,
        _stream: Resource<DynOutputStream>,
        _source: Resource<DynInputStream>,
        _len: u64,
    ) -> StreamResult<u64> {
        Err(StreamError::Closed)
    }

    fn blocking_splice(
        &mut self,
        _stream: Resource<DynOutputStream>,
        _source: Resource<DynInputStream>,
        _len: u64,
    ) -> StreamResult<u64> {
        Err(StreamError::Closed)
    }

    fn drop(&mut self, stream: Resource<DynOutputStream>) -> Result<()> {
        self.handles.close(stream.rep());
        Ok(())
    }
}
