//! `stadion storage`: documents that games keep.

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use stadion_protocol::GameName;
use stadion_protocol::contract::MAX_DOCUMENT_BYTES;

use super::{Context, ask};
use crate::api::{Expected, Shelf};
use crate::failure::{Failure, Outcome};

/// Reads and writes the documents that a game keeps, of its players and of its own.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  stadion storage ls chess                                  the game's own documents
  stadion storage ls chess --player p-5f1c0ad2b6e94c1d01020304
  stadion storage get chess openings > openings.json
  stadion storage put chess openings openings.json          or from standard input
  stadion storage put chess openings new.json --expect 3    only over version 3; --expect 0: only if there is none
  stadion storage rm chess openings
  stadion storage access chess read                         players may read their own; none, read or write

Needs the key of the game's owner (--key, STADION_KEY).")]
pub(crate) struct Storage {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists documents.
    Ls {
        /// Of which game.
        game: GameName,
        #[command(flatten)]
        whose: Whose,
    },
    /// Prints a document, as it is.
    Get {
        #[command(flatten)]
        at: At,
        /// Write it to this file instead.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Writes a document.
    Put {
        #[command(flatten)]
        at: At,
        /// Its content [default: standard input].
        file: Option<PathBuf>,
        /// Only over this version; 0: only if there is none.
        #[arg(long, value_name = "VERSION")]
        expect: Option<u64>,
    },
    /// Removes a document.
    Rm {
        #[command(flatten)]
        at: At,
        /// Only this version.
        #[arg(long, value_name = "VERSION", value_parser = clap::value_parser!(u64).range(1..))]
        expect: Option<u64>,
    },
    /// Shows or sets what players may do with their own documents by the API.
    Access {
        /// Of which game.
        game: GameName,
        /// What they may from now on.
        #[arg(value_parser = ["none", "read", "write"])]
        players: Option<String>,
    },
}

#[derive(Debug, Args)]
struct Whose {
    /// Account id of the player whose it is [default: the game's own].
    #[arg(long, value_name = "ID")]
    player: Option<String>,
}

#[derive(Debug, Args)]
struct At {
    /// Of which game.
    game: GameName,
    /// The document's key.
    // `--key` has that name among the options of all commands.
    #[arg(id = "document", value_name = "KEY")]
    key: String,
    #[command(flatten)]
    whose: Whose,
}

impl At {
    fn shelf(&self) -> Shelf<'_> {
        Shelf { game: self.game.as_str(), player: self.whose.player.as_deref() }
    }
}

pub(crate) fn run(args: &Storage, context: &Context) -> Outcome {
    match &args.what {
        What::Ls { game, whose } => list(Shelf { game: game.as_str(), player: whose.player.as_deref() }, context),
        What::Get { at, out } => get(at, out.as_deref(), context),
        What::Put { at, file, expect } => put(at, file.as_deref(), *expect, context),
        What::Rm { at, expect } => {
            let expected = expect.map_or(Expected::Anything, Expected::Version);
            ask(context.api()?.delete_document((at.shelf(), &at.key), expected))?;
            context.out.line(format!("{} is gone", at.key));
            Ok(())
        }
        What::Access { game, players } => access(game, players.as_deref(), context),
    }
}

fn list(shelf: Shelf<'_>, context: &Context) -> Outcome {
    let documents = ask(context.api()?.documents(shelf))?;
    documents.iter().for_each(|document| context.out.value(document));
    if documents.is_empty() {
        context.out.note("no documents; `--player ID` shows those of a player");
        return Ok(());
    }
    let rows: Vec<[String; 4]> = documents
        .into_iter()
        .map(|one| [one.key.escape_debug().to_string(), one.version.to_string(), one.size.to_string(), one.changed_at])
        .collect();
    context.out.table(["KEY", "VERSION", "BYTES", "CHANGED"], &rows);
    Ok(())
}

fn get(at: &At, out: Option<&Path>, context: &Context) -> Outcome {
    let data = ask(context.api()?.document(at.shelf(), &at.key))?;
    if let Some(file) = out {
        std::fs::write(file, &data).map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
        context.out.line(format!("{} bytes to {}", data.len(), file.display()));
        return Ok(());
    }
    let mut stdout = std::io::stdout().lock();
    if stdout.is_terminal() && std::str::from_utf8(&data).map_or(true, |text| text.chars().any(is_control)) {
        return Err(Failure::usage("its bytes would upset the terminal").fix("give a file with --out, or pipe them on"));
    }
    stdout.write_all(&data).and_then(|()| stdout.flush()).map_err(|error| Failure::failed(format!("output: {error}")))
}

fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

fn put(at: &At, file: Option<&Path>, expect: Option<u64>, context: &Context) -> Outcome {
    let expected = match expect {
        None => Expected::Anything,
        Some(0) => Expected::Nothing,
        Some(version) => Expected::Version(version),
    };
    let written = ask(context.api()?.put_document((at.shelf(), &at.key), expected, content(file)?))?;
    context.out.value(&written);
    context.out.line(format!("{}: version {}, {} bytes", written.key, written.version, written.size));
    Ok(())
}

/// No more of it than a document may have, and one byte that says that there is more.
fn content(file: Option<&Path>) -> Outcome<Vec<u8>> {
    let mut data = Vec::new();
    let most = MAX_DOCUMENT_BYTES as u64 + 1;
    let (name, read) = match file {
        Some(path) => {
            let opened = std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut data));
            (path.display().to_string(), opened)
        }
        None => ("standard input".to_owned(), std::io::stdin().lock().take(most).read_to_end(&mut data)),
    };
    read.map_err(|error| Failure::failed(format!("{name}: {error}")))?;
    if data.len() > MAX_DOCUMENT_BYTES {
        return Err(Failure::usage(format!("{name}: a document has at most {MAX_DOCUMENT_BYTES} bytes")));
    }
    Ok(data)
}

fn access(game: &GameName, players: Option<&str>, context: &Context) -> Outcome {
    let api = context.api()?;
    if let Some(players) = players {
        ask(api.set_storage_access(game.as_str(), players))?;
    }
    let players = ask(api.storage_access(game.as_str()))?;
    context.out.value(&serde_json::json!({ "players": players }));
    context.out.line(match players.as_str() {
        "read" => "players may read their own documents",
        "write" => "players may read and write their own documents",
        _ => "players reach their documents by matches of the game alone",
    });
    Ok(())
}
