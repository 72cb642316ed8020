//! Calls into the access functions of an instrumented component.
//!
//! They run on the calling thread, not in slices: a few hundred nanoseconds each, and no code of the guest's is reached.
//! While [`Access`] lives the epoch deadline is out of reach and the fuel that bounds host memory is what the largest
//! memory needs. **Invariant:** after an error the session is never used again; a read may have left its two words in
//! the first eight bytes of guest memory.

use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, Lift, Lower, Resource, TypedFunc, WasmList,
};
use wasmtime::{Result, Store, format_err};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable};

use super::WASM_PAGE_BYTES;
use super::layout::{HandleType, Layout, named, of_handle, of_memory};
use crate::engine::MAX_MEMORY_BYTES;
use crate::session::State;
use crate::wasi::Network;

/// Epochs that pass during no access: about 35 years.
const NEVER: u64 = 1 << 40;

/// What one access may make the host hold: nothing is copied, but reading counts the bytes that are looked at.
const FUEL: usize = MAX_MEMORY_BYTES as usize + WASM_PAGE_BYTES;

/// Bytes that are looked at in one call, a multiple of wasm's pages.
const READ_BYTES: usize = 64 << 20;

/// Where the access functions are; one for each loaded version.
pub(crate) struct AccessIndices {
    layout: Layout,
    memories: Vec<MemoryIndices>,
    slots: Option<(ComponentExportIndex, ComponentExportIndex)>,
    handles: Vec<(HandleType, ComponentExportIndex, ComponentExportIndex)>,
}

struct MemoryIndices {
    size: ComponentExportIndex,
    grow: ComponentExportIndex,
    seek: ComponentExportIndex,
    read: ComponentExportIndex,
    write: ComponentExportIndex,
}

impl AccessIndices {
    /// Looks the functions up that a layout promises.
    pub(crate) fn new(component: &Component, layout: Layout) -> Result<AccessIndices> {
        let find = |name: &str| {
            let found = component.get_export_index(None, name);
            found.ok_or_else(|| format_err!("an instrumented component without {name}"))
        };
        let memory = |memory: u16| -> Result<MemoryIndices> {
            let find = |function: &str| find(&of_memory(function, memory));
            let (size, grow, seek) = (find("size")?, find("grow")?, find("seek")?);
            Ok(MemoryIndices { size, grow, seek, read: find("read")?, write: find("write")? })
        };
        let memories = (0..layout.memories).map(memory).collect::<Result<_>>()?;
        let slots = if layout.slots > 0 { Some((find(&named("get"))?, find(&named("set"))?)) } else { None };
        let handle = |handle: &HandleType| -> Result<_> {
            Ok((*handle, find(&of_handle("take", *handle))?, find(&of_handle("drop", *handle))?))
        };
        let handles = layout.handles.iter().map(handle).collect::<Result<_>>()?;
        Ok(AccessIndices { layout, memories, slots, handles })
    }

    /// What there is.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// A session that stands still, opened for the host.
pub(crate) struct Access<'a> {
    store: &'a mut Store<State>,
    instance: Instance,
    indices: &'a AccessIndices,
}

