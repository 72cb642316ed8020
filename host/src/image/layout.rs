//! What of an instance is captured: decided when the component is instrumented, kept in the signed artifact.

use serde::{Deserialize, Serialize};

use crate::wasi::HandleKind;

/// What the names of functions begin with that an instrumented component exports beside the author's own. They are exports of
/// their own, not of an instance: wasmtime orders those of an instance by chance, and compiling is to be deterministic.
const PREFIX: &str = "stadion-image";

/// What the access functions of an instrumented component reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout {
    /// Linear memories, numbered from 0: `size0`, `grow0`, `seek0`, `read0`, `write0`, ... after a common prefix.
    pub(crate) memories: u16,
    /// 64-bit slots of mutable globals, reached by `get` and `set`.
    pub(crate) slots: u32,
    /// Handles that the guest can hold: `take` and `drop` of each.
    pub(crate) handles: Vec<HandleType>,
    /// Digest of a fresh instance: an image of one baseline says nothing about another.
    pub(crate) baseline: [u8; 16],
}

/// Resource types of which a guest can hold handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HandleType {
    /// `wasi:io/streams.input-stream`
    Input,
    /// `wasi:io/streams.output-stream`
    Output,
    /// `wasi:io/poll.pollable`
    Pollable,
    /// `wasi:sockets/network.network`
    Network,
}

impl HandleType {
    /// Every type, with the interface and the name that it is imported by.
    pub(crate) const ALL: [(HandleType, &'static str, &'static str); 4] = [
        (HandleType::Input, "wasi:io/streams", "input-stream"),
        (HandleType::Output, "wasi:io/streams", "output-stream"),
        (HandleType::Pollable, "wasi:io/poll", "pollable"),
        (HandleType::Network, "wasi:sockets/network", "network"),
    ];

    /// The type of what a handle stands for.
    pub(crate) fn of(kind: HandleKind) -> HandleType {
        match kind {
            HandleKind::Stdin => HandleType::Input,
            HandleKind::Stdout | HandleKind::Stderr => HandleType::Output,
            HandleKind::Pollable => HandleType::Pollable,
            HandleKind::Network => HandleType::Network,
        }
    }

    /// A kind of this type, where any will do.
    pub(crate) fn any_kind(self) -> HandleKind {
        match self {
            HandleType::Input => HandleKind::Stdin,
            HandleType::Output => HandleKind::Stdout,
            HandleType::Pollable => HandleKind::Pollable,
            HandleType::Network => HandleKind::Network,
        }
    }

    /// The word in the names of its access functions.
    pub(crate) fn word(self) -> &'static str {
        match self {
            HandleType::Input => "input",
            HandleType::Output => "output",
            HandleType::Pollable => "pollable",
            HandleType::Network => "network",
        }
    }
}

/// The name of an access function, such as `stadion-image-get`.
pub(crate) fn named(function: &str) -> String {
    format!("{PREFIX}-{function}")
}

/// The name of an access function of a memory, such as `stadion-image-read0`.
pub(crate) fn of_memory(function: &str, memory: u16) -> String {
    format!("{PREFIX}-{function}{memory}")
}

/// The name of an access function of a handle type, such as `stadion-image-take-output`.
pub(crate) fn of_handle(function: &str, handle: HandleType) -> String {
    format!("{PREFIX}-{function}-{}", handle.word())
}
