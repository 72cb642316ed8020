//! `wasi:filesystem` and `wasi:sockets`: there to be linked, and without effect. No directory is ever handed out, so no
//! file can be named; making a socket or resolving a name answers `not-supported`; everything else needs a handle that
//! nobody can have, and traps.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, Resource, ResourceType};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpAddressFamily};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};

use super::HandleKind;
use crate::session::State;

/// Interfaces that this module stubs.
const PREFIXES: [&str; 2] = ["wasi:filesystem/", "wasi:sockets/"];

/// Stands for every resource of those interfaces. None is ever made, but for the network.
pub(crate) struct Nothing;

/// A handle without power.
pub(crate) type Network = Resource<Nothing>;

/// Defines what a component imports of filesystem and sockets. Everything else stays undefined and fails to link.
pub(crate) fn add_powerless(linker: &mut Linker<State>, component: &Component) -> wasmtime::Result<()> {
    let engine = component.engine().clone();
    for (name, import) in component.component_type().imports(&engine) {
        let ComponentItem::ComponentInstance(interface) = import.ty else { continue };
        if !PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let mut instance = linker.instance(name)?;
        for (item, export) in interface.exports(&engine) {
            define(&mut instance, name, item, &export.ty)?;
        }
    }
    Ok(())
}

fn define(
    instance: &mut LinkerInstance<'_, State>,
    interface: &str,
    item: &str,
    kind: &ComponentItem,
) -> wasmtime::Result<()> {
    match kind {
        ComponentItem::Resource(_) => {
            instance.resource(item, resource(item), |mut store, rep| {
                store.data_mut().handles.close(rep);
                Ok(())
            })?;
        }
        ComponentItem::ComponentFunc(_) => define_function(instance, interface, item)?,
        _ => {}
    }
    Ok(())
}

fn define_function(instance: &mut LinkerInstance<'_, State>, interface: &str, item: &str) -> wasmtime::Result<()> {
    match item {
        "instance-network" => instance.func_wrap(item, |mut store, ()| {
            Ok((Network::new_own(store.data_mut().handles.open(HandleKind::Network)),))
        }),
        "resolve-addresses" => instance.func_wrap(item, |_, (_network, _name): (Network, String)| {
            Ok((Err::<Network, ErrorCode>(ErrorCode::NotSupported),))
        }),
        "create-tcp-socket" | "create-udp-socket" => instance.func_wrap(item, |_, (_family,): (IpAddressFamily,)| {
            Ok((Err::<Resource<Nothing>, ErrorCode>(ErrorCode::NotSupported),))
        }),
        "get-directories" => instance.func_wrap(item, |_, ()| Ok((Vec::<(Resource<Nothing>, String)>::new(),))),
        _ => {
            let name = format!("{interface} {item}");
            instance.func_new(item, move |_, _, _, _| wasmtime::bail!("{name}: a game has no files and no sockets"))
        }
    }
}

/// The interfaces use resources of `wasi:io`, which are the ones that `io` knows; their own do not exist.
fn resource(name: &str) -> ResourceType {
    match name {
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        "error" => ResourceType::host::<IoError>(),
        "pollable" => ResourceType::host::<DynPollable>(),
        _ => ResourceType::host::<Nothing>(),
    }
}
