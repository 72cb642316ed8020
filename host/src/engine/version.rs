//! A version ready to run: linked once, instantiated for each session.

use std::sync::{Arc, OnceLock};

use stadion_protocol::VersionId;
use stadion_protocol::contract::Description;
use wasmtime::component::{Component, InstancePre, Linker};

use super::manners::Manners;
use crate::image::{AccessIndices, Baseline, Layout};
use crate::session::{ImageError, State, exports};

/// A version's code, linked, with its exports looked up. Shared by all of its sessions.
pub struct LoadedVersion {
    id: VersionId,
    description: Arc<Description>,
    pre: InstancePre<State>,
    game: exports::game::GuestIndices,
    state: Option<exports::state::GuestIndices>,
    image: Option<exports::image::GuestIndices>,
    images: Option<Images>,
    manners: Arc<Manners>,
}

/// What it takes to keep a session as an image.
pub(crate) struct Images {
    access: AccessIndices,
    /// Read off a fresh instance when the version is loaded; if no slot was free then, by the first image.
    baseline: OnceLock<Baseline>,
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

    /// What is known of how its steps behave.
    pub(crate) fn manners(&self) -> &Arc<Manners> {
        &self.manners
    }

    /// Whether sessions of it can be saved and loaded.
    pub fn saves(&self) -> bool {
        self.state.is_some()
    }

    /// Whether sessions of it can be kept as images; if not, the description says why.
    pub fn has_images(&self) -> bool {
        self.images.is_some()
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
        Ok(LoadedVersion { id, description, pre, game, state, image, images: None, manners: Arc::default() })
    }

    /// Finds the access functions of an instrumented component. `layout` is what its artifact says of it.
    pub(crate) fn open_images(&mut self, component: &Component, layout: &[u8]) -> wasmtime::Result<()> {
        let layout: Layout = postcard::from_bytes(layout)
            .map_err(|error| wasmtime::format_err!("the layout of its images cannot be read: {error}"))?;
        let access = AccessIndices::new(component, layout)?;
        self.images = Some(Images { access, baseline: OnceLock::new() });
        Ok(())
    }

    /// Reads the baseline ahead of the first image. Without a free slot that has to wait.
    pub(crate) fn read_baseline(self: &Arc<Self>) {
        if let Some(Err(error)) = self.images().map(|images| images.baseline(self)) {
            tracing::debug!(version = %self.id, %error, "the baseline of its images is read with the first one");
        }
    }

    pub(crate) fn images(&self) -> Option<&Images> {
        self.images.as_ref()
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

impl Images {
    /// The functions that reach a guest's memory.
    pub(crate) fn access(&self) -> &AccessIndices {
        &self.access
    }

    /// What a fresh instance of `version` holds, which must be what it held when the version was published.
    pub(crate) fn baseline(&self, version: &Arc<LoadedVersion>) -> Result<&Baseline, ImageError> {
        if let Some(known) = self.baseline.get() {
            return Ok(known);
        }
        let memory_bytes = version.description().memory_bytes;
        let read = crate::session::finish(crate::session::baseline(version, memory_bytes))?;
        if read.digest() != self.access.layout().baseline {
            return Err(ImageError::Unfit("a fresh instance is not what it was when it was published".to_owned()));
        }
        Ok(self.baseline.get_or_init(|| read))
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
