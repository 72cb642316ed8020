//! One match, and one thing that goes wrong.

use std::task::Waker;

use stadion_host::journal::log::{Log, LogKeeper, LogWriter, OpenError, Turn};
use stadion_host::journal::{Checkpoint, CheckpointKind, GapRecord, Journal, Journals, Link, Reader, Record, Standing};
use stadion_host::model::Event;
use stadion_protocol::contract::{Durability, LogFailure};
use stadion_sim::{Crash, Disk, Rng};

use crate::model::{CONFIG, ROOM};
use crate::records::{end, id, setup, tick};

struct Alone {
    disk: Disk,
    log: Log,
    writer: LogWriter,
    keeper: LogKeeper,
    journal: Box<dyn Journal>,
}

/// One match on a log of its own, its setup durable.
fn alone(level: Durability, on_failure: LogFailure) -> Alone {
    alone_on(Disk::new(Rng::new(1), ROOM), level, on_failure)
}

fn alone_on(disk: Disk, level: Durability, on_failure: LogFailure) -> Alone {
    let (log, mut writer, keeper) = Log::open(disk.mount(), CONFIG).unwrap();
    let mut journal = log.open(id(1), level, Waker::noop().clone()).unwrap();
    let position = journal.append(&setup(level, on_failure)).unwrap();
    assert!(journal.durable() < position);
    assert_eq!(writer.turn(), Turn::Wrote);
    assert_eq!(journal.durable(), position);
    Alone { disk, log, writer, keeper, journal }
}

#[test]
fn a_full_disk_stalls_a_match_and_it_goes_on_when_there_is_room() {
    let Alone { disk, log, mut writer, mut journal, .. } = alone(Durability::Process, LogFailure::Stall);
    disk.set_capacity(disk.used());
    let first = journal.append(&tick(1)).unwrap();
    assert_eq!((writer.turn(), writer.turn()), (Turn::Failed, Turn::Failed));
    assert_eq!(journal.standing(), Standing::Stalled);
    assert!(journal.durable() < first && log.failure().is_some());
    let second = journal.append(&tick(2)).unwrap();
    disk.set_capacity(ROOM);
    assert_eq!((writer.turn(), writer.turn()), (Turn::Wrote, Turn::Wrote));
    assert_eq!((journal.standing(), journal.durable()), (Standing::Keeping, second));
    assert!(log.failure().is_none());
    disk.crash(Crash::Kill);
    let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
    assert_eq!(log.unfinished().iter().map(|one| (one.tick, &one.damage)).collect::<Vec<_>>(), [(2, &None)]);
}

#[test]
fn a_match_that_would_rather_play_on_does_and_its_journal_says_where_it_stops() {
    let Alone { disk, log, mut writer, mut journal, .. } = alone(Durability::Process, LogFailure::Degrade);
    journal.append(&tick(1)).unwrap();
    disk.set_capacity(disk.used());
    assert_eq!(writer.turn(), Turn::Failed);
    let second = journal.append(&tick(2)).unwrap();
    assert_eq!(journal.standing(), Standing::Degraded);
    assert!(journal.durable() >= second, "nothing waits for the log");
    disk.set_capacity(ROOM);
    assert_eq!(writer.turn(), Turn::Wrote);
    journal.append(&tick(3)).unwrap();
    journal.append(&end(3)).unwrap();
    assert_eq!(writer.turn(), Turn::Wrote);
    let file = log.read(id(1)).unwrap();
    let read: Vec<Record> = Reader::new(&file).unwrap().map(Result::unwrap).collect();
    assert_eq!(read[1..], [tick(1), Record::Gap(GapRecord { first: 2 }), end(3)]);
}

#[test]
fn a_sync_that_failed_is_not_believed_when_it_is_tried_again() {
    let Alone { disk, mut writer, mut journal, .. } = alone(Durability::Disk, LogFailure::Stall);
    let position = journal.append(&tick(1)).unwrap();
    disk.fail_syncs(1);
    assert_eq!(writer.turn(), Turn::Failed);
    assert!(journal.durable() < position);
    assert_eq!(writer.turn(), Turn::Wrote);
    assert_eq!(journal.durable(), position);
    disk.crash(Crash::PowerLoss);
    let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
    assert_eq!(log.unfinished()[0].tick, 1);
}

#[test]
fn what_a_failed_sync_left_in_memory_is_written_again_before_a_match_goes_on_from_it() {
    let Alone { disk, mut writer, mut journal, .. } = alone(Durability::Disk, LogFailure::Stall);
    journal.append(&tick(1)).unwrap();
    disk.fail_syncs(1);
    assert_eq!(writer.turn(), Turn::Failed);
    disk.crash(Crash::Kill);
    let (log, mut writer, _) = Log::open(disk.mount(), CONFIG).unwrap();
    assert_eq!(log.unfinished()[0].tick, 1, "the process that starts sees it");
    let mut reopened = log.reopen(id(1), Waker::noop().clone()).unwrap();
    let position = reopened.journal.append(&tick(2)).unwrap();
    assert_eq!(writer.turn(), Turn::Wrote);
    assert_eq!(reopened.journal.durable(), position);
    disk.crash(Crash::PowerLoss);
    let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
    assert_eq!(log.unfinished().iter().map(|one| (one.tick, &one.damage)).collect::<Vec<_>>(), [(2, &None)]);
}

