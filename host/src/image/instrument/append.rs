//! What is appended to a component: aliases of what is captured, helper instances, lifted functions and their exports.

use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentSection, ComponentTypeSection, ComponentValType, ExportKind, InstanceSection,
    ModuleArg, PrimitiveValType, RawSection,
};

use super::super::layout::{self, HandleType, Layout};
use super::{Blocked, Item, Survey, helper, module};

/// The id of a core module section of a component.
pub(super) const MODULE_SECTION: u8 = 1;

/// Appends a section.
pub(super) fn section(out: &mut Vec<u8>, id: u8, data: &[u8]) {
    RawSection { id, data }.append_to_component(out);
}

/// Appends the access functions to a component whose modules export what is captured. Answers what they reach.
pub(super) fn access(out: &mut Vec<u8>, survey: &Survey<'_>) -> Result<Layout, Blocked> {
    let mut end = End::of(out, survey);
    let (mut memories, mut globals, mut types) = (Vec::new(), Vec::new(), Vec::new());
    for captured in &survey.captured {
        let name = module::export_name(captured.item);
        match captured.item {
            Item::Memory(_) => memories.push(end.alias_core(captured.instance, ExportKind::Memory, &name)),
            Item::Global(_, ty) => {
                globals.push(end.alias_core(captured.instance, ExportKind::Global, &name));
                types.push(ty);
            }
        }
    }
    let resources = end.resources(survey);
    let handles: Vec<_> = resources.iter().map(|resource| resource.handle).collect();
    let mut imports: Vec<_> = memories.first().map(|memory| memory_import(*memory)).into_iter().collect();
    let named = (0u32..).zip(&globals).map(|(index, global)| (index.to_string(), ExportKind::Global, *global));
    imports.extend(named);
    imports.extend(resources.iter().map(|each| (each.handle.word().to_owned(), ExportKind::Func, each.drop)));
    let helper = end.helper(&helper::module(!memories.is_empty(), &types, &handles), &imports);
    for (number, memory) in (0..).zip(&memories) {
        let helper =
            if number == 0 { helper } else { end.helper(&helper::module(true, &[], &[]), &[memory_import(*memory)]) };
        end.memory(number, *memory, helper);
    }
    if !globals.is_empty() {
        end.globals(helper);
    }
    end.handles(&resources, helper);
    end.export();
    Ok(Layout {
        memories: u16::try_from(memories.len()).map_err(|_| Blocked::because("it has too many memories"))?,
        slots: survey.captured.iter().map(super::Captured::slots).sum(),
        handles,
        baseline: [0; 16],
    })
}

/// A resource type that the guest can have handles of.
struct Resource {
    handle: HandleType,
    /// Its index among types.
    ty: u32,
    /// The core function that drops a handle of it.
    drop: u32,
}

fn memory_import(memory: u32) -> (String, ExportKind, u32) {
    (helper::MEMORY.to_owned(), ExportKind::Memory, memory)
}

/// The end of a component under construction: every index space, and the functions to be exported.
struct End<'a> {
    out: &'a mut Vec<u8>,
    modules: u32,
    core_instances: u32,
    core_functions: u32,
    core_memories: u32,
    core_globals: u32,
    types: u32,
    functions: u32,
    exported: Vec<(String, u32)>,
}

/// The type of a parameter or a result.
#[derive(Clone, Copy)]
enum Value {
    U32,
    U64,
    Bytes,
    /// An own handle of the resource of this type index.
    Own(u32),
}

