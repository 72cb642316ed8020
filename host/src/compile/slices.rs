//! Bulk instructions that give way: `memory.fill`, `memory.copy` and `memory.init` of any length are one instruction, and
//! the epoch is looked at between instructions only. A guest that fills 64 MiB would hold its thread for tens of milliseconds.
//!
//! Each becomes a call of a function that does the same a megabyte at a time, in a loop; loops are where the engine looks at
//! the epoch. What a guest can observe stays as it was: bounds are checked before anything is written, by the instruction
//! itself, and overlapping copies go in the direction that leaves what is still to be read alone. (Core spec, "memory.copy",
//! "memory.fill", "memory.init".)
//!
//! Everything else of a module stays byte for byte: types, functions and code grow at their ends, and calls are put in place
//! of instructions, which moves no label. Runs in the compile child, on input that was validated.

use std::borrow::Cow;
use std::ops::Range;

use wasm_encoder::{
    BlockType, CodeSection, ComponentSection, Encode, Function, InstructionSink, RawSection, Section, ValType,
};
use wasmparser::{
    BinaryReader, BinaryReaderError, Chunk, CodeSectionReader, DataKind, FunctionBody, FunctionSectionReader, Operator,
    Parser, Payload, TypeRef, TypeSectionReader,
};

/// As much is done between two looks at the epoch: 0.1 ms, or 0.3 ms where every page is new.
const SLICE_BYTES: u32 = 1 << 20;

/// Section ids (core spec and component model, "Binary Format").
const TYPE_SECTION: u8 = 1;
const FUNCTION_SECTION: u8 = 3;
const CODE_SECTION: u8 = 10;
const CORE_MODULE: u8 = 1;
const NESTED_COMPONENT: u8 = 4;

/// The header of a core module.
const HEADER_BYTES: usize = 8;

/// `call`, and a function type in the binary format.
const CALL: u8 = 0x10;
const FUNCTION_TYPE: u8 = 0x60;

/// Locals of the functions, which are their parameters: where to, from where or with what, how much.
const TO: u32 = 0;
const FROM: u32 = 1;
const LENGTH: u32 = 2;

/// An instruction that is done in slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bulk {
    Fill,
    Copy,
    /// From this passive segment, of so many bytes.
    Init(u32, u32),
}

/// A component whose modules' bulk instructions give way.
pub(super) fn component(bytes: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 16);
    let (mut parser, mut at) = (Parser::new(0), 0);
    // Bounded by the component: each turn takes at least a byte of it.
    while at < bytes.len() {
        let Chunk::Parsed { consumed, payload } = parser.parse(&bytes[at..], true)? else { break };
        let here = at..at + consumed;
        at = here.end;
        match &payload {
            Payload::ModuleSection { unchecked_range, .. } => {
                at = unchecked_range.end;
                let data = module(&bytes[unchecked_range.clone()], SLICE_BYTES)?;
                RawSection { id: CORE_MODULE, data: &data }.append_to_component(&mut out);
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                at = unchecked_range.end;
                let data = component(&bytes[unchecked_range.clone()])?;
                RawSection { id: NESTED_COMPONENT, data: &data }.append_to_component(&mut out);
            }
            _ => out.extend_from_slice(&bytes[here]),
        }
    }
    Ok(out)
}

/// The same for a core module. One without such instructions stays as it is.
fn module(bytes: &[u8], slice: u32) -> Result<Cow<'_, [u8]>, BinaryReaderError> {
    let facts = Facts::of(bytes, slice)?;
    if facts.bulk.is_empty() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut out = bytes[..HEADER_BYTES].to_vec();
    for payload in Parser::new(0).parse_all(bytes) {
        let Some((id, range)) = payload?.as_section() else { continue };
        let body = &bytes[range];
        let data = match id {
            TYPE_SECTION => Cow::Owned(facts.types(body)?),
            FUNCTION_SECTION => Cow::Owned(facts.functions(body)?),
            CODE_SECTION => {
                facts.code(body, slice)?.append_to(&mut out);
                continue;
            }
            _ => Cow::Borrowed(body),
        };
        RawSection { id, data: &data }.append_to(&mut out);
    }
    Ok(Cow::Owned(out))
}

