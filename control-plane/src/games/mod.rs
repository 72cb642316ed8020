//! Publishing games and finding what is to be played.

mod catalog;
mod channels;
mod origins;
mod progress;
mod quarantine;
mod quotas;
mod releases;
mod shelf;
mod upload;

pub(crate) use catalog::{Catalog, CatalogError, Playable, Selection, pool};
pub use origins::OriginBook;
pub(crate) use progress::{InvalidUploadName, UploadName, last_word, listen, stage_name};
#[cfg(test)]
pub(crate) use quarantine::STARTS;
pub(crate) use quarantine::Starts;
pub(crate) use quotas::{QuotaBook, QuotaMet, QuotaName};
pub(crate) use releases::{ChannelWish, ReleaseError, Releases};
pub use shelf::ArtifactShelf;
pub(crate) use shelf::BlobError;
pub(crate) use upload::{Received, Target, UploadError, UploadParts, Uploads, receive};
