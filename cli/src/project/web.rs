//! A game's pages on a developer's machine: built by the tools that they are written with, and packed for the server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bytes::Bytes;

use super::Project;
use super::manifest::{WEB_DIR, Web};
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// What is left out wherever it lies: of no use to players, and never meant for them.
const LEFT_OUT: [&str; 1] = ["node_modules"];
/// Files of a bundle at most, as servers accept.
const FILES: usize = 2000;

/// Pages, ready to be sent.
pub(crate) struct Bundle {
    /// A tar. The same files give the same bytes.
    pub(crate) tar: Bytes,
    /// What they need.
    pub(crate) web: Web,
}

impl Bundle {
    /// As it is sent.
    pub(crate) fn to_send(&self) -> crate::api::Bundle<'_> {
        let Web { wasm, inline, isolated, connect, .. } = &self.web;
        let (wasm, inline, isolated) = (*wasm, *inline, *isolated);
        crate::api::Bundle { tar: self.tar.clone(), wasm, inline, isolated, connect }
    }
}

/// The pages of a project, built and packed; `None` if it has none.
pub(crate) fn bundle(project: &Project, out: Output) -> Outcome<Option<Bundle>> {
    let Some(web) = pages(project) else { return Ok(None) };
    if let Some(command) = &web.build {
        run(command, project, out)?;
    }
    packed(project)
}

/// The pages of a project as they lie there, without building them.
pub(crate) fn packed(project: &Project) -> Outcome<Option<Bundle>> {
    let Some(web) = pages(project) else { return Ok(None) };
    Ok(Some(Bundle { tar: pack(&project.dir.join(&web.dir))?, web }))
}

/// What the project says of its pages; without a word of it, a folder with a page counts.
pub(crate) fn pages(project: &Project) -> Option<Web> {
    let found = || project.dir.join(WEB_DIR).join("index.html").is_file().then(Web::default);
    project.web.clone().or_else(found)
}

fn run(command: &str, project: &Project, out: Output) -> Outcome {
    out.note(format!("building pages: {command}"));
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(command).current_dir(&project.dir);
    // Its words are for people: stdout is for results.
    let status = shell.stdin(Stdio::null()).stdout(std::io::stderr()).status();
    let status = status.map_err(|error| Failure::failed(format!("running {command:?}: {error}")))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::failed(format!("{command:?} failed ({status})"))
        .fix("see what it says above; it is `build` in [web] of stadion.toml"))
}

/// Every file below the folder in a fixed order, with nothing of this machine about it.
fn pack(dir: &Path) -> Outcome<Bytes> {
    let mut files = Vec::new();
    collect(dir, &mut files)?;
    if files.len() > FILES {
        return Err(Failure::failed(format!(
            "{} holds {} files; a bundle has at most {FILES}",
            dir.display(),
            files.len()
        ))
        .fix("publish what a build leaves alone: `dir` in [web] of stadion.toml"));
    }
    files.sort();
    let mut builder = tar::Builder::new(Vec::new());
    for path in files {
        let bytes = std::fs::read(&path).map_err(|error| Failure::file("reading", &path, &error))?;
        let name = path.strip_prefix(dir).unwrap_or(&path);
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        let packed = builder.append_data(&mut header, name, bytes.as_slice());
        packed.map_err(|error| Failure::file("packing", &path, &error))?;
    }
    let tar = builder.into_inner().map_err(|error| Failure::failed(format!("packing pages: {error}")))?;
    Ok(tar.into())
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let reading = |error: std::io::Error| {
        Failure::file("reading", dir, &error).fix("`dir` in [web] of stadion.toml names the folder of the pages")
    };
    for entry in std::fs::read_dir(dir).map_err(reading)? {
        let entry = entry.map_err(reading)?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.starts_with('.') || LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let kind = entry.file_type().map_err(reading)?;
        if kind.is_dir() {
            collect(&path, files)?;
        } else if kind.is_file() {
            files.push(path);
        } else {
            return Err(Failure::failed(format!("{} is a link", path.display()))
                .fix("put a copy of the file in its place: bundles hold plain files alone"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in
            [("index.html", "<p>"), ("js/main.js", "run()"), (".DS_Store", ""), ("node_modules/a/b.js", "")]
        {
            crate::project::sdk::write(&folder.path().join(path), text.as_bytes()).unwrap();
        }
        folder
    }

    #[test]
    fn the_same_files_make_the_same_bundle_wherever_they_lie() {
        let (one, two) = (pack(folder().path()).unwrap(), pack(folder().path()).unwrap());
        assert_eq!(one, two);
        let mut archive = tar::Archive::new(&one[..]);
        let names = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string());
        assert_eq!(names.collect::<Vec<_>>(), ["index.html", "js/main.js"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_refused_by_name() {
        let folder = folder();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("js/link")).unwrap();
        assert!(pack(folder.path()).unwrap_err().message.contains("js/link"));
    }

    #[test]
    fn a_folder_with_a_page_counts_without_a_word_in_the_manifest() {
        let folder = tempfile::tempdir().unwrap();
        crate::project::sdk::write(&folder.path().join("stadion.toml"), b"name = \"hello\"").unwrap();
        let project = Project::load(folder.path()).unwrap();
        assert!(pages(&project).is_none());
        crate::project::sdk::write(&folder.path().join("web/index.html"), b"<p>").unwrap();
        assert_eq!(pages(&project), Some(Web::default()));
    }
}
