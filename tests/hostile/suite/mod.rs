//! HOSTILE.md's guests (rows 1-23, 46 and 47), one after the other, on one server with 50 canary matches beside them.
//!
//! While a row does its worst, again and again, the canaries' players write down when their ticks come. After each row:
//!
//! - the server is the same process (but for the two rows that restart it);
//! - the canaries' p99 is within the greater of twice and 2 ms more than what it is without anybody hostile;
//! - memory, descriptors and slots of the pool are what they were;
//! - the end was a typed value over REST and a close code to the players (each row looks at its own);
//! - journals are closed, and another process replays them to the same end.
//!
//! `STADION_HOSTILE_SECONDS` sets how long each row goes on, and says that nothing else runs on the machine: then the bound of
//! the p99 is checked. Without it (CI, which runs tests side by side) rows last a second, lateness is printed, and what fails is
//! harm alone: a canary that ends, or that hears less than half of its ticks. `STADION_HOSTILE_ROW` runs one row.
//!
//! Harm is told from noise by time: a row that is past its bound is run once more, between two windows in which the canaries
//! are alone, and is held against the worse of them. What a guest does, it does both times; what the machine does shows in the
//! windows, too.

mod canary;
mod lateness;
mod programs;
mod report;
mod rows;
mod stage;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;

use canary::{RATE_HZ, Window, fewest_in};
use lateness::Lateness;
use report::Line;
use rows::{ROWS, Repeats, Row};
use stage::{Ended, Holds, Stage};

/// How long a row goes on where nobody says.
const SHORT: Duration = Duration::from_secs(1);
/// After everything has joined, before anything is measured.
const SETTLE: Duration = Duration::from_secs(2);
/// The fewest seconds of a window of which a share of ticks means something.
const TELLING_S: f64 = 0.9;
/// Journals of one row that are replayed, the last and so many of the first: each is half a second of CPU time.
const REPLAYED: usize = 3;
const REPLAYED_SHORT: usize = 0;

/// What a row did while the canaries listened.
struct Attack {
    ends: Vec<Ended>,
    window: Window,
    lasted: Duration,
    /// Why it was not as it must be.
    fault: Option<String>,
}

/// What is compared with.
struct Baseline {
    lateness: Lateness,
    holds: Holds,
    pid: u32,
}

