//! What every store must do. Each implementation runs this on a fresh instance, and [`everything_is_still_there`] on
//! what the first run left behind.

use stadion_protocol::contract::{
    Description, EndReason, LogLevel, LogLine, MatchState, MatchStatus, Placing, PlayerInfo, Presence, SeatStatus,
};
use stadion_protocol::{GameName, Incarnation, MatchId, Seat, Tick, VersionId};

use super::suite_channels::serve;
use super::{NewAccountError, Store};
use crate::model::{
    Account, AccountName, Game, HostName, MatchEnd, MatchFilter, MatchNarrowing, MatchRecord, MatchWrite, PageRequest,
    PasswordHash, Quarantine, Role, Session, SessionId, StateFilter, UnixMs, Usage, UsageScope, UsageSum, Version,
    Viewer, Visibility,
};

pub(super) async fn run(store: &dyn Store) {
    store.ping().await.unwrap();
    accounts_are_unique_by_their_sign_in_name(store).await;
    sessions_rotate_by_compare_and_set(store).await;
    revoked_sessions_are_listed_for_a_while(store).await;
    games_have_one_owner_and_a_newest_version(store).await;
    super::suite_channels::run(store).await;
    matches_take_their_writes_in_any_order(store).await;
    matches_that_run_are_found_by_host_code_and_key(store).await;
    matches_are_listed_newest_first(store).await;
    journals_are_listed_until_forgotten(store).await;
    usage_is_summed_by_game_and_version(store).await;
    super::suite_events::run(store).await;
    super::suite_history::run(store).await;
    super::suite_quotas::run(store).await;
    super::suite_second_factors::run(store).await;
    super::suite_security::run(store).await;
    super::suite_social::run(store).await;
    super::suite_documents::run(store).await;
    super::suite_webhooks::run(store).await;
    everything_is_still_there(store).await;
}

pub(super) async fn everything_is_still_there(store: &dyn Store) {
    assert_eq!(store.credentials(&name("ANN")).await.unwrap().unwrap(), (account("ann"), password()));
    assert_eq!(store.session(SessionId([1; 16])).await.unwrap().unwrap().generation, 2);
    assert_eq!(store.version(&game("chess"), VersionId([1; 32])).await.unwrap(), Some(overridden()));
    assert_eq!(latest(store).await, Some(VersionId([1; 32])));
    assert_eq!(store.match_record(MatchId([1; 16])).await.unwrap().unwrap(), ended(1));
}

pub(super) fn name(text: &str) -> AccountName {
    text.parse().unwrap()
}

pub(super) fn game(text: &str) -> GameName {
    text.parse().unwrap()
}

fn host(text: &str) -> HostName {
    text.parse().unwrap()
}

pub(super) fn account(text: &str) -> Account {
    Account {
        id: format!("p-{text}").parse().unwrap(),
        name: text.parse().unwrap(),
        sign_in: Some(name(text)),
        role: Role::Developer,
        linked: false,
        created_at: UnixMs(7),
    }
}

pub(super) fn password() -> PasswordHash {
    PasswordHash("$argon2id$..".to_owned())
}

pub(super) fn session(n: u8) -> Session {
    Session {
        id: SessionId([n; 16]),
        account: account("ann").id,
        generation: 1,
        rotated_at: UnixMs(10),
        expires_at: UnixMs(1000),
        revoked: false,
    }
}

async fn accounts_are_unique_by_their_sign_in_name(store: &dyn Store) {
    store.create_account(&account("ann"), Some(&password()), Some(&session(1))).await.unwrap();
    let again = store.create_account(&Account { id: "p-2".parse().unwrap(), ..account("ANN") }, None, None).await;
    assert!(matches!(again, Err(NewAccountError::NameTaken)));
    for n in 0..2 {
        let guest = Account { id: format!("p-guest{n}").parse().unwrap(), sign_in: None, ..account("guest") };
        store.create_account(&guest, None, None).await.unwrap();
        assert_eq!(store.account(&guest.id).await.unwrap(), Some(guest));
    }
    assert_eq!(store.credentials(&name("nobody")).await.unwrap(), None);
}

