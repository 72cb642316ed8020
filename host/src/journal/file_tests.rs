//! What a file gives back, and what it says about damage.

use std::task::Waker;

use proptest::prelude::*;
use stadion_protocol::contract::{Durability, EndReason, MatchSettings, Placing};
use stadion_protocol::{MatchId, Seat, VersionId};

use super::*;
use crate::journal::record::{Cut, EndRecord, Fact, IdleRun, SetupRecord, TickRecord};
use crate::journal::{Journals, Link, MemoryJournals, MemoryLimits};
use crate::model::{Delivery, Event, Limits, Setup, TickInput, Wake};

fn setup() -> Record {
    let limits = Limits {
        memory_bytes: 1 << 20,
        unreliable_bytes: 1_100,
        reliable_bytes: 65_536,
        sends_per_tick: 64,
        send_bytes_per_tick: 65_536,
        requests_open: 4,
        saved_bytes: 1 << 20,
    };
    Record::Setup(Box::new(SetupRecord {
        game: "tictactoe".parse().unwrap(),
        version: VersionId([7; 32]),
        settings: MatchSettings::default(),
        setup: Setup {
            match_id: MatchId([1; 16]).to_string(),
            seed: [1, 2, 3, 4],
            started_unix_ns: 5,
            rate: 20,
            seats: 2,
            parameters: vec![1],
            limits,
        },
        incarnation: 1,
        wake: Wake::Next,
        outputs: [0; 16],
    }))
}

fn tick(number: u64) -> Record {
    let message = Event::Message { seat: Seat(1), via: Delivery::Reliable, data: vec![1, 2, 3] };
    Record::Tick(Box::new(TickRecord {
        incarnation: 1,
        input: TickInput { number, time: number * 50_000_000, skipped: 0, events: vec![message.clone(), message] },
        facts: vec![(1, Fact::InSeq(number))],
        wake: Wake::Next,
        outputs: [3; 16],
        previous: Link([2; 16]),
    }))
}

fn idle(first: u64, count: u32) -> Record {
    Record::Idle(IdleRun { incarnation: 1, first, time: first * 50_000_000, count, last: Link([first as u8; 16]) })
}

fn end(tick: u64) -> Record {
    Record::End(Box::new(EndRecord {
        incarnation: 1,
        tick,
        reason: EndReason::Trapped("unreachable".into()),
        cut: Some(Cut { input: TickInput { number: tick + 1, time: 1, skipped: 0, events: vec![] }, facts: vec![] }),
        placings: vec![Placing { seat: Seat(0), rank: 1, score: -5 }],
        data: vec![9],
        previous: Link([4; 16]),
    }))
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::default();
    records.iter().for_each(|record| writer.append(record).unwrap());
    writer.as_bytes().to_vec()
}

fn read(bytes: &[u8]) -> Result<Vec<Record>, Damage> {
    Reader::new(bytes)?.collect()
}

#[test]
fn a_file_gives_back_what_was_written() {
    let records = [setup(), tick(1), idle(2, 10), tick(12), end(12)];
    assert_eq!(read(&written(&records)).unwrap(), records);
}

#[test]
fn facts_stand_beside_their_events() {
    let Record::Tick(tick) = tick(1) else { unreachable!() };
    let facts: Vec<_> = tick.events().map(|(_, fact)| fact.copied()).collect();
    assert_eq!(facts, [None, Some(Fact::InSeq(1))]);
}

#[test]
fn every_truncation_is_either_a_shorter_match_or_damage_at_its_place() {
    let records = [setup(), tick(1), end(1)];
    let whole = written(&records);
    let boundaries: Vec<usize> = (0..=3).map(|n| written(&records[..n]).len()).collect();
    for cut in HEADER.len()..whole.len() {
        match read(&whole[..cut]) {
            Ok(read) => assert_eq!(boundaries[read.len()], cut),
            Err(damage) => {
                assert_eq!(damage.what, DamageKind::Truncated);
                assert_eq!(damage.offset, boundaries[damage.record]);
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_found() {
    let whole = written(&[setup(), tick(1), idle(2, 3), end(4)]);
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&bytes).is_err(), "bit {bit}");
    }
}

#[test]
fn records_out_of_order_are_damage() {
    for records in [
        vec![tick(1)],
        vec![setup(), setup()],
        vec![setup(), tick(2)],
        vec![setup(), idle(1, 0)],
        vec![setup(), tick(1), end(2)],
        vec![setup(), end(0), tick(1)],
    ] {
        let damage = read(&written(&records)).unwrap_err();
        assert!(matches!(damage.what, DamageKind::Order(_)), "{damage}");
    }
}

#[test]
fn idle_ticks_share_one_small_record() {
    let mut journal = MemoryJournals::new(MemoryLimits::default())
        .open(MatchId([1; 16]), Durability::None, Waker::noop().clone())
        .unwrap();
    journal.append(&setup()).unwrap();
    let before = journal.to_file().len();
    for number in 1..=100 {
        journal.append(&idle(number, 1)).unwrap();
    }
    let file = journal.to_file();
    assert!(file.len() - before <= 40, "{} bytes", file.len() - before);
    let Record::Idle(run) = read(&file).unwrap()[1] else { panic!("no run") };
    assert_eq!((run.first, run.count, run.last), (1, 100, Link([100; 16])));
}

#[test]
fn a_journal_over_its_bound_keeps_a_prefix_and_the_end() {
    let limits = MemoryLimits { match_bytes: 1_000, total_bytes: 1 << 20 };
    let journals = MemoryJournals::new(limits);
    let mut journal = journals.open(MatchId([1; 16]), Durability::None, Waker::noop().clone()).unwrap();
    journal.append(&setup()).unwrap();
    for number in 1..=100 {
        journal.append(&tick(number)).unwrap();
    }
    journal.append(&end(100)).unwrap();
    let file = journal.to_file();
    assert!(file.len() < 1_200);
    let records = read(&file).unwrap();
    let [.., Record::Tick(last), Record::Gap(gap), Record::End(_)] = &records[..] else { panic!("{records:?}") };
    assert_eq!(gap.first, last.input.number + 1);
    drop(journal);
    assert_eq!(journals.used_bytes(), 0);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut file = HEADER.to_vec();
        file.extend(bytes);
        let _ = read(&file);
    }

    #[test]
    fn a_sealed_frame_of_random_bytes_never_panics(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut file = written(&[setup()]);
        let length = (body.len() as u32).to_le_bytes();
        file.extend(length);
        file.extend(crc32c(&[&length, &body]).to_le_bytes());
        file.extend(body);
        let _ = read(&file);
    }
}
