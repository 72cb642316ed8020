//! Kills a real server again and again while real clients play, and counts what that did to them.
#![allow(clippy::disallowed_methods, reason = "it measures interruptions on the wall")]

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stadion_client::{Entry, RawEvent, RawMatch};
use stadion_protocol::client::Endpoint;
use tokio::sync::watch;

use crate::api::text;
use crate::ledger::{self, Answer};
use crate::raw_player::text_at;
use crate::{Api, Server};

/// Players of each match.
const PLAYERS: usize = 2;
/// Between two inputs of a player.
const INPUT_EVERY: Duration = Duration::from_millis(40);
/// Inputs of a player without an answer: a person does not play on for ever into silence.
const UNANSWERED: u64 = 64;
/// After the last kill: everything that was sent is answered within this, or lost.
const SETTLE: Duration = Duration::from_secs(30);
/// A kill comes this long after the server was ready, at random.
const KILL_AFTER_MS: std::ops::Range<u64> = 100..2_500;

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often the server is killed.
    pub times: u32,
    /// Matches, with two players each.
    pub matches: usize,
    /// Of the instants.
    pub seed: u64,
}

/// What it did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Inputs that players sent.
    pub inputs: u64,
    /// Answers that they got.
    pub answers: u64,
    /// Inputs that have no answer: they, or their answers, were lost.
    pub lost: u64,
    /// Answers that came twice, and inputs that counted twice.
    pub doubled: u64,
    /// Answers that came out of order.
    pub disordered: u64,
    /// Players who had to be told everything afresh.
    pub afresh: u64,
    /// Players whose match ended.
    pub ended: u64,
    /// Why it ended early: the server did not come back.
    pub stuck: Option<String>,
    /// From each kill until its process was gone, shortest first.
    pub gone: Vec<Duration>,
    /// From a kill to the next answer of the server after it, for each player and kill with one in between, shortest first. All
    /// of these begin at the instant at which the kill was sent.
    pub interruptions: Vec<Duration>,
    /// Of these, until the client knew that its connection was gone.
    pub noticed: Vec<Duration>,
    /// Of these, until it was let in again.
    pub let_in: Vec<Duration>,
    /// From each kill to the line that says that the server is ready again, shortest first.
    pub restarts: Vec<Duration>,
}

impl Report {
    /// Nothing acknowledged and nothing reliable was lost or doubled.
    pub fn is_clean(&self) -> bool {
        self.stuck.is_none() && self.lost + self.doubled + self.disordered + self.afresh + self.ended == 0
    }

    fn add(&mut self, other: Report) {
        self.inputs += other.inputs;
        self.answers += other.answers;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.disordered += other.disordered;
        self.afresh += other.afresh;
        self.ended += other.ended;
        self.stuck = self.stuck.take().or(other.stuck);
        self.gone.extend(other.gone);
        self.interruptions.extend(other.interruptions);
        self.noticed.extend(other.noticed);
        self.let_in.extend(other.let_in);
        self.restarts.extend(other.restarts);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stuck.iter().try_for_each(|why| writeln!(f, "the server did not come back: {why}"))?;
        writeln!(f, "inputs {}, acknowledged by an answer {}", self.inputs, self.answers)?;
        writeln!(
            f,
            "lost {}, doubled {}, out of order {}, told afresh {}, matches ended {}",
            self.lost, self.doubled, self.disordered, self.afresh, self.ended
        )?;
        writeln!(f, "from the instant at which the kill is sent:")?;
        let spreads = [
            ("until the process was gone", &self.gone),
            ("interruption", &self.interruptions),
            ("until the client noticed", &self.noticed),
            ("until it was let in again", &self.let_in),
            ("until the server said that it is ready", &self.restarts),
        ];
        for (what, times) in spreads {
            let ms = |share| at_share(times, share).as_millis();
            write!(f, "  {what}: p50 {} ms, p99 {} ms, max {} ms", ms(0.5), ms(0.99), ms(1.0))?;
            writeln!(f, " ({} samples)", times.len())?;
        }
        Ok(())
    }
}

/// What this share of sorted times does not exceed.
fn at_share(sorted: &[Duration], share: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
}

