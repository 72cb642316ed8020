//! The server's process is killed while two people sit before their terminals and play.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use stadion_tests::{Server, programs};

use super::terminal::{self, Frame, FullScreen};

const LEFT: &str = "\x1b[D";
const RIGHT: &str = "\x1b[C";
const ESCAPE: &str = "\x1b";
/// The head of a screen whose connection is well.
const LIVE: &str = "live, ";
/// How long an arrow key is held: longer than a step takes.
const HELD: Duration = Duration::from_millis(400);

/// How long a server stays away, so that those who play must notice.
const AWAY: Duration = Duration::from_millis(1500);
/// Columns that a cell of the arena takes on the screen.
const CELL: usize = 4;

/// Somebody who plays bomberman at a terminal.
struct Person {
    screen: FullScreen,
    seat: usize,
    /// The keys that lead out of the corner and back.
    out: &'static str,
    back: &'static str,
}

impl Person {
    fn sits_down(server: &Server, name: &str, which: &[&str]) -> FullScreen {
        let mut command = server.stadion();
        command.args(["play", "bomberman", "--name", name]).args(which);
        FullScreen::begin(&command)
    }

    /// Plays until told otherwise: out of the corner and back.
    async fn plays(&self, goes_on: &AtomicBool) {
        while goes_on.load(Ordering::Relaxed) {
            self.screen.press(self.out);
            tokio::time::sleep(HELD).await;
            self.screen.press(self.back);
            tokio::time::sleep(HELD).await;
        }
    }

    /// Everybody sees the figure go to its corner and out again, by keys pressed now.
    async fn walks(&self, seen_by: [&Person; 2], corner: At) {
        for (key, to_corner) in [(self.back, true), (self.out, false)] {
            self.screen.press(key);
            for person in seen_by {
                let arrives = |frame: &Frame| figure(frame, self.seat).is_some_and(|at| (at == corner) == to_corner);
                person.screen.shows("a step", arrives).await;
            }
        }
    }

    /// The longest time that the arena stood still on the screen since the last that moved before then; and whether the
    /// screen said why.
    fn stall(&self, since: Instant) -> (Duration, bool) {
        let mut moves = self.screen.frames();
        moves.dedup_by_key(|frame| (clock(frame), figure(frame, 0), figure(frame, 1)));
        let before = moves.partition_point(|frame| frame.at < since).saturating_sub(1);
        let stall = moves[before..].windows(2).map(|pair| pair[1].at - pair[0].at).max();
        let said = self.screen.frames().iter().any(|frame| frame.rows[0].contains("reconnecting"));
        (stall.unwrap(), said)
    }
}

/// Column and row on the screen.
type At = (usize, usize);

/// Where a figure stands: its seat, and the arrow to where it looks.
fn figure(frame: &Frame, seat: usize) -> Option<At> {
    let arrows = ['▲', '▼', '◀', '▶'].map(|arrow| format!("{seat}{arrow}"));
    frame.rows.iter().enumerate().find_map(|(y, row)| {
        let at = arrows.iter().find_map(|arrow| row.find(arrow.as_str()))?;
        Some((row[..at].chars().count(), y))
    })
}

/// Seconds that the match says are left until the walls close in.
fn clock(frame: &Frame) -> Option<u32> {
    let row = frame.row("the walls close in in")?;
    row.split("close in in ").nth(1)?.split(' ').next()?.parse().ok()
}

