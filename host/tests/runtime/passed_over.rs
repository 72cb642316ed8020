//! Checkpoints that read as they were written and are of no use: a match comes back all the same, from further behind.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use stadion_host::image::ImageArena;
use stadion_host::journal::{
    Checkpoint, CheckpointKind, Journals, Link, MemoryJournals, MemoryLimits, Reader, Recalled, Record,
};
use stadion_host::recovery::{Failed, PassedOver, Past, as_recorded, rebuild};
use stadion_host::session::Session;
use stadion_protocol::contract::{Durability, Host, HostEvent, MatchState};
use stadion_protocol::{MatchId, VersionId};

use crate::guests::{self, budget, drive, setup};
use crate::rig::Rig;

/// Counts its ticks and tells everybody how many there were: who begins with another count asks for other things.
const COUNTS: &str = r#"
(global $count (mut i32) (i32.const 0))
(func $on_step (param $events i32) (param $n i32)
  (global.set $count (i32.add (global.get $count) (i32.const 1)))
  (i32.store (i32.const 600) (global.get $count))
  (call $send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 4) (i32.const 512)))
"#;

/// A match that was played, and whose host is gone.
struct Played {
    rig: Rig,
    version: VersionId,
    id: MatchId,
    records: Vec<Record>,
}

impl Played {
    async fn new() -> Played {
        let mut rig = Rig::new();
        let version = rig.publish(&guests::module(COUNTS));
        let (id, _players) = rig.play(version, 1).await;
        rig.until_tick(id, 12).await;
        rig.crash().await;
        let file = rig.journals.read(id).unwrap();
        let records = Reader::new(&file).unwrap().map(Result::unwrap).collect();
        Played { rig, version, id, records }
    }

    /// The match as it was after so many records.
    fn after(&self, count: usize) -> Past {
        let Record::Setup(setup) = &self.records[0] else { panic!("no setup") };
        let records = Box::new(Vec::from(&self.records[1..count]).into_iter().map(Ok));
        Past::alone(Recalled { setup: (**setup).clone(), checkpoint: None, records }, Box::new(|| None))
    }

    /// A checkpoint as a host takes it.
    fn good(&self, count: usize) -> Checkpoint {
        let version = self.rig.loaded(self.version);
        let rebuilt = rebuild(self.after(count), &mut |_| Ok(Arc::clone(&version)), &mut |_: u64| true);
        let mut rebuilt = rebuilt.unwrap();
        let guest = rebuilt.session.keep(&mut ImageArena::new()).unwrap();
        Checkpoint { guest, host: rebuilt.state.to_bytes(), ..self.hollow(count) }
    }

    /// What stands around one.
    fn hollow(&self, count: usize) -> Checkpoint {
        let state = as_recorded(self.after(count));
        Checkpoint {
            incarnation: state.incarnation,
            tick: state.tick,
            chain: state.chain,
            kind: CheckpointKind::Image,
            host: state.to_bytes(),
            guest: Vec::new(),
        }
    }

    /// An image of a version's first moment.
    fn first_moment(&self, version: VersionId) -> Vec<u8> {
        let version = self.rig.loaded(version);
        let (mut session, _) = drive(Session::start(&version, &setup_of(&self.records), budget(&version))).0.unwrap();
        session.keep(&mut ImageArena::new()).unwrap()
    }

    /// The match comes back from a journal with these checkpoints, each after so many records. How many ticks were played.
    async fn comes_back(mut self, checkpoints: Vec<(usize, Checkpoint)>, passed_over: usize, what: &str) -> u64 {
        let journals = MemoryJournals::new(MemoryLimits::default());
        let mut journal = journals.open(self.id, Durability::Process, Waker::noop().clone()).unwrap();
        for (number, record) in self.records.iter().enumerate() {
            for (_, checkpoint) in checkpoints.iter().filter(|(after, _)| *after == number) {
                journal.keep_checkpoint(checkpoint.clone()).unwrap();
            }
            journal.append(record).unwrap();
        }
        drop(journal);
        self.rig.over_again(Arc::new(journals));
        let recovered = self.rig.host.recover().await;
        assert_eq!((recovered.matches, recovered.ended), (1, 0), "{what}");
        let told = |event: &HostEvent| matches!(event, HostEvent::Report { kind, .. } if kind == "stadion.checkpoint-passed-over");
        assert_eq!(self.rig.heard(told), passed_over > 0, "{what}: its owner is told");
        let log = self.rig.host.log(self.id, 0, Duration::ZERO).await.unwrap();
        let said = log.lines.iter().filter(|line| line.text.contains("was passed over")).count();
        assert_eq!(said, passed_over, "{what}: {:?}", log.lines);
        let status = self.rig.host.status(self.id).await.unwrap();
        assert_eq!(status.state, MatchState::Running, "{what}");
        self.rig.until_tick(self.id, status.tick.0 + 3).await;
        let journal = self.rig.host.journal(self.id).await.unwrap();
        self.rig.replay(self.version, &journal);
        recovered.ticks
    }
}

