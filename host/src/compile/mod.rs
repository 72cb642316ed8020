//! Uploads become artifacts in a child process each: a hostile module can make a compiler ask for 26 GB and abort, and
//! it must not take a host with it.
//!
//! The parent ([`ChildCompiler`]) bounds how many run and wait, feeds the child, reads a bounded answer and kills what
//! is late. The child ([`child_main`]) takes files, network and unbounded memory away from itself first.

mod child;
mod contract;
mod description;
mod frame;
mod images;
mod limits;
mod parent;
mod pipeline;
mod sandbox;
mod slices;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use stadion_protocol::VersionId;
use stadion_protocol::contract::{CompileError, CompileStage, Compiled};

pub use self::child::child_main;
pub use self::parent::{ChildCompiler, CompilerConfig};
use crate::engine::CodeSettings;

/// The largest upload, bytes.
pub const UPLOAD_BYTES: usize = 32 << 20;

/// The most native code of one version, bytes.
pub const CODE_BYTES: usize = 64 << 20;

/// The longest message to a developer, bytes.
const MESSAGE_BYTES: usize = 4096;

/// How the child says on stderr that a stage has begun: this, and the stage's name.
const STAGE: &str = "stage ";

/// The stages by their names there.
const STAGES: [(&str, CompileStage); 6] = [
    ("validate", CompileStage::Validate),
    ("componentize", CompileStage::Componentize),
    ("contract", CompileStage::Contract),
    ("compile", CompileStage::Compile),
    ("describe", CompileStage::Describe),
    ("prepare", CompileStage::Prepare),
];

/// How the child says on stderr that it could not protect the machine from its input.
const WALLS_MISSING: &str = "the compile child runs without all of its walls";

/// Compiles in this process, without the child's limits: for tests and tools that trust their input.
pub fn in_process(code: CodeSettings, wasm: &[u8]) -> Result<Compiled, CompileError> {
    let made = pipeline::run(code, version_of(wasm), wasm, &|_| ())
        .map_err(|refused| CompileError::Rejected { stage: refused.stage, message: refused.message })?;
    Ok(Compiled {
        manifest: made.manifest,
        code: Bytes::from(made.code),
        component: Bytes::from(made.component),
        cpu_ms: 0,
    })
}

/// The id of a version: SHA-256 of the uploaded bytes.
pub fn version_of(wasm: &[u8]) -> VersionId {
    VersionId(Sha256::digest(wasm).into())
}
