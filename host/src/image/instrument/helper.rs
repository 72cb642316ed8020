//! The helper modules: a few functions over what they import of the guest's instances.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function, FunctionSection, GlobalSection,
    GlobalType, ImportSection, InstructionSink, MemArg, MemoryType, Module, TypeSection,
};
use wasmparser::ValType as Parsed;

use super::super::layout::{HandleType, of_handle};
use wasm_encoder::ValType::{self, I32, I64};

/// The module name that every helper imports from.
pub(super) const IMPORTS: &str = "guest";

/// The name of the one memory that a memory's helper imports.
pub(super) const MEMORY: &str = "memory";

/// A helper under construction: functions with their types and names, in step.
#[derive(Default)]
struct Helper {
    types: TypeSection,
    imports: ImportSection,
    functions: FunctionSection,
    globals: GlobalSection,
    exports: ExportSection,
    code: CodeSection,
    imported_functions: u32,
}

impl Helper {
    fn import_function(&mut self, name: &str, params: &[ValType], results: &[ValType]) {
        let ty = self.ty(params, results);
        self.imports.import(IMPORTS, name, EntityType::Function(ty));
        self.imported_functions += 1;
    }

    /// Adds an exported function. Its own parameters are its first locals.
    fn function(
        &mut self,
        name: &str,
        params: &[ValType],
        results: &[ValType],
        body: impl FnOnce(&mut InstructionSink<'_>),
    ) {
        let ty = self.ty(params, results);
        self.exports.export(name, ExportKind::Func, self.imported_functions + self.functions.len());
        self.functions.function(ty);
        let mut function = Function::new([]);
        body(&mut function.instructions());
        function.instructions().end();
        self.code.function(&function);
    }

    fn ty(&mut self, params: &[ValType], results: &[ValType]) -> u32 {
        self.types.ty().function(params.iter().copied(), results.iter().copied());
        self.types.len() - 1
    }

    fn finish(self) -> Vec<u8> {
        let mut module = Module::new();
        module.section(&self.types).section(&self.imports).section(&self.functions);
        module.section(&self.globals).section(&self.exports).section(&self.code);
        module.finish()
    }
}

/// A helper of a memory, of globals and of handles: one core instance for them all. Further memories have one each.
pub(super) fn module(memory: bool, globals: &[Parsed], handles: &[HandleType]) -> Vec<u8> {
    let mut helper = Helper::default();
    // Imports come before everything in their index spaces.
    if memory {
        let any = MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None };
        helper.imports.import(IMPORTS, MEMORY, any);
    }
    for (index, ty) in (0u32..).zip(globals) {
        helper.imports.import(IMPORTS, &index.to_string(), global_type(*ty));
    }
    for handle in handles {
        helper.import_function(handle.word(), &[I32], &[]);
    }
    if memory {
        of_memory(&mut helper, u32::try_from(globals.len()).expect("globals are bounded far below 2^32"));
    }
    if !globals.is_empty() {
        of_globals(&mut helper, globals);
    }
    of_handles(&mut helper, handles);
    helper.finish()
}

/// Reaches one memory. `realloc` answers what `seek`, or the `write` before, has set: that is where wasmtime copies the
/// next list to. `read` leaves a list of what is asked for where wasmtime looks for it, in the first eight bytes, and
/// `read-done` puts back what was there. Two globals of its own follow those that are imported.
fn of_memory(helper: &mut Helper, imported: u32) {
    let (seek, saved) = (imported, imported + 1);
    for (ty, zero) in [(I32, ConstExpr::i32_const(0)), (I64, ConstExpr::i64_const(0))] {
        helper.globals.global(GlobalType { val_type: ty, mutable: true, shared: false }, &zero);
    }
    let at = |offset, align| MemArg { offset, align, memory_index: 0 };
    helper.function("realloc", &[I32; 4], &[I32], |code| {
        code.global_get(seek);
    });
    helper.function("seek", &[I32], &[], |code| {
        code.local_get(0).global_set(seek);
    });
    helper.function("size", &[], &[I32], |code| {
        code.memory_size(0);
    });
    helper.function("grow", &[I32], &[I32], |code| {
        code.local_get(0).memory_grow(0);
    });
    helper.function("read", &[I32, I32], &[I32], |code| {
        code.i32_const(0).i64_load(at(0, 0)).global_set(saved);
        code.i32_const(0).local_get(0).i32_store(at(0, 0));
        code.i32_const(0).local_get(1).i32_store(at(4, 0));
        code.i32_const(0);
    });
    helper.function("read-done", &[I32], &[], |code| {
        code.i32_const(0).global_get(saved).i64_store(at(0, 0));
    });
    helper.function("write", &[I32, I32, I32], &[], |code| {
        code.local_get(2).global_set(seek);
    });
}