fn seconds() -> Option<Duration> {
    let text = std::env::var("STADION_HOSTILE_SECONDS").ok()?;
    Some(Duration::from_secs_f64(text.parse().expect("STADION_HOSTILE_SECONDS is a number")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_guest_harms_itself_alone() {
    let only = std::env::var("STADION_HOSTILE_ROW").ok();
    let window = seconds().unwrap_or(SHORT);
    let mut stage = Stage::open(seconds().is_some()).await;
    tokio::time::sleep(SETTLE).await;
    report::heading();
    let mut baseline = alone(&mut stage, window).await;
    let mut faults = Vec::new();
    for row in ROWS.iter().filter(|row| only.as_ref().is_none_or(|only| row.number == only)) {
        let fault = run(&mut stage, row, &mut baseline, window).await;
        faults.extend(fault.map(|fault| format!("row {}, {}: {fault}", row.number, row.what)));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// The canaries with nobody beside them.
async fn alone(stage: &mut Stage, lasts: Duration) -> Baseline {
    stage.canaries.begin();
    tokio::time::sleep(lasts).await;
    let Window { lateness, rate_hz, over, .. } = stage.canaries.baseline();
    assert!(over.is_empty(), "{over:?}");
    assert!(!stage.strict || RATE_HZ.contains(&rate_hz), "their rate is {rate_hz} Hz");
    let holds = stage.holds().await;
    report::baseline(&lateness, rate_hz, holds);
    Baseline { lateness, holds, pid: stage.server.pid }
}

/// One row with everything that must hold after it; what does not.
async fn run(stage: &mut Stage, row: &Row, baseline: &mut Baseline, lasts: Duration) -> Option<String> {
    let began = tokio::time::Instant::now();
    stage.sign_in().await;
    let mut attack = attack(stage, row, lasts).await;
    let restarted = stage.server.pid != baseline.pid;
    let mut again = "";
    if restarted {
        // What must hold is that those who live on do so at the pace that they had.
        let Baseline { lateness, holds, pid } = alone(stage, lasts).await;
        (attack.window.lateness, baseline.holds, baseline.pid) = (lateness, holds, pid);
    } else if stage.strict && attack.window.lateness.p99() > baseline.lateness.allowed_p99() {
        let before = alone(stage, lasts).await.lateness;
        attack = self::attack(stage, row, lasts).await;
        let after = alone(stage, lasts).await.lateness;
        baseline.lateness = if before.p99() > after.p99() { before } else { after };
        again = ", at the second try";
    }
    let given_back = stage.given_back(baseline.holds).await;
    let (holds, kept) = given_back.map_or_else(|(fault, holds)| (holds, Some(fault)), |holds| (holds, None));
    let mut faults: Vec<String> = attack.fault.iter().cloned().chain(kept).collect();
    faults.extend(harm(stage, row, baseline, &attack));
    for id in some_of(&attack.ends, if stage.strict { REPLAYED } else { REPLAYED_SHORT }) {
        faults.extend(stage.replays(&id).await.err());
    }
    let verdict = if faults.is_empty() { format!("ok{again}") } else { faults.join("; ") };
    let (ends, lateness) = (&attack.ends[..], &attack.window.lateness);
    let (before, after, took) = (baseline.holds, holds, began.elapsed());
    report::line(&Line { row: row.number, what: row.what, ends, lateness, before, after, verdict: &verdict, took });
    (!faults.is_empty()).then_some(verdict)
}

/// Does a row's worst until the time is over, once at least.
async fn attack(stage: &mut Stage, row: &Row, lasts: Duration) -> Attack {
    let began = tokio::time::Instant::now();
    let (mut ends, mut fault) = (Vec::new(), None);
    stage.canaries.begin();
    loop {
        match AssertUnwindSafe((row.attack)(stage)).catch_unwind().await {
            Ok(ended) => ends.extend(ended),
            Err(panic) => fault = Some(words(&*panic)),
        }
        if fault.is_some() || row.repeats != Repeats::Always || began.elapsed() >= lasts {
            break;
        }
    }
    // A row that is over at once is watched all the same.
    tokio::time::sleep(lasts.saturating_sub(began.elapsed())).await;
    Attack { ends, window: stage.canaries.end(), lasted: began.elapsed(), fault }
}

/// What the row did to others.
fn harm(stage: &mut Stage, row: &Row, baseline: &Baseline, attack: &Attack) -> Vec<String> {
    let mut found = Vec::new();
    stage.server.assert_lives();
    let Window { lateness, fewest, over, .. } = &attack.window;
    found.extend(over.iter().map(|end| format!("a canary's match ended: {end}")));
    if row.repeats == Repeats::Restarts {
        return found;
    }
    let seconds = attack.lasted.as_secs_f64();
    if seconds > TELLING_S && *fewest < fewest_in(seconds) {
        found.push(format!("a canary heard {fewest} ticks in {seconds:.1} s"));
    }
    let allowed = baseline.lateness.allowed_p99();
    if stage.strict && lateness.p99() > allowed {
        found.push(format!("the canaries' p99 is {:.2} ms, allowed are {allowed:.2} ms", lateness.p99()));
    }
    found
}

fn some_of(ends: &[Ended], first: usize) -> Vec<String> {
    let ids: Vec<&String> = ends.iter().filter_map(|ended| ended.id.as_ref()).collect();
    let last = ids.len().saturating_sub(1).max(first);
    ids.iter().take(first).chain(ids.get(last)).map(|id| (*id).clone()).collect()
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}
