//! What memory keeps, and what it gives back.

use std::task::Waker;

use stadion_protocol::MatchId;
use stadion_protocol::contract::Durability;

use super::*;
use crate::journal::testing::{end, idle, resumed, setup, tick};
use crate::journal::{CheckpointKind, Damage, Link};

const ID: MatchId = MatchId([1; 16]);

fn read(bytes: &[u8]) -> Result<Vec<Record>, Damage> {
    Reader::new(bytes)?.collect()
}

fn checkpoint(tick: u64) -> Checkpoint {
    let kind = CheckpointKind::State;
    Checkpoint { incarnation: 1, tick, chain: Link([1; 16]), kind, host: vec![1], guest: vec![2] }
}

#[test]
fn idle_ticks_share_one_small_record() {
    let journals = MemoryJournals::new(MemoryLimits::default());
    let mut journal = journals.open(ID, Durability::None, Waker::noop().clone()).unwrap();
    journal.append(&setup()).unwrap();
    let before = journals.read(ID).unwrap().len();
    for number in 1..=100 {
        journal.append(&idle(number, 1)).unwrap();
    }
    let file = journals.read(ID).unwrap();
    assert!(file.len() - before <= 40, "{} bytes", file.len() - before);
    let Record::Idle(run) = read(&file).unwrap()[1] else { panic!("no run") };
    assert_eq!((run.first, run.count, run.last), (1, 100, Link([100; 16])));
}

#[test]
fn a_journal_over_its_bound_keeps_a_prefix_and_the_end() {
    let limits = MemoryLimits { match_bytes: 1_000, total_bytes: 1 << 20 };
    let journals = MemoryJournals::new(limits);
    let mut journal = journals.open(ID, Durability::None, Waker::noop().clone()).unwrap();
    journal.append(&setup()).unwrap();
    for number in 1..=100 {
        journal.append(&tick(number)).unwrap();
    }
    journal.append(&end(100)).unwrap();
    let file = journals.read(ID).unwrap();
    assert!(file.len() < 1_200);
    let records = read(&file).unwrap();
    let [.., Record::Tick(last), Record::Gap(gap), Record::End(_)] = &records[..] else { panic!("{records:?}") };
    assert_eq!(gap.first, last.input.number + 1);
    drop(journal);
    assert_eq!(journals.used_bytes(), 0);
}

#[test]
fn a_match_without_an_end_is_taken_up_again_after_its_newest_checkpoint() {
    let journals = MemoryJournals::new(MemoryLimits::default());
    let mut journal = journals.open(ID, Durability::Process, Waker::noop().clone()).unwrap();
    for record in [setup(), tick(1), idle(2, 1)] {
        journal.append(&record).unwrap();
    }
    journal.keep_checkpoint(checkpoint(2)).unwrap();
    for record in [idle(3, 1), tick(4)] {
        journal.append(&record).unwrap();
    }
    assert!(journals.unfinished().is_empty(), "it is open");
    assert!(journals.reopen(ID, Waker::noop().clone()).is_err(), "it is open");
    drop(journal);
    let unfinished = journals.unfinished();
    assert_eq!(unfinished.iter().map(|one| (one.id, one.tick, one.incarnation)).collect::<Vec<_>>(), [(ID, 4, 1)]);
    let mut reopened = journals.reopen(ID, Waker::noop().clone()).unwrap();
    assert_eq!(Record::Setup(Box::new(reopened.setup)), setup());
    assert_eq!(reopened.checkpoint, Some(checkpoint(2)));
    assert_eq!(reopened.records.map(Result::unwrap).collect::<Vec<_>>(), [idle(3, 1), tick(4)]);
    for record in [resumed(4), end(4)] {
        reopened.journal.append(&record).unwrap();
    }
    assert_eq!(read(&journals.read(ID).unwrap()).unwrap().len(), 7);
    drop(reopened.journal);
    assert!(journals.unfinished().is_empty() && journals.read(ID).is_none());
    assert_eq!(journals.used_bytes(), 0);
}
