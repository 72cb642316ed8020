//! Stories, and random transitions against a reference model that is too simple to be wrong: sets and flags.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use stadion_protocol::{MatchId, PlayerId};

use super::{Action, Departure, Effect, Limits, News, Party, PartyCode, PartyId, Phase, Refusal, Search};
use crate::model::UnixMs;
use crate::queues::TicketId;

/// Small, so that random runs meet them.
const LIMITS: Limits = Limits { members: 3, invitations: 2, invitation_ms: 10, away_ms: 20 };

fn player(n: u8) -> PlayerId {
    format!("p-{n}").parse().unwrap()
}

fn code(n: u8) -> PartyCode {
    PartyCode::from_random([n; 8])
}

fn search(n: u8) -> Search {
    let (game, queue) = ("chess".parse().unwrap(), "duel".parse().unwrap());
    Search { ticket: TicketId(MatchId([n; 16])), game, queue, since: UnixMs(0) }
}

fn party() -> Party {
    Party::new(PartyId(MatchId([1; 16])), code(0), LIMITS, player(0), "zero".to_owned())
}

fn join(n: u8) -> Action {
    Action::Join { code: code(n), name: "x".to_owned() }
}

/// Ann leads, bob is in, both are ready.
fn ready_pair() -> Party {
    let mut party = party();
    party.apply(&player(1), join(0), UnixMs(0)).unwrap();
    party.apply(&player(1), Action::Ready(true), UnixMs(0)).unwrap();
    party
}

#[test]
fn an_invitation_is_accepted_once_and_expires() {
    let mut party = party();
    let accept = || Action::Accept { name: "x".to_owned() };
    assert_eq!(party.apply(&player(1), accept(), UnixMs(0)), Err(Refusal::NotInvited));
    party.apply(&player(0), Action::Invite { player: player(1) }, UnixMs(0)).unwrap();
    party.apply(&player(0), Action::Invite { player: player(2) }, UnixMs(5)).unwrap();
    assert_eq!(party.apply(&player(1), accept(), UnixMs(9)), Ok(vec![Effect::Joined(player(1))]));
    assert_eq!(party.apply(&player(2), accept(), UnixMs(15)), Err(Refusal::NotInvited));
    assert_eq!(party.expire(UnixMs(15)), [Effect::InvitationGone(player(2))]);
}

#[test]
fn whoever_was_kicked_does_not_come_back_by_the_link_that_it_knows() {
    let mut party = ready_pair();
    let kick = Action::Kick { player: player(1), code: code(7) };
    assert_eq!(party.apply(&player(1), kick.clone(), UnixMs(0)), Err(Refusal::NotLeader));
    let left = Effect::Left(player(1), Departure::Kicked);
    assert_eq!(party.apply(&player(0), kick, UnixMs(0)), Ok(vec![left]));
    assert_eq!(party.apply(&player(1), join(0), UnixMs(0)), Err(Refusal::WrongCode));
    assert!(party.apply(&player(1), join(7), UnixMs(0)).is_ok());
}

#[test]
fn a_party_searches_when_all_are_ready_and_stops_when_one_is_not() {
    let mut party = ready_pair();
    party.apply(&player(2), join(0), UnixMs(0)).unwrap();
    let begin = || Action::Search(search(1));
    assert_eq!(party.apply(&player(1), begin(), UnixMs(0)), Err(Refusal::NotLeader));
    assert_eq!(party.apply(&player(0), begin(), UnixMs(0)), Err(Refusal::NotReady(vec![player(2)])));
    party.apply(&player(2), Action::Ready(true), UnixMs(0)).unwrap();
    assert_eq!(party.apply(&player(0), begin(), UnixMs(0)), Ok(vec![Effect::SearchBegan(search(1))]));
    assert_eq!(party.apply(&player(0), begin(), UnixMs(0)), Err(Refusal::Busy));
    let ended = Ok(vec![Effect::SearchEnded(search(1))]);
    assert_eq!(party.apply(&player(2), Action::Ready(false), UnixMs(0)), ended);
    assert_eq!(*party.phase(), Phase::Gathering);
}

#[test]
fn after_a_match_all_are_back_and_say_anew_that_they_are_ready() {
    let mut party = ready_pair();
    party.apply(&player(0), Action::Search(search(1)), UnixMs(0)).unwrap();
    let id = MatchId([9; 16]);
    party.hear(&News::Matched { ticket: search(2).ticket, id }, UnixMs(0));
    assert!(matches!(party.phase(), Phase::Searching(_)), "that was another search");
    party.hear(&News::Matched { ticket: search(1).ticket, id }, UnixMs(0));
    assert!(matches!(party.phase(), Phase::Playing { .. }));
    assert_eq!(party.apply(&player(2), join(0), UnixMs(0)), Err(Refusal::Busy));
    party.hear(&News::MatchOver(id), UnixMs(0));
    assert_eq!(*party.phase(), Phase::Gathering);
    assert!(party.members().iter().all(|member| !member.ready));
}

