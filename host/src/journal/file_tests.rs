//! What a file gives back, and what it says about damage.

use proptest::prelude::*;

use super::*;
use crate::journal::record::{Fact, Record};
use crate::journal::testing::{end, idle, resumed, setup, skipped, swapped, tick};

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
    let records = [setup(), tick(1), idle(2, 10), resumed(11), swapped(11), skipped(12), tick(12), end(12)];
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
    let whole = written(&[setup(), tick(1), idle(2, 3), swapped(4), end(4)]);
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
        vec![resumed(0)],
        vec![setup(), tick(1), resumed(0)],
        vec![setup(), tick(1), swapped(2)],
        vec![setup(), tick(1), skipped(1)],
    ] {
        let damage = read(&written(&records)).unwrap_err();
        assert!(matches!(damage.what, DamageKind::Order(_)), "{damage}");
    }
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
