//! The top level of a component: what is in it, what of that is captured, and what stands in the way.

use std::ops::Range;

use wasmparser::types::Types;
use wasmparser::{
    CanonicalFunction, CanonicalOption, Chunk, ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind,
    ComponentType, ComponentTypeRef, Instance, Parser, Payload, ValType, Validator,
};

use super::super::layout::HandleType;
use super::{Blocked, ModuleFacts};
use crate::engine::allowed_features;

/// A stretch of the component, in order.
pub(in super::super) enum Piece {
    /// Sections that stay as they are: a range of the component.
    Copied(Range<usize>),
    /// A core module, by its index.
    Module(usize),
}

/// Something of a core instance that belongs into an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Captured {
    /// The core instance that it was defined by.
    pub(in super::super) instance: u32,
    /// The module of that instance.
    pub(in super::super) module: usize,
    pub(in super::super) item: Item,
}

/// An item of a core module, by its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Item {
    Memory(u32),
    Global(u32, ValType),
}

impl Captured {
    /// 64-bit slots that it takes.
    pub(in super::super) fn slots(&self) -> u32 {
        match self.item {
            Item::Memory(_) => 0,
            Item::Global(_, ValType::V128) => 2,
            Item::Global(..) => 1,
        }
    }
}

/// A component taken apart.
pub(in super::super) struct Survey<'a> {
    pub(in super::super) pieces: Vec<Piece>,
    /// Core modules, in the order of their index space.
    pub(in super::super) modules: Vec<ModuleFacts<'a>>,
    /// In the order in which they are captured: by instance, memories before globals.
    pub(in super::super) captured: Vec<Captured>,
    /// Handles that the guest can hold: their type, the component instance that exports it, and its name there.
    pub(super) handles: Vec<(HandleType, u32, &'static str)>,
    /// Index spaces, as the validator counts them.
    pub(super) types: Types,
    /// Core modules that are instantiated more than once.
    pub(in super::super) repeated: bool,
}

