//! Pages: the web bundles of games, and the server's own.
//!
//! ```text
//!   PUT ../versions/{version}/web ─▶ pack (what is accepted) ─▶ shelf (a tar and its table of contents, as blobs)
//!   GET /play/{game}              ─▶ home (on which origin)  ─▶ shelf ─▶ policy (which headers)
//!   GET /, /playground/, /client/ ─▶ site (embedded by the binary)
//! ```
//! A bundle is somebody's program that runs in players' browsers. **Invariant**: it never shares an origin with the
//! server's own pages, unless the server's own developer published it; [`home`] decides that, and nothing else does.

mod home;
mod pack;
mod policy;
mod shelf;
mod site;

pub(crate) use home::{Home, Place};
#[cfg(test)]
pub(crate) use pack::of as tar_of;
pub(crate) use pack::{INDEX, PackLimits};
pub(crate) use policy::{Cage, Policy, page_headers};
pub(crate) use shelf::{BundleError, Contents, Slot, WebShelf, WebShelfParts};
pub use site::SitePage;
pub(crate) use site::content_type;
