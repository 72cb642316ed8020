//! A match that the new build would have played otherwise: what was chosen on the command line is what becomes of it.

use serde_json::Value;

use super::program::{Dev, blocking, new_game};
use super::seats::Counter;

/// Everybody sees the goal, so that the new build differs from the first view on.
const GOAL: (&str, &str) = ("GOAL: u8 = 21", "GOAL: u8 = 31");
/// Nobody has tried to add more than three.
const HARMLESS: (&str, &str) = ("!(1..=3).contains(&n)", "!(1..=5).contains(&n)");

/// Two players who have counted to three when the goal changes, and what was told of it.
struct Scene {
    dev: Dev,
    ada: Counter,
    bob: Counter,
    differs: Value,
    saved: Value,
}

impl Scene {
    async fn with(game: &'static str, choice: &'static str) -> Scene {
        let dev = blocking(move || Dev::begin(new_game(game), &["--on-difference", choice])).await;
        let (ada, mut bob) = Counter::two(&dev.server, game).await;
        bob.sees(0, 21).await;
        ada.add(3);
        bob.sees(3, 21).await;
        dev.edit("src/lib.rs", GOAL.0, GOAL.1);
        let (dev, differs) = dev.hears("differs").await;
        let (dev, saved) = dev.hears("saved").await;
        Scene { dev, ada, bob, differs, saved }
    }

    /// The first tick that differs is told, with what was played and what would have been.
    fn shows_the_difference(&self) {
        let Scene { differs, ada, .. } = self;
        assert_eq!(differs["match"], ada.id(), "{differs}");
        assert!(differs["tick"].as_u64().is_some(), "{differs}");
        let shown: Vec<&str> = differs["shown"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let side = |sign: &str, goal: &str| shown.iter().any(|line| line.contains(sign) && line.contains(goal));
        assert!(side("- send", "goal: 21") && side("+ send", "goal: 31"), "{shown:?}");
    }

    fn counts(&self) -> (u64, u64) {
        (self.saved["moved"].as_u64().unwrap(), self.saved["kept"].as_u64().unwrap())
    }

    /// A rule that changes nothing that was played: the match goes on in that version too.
    async fn another_change(self) -> Scene {
        let Scene { dev, ada, bob, differs, .. } = self;
        dev.edit("src/lib.rs", HARMLESS.0, HARMLESS.1);
        let (dev, saved) = dev.hears("saved").await;
        Scene { dev, ada, bob, differs, saved }
    }

    async fn end(self) {
        blocking(move || drop(self.dev)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_differs_is_kept_on_the_old_build() {
    let mut scene = Scene::with("dev-keep", "keep").await;
    scene.shows_the_difference();
    assert_eq!(scene.counts(), (0, 1), "{}", scene.saved);
    scene.bob.add(3);
    scene.ada.sees(6, 21).await;
    let (mut carol, _dan) = Counter::two(&scene.dev.server, "dev-keep").await;
    carol.sees(0, 31).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_differs_is_restarted_with_the_same_players() {
    let mut scene = Scene::with("dev-restart", "restart").await;
    scene.shows_the_difference();
    assert_eq!(scene.counts(), (1, 0), "{}", scene.saved);
    scene.ada.sees(0, 31).await;
    scene.bob.sees(0, 31).await;
    scene.ada.add(2);
    scene.bob.sees(2, 31).await;
    let mut scene = scene.another_change().await;
    assert_eq!(scene.counts(), (1, 0), "{}", scene.saved);
    scene.bob.add(5);
    scene.ada.sees(7, 31).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_differs_is_carried_over_by_save_and_load() {
    let mut scene = Scene::with("dev-carry", "carry").await;
    scene.shows_the_difference();
    assert_eq!(scene.counts(), (1, 0), "{}", scene.saved);
    scene.ada.sees(3, 31).await;
    scene.bob.add(3);
    scene.ada.sees(6, 31).await;
    let mut scene = scene.another_change().await;
    assert_eq!(scene.counts(), (1, 0), "{}", scene.saved);
    scene.ada.add(5);
    scene.bob.sees(11, 31).await;
    scene.end().await;
}