impl<'a> Survey<'a> {
    /// Takes a valid component apart. `Err` has everything that cannot be captured.
    pub(in super::super) fn of(component: &'a [u8]) -> Result<Survey<'a>, Blocked> {
        let types = Validator::new_with_features(allowed_features()).validate_all(component)?;
        let mut walk = Walk::default();
        walk.top_level(component)?;
        let Walk { pieces, ranges, instances, imports, mut blocked, .. } = walk;
        let mut modules = Vec::new();
        for (index, range) in ranges.into_iter().enumerate() {
            let used = instances.contains(&Some(index));
            modules.push(ModuleFacts::of(&component[range], used.then_some(&mut blocked))?);
        }
        let blocked = if modules.len() == types.as_ref().module_count() as usize
            && instances.len() == types.as_ref().core_instance_count() as usize
        {
            blocked
        } else {
            Blocked::because("it has core modules from elsewhere")
        };
        let captured = captured(&modules, &instances);
        let repeated = (0..modules.len()).any(|module| instances.iter().filter(|of| **of == Some(module)).count() > 1);
        let handles = handles(&imports, &types);
        blocked.or(Survey { pieces, modules, captured, handles, types, repeated })
    }

    /// What a module must export.
    pub(super) fn exported_from(&self, module: usize) -> Vec<Item> {
        let mut items = Vec::new();
        for captured in self.captured.iter().filter(|captured| captured.module == module) {
            if !items.contains(&captured.item) {
                items.push(captured.item);
            }
        }
        items
    }
}

/// Goes over instances, not modules: of a module that is instantiated twice there are two memories. Only what a module
/// defines counts, so that a memory shared with an adapter is captured once.
fn captured(modules: &[ModuleFacts<'_>], instances: &[Option<usize>]) -> Vec<Captured> {
    let mut captured = Vec::new();
    for (instance, module) in (0..).zip(instances) {
        let Some(module) = *module else { continue };
        let Some(facts) = modules.get(module) else { continue };
        captured.extend(facts.items().map(|item| Captured { instance, module, item }));
    }
    captured
}

/// Of the interfaces that are imported, the resource types that the guest can have handles of.
fn handles(imports: &[(&str, u32)], types: &Types) -> Vec<(HandleType, u32, &'static str)> {
    let types = types.as_ref();
    let mut handles = Vec::new();
    for (handle, interface, name) in HandleType::ALL {
        let found = imports.iter().find(|(import, _)| import.split('@').next() == Some(interface));
        if let Some((_, instance)) = found
            && types[types.component_instance_at(*instance)].exports.contains_key(name)
        {
            handles.push((handle, *instance, name));
        }
    }
    handles
}

/// The state of the walk over the top level.
#[derive(Default)]
struct Walk<'a> {
    pieces: Vec<Piece>,
    /// Where the core modules are.
    ranges: Vec<Range<usize>>,
    /// Core instances: of which module, or made of exports.
    instances: Vec<Option<usize>>,
    /// Imported instances, with their index among component instances.
    imports: Vec<(&'a str, u32)>,
    component_instances: u32,
    blocked: Blocked,
}

impl<'a> Walk<'a> {
    fn top_level(&mut self, component: &'a [u8]) -> Result<(), Blocked> {
        let mut parser = Parser::new(0);
        let mut at = 0;
        loop {
            let Chunk::Parsed { consumed, payload } = parser.parse(&component[at..], true)? else {
                return Err(Blocked::because("it ends too soon"));
            };
            let here = at..at + consumed;
            at = here.end;
            match &payload {
                Payload::End(_) => return Ok(()),
                Payload::ModuleSection { unchecked_range, .. } => {
                    at = unchecked_range.end;
                    self.pieces.push(Piece::Module(self.ranges.len()));
                    self.ranges.push(unchecked_range.clone());
                    continue;
                }
                Payload::ComponentSection { unchecked_range, .. } => {
                    at = unchecked_range.end;
                    self.nested(&component[unchecked_range.clone()])?;
                }
                _ => self.section(&payload)?,
            }
            self.pieces.push(Piece::Copied(here.start..at));
        }
    }

    fn section(&mut self, payload: &Payload<'a>) -> Result<(), Blocked> {
        match payload {
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    self.instances.push(match instance? {
                        Instance::Instantiate { module_index, .. } => Some(module_index as usize),
                        Instance::FromExports(_) => None,
                    });
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    let import = import?;
                    self.import(import.name.name, import.ty);
                }
            }
            Payload::ComponentInstanceSection(section) => self.component_instances += section.count(),
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.alias(&alias?);
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    self.named(export?.kind);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    self.canonical(&function?);
                }
            }
            Payload::ComponentTypeSection(section) => {
                for ty in section.clone() {
                    if let ComponentType::Resource { .. } = ty? {
                        self.blocked.add("it defines resource types of its own");
                    }
                }
            }
            Payload::ComponentStartSection { .. } => self.blocked.add("it has a component start function"),
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, name: &'a str, ty: ComponentTypeRef) {
        match ty {
            ComponentTypeRef::Instance(_) => {
                self.imports.push((name, self.component_instances));
                self.component_instances += 1;
            }
            ComponentTypeRef::Module(_) | ComponentTypeRef::Component(_) => {
                self.blocked.add(format!("it imports code (`{name}`)"));
            }
            _ => {}
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) {
        match alias {
            ComponentAlias::InstanceExport { kind, .. } => self.named(*kind),
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. } => {
                self.blocked.add("it uses a core module of another component");
            }
            _ => {}
        }
    }

    /// An alias or an export adds to the index space of its kind.
    fn named(&mut self, kind: ComponentExternalKind) {
        match kind {
            ComponentExternalKind::Instance => self.component_instances += 1,
            ComponentExternalKind::Module => self.blocked.add("it hands core modules around"),
            _ => {}
        }
    }

    fn canonical(&mut self, function: &CanonicalFunction) {
        let options = match function {
            CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => options,
            CanonicalFunction::ResourceDrop { .. } => return,
            CanonicalFunction::ResourceNew { .. } | CanonicalFunction::ResourceRep { .. } => {
                return self.blocked.add("it defines resource types of its own");
            }
            other => {
                let text = format!("{other:?}");
                let name = text.split([' ', '{', '(']).next().unwrap_or_default();
                return self.blocked.add(format!("it uses the canonical function {name}"));
            }
        };
        for option in options {
            if let CanonicalOption::Async | CanonicalOption::Callback(_) | CanonicalOption::Gc = option {
                self.blocked.add("it lifts or lowers functions in an asynchronous way");
            }
        }
    }

    /// A nested component may only give things other names and types.
    fn nested(&mut self, component: &[u8]) -> Result<(), Blocked> {
        for payload in Parser::new(0).parse_all(component) {
            if let Payload::ModuleSection { .. } | Payload::InstanceSection(_) | Payload::ComponentCanonicalSection(_) =
                payload?
            {
                self.blocked.add("it nests a component with code of its own");
            }
        }
        Ok(())
    }
}