#[test]
fn a_lost_connection_keeps_its_place_for_a_while() {
    let mut party = ready_pair();
    party.hear(&News::Away(player(0)), UnixMs(0));
    party.hear(&News::Away(player(0)), UnixMs(10));
    party.hear(&News::Back(player(0)), UnixMs(19));
    assert_eq!(party.expire(UnixMs(30)), []);
    party.hear(&News::Away(player(0)), UnixMs(30));
    assert_eq!(party.next_expiry(), Some(UnixMs(50)));
    assert_eq!(party.expire(UnixMs(50)), [Effect::Left(player(0), Departure::Away)]);
    assert_eq!(*party.leader(), player(1), "the one who has been there longest leads");
}

/// The party once more, as a set of facts.
#[derive(Default)]
struct Model {
    /// Member -> ready, away since.
    members: BTreeMap<u8, (bool, Option<u64>)>,
    arrival: Vec<u8>,
    leader: u8,
    invited: BTreeMap<u8, u64>,
    code: u8,
    searching: Option<u8>,
    playing: bool,
}

impl Model {
    fn new() -> Model {
        Model { members: BTreeMap::from([(0, (false, None))]), arrival: vec![0], ..Model::default() }
    }

    fn expire(&mut self, now: u64) {
        self.invited.retain(|_, until| *until > now);
        let late = |(_, away): &(bool, Option<u64>)| away.is_some_and(|since| since + LIMITS.away_ms <= now);
        let gone: Vec<u8> = self.arrival.iter().copied().filter(|n| self.members.get(n).is_some_and(late)).collect();
        gone.into_iter().for_each(|n| self.remove(n));
    }

    fn remove(&mut self, n: u8) {
        self.members.remove(&n);
        self.arrival.retain(|other| *other != n);
        self.searching = None;
        if self.arrival.is_empty() {
            self.invited.clear();
            self.playing = false;
        } else if self.leader == n {
            self.leader = self.arrival[0];
        }
    }

    fn admit(&mut self, n: u8) -> bool {
        let fits = !self.members.contains_key(&n)
            && (1..3).contains(&self.members.len())
            && self.searching.is_none()
            && !self.playing;
        if fits {
            self.invited.remove(&n);
            self.members.insert(n, (false, None));
            self.arrival.push(n);
        }
        fits
    }

    /// Whether it is to be done.
    fn act(&mut self, n: u8, deed: Deed, now: u64) -> bool {
        let member = self.members.contains_key(&n);
        let leads = member && self.leader == n;
        match deed {
            Deed::Invite(m) => {
                let others = self.invited.keys().filter(|other| **other != m).count();
                let fits = member && !self.members.contains_key(&m) && self.members.len() < 3 && others < 2;
                if fits {
                    self.invited.insert(m, now + LIMITS.invitation_ms);
                }
                fits
            }
            Deed::Accept => self.invited.contains_key(&n) && self.admit(n),
            Deed::Decline => self.invited.remove(&n).is_some(),
            Deed::Join(code) => code == self.code && self.admit(n),
            Deed::Leave => {
                member && {
                    self.remove(n);
                    true
                }
            }
            Deed::Kick(m, code) => {
                let fits = leads && m != n && self.members.contains_key(&m);
                if fits {
                    self.code = code;
                    self.remove(m);
                }
                fits
            }
            Deed::HandOver(m) => {
                let fits = leads && m != n && self.members.contains_key(&m);
                self.leader = if fits { m } else { self.leader };
                fits
            }
            Deed::Ready(ready) => {
                if member {
                    self.members.insert(n, (ready, None));
                    self.searching = self.searching.filter(|_| ready);
                }
                member
            }
            Deed::Search(ticket) => {
                let ready = self.members.iter().all(|(m, (ready, _))| *ready || *m == n);
                let fits = leads && self.searching.is_none() && !self.playing && ready;
                if fits {
                    self.searching = Some(ticket);
                    self.members.entry(n).and_modify(|state| state.0 = true);
                }
                fits
            }
            Deed::Cancel => leads && self.searching.take().is_some(),
        }
    }

    fn hear(&mut self, word: Word, now: u64) {
        match word {
            Word::Away(n) => {
                self.members.entry(n).and_modify(|state| state.1 = state.1.or(Some(now)));
            }
            Word::Back(n) => {
                self.members.entry(n).and_modify(|state| state.1 = None);
            }
            Word::Matched(ticket) => {
                if self.searching == Some(ticket) {
                    (self.searching, self.playing) = (None, true);
                }
            }
            Word::SearchEnded(ticket, n) => {
                if self.searching == Some(ticket) {
                    self.searching = None;
                    self.members.entry(n).and_modify(|state| state.0 = false);
                }
            }
            Word::MatchOver => {
                if std::mem::take(&mut self.playing) {
                    self.members.values_mut().for_each(|state| state.0 = false);
                }
            }
        }
        self.expire(now);
    }

