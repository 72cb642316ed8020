//! One round of development: sources become a version, and running matches go on in it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use stadion_schema::Schema;

use super::say;
use super::upgrade::{Choice, Tally, Target, Undecided, no_such_key};
use crate::api::{self, Api, Published};
use crate::config;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::Output;
use crate::project::apply::apply;
use crate::project::build::{self, Speed};
use crate::project::{Project, types, web};

/// The rounds of one game.
pub(super) struct Rounds {
    project: Project,
    api: Api,
    out: Output,
    choice: Choice,
    /// What plays now.
    current: Option<Current>,
    undecided: Vec<Undecided>,
}

struct Current {
    published: Published,
    schema: Option<Schema>,
}

/// Where the time of a round went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Took {
    pub(super) all: Duration,
    pub(super) build: Duration,
    pub(super) publish: Duration,
    pub(super) matches: Duration,
}

/// A version that came of a round.
pub(super) struct Made<'a> {
    pub(super) published: &'a Published,
    pub(super) wasm_bytes: u64,
    pub(super) types: Option<PathBuf>,
    pub(super) took: Took,
}

impl Rounds {
    pub(super) fn new(project: Project, target: &config::Target, choice: Choice, out: Output) -> Outcome<Rounds> {
        Ok(Rounds { project, api: api::connect(target)?, out, choice, current: None, undecided: Vec::new() })
    }

    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    pub(super) fn game(&self) -> &str {
        &self.project.name
    }

    pub(super) fn has_pages(&self) -> bool {
        web::pages(&self.project).is_some()
    }

    /// The first round: without a version there is nothing to do but to wait for a better one.
    pub(super) async fn first(&mut self) -> Outcome {
        let began = crate::clock::now();
        match self.make(began).await {
            Ok((wasm_bytes, took, types)) => {
                if let Some(current) = &self.current {
                    say::published(&Made { published: &current.published, wasm_bytes, types, took }, self.out);
                }
                Ok(())
            }
            Err(failure) if failure.kind == Kind::Unreachable => Err(failure),
            // It does not build, or the server does not take it: it is being written.
            Err(failure) => {
                say::failed(&failure, self.out);
                Ok(())
            }
        }
    }

    /// A round for these saved files. Whatever fails is said, and what played before plays on.
    pub(super) async fn again(&mut self, files: &[PathBuf]) {
        if let Err(failure) = self.round(files).await {
            say::failed(&failure, self.out);
        }
    }

    async fn round(&mut self, files: &[PathBuf]) -> Outcome {
        let began = crate::clock::now();
        self.project = Project::load(&self.project.dir)?;
        let pages_alone = files.iter().all(|file| file.starts_with(crate::project::manifest::WEB_DIR));
        if let Some(current) = self.current.as_ref().filter(|_| pages_alone) {
            publish_pages(&self.api, &self.project, &current.published, self.out).await?;
            say::pages(files, &current.published, began.elapsed(), self.out);
            return Ok(());
        }
        let (wasm_bytes, mut took, types) = self.make(began).await?;
        // Those that sleep are woken for it: whoever comes back to one plays what was saved last.
        let live = self.api.live_matches(self.game()).await?;
        let tally = match self.target() {
            Some(target) => target.bring(live, self.choice).await,
            None => Tally::default(),
        };
        took.all = began.elapsed();
        took.matches = took.all.saturating_sub(took.build + took.publish);
        if let Some(current) = &self.current {
            let made = Made { published: &current.published, wasm_bytes, types, took };
            say::saved(files, &made, &tally, self.out);
        }
        self.undecided = tally.undecided;
        Ok(())
    }

    /// Builds and publishes: size of the wasm, times, and the file of types if there is one.
    async fn make(&mut self, began: Instant) -> Outcome<(u64, Took, Option<PathBuf>)> {
        let (project, out) = (self.project.clone(), self.out);
        let built = tokio::task::spawn_blocking(move || build::build(&project, Speed::Soon, out)).await;
        let built = built.map_err(|_| Failure::failed("the build panicked"))??;
        let wasm = std::fs::read(&built.wasm).map_err(|error| Failure::file("reading", &built.wasm, &error))?;
        let build = began.elapsed();
        let published = self.api.publish(&self.project.name, Bytes::from(wasm), |_| {}).await?;
        apply(&self.project, &published, &self.api).await?;
        let schema = self.api.schema(&published.game, &published.version).await?;
        let schema = schema.as_deref().map(Schema::parse).transpose();
        let schema = schema.map_err(|error| Failure::failed(format!("the game's schema: {error}")))?;
        let types = types::refresh(&self.project, schema.as_ref())?;
        publish_pages(&self.api, &self.project, &published, self.out).await?;
        self.current = Some(Current { published, schema });
        let all = began.elapsed();
        Ok((built.size_bytes, Took { all, build, publish: all - build, matches: Duration::ZERO }, types))
    }

    fn target(&self) -> Option<Target<'_>> {
        let Current { published, schema } = self.current.as_ref()?;
        Some(Target { api: &self.api, out: self.out, version: &published.version, schema: schema.as_ref() })
    }

    /// A key was pressed: it decides about every match that waits for a decision.
    pub(super) async fn decided(&mut self, key: char) {
        if self.undecided.is_empty() {
            return;
        }
        let Some(choice) = Choice::of_key(key) else {
            say::failed(&no_such_key(key), self.out);
            return;
        };
        let undecided = std::mem::take(&mut self.undecided);
        let Some(target) = self.target() else { return };
        let mut again = Vec::new();
        for undecided in undecided {
            // A newer build may have come meanwhile: what was decided was decided about the older.
            let version = undecided.version.clone();
            again.extend(Target { version: &version, ..target }.answer(undecided, choice).await);
        }
        self.undecided = again;
        self.out.value(&json!({"event": "decided", "choice": format!("{choice:?}").to_lowercase()}));
    }
}

async fn publish_pages(api: &Api, project: &Project, published: &Published, out: Output) -> Outcome {
    let project = project.clone();
    let bundle = tokio::task::spawn_blocking(move || web::bundle(&project, out)).await;
    if let Some(bundle) = bundle.map_err(|_| Failure::failed("building the pages panicked"))?? {
        api.publish_web(&published.game, &published.version, &bundle.to_send()).await?;
    }
    Ok(())
}