#[test]
fn what_was_written_stays_readable_while_it_is_written_again() {
    let disk = Disk::new(Rng::new(1), ROOM);
    let (log, mut writer, _) = Log::open(disk.mount(), CONFIG).unwrap();
    let open = |number, level| {
        let mut journal = log.open(id(number), level, Waker::noop().clone()).unwrap();
        let position = journal.append(&setup(level, LogFailure::Stall)).unwrap();
        (journal, position)
    };
    let (written, position) = open(1, Durability::Process);
    let (synced, _) = open(2, Durability::Disk);
    disk.fail_syncs(1);
    assert_eq!(writer.turn(), Turn::Failed);
    assert_eq!(written.durable(), position, "it survives the end of the process");
    assert!(synced.durable() < position);
    disk.set_capacity(0);
    writer.turn();
    disk.crash(Crash::Kill);
    let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
    assert!(log.unfinished().iter().any(|one| one.id == id(1)));
}

#[test]
fn a_segment_is_emptied_of_all_that_only_it_holds() {
    let Alone { disk, mut writer, mut journal, .. } = alone(Durability::Disk, LogFailure::Stall);
    journal.append(&tick(1)).unwrap();
    disk.fail_syncs(1);
    assert_eq!(writer.turn(), Turn::Failed);
    // It goes into another segment, of which no more than a bit can be made.
    disk.set_capacity(disk.used() + 10);
    assert_eq!(writer.turn(), Turn::Failed);
    disk.set_capacity(ROOM);
    disk.crash(Crash::Kill);
    let (log, mut writer, mut keeper) = Log::open(disk.mount(), CONFIG).unwrap();
    let mut journal = log.reopen(id(1), Waker::noop().clone()).unwrap().journal;
    for number in 2..=200 {
        journal.append(&tick(number)).unwrap();
        assert_eq!(writer.turn(), Turn::Wrote);
        while keeper.turn().unwrap() {}
    }
    disk.crash(Crash::Kill);
    let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
    assert_eq!(log.unfinished().iter().map(|one| (one.tick, &one.damage)).collect::<Vec<_>>(), [(200, &None)]);
    let records = log.reopen(id(1), Waker::noop().clone()).unwrap().records;
    assert_eq!(records.map(Result::unwrap).collect::<Vec<_>>(), (1..=200).map(tick).collect::<Vec<_>>());
}

#[test]
fn a_process_killed_while_it_writes_down_what_was_torn_leaves_no_damage() {
    // Every place at which the first write after the torn one can stop.
    for room in 0..120 {
        let Alone { disk, mut writer, mut journal, .. } = alone(Durability::Disk, LogFailure::Stall);
        journal.append(&tick(1)).unwrap();
        disk.set_capacity(disk.used() + 30);
        assert_eq!(writer.turn(), Turn::Failed);
        disk.crash(Crash::Kill);
        let (log, mut writer, _) = Log::open(disk.mount(), CONFIG).unwrap();
        let mut journal = log.reopen(id(1), Waker::noop().clone()).unwrap().journal;
        journal.append(&tick(1)).unwrap();
        disk.set_capacity(disk.used() + room);
        writer.turn();
        disk.crash(Crash::Kill);
        let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
        assert_eq!(log.unfinished()[0].damage, None, "stopped after {room} bytes");
    }
}

/// Larger than what a disk writes as one, so that one can be torn and the next be whole.
fn large_tick(number: u64) -> Record {
    let Record::Tick(mut tick) = tick(number) else { panic!("no tick") };
    tick.input.events.push(Event::Notice { topic: String::new(), data: vec![7; 700] });
    Record::Tick(tick)
}

#[test]
fn what_the_power_left_of_a_write_that_was_never_made_again_is_no_damage() {
    for seed in 0..64 {
        let Alone { disk, mut writer, mut journal, .. } =
            alone_on(Disk::new(Rng::new(seed), ROOM), Durability::Disk, LogFailure::Stall);
        for number in 1..=8 {
            journal.append(&large_tick(number)).unwrap();
        }
        // Most of it is written, and of the segment into which it goes again as little as there is room for.
        disk.set_capacity(disk.used() + 4_000);
        assert_eq!(writer.turn(), Turn::Failed);
        disk.set_capacity(disk.used() + 50 * (seed as usize % 16));
        assert_eq!(writer.turn(), Turn::Failed);
        disk.set_capacity(ROOM);
        disk.crash(Crash::PowerLoss);
        let (log, mut writer, _) = Log::open(disk.mount(), CONFIG).unwrap();
        let found = log.unfinished().remove(0);
        assert_eq!((found.damage, log.damage()), (None, &[][..]), "seed {seed}");
        let mut reopened = log.reopen(id(1), Waker::noop().clone()).unwrap();
        reopened.journal.append(&tick(found.tick + 1)).unwrap();
        assert_eq!(writer.turn(), Turn::Wrote);
        disk.crash(Crash::PowerLoss);
        let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
        let again = log.unfinished().remove(0);
        assert_eq!((again.tick, again.damage, log.damage()), (found.tick + 1, None, &[][..]), "seed {seed}");
    }
}

