//! What every store must do with what players played, and with what they report of one another.

use stadion_protocol::contract::{EndReason, MatchState, MatchStatus, PlayerInfo, Presence, SeatStatus};
use stadion_protocol::{Incarnation, MatchId, PlayerId, Seat, Tick, VersionId};

use super::suite::{account, end_write, game, started};
use super::{RatingWrite, Store};
use crate::model::{
    Account, Filed, MatchEnd, MatchFilter, MatchNarrowing, MatchWrite, PageRequest, PlayedRating, QueuedMatch, Rating,
    Report, ReportId, ReportReason, ReportState, UnixMs, Viewer,
};

pub(super) async fn run(store: &dyn Store) {
    what_was_played_is_listed_by_its_end(store).await;
    who_sits_in_a_match_is_known_before_it_ends(store).await;
    matches_are_narrowed(store).await;
    reports_are_filed_once_and_hold_a_journal(store).await;
}

fn player(name: &str) -> PlayerId {
    format!("p-{name}").parse().unwrap()
}

fn status(n: u8, players: &[&str]) -> MatchStatus {
    let seat = |(seat, name): (u16, &&str)| SeatStatus {
        seat: Seat(seat),
        player: PlayerInfo {
            id: player(name),
            name: (*name).to_owned(),
            team: 0,
            bot: name.starts_with("bot"),
            data: Vec::new(),
        },
        presence: Presence::Left,
    };
    MatchStatus {
        id: MatchId([n; 16]),
        game: game("ludo"),
        version: VersionId([1; 32]),
        state: MatchState::Ended,
        incarnation: Incarnation(1),
        tick: Tick(5),
        seat_count: 4,
        seats: (0..).zip(players).map(seat).collect(),
        open: false,
        label: String::new(),
    }
}

fn over(n: u8, at: u64, players: &[&str]) -> MatchWrite {
    let MatchWrite::Ended { end, .. } = end_write(n) else { unreachable!() };
    let end = MatchEnd { at: UnixMs(at), reason: EndReason::Finished, journal_bytes: None, ..*end };
    MatchWrite::Ended { status: Box::new(status(n, players)), end: Box::new(end) }
}

async fn what_was_played_is_listed_by_its_end(store: &dyn Store) {
    let writes = [over(60, 900, &["cat", "dog"]), over(61, 800, &["dog", "cat", "bot"]), over(62, 1_000, &["cat"])];
    store.write_matches(&writes).await.unwrap();
    store.write_matches(&writes).await.unwrap();
    let queued = QueuedMatch {
        id: MatchId([61; 16]),
        game: game("ludo"),
        queue: "duel".parse().unwrap(),
        created_at: UnixMs(700),
    };
    let cat = Account { sign_in: None, ..account("cat") };
    store.create_account(&cat, None, None).await.unwrap();
    store.note_queued_match(&queued).await.unwrap();
    let (before, after) = (Rating::default(), Rating { mean: 30.0, matches: 1, ..Rating::default() });
    let points = (before.points(), after.points());
    let write = RatingWrite { queued, changes: vec![(player("cat"), before, after)] };
    assert!(store.rate(&write, UnixMs(801)).await.unwrap());
    let played = async |name: &str, of: Option<&str>, after, limit| {
        let of = of.map(game);
        store.played(&player(name), of.as_ref(), &PageRequest { after, limit }).await.unwrap()
    };
    let first = played("cat", None, None, 2).await;
    let ids: Vec<_> = first.items.iter().map(|played| played.record.id.0[0]).collect();
    assert_eq!((ids, first.items[0].rating.clone()), (vec![62, 60], None));
    assert_eq!(first.items[1].record.seats[1].player.id, player("dog"));
    let rest = played("cat", None, first.next, 2).await;
    assert_eq!((rest.items.len(), rest.next), (1, None));
    let rating = PlayedRating { queue: "duel".parse().unwrap(), before: points.0, after: points.1 };
    assert_eq!(rest.items[0].rating, Some(rating));
    assert_eq!(played("dog", Some("ludo"), None, 9).await.items.len(), 2);
    assert_eq!(played("dog", Some("dice"), None, 9).await.items.len(), 0);
    assert_eq!(played("bot", None, None, 9).await.items.len(), 0);
}

