//! Publishing games and finding what is to be played.

mod catalog;
mod origins;
mod quarantine;
mod shelf;
mod upload;

pub(crate) use catalog::{Catalog, CatalogError, Playable, Selection, pool};
pub use origins::OriginBook;
#[cfg(test)]
pub(crate) use quarantine::STARTS;
pub(crate) use quarantine::Starts;
pub use shelf::ArtifactShelf;
pub(crate) use shelf::BlobError;
pub(crate) use upload::{Received, UploadError, UploadParts, Uploads, receive};