async fn sessions_rotate_by_compare_and_set(store: &dyn Store) {
    let id = session(1).id;
    assert_eq!(store.session(id).await.unwrap(), Some(session(1)));
    assert!(store.rotate_session(id, 1, UnixMs(20)).await.unwrap());
    assert!(!store.rotate_session(id, 1, UnixMs(30)).await.unwrap(), "somebody was first");
    let rotated = Session { generation: 2, rotated_at: UnixMs(20), ..session(1) };
    assert_eq!(store.session(id).await.unwrap(), Some(rotated));

    store.create_session(&session(2)).await.unwrap();
    store.revoke_session(session(2).id, UnixMs(35)).await.unwrap();
    store.revoke_session(session(2).id, UnixMs(36)).await.unwrap();
    assert!(store.session(session(2).id).await.unwrap().unwrap().revoked);
    assert!(!store.rotate_session(session(2).id, 1, UnixMs(40)).await.unwrap());
    assert_eq!(store.session(SessionId([9; 16])).await.unwrap(), None);
}

async fn revoked_sessions_are_listed_for_a_while(store: &dyn Store) {
    assert_eq!(store.revoked_since(UnixMs(35)).await.unwrap(), [session(2).id]);
    assert_eq!(store.revoked_since(UnixMs(36)).await.unwrap(), [], "the first time counts");
}

async fn latest(store: &dyn Store) -> Option<VersionId> {
    store.game(&game("chess")).await.unwrap().unwrap().latest.map(|(id, _)| id)
}

fn a_game(text: &str) -> Game {
    Game { name: game(text), owner: account("ann").id, created_at: UnixMs(5) }
}

fn version(of: &str, n: u8) -> Version {
    let description = Description {
        title: format!("{of} {n}"),
        seats_min: 2,
        seats_max: 4,
        teams: 0,
        rate: 20,
        memory_bytes: 16 << 20,
        step_us: 1000,
        schema: (n == 1).then(|| vec![1, 2, 3]),
        settings: vec![("durability".to_owned(), "none".to_owned())],
        saves: true,
        image_checkpoints: if n == 1 { Ok(()) } else { Err("it grows a table".to_owned()) },
        warm_image: (n == 1).then(|| Err("it traps".to_owned())),
    };
    Version {
        game: game(of),
        id: VersionId([n; 32]),
        description,
        overrides: Vec::new(),
        size_bytes: 1234,
        compile_cpu_ms: 56,
        created_at: UnixMs(8),
        retired_at: None,
        quarantine: None,
    }
}

/// The first version, with settings of its owner's over its own.
fn overridden() -> Version {
    Version { overrides: vec![("durability".to_owned(), "disk".to_owned())], ..version("chess", 1) }
}