/// Two who play: the first begins a match, the second comes by the code in the first line of the first one's screen.
async fn two_at_terminals(server: &Server) -> [Person; 2] {
    let ada = Person::sits_down(server, "ada", &["--create", "--seats", "2"]);
    let head = ada.shows("the code", |frame| frame.rows[0].contains("code ")).await.rows[0].clone();
    let code = head.split("code ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let bob = Person::sits_down(server, "bob", &[&code]);
    [Person { screen: ada, seat: 0, out: RIGHT, back: LEFT }, Person { screen: bob, seat: 1, out: LEFT, back: RIGHT }]
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_at_terminals_play_on_when_the_server_is_killed() {
    if !terminal::can_be_made() {
        return;
    }
    let mut server = Server::durable(&[]);
    server.api().publish("bomberman", programs::game("bomberman")).await;
    let [ada, bob] = two_at_terminals(&server).await.map(Arc::new);
    let start = ada.screen.shows("the start", |frame| clock(frame).is_some()).await;
    let corners = [0, 1].map(|seat| figure(&start, seat).unwrap());
    for person in [&ada, &bob] {
        person.walks([&ada, &bob], corners[person.seat]).await;
    }
    let id = server.api().matches("bomberman").await.remove(0).id;
    let before = server.api().match_now(&id).await;

    let goes_on = Arc::new(AtomicBool::new(true));
    let playing = [&ada, &bob].map(|person| {
        let (person, goes_on) = (person.clone(), goes_on.clone());
        tokio::spawn(async move { person.plays(&goes_on).await })
    });
    tokio::time::sleep(2 * HELD).await;
    let (left, killed) = (clock(ada.screen.frames().last().unwrap()).unwrap(), terminal::now());
    server.kill();
    server.restart();
    for person in [&ada, &bob] {
        let goes_on = |frame: &Frame| frame.rows[0].contains(LIVE) && clock(frame).is_some_and(|now| now + 2 <= left);
        person.screen.shows("the clock", goes_on).await;
    }
    goes_on.store(false, Ordering::Relaxed);
    for player in playing {
        player.await.unwrap();
    }
    for person in [&ada, &bob] {
        person.walks([&ada, &bob], corners[person.seat]).await;
        let (stall, said) = person.stall(killed);
        let why = if said { ", and said that it reconnects" } else { "" };
        eprintln!("seat {}: the arena stood still for {} ms{why}", person.seat, stall.as_millis());
        let begun = person.screen.frames().pop().unwrap().rows.iter().filter(|row| row.contains("Begins")).count();
        assert_eq!(begun, 1, "it is told once that the match begins: {:#?}", person.screen.frames().last());
    }

    let after = server.api().match_now(&id).await;
    assert_eq!((&before["incarnation"], &after["incarnation"]), (&json!(1), &json!(2)), "{after}");
    assert_eq!(after["state"], "running", "{after}");
    for seat in 0..2 {
        assert_eq!(before["seats"][seat]["player"], after["seats"][seat]["player"], "{before} {after}");
        assert_eq!(after["seats"][seat]["presence"], "connected", "{after}");
    }
    assert!(after["tick"].as_u64() > before["tick"].as_u64(), "{before} {after}");
    leave(&server, &id, [ada, bob]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_on_its_way_walks_on_after_a_kill_without_another_key() {
    if !terminal::can_be_made() {
        return;
    }
    let mut server = Server::durable(&[]);
    server.api().publish("bomberman", programs::game("bomberman")).await;
    let [ada, bob] = two_at_terminals(&server).await;
    let start = ada.screen.shows("the start", |frame| clock(frame).is_some()).await;
    let corner = figure(&start, ada.seat).unwrap();
    ada.screen.press(ada.out);
    ada.screen.shows("a step", |frame| figure(frame, ada.seat).is_some_and(|at| at != corner)).await;
    server.kill();
    tokio::time::sleep(AWAY).await;
    server.restart();
    // The two cells beside a corner are always free.
    let there = |frame: &Frame| figure(frame, ada.seat).is_some_and(|at| at.0 >= corner.0 + 2 * CELL);
    for person in [&ada, &bob] {
        person.screen.shows("the rest of the way", there).await;
    }
}

/// The first leaves, by which the second has won; both programs have run until now, and end well.
async fn leave(server: &Server, id: &str, people: [Arc<Person>; 2]) {
    let [mut ada, mut bob] = people.map(|person| Arc::into_inner(person).unwrap().screen);
    ada.assert_runs();
    bob.assert_runs();
    ada.press(ESCAPE);
    bob.shows("the end", |frame| frame.rows[0].contains("over: ")).await;
    bob.press(" ");
    for (screen, says) in [(ada, "left the match"), (bob, id)] {
        let (status, last) = screen.ends().await;
        assert!(status.success() && last.row(says).is_some(), "{status}: {last:#?}");
    }
    let ended = server.api().ended(id).await;
    assert_eq!((&ended["end"]["kind"], &ended["incarnation"]), (&json!("finished"), &json!(2)));
}
