//! What every store must do about friends, blocks and ratings. Part of [`super::suite`], after its accounts and matches.

use stadion_protocol::contract::QueueName;
use stadion_protocol::{GameName, MatchId, PlayerId};

use super::suite::account;
use super::{Board, RatingWrite, Store};
use crate::model::{Account, Friendship, QueuedMatch, Rating, UnixMs};

pub(super) async fn run(store: &dyn Store) {
    let players: Vec<PlayerId> = ["bea", "cid", "dan", "eve"].iter().map(|name| account(name).id).collect();
    for name in ["bea", "cid", "dan", "eve"] {
        let account = Account { sign_in: None, ..account(name) };
        store.create_account(&account, None, None).await.unwrap();
    }
    friends_are_those_who_both_want_it(store, &players).await;
    blocks_end_friendships_and_are_bounded(store, &players).await;
    a_match_changes_ratings_once(store, &players).await;
    leaderboards_show_the_best_those_around_and_friends(store, &players).await;
}

async fn friends_are_those_who_both_want_it(store: &dyn Store, players: &[PlayerId]) {
    let [bea, cid, dan, _] = players else { panic!("four players") };
    assert_eq!(store.befriend(bea, cid, UnixMs(1), 2).await.unwrap(), Some(Friendship::Asked));
    assert_eq!(
        store.befriend(bea, cid, UnixMs(2), 2).await.unwrap(),
        Some(Friendship::Asked),
        "asking again is no answer"
    );
    let of = async |player| -> Vec<(String, Friendship)> {
        let friends = store.friends(player, 10).await.unwrap();
        friends.into_iter().map(|friend| (friend.account.name.as_str().to_owned(), friend.friendship)).collect()
    };
    assert_eq!(of(cid).await, [("bea".to_owned(), Friendship::Asking)]);
    assert_eq!(store.befriend(cid, bea, UnixMs(3), 2).await.unwrap(), Some(Friendship::Mutual));
    assert_eq!(store.befriend(bea, dan, UnixMs(4), 1).await.unwrap(), None, "one is all that it may have");
    assert_eq!(store.befriend(bea, dan, UnixMs(4), 2).await.unwrap(), Some(Friendship::Asked));
    assert_eq!(of(bea).await, [("cid".to_owned(), Friendship::Mutual), ("dan".to_owned(), Friendship::Asked)]);
    store.unfriend(dan, bea).await.unwrap();
    assert_eq!(of(dan).await, []);
}

async fn blocks_end_friendships_and_are_bounded(store: &dyn Store, players: &[PlayerId]) {
    let [bea, cid, dan, eve] = players else { panic!("four players") };
    store.befriend(dan, eve, UnixMs(1), 2).await.unwrap();
    assert!(store.block(eve, dan, UnixMs(2), 1).await.unwrap());
    assert!(store.block(eve, dan, UnixMs(2), 1).await.unwrap(), "it is blocked already");
    assert!(!store.block(eve, bea, UnixMs(2), 1).await.unwrap());
    assert_eq!(store.friends(dan, 10).await.unwrap(), []);
    assert_eq!(store.blocked(eve).await.unwrap(), std::slice::from_ref(dan));
    assert_eq!(store.blocked_accounts(eve).await.unwrap()[0].name.as_str(), "dan");
    assert_eq!(store.blocked(dan).await.unwrap(), [], "that is one's own affair");
    store.unblock(eve, dan).await.unwrap();
    assert_eq!(store.blocked(eve).await.unwrap(), []);
    assert!(store.friends(bea, 10).await.unwrap()[0].mutual() && store.friends(cid, 10).await.unwrap()[0].mutual());
}

fn chess() -> (GameName, QueueName) {
    ("chess".parse().unwrap(), "duel".parse().unwrap())
}

/// Matches 1 and 2 of the suite are over, 3 runs.
fn queued(n: u8) -> QueuedMatch {
    let (game, queue) = chess();
    QueuedMatch { id: MatchId([n; 16]), game, queue, created_at: UnixMs(u64::from(n)) }
}

