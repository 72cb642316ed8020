//! Ticks keep to absolute deadlines in real time.

use std::time::{Duration, Instant};

use crate::guests::guest;
use crate::rig::Rig;

const PERIOD: Duration = Duration::from_millis(50);

#[tokio::test]
async fn twenty_hertz_is_never_early_and_does_not_drift() {
    const PERIODS: u32 = 60;
    let mut rig = Rig::new();
    let version = rig.publish(&guest("quiet"));
    let asked = Instant::now();
    let (id, _players) = rig.play(version, 1).await;
    let started = Instant::now();
    // A tick that a busy machine made late shows in the periods that were skipped, not in the pace.
    let stats = loop {
        let stats = rig.host.match_stats(id).await.unwrap();
        if stats.ticks + stats.skipped >= u64::from(PERIODS) {
            break stats;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "{stats:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert!(asked.elapsed() >= PERIOD * PERIODS, "early: {:?} {stats:?}", asked.elapsed());
    // Drift adds up: a period measured from the end of the one before is late by what ticks take, each time. What is
    // left beyond the newest tick's own lateness is at most the period that it stands in.
    let late = started.elapsed().saturating_sub(PERIOD * PERIODS);
    assert!(late <= stats.worst_lateness + PERIOD * 2, "{late:?} {stats:?}");
    assert!(stats.lateness.count() >= stats.ticks - 1 && stats.total_cpu > Duration::ZERO, "{stats:?}");
}
