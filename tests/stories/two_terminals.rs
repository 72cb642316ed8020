//! Two friends before two real terminals, with nothing but keys: from the registration to the changed rating.

use std::time::Duration;

use stadion_tests::Server;

use super::lobby::publish;
use super::prompts::{command, home};
use super::terminal::{self, Lines};

/// Between two bombs of a player who is tired of life.
const BOMB_EVERY: Duration = Duration::from_millis(400);
/// A match of bomberman is over within so many.
const MOST_BOMBS: u32 = 150;
/// How often is looked whether somebody is ready.
const LOOKS: u32 = 100;

/// Somebody, whose account lies in a folder of their own.
struct Person<'a> {
    server: &'a Server,
    folder: tempfile::TempDir,
}

impl<'a> Person<'a> {
    async fn registers(server: &'a Server, name: &str) -> Person<'a> {
        let person = Person { server, folder: home() };
        let mut asked = person.begins(&["account", "register", name]);
        asked.says("password: ").await;
        asked.press("correct horse battery\r");
        let (status, said) = asked.ends().await;
        assert!(status.success(), "{said}");
        person
    }

    fn begins(&self, words: &[&str]) -> Lines {
        Lines::begin(&command(self.server, self.folder.path(), words))
    }

    /// All that a command says that asks for nothing.
    async fn does(&self, words: &[&str]) -> String {
        let (status, said) = self.begins(words).ends().await;
        assert!(status.success(), "{words:?}: {said}");
        said
    }
}

#[tokio::test]
async fn two_people_at_terminals_form_a_party_confirm_a_match_play_it_on_their_screens_and_are_rated() {
    if !terminal::can_be_made() {
        return;
    }
    let server = Server::start();
    publish(&server).await;
    let (ada, bob) = (Person::registers(&server, "ada").await, Person::registers(&server, "bob").await);
    ada.does(&["party", "new"]).await;
    ada.does(&["party", "invite", "bob"]).await;
    assert!(bob.does(&["party", "invitations"]).await.contains("ada"));
    assert!(bob.does(&["party", "accept"]).await.contains("bob"));

    let mut bobs = bob.begins(&["search"]);
    let mut looks = 0;
    while !ada.does(&["party"]).await.contains("bob  ready") {
        looks += 1;
        assert!(looks < LOOKS, "bob is not ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut adas = ada.begins(&["search", "bomberman", "duel"]);
    for screen in [&mut adas, &mut bobs] {
        screen.says("a match of 2 players").await;
    }
    adas.press("\r");
    bobs.press("\r");

    // Bob stands where he drops his bombs, until one of them is his last; then any key leads back to the lines.
    for _ in 0..MOST_BOMBS {
        if [&adas, &bobs].iter().all(|screen| screen.has_said("rating in duel: ")) {
            break;
        }
        // Whoever has read the result is gone.
        adas.types("x");
        bobs.types(" ");
        tokio::time::sleep(BOMB_EVERY).await;
    }
    for (screen, place, sign) in [(adas, "place 1", "(+"), (bobs, "place 2", "(-")] {
        let (status, said) = screen.ends().await;
        assert!(status.success() && said.contains("\u{1b}[?1049h"), "it was played on the whole screen: {said}");
        let rating = said.lines().find_map(|line| line.split_once("rating in duel: 1500 -> ")).map(|(_, after)| after);
        assert!(said.contains(place) && rating.is_some_and(|rating| rating.contains(sign)), "{place} {rating:?}");
    }
    let board = ada.does(&["leaderboard", "bomberman", "duel"]).await;
    assert!(board.find("ada").unwrap() < board.find("bob").unwrap(), "{board}");
    assert!(ada.does(&["party"]).await.contains("party gathering"), "they are back");
}