fn setup_of(records: &[Record]) -> stadion_host::model::Setup {
    match &records[0] {
        Record::Setup(recorded) => recorded.setup.clone(),
        _ => setup(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_cannot_be_restored_costs_a_replay_and_not_the_match() {
    type Spoil = fn(&Played, Checkpoint) -> Checkpoint;
    let spoils: [(&str, Spoil); 6] = [
        ("an image that is none", |_, good| Checkpoint { guest: vec![7; 9], ..good }),
        ("an image cut short", |_, good| Checkpoint { guest: good.guest[..good.guest.len() - 1].to_vec(), ..good }),
        ("a host's side that does not read", |_, good| Checkpoint { host: vec![1, 2, 3], ..good }),
        ("a host's side of another moment", |_, good| Checkpoint { chain: Link([9; 16]), ..good }),
        ("saved, of a version that saves nothing", |_, good| Checkpoint { kind: CheckpointKind::State, ..good }),
        ("an image of another moment", |played, good| Checkpoint {
            guest: played.first_moment(played.version),
            ..good
        }),
    ];
    for (what, spoil) in spoils {
        let played = Played::new().await;
        let (ticks, count) = (as_recorded(played.after(played.records.len())).tick, played.records.len());
        let (older, newer) = (count / 3, count * 2 / 3);
        let (good, bad) = (played.good(older), spoil(&played, played.good(newer)));
        let left = ticks - good.tick;
        let replayed = played.comes_back(vec![(older, good), (newer, bad)], 1, what).await;
        // What follows a checkpoint that differs is played until it does.
        assert!((left..=2 * left).contains(&replayed) && replayed < ticks + left, "{what}: {replayed} of {ticks}");

        let played = Played::new().await;
        let (ticks, count) = (as_recorded(played.after(played.records.len())).tick, played.records.len());
        let bad = |at| spoil(&played, played.good(at));
        let checkpoints = vec![(count / 3, bad(count / 3)), (count * 2 / 3, bad(count * 2 / 3))];
        let replayed = played.comes_back(checkpoints, 2, what).await;
        assert!(replayed >= ticks, "{what}: in the end all of it is played, {replayed} of {ticks}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_another_version_is_passed_over() {
    let played = Played::new().await;
    let other = played.rig.publish(&guests::module(";; another\n"));
    let count = played.records.len();
    let bad = Checkpoint { guest: played.first_moment(other), ..played.good(count / 2) };
    played.comes_back(vec![(count / 2, bad)], 1, "another version's").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_passed_over_where_the_checkpoint_is_good() {
    let played = Played::new().await;
    let count = played.records.len();
    let good = played.good(count / 2);
    let (tick, ticks) = (good.tick, as_recorded(played.after(count)).tick);
    assert_eq!(played.comes_back(vec![(count / 2, good)], 0, "good").await, ticks - tick);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_differs_from_every_place_on_has_differed() {
    let played = Played::new().await;
    let count = played.records.len();
    let mut records = played.records.clone();
    let last = records.iter().rposition(|record| matches!(record, Record::Tick(_))).unwrap();
    if let Record::Tick(tick) = &mut records[last] {
        tick.outputs = [7; 16];
    }
    records.truncate(last + 1);
    let Record::Setup(setup) = records[0].clone() else { panic!("no setup") };
    let checkpoint = played.good(count / 2);
    let from = |at: usize| Box::new(Vec::from(&records[at..]).into_iter().map(Ok));
    let (all, tail) = (from(1), from(count / 2));
    let mut past = Past::alone(
        Recalled { setup: (*setup).clone(), checkpoint: Some(checkpoint), records: tail },
        Box::new(|| None),
    );
    let all = std::sync::Mutex::new(Some(all));
    past.older = Box::new(move |_| {
        let records = all.lock().unwrap().take().expect("there is one older place");
        Ok(Recalled { setup: (*setup).clone(), checkpoint: None, records })
    });
    let version = played.rig.loaded(played.version);
    let error = rebuild(past, &mut |_| Ok(Arc::clone(&version)), &mut |_: u64| true).err().unwrap();
    assert!(matches!(error.why, Failed::Diverged(_)), "{error}");
}

#[test]
fn it_is_said_which_checkpoint_was_passed_over_and_why() {
    let one = PassedOver { tick: 7, why: Failed::Checkpoint("bytes follow it".to_owned()) };
    assert_eq!(one.to_string(), "the checkpoint of tick 7 is of no use and was passed over: bytes follow it");
}