impl<'a> End<'a> {
    fn of(out: &'a mut Vec<u8>, survey: &Survey<'_>) -> End<'a> {
        let types = survey.types.as_ref();
        End {
            out,
            modules: types.module_count(),
            core_instances: types.core_instance_count(),
            core_functions: types.function_count(),
            core_memories: types.memory_count(),
            core_globals: types.global_count(),
            types: types.component_type_count(),
            functions: types.component_function_count(),
            exported: Vec::new(),
        }
    }

    /// The functions of a memory.
    fn memory(&mut self, number: u16, memory: u32, helper: u32) {
        let mut core = |name: &str| self.alias_core(helper, ExportKind::Func, name);
        let (realloc, done) = (core("realloc"), core("read-done"));
        let [size, grow, seek, read, write] = ["size", "grow", "seek", "read", "write"].map(core);
        let name = |function| layout::of_memory(function, number);
        let memory = CanonicalOption::Memory(memory);
        self.lift(name("size"), size, (&[], Some(Value::U32)), &[]);
        self.lift(name("grow"), grow, (&[Value::U32], Some(Value::U32)), &[]);
        self.lift(name("seek"), seek, (&[Value::U32], None), &[]);
        let options = [memory, CanonicalOption::PostReturn(done)];
        self.lift(name("read"), read, (&[Value::U32, Value::U32], Some(Value::Bytes)), &options);
        let options = [memory, CanonicalOption::Realloc(realloc)];
        self.lift(name("write"), write, (&[Value::Bytes, Value::U32], None), &options);
    }

    fn globals(&mut self, helper: u32) {
        let get = self.alias_core(helper, ExportKind::Func, "get");
        let set = self.alias_core(helper, ExportKind::Func, "set");
        self.lift(layout::named("get"), get, (&[Value::U32], Some(Value::U64)), &[]);
        self.lift(layout::named("set"), set, (&[Value::U32, Value::U64], None), &[]);
    }

    /// Aliases of resource types, and what drops handles of them.
    fn resources(&mut self, survey: &Survey<'_>) -> Vec<Resource> {
        let mut resources = Vec::new();
        for (handle, instance, name) in &survey.handles {
            let mut aliases = ComponentAliasSection::new();
            aliases.alias(Alias::InstanceExport { instance: *instance, kind: ComponentExportKind::Type, name });
            aliases.append_to_component(self.out);
            let ty = next(&mut self.types);
            let mut canonical = CanonicalFunctionSection::new();
            canonical.resource_drop(ty);
            canonical.append_to_component(self.out);
            resources.push(Resource { handle: *handle, ty, drop: next(&mut self.core_functions) });
        }
        resources
    }

    fn handles(&mut self, resources: &[Resource], helper: u32) {
        for resource in resources {
            let (take, drop) = (layout::of_handle("take", resource.handle), layout::of_handle("drop", resource.handle));
            let core_take = self.alias_core(helper, ExportKind::Func, &take);
            let core_drop = self.alias_core(helper, ExportKind::Func, &drop);
            self.lift(take, core_take, (&[Value::Own(resource.ty)], Some(Value::U32)), &[]);
            self.lift(drop, core_drop, (&[Value::U32], None), &[]);
        }
    }

    /// Instantiates a helper module with core items, and answers its core instance.
    fn helper(&mut self, module: &[u8], imports: &[(String, ExportKind, u32)]) -> u32 {
        section(self.out, MODULE_SECTION, module);
        let module = next(&mut self.modules);
        let given = next(&mut self.core_instances);
        let mut instances = InstanceSection::new();
        instances.export_items(imports.iter().map(|(name, kind, index)| (name.as_str(), *kind, *index)));
        instances.instantiate(module, [(helper::IMPORTS, ModuleArg::Instance(given))]);
        instances.append_to_component(self.out);
        next(&mut self.core_instances)
    }

    fn alias_core(&mut self, instance: u32, kind: ExportKind, name: &str) -> u32 {
        let mut aliases = ComponentAliasSection::new();
        aliases.alias(Alias::CoreInstanceExport { instance, kind, name });
        aliases.append_to_component(self.out);
        next(match kind {
            ExportKind::Memory => &mut self.core_memories,
            ExportKind::Global => &mut self.core_globals,
            _ => &mut self.core_functions,
        })
    }

    fn lift(
        &mut self,
        name: String,
        core: u32,
        (params, result): (&[Value], Option<Value>),
        options: &[CanonicalOption],
    ) {
        let mut types = ComponentTypeSection::new();
        let params: Vec<_> = params.iter().map(|value| self.value(&mut types, *value)).collect();
        let result = result.map(|value| self.value(&mut types, value));
        let named = ["a", "b"].into_iter().zip(params);
        types.function().params(named.collect::<Vec<_>>()).result(result);
        let ty = next(&mut self.types);
        types.append_to_component(self.out);
        let mut canonical = CanonicalFunctionSection::new();
        canonical.lift(core, ty, options.iter().copied());
        canonical.append_to_component(self.out);
        self.exported.push((name, next(&mut self.functions)));
    }

    fn value(&mut self, types: &mut ComponentTypeSection, value: Value) -> ComponentValType {
        match value {
            Value::U32 => ComponentValType::Primitive(PrimitiveValType::U32),
            Value::U64 => ComponentValType::Primitive(PrimitiveValType::U64),
            Value::Bytes => {
                types.defined_type().list(PrimitiveValType::U8);
                ComponentValType::Type(next(&mut self.types))
            }
            Value::Own(resource) => {
                types.defined_type().own(resource);
                ComponentValType::Type(next(&mut self.types))
            }
        }
    }

    fn export(self) {
        let mut exports = ComponentExportSection::new();
        for (name, index) in &self.exported {
            exports.export(name.as_str(), ComponentExportKind::Func, *index, None);
        }
        exports.append_to_component(self.out);
    }
}

/// Takes the next index of a space.
fn next(space: &mut u32) -> u32 {
    let index = *space;
    *space += 1;
    index
}