async fn games_have_one_owner_and_a_newest_version(store: &dyn Store) {
    for text in ["chess", "go"] {
        assert_eq!(store.create_game(&a_game(text)).await.unwrap(), a_game(text));
    }
    assert_eq!(store.origins().await.unwrap(), []);
    assert!(store.set_origins(&game("chess"), "https://a.example", None).await.unwrap());
    assert!(!store.set_origins(&game("poker"), "https://a.example", None).await.unwrap());
    assert!(!store.set_origins(&game("chess"), "", Some("https://b.example")).await.unwrap(), "somebody was first");
    assert!(store.set_origins(&game("chess"), "https://a.example", Some("https://a.example")).await.unwrap());
    assert_eq!(store.origins().await.unwrap(), [(game("chess"), "https://a.example".to_owned())]);
    let other = Game { owner: "p-guest0".parse().unwrap(), ..a_game("chess") };
    assert_eq!(store.create_game(&other).await.unwrap(), a_game("chess"), "the first keeps it");
    assert_eq!(latest(store).await, None);
    assert_eq!(store.games_of(&account("ann").id, 9).await.unwrap(), [game("chess"), game("go")]);
    assert_eq!(store.games_of(&account("ann").id, 1).await.unwrap(), [game("chess")]);
    assert_eq!(store.games_of(&other.owner, 9).await.unwrap(), []);

    for n in [1, 2] {
        store.publish(&version("chess", n)).await.unwrap();
    }
    assert_eq!(latest(store).await, None, "no channel has it");
    serve(store, 2).await;
    let entry = store.game(&game("chess")).await.unwrap().unwrap();
    assert_eq!(entry.latest, Some((VersionId([2; 32]), "chess 2".to_owned())));
    assert!(store.retire_version(&game("chess"), VersionId([2; 32]), UnixMs(9)).await.unwrap());
    assert!(!store.retire_version(&game("go"), VersionId([2; 32]), UnixMs(9)).await.unwrap());
    assert_eq!(latest(store).await, None, "the channel has it, but it is not played");
    serve(store, 1).await;
    assert_eq!(latest(store).await, Some(VersionId([1; 32])));
    let retired = Version { retired_at: Some(UnixMs(9)), ..version("chess", 2) };
    assert_eq!(store.versions(&game("chess"), 10).await.unwrap(), [retired.clone(), version("chess", 1)]);
    let page = store.version_page(&game("chess"), &PageRequest { after: None, limit: 1 }).await.unwrap();
    assert_eq!(page.items, std::slice::from_ref(&retired));
    let rest = store.version_page(&game("chess"), &PageRequest { after: page.next, limit: 1 }).await.unwrap();
    assert_eq!((rest.items, rest.next), (vec![version("chess", 1)], None));
    assert_eq!(store.version(&game("chess"), retired.id).await.unwrap(), Some(retired));
    store.publish(&version("chess", 1)).await.unwrap();
    assert_eq!(
        store.versions(&game("chess"), 1).await.unwrap(),
        [version("chess", 1)],
        "published again, newest again"
    );
    quarantine_stays_until_it_is_lifted(store).await;
    let Version { overrides, .. } = overridden();
    assert!(store.set_settings(&game("chess"), VersionId([1; 32]), &overrides, Some(&[])).await.unwrap());
    assert!(
        !store.set_settings(&game("chess"), VersionId([1; 32]), &[], Some(&[])).await.unwrap(),
        "somebody was first"
    );
    assert!(!store.set_settings(&game("chess"), VersionId([3; 32]), &overrides, None).await.unwrap());
    let changed = store.version(&game("chess"), VersionId([1; 32])).await.unwrap().unwrap();
    assert_eq!(changed, overridden());
    assert_eq!(changed.settings()["durability"], "disk");
    assert!(store.is_published(VersionId([1; 32])).await.unwrap());
    assert!(!store.is_published(VersionId([3; 32])).await.unwrap());

    let first = store.games(&PageRequest { after: None, limit: 1 }).await.unwrap();
    assert_eq!((first.items[0].game.name.as_str(), first.next.clone()), ("chess", Some(game("chess"))));
    let second = store.games(&PageRequest { after: first.next, limit: 1 }).await.unwrap();
    assert_eq!((second.items[0].game.name.as_str(), second.next), ("go", None));
}

async fn quarantine_stays_until_it_is_lifted(store: &dyn Store) {
    let (chess, id) = (game("chess"), VersionId([1; 32]));
    let first = Quarantine { at: UnixMs(11), reason: "it trapped".to_owned() };
    let second = Quarantine { at: UnixMs(12), reason: "it trapped again".to_owned() };
    assert!(store.set_quarantine(&chess, id, Some(&first)).await.unwrap());
    assert!(store.set_quarantine(&chess, id, Some(&second)).await.unwrap());
    store.publish(&version("chess", 1)).await.unwrap();
    let quarantined = store.version(&chess, id).await.unwrap().unwrap();
    assert_eq!(quarantined.quarantine, Some(first), "neither failing nor publishing again changes it");
    assert!(store.game(&chess).await.unwrap().unwrap().quarantined);
    assert!(store.set_quarantine(&chess, id, None).await.unwrap());
    assert_eq!(store.version(&chess, id).await.unwrap(), Some(version("chess", 1)));
    assert!(!store.game(&chess).await.unwrap().unwrap().quarantined);
    assert!(!store.set_quarantine(&game("go"), id, None).await.unwrap());
}

