//! A version ready to run: linked once, instantiated for each session.

use std::sync::Arc;

use stadion_protocol::VersionId;
use stadion_protocol::contract::Description;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::session::{State, exports};

/// A version's code, linked, with its exports looked up. Shared by all of its sessions.
pub struct LoadedVersion {
    id: VersionId,
    description: Arc<Description>,
    pre: InstancePre<State>,
    game: exports::game::GuestIndices,
    state: Option<exports::state::GuestIndices>,
    image: Option<exports::image::GuestIndices>,
}

impl LoadedVersion {
    /// Which version.
    pub fn id(&self) -> VersionId {
        self.id
    }

    /// What the game says about itself.
    pub fn description(&self) -> &Arc<Description> {
        &self.description
    }

    /// Whether sessions of it can be saved and loaded.
    pub fn saves(&self) -> bool {
        self.state.is_some()
    }

    /// Whether it wants to be called once before its image is kept.
    pub fn prepares(&self) -> bool {
        self.image.is_some()
    }

    /// Links a component against the contract and the powerless rest.
    pub(crate) fn link(
        linker: &Linker<State>,
        component: &Component,
        id: VersionId,
        description: Arc<Description>,
    ) -> wasmtime::Result<LoadedVersion> {
        let mut linker = linker.clone();
        crate::wasi::add_powerless(&mut linker, component)?;
        let pre = linker.instantiate_pre(component)?;
        let exported = |name| component.get_export_index(None, name).is_some();
        let game = exports::game::GuestIndices::new(&pre)?;
        let state =
            exported("stadion:game/state@0.1.0").then(|| exports::state::GuestIndices::new(&pre)).transpose()?;
        let image =
            exported("stadion:game/image@0.1.0").then(|| exports::image::GuestIndices::new(&pre)).transpose()?;
        Ok(LoadedVersion { id, description, pre, game, state, image })
    }

    pub(crate) fn engine(&self) -> &wasmtime::Engine {
        self.pre.engine()
    }

    pub(crate) fn instance_pre(&self) -> &InstancePre<State> {
        &self.pre
    }

    pub(crate) fn game(&self) -> &exports::game::GuestIndices {
        &self.game
    }

    pub(crate) fn image(&self) -> Option<&exports::image::GuestIndices> {
        self.image.as_ref()
    }

    pub(crate) fn state(&self) -> Option<&exports::state::GuestIndices> {
        self.state.as_ref()
    }
}

impl std::fmt::Debug for LoadedVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedVersion")
            .field("id", &self.id)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
