//! What an upload may declare. Read off the binary before anything is compiled or instantiated, and refused by name.

use stadion_protocol::contract::CompileStage;
use wasmparser::{Parser, Payload};

use super::pipeline::Rejection;
use crate::engine::TABLE_ELEMENTS;

/// Bytes of a page of linear memory.
const PAGE_BYTES: u64 = 64 * 1024;

/// How deep components may nest.
const NESTING: usize = 8;

/// Core modules in one upload.
const MODULES: u64 = 32;

/// The longest body of one function, bytes: cranelift's cost grows faster than the body does.
const FUNCTION_BYTES: u64 = 1 << 20;

/// Locals of one function.
const LOCALS: u64 = 20_000;

/// One kind of declaration, counted over all modules of an upload.
struct Counted {
    what: &'static str,
    most: u64,
    seen: u64,
}

/// What an upload declares.
pub(super) struct Declared {
    modules: Counted,
    functions: Counted,
    globals: Counted,
    data_segments: Counted,
    element_segments: Counted,
    types: Counted,
    imports: Counted,
    exports: Counted,
    /// Linear memory at the start, bytes.
    pub(super) memory_bytes: u64,
}

/// Reads what an upload declares; `Err` names the first limit it passes.
pub(super) fn scan(wasm: &[u8], max_memory_bytes: u64) -> Result<Declared, Rejection> {
    let counted = |what, most| Counted { what, most, seen: 0 };
    let mut declared = Declared {
        modules: counted("core modules", MODULES),
        functions: counted("functions", 50_000),
        globals: counted("globals", 10_000),
        data_segments: counted("data segments", 10_000),
        element_segments: counted("element segments", 10_000),
        types: counted("types", 20_000),
        imports: counted("imports", 5_000),
        exports: counted("exports", 5_000),
        memory_bytes: 0,
    };
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(Rejection::invalid)?;
        match &payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                depth += 1;
                over("levels of nested components", depth as u64, NESTING as u64)?;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        declared.take(&payload)?;
        over("bytes of linear memory", declared.memory_bytes, max_memory_bytes)?;
    }
    Ok(declared)
}

impl Declared {
    fn take(&mut self, payload: &Payload<'_>) -> Result<(), Rejection> {
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Module, .. } => self.modules.add(1),
            Payload::TypeSection(section) => self.types.add(section.count()),
            Payload::ComponentTypeSection(section) => self.types.add(section.count()),
            Payload::ImportSection(section) => self.imports.add(section.count()),
            Payload::ComponentImportSection(section) => self.imports.add(section.count()),
            Payload::ExportSection(section) => self.exports.add(section.count()),
            Payload::ComponentExportSection(section) => self.exports.add(section.count()),
            Payload::FunctionSection(section) => self.functions.add(section.count()),
            Payload::GlobalSection(section) => self.globals.add(section.count()),
            Payload::DataSection(section) => self.data_segments.add(section.count()),
            Payload::ElementSection(section) => self.element_segments.add(section.count()),
            Payload::MemorySection(section) => self.memories(section.clone()),
            Payload::TableSection(section) => tables(section.clone()),
            Payload::CodeSectionEntry(body) => function(body),
            _ => Ok(()),
        }
    }

    fn memories(&mut self, section: wasmparser::MemorySectionReader<'_>) -> Result<(), Rejection> {
        for memory in section {
            let memory = memory.map_err(Rejection::invalid)?;
            self.memory_bytes = self.memory_bytes.saturating_add(memory.initial.saturating_mul(PAGE_BYTES));
        }
        Ok(())
    }
}

impl Counted {
    fn add(&mut self, count: u32) -> Result<(), Rejection> {
        self.seen = self.seen.saturating_add(u64::from(count));
        over(self.what, self.seen, self.most)
    }
}

fn tables(section: wasmparser::TableSectionReader<'_>) -> Result<(), Rejection> {
    for table in section {
        let table = table.map_err(Rejection::invalid)?;
        over("elements in a table", table.ty.initial, TABLE_ELEMENTS as u64)?;
    }
    Ok(())
}

fn function(body: &wasmparser::FunctionBody<'_>) -> Result<(), Rejection> {
    let range = body.range();
    over("bytes in one function", (range.end - range.start) as u64, FUNCTION_BYTES)?;
    let mut locals = 0u64;
    for group in body.get_locals_reader().map_err(Rejection::invalid)? {
        let (count, _) = group.map_err(Rejection::invalid)?;
        locals = locals.saturating_add(u64::from(count));
        over("locals in one function", locals, LOCALS)?;
    }
    Ok(())
}

fn over(what: &str, seen: u64, most: u64) -> Result<(), Rejection> {
    if seen <= most {
        return Ok(());
    }
    let message = format!("the module has {seen} {what}; at most {most} are allowed");
    Err(Rejection { stage: CompileStage::Limits, message })
}
