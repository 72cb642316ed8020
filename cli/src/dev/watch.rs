//! Which files are watched, and when a burst of changes counts as one save.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;

use super::Event;
use crate::failure::{Failure, Outcome};
use crate::project::{MANIFEST, Project, web};

/// A save is over when nothing more changes for this long: editors write, rename and touch within milliseconds.
const QUIET: Duration = Duration::from_millis(40);
/// A burst that does not end is taken for a save after this long.
const LONGEST_BURST: Duration = Duration::from_secs(1);
/// Changes that may wait; more of them in one burst say nothing new.
const CHANGES: usize = 1024;

/// Watches as long as it lives.
pub(super) struct Watcher {
    _watcher: RecommendedWatcher,
    watched: Vec<String>,
}

impl Watcher {
    pub(super) fn new(project: &Project, events: mpsc::Sender<Event>) -> Outcome<Watcher> {
        let dir = project.dir.canonicalize().map_err(|error| Failure::file("reading", &project.dir, &error))?;
        let sources = Sources::of(project, &dir);
        let (changed, changes) = mpsc::channel(CHANGES);
        let filter = sources.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            for path in event.paths.into_iter().filter(|path| filter.counts(path)) {
                // A full queue is a burst that is noticed already.
                let _ = changed.try_send(path);
            }
        });
        let mut watcher = watcher.map_err(|error| watching(&dir, &error))?;
        // The folder itself for its two files: editors replace files, and a watch on the old one would hear nothing.
        watcher.watch(&dir, RecursiveMode::NonRecursive).map_err(|error| watching(&dir, &error))?;
        for folder in sources.folders.iter().filter(|folder| folder.is_dir()) {
            watcher.watch(folder, RecursiveMode::Recursive).map_err(|error| watching(folder, &error))?;
        }
        let watched = sources.folders.iter().filter(|folder| folder.is_dir());
        let shown = |folder: &PathBuf| format!("{}/", folder.strip_prefix(&dir).unwrap_or(folder).display());
        let watched = watched.map(shown).collect();
        tokio::spawn(gather(changes, dir, events));
        Ok(Watcher { _watcher: watcher, watched })
    }

    /// The folders, for people.
    pub(super) fn watched(&self) -> &[String] {
        &self.watched
    }
}

fn watching(path: &Path, error: &notify::Error) -> Failure {
    Failure::failed(format!("watching {}: {error}", path.display()))
        .fix("on Linux: raise fs.inotify.max_user_watches and max_user_instances")
}

/// Where a game's sources are.
#[derive(Clone, Debug)]
struct Sources {
    folders: Vec<PathBuf>,
    files: [PathBuf; 2],
    /// What the pages' own build writes: it is no source.
    built: Option<PathBuf>,
}

impl Sources {
    fn of(project: &Project, dir: &Path) -> Sources {
        let pages = web::pages(project);
        let built = pages.filter(|web| web.build.is_some()).map(|web| dir.join(web.dir));
        Sources {
            folders: vec![dir.join("src"), dir.join(crate::project::manifest::WEB_DIR)],
            files: [dir.join("Cargo.toml"), dir.join(MANIFEST)],
            built: built.filter(|built| *built != dir.join(crate::project::manifest::WEB_DIR)),
        }
    }

    fn counts(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Editors' own files, and what `stadion` writes itself.
        let passing = name.starts_with('.') || name.ends_with('~') || name.contains(".gen.") || name == "4913";
        let built = self.built.as_ref().is_some_and(|built| path.starts_with(built));
        let installed = path.components().any(|part| part.as_os_str() == "node_modules");
        let below = self.folders.iter().any(|folder| path.starts_with(folder) && path != folder);
        !passing && !built && !installed && (below || self.files.iter().any(|file| file == path))
    }
}

/// Makes one save of each burst. Ends with the watcher, or with those who listen.
async fn gather(mut changes: mpsc::Receiver<PathBuf>, dir: PathBuf, events: mpsc::Sender<Event>) {
    while let Some(first) = changes.recv().await {
        let mut files = vec![first];
        let burst = async {
            while let Ok(Some(next)) = tokio::time::timeout(QUIET, changes.recv()).await {
                if !files.contains(&next) {
                    files.push(next);
                }
            }
        };
        // Over its time the burst counts as it is; the rest is the next one.
        let _ = tokio::time::timeout(LONGEST_BURST, burst).await;
        // Editors write to a file of another name and rename it: what is gone is no news, unless nothing else is.
        if files.iter().any(|file| file.exists()) {
            files.retain(|file| file.exists());
        }
        let files = files.iter().map(|file| file.strip_prefix(&dir).unwrap_or(file).to_owned()).collect();
        if events.send(Event::Saved(files)).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_count_and_what_is_made_of_them_does_not() {
        let sources = Sources {
            folders: vec!["g/src".into(), "g/web".into()],
            files: ["g/Cargo.toml".into(), "g/stadion.toml".into()],
            built: Some("g/web/dist".into()),
        };
        for (path, counts) in [
            ("g/src/lib.rs", true),
            ("g/src/rules/mod.rs", true),
            ("g/web/index.html", true),
            ("g/stadion.toml", true),
            ("g/README.md", false),
            ("g/target/debug/x", false),
            ("g/web/dist/main.js", false),
            ("g/web/hello.gen.ts", false),
            ("g/web/node_modules/a/b.js", false),
            ("g/src/.lib.rs.swp", false),
            ("g/src/lib.rs~", false),
            ("g/src", false),
        ] {
            assert_eq!(sources.counts(Path::new(path)), counts, "{path}");
        }
    }

    #[tokio::test]
    async fn a_burst_of_changes_is_one_save() {
        let (changed, changes) = mpsc::channel(CHANGES);
        let (events, mut heard) = mpsc::channel(8);
        tokio::spawn(gather(changes, "g".into(), events));
        for file in ["g/src/a.rs", "g/src/b.rs", "g/src/a.rs"] {
            changed.send(file.into()).await.unwrap();
        }
        let Some(Event::Saved(files)) = heard.recv().await else { panic!("no save") };
        assert_eq!(files, [PathBuf::from("src/a.rs"), "src/b.rs".into()]);
    }
}
