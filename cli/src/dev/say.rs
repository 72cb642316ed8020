//! The words of `stadion dev`: a line for people, a value for programs, about the same things.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::round::{Made, Rounds, Took};
use super::server::Server;
use super::upgrade::{Choice, Tally};
use crate::api::{MatchInfo, Published, Upgraded};
use crate::failure::Failure;
use crate::output::Output;

/// What a match is called: its code, which people know, else the end of its id.
pub(super) fn name(info: &MatchInfo) -> String {
    info.code.clone().unwrap_or_else(|| info.id.chars().skip(info.id.len().saturating_sub(8)).collect())
}

/// The playground of this game. The key is behind the `#`: browsers send that part to nobody.
pub(super) fn playground(server: &Server, game: &str) -> String {
    let target = server.target();
    let key = target.key.as_deref().map(|key| format!("#key={key}")).unwrap_or_default();
    format!("{}/playground/?game={game}{key}", target.server)
}

/// Where the game can be played and seen.
pub(super) fn places(rounds: &Rounds, server: &Server, watched: &[String], out: Output) {
    let (game, playground) = (rounds.game(), playground(server, rounds.game()));
    let play = format!("{}/play/{game}", server.target().server);
    out.value(&json!({
        "event": "ready", "server": server.target().server, "developer_key": server.target().key, "game": game,
        "play": play, "playground": playground, "watching": watched,
    }));
    if rounds.has_pages() {
        out.line(format!("play       {play}    second player: the link with ?code= that the page makes"));
        if let Some(phone) = server.for_phones().map(|server| format!("{server}/play/{game}")) {
            out.line(format!("phone      {phone}"));
            if crate::output::on_a_terminal() {
                out.note(for_cameras(&phone));
            }
        }
    }
    out.line(format!("terminal   stadion play {game}    opponent: stadion bot {game} --players 1"));
    out.line(format!("playground {playground}"));
    out.line(format!("watching   {} Cargo.toml stadion.toml    Ctrl-C ends it", watched.join(" ")));
}

/// An address as a code that a phone's camera reads; nothing if it is too long for one.
fn for_cameras(address: &str) -> String {
    let code = qrcode::QrCode::new(address).ok();
    // Light on dark: most terminals are dark, and cameras read either.
    code.map(|code| code.render::<qrcode::render::unicode::Dense1x2>().quiet_zone(true).build()).unwrap_or_default()
}

/// The first version.
pub(super) fn published(made: &Made<'_>, out: Output) {
    out.value(&value("published", &[], made, &Tally::default()));
    let Published { game, short, schema_hash, .. } = made.published;
    let size = made.wasm_bytes.div_ceil(1000);
    let took = seconds(made.took.all);
    out.line(format!("built      {size} KB   published {game}@{short}   schema {schema_hash}   {took}"));
    types(made, out);
}

/// A version that came of saved files.
pub(super) fn saved(files: &[PathBuf], made: &Made<'_>, tally: &Tally, out: Output) {
    out.value(&value("saved", files, made, tally));
    let Published { game, short, .. } = made.published;
    let Took { all, build, publish, matches } = made.took;
    let parts = format!("build {}, compile {}, matches {}", seconds(build), seconds(publish), seconds(matches));
    let played = played(tally);
    out.line(format!("saved      {} -> {game}@{short}{played}   {} ({parts})", shown(files), seconds(all)));
    types(made, out);
}

fn value(event: &str, files: &[PathBuf], made: &Made<'_>, tally: &Tally) -> serde_json::Value {
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    json!({
        "event": event, "files": files, "game": made.published.game, "version": made.published.version,
        "schema_hash": made.published.schema_hash, "wasm_bytes": made.wasm_bytes, "ms": ms(made.took.all),
        "build_ms": ms(made.took.build), "publish_ms": ms(made.took.publish), "matches_ms": ms(made.took.matches),
        "moved": tally.moved, "kept": tally.kept, "undecided": tally.undecided.len(), "ticks_replayed": tally.ticks,
    })
}

fn played(tally: &Tally) -> String {
    let matches = |count: u32| if count == 1 { "1 match".to_owned() } else { format!("{count} matches") };
    let mut words = String::new();
    if tally.moved > 0 {
        words += &format!(", {} plays on in it ({} ticks played again)", matches(tally.moved), tally.ticks);
    }
    if tally.kept > 0 {
        words += &format!(", {} stays on the old build", matches(tally.kept));
    }
    words
}

