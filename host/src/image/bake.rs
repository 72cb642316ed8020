//! Baking: a component again, whose instances begin with what another instance held. What its start functions and
//! `image.prepare` left becomes its own data, so that every session maps it copy-on-write and nothing is run again.
//!
//! In every instantiated module: memories begin at their size, with their bytes as data; mutable globals begin with their
//! values; start functions are gone, and so is what active data segments would write (their place in the index space stays).
//! Tables need nothing: a component whose tables change is not captured.

use wasm_encoder::{
    ConstExpr, DataCountSection, DataSection, DataSegment, DataSegmentMode, Encode, GlobalSection, MemorySection,
    MemoryType, RawSection, Section,
};
use wasmparser::{BinaryReader, DataKind, DataSectionReader, GlobalSectionReader, MemorySectionReader, ValType};

use super::PAGE_BYTES;
use super::baseline::{Baseline, Memory};
use super::instrument::{Blocked, Captured, Item, ModuleFacts, Piece, Survey, sections};

/// Section ids (core spec, "Modules" of the binary format).
const MEMORY_SECTION: u8 = 5;
const GLOBAL_SECTION: u8 = 6;
const START_SECTION: u8 = 8;
const DATA_SECTION: u8 = 11;
const DATA_COUNT_SECTION: u8 = 12;

/// The id of a core module section of a component.
const MODULE_SECTION: u8 = 1;

/// The header of a core module.
const HEADER_BYTES: usize = 8;

/// Makes a component of `component` that begins with `held`, which was read off an instance of it, instrumented.
pub(crate) fn bake(component: &[u8], held: &Baseline) -> Result<Vec<u8>, Blocked> {
    let survey = Survey::of(component)?;
    if survey.repeated {
        return Err(Blocked::because("one of its core modules is instantiated more than once"));
    }
    let mut bytes =
        Vec::with_capacity(component.len() + held.memories.iter().map(|memory| memory.bytes.len()).sum::<usize>());
    for piece in &survey.pieces {
        match piece {
            Piece::Copied(range) => bytes.extend_from_slice(&component[range.clone()]),
            Piece::Module(module) => {
                let facts = &survey.modules[*module];
                let baked = if facts.is_used() {
                    ModuleState::of(*module, &survey.captured, held).bake(facts)?
                } else {
                    facts.bytes.to_vec()
                };
                bytes.push(MODULE_SECTION);
                baked.as_slice().encode(&mut bytes);
            }
        }
    }
    Ok(bytes)
}

/// What one module's only instance holds.
#[derive(Default)]
struct ModuleState<'a> {
    memories: Vec<(u32, &'a Memory)>,
    globals: Vec<(u32, ConstExpr)>,
}

