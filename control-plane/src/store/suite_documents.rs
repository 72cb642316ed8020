//! What every store must do about documents of games. Part of [`super::suite`], after its accounts and games.

use futures_util::future::join_all;
use stadion_protocol::contract::RequestKey;
use stadion_protocol::{Incarnation, MatchId, PlayerId};

use super::Store;
use super::suite::{account, game};
use crate::model::{
    Account, DocumentChange, DocumentError, DocumentLimits, DocumentPlace, OnceKey, PlayerAccess, UnixMs,
};

const LIMITS: DocumentLimits =
    DocumentLimits { of_player: 3, bytes_of_player: 1_000, of_game: 100, bytes_of_game: 2_000 };

pub(super) async fn run(store: &dyn Store) {
    versions_rise_and_never_come_back(store).await;
    of_writers_at_once_one_wins(store).await;
    a_change_that_is_asked_again_is_done_once(store).await;
    players_and_games_have_quotas(store).await;
    documents_are_listed_by_key(store).await;
    players_of_a_game_may_what_it_allows(store).await;
    a_deleted_account_leaves_no_document(store).await;
}

fn place(of: &str, player: Option<&str>, key: &str) -> DocumentPlace {
    let player = player.map(|player| player.parse().unwrap());
    DocumentPlace { game: game(of), player, key: key.parse().unwrap() }
}

fn put(place: DocumentPlace, expect: Option<u64>, data: &str) -> DocumentChange {
    DocumentChange { place, expect, data: Some(data.into()), once: None }
}

async fn change(store: &dyn Store, change: DocumentChange) -> Result<u64, DocumentError> {
    store.change_document(&change, &LIMITS, UnixMs(50)).await.unwrap()
}

async fn read(store: &dyn Store, place: &DocumentPlace) -> Option<(u64, String)> {
    let document = store.document(place).await.unwrap();
    document.map(|document| (document.version, String::from_utf8(document.data).unwrap()))
}

async fn versions_rise_and_never_come_back(store: &dyn Store) {
    let at = place("docs-versions", None, "schlüssel/1 a");
    assert_eq!(read(store, &at).await, None);
    assert_eq!(change(store, put(at.clone(), Some(1), "no")).await, Err(DocumentError::Conflict(0)));
    assert_eq!(change(store, put(at.clone(), Some(0), "one")).await, Ok(1));
    assert_eq!(change(store, put(at.clone(), Some(0), "no")).await, Err(DocumentError::Conflict(1)));
    assert_eq!(change(store, put(at.clone(), Some(1), "two")).await, Ok(2));
    assert_eq!(read(store, &at).await, Some((2, "two".to_owned())));
    assert_eq!(store.document(&at).await.unwrap().unwrap().changed_at, UnixMs(50));
    let remove = |expect| DocumentChange { data: None, ..put(at.clone(), expect, "") };
    assert_eq!(change(store, remove(Some(1))).await, Err(DocumentError::Conflict(2)));
    assert_eq!(change(store, remove(Some(2))).await, Ok(0));
    assert_eq!(change(store, remove(None)).await, Err(DocumentError::NotFound));
    assert_eq!(read(store, &at).await, None);
    let Ok(after) = change(store, put(at.clone(), None, "")).await else { panic!("refused") };
    assert!(after > 2, "who read version 1 or 2 must not take this for it");
    assert_eq!(read(store, &at).await, Some((after, String::new())));
    assert_eq!(read(store, &place("docs-versions", Some("p-ann"), "schlüssel/1 a")).await, None, "another's");
    assert_eq!(read(store, &place("docs-other", None, "schlüssel/1 a")).await, None, "another game's");
}

async fn of_writers_at_once_one_wins(store: &dyn Store) {
    let at = place("docs-race", None, "counter");
    let mut version = 0;
    for round in 0..3 {
        let data = round.to_string();
        let answers = join_all((0..8).map(|_| change(store, put(at.clone(), Some(version), &data)))).await;
        let won: Vec<u64> = answers.iter().filter_map(|answer| answer.ok()).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        let lost = |answer: &Result<u64, DocumentError>| *answer == Err(DocumentError::Conflict(won[0]));
        assert_eq!(answers.iter().filter(|answer| lost(answer)).count(), 7, "{answers:?}");
        version = won[0];
    }
}

async fn a_change_that_is_asked_again_is_done_once(store: &dyn Store) {
    let at = place("docs-once", None, "k");
    let key = |number| RequestKey { incarnation: Incarnation(1), number };
    let asks = |number, settled, expect| {
        let once = OnceKey { match_id: MatchId([7; 16]), key: key(number), settled_below: key(settled) };
        DocumentChange { once: Some(once), ..put(at.clone(), expect, "x") }
    };
    let first = change(store, asks(1, 1, Some(0))).await;
    assert_eq!(first, Ok(1));
    let again = join_all((0..4).map(|_| change(store, asks(1, 1, Some(0))))).await;
    assert_eq!(again, vec![first; 4], "a repeated write does not conflict with itself");
    assert_eq!(change(store, asks(2, 1, Some(9))).await, Err(DocumentError::Conflict(1)));
    assert_eq!(change(store, put(at.clone(), None, "y")).await, Ok(2));
    assert_eq!(change(store, asks(1, 1, Some(0))).await, first, "whatever was written since");
    assert_eq!(change(store, asks(2, 1, Some(9))).await, Err(DocumentError::Conflict(1)), "as it was answered");
    assert_eq!(read(store, &at).await, Some((2, "y".to_owned())));
    let other = OnceKey { match_id: MatchId([8; 16]), key: key(1), settled_below: key(1) };
    let other = DocumentChange { once: Some(other), ..put(at.clone(), None, "z") };
    assert_eq!(change(store, other).await, Ok(3), "another match counts for itself");
    assert_eq!(change(store, asks(3, 3, None)).await, Ok(4));
    assert_eq!(store.forget_answers(UnixMs(50)).await.unwrap(), 0);
    assert_eq!(store.forget_answers(UnixMs(51)).await.unwrap(), 2, "what was settled is gone already");
}

