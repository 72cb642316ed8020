//! A rule changes, and running matches go on under the new one.

use bomberman::{Phase, View};

use super::program::{Dev, blocking, new_game, own_bomberman};
use super::seats::{Counter, sees, two_bombers};

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_changes_under_two_players_who_play_on() {
    let dev = blocking(|| Dev::begin(new_game("dev-story"), &[])).await;
    let (mut ada, mut bob) = Counter::two(&dev.server, "dev-story").await;
    bob.sees(0, 21).await;
    ada.add(3);
    bob.sees(3, 21).await;
    // More than three at once was refused, and nobody tried: the new build plays those ticks in the same way.
    dev.edit("src/lib.rs", "!(1..=3).contains(&n)", "!(1..=5).contains(&n)");
    let (dev, saved) = dev.hears("saved").await;
    assert_eq!((&saved["moved"], &saved["kept"]), (&1.into(), &0.into()), "{saved}");
    bob.add(5);
    ada.sees(8, 21).await;
    eprintln!("from save to effect: {} ms ({saved})", saved["ms"]);

    dev.edit("src/lib.rs", "!(1..=5).contains(&n)", "!(1..=five).contains(&n)");
    let (dev, failed) = dev.hears("failed").await;
    assert!(failed["message"].as_str().unwrap().contains("does not build"), "{failed}");
    ada.add(4);
    bob.sees(12, 21).await;
    blocking(|| drop(dev)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walls_of_a_running_bomberman_match_close_in_sooner() {
    let dev = blocking(|| Dev::begin(own_bomberman("bomberman-walls"), &["--on-difference", "accept"])).await;
    let (mut first, mut second) = two_bombers(&dev.server).await;
    sees(&mut first, "the start", |view| matches!(view.phase, Phase::Calm(_))).await;
    // The seconds that are left are shown: the new rule would have shown others from the start, which is accepted.
    dev.edit("src/lib.rs", "CALM_TICKS: u32 = 120 *", "CALM_TICKS: u32 = 60 *");
    let (dev, saved) = dev.hears("saved").await;
    assert_eq!(saved["moved"], 1, "{saved}");
    for seat in [&mut first, &mut second] {
        // Under the old rule more than a minute would be left, however long the build took.
        let sooner = |view: &View| matches!(view.phase, Phase::Calm(seconds) if seconds <= 60);
        sees(seat, "the new rule", sooner).await;
    }
    eprintln!("from save to effect: {} ms ({saved})", saved["ms"]);
    blocking(|| drop(dev)).await;
}