#[test]
fn a_flipped_bit_in_what_was_written_again_is_told() {
    for seed in 0..1_000 {
        let Alone { disk, mut writer, mut journal, .. } =
            alone_on(Disk::new(Rng::new(seed), ROOM), Durability::Disk, LogFailure::Stall);
        for number in 1..=20 {
            journal.append(&tick(number)).unwrap();
        }
        disk.set_capacity(disk.used() + 200);
        assert_eq!(writer.turn(), Turn::Failed);
        disk.set_capacity(ROOM);
        assert_eq!(writer.turn(), Turn::Wrote);
        journal.append(&tick(21)).unwrap();
        assert_eq!(writer.turn(), Turn::Wrote);
        disk.crash(Crash::Kill);
        assert!(disk.flip("segments/"));
        let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
        let told = match log.unfinished().first() {
            // The last block of all may as well be torn.
            Some(found) => found.tick >= 20 || found.damage.is_some(),
            None => !log.damage().is_empty(),
        };
        assert!(told, "seed {seed}: {:?}", log.unfinished());
    }
}

#[test]
fn a_match_is_there_again_whatever_its_settings_are() {
    let disk = Disk::new(Rng::new(1), ROOM);
    let (log, mut writer, _) = Log::open(disk.mount(), CONFIG).unwrap();
    let mut journal = log.open(id(1), Durability::Process, Waker::noop().clone()).unwrap();
    let Record::Setup(mut setup) = setup(Durability::Process, LogFailure::Stall) else { panic!("no setup") };
    setup.settings.lifetimes.linger = std::time::Duration::from_secs(3_600);
    journal.append(&Record::Setup(setup.clone())).unwrap();
    assert_eq!(writer.turn(), Turn::Wrote);
    disk.crash(Crash::Kill);
    let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
    assert_eq!(log.unfinished().len(), 1);
    assert_eq!(log.reopen(id(1), Waker::noop().clone()).unwrap().setup, *setup);
}

#[test]
fn a_checkpoint_of_records_that_the_power_took_never_comes_back() {
    for seed in 0..16 {
        let disk = Disk::new(Rng::new(seed), ROOM);
        let Alone { mut keeper, mut journal, .. } = alone_on(disk.clone(), Durability::Disk, LogFailure::Stall);
        journal.append(&tick(1)).unwrap();
        let (chain, kind) = (Link::default(), CheckpointKind::Image);
        let checkpoint = Checkpoint { incarnation: 1, tick: 1, chain, kind, host: vec![], guest: vec![7; 9] };
        journal.keep_checkpoint(checkpoint).unwrap();
        assert!(keeper.turn().unwrap());
        // The checkpoint is on disk; the tick before it never was.
        disk.crash(Crash::PowerLoss);
        let (log, mut writer, _) = Log::open(disk.mount(), CONFIG).unwrap();
        let mut reopened = log.reopen(id(1), Waker::noop().clone()).unwrap();
        assert_eq!((reopened.records.count(), reopened.checkpoint), (0, None));
        reopened.journal.append(&tick(1)).unwrap();
        assert_eq!(writer.turn(), Turn::Wrote);
        disk.crash(Crash::PowerLoss);
        let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
        let reopened = log.reopen(id(1), Waker::noop().clone()).unwrap();
        assert_eq!((reopened.records.count(), reopened.checkpoint), (1, None), "seed {seed}");
    }
}

#[test]
fn two_processes_never_share_a_log() {
    let disk = Disk::new(Rng::new(3), ROOM);
    let first = Log::open(disk.mount(), CONFIG).unwrap();
    assert!(matches!(Log::open(disk.mount(), CONFIG), Err(OpenError::InUse)));
    drop(first);
    assert!(Log::open(disk.mount(), CONFIG).is_ok());
}

#[test]
fn a_damaged_checkpoint_is_passed_over_for_the_one_before() {
    let Alone { disk, mut writer, mut keeper, mut journal, .. } = alone(Durability::Process, LogFailure::Stall);
    for number in 1..=2 {
        journal.append(&tick(number)).unwrap();
        let (chain, kind) = (Link::default(), CheckpointKind::Image);
        let checkpoint = Checkpoint { incarnation: 1, tick: number, chain, kind, host: vec![], guest: vec![7; 9] };
        journal.keep_checkpoint(checkpoint).unwrap();
        writer.turn();
        assert!(keeper.turn().unwrap());
        assert_eq!(journal.checkpointed(), Some(number));
    }
    disk.crash(Crash::Kill);
    assert!(disk.flip(&format!("checkpoints/{}-{:08x}-{:016x}", id(1), 1, 2)));
    let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
    let reopened = log.reopen(id(1), Waker::noop().clone()).unwrap();
    assert_eq!(reopened.checkpoint.map(|one| one.tick), Some(1));
    assert_eq!(reopened.records.map(Result::unwrap).collect::<Vec<_>>(), [tick(2)]);
}
