//! Rows `searches` of `stadion bench queue`: guests who search by the public API, until all of them have a match on the real
//! server: the calls, notes in coordination, the queue's steps, sessions and their rows.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;

use crate::start::http::Http;
use crate::start::rest::{Server, Shared};
use crate::{Line, clock};

/// Callers at once; each searches for its share of the players.
const CALLERS: u32 = 16;

/// Players of a match: relay-arena has as many seats.
const TEAMS: u32 = 4;

/// How long all of them may wait.
const WITHIN: Duration = Duration::from_secs(60);

/// Between two looks at how many matches there are.
const LOOK: Duration = Duration::from_millis(5);

/// What to measure.
#[derive(Clone, Debug)]
pub struct Searches {
    /// Who search; matches of four are made of them.
    pub players: u32,
    /// The `stadion` program.
    pub stadion_exe: PathBuf,
    /// relay-arena as it is uploaded.
    pub game_wasm: PathBuf,
    /// Where a replica has its state, to measure one besides.
    pub shared: Option<Shared>,
}

/// One row for the embedded server, and one for a replica where its stores are named.
pub(crate) fn rows(options: &Searches, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Vec<Line>> {
    let wasm = std::fs::read(&options.game_wasm)?;
    progress("searches");
    let mut lines = vec![row(&Server::start_kept(&options.stadion_exe, None)?, "searches", options.players, &wasm)?];
    if let Some(shared) = &options.shared {
        progress("replica-searches");
        let server = Server::start_kept(&options.stadion_exe, Some(shared))?;
        lines.push(row(&server, "replica-searches", options.players, &wasm)?);
    }
    Ok(lines)
}

fn row(server: &Server, name: &str, players: u32, wasm: &[u8]) -> anyhow::Result<Line> {
    server.upload(wasm)?;
    server.set(&format!(r#"{{"queue.bench.teams": "{TEAMS}", "queue.bench.ready-seconds": "0"}}"#))?;
    let each = players.div_ceil(CALLERS).next_multiple_of(TEAMS);
    let mut crowds = Vec::new();
    for caller in 0..CALLERS {
        crowds.push(guests(server.connect()?, (caller, each))?);
    }
    let began = clock::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            crowds.iter_mut().map(|(http, tokens)| scope.spawn(move || search(http, tokens))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a caller does not panic"))
    })?;
    let searched = began.elapsed();
    let matches = u64::from(each * CALLERS / TEAMS);
    while server.matches()? < matches {
        ensure!(began.elapsed() < WITHIN, "{matches} matches were not made in {} s", WITHIN.as_secs());
        std::thread::sleep(LOOK);
    }
    let (lasted, searchers) = (began.elapsed().as_secs_f64(), each * CALLERS);
    Ok(Line::new(name)
        .with("players_per_s", f64::from(searchers) / lasted)
        .with("players", searchers)
        .with("searches_per_s", f64::from(searchers) / searched.as_secs_f64())
        .with("all_matched_ms", lasted * 1e3))
}

/// A connection with the tokens of so many guests.
fn guests(mut http: Http, (caller, count): (u32, u32)) -> anyhow::Result<(Http, Vec<String>)> {
    let mut tokens = Vec::with_capacity(count as usize);
    for guest in 0..count {
        http.call_for(Ipv4Addr::from(0x0a00_0000 ^ (caller << 16) ^ guest));
        let made = http.json("POST", "/v1/guests", "", b"{}")?;
        let token = made["access_token"].as_str();
        ensure!(token.is_some(), "no token: {made}");
        tokens.extend(token.map(str::to_owned));
    }
    Ok((http, tokens))
}

fn search(http: &mut Http, tokens: &[String]) -> anyhow::Result<()> {
    tokens.iter().try_for_each(|token| http.json("POST", &Server::tickets("bench"), token, b"{}").map(drop))
}
