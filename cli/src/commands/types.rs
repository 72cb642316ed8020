//! `stadion types`: a game's messages in the language of a client.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, ValueEnum};
use stadion_host::compile::{ChildCompiler, CompilerConfig};
use stadion_protocol::contract::Compiler;
use stadion_schema::Schema;

use super::{Context, block_on};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::project::Project;
use crate::project::build::{self, Speed};
use crate::types::{self, Flavour, Source};

/// Writes a game's messages as types and codecs for clients.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion types ts                              of the game in this folder, to web/hello.gen.ts
  stadion types js                              the same for pages without a build, to web/hello.gen.js
  stadion types ts hello.wasm --out src/hello.gen.ts
  stadion types ts bomberman                    of the server's newest version, to bomberman.gen.ts
  stadion types ts --out -                      to stdout")]
pub(crate) struct Types {
    /// The language.
    #[arg(value_enum)]
    language: Language,
    /// A game's folder, a wasm file, or a game of the server.
    #[arg(default_value = ".", value_name = "DIR|FILE.wasm|GAME")]
    what: String,
    /// Where to; `-` is stdout [default: GAME.gen.ts, in the folder `web` of a game's folder].
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What to import the client library from [default: @stadion/client in TypeScript, /client/stadion.js in JavaScript].
    #[arg(long, value_name = "MODULE")]
    client: Option<String>,
}

/// In which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// TypeScript.
    Ts,
    /// JavaScript, with types in its comments.
    Js,
}

impl Language {
    fn flavour(self) -> Flavour {
        match self {
            Language::Ts => Flavour::TypeScript,
            Language::Js => Flavour::JavaScript,
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Language::Ts => "ts",
            Language::Js => "js",
        }
    }

    fn client(self) -> &'static str {
        match self {
            Language::Ts => "@stadion/client",
            // Every server has it there, for pages of every origin.
            Language::Js => "/client/stadion.js",
        }
    }
}

pub(crate) fn run(args: &Types, context: &Context) -> Outcome {
    let (game, schema, folder) = found(&args.what, context)?;
    let schema = schema.ok_or_else(|| {
        Failure::not_found(format!("{game} speaks raw bytes: there are no types to write"))
            .fix(format!("in a page: new Stadion(location.origin, raw({game:?}))"))
    })?;
    let schema = Schema::parse(&schema).map_err(|error| Failure::failed(format!("the schema of {game}: {error}")))?;
    let client = args.client.as_deref().unwrap_or(args.language.client());
    let text = types::write(Source { game: &game, schema: &schema, client }, args.language.flavour());
    let default = || folder.join(format!("{game}.gen.{}", args.language.extension()));
    let path = args.out.clone().unwrap_or_else(default);
    if path.as_os_str() == "-" {
        context.out.raw(&text);
        return Ok(());
    }
    let written = write_if_changed(&path, &text)?;
    let hash = hex::encode(schema.hash());
    context.out.value(&serde_json::json!({"game": game, "schema": hash, "file": path, "written": written}));
    let what = if written { "written" } else { "as it was" };
    context.out.line(format!("types      {} {what}   schema {hash}", path.display()));
    Ok(())
}

/// Writes a file unless it holds the text already: whoever watches it is not woken for nothing.
fn write_if_changed(path: &Path, text: &str) -> Outcome<bool> {
    if std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Failure::file("making", folder, &error))?;
    }
    std::fs::write(path, text).map_err(|error| Failure::file("writing", path, &error))?;
    Ok(true)
}

/// The game's name, its schema, and where its types belong.
fn found(what: &str, context: &Context) -> Outcome<(String, Option<Bytes>, PathBuf)> {
    let path = Path::new(what);
    if path.is_dir() {
        let project = Project::load(path)?;
        let built = build::build(&project, Speed::Soon, context.out)?;
        let schema = schema_of(&built.wasm, context.out)?;
        return Ok((project.name, schema, project.dir.join("web")));
    }
    if path.extension().is_some_and(|extension| extension == "wasm") {
        let game = path.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
        return Ok((game, schema_of(path, context.out)?, PathBuf::new()));
    }
    let api = context.api()?;
    let schema = block_on(async {
        let games = api.games().await?;
        let version = games.into_iter().find(|game| game.name == what).and_then(|game| game.latest_version);
        let missing = || {
            Failure::not_found(format!("{what:?} is no folder, no wasm file, and no game of the server with a version"))
                .fix("`stadion games` lists the server's games")
        };
        Ok(api.schema(what, &version.ok_or_else(missing)?).await?)
    })?;
    Ok((what.to_owned(), schema, PathBuf::new()))
}

/// What the game in a file says of its messages; asked as a server asks, in a child with limits.
fn schema_of(wasm: &Path, out: Output) -> Outcome<Option<Bytes>> {
    let bytes = std::fs::read(wasm).map_err(|error| Failure::file("reading", wasm, &error))?;
    let exe = std::env::current_exe().map_err(|error| Failure::failed(format!("where this program is: {error}")))?;
    let compiler = ChildCompiler::new(exe, CompilerConfig::default());
    let spinner = out.spinner("asking the game for its messages");
    let compiled = block_on(async { Ok(compiler.compile(Bytes::from(bytes)).await) })?;
    spinner.finish_and_clear();
    let compiled = compiled.map_err(|error| Failure::failed(format!("{}: {error}", wasm.display())))?;
    Ok(compiled.manifest.description.schema.map(Bytes::from))
}