fn types(made: &Made<'_>, out: Output) {
    if let Some(file) = &made.types {
        out.line(format!("types      {} written", file.display()));
    }
}

/// Only pages changed.
pub(super) fn pages(files: &[PathBuf], published: &Published, took: Duration, out: Output) {
    let Published { game, short, .. } = published;
    out.value(&json!({"event": "pages", "files": files, "version": published.version}));
    out.line(format!("saved      {} -> pages of {game}@{short}: reload   {}", shown(files), seconds(took)));
}

/// Something did not work: what played before plays on.
pub(super) fn failed(failure: &Failure, out: Output) {
    out.value(&json!({"event": "failed", "message": failure.message}));
    out.note(format!("failed     {failure}\n           what was published before plays on; save to try again"));
}

/// A match goes on in the new version.
pub(super) fn moved(info: &MatchInfo, upgraded: &Upgraded, out: Output) {
    out.value(&json!({
        "event": "match", "match": info.id, "outcome": upgraded.outcome, "version": upgraded.version,
        "tick": upgraded.tick, "ticks_replayed": upgraded.ticks_replayed, "clients_outdated": upgraded.clients_outdated,
    }));
    if upgraded.clients_outdated > 0 {
        let outdated = upgraded.clients_outdated;
        out.line(format!("{:<10} {outdated} clients speak the old messages: they have to reload", name(info)));
    }
}

/// Of a match that moved by choice: what became of it.
pub(super) fn how_it_moved(info: &MatchInfo, choice: Choice, upgraded: &Upgraded, out: Output) {
    let how = match choice {
        Choice::Restart => "starts afresh",
        Choice::Carry => "was carried over: it goes on",
        Choice::Accept | Choice::Ask | Choice::Keep => "goes on",
    };
    let new: String = upgraded.version.chars().take(8).collect();
    out.line(format!("{:<10} {how} on {new}", name(info)));
}

/// A match stays where it is.
pub(super) fn kept(info: &MatchInfo, out: Output) {
    out.value(&json!({"event": "match", "match": info.id, "outcome": "kept", "version": info.version}));
    let old: String = info.version.chars().take(8).collect();
    out.line(format!("{:<10} stays on {old}   (--on-difference keep|restart|carry|accept)", name(info)));
}

/// A match could not be brought to the new version.
pub(super) fn not_moved(info: &MatchInfo, failure: &Failure, out: Output) {
    out.value(&json!({"event": "match", "match": info.id, "outcome": "failed", "message": failure.message}));
    out.line(format!("{:<10} {}", name(info), failure.message));
}

/// Somebody is asked.
pub(super) fn asked(info: &MatchInfo, out: Output) {
    out.value(&json!({"event": "asked", "match": info.id, "keys": {"k": "keep", "r": "restart", "c": "carry", "a": "accept"}}));
    out.line(format!(
        "{:<10} k keep it on the old build, r restart, c carry over by save and load, a accept?",
        name(info)
    ));
}

/// A line of the server's log. Those of games lose what a developer knows already.
pub(super) fn logged(line: &str, out: Output) {
    let line = match line.split_once(" stadion::game: ") {
        Some((head, said)) => {
            let level = head.split_whitespace().next_back().unwrap_or_default().to_lowercase();
            let said = said.split_once(" id=").map_or(said, |(said, _)| said);
            format!("log        {level}: {said}")
        }
        None => format!("server     {line}"),
    };
    out.value(&json!({"event": "log", "line": line}));
    out.line(line);
}

fn shown(files: &[PathBuf]) -> String {
    match files {
        [one] => one.display().to_string(),
        [one, more @ ..] => format!("{} and {} more", one.display(), more.len()),
        [] => String::new(),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Opens an address in the user's browser; where that cannot be done, it stands in the terminal.
pub(super) fn open(url: &str, out: Output) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let opened =
        Command::new(program).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = opened {
        out.note(format!("no browser was opened ({program}: {error}); the address stands above"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_a_code_for_cameras() {
        let code = for_cameras("http://192.168.1.5:7878/play/hello");
        assert!(code.lines().count() > 10 && code.lines().all(|line| line.chars().count() > 20), "{code}");
    }
}