/// Carries a plan out; `progress` is told the number of each kill.
pub async fn run(plan: Plan, mut progress: impl FnMut(u32)) -> Report {
    let mut server = Server::durable(&[]);
    server.api().publish("ledger", ledger::wasm()).await;
    let (killed, kills) = watch::channel(None);
    let stop = Arc::new(AtomicBool::new(false));
    let mut players = Vec::new();
    for _ in 0..plan.matches {
        for seat in seats(&server.api()).await {
            players.push(tokio::spawn(play(seat, kills.clone(), Arc::clone(&stop))));
        }
    }
    let mut random = plan.seed;
    let mut report = Report::default();
    for n in 1..=plan.times {
        let wait = KILL_AFTER_MS.start + next(&mut random) % (KILL_AFTER_MS.end - KILL_AFTER_MS.start);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        // The clock starts when the kill is sent; players hear of it when the process is gone, so that what it had still sent
        // is not taken for an answer of the next.
        let (gone, (sent, took)) = blocking(server, Server::kill).await.expect("a child that runs can be killed");
        server = gone;
        report.gone.push(took);
        killed.send_replace(Some(sent));
        match blocking(server, Server::restart).await {
            Ok((restarted, ())) => server = restarted,
            // Whatever it says is in the report, with what was lost: players wait for a while and give up.
            Err(why) => {
                report.stuck = Some(format!("kill {n}: {why}"));
                break;
            }
        }
        report.restarts.push(sent.elapsed());
        progress(n);
    }
    stop.store(true, Ordering::Relaxed);
    for player in players {
        report.add(player.await.unwrap());
    }
    let Report { gone, interruptions, noticed, let_in, restarts, .. } = &mut report;
    [gone, interruptions, noticed, let_in, restarts].into_iter().for_each(|times| times.sort_unstable());
    report
}

/// Does something with the server that takes its time. It is gone if that panics.
async fn blocking<T: Send + 'static>(
    mut server: Server,
    act: impl FnOnce(&mut Server) -> T + Send + 'static,
) -> Result<(Server, T), tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || {
        let done = act(&mut server);
        (server, done)
    })
    .await
}

/// A match with every seat taken.
async fn seats(api: &Api) -> Vec<RawMatch> {
    let mut seats = Vec::new();
    let mut how = json!({"create": "private"});
    for n in 0..PLAYERS {
        let (status, joined) = api.guest(&format!("player {n}")).await.api.play("ledger", &how).await;
        assert!(status.is_success(), "{status} {joined}");
        how = json!({"code": text(&joined["match"], "code")});
        seats.push(enter(&joined).await);
    }
    seats
}

/// Takes the seat that an answer of `play` gives.
pub async fn enter(joined: &Value) -> RawMatch {
    try_enter(joined).await.unwrap()
}

/// The same where the server may be away for too long.
pub async fn try_enter(joined: &Value) -> Result<RawMatch, stadion_client::Error> {
    let hash = hex(text_at(&joined["certificate_hashes"], 0));
    let endpoint = Endpoint { address: text_at(&joined["quic"], 0).parse().unwrap(), certificate_hashes: vec![hash] };
    let schema = text(joined, "schema_hash").parse().unwrap();
    let entry = Entry::join(vec![endpoint], text(joined, "join_token").to_owned(), schema).unwrap();
    RawMatch::enter(entry).await
}

/// Bytes of 64 hexadecimal digits.
fn hex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

/// One player: numbers its inputs from 1 and checks every answer.
async fn play(mut seat: RawMatch, kills: watch::Receiver<Option<Instant>>, stop: Arc<AtomicBool>) -> Report {
    let mut report = Report::default();
    // The kill since which there was no answer, and whether the next server has let this player in.
    let (mut silent_since, mut back): (Option<Instant>, bool) = (None, false);
    let mut heard_kill: Option<Instant> = None;
    let mut every = tokio::time::interval(INPUT_EVERY);
    let mut settled_by: Option<Instant> = None;
    loop {
        if stop.load(Ordering::Relaxed) {
            let by = *settled_by.get_or_insert_with(|| Instant::now() + SETTLE);
            if report.answers >= report.inputs || Instant::now() >= by {
                report.lost += report.inputs.saturating_sub(report.answers);
                return report;
            }
        }
        let kill = *kills.borrow();
        if kill != heard_kill {
            heard_kill = kill;
            (silent_since, back) = (kill, false);
        }
        tokio::select! {
            event = seat.next() => match event {
                RawEvent::Message(message) => {
                    judge(&mut report, ledger::read(&message));
                    // What the dead server sent may be read only now.
                    report.interruptions.extend(silent_since.take_if(|_| back).map(|kill| kill.elapsed()));
                }
                RawEvent::Stalled => report.noticed.extend(silent_since.map(|kill| kill.elapsed())),
                RawEvent::Rewound { .. } => {
                    back = true;
                    report.let_in.extend(silent_since.map(|kill| kill.elapsed()));
                }
                RawEvent::Fresh => report.afresh += 1,
                RawEvent::End(end) => {
                    eprintln!("a match ended: {end}");
                    report.ended += 1;
                    return report;
                }
                _ => {}
            },
            _ = every.tick() => {
                let playing = !stop.load(Ordering::Relaxed) && report.inputs - report.answers < UNANSWERED;
                if playing && seat.send(&(report.inputs + 1).to_le_bytes()).is_ok() {
                    report.inputs += 1;
                }
            }
        }
    }
}

/// The next answer is for the next input, and the game has counted as many.
fn judge(report: &mut Report, Answer { count, input }: Answer) {
    let expected = report.answers + 1;
    if input < expected {
        report.doubled += 1;
        return;
    }
    report.disordered += u64::from(input > expected);
    report.doubled += u64::from(count > input);
    report.lost += u64::from(count < input);
    report.answers = input;
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
