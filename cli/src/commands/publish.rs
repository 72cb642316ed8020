//! `stadion publish`: a folder or a wasm file becomes a version on the server; a folder's settings and pages go with it.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use stadion_schema::Schema;

use super::{Context, block_on};
use crate::api::{Api, Finding, Published, PublishedBundle, Quarantine, UploadWord};
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
  stadion publish out.wasm --game hello --json
  stadion publish --channel canary --percent 10   to a tenth of the players first
  stadion publish --env staging                   with [env.staging] of stadion.toml

`stadion promote` gives everybody what the canary has, `stadion rollback` takes it back.")]
pub(crate) struct Publish {
    /// The game's folder, or a wasm file.
    #[arg(default_value = ".", value_name = "DIR|FILE.wasm")]
    what: PathBuf,
    /// The name to publish under [default: that of stadion.toml, or of the file].
    #[arg(long)]
    game: Option<String>,
    /// The channel that points at it from then on [default: that of stadion.toml, or stable].
    #[arg(long)]
    channel: Option<String>,
    /// Of the channel `canary`: to how many of a hundred players it is given [default: as before, and 0 at first].
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=100))]
    percent: Option<u8>,
    /// The environment of stadion.toml: [env.NAME] over the rest.
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
}

pub(crate) fn run(args: &Publish, context: &Context) -> Outcome {
    let api = context.api()?;
    let found = found(args, context)?;
    let name = checked_name(args.game.as_deref().unwrap_or(&found.name))?;
    let bytes = Bytes::from(std::fs::read(&found.wasm).map_err(|error| Failure::file("reading", &found.wasm, &error))?);
    let query = query(args, found.project.as_ref());
    let published = block_on(async {
        let published = upload(&api, (name.as_str(), query), bytes, context.out).await?;
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

/// Uploads, with a bar for the bytes that leave and then one for what the server does with them.
async fn upload(
    api: &Api,
    (name, mut query): (&str, Vec<(&'static str, String)>),
    bytes: Bytes,
    out: Output,
) -> Outcome<Published> {
    let upload = upload_name();
    query.push(("upload", upload.clone()));
    let sending = out.bytes_bar("uploading", bytes.len() as u64);
    let stages = out.stages_bar("the server takes it", STAGES.len() as u64);
    let moving = sending.clone();
    let published = api.publish_to(name, &query, bytes, move |sent| moving.set_position(sent));
    let mut show = |word: UploadWord| match word {
        UploadWord::Stage { stage } => {
            sending.finish_and_clear();
            let place = STAGES.iter().position(|(known, _)| *known == stage);
            stages.set_position(place.map_or_else(|| stages.position(), |place| place as u64));
            stages.set_message(place.map_or(stage, |place| STAGES[place].1.to_owned()));
        }
        UploadWord::Waiting {} => {
            sending.finish_and_clear();
            stages.set_message("waiting for the compiler");
        }
        _ => {}
    };
    let following = async {
        if let Err(failure) = api.follow_upload(&upload, &mut show).await {
            // The answer to the upload says what became of it in any case.
            out.note(format!("how it fares is not shown: {}", Failure::from(failure)));
        }
        std::future::pending().await
    };
    let published = tokio::select! {
        published = published => published,
        never = following => never,
    };
    sending.finish_and_clear();
    stages.finish_and_clear();
    Ok(published?)
}

/// What the server does with an upload, in its order, and in words.
const STAGES: [(&str, &str); 7] = [
    ("validate", "validating"),
    ("componentize", "making a component of it"),
    ("contract", "checking the contract"),
    ("compile", "compiling"),
    ("describe", "asking it to describe itself"),
    ("prepare", "preparing its images"),
    ("sign", "signing"),
];

/// One that nobody else has: the server tells of an upload by its publisher and this.
fn upload_name() -> String {
    let mut bytes = [0; 12];
    match getrandom::fill(&mut bytes) {
        Ok(()) => hex::encode(bytes),
        // Two of one publisher at the same time would hear of one another, which harms nobody.
        Err(_) => format!("upload-{:08}", std::process::id()),
    }
}

/// Where it is published to, as the call says it.
fn query(args: &Publish, project: Option<&Project>) -> Vec<(&'static str, String)> {
    let channel = args.channel.clone().or_else(|| project.and_then(|project| project.channel.clone()));
    let percent = args.percent.map(|percent| ("percent", percent.to_string()));
    channel.map(|name| ("channel", name)).into_iter().chain(percent).collect()
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
            Some(bundle) => Ok(Some(api.publish_web(&published.game, &published.version, &bundle.to_send()).await?)),
            None => Ok(None),
        }
    }
}

fn found(args: &Publish, context: &Context) -> Outcome<Found> {
    if !args.what.is_dir() {
        if args.env.is_some() {
            return Err(Failure::usage("--env needs a game's folder: environments are in its stadion.toml"));
        }
        return Ok(Found { name: name_of(&args.what), wasm: args.what.clone(), project: None });
    }
    let project = Project::load_in(&args.what, args.env.as_deref())?;
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
        None if published.channels.iter().any(|channel| channel == "stable") || published.channels.is_empty() => {
            lines.push(format!("play       stadion play {game}"));
        }
        None => lines.push(format!("channels   {}   stadion channels {game}", published.channels.join(", "))),
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