/// What is to be known of a module.
#[derive(Debug, Default)]
struct Facts {
    types: u32,
    /// Imported and defined: the index of the first function that is added.
    functions: u32,
    /// Lengths of passive segments, by index; 0 for those that are not.
    segments: Vec<u32>,
    /// What it uses, each once: a function is added for each.
    bulk: Vec<Bulk>,
}

impl Facts {
    fn of(bytes: &[u8], slice: u32) -> Result<Facts, BinaryReaderError> {
        let mut facts = Facts::default();
        let mut bodies = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => facts.types = section.count(),
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        facts.functions += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(section) => facts.functions += section.count(),
                Payload::CodeSectionEntry(body) => bodies.push(body),
                Payload::DataSection(section) => {
                    for segment in section {
                        let segment = segment?;
                        let passive = matches!(segment.kind, DataKind::Passive);
                        let length = u32::try_from(segment.data.len()).unwrap_or(u32::MAX);
                        facts.segments.push(if passive { length } else { 0 });
                    }
                }
                _ => {}
            }
        }
        for body in bodies {
            for operator in body.get_operators_reader()? {
                let bulk = facts.bulk_of(&operator?, slice).filter(|bulk| !facts.bulk.contains(bulk));
                facts.bulk.extend(bulk);
            }
        }
        Ok(facts)
    }

    /// What an instruction does in slices. A segment that fits one is left alone.
    fn bulk_of(&self, operator: &Operator<'_>, slice: u32) -> Option<Bulk> {
        match *operator {
            Operator::MemoryFill { .. } => Some(Bulk::Fill),
            Operator::MemoryCopy { .. } => Some(Bulk::Copy),
            Operator::MemoryInit { data_index, .. } => {
                let length = *self.segments.get(data_index as usize)?;
                (length > slice).then_some(Bulk::Init(data_index, length))
            }
            _ => None,
        }
    }

    /// The type section with one more type: three integers to nothing.
    fn types(&self, body: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        let section = TypeSectionReader::new(BinaryReader::new(body, 0))?;
        let mut out = longer(body, section.count(), 1, section.original_position());
        out.push(FUNCTION_TYPE);
        [ValType::I32; 3].as_slice().encode(&mut out);
        0u32.encode(&mut out);
        Ok(out)
    }

    /// The function section with the functions that are added.
    fn functions(&self, body: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
        let section = FunctionSectionReader::new(BinaryReader::new(body, 0))?;
        let mut out = longer(body, section.count(), self.bulk.len(), section.original_position());
        self.bulk.iter().for_each(|_| self.types.encode(&mut out));
        Ok(out)
    }

    /// The code section with calls in place of the instructions, and with what they call.
    fn code(&self, body: &[u8], slice: u32) -> Result<CodeSection, BinaryReaderError> {
        let mut code = CodeSection::new();
        for function in CodeSectionReader::new(BinaryReader::new(body, 0))? {
            code.raw(&self.body(body, &function?, slice)?);
        }
        for bulk in &self.bulk {
            code.function(&bulk.function(slice));
        }
        Ok(code)
    }

    fn body(&self, section: &[u8], function: &FunctionBody<'_>, slice: u32) -> Result<Vec<u8>, BinaryReaderError> {
        let Range { start, end } = function.range();
        let mut out = Vec::with_capacity(end - start);
        let mut copied = start;
        // The instruction that a call took the place of ends where the next one begins.
        let mut replaced = false;
        for operator in function.get_operators_reader()?.into_iter_with_offsets() {
            let (operator, at) = operator?;
            if std::mem::take(&mut replaced) {
                copied = at;
            }
            if let Some(bulk) = self.bulk_of(&operator, slice)
                && let Some(number) = (self.functions..).zip(&self.bulk).find(|(_, known)| **known == bulk)
            {
                out.extend_from_slice(&section[copied..at]);
                out.push(CALL);
                number.0.encode(&mut out);
                replaced = true;
            }
        }
        out.extend_from_slice(&section[copied..end]);
        Ok(out)
    }
}

