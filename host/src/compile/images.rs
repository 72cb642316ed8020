//! A version's images: instrumented if it can be, shown to be the same twice, begun from what `image.prepare` left.
//!
//! Everything here is an offer: what stands in its way is told to the developer, and the version is accepted without. One
//! thing is not: a `prepare` that takes too long on this machine might not on another, and the two would play differently.

use std::sync::Arc;

use stadion_protocol::VersionId;
use stadion_protocol::contract::{CompileStage, Description};
use wasmtime::component::Component;

use super::pipeline::Rejection;
use crate::engine::{Engine, LoadedVersion};
use crate::image::{Baseline, Blocked, Layout, bake, instrument};
use crate::session::{DESCRIBE_MEMORY_BYTES, ImageError, NotPrepared, baseline, finish, prepare};

/// A component as it is compiled.
pub(super) struct Build {
    pub(super) compiled: Component,
    /// Linked, for calls of the child's own.
    pub(super) linked: Arc<LoadedVersion>,
    /// What its access functions reach, or why it has none.
    layout: Result<Layout, Blocked>,
}

impl Build {
    /// Instruments a component if it can be, and compiles it.
    pub(super) fn of(engine: &Engine, component: &[u8], version: VersionId) -> Result<Build, Rejection> {
        let (instrumented, layout) = match instrument(component) {
            Ok(made) => (Some(made.component), Ok(made.layout)),
            Err(blocked) => (None, Err(blocked)),
        };
        let compiled = engine
            .compile(instrumented.as_deref().unwrap_or(component))
            .map_err(|error| Rejection::new(CompileStage::Compile, error.to_string()))?;
        let misfit = |error: wasmtime::Error| {
            Rejection::new(CompileStage::Contract, format!("it does not fit the contract: {error:#}"))
        };
        let description = Arc::new(super::pipeline::nothing());
        let mut linked = LoadedVersion::link(engine.linker(), &compiled, version, description).map_err(misfit)?;
        if let Ok(layout) = &layout {
            linked.open_images(&compiled, &encoded(layout)).map_err(misfit)?;
        }
        Ok(Build { compiled, linked: Arc::new(linked), layout })
    }

    /// Instantiates twice and keeps what a fresh instance holds in the layout. `Err`: why there are no image checkpoints.
    fn find_baseline(&mut self, description: &Description) -> Result<Baseline, String> {
        let layout = match &mut self.layout {
            Ok(layout) => layout,
            Err(blocked) => return Err(blocked.to_string()),
        };
        // As much memory as `describe` has, and as little as a match.
        let first = finish(baseline(&self.linked, DESCRIBE_MEMORY_BYTES)).map_err(told)?;
        let second = finish(baseline(&self.linked, description.memory_bytes)).map_err(told)?;
        if first != second {
            return Err(
                "two fresh instances of it differ: what it does when it starts is not always the same".to_owned()
            );
        }
        layout.baseline = first.digest();
        Ok(first)
    }

    fn forget_images(&mut self, why: &str) {
        self.layout = Err(Blocked::because(why));
    }

    /// The layout for the artifact.
    pub(super) fn layout(&self) -> Option<Vec<u8>> {
        self.layout.as_ref().ok().map(encoded)
    }
}

/// Finds out about the images of a version, and writes into its description what was found. Answers what hosts are to run:
/// the build itself, or one that begins where `prepare` has left off.
pub(super) fn find(
    engine: &Engine,
    component: &[u8],
    mut build: Build,
    description: &mut Description,
) -> Result<Build, Rejection> {
    let found = build.find_baseline(description);
    if let Err(why) = &found {
        build.forget_images(why);
    }
    description.image_checkpoints = found.map(|_| ());
    if !build.linked.prepares() {
        return Ok(build);
    }
    match warmed(engine, component, &build, description) {
        Ok(warm) => {
            description.warm_image = Some(Ok(()));
            Ok(warm)
        }
        Err(NotWarm::Because(why)) => {
            description.warm_image = Some(Err(why));
            Ok(build)
        }
        Err(NotWarm::Refused(rejection)) => Err(rejection),
    }
}

enum NotWarm {
    Because(String),
    Refused(Rejection),
}

/// Runs `prepare`, and builds a component that begins with what it left.
fn warmed(engine: &Engine, component: &[u8], cold: &Build, description: &Description) -> Result<Build, NotWarm> {
    if cold.layout.is_err() {
        return Err(NotWarm::Because("it has no image checkpoints, which this needs".to_owned()));
    }
    let prepared = finish(prepare(&cold.linked, description.memory_bytes)).map_err(|failed| match failed {
        NotPrepared::Because(why) => NotWarm::Because(why),
        NotPrepared::TooSlow => NotWarm::Refused(Rejection::new(
            CompileStage::Describe,
            "image.prepare ran past its CPU budget: what takes so long belongs into the component as data",
        )),
    })?;
    let baked = bake(component, &prepared).map_err(|blocked| NotWarm::Because(blocked.to_string()))?;
    let mut warm = Build::of(engine, &baked, cold.linked.id()).map_err(|refused| NotWarm::Because(refused.message))?;
    let fresh = warm.find_baseline(description).map_err(NotWarm::Because)?;
    if fresh != prepared {
        return Err(NotWarm::Because("what prepare left could not be built into it".to_owned()));
    }
    Ok(warm)
}

fn encoded(layout: &Layout) -> Vec<u8> {
    postcard::to_allocvec(layout).expect("a layout holds only plain data")
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function value with map_err")]
fn told(error: ImageError) -> String {
    error.to_string()
}