pub(super) fn started(n: u8) -> MatchRecord {
    MatchRecord {
        id: MatchId([n; 16]),
        code: Some("KBQT".parse().unwrap()),
        key: Some("rematch:1".parse().unwrap()),
        host: Some(host("h-1")),
        game: game("chess"),
        version: VersionId([1; 32]),
        creator: Some("p-guest0".parse().unwrap()),
        visibility: Visibility::Public,
        seat_count: 2,
        created_at: UnixMs(100 + u64::from(n)),
        seats: Vec::new(),
        label: String::new(),
        incarnation: Incarnation(1),
        tick: Tick(0),
        end: None,
    }
}

fn seats() -> Vec<SeatStatus> {
    let player = PlayerInfo { id: account("ann").id, name: "Ann".to_owned(), team: 0, bot: false, data: vec![1] };
    vec![SeatStatus { seat: Seat(0), player, presence: Presence::Left }]
}

fn an_end() -> MatchEnd {
    MatchEnd {
        at: UnixMs(200),
        reason: EndReason::Trapped("unreachable".to_owned()),
        placings: vec![Placing { seat: Seat(0), rank: 1, score: -5 }],
        data: vec![9],
        chain: Some([6; 16]),
        journal_bytes: Some(77),
        usage: Some(used(10)),
        last_log: vec![LogLine {
            number: 3,
            tick: Tick(42),
            unix_ms: 199,
            level: LogLevel::Error,
            text: "it broke".to_owned(),
        }],
    }
}

fn used(n: u64) -> Usage {
    Usage {
        cpu_us: n,
        peak_memory_bytes: 2 * n,
        ticks: 3 * n,
        messages_in: 4 * n,
        bytes_in: 5 * n,
        messages_out: 6 * n,
        bytes_out: 7 * n,
        journal_bytes: 8 * n,
    }
}

pub(super) fn end_write(n: u8) -> MatchWrite {
    let status = MatchStatus {
        id: MatchId([n; 16]),
        game: game("chess"),
        version: VersionId([1; 32]),
        state: MatchState::Ended,
        incarnation: Incarnation(2),
        tick: Tick(42),
        seat_count: 2,
        seats: seats(),
        open: false,
        label: "{}".to_owned(),
    };
    MatchWrite::Ended { status: Box::new(status), end: Box::new(an_end()) }
}

fn ended(n: u8) -> MatchRecord {
    MatchRecord {
        seats: seats(),
        label: "{}".to_owned(),
        incarnation: Incarnation(2),
        tick: Tick(42),
        end: Some(an_end()),
        ..started(n)
    }
}

async fn matches_take_their_writes_in_any_order(store: &dyn Store) {
    let start = |n| MatchWrite::Started(Box::new(started(n)));
    store.write_matches(&[start(1), end_write(1), end_write(2), start(2), start(2), start(3)]).await.unwrap();
    store.write_matches(&[]).await.unwrap();
    for (n, expected) in [(1, ended(1)), (2, ended(2)), (3, started(3))] {
        assert_eq!(store.match_record(MatchId([n; 16])).await.unwrap(), Some(expected));
    }
    assert_eq!(store.match_record(MatchId([4; 16])).await.unwrap(), None);
}

