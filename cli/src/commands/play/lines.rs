//! `stadion play` without a screen: inputs are lines on stdin, what happens are lines on stdout.

use std::io::BufRead;

use serde_json::json;
use stadion_client::End;
use tokio::sync::mpsc;

use crate::failure::Outcome;
use crate::input;
use crate::output::Output;
use crate::player::{Heard, Player};

/// Lines that may wait for the match.
const WAITING: usize = 16;
/// The longest line of a view.
const LINE_CHARS: usize = 1_000;

/// Plays until the match ends. The end of stdin only ends inputs.
pub(super) async fn play(mut player: Player, game: &str, out: Output) -> Outcome<Option<End>> {
    out.value(&json!({"joined": {
        "match": player.match_id(), "code": player.code(), "game": game, "version": player.version(), "seat": player.seat()
    }}));
    let code = player.code().map(|code| format!("   code {code}")).unwrap_or_default();
    out.line(format!("joined {} as seat {}{code}", player.match_id(), player.seat()));
    let mut typed = stdin_lines();
    loop {
        tokio::select! {
            heard = player.next() => {
                tell(&heard, out);
                if let Heard::End(end) = heard {
                    return Ok(Some(end));
                }
            }
            Some(line) = typed.recv() => send(&player, &line, out),
        }
    }
}

fn send(player: &Player, line: &str, out: Output) {
    let Some(schema) = &player.schema else { return out.note("this game speaks raw bytes: nothing can be typed") };
    let sent = input::parse(schema, line).and_then(|value| player.send(&value).map_err(|failure| failure.message));
    if let Err(problem) = sent {
        out.value(&json!({"problem": problem, "input": line}));
        out.note(format!("! {problem}"));
    }
}

pub(super) fn tell(heard: &Heard, out: Output) {
    let (value, line) = match heard {
        Heard::View(view) => (json!({"view": view.to_json()}), format!("view   {}", view.line(LINE_CHARS))),
        Heard::Message(message) => {
            (json!({"message": message.to_json()}), format!("said   {}", message.line(LINE_CHARS)))
        }
        Heard::Bytes(bytes) => (json!({"bytes": hex::encode(bytes)}), format!("bytes  {}", hex::encode(bytes))),
        Heard::Live { rtt_ms } => (json!({"live": {"rtt_ms": rtt_ms}}), format!("live   {rtt_ms} ms")),
        Heard::Stalled => (json!({"stalled": true}), "connection lost, reconnecting ...".to_owned()),
        Heard::Anew => (json!({"anew": true}), "everything is told again".to_owned()),
        Heard::End(end) => (json!({"end": {"code": end.code, "reason": end.reason}}), format!("over   {end}")),
    };
    out.value(&value);
    out.line(line);
}

/// Reads stdin on a thread of its own: it cannot be waited for in any other way everywhere. The thread ends with stdin or
/// with the process.
fn stdin_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if !line.trim().is_empty() && sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
