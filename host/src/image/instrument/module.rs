//! Core modules: what they define that belongs into an image, what they do that an image cannot hold, and the same module
//! with more exports.

use std::ops::Range;

use wasm_encoder::{Encode, RawSection, Section};
use wasmparser::{Operator, Parser, Payload, TypeRef, ValType};

use super::{Blocked, Item};

/// Section ids (core spec, "Modules" of the binary format).
const EXPORT_SECTION: u8 = 7;
/// Start, element, data count, code and data: what comes after exports.
const AFTER_EXPORTS: [u8; 5] = [8, 9, 12, 10, 11];

/// The header of a core module.
const HEADER_BYTES: usize = 8;

/// A core module, looked through.
pub(in super::super) struct ModuleFacts<'a> {
    /// The whole module.
    pub(in super::super) bytes: &'a [u8],
    /// Memories that it defines: their indices.
    memories: Range<u32>,
    /// Mutable globals of numbers that it defines.
    globals: Vec<(u32, ValType)>,
    /// The first global that it defines.
    first_global: u32,
    used: bool,
}

impl<'a> ModuleFacts<'a> {
    /// Looks a valid module through. Of a module that is instantiated (`blocked`), what an image cannot hold is told.
    pub(super) fn of(bytes: &'a [u8], mut blocked: Option<&mut Blocked>) -> Result<ModuleFacts<'a>, Blocked> {
        let used = blocked.is_some();
        let mut facts = ModuleFacts { bytes, memories: 0..0, globals: Vec::new(), first_global: 0, used };
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import?.ty {
                            TypeRef::Memory(_) => facts.memories = facts.memories.end + 1..facts.memories.end + 1,
                            TypeRef::Global(_) => facts.first_global += 1,
                            _ => {}
                        }
                    }
                }
                Payload::MemorySection(section) => facts.memories.end += section.count(),
                Payload::GlobalSection(section) => {
                    for (index, global) in (facts.first_global..).zip(section) {
                        let ty = global?.ty;
                        if ty.mutable {
                            match (ty.content_type, &mut blocked) {
                                (ValType::Ref(_), Some(blocked)) => {
                                    blocked.add("it has a mutable global of references");
                                }
                                (ValType::Ref(_), None) => {}
                                (number, _) => facts.globals.push((index, number)),
                            }
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    if let Some(blocked) = &mut blocked {
                        for operator in body.get_operators_reader()? {
                            if let Some(change) = change(&operator?) {
                                blocked.add(change);
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(facts)
    }

    /// Whether it is instantiated.
    pub(in super::super) fn is_used(&self) -> bool {
        self.used
    }

    /// The index of the first memory that it defines.
    pub(in super::super) fn first_memory(&self) -> u32 {
        self.memories.start
    }

    /// The index of the first global that it defines.
    pub(in super::super) fn first_global(&self) -> u32 {
        self.first_global
    }

    /// What belongs into an image of each of its instances.
    pub(super) fn items(&self) -> impl Iterator<Item = Item> {
        let memories = self.memories.clone().map(Item::Memory);
        memories.chain(self.globals.iter().map(|(index, ty)| Item::Global(*index, *ty)))
    }

    /// The same module with these items exported, under [`export_name`].
    pub(super) fn with_exports(&self, items: &[Item]) -> Result<Vec<u8>, Blocked> {
        let mut out = Vec::with_capacity(self.bytes.len() + items.len() * 32);
        out.extend_from_slice(&self.bytes[..HEADER_BYTES]);
        let mut pending = Some(items);
        for section in sections(self.bytes) {
            let (id, body) = section?;
            if id == EXPORT_SECTION {
                let old = exports(body)?;
                append_exports(&mut out, Some(old), pending.take().unwrap_or_default());
                continue;
            }
            if AFTER_EXPORTS.contains(&id)
                && let Some(items) = pending.take()
            {
                append_exports(&mut out, None, items);
            }
            RawSection { id, data: body }.append_to(&mut out);
        }
        if let Some(items) = pending {
            append_exports(&mut out, None, items);
        }
        Ok(out)
    }
}

/// The name that an item is exported by.
pub(super) fn export_name(item: Item) -> String {
    match item {
        Item::Memory(index) => format!("stadion:memory{index}"),
        Item::Global(index, _) => format!("stadion:global{index}"),
    }
}

/// The sections of a core module, ids and bodies, in order.
pub(in super::super) fn sections(module: &[u8]) -> impl Iterator<Item = Result<(u8, &[u8]), Blocked>> {
    Parser::new(0).parse_all(module).filter_map(|payload| match payload {
        Ok(payload) => payload.as_section().map(|(id, range)| Ok((id, &module[range]))),
        Err(error) => Some(Err(error.into())),
    })
}

/// An instruction that changes what an image does not hold.
fn change(operator: &Operator<'_>) -> Option<&'static str> {
    Some(match operator {
        Operator::TableSet { .. } => "it changes a table (table.set)",
        Operator::TableGrow { .. } => "it changes a table (table.grow)",
        Operator::TableFill { .. } => "it changes a table (table.fill)",
        Operator::TableCopy { .. } => "it changes a table (table.copy)",
        Operator::TableInit { .. } => "it changes a table (table.init)",
        Operator::ElemDrop { .. } => "it drops a segment (elem.drop)",
        Operator::DataDrop { .. } => "it drops a segment (data.drop)",
        _ => return None,
    })
}

/// An export section as it was: how many, and their bytes.
fn exports(body: &[u8]) -> Result<(u32, &[u8]), Blocked> {
    let section = wasmparser::ExportSectionReader::new(wasmparser::BinaryReader::new(body, 0))?;
    let count = section.count();
    Ok((count, &body[section.original_position()..]))
}

fn append_exports(out: &mut Vec<u8>, old: Option<(u32, &[u8])>, items: &[Item]) {
    let (count, entries) = old.unwrap_or_default();
    let mut body = Vec::with_capacity(entries.len() + items.len() * 32);
    (count + u32::try_from(items.len()).unwrap_or(u32::MAX)).encode(&mut body);
    body.extend_from_slice(entries);
    for item in items {
        export_name(*item).as_str().encode(&mut body);
        let (kind, index) = match item {
            Item::Memory(index) => (wasm_encoder::ExportKind::Memory, index),
            Item::Global(index, _) => (wasm_encoder::ExportKind::Global, index),
        };
        kind.encode(&mut body);
        index.encode(&mut body);
    }
    RawSection { id: EXPORT_SECTION, data: &body }.append_to(out);
}