async fn matches_that_run_are_found_by_host_code_and_key(store: &dyn Store) {
    let all = PageRequest { after: None, limit: 10 };
    let of = async |name| store.unfinished(&host(name), &all).await.unwrap().items;
    assert_eq!((of("h-1").await, of("h-2").await), (vec![started(3)], vec![]));
    let (code, key) = ("KBQT".parse().unwrap(), "rematch:1".parse().unwrap());
    assert_eq!(store.running_by_code(&game("chess"), &code).await.unwrap(), Some(started(3)));
    assert_eq!(store.running_by_code(&game("go"), &code).await.unwrap(), None);
    assert_eq!(store.running_by_key(&game("chess"), &key).await.unwrap(), Some(started(3)));
    assert_eq!(store.running_by_key(&game("chess"), &"other".parse().unwrap()).await.unwrap(), None);
}

async fn matches_are_listed_newest_first(store: &dyn Store) {
    let hidden = MatchRecord { visibility: Visibility::Private, ..started(5) };
    store.write_matches(&[MatchWrite::Started(Box::new(hidden))]).await.unwrap();
    let all = MatchFilter { game: None, state: None, viewer: Viewer::Anyone, narrowing: MatchNarrowing::default() };
    let viewer = |text: &str| Viewer::Account(text.parse().unwrap());
    for (filter, expected) in [
        (all.clone(), vec![3, 2, 1]),
        (MatchFilter { state: Some(StateFilter::Live), ..all.clone() }, vec![3]),
        (MatchFilter { state: Some(StateFilter::Ended), ..all.clone() }, vec![2, 1]),
        (MatchFilter { game: Some(game("go")), ..all.clone() }, vec![]),
        (MatchFilter { viewer: Viewer::Operator, ..all.clone() }, vec![5, 3, 2, 1]),
        (MatchFilter { viewer: viewer("p-guest0"), ..all.clone() }, vec![5, 3, 2, 1]),
        (MatchFilter { viewer: viewer("p-ann"), ..all.clone() }, vec![5, 3, 2, 1]),
        (MatchFilter { viewer: viewer("p-guest1"), ..all.clone() }, vec![3, 2, 1]),
    ] {
        let page = store.matches(&filter, &PageRequest { after: None, limit: 10 }).await.unwrap();
        let ids: Vec<_> = page.items.iter().map(|record| record.id.0[0]).collect();
        assert_eq!((ids, page.next), (expected, None), "{filter:?}");
    }
    let first = store.matches(&all, &PageRequest { after: None, limit: 2 }).await.unwrap();
    assert_eq!(first.next, Some((UnixMs(102), MatchId([2; 16]))));
    let second = store.matches(&all, &PageRequest { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!((second.items.len(), second.next), (1, None));
}

async fn journals_are_listed_until_forgotten(store: &dyn Store) {
    assert_eq!(store.kept_journals().await.unwrap(), [(MatchId([1; 16]), 77), (MatchId([2; 16]), 77)]);
    assert!(store.forget_journal(MatchId([2; 16])).await.unwrap());
    assert_eq!(store.kept_journals().await.unwrap(), [(MatchId([1; 16]), 77)]);
}

async fn usage_is_summed_by_game_and_version(store: &dyn Store) {
    let of = |text: &str| UsageScope::Owner(text.parse().unwrap());
    let sum = Usage { peak_memory_bytes: 20, ..used(10).plus(used(10)) };
    let expected = [UsageSum {
        game: game("chess"),
        version: VersionId([1; 32]),
        matches: 2,
        first_ended_at: UnixMs(200),
        usage: sum,
    }];
    assert_eq!(store.usage(&UsageScope::Game(game("chess")), UnixMs(200)).await.unwrap(), expected);
    assert_eq!(store.usage(&of("p-ann"), UnixMs(0)).await.unwrap(), expected);
    assert_eq!(store.usage(&of("p-bob"), UnixMs(0)).await.unwrap(), []);
    assert_eq!(store.usage(&UsageScope::Game(game("chess")), UnixMs(201)).await.unwrap(), []);
}
