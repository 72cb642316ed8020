//! Blob storage for artifacts and journals: a directory, or memory.

use std::path::Path;
use std::sync::Arc;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

/// The directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("blob storage in {path}: {reason}")]
pub struct BlobsError {
    path: std::path::PathBuf,
    reason: String,
}

/// Blobs as files of a directory, which is made where there is none. Each is written whole, synced and renamed.
pub fn on_disk(dir: &Path) -> Result<Arc<dyn ObjectStore>, BlobsError> {
    let fail = |reason: String| BlobsError { path: dir.to_owned(), reason };
    std::fs::create_dir_all(dir).map_err(|error| fail(error.to_string()))?;
    let store = LocalFileSystem::new_with_prefix(dir).map_err(|error| fail(error.to_string()))?;
    Ok(Arc::new(store.with_fsync(true)))
}

/// Blobs that are gone with the process.
pub fn in_memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}