impl<'a> Access<'a> {
    /// Opens a session between two calls. Whoever calls the guest next sets its own deadline and fuel.
    pub(crate) fn open(store: &'a mut Store<State>, instance: Instance, indices: &'a AccessIndices) -> Access<'a> {
        store.set_epoch_deadline(NEVER);
        store.set_hostcall_fuel(FUEL);
        Access { store, instance, indices }
    }

    /// What there is.
    pub(super) fn layout(&self) -> &'a Layout {
        &self.indices.layout
    }

    /// The host's side of the session.
    pub(super) fn state(&mut self) -> &mut State {
        self.store.data_mut()
    }

    /// A memory's size in wasm's pages.
    pub(super) fn size(&mut self, memory: u16) -> Result<u32> {
        let size = self.memory(memory)?.size;
        Ok(self.function::<(), (u32,)>(size)?.call(&mut *self.store, ())?.0)
    }

    /// Grows a memory to a size, in wasm's pages.
    pub(super) fn grow_to(&mut self, memory: u16, size: u32) -> Result<()> {
        let now = self.size(memory)?;
        let more =
            size.checked_sub(now).ok_or_else(|| format_err!("a memory of {now} pages cannot shrink to {size}"))?;
        if more > 0 {
            let grow = self.memory(memory)?.grow;
            let before = self.function::<(u32,), (u32,)>(grow)?.call(&mut *self.store, (more,))?.0;
            if before != now {
                return Err(format_err!("a memory could not grow from {now} to {size} pages"));
            }
        }
        Ok(())
    }

    /// Shows a memory in place, in stretches of at most [`READ_BYTES`]: the address of each and its bytes.
    pub(super) fn read(&mut self, memory: u16, mut see: impl FnMut(usize, &[u8])) -> Result<()> {
        let bytes = self.size(memory)? as usize * WASM_PAGE_BYTES;
        let read = self.memory(memory)?.read;
        let read = self.function::<(u32, u32), (WasmList<u8>,)>(read)?;
        for address in (0..bytes).step_by(READ_BYTES) {
            let length = READ_BYTES.min(bytes - address);
            let (list,) = read.call(&mut *self.store, (u32::try_from(address)?, u32::try_from(length)?))?;
            // By now the first eight bytes of the memory are the guest's again: post-return has run within the call.
            see(address, list.as_le_slice(&*self.store));
        }
        Ok(())
    }

    /// Writes into a memory, each stretch of bytes at its address.
    pub(super) fn write<'b>(&mut self, memory: u16, runs: impl Iterator<Item = (u32, &'b [u8])>) -> Result<()> {
        let MemoryIndices { seek, write, .. } = *self.memory(memory)?;
        let (seek, write) = (self.function::<(u32,), ()>(seek)?, self.function::<(&[u8], u32), ()>(write)?);
        let mut runs = runs.peekable();
        if let Some((first, _)) = runs.peek() {
            seek.call(&mut *self.store, (*first,))?;
        }
        while let Some((_, bytes)) = runs.next() {
            // Each write says where the next one goes.
            let next = runs.peek().map_or(0, |(address, _)| *address);
            write.call(&mut *self.store, (bytes, next))?;
        }
        Ok(())
    }

    /// Every slot, in order.
    pub(super) fn slots(&mut self) -> Result<Vec<u64>> {
        let Some((get, _)) = self.indices.slots else { return Ok(Vec::new()) };
        let get = self.function::<(u32,), (u64,)>(get)?;
        (0..self.indices.layout.slots).map(|slot| Ok(get.call(&mut *self.store, (slot,))?.0)).collect()
    }

    /// Sets a slot.
    pub(super) fn set_slot(&mut self, slot: u32, value: u64) -> Result<()> {
        let (_, set) = self.indices.slots.ok_or_else(|| format_err!("there is no slot {slot}"))?;
        self.function::<(u32, u64), ()>(set)?.call(&mut *self.store, (slot, value))
    }

    /// Gives the guest a handle of a representation, and answers its number.
    pub(super) fn take_handle(&mut self, handle: HandleType, rep: u32) -> Result<u32> {
        let (take, _) = self.handle(handle)?;
        match handle {
            HandleType::Input => self.take::<Resource<DynInputStream>>(take, Resource::new_own(rep)),
            HandleType::Output => self.take::<Resource<DynOutputStream>>(take, Resource::new_own(rep)),
            HandleType::Pollable => self.take::<Resource<DynPollable>>(take, Resource::new_own(rep)),
            HandleType::Network => self.take::<Network>(take, Resource::new_own(rep)),
        }
    }

    /// Takes a handle away from the guest, by its number.
    pub(super) fn drop_handle(&mut self, handle: HandleType, number: u32) -> Result<()> {
        let (_, drop) = self.handle(handle)?;
        self.function::<(u32,), ()>(drop)?.call(&mut *self.store, (number,))
    }

    fn take<T: Lower + Send + Sync + 'static>(&mut self, take: ComponentExportIndex, resource: T) -> Result<u32> {
        Ok(self.function::<(T,), (u32,)>(take)?.call(&mut *self.store, (resource,))?.0)
    }

    fn memory(&self, memory: u16) -> Result<&'a MemoryIndices> {
        self.indices.memories.get(usize::from(memory)).ok_or_else(|| format_err!("there is no memory {memory}"))
    }

    fn handle(&self, handle: HandleType) -> Result<(ComponentExportIndex, ComponentExportIndex)> {
        let known = self.indices.handles.iter().find(|(known, ..)| *known == handle);
        known.map(|(_, take, drop)| (*take, *drop)).ok_or_else(|| format_err!("it can hold no {}", handle.word()))
    }

    fn function<P, R>(&mut self, index: ComponentExportIndex) -> Result<TypedFunc<P, R>>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let function = self.instance.get_func(&mut *self.store, index);
        function.ok_or_else(|| format_err!("an access function is not there"))?.typed(&*self.store)
    }
}
