//! Versions of games as hosts run them: described, compiled once, signed, fetched by hash.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Pending;
use crate::ids::VersionId;
use crate::token::SchemaHash;

/// What a game says about itself (`describe` of the contract), checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// For people.
    pub title: String,
    /// Fewest seats of a match, at least 1.
    pub seats_min: u16,
    /// Most seats of a match, at least `seats_min`.
    pub seats_max: u16,
    /// Number of teams; 0 or 1: none.
    pub teams: u16,
    /// Ticks a second; 0: driven by events and `wake`.
    pub rate: u16,
    /// Memory that one match may use, bytes.
    pub memory_bytes: u64,
    /// CPU time of one step, microseconds.
    pub step_us: u32,
    /// Schema of the messages in both directions and of the view, if the game has typed ones.
    pub schema: Option<Vec<u8>>,
    /// The open part, as the game wrote it; keys are checked by [`super::MatchSettings::from_pairs`].
    pub settings: Vec<(String, String)>,
    /// Whether the version exports `state` (save and load).
    pub saves: bool,
    /// Whether a running match can be kept as an image of its memory. `Err`: why not, for its developer.
    pub image_checkpoints: Result<(), String>,
    /// Whether sessions start from what `image.prepare` left. `None`: the version does not export it; `Some(Err)`: why
    /// it is not used, for its developer.
    pub warm_image: Option<Result<(), String>>,
}

impl Description {
    /// The hash that tokens and `hello` carry.
    pub fn schema_hash(&self) -> SchemaHash {
        SchemaHash::of(self.schema.as_deref())
    }
}

/// What is signed about an artifact. Encoded with postcard in field order; adding a field is a new `format`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactManifest {
    /// 2.
    pub format: u32,
    /// The uploaded bytes.
    pub version: VersionId,
    /// Compatibility hash of the engine that compiled it: wasmtime version, settings, wasm features, pool layout.
    pub engine: [u8; 32],
    /// The CPU baseline, such as `x86_64-v3`; never `native`.
    pub cpu: String,
    /// BLAKE3 of the compiled bytes.
    pub code: [u8; 32],
    /// What the game says about itself.
    pub description: Description,
    /// Where a host finds the memory of a session for image checkpoints; the host's own encoding. `None`: there are none.
    pub image_layout: Option<Vec<u8>>,
}

/// Prefix of the signed bytes, so that this signature means nothing anywhere else: the signature (Ed25519, RFC 8032)
/// is over these bytes followed by the encoded manifest.
pub const SIGNING_CONTEXT: &[u8] = b"stadion artifact v1\0";

/// A version's native code, pinned and signed. Hosts load nothing else.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The manifest, postcard-encoded: the very bytes that were signed.
    pub manifest: Bytes,
    /// Ed25519 over [`SIGNING_CONTEXT`] and `manifest`.
    pub signature: [u8; 64],
    /// The compiled code.
    pub code: Bytes,
}

/// What the compile child made of an upload. Unsigned: the control plane signs what it keeps.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Parsed, for the control plane's own use.
    pub manifest: ArtifactManifest,
    /// The compiled code.
    pub code: Bytes,
    /// The component that was compiled: the upload itself, or what it was componentized to.
    pub component: Bytes,
    /// CPU time the child used, milliseconds.
    pub cpu_ms: u32,
}

/// Where an upload failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CompileStage {
    /// Not wasm, damaged, or using a feature that is not on the allow-list.
    Validate,
    /// A core module whose embedded WIT could not be made a component.
    Componentize,
    /// Imports or exports that do not fit the contract.
    Contract,
    /// Something declared past a limit.
    Limits,
    /// Cranelift refused it.
    Compile,
    /// `describe` trapped, ran too long or answered nonsense.
    Describe,
    /// Its images: whether matches can be kept as one, and what `image.prepare` leaves.
    Prepare,
}

/// Hears of each stage as it begins.
pub type StageSink = Arc<dyn Fn(CompileStage) + Send + Sync>;

/// Why an upload was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The upload is at fault; the text names what and says what to do.
    #[error("{message}")]
    Rejected {
        /// Which check said no.
        stage: CompileStage,
        /// For the developer, at most 4 KiB.
        message: String,
    },
    /// The child was ended at a limit.
    #[error("compiling took more than {limit}; make the module smaller or split huge functions")]
    OverLimit {
        /// Which limit, such as `20 s of CPU time`.
        limit: String,
    },
    /// As many compile as may: try later.
    #[error("too many uploads are being compiled; try again in {retry_after_s} s")]
    Busy {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The child could not be run or died without a word: ours to fix.
    #[error("the compile child failed: {0}")]
    Child(String),
}

/// Describes, checks and compiles uploads, each in a child process with limits.
pub trait Compiler: Send + Sync + 'static {
    /// Makes an unsigned artifact of a component, or of a core module with embedded WIT types.
    fn compile(&self, wasm: Bytes) -> Pending<'_, Result<Compiled, CompileError>>;

    /// The same, telling of each stage as it begins. A compiler that cannot tell does not.
    fn compile_telling(&self, wasm: Bytes, tell: StageSink) -> Pending<'_, Result<Compiled, CompileError>> {
        drop(tell);
        self.compile(wasm)
    }
}

/// Where a host gets the artifacts it does not hold.
pub trait Artifacts: Send + Sync + 'static {
    /// The signed artifact of a version.
    fn fetch(&self, version: VersionId) -> Pending<'_, Result<Artifact, ArtifactUnavailable>>;
}

/// Why there is no artifact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactUnavailable {
    /// No such version, or it has not been compiled for this engine.
    #[error("version {0} has no artifact for this engine; publish it again")]
    Unknown(VersionId),
    /// The storage behind it did not answer.
    #[error("artifact storage: {0}")]
    Storage(String),
}
