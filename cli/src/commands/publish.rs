//! `stadion publish`: a folder or a wasm file becomes a version on the server; a folder's settings and pages go with it.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use stadion_schema::Schema;

use super::{Context, block_on};
use crate::api::{Api, Finding, Published, PublishedBundle, Quarantine};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::project::apply::apply;
use crate::project::build::{self, Speed};
use crate::project::{Project, types, web};

/// Builds a game and uploads it as a new version.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion publish                     the game in this folder
  stadion publish hello
  stadion publish build/hello.wasm    a file, under its own name
  stadion publish out.wasm --game hello --json")]
pub(crate) struct Publish {
    /// The game's folder, or a wasm file.
    #[arg(default_value = ".", value_name = "DIR|FILE.wasm")]
    what: PathBuf,
    /// The name to publish under [default: that of stadion.toml, or of the file].
    #[arg(long)]
    game: Option<String>,
}

pub(crate) fn run(args: &Publish, context: &Context) -> Outcome {
    let api = context.api()?;
    let found = found(args, context)?;
    let name = checked_name(args.game.as_deref().unwrap_or(&found.name))?;
    let bytes = Bytes::from(std::fs::read(&found.wasm).map_err(|error| Failure::file("reading", &found.wasm, &error))?);
    let bar = context.out.bytes_bar("uploading, then compiling on the server", bytes.len() as u64);
    let moving = bar.clone();
    let published = block_on(async {
        let published = api.publish(&name, bytes, move |sent| moving.set_position(sent)).await;
        bar.finish_and_clear();
        let published = published?;
        let bundle = found.beside(&api, &published, context.out).await?;
        Ok((published, bundle))
    });
    let (published, bundle) = published?;
    context.out.value(&published);
    for line in described(&published) {
        context.out.line(line);
    }
    if let Some(bundle) = bundle {
        context.out.value(&bundle);
        context.out.line(format!("web        {}   {}", api.url(&bundle.play), bundle_words(&bundle)));
    }
    Ok(())
}

/// That a version is in quarantine, why, and what to do.
pub(crate) fn quarantine_words(game: &str, version: &str, quarantine: &Quarantine) -> [String; 2] {
    [
        format!("in quarantine since {}: {}", quarantine.since, quarantine.because),
        format!("back in play: stadion quarantine {game} {version} --lift"),
    ]
}

/// A bundle in a few words.
pub(crate) fn bundle_words(bundle: &PublishedBundle) -> String {
    format!("{} files, {} KB", bundle.files, bundle.bytes.div_ceil(1000))
}

/// What there is to publish.
struct Found {
    name: String,
    wasm: PathBuf,
    /// Of a folder.
    project: Option<Project>,
}

impl Found {
    /// Sends what goes beside the wasm: settings and pages, which are built against the types of this very version.
    async fn beside(self, api: &Api, published: &Published, out: Output) -> Outcome<Option<PublishedBundle>> {
        let Some(project) = self.project else { return Ok(None) };
        apply(&project, published, api).await?;
        let schema = api.schema(&published.game, &published.version).await?;
        let schema = schema.as_deref().map(Schema::parse).transpose();
        let schema = schema.map_err(|error| Failure::failed(format!("the game's schema: {error}")))?;
        types::refresh(&project, schema.as_ref())?;
        match web::bundle(&project, out)? {
            Some(bundle) => api.publish_web(&published.game, &published.version, &bundle).await.map(Some),
            None => Ok(None),
        }
    }
}

fn found(args: &Publish, context: &Context) -> Outcome<Found> {
    if !args.what.is_dir() {
        return Ok(Found { name: name_of(&args.what), wasm: args.what.clone(), project: None });
    }
    let project = Project::load(&args.what)?;
    let built = build::build(&project, Speed::Best, context.out)?;
    Ok(Found { name: project.name.clone(), wasm: built.wasm, project: Some(project) })
}

/// `target/relay_arena.wasm` is `relay-arena`: cargo writes underscores where games have hyphens.
fn name_of(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-")
}

fn checked_name(name: &str) -> Outcome<String> {
    name.parse::<stadion_protocol::GameName>()
        .map(|name| name.to_string())
        .map_err(|error| Failure::usage(error.to_string()).fix("choose a name with --game"))
}

fn described(published: &Published) -> Vec<String> {
    let Published { game, short, title, schema_hash, seats_min, seats_max, rate, .. } = published;
    let seats = if seats_min == seats_max { seats_min.to_string() } else { format!("{seats_min} to {seats_max}") };
    let pace = if *rate == 0 { "event-driven".to_owned() } else { format!("{rate} Hz") };
    let mut lines = vec![format!("published {game}@{short}   {title}   {seats} seats, {pace}   schema {schema_hash}")];
    lines.extend(published.image_checkpoints.as_ref().map(|finding| found_out("image checkpoints", finding)));
    lines.extend(published.warm_image.as_ref().map(|finding| found_out("warm image", finding)));
    match &published.quarantine {
        None => lines.push(format!("play       stadion play {game}")),
        Some(quarantine) => lines.extend(quarantine_words(game, short, quarantine)),
    }
    lines
}

fn found_out(what: &str, finding: &Finding) -> String {
    match (finding.yes, &finding.because) {
        (true, _) => format!("{what}: yes"),
        (false, Some(because)) => format!("{what}: no, because {because}"),
        (false, None) => format!("{what}: no"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_published_under_its_own_name() {
        assert_eq!(name_of(Path::new("a/b/relay_arena.wasm")), "relay-arena");
        assert!(checked_name("relay-arena").is_ok());
        assert!(checked_name("Relay Arena").unwrap_err().fix.is_some_and(|fix| fix.contains("--game")));
    }
}