    fn assert_same(&self, party: &Party) {
        let members: BTreeMap<PlayerId, (bool, Option<UnixMs>)> =
            party.members().iter().map(|m| (m.player.clone(), (m.ready, m.away_since))).collect();
        let expected = self.members.iter().map(|(n, (ready, away))| (player(*n), (*ready, away.map(UnixMs)))).collect();
        assert_eq!(members, expected);
        assert_eq!(members.len(), party.members().len(), "each once");
        let invited: BTreeSet<PlayerId> = party.invitations().iter().map(|i| i.player.clone()).collect();
        assert_eq!(invited, self.invited.keys().map(|n| player(*n)).collect());
        assert!(invited.is_disjoint(&members.keys().cloned().collect()));
        if !party.is_dissolved() {
            assert!(party.has(party.leader()));
            assert_eq!(*party.leader(), player(self.leader));
        }
        let searching = matches!(party.phase(), Phase::Searching(_));
        assert_eq!(
            (searching, matches!(party.phase(), Phase::Playing { .. })),
            (self.searching.is_some(), self.playing)
        );
        assert_eq!(*party.code(), code(self.code));
    }
}

/// What a player may do.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Invite(u8),
    Accept,
    Decline,
    Join(u8),
    Leave,
    Kick(u8, u8),
    HandOver(u8),
    Ready(bool),
    Search(u8),
    Cancel,
}

impl Deed {
    fn action(self) -> Action {
        let name = "x".to_owned();
        match self {
            Deed::Invite(m) => Action::Invite { player: player(m) },
            Deed::Accept => Action::Accept { name },
            Deed::Decline => Action::Decline,
            Deed::Join(of) => Action::Join { code: code(of), name },
            Deed::Leave => Action::Leave,
            Deed::Kick(m, of) => Action::Kick { player: player(m), code: code(of) },
            Deed::HandOver(to) => Action::HandOver { to: player(to) },
            Deed::Ready(ready) => Action::Ready(ready),
            Deed::Search(n) => Action::Search(search(n)),
            Deed::Cancel => Action::Cancel,
        }
    }
}

/// What the control plane may say.
#[derive(Clone, Copy, Debug)]
enum Word {
    Away(u8),
    Back(u8),
    Matched(u8),
    SearchEnded(u8, u8),
    MatchOver,
}

impl Word {
    fn news(self) -> News {
        let id = MatchId([9; 16]);
        match self {
            Word::Away(n) => News::Away(player(n)),
            Word::Back(n) => News::Back(player(n)),
            Word::Matched(n) => News::Matched { ticket: search(n).ticket, id },
            Word::SearchEnded(n, m) => News::SearchEnded { ticket: search(n).ticket, unready: vec![player(m)] },
            Word::MatchOver => News::MatchOver(id),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Turn {
    Do(u8, Deed),
    Say(Word),
    Pass(u64),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let who = 0u8..5;
    let few = 0u8..3;
    let deed = prop_oneof![
        3 => who.clone().prop_map(Deed::Invite),
        3 => Just(Deed::Accept),
        1 => Just(Deed::Decline),
        3 => few.clone().prop_map(Deed::Join),
        1 => Just(Deed::Leave),
        1 => (who.clone(), few.clone()).prop_map(|(m, n)| Deed::Kick(m, n)),
        1 => who.clone().prop_map(Deed::HandOver),
        6 => prop::bool::weighted(0.8).prop_map(Deed::Ready),
        4 => few.clone().prop_map(Deed::Search),
        1 => Just(Deed::Cancel),
    ];
    let word = prop_oneof![
        who.clone().prop_map(Word::Away),
        who.clone().prop_map(Word::Back),
        few.clone().prop_map(Word::Matched),
        (few, who.clone()).prop_map(|(n, m)| Word::SearchEnded(n, m)),
        Just(Word::MatchOver),
    ];
    let turn = prop_oneof![
        8 => (who, deed).prop_map(|(n, deed)| Turn::Do(n, deed)),
        3 => word.prop_map(Turn::Say),
        1 => (1u64..15).prop_map(Turn::Pass),
    ];
    prop::collection::vec(turn, 1..80)
}

proptest! {
    #[test]
    fn random_transitions_are_those_of_the_model(turns in turns()) {
        let (mut party, mut model, mut now) = (party(), Model::new(), 0);
        for turn in turns {
            match turn {
                Turn::Pass(ms) => now += ms,
                Turn::Say(word) => {
                    party.hear(&word.news(), UnixMs(now));
                    model.hear(word, now);
                }
                Turn::Do(n, deed) => {
                    party.expire(UnixMs(now));
                    model.expire(now);
                    let before = party.clone();
                    let applied = party.apply(&player(n), deed.action(), UnixMs(now));
                    prop_assert_eq!(applied.is_ok(), model.act(n, deed, now), "{:?} by {}: {:?}", deed, n, applied);
                    if applied.is_err() {
                        prop_assert_eq!(&before, &party, "a refusal leaves nothing behind");
                    }
                }
            }
            model.assert_same(&party);
        }
    }
}
