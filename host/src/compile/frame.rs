//! What parent and child say to each other over the child's stdin and stdout.
//!
//! ```text
//!   stdin   length u32 LE │ postcard Job   │ the upload, to the end
//!   stdout  length u32 LE │ postcard Reply │ code │ component
//! ```
//! Stdin carries trusted bytes followed by hostile ones; stdout is bounded by its reader.

use serde::{Deserialize, Serialize};
use stadion_protocol::VersionId;
use stadion_protocol::contract::{ArtifactManifest, CompileStage};

use crate::engine::CodeSettings;

/// The largest job or reply header, bytes: a description with its schema.
const HEADER_BYTES: usize = 1024 * 1024;

/// What the child is to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    /// What the code is for.
    pub(super) code: CodeSettings,
    /// Of the bytes that follow.
    pub(super) version: VersionId,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// Code and component follow, with these lengths.
    Made { manifest: Box<ArtifactManifest>, code: u64, component: u64, cpu_ms: u32 },
    /// The upload is at fault.
    Rejected { stage: CompileStage, message: String },
}

/// Bytes that are not a frame.
#[derive(Debug, thiserror::Error)]
#[error("not a frame: {0}")]
pub(super) struct BadFrame(pub(super) String);

/// A header as it goes over the pipe.
pub(super) fn encode<T: Serialize>(header: &T) -> Vec<u8> {
    let body = postcard::to_allocvec(header).expect("a header holds only plain data");
    let length = u32::try_from(body.len()).expect("headers are bounded far below 4 GiB");
    [&length.to_le_bytes()[..], &body].concat()
}

/// Splits a header off the front.
pub(super) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<(T, &'a [u8]), BadFrame> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| BadFrame("too short".to_owned()))?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > HEADER_BYTES || length > rest.len() {
        return Err(BadFrame(format!("a header of {length} bytes")));
    }
    let (header, payload) = rest.split_at(length);
    let header = postcard::from_bytes(header).map_err(|error| BadFrame(error.to_string()))?;
    Ok((header, payload))
}
