//! The types of a game's messages beside its pages, kept as the game has them.

use std::path::PathBuf;

use stadion_schema::Schema;

use super::manifest::WEB_DIR;
use super::{Project, web};
use crate::failure::{Failure, Outcome};
use crate::types::{self, Flavour, Source};

/// Writes `web/hello.gen.js`, or `.ts` where the pages are built, unless it holds the same already: the file, if it was
/// written. Games without pages or without a schema have none.
pub(crate) fn refresh(project: &Project, schema: Option<&Schema>) -> Outcome<Option<PathBuf>> {
    let (Some(schema), Some(pages)) = (schema, web::pages(project)) else { return Ok(None) };
    let folder = project.dir.join(WEB_DIR);
    let typescript = pages.build.is_some() || folder.join("tsconfig.json").is_file();
    let (flavour, extension, client) = if typescript {
        (Flavour::TypeScript, "ts", "@stadion/client")
    } else {
        (Flavour::JavaScript, "js", "/client/stadion.js")
    };
    let text = types::write(Source { game: &project.name, schema, client }, flavour);
    let path = folder.join(format!("{}.gen.{extension}", project.name));
    if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(None);
    }
    std::fs::write(&path, text).map_err(|error| Failure::file("writing", &path, &error))?;
    Ok(Some(path))
}
