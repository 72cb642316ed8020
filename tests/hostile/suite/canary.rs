//! Matches that mean well, with a player in each who writes down when ticks come.
//!
//! The players are clients of the SDK, over QUIC: they come back by themselves when the server is started again.
#![allow(clippy::disallowed_methods, reason = "lateness is measured on the wall")]

use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::json;
use stadion_client::{RawEvent, RawMatch};
use stadion_tests::api::text;
use stadion_tests::{Api, Guest, chaos};

use super::lateness::{Heard, Lateness, Track};

/// Matches beside the hostile one.
pub(crate) const CANARIES: usize = 50;
/// Their rate, ticks a second, and the time between two of them.
const RATE: u16 = 20;
const PERIOD_NS: u64 = 1_000_000_000 / RATE as u64;
/// How far from it the rate may be over a long window. One that added a millisecond to every period would be at 19.6.
pub(crate) const RATE_HZ: std::ops::Range<f64> = 19.99..20.01;

/// Tells everyone the match time of every tick.
const TELL_THE_TIME: &str = "
  (i64.store (i32.const 1024) (local.get $time))
  (call $send (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const 8) (i32.const 2048))";

/// All of them.
pub(crate) struct Canaries {
    began: Instant,
    /// The matches.
    ids: Vec<String>,
    notes: Vec<Arc<Mutex<Notes>>>,
    /// Of each, once it was found.
    anchors: Vec<i64>,
}

/// What a player wrote down since it was last asked.
#[derive(Default)]
struct Notes {
    track: Track,
    /// Why its match ended, if it did.
    over: Option<String>,
}

/// What all players heard in a window.
pub(crate) struct Window {
    pub(crate) lateness: Lateness,
    /// Ticks of the canary that heard the fewest.
    pub(crate) fewest: usize,
    /// Ticks a second, skipped periods included: the median of all canaries.
    pub(crate) rate_hz: f64,
    /// Matches that ended, and why: there must be none.
    pub(crate) over: Vec<String>,
}

impl Canaries {
    /// Creates the matches and sits down in each.
    pub(crate) async fn open(api: &Api) -> Canaries {
        let canary = Guest { rate: RATE, step: TELL_THE_TIME, ..Guest::default() };
        api.publish("canary", canary.wasm()).await;
        let keeper = api.guest("keeper").await;
        let began = Instant::now();
        let mut canaries = Canaries { began, ids: Vec::new(), notes: Vec::new(), anchors: Vec::new() };
        for _ in 0..CANARIES {
            let (status, joined) = keeper.api.play("canary", &json!({"create": "private"})).await;
            assert!(status.is_success(), "{status} {joined}");
            canaries.ids.push(text(&joined["match"], "id").to_owned());
            let notes = Arc::new(Mutex::new(Notes::default()));
            canaries.notes.push(Arc::clone(&notes));
            // Ends with its match, or with the test.
            tokio::spawn(listen(chaos::enter(&joined).await, began, notes));
        }
        canaries
    }

    /// The matches.
    pub(crate) fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Forgets what was heard so far: a window begins.
    pub(crate) fn begin(&self) {
        self.take();
    }

    /// What was heard since [`Canaries::begin`], for finding out what is possible when nothing disturbs.
    pub(crate) fn baseline(&mut self) -> Window {
        let tracks = self.take();
        self.anchors = tracks.iter().map(|(track, _)| track.anchor().unwrap_or_default()).collect();
        self.window(&tracks)
    }

    /// What was heard since [`Canaries::begin`].
    pub(crate) fn end(&self) -> Window {
        self.window(&self.take())
    }

    fn window(&self, tracks: &[(Track, Option<String>)]) -> Window {
        let until = u64::try_from(self.began.elapsed().as_nanos()).unwrap();
        let late =
            tracks.iter().zip(&self.anchors).flat_map(|((track, _), anchor)| track.late(*anchor, PERIOD_NS, until));
        let mut paces: Vec<f64> = tracks.iter().filter_map(|(track, _)| track.pace()).collect();
        paces.sort_by(f64::total_cmp);
        Window {
            lateness: Lateness::of(late),
            rate_hz: paces.get(paces.len() / 2).copied().unwrap_or_default() * f64::from(RATE),
            fewest: tracks.iter().map(|(track, _)| track.heard.len()).min().unwrap_or_default(),
            over: tracks.iter().filter_map(|(_, over)| over.clone()).collect(),
        }
    }

    fn take(&self) -> Vec<(Track, Option<String>)> {
        let take = |notes: &Arc<Mutex<Notes>>| {
            let mut notes = notes.lock().unwrap();
            let before = notes.track.heard.last().copied().or(notes.track.before);
            let track = std::mem::replace(&mut notes.track, Track { before, heard: Vec::new() });
            (track, notes.over.clone())
        };
        self.notes.iter().map(take).collect()
    }
}

/// The fewest ticks that a canary may hear in so many seconds: half of its rate. Less is not a busy machine, but harm.
pub(crate) fn fewest_in(seconds: f64) -> usize {
    (seconds * f64::from(RATE) / 2.0) as usize
}

async fn listen(mut seat: RawMatch, began: Instant, notes: Arc<Mutex<Notes>>) {
    loop {
        match seat.next().await {
            RawEvent::Unreliable(time) => {
                let at = u64::try_from(began.elapsed().as_nanos()).unwrap();
                let time = u64::from_le_bytes(time[..].try_into().unwrap());
                notes.lock().unwrap().track.heard.push(Heard { time, at });
            }
            RawEvent::End(end) => {
                notes.lock().unwrap().over = Some(end.to_string());
                return;
            }
            _ => {}
        }
    }
}
