//! Memory that images are written into, one after the other: writing into fresh pages takes five times as long.

use super::pages::Region;

/// What stays allocated between images, bytes. A larger image gives the rest back when the next one is begun.
const KEEP_BYTES: usize = 32 << 20;

/// One for each thread that takes images. An [`super::Image`] borrows it, so there is one image at a time.
#[derive(Debug, Default)]
pub struct ImageArena {
    pub(super) bytes: Vec<u8>,
    /// Touched stretches of one memory.
    pub(super) regions: Vec<Region>,
}

impl ImageArena {
    /// Empty; it grows with its first image.
    pub fn new() -> ImageArena {
        ImageArena::default()
    }

    /// Forgets the image before.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEEP_BYTES);
        self.regions.clear();
    }
}
