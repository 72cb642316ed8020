//! Putting an image back: into a fresh instance whose memory is the baseline's.

use wasmtime::{Result, format_err};

use super::access::Access;
use super::format::{BadImage, Image, Part};
use super::layout::HandleType;
use crate::wasi::Handles;

/// Makes a fresh instance the one that an image was taken of. `handles` are those that the guest held then.
pub(crate) fn restore(access: &mut Access<'_>, image: &Image<'_>, handles: &Handles) -> Result<()> {
    let bad = |error: BadImage| format_err!("{error}");
    let mut parts = image.parts().map_err(bad)?;
    if (parts.baseline, parts.memories) != (access.layout().baseline, access.layout().memories) {
        return Err(format_err!("the image is of another version"));
    }
    let mut runs = Vec::new();
    let mut memory = None;
    while let Some(part) = parts.next().map_err(bad)? {
        match part {
            Part::Run { address, bytes } => {
                runs.push((address, bytes));
                continue;
            }
            Part::Memory { memory: next, size } => {
                write(access, memory.replace(next), &mut runs)?;
                access.grow_to(next, size)?;
            }
            Part::Slot { slot, value } => {
                write(access, memory.take(), &mut runs)?;
                access.set_slot(slot, value)?;
            }
        }
    }
    write(access, memory, &mut runs)?;
    open_handles(access, handles)
}

/// Writes what was collected for a memory.
fn write(access: &mut Access<'_>, memory: Option<u16>, runs: &mut Vec<(u32, &[u8])>) -> Result<()> {
    match memory {
        Some(memory) => access.write(memory, runs.drain(..)),
        None => Ok(()),
    }
}

/// Gives the guest the handles that it held, under their numbers, and leaves the free numbers in their order: takes away
/// what a fresh instance holds, fills every slot, and drops those that are to be free as they were dropped then.
fn open_handles(access: &mut Access<'_>, wanted: &Handles) -> Result<()> {
    if access.state().handles == *wanted {
        return Ok(());
    }
    let fresh: Vec<_> = access.state().handles.held().collect();
    for (number, kind) in fresh {
        access.drop_handle(HandleType::of(kind), number)?;
    }
    let any = access.layout().handles.first().copied();
    let filler = any.ok_or_else(|| format_err!("this version holds no handles"))?.any_kind();
    let slots = wanted.len();
    if access.state().handles.len() > slots {
        return Err(format_err!("a fresh instance uses more handles than the one of the image"));
    }
    for _ in 0..slots {
        let number = access.state().handles.next_number();
        let kind = wanted.at(number).unwrap_or(filler);
        let rep = access.state().handles.open(kind);
        let given = access.take_handle(HandleType::of(kind), rep)?;
        if given != number {
            return Err(format_err!("wasmtime numbers a handle {given} that should be {number}"));
        }
    }
    for number in wanted.freed() {
        access.drop_handle(HandleType::of(filler), number)?;
    }
    if access.state().handles == *wanted { Ok(()) } else { Err(format_err!("the handles cannot be as they were")) }
}
