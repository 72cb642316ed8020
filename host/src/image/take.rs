//! Taking an image: the pages and slots that differ from a fresh instance.

use wasmtime::Result;

use super::access::Access;
use super::arena::ImageArena;
use super::baseline::{Baseline, Memory};
use super::format::{Image, Writer};
use super::pages::{self, Region};
use super::{PAGE_BYTES, WASM_PAGE_BYTES};

/// Takes an image of a session that stands still.
pub(crate) fn take<'a>(access: &mut Access<'_>, baseline: &Baseline, arena: &'a mut ImageArena) -> Result<Image<'a>> {
    arena.clear();
    let ImageArena { bytes, regions } = arena;
    let layout = access.layout();
    let mut writer = Writer::begin(bytes, layout.baseline, layout.memories);
    for (memory, fresh) in (0..layout.memories).zip(&baseline.memories) {
        writer.memory(access.size(memory)?);
        access.read(memory, |address, stretch| changed(address, stretch, fresh, regions, &mut writer))?;
        writer.end_memory();
    }
    let slots = (0..).zip(access.slots()?).zip(&baseline.slots);
    let slots: Vec<_> = slots.filter(|((_, now), fresh)| now != *fresh).map(|(slot, _)| slot).collect();
    Ok(Image::written(writer.slots(&slots)))
}

/// Writes the pages of a stretch of memory that differ from those of a fresh instance.
fn changed(start: usize, stretch: &[u8], fresh: &Memory, regions: &mut Vec<Region>, writer: &mut Writer<'_>) {
    // What the guest's memory holds beyond the fresh one's size was zero when it was grown, which `page` answers as well.
    debug_assert!(fresh.bytes.len() <= fresh.size as usize * WASM_PAGE_BYTES);
    if !pages::touched(stretch, regions) {
        regions.clear();
        regions.push(0..stretch.len());
    }
    for region in &*regions {
        for (at, page) in region.clone().step_by(PAGE_BYTES).zip(stretch[region.clone()].chunks_exact(PAGE_BYTES)) {
            let address = start + at;
            if page != fresh.page(address) {
                writer.page(u32::try_from(address / PAGE_BYTES).expect("a memory ends at 4 GiB"), page);
            }
        }
    }
}