fn rated(mean: f64, matches: u32) -> Rating {
    Rating { mean, deviation: 5.5, matches }
}

async fn a_match_changes_ratings_once(store: &dyn Store, players: &[PlayerId]) {
    let (game, queue) = chess();
    let two = &players[..2];
    for n in [1, 1, 2, 3] {
        store.note_queued_match(&queued(n)).await.unwrap();
    }
    assert_eq!(store.unrated_match(queued(1).id).await.unwrap(), Some(queued(1)));
    assert_eq!(store.unrated_match(MatchId([77; 16])).await.unwrap(), None);
    assert_eq!(store.unrated_ended(10).await.unwrap(), [queued(1).id, queued(2).id], "3 still runs");
    assert_eq!(store.ratings(&game, &queue, two).await.unwrap(), [Rating::default(), Rating::default()]);
    let changes = |before: [Rating; 2], after: [Rating; 2]| {
        let pairs = two.iter().cloned().zip(before.into_iter().zip(after));
        pairs.map(|(player, (before, after))| (player, before, after)).collect::<Vec<_>>()
    };
    let beginners = || [Rating::default(), Rating::default()];
    let first = RatingWrite { queued: queued(1), changes: changes(beginners(), [rated(27.5, 1), rated(22.5, 1)]) };
    assert!(store.rate(&first, UnixMs(5)).await.unwrap());
    assert!(!store.rate(&first, UnixMs(6)).await.unwrap(), "each match counts once");
    assert_eq!(store.ratings(&game, &queue, two).await.unwrap(), [rated(27.5, 1), rated(22.5, 1)]);
    let late = RatingWrite { queued: queued(2), changes: changes(beginners(), [rated(1.0, 1), rated(1.0, 1)]) };
    assert!(!store.rate(&late, UnixMs(7)).await.unwrap(), "the ratings are others by now");
    assert_eq!(store.unrated_ended(10).await.unwrap(), [queued(2).id], "it can be tried again");
    let second = [rated(28.0, 2), rated(22.0, 2)];
    let again = changes([rated(27.5, 1), rated(22.5, 1)], second.clone());
    assert!(store.rate(&RatingWrite { queued: queued(2), changes: again }, UnixMs(8)).await.unwrap());
    assert_eq!(store.ratings(&game, &queue, two).await.unwrap(), second);
}

async fn leaderboards_show_the_best_those_around_and_friends(store: &dyn Store, players: &[PlayerId]) {
    let (game, queue) = chess();
    let [bea, cid, dan, eve] = players else { panic!("four players") };
    let changes =
        vec![(dan.clone(), Rating::default(), rated(30.0, 1)), (eve.clone(), Rating::default(), rated(22.0, 1))];
    assert!(store.rate(&RatingWrite { queued: queued(3), changes }, UnixMs(9)).await.unwrap());
    let board = async |board: Board, limit| -> Vec<(u32, String)> {
        let standings = store.leaderboard(&game, &queue, &board, limit).await.unwrap();
        standings.into_iter().map(|s| (s.place, s.account.name.as_str().to_owned())).collect()
    };
    let named = |places: &[(u32, &str)]| places.iter().map(|(n, name)| (*n, (*name).to_owned())).collect::<Vec<_>>();
    let all = board(Board::All { after: 0 }, 10).await;
    assert_eq!(all, named(&[(1, "dan"), (2, "bea"), (3, "cid"), (3, "eve")]), "as good is the same place");
    assert_eq!(board(Board::All { after: 1 }, 2).await, named(&[(2, "bea"), (3, "cid")]));
    assert_eq!(board(Board::Around(eve.clone()), 2).await, named(&[(3, "cid"), (3, "eve")]));
    assert_eq!(board(Board::Friends(cid.clone()), 10).await, named(&[(1, "bea"), (2, "cid")]));
    assert_eq!(board(Board::Friends(bea.clone()), 1).await, named(&[(1, "bea")]));
    assert_eq!(store.ratings_of(dan).await.unwrap(), [(game.clone(), queue.clone(), rated(30.0, 1))]);
}
