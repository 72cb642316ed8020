//! Instrumenting a component: its own code and data stay byte for byte, what it defines beside is exported to helper modules
//! that reach memories, globals and handles. Runs in the compile child, on input that was validated.
//!
//! ```text
//!   survey    walk the top level: modules, instances, imports of handles; everything that cannot be captured
//!   module    a core module again, with its memories and mutable globals exported
//!   helper    the modules that read and write them
//!   append    aliases, helper instances, lifts and exports at the end of the component
//! ```
//!
//! What an image cannot hold is found here, in instantiated modules alone: changes of tables and of passive segments, mutable
//! references, resources that the guest defines, imported or nested code, component start functions, canonical functions
//! beyond lift, lower and resource.drop. What the engine's features exclude (threads, memory64, gc, component async) never
//! gets here.

mod append;
mod helper;
mod module;
mod survey;

use std::fmt;

pub(super) use self::module::{ModuleFacts, sections};
pub(super) use self::survey::{Captured, Item, Piece, Survey};
use super::layout::Layout;
use crate::engine::allowed_features;

/// Reasons that are told of one component.
const REASONS: usize = 8;

/// Slots of globals: each is a branch of two functions, and a call for each image.
const MAX_SLOTS: u32 = 8192;

/// Why a component cannot be kept as an image: every reason, for its developer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocked(Vec<String>);

impl Blocked {
    /// One reason.
    pub(crate) fn because(reason: impl Into<String>) -> Blocked {
        Blocked(vec![reason.into()])
    }

    /// Adds a reason, once.
    fn add(&mut self, reason: impl Into<String>) {
        let reason = reason.into();
        if self.0.len() <= REASONS && !self.0.contains(&reason) {
            self.0.push(reason);
        }
    }

    fn or<T>(self, value: T) -> Result<T, Blocked> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.len().min(REASONS);
        f.write_str(&self.0[..shown].join("; "))?;
        if self.0.len() > REASONS { f.write_str("; and more") } else { Ok(()) }
    }
}

impl From<wasmparser::BinaryReaderError> for Blocked {
    fn from(error: wasmparser::BinaryReaderError) -> Blocked {
        Blocked::because(format!("it cannot be taken apart: {error}"))
    }
}

/// An instrumented component.
pub(crate) struct Instrumented {
    /// To be compiled instead of the original.
    pub(crate) component: Vec<u8>,
    /// What its access functions reach; the baseline is not known yet.
    pub(crate) layout: Layout,
}

/// Instruments a component that was validated and checked against the author's world.
pub(crate) fn instrument(component: &[u8]) -> Result<Instrumented, Blocked> {
    let survey = Survey::of(component)?;
    let slots: u32 = survey.captured.iter().map(Captured::slots).sum();
    if slots > MAX_SLOTS {
        return Err(Blocked::because(format!("it has {slots} mutable globals; at most {MAX_SLOTS} can be kept")));
    }
    let mut bytes = Vec::with_capacity(component.len() + component.len() / 8 + 4096);
    for piece in &survey.pieces {
        match piece {
            Piece::Copied(range) => bytes.extend_from_slice(&component[range.clone()]),
            Piece::Module(module) => {
                let facts = &survey.modules[*module];
                let exported = survey.exported_from(*module);
                if exported.is_empty() {
                    append::section(&mut bytes, append::MODULE_SECTION, facts.bytes);
                } else {
                    append::section(&mut bytes, append::MODULE_SECTION, &facts.with_exports(&exported)?);
                }
            }
        }
    }
    let layout = append::access(&mut bytes, &survey)?;
    validate(&bytes)?;
    Ok(Instrumented { component: bytes, layout })
}

/// What was made must be valid: the engine would refuse it later, with less to say.
fn validate(component: &[u8]) -> Result<(), Blocked> {
    wasmparser::Validator::new_with_features(allowed_features())
        .validate_all(component)
        .map(|_| ())
        .map_err(|error| Blocked::because(format!("it cannot be instrumented: {error}")))
}