/// The beginning of a section with more entries: the new count, and the entries that there are.
fn longer(body: &[u8], count: u32, more: usize, entries_at: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 16);
    (count + u32::try_from(more).unwrap_or(u32::MAX)).encode(&mut out);
    out.extend_from_slice(&body[entries_at..]);
    out
}

impl Bulk {
    /// The function that does it.
    fn function(self, slice: u32) -> Function {
        let mut function = Function::new([]);
        let mut code = function.instructions();
        self.small_or_bad(&mut code, slice);
        match self {
            Bulk::Copy => {
                // Where the target lies behind the source, what is last is moved first.
                code.local_get(TO).local_get(FROM).i32_gt_u().if_(BlockType::Empty);
                self.backwards(&mut code, slice);
                code.else_();
                self.forwards(&mut code, slice);
                code.end();
            }
            Bulk::Fill | Bulk::Init(..) => self.forwards(&mut code, slice),
        }
        code.end();
        function
    }

    /// What fits a slice is done as it is, and what does not fit the memory, which traps.
    fn small_or_bad(self, code: &mut InstructionSink<'_>, slice: u32) {
        code.local_get(LENGTH).i32_const(slice.cast_signed()).i32_le_u();
        past(code, TO, memory_end);
        code.i32_or();
        match self {
            Bulk::Fill => {}
            Bulk::Copy => {
                past(code, FROM, memory_end);
                code.i32_or();
            }
            Bulk::Init(_, length) => {
                past(code, FROM, |code| {
                    code.i64_const(i64::from(length));
                });
                code.i32_or();
            }
        }
        code.if_(BlockType::Empty);
        code.local_get(TO).local_get(FROM).local_get(LENGTH);
        self.instruction(code);
        code.return_().end();
    }

    fn forwards(self, code: &mut InstructionSink<'_>, slice: u32) {
        let slice = slice.cast_signed();
        code.loop_(BlockType::Empty);
        code.local_get(TO).local_get(FROM).i32_const(slice);
        self.instruction(code);
        code.local_get(TO).i32_const(slice).i32_add().local_set(TO);
        if self != Bulk::Fill {
            code.local_get(FROM).i32_const(slice).i32_add().local_set(FROM);
        }
        code.local_get(LENGTH).i32_const(slice).i32_sub().local_tee(LENGTH);
        code.i32_const(slice).i32_gt_u().br_if(0).end();
        code.local_get(TO).local_get(FROM).local_get(LENGTH);
        self.instruction(code);
    }

    fn backwards(self, code: &mut InstructionSink<'_>, slice: u32) {
        let slice = slice.cast_signed();
        code.loop_(BlockType::Empty);
        code.local_get(LENGTH).i32_const(slice).i32_sub().local_set(LENGTH);
        code.local_get(TO).local_get(LENGTH).i32_add();
        code.local_get(FROM).local_get(LENGTH).i32_add();
        code.i32_const(slice);
        self.instruction(code);
        code.local_get(LENGTH).i32_const(slice).i32_gt_u().br_if(0).end();
        code.local_get(TO).local_get(FROM).local_get(LENGTH);
        self.instruction(code);
    }

    fn instruction(self, code: &mut InstructionSink<'_>) {
        match self {
            Bulk::Fill => code.memory_fill(0),
            Bulk::Copy => code.memory_copy(0, 0),
            Bulk::Init(segment, _) => code.memory_init(0, segment),
        };
    }
}

/// Whether a range reaches past an end, in 64 bits, where nothing wraps around.
fn past(code: &mut InstructionSink<'_>, from: u32, end: impl FnOnce(&mut InstructionSink<'_>)) {
    code.local_get(from).i64_extend_i32_u().local_get(LENGTH).i64_extend_i32_u().i64_add();
    end(code);
    code.i64_gt_u();
}

