//! Games that a server has from its start: the wasm files of a folder, published as anybody would publish them. What lies
//! beside `chess.wasm` in a folder `chess` goes with it: its `stadion.toml` and its pages, built before.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::api::{self, Api};
use crate::config::{SavedServer, Target};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::project::apply::apply;
use crate::project::{Project, web};

/// Publishes every `.wasm` of the folder under its file's name and answers the names of all games that there are then. A
/// game that is refused is told about, and keeps no other from being published.
pub(crate) async fn publish(folder: Option<&Path>, server: &SavedServer, out: Output) -> Outcome<Vec<String>> {
    let api = api::connect(&Target { server: server.server.clone(), key: Some(server.key.clone()) })?;
    for file in folder.map(files).transpose()?.unwrap_or_default() {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
        let bytes = std::fs::read(&file).map_err(|error| Failure::file("reading", &file, &error))?;
        let spinner = out.spinner(format!("publishing {name}"));
        let published = publish_one(&api, &name, Bytes::from(bytes), &file.with_extension("")).await;
        spinner.finish_and_clear();
        if let Err(failure) = published {
            out.note(format!("{} was not published: {failure}", file.display()));
        }
    }
    let mut names: Vec<String> = api.games().await?.into_iter().map(|game| game.name).collect();
    names.sort();
    Ok(names)
}

async fn publish_one(api: &Api, name: &str, wasm: Bytes, beside: &Path) -> Outcome {
    let published = api.publish(name, wasm, |_| {}).await?;
    if !beside.is_dir() {
        return Ok(());
    }
    let project = Project::beside(name, beside)?;
    apply(&project, &published, api).await?;
    if let Some(bundle) = web::packed(&project)? {
        api.publish_web(name, &published.version, &bundle.to_send()).await?;
    }
    Ok(())
}

fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::file("reading", folder, &error))?;
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "wasm")).collect();
    files.sort();
    Ok(files)
}
