//! Players of the games that are developed here. Whoever has to reconnect fails the test.

use std::time::Duration;

use bomberman::{Bomberman, View};
use stadion_client::{Event, Match, Play, RawEvent, RawMatch, Stadion};

/// For everything that players do.
const WAIT: Duration = Duration::from_secs(30);

/// A player of the template's game, by its bytes.
pub(super) struct Counter(RawMatch);

/// What a player of it sees: the total, and the goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) total: u8,
    pub(super) goal: u8,
}

impl Counter {
    /// Two of them, in a match of their own.
    pub(super) async fn two(server: &str, game: &str) -> (Counter, Counter) {
        let ada = Stadion::guest(server, "ada").await.unwrap();
        let first = ada.play_raw(game, Play::Create).await.unwrap();
        let code = first.info().unwrap().code.clone().unwrap();
        let bob = Stadion::guest(server, "bob").await.unwrap();
        (Counter(first), Counter(bob.play_raw(game, Play::Code(code)).await.unwrap()))
    }

    /// `In::Add(n)`.
    pub(super) fn add(&self, n: u8) {
        self.0.send(&[0, n]).unwrap();
    }

    /// Waits until this is seen.
    pub(super) async fn sees(&mut self, total: u8, goal: u8) {
        let wanted = Count { total, goal };
        let mut seen = Vec::new();
        let waiting = async {
            loop {
                match self.0.next().await {
                    RawEvent::View(view) => {
                        seen.push(Count { total: view[0], goal: view[1] });
                        if seen.last() == Some(&wanted) {
                            return;
                        }
                    }
                    RawEvent::End(end) => panic!("it ended: {end:?}"),
                    RawEvent::Stalled => panic!("a player had to reconnect"),
                    _ => {}
                }
            }
        };
        let in_time = tokio::time::timeout(WAIT, waiting).await;
        assert!(in_time.is_ok(), "nobody saw {wanted:?}, but {seen:?}");
    }

    /// Waits until the match has ended for this player.
    pub(super) async fn ends(&mut self) {
        let waiting = async { while !matches!(self.0.next().await, RawEvent::End(_)) {} };
        tokio::time::timeout(WAIT, waiting).await.expect("the match ends");
    }

    /// The match's id.
    pub(super) fn id(&self) -> String {
        self.0.info().unwrap().id.clone()
    }
}

/// Two players of bomberman, in a match of their own.
pub(super) async fn two_bombers(server: &str) -> (Match<Bomberman>, Match<Bomberman>) {
    let ada = Stadion::guest(server, "ada").await.unwrap();
    let first = ada.play::<Bomberman>("bomberman", Play::Create).await.unwrap();
    let code = first.code().unwrap().to_owned();
    let bob = Stadion::guest(server, "bob").await.unwrap();
    (first, bob.play::<Bomberman>("bomberman", Play::Code(code)).await.unwrap())
}

/// Waits until a view is seen; gives it.
pub(super) async fn sees(seat: &mut Match<Bomberman>, what: &str, wanted: impl Fn(&View) -> bool) -> View {
    let waiting = async {
        loop {
            match seat.next().await {
                Event::View(view) if wanted(&view) => return view,
                Event::End(end) => panic!("it ended: {end:?}"),
                Event::Stalled => panic!("a player had to reconnect"),
                _ => {}
            }
        }
    };
    tokio::time::timeout(WAIT, waiting).await.unwrap_or_else(|_| panic!("nobody saw {what}"))
}