async fn players_and_games_have_quotas(store: &dyn Store) {
    let at = |player, key| place("docs-quota", player, key);
    let big = "x".repeat(900);
    assert_eq!(change(store, put(at(Some("p-1"), "a"), None, &big)).await, Ok(1));
    assert_eq!(change(store, put(at(Some("p-1"), "b"), None, &big)).await, Err(DocumentError::PlayerQuota));
    for key in ["b", "c"] {
        change(store, put(at(Some("p-1"), key), None, "")).await.unwrap();
    }
    assert_eq!(change(store, put(at(Some("p-1"), "d"), None, "")).await, Err(DocumentError::PlayerQuota));
    change(store, put(at(Some("p-2"), "a"), None, &big)).await.unwrap();
    assert_eq!(change(store, put(at(None, "a"), None, &big)).await, Err(DocumentError::GameQuota));
    let remove = DocumentChange { data: None, ..put(at(Some("p-1"), "a"), None, "") };
    assert_eq!(change(store, remove).await, Ok(0));
    assert!(change(store, put(at(None, "a"), None, &big)).await.is_ok(), "what went makes room");
}

async fn documents_are_listed_by_key(store: &dyn Store) {
    for key in ["b", "a", "Z", "ä", "a/1"] {
        change(store, put(place("docs-list", None, key), None, "12")).await.unwrap();
    }
    change(store, put(place("docs-list", Some("p-1"), "own"), None, "")).await.unwrap();
    let list = async |player: Option<&str>, after: Option<&str>, limit| -> Vec<String> {
        let (player, after) = (player.map(|id| id.parse::<PlayerId>().unwrap()), after.map(|key| key.parse().unwrap()));
        let heads = store.documents(&game("docs-list"), player.as_ref(), after.as_ref(), limit).await.unwrap();
        assert!(heads.iter().all(|head| head.changed_at == UnixMs(50) && head.version > 0));
        assert!(player.is_some() || heads.iter().all(|head| head.size == 2), "{heads:?}");
        heads.into_iter().map(|head| head.key.as_str().to_owned()).collect()
    };
    assert_eq!(list(None, None, 3).await, ["Z", "a", "a/1"]);
    assert_eq!(list(None, Some("a/1"), 3).await, ["b", "ä"]);
    assert_eq!(list(Some("p-1"), None, 3).await, ["own"]);
    assert_eq!(list(Some("p-2"), None, 3).await, Vec::<String>::new());
}

async fn players_of_a_game_may_what_it_allows(store: &dyn Store) {
    assert_eq!(store.player_access(&game("chess")).await.unwrap(), PlayerAccess::None);
    assert!(store.set_player_access(&game("chess"), PlayerAccess::Read).await.unwrap());
    assert_eq!(store.player_access(&game("chess")).await.unwrap(), PlayerAccess::Read);
    assert!(store.set_player_access(&game("chess"), PlayerAccess::None).await.unwrap());
    assert!(!store.set_player_access(&game("docs-nobody"), PlayerAccess::Read).await.unwrap());
}

async fn a_deleted_account_leaves_no_document(store: &dyn Store) {
    let gone = Account { sign_in: None, ..account("docs-gone") };
    store.create_account(&gone, None, None).await.unwrap();
    let (own, others) = (gone.id.as_str(), "p-docs-stays");
    for (of, player, key) in
        [("docs-gone", own, "a"), ("docs-gone", own, "b"), ("docs-gone-2", own, "a"), ("docs-gone", others, "a")]
    {
        change(store, put(place(of, Some(player), key), None, &"x".repeat(400))).await.unwrap();
    }
    let kept: Vec<_> = store.documents_of_player(&gone.id, 10).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|(place, _)| (place.game.as_str(), place.key.as_str())).collect();
    assert_eq!(kept, [("docs-gone", "a"), ("docs-gone", "b"), ("docs-gone-2", "a")]);
    assert_eq!(store.documents_of_player(&gone.id, 1).await.unwrap().len(), 1);
    store.delete_account(&gone.id).await.unwrap();
    assert_eq!(store.documents_of_player(&gone.id, 10).await.unwrap(), []);
    assert!(read(store, &place("docs-gone", Some(others), "a")).await.is_some());
    let late = change(store, put(place("docs-gone", Some(own), "a"), None, "late")).await;
    assert_eq!(late, Err(DocumentError::Forgotten), "a match that still runs knows its id");
    for key in ["a", "b", "c"] {
        let room = change(store, put(place("docs-gone", None, key), None, &"x".repeat(500))).await;
        assert!(room.is_ok(), "what went makes room: {room:?}");
    }
}
