//! `stadion bench sign-in`: people who come for the first time and people who come back, against the real server.
//!
//! | row | what |
//! |---|---|
//! | `guest`, `16-guests` | an account without a password: one commit; one caller, and 16 at once |
//! | `register`, `16-register` | an account with one: argon2id and a commit |
//! | `sign-in`, `16-sign-in` | name and password: argon2id and a commit |
//!
//! Everybody has an address of their own, as behind a balancer: limits are by address. Rows of a server that keeps its
//! state in a folder; those of one that has it in PostgreSQL and Redis begin with `replica-`.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use crate::conditions::LoadMeter;
use crate::samples::percentile_us;
use crate::start::http::Http;
use crate::start::rest::{Server, Shared};
use crate::{Conditions, Figures, Line, clock};

/// Callers at once.
const CALLERS: u32 = 16;

/// Calls before the first that counts.
const WARM_UP: u32 = 8;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Calls of each row.
    pub runs: u32,
    /// The `stadion` program.
    pub stadion_exe: PathBuf,
    /// Where a replica has its state, to measure one besides.
    pub shared: Option<Shared>,
}

/// What people do.
#[derive(Clone, Copy)]
enum What {
    Guest,
    Register,
    SignIn,
}

/// Measures; `progress` is told, for people, what is being measured.
pub fn run(options: &Options, progress: &mut dyn FnMut(&str)) -> anyhow::Result<Figures> {
    let (load, conditions) = (LoadMeter::start(), Conditions::read());
    let mut lines = rows(&Server::start_kept(&options.stadion_exe, None)?, options.runs, ("", progress))?;
    if let Some(shared) = &options.shared {
        let server = Server::start_kept(&options.stadion_exe, Some(shared))?;
        lines.extend(rows(&server, options.runs, ("replica-", progress))?);
    }
    let conditions = Conditions { foreign: load.stop(), ..conditions };
    let omitted = options.shared.is_none().then(crate::start::rest::no_replica).into_iter().collect();
    Ok(Figures { lines, omitted, conditions, notes: Vec::new() })
}

fn rows(server: &Server, runs: u32, (prefix, progress): (&str, &mut dyn FnMut(&str))) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (callers, crowd) in [(1, ""), (CALLERS, "16-")] {
        for (what, name) in [(What::Guest, "guest"), (What::Register, "register"), (What::SignIn, "sign-in")] {
            let name = format!("{prefix}{crowd}{name}");
            progress(&name);
            lines.push(row(server, &name, (callers, runs), what)?);
        }
    }
    Ok(lines)
}

fn row(server: &Server, name: &str, (callers, runs): (u32, u32), what: What) -> anyhow::Result<Line> {
    let each = runs.div_ceil(callers);
    let began = clock::now();
    let took_us = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..callers)
            .map(|caller| scope.spawn(move || one_caller(server.connect()?, (callers, caller), each, what)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a caller does not panic"))
            .collect::<anyhow::Result<Vec<_>>>()
    })?;
    // What counts and what warms up take the same.
    let lasted = began.elapsed().mul_f64(f64::from(each) / f64::from(each + WARM_UP));
    let took_us = took_us.concat();
    Ok(Line::new(name)
        .with("p50_ms", percentile_us(&took_us, 50) / 1e3)
        .with("p99_ms", percentile_us(&took_us, 99) / 1e3)
        .with("per_s", took_us.len() as f64 / lasted.as_secs_f64())
        .with("runs", took_us.len()))
}

fn one_caller(mut http: Http, (callers, caller): (u32, u32), runs: u32, what: What) -> anyhow::Result<Vec<f64>> {
    let mut took_us = Vec::with_capacity(runs as usize);
    for run in 0..WARM_UP + runs {
        // The same people register and sign in, with one caller and with 16.
        let person = (callers << 24) + (caller << 16) + run;
        http.call_for(Ipv4Addr::from(0x0a00_0000 ^ person));
        let (path, body) = match what {
            What::Guest => ("/v1/guests", "{}".to_owned()),
            What::Register => ("/v1/accounts", credentials(person)),
            What::SignIn => ("/v1/sessions", credentials(person)),
        };
        let before = clock::now();
        http.json("POST", path, "", body.as_bytes())?;
        if run >= WARM_UP {
            took_us.push(before.elapsed().as_secs_f64() * 1e6);
        }
    }
    Ok(took_us)
}

fn credentials(person: u32) -> String {
    format!(r#"{{"name": "person-{person}", "password": "the password of {person}"}}"#)
}