/// Reads and writes globals as 64-bit slots, floats by their bits, `v128` as two.
fn of_globals(helper: &mut Helper, globals: &[Parsed]) {
    let mut slots = Vec::new();
    for (index, ty) in (0..).zip(globals) {
        slots.extend((0..if *ty == Parsed::V128 { 2 } else { 1 }).map(|lane| (index, *ty, lane)));
    }
    helper.function("get", &[I32], &[I64], |code| {
        choose(code, &slots, |code, (global, ty, lane)| {
            code.global_get(global);
            to_slot(code, ty, lane);
        });
    });
    helper.function("set", &[I32, I64], &[], |code| {
        choose(code, &slots, |code, (global, ty, lane)| {
            if ty == Parsed::V128 {
                code.global_get(global);
            }
            code.local_get(1);
            from_slot(code, ty, lane);
            code.global_set(global);
        });
    });
}

/// Gives handles and takes them away: the canonical ABI does both, at the border of these functions.
fn of_handles(helper: &mut Helper, handles: &[HandleType]) {
    for (index, handle) in (0..).zip(handles) {
        helper.function(&of_handle("take", *handle), &[I32], &[I32], |code| {
            code.local_get(0);
        });
        helper.function(&of_handle("drop", *handle), &[I32], &[], |code| {
            code.local_get(0).call(index);
        });
    }
}

type Slot = (u32, Parsed, u8);

/// Branches to the code of the slot that the first local names; there is no other.
fn choose(code: &mut InstructionSink<'_>, slots: &[Slot], case: impl Fn(&mut InstructionSink<'_>, Slot)) {
    let count = u32::try_from(slots.len()).expect("slots are bounded far below 2^32");
    for _ in 0..=count {
        code.block(BlockType::Empty);
    }
    code.local_get(0).br_table(0..count, count).end();
    for slot in slots {
        case(code, *slot);
        code.return_().end();
    }
    code.unreachable();
}

fn to_slot(code: &mut InstructionSink<'_>, ty: Parsed, lane: u8) {
    match ty {
        Parsed::I32 => code.i64_extend_i32_u(),
        Parsed::F32 => code.i32_reinterpret_f32().i64_extend_i32_u(),
        Parsed::F64 => code.i64_reinterpret_f64(),
        Parsed::V128 => code.i64x2_extract_lane(lane),
        Parsed::I64 | Parsed::Ref(_) => code,
    };
}

fn from_slot(code: &mut InstructionSink<'_>, ty: Parsed, lane: u8) {
    match ty {
        Parsed::I32 => code.i32_wrap_i64(),
        Parsed::F32 => code.i32_wrap_i64().f32_reinterpret_i32(),
        Parsed::F64 => code.f64_reinterpret_i64(),
        Parsed::V128 => code.i64x2_replace_lane(lane),
        Parsed::I64 | Parsed::Ref(_) => code,
    };
}

fn global_type(ty: Parsed) -> GlobalType {
    let val_type = match ty {
        Parsed::I32 => I32,
        Parsed::I64 => I64,
        Parsed::F32 => ValType::F32,
        Parsed::F64 => ValType::F64,
        Parsed::V128 => ValType::V128,
        Parsed::Ref(_) => unreachable!("mutable globals of references are refused before"),
    };
    GlobalType { val_type, mutable: true, shared: false }
}