impl<'a> ModuleState<'a> {
    fn of(module: usize, captured: &[Captured], held: &'a Baseline) -> ModuleState<'a> {
        let mut state = ModuleState::default();
        let (mut memories, mut slots) = (held.memories.iter(), held.slots.iter().copied());
        for captured in captured {
            let mine = captured.module == module;
            match captured.item {
                Item::Memory(index) => {
                    state.memories.extend(memories.next().filter(|_| mine).map(|held| (index, held)));
                }
                Item::Global(index, ty) => {
                    let value = constant(ty, &mut slots);
                    state.globals.extend(mine.then_some((index, value)));
                }
            }
        }
        state
    }

    fn bake(&self, facts: &ModuleFacts<'_>) -> Result<Vec<u8>, Blocked> {
        let mut out = facts.bytes[..HEADER_BYTES].to_vec();
        let old_segments = data_segments(facts.bytes)?;
        let new_segments = self.memories.iter().map(|(_, memory)| stretches(memory).count()).sum::<usize>();
        let mut written = false;
        for section in sections(facts.bytes) {
            let (id, body) = section?;
            match id {
                MEMORY_SECTION => self.memory_section(body, facts.first_memory())?.append_to(&mut out),
                GLOBAL_SECTION => self.global_section(body, facts.first_global())?.append_to(&mut out),
                START_SECTION => {}
                DATA_COUNT_SECTION => {
                    let count = old_segments + u32::try_from(new_segments).unwrap_or(u32::MAX);
                    DataCountSection { count }.append_to(&mut out);
                }
                DATA_SECTION => {
                    written = true;
                    self.data_section(Some(body))?.append_to(&mut out);
                }
                _ => RawSection { id, data: body }.append_to(&mut out),
            }
        }
        if !written && new_segments > 0 {
            self.data_section(None)?.append_to(&mut out);
        }
        Ok(out)
    }

    /// Memories as large as they are.
    fn memory_section(&self, body: &[u8], first: u32) -> Result<MemorySection, Blocked> {
        let mut section = MemorySection::new();
        for (index, memory) in (first..).zip(MemorySectionReader::new(BinaryReader::new(body, 0))?) {
            let memory = memory?;
            let held = self.memories.iter().find(|(held, _)| *held == index);
            section.memory(MemoryType {
                minimum: held.map_or(memory.initial, |(_, held)| u64::from(held.size)),
                maximum: memory.maximum,
                memory64: memory.memory64,
                shared: memory.shared,
                page_size_log2: memory.page_size_log2,
            });
        }
        Ok(section)
    }

    /// Globals with the values that they have; those that cannot change stay as they are.
    fn global_section(&self, body: &[u8], first: u32) -> Result<GlobalSection, Blocked> {
        let mut section = GlobalSection::new();
        for (index, global) in (first..).zip(GlobalSectionReader::new(BinaryReader::new(body, 0))?) {
            let global = global?;
            let init = global.init_expr.get_binary_reader().range();
            let held = self.globals.iter().find(|(held, _)| *held == index);
            let ty = global.ty.try_into().map_err(|_| Blocked::because("a global's type is not known"))?;
            match held {
                Some((_, value)) => section.global(ty, value),
                // Without the `end` that the encoder writes.
                None => section.global(ty, &ConstExpr::raw(body[init.start..init.end - 1].iter().copied())),
            };
        }
        Ok(section)
    }

    /// Passive segments as they are, active ones empty, and what the memories hold at the end.
    fn data_section(&self, body: Option<&[u8]>) -> Result<DataSection, Blocked> {
        let mut section = DataSection::new();
        if let Some(body) = body {
            for segment in DataSectionReader::new(BinaryReader::new(body, 0))? {
                let segment = segment?;
                match segment.kind {
                    DataKind::Passive => section.passive(segment.data.iter().copied()),
                    DataKind::Active { memory_index, .. } => {
                        section.active(memory_index, &ConstExpr::i32_const(0), std::iter::empty())
                    }
                };
            }
        }
        for (index, memory) in &self.memories {
            for (address, bytes) in stretches(memory) {
                let offset =
                    ConstExpr::i32_const(u32::try_from(address).expect("a memory ends at 4 GiB").cast_signed());
                let mode = DataSegmentMode::Active { memory_index: *index, offset: &offset };
                section.segment(DataSegment { mode, data: bytes.iter().copied() });
            }
        }
        Ok(section)
    }
}

/// Stretches of pages that are not all zero, with their addresses.
fn stretches(memory: &Memory) -> impl Iterator<Item = (usize, &[u8])> {
    let used = |page: &[u8]| page.iter().any(|byte| *byte != 0);
    let pages = memory.bytes.chunks_exact(PAGE_BYTES).map(used).collect::<Vec<_>>();
    let mut at = 0;
    std::iter::from_fn(move || {
        let first = at + pages[at..].iter().position(|used| *used)?;
        at = pages[first..].iter().position(|used| !*used).map_or(pages.len(), |length| first + length);
        Some((first * PAGE_BYTES, &memory.bytes[first * PAGE_BYTES..at * PAGE_BYTES]))
    })
}

fn data_segments(module: &[u8]) -> Result<u32, Blocked> {
    for section in sections(module) {
        let (id, body) = section?;
        if id == DATA_SECTION {
            return Ok(DataSectionReader::new(BinaryReader::new(body, 0))?.count());
        }
    }
    Ok(0)
}

/// The value of a global, taken off the slots.
fn constant(ty: ValType, slots: &mut impl Iterator<Item = u64>) -> ConstExpr {
    let mut next = || slots.next().expect("the slots were read off the same layout");
    let low = next();
    let bits = u32::try_from(low & u64::from(u32::MAX)).expect("32 bits");
    match ty {
        ValType::I32 => ConstExpr::i32_const(bits.cast_signed()),
        ValType::I64 => ConstExpr::i64_const(low.cast_signed()),
        ValType::F32 => ConstExpr::f32_const(wasm_encoder::Ieee32::new(bits)),
        ValType::F64 => ConstExpr::f64_const(wasm_encoder::Ieee64::new(low)),
        ValType::V128 => ConstExpr::v128_const(((u128::from(next()) << 64) | u128::from(low)).cast_signed()),
        ValType::Ref(_) => unreachable!("mutable globals of references are refused before"),
    }
}