async fn who_sits_in_a_match_is_known_before_it_ends(store: &dyn Store) {
    let id = MatchId([63; 16]);
    let seated = |players| MatchWrite::Seated { status: Box::new(status(63, players)), at: UnixMs(1_100) };
    let record = crate::model::MatchRecord { game: game("ludo"), code: None, key: None, ..started(63) };
    let parameters = MatchWrite::Parameters { id, parameters: vec![1, 2] };
    let start = MatchWrite::Started(Box::new(record.clone()));
    store.write_matches(&[seated(&["cat"]), start, parameters, seated(&["cat", "dog"])]).await.unwrap();
    let kept = store.match_record(id).await.unwrap().unwrap();
    assert_eq!((kept.seats.len(), kept.created_at, kept.end), (2, record.created_at, None));
    assert_eq!(store.parameters(id).await.unwrap(), [1, 2]);
    assert_eq!(store.parameters(MatchId([60; 16])).await.unwrap(), [0; 0]);
    store.write_matches(&[over(63, 1_200, &["cat", "dog"]), seated(&["eve"])]).await.unwrap();
    assert_eq!(store.match_record(id).await.unwrap().unwrap().seats.len(), 2, "an end is the last word");
}

async fn matches_are_narrowed(store: &dyn Store) {
    let count = async |narrowing: MatchNarrowing| {
        let filter = MatchFilter { game: Some(game("ludo")), state: None, viewer: Viewer::Operator, narrowing };
        store.matches(&filter, &PageRequest { after: None, limit: 9 }).await.unwrap().items.len()
    };
    let all = MatchNarrowing::default;
    assert_eq!(count(all()).await, 4);
    assert_eq!(count(MatchNarrowing { end: Some("finished"), version: Some(VersionId([1; 32])), ..all() }).await, 4);
    assert_eq!(count(MatchNarrowing { end: Some("trapped"), ..all() }).await, 0);
    assert_eq!(count(MatchNarrowing { host: Some("h-1".parse().unwrap()), ..all() }).await, 1);
    assert_eq!(count(MatchNarrowing { version: Some(VersionId([2; 32])), ..all() }).await, 0);
    assert_eq!(count(MatchNarrowing { since: Some(UnixMs(850)), until: Some(UnixMs(1_000)), ..all() }).await, 1);
}

fn report(n: u8, of: u8, reporter: &str, about: &str) -> Report {
    Report {
        id: ReportId::from_random([n; 12]),
        at: UnixMs(2_000 + u64::from(n)),
        of: MatchId([of; 16]),
        game: game("ludo"),
        reporter: player(reporter),
        player: player(about),
        reason: ReportReason::Cheating,
        text: "it\nwas so".to_owned(),
        state: ReportState::Open,
        closed: None,
        note: String::new(),
    }
}

async fn reports_are_filed_once_and_hold_a_journal(store: &dyn Store) {
    let (first, second) = (report(1, 60, "cat", "dog"), report(2, 60, "dog", "cat"));
    assert_eq!(store.file_report(&first).await.unwrap(), Filed::New);
    assert_eq!(store.file_report(&second).await.unwrap(), Filed::New);
    let again = report(3, 60, "cat", "dog");
    assert_eq!(store.file_report(&again).await.unwrap(), Filed::Before(first.id.clone()));
    assert_eq!(store.report(&first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.report(&again.id).await.unwrap(), None);
    let listed =
        async |state, after, limit| store.reports(&game("ludo"), state, &PageRequest { after, limit }).await.unwrap();
    let page = listed(None, None, 1).await;
    assert_eq!(page.items, std::slice::from_ref(&second));
    assert_eq!(listed(None, page.next, 1).await.items, std::slice::from_ref(&first));
    assert_eq!(store.reports_by(&player("cat"), 9).await.unwrap(), std::slice::from_ref(&first));
    assert!(!store.forget_journal(MatchId([60; 16])).await.unwrap(), "it is evidence");
    assert!(store.forget_journal(MatchId([61; 16])).await.unwrap());
    for (id, state) in [(&first.id, ReportState::Resolved), (&second.id, ReportState::Dismissed)] {
        let closed = (UnixMs(3_000), player("owner"));
        assert!(store.set_report_state(id, state, Some(&closed), "seen").await.unwrap());
        let kept = store.report(id).await.unwrap().unwrap();
        assert_eq!((kept.state, kept.closed, kept.note.as_str()), (state, Some(closed), "seen"));
    }
    assert!(!store.set_report_state(&again.id, ReportState::Open, None, "").await.unwrap());
    assert_eq!(listed(Some(ReportState::Open), None, 9).await.items, []);
    assert_eq!(listed(Some(ReportState::Dismissed), None, 9).await.items.len(), 1);
    assert!(store.forget_journal(MatchId([60; 16])).await.unwrap());
}