/// Bytes of the memory.
fn memory_end(code: &mut InstructionSink<'_>) {
    code.memory_size(0).i64_extend_i32_u().i64_const(16).i64_shl();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wasmtime::{Engine, Instance, Module, Store};

    use super::*;

    /// Slices of the tests: small, so that two pages are many.
    const SLICE: u32 = 4096;

    /// Two pages, the first half of them a pattern; a passive segment of five slices and some; each instruction by name.
    fn guest() -> Vec<u8> {
        let segment = "stadion!".repeat(2_600);
        let text = format!(
            r#"(module
              (memory (export "memory") 2)
              (data $segment "{segment}")
              (func (export "drop") (data.drop $segment))
              (func $before (param i32) (result i32) (i32.add (local.get 0) (i32.const 0)))
              (func (export "fill") (param i32 i32 i32)
                (block (br_if 0 (i32.const 0))
                  (memory.fill (call $before (local.get 0)) (local.get 1) (local.get 2))))
              (func (export "copy") (param i32 i32 i32)
                (memory.copy (local.get 0) (local.get 1) (local.get 2)) (nop))
              (func (export "init") (param i32 i32 i32)
                (memory.init $segment (local.get 0) (local.get 1) (local.get 2))))"#
        );
        wat::parse_str(text).unwrap()
    }

    /// What is done: by name, with three numbers.
    type Step = (&'static str, u32, u32, u32);

    /// The memory after each step, and which of them trapped.
    fn run(engine: &Engine, wasm: &[u8], steps: &[Step]) -> Vec<(bool, Vec<u8>)> {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, &Module::new(engine, wasm).unwrap(), &[]).unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        for (at, byte) in memory.data_mut(&mut store).iter_mut().enumerate().take(64 << 10) {
            *byte = (at * 7 + at / 251) as u8;
        }
        let mut seen = Vec::new();
        for (name, a, b, c) in steps {
            let trapped = if *name == "drop" {
                instance.get_typed_func::<(), ()>(&mut store, name).unwrap().call(&mut store, ()).is_err()
            } else {
                let function = instance.get_typed_func::<(u32, u32, u32), ()>(&mut store, name).unwrap();
                function.call(&mut store, (*a, *b, *c)).is_err()
            };
            seen.push((trapped, memory.data(&store).to_vec()));
        }
        seen
    }

    fn number() -> impl Strategy<Value = u32> {
        let near = |of: u32| (of.saturating_sub(3)..of.saturating_add(3)).boxed();
        prop_oneof![
            0..140_000u32,
            near(SLICE),
            near(5 * SLICE),
            near(131_072),
            near(20_800),
            (u32::MAX - 5)..=u32::MAX,
            Just(0),
        ]
    }

    fn step() -> impl Strategy<Value = Step> {
        let name = prop::sample::select(vec!["fill", "copy", "copy", "init", "init", "drop"]);
        (name, number(), number(), number())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn in_slices_everything_is_as_it_was(steps in prop::collection::vec(step(), 1..8)) {
            let engine = Engine::default();
            let (whole, sliced) = (guest(), module(&guest(), SLICE).unwrap().into_owned());
            prop_assert_ne!(&whole, &sliced);
            let (expected, seen) = (run(&engine, &whole, &steps), run(&engine, &sliced, &steps));
            for ((step, expected), seen) in steps.iter().zip(expected).zip(seen) {
                prop_assert_eq!(expected.0, seen.0, "{:?}: it traps or does not", step);
                prop_assert!(expected.1 == seen.1, "{:?}: memory differs", step);
            }
        }
    }

    #[test]
    fn a_module_that_uses_none_stays_as_it_is() {
        let plain = wat::parse_str("(module (memory 1) (func (export \"f\") (drop (memory.size))))").unwrap();
        assert!(matches!(module(&plain, SLICE).unwrap(), Cow::Borrowed(_)));
        let short = "(module (memory 1) (data \"short\")
            (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 5))))";
        assert!(matches!(module(&wat::parse_str(short).unwrap(), SLICE).unwrap(), Cow::Borrowed(_)));
    }

    #[test]
    fn modules_deep_in_a_component_are_found() {
        let text = "(component (component (core module
            (memory 1) (func (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))))) (core module (memory 1)))";
        let whole = wat::parse_str(text).unwrap();
        let sliced = component(&whole).unwrap();
        assert!(sliced.len() > whole.len());
        wasmparser::Validator::new().validate_all(&sliced).unwrap();
    }
}
