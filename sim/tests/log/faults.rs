//! One match, and one thing that goes wrong.

use std::task::Waker;

use stadion_host::journal::log::{Log, LogConfig, LogKeeper, LogWriter, OpenError, Turn};
use stadion_host::journal::{
    Begin, Checkpoint, CheckpointKind, GapRecord, Journal, JournalError, Journals, Link, Reader, Record, Standing,
};
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
fn a_full_segment_that_cannot_be_synced_is_written_again_before_anything_follows() {
    let Alone { disk, log, mut writer, mut journal, .. } = alone(Durability::Process, LogFailure::Stall);
    // Until a segment is full: nothing of it was synced, for nobody asked.
    let mut number = 0;
    while disk.segments() == 1 && number < 1_000 {
        number += 1;
        journal.append(&tick(number)).unwrap();
        disk.fail_syncs(1);
        if writer.turn() == Turn::Failed {
            break;
        }
    }
    assert!(!disk.is_failing(), "the sync of the full segment failed");
    assert_eq!(journal.standing(), Standing::Stalled, "until it is there");
    disk.fail_syncs(1);
    assert_eq!((writer.turn(), journal.standing()), (Turn::Failed, Standing::Stalled), "it is tried again first");
    assert_eq!((writer.turn(), journal.standing()), (Turn::Wrote, Standing::Keeping));
    // What follows is synced, and says so of everything before it.
    let mut synced = log.open(id(2), Durability::Disk, Waker::noop().clone()).unwrap();
    let position = synced.append(&setup(Durability::Disk, LogFailure::Stall)).unwrap();
    assert_eq!(writer.turn(), Turn::Wrote);
    assert_eq!(synced.durable(), position);
    disk.crash(Crash::PowerLoss);
    let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
    assert_eq!(log.damage(), &[] as &[String]);
    let found = log.unfinished().into_iter().find(|one| one.id == id(1)).map(|one| (one.tick, one.damage));
    assert_eq!(found, Some((number, None)));
}

#[test]
fn what_was_written_before_a_sync_that_failed_is_not_taken_for_synced_by_the_next() {
    let disk = Disk::new(Rng::new(1), ROOM);
    let (log, mut writer, _) = Log::open(disk.mount(), CONFIG).unwrap();
    let mut written = log.open(id(1), Durability::Process, Waker::noop().clone()).unwrap();
    written.append(&setup(Durability::Process, LogFailure::Stall)).unwrap();
    written.append(&tick(1)).unwrap();
    assert_eq!(writer.turn(), Turn::Wrote);
    // The disk forgets the tick with what was to be synced.
    let mut synced = log.open(id(2), Durability::Disk, Waker::noop().clone()).unwrap();
    synced.append(&setup(Durability::Disk, LogFailure::Stall)).unwrap();
    disk.fail_syncs(1);
    assert_eq!((writer.turn(), writer.turn()), (Turn::Failed, Turn::Wrote));
    disk.crash(Crash::PowerLoss);
    let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
    let found = log.unfinished().into_iter().find(|one| one.id == id(1)).map(|one| (one.tick, one.damage));
    assert_eq!((found, log.damage()), (Some((1, None)), &[] as &[String]));
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

/// What waking a match takes: how often the disk is asked for bytes, and for how many.
fn waking_takes(log: &Log, disk: &Disk) -> (u64, u64) {
    let before = disk.reads();
    let reopened = log.reopen(id(1), Waker::noop().clone()).unwrap();
    assert_eq!(reopened.records.map(Result::unwrap).count(), 1);
    assert_eq!((reopened.setup.incarnation, reopened.checkpoint.is_some()), (1, true));
    let after = disk.reads();
    (after.0 - before.0, after.1 - before.1)
}

/// A match of so many ticks, with a checkpoint before the newest, that sleeps.
fn sleeper(ticks: u64, config: LogConfig) -> (Disk, Log, LogWriter, LogKeeper) {
    let disk = Disk::new(Rng::new(1), ROOM);
    let (log, mut writer, mut keeper) = Log::open(disk.mount(), config).unwrap();
    let mut journal = log.open(id(1), Durability::Process, Waker::noop().clone()).unwrap();
    journal.append(&setup(Durability::Process, LogFailure::Stall)).unwrap();
    for number in 1..=ticks {
        if number == ticks {
            let (chain, kind) = (Link::default(), CheckpointKind::Image);
            let checkpoint =
                Checkpoint { incarnation: 1, tick: ticks - 1, chain, kind, host: vec![], guest: vec![7; 9] };
            journal.keep_checkpoint(checkpoint).unwrap();
        }
        journal.append(&tick(number)).unwrap();
        writer.turn();
        while keeper.turn().unwrap() {}
    }
    drop(journal);
    (disk, log, writer, keeper)
}

/// Others play on until nothing of the match is in the log any more.
fn others_play_on(log: &Log, writer: &mut LogWriter, keeper: &mut LogKeeper) {
    let mut journal = log.open(id(2), Durability::Process, Waker::noop().clone()).unwrap();
    journal.append(&setup(Durability::Process, LogFailure::Stall)).unwrap();
    for number in 1..=400 {
        journal.append(&tick(number)).unwrap();
        writer.turn();
        while keeper.turn().unwrap() {}
    }
}

#[test]
fn waking_a_match_reads_as_much_after_a_day_as_after_a_minute() {
    let roomy = LogConfig { segment_bytes: 32 << 20, log_bytes: 64 << 20, ..CONFIG };
    let (disk, log, ..) = sleeper(20, roomy);
    let minute = waking_takes(&log, &disk);
    let (disk, log, ..) = sleeper(20_000, roomy);
    let day = waking_takes(&log, &disk);
    // Greater numbers of ticks are a few bytes longer.
    assert!(minute.0 < 16 && day.0 == minute.0 && day.1.abs_diff(minute.1) < 100, "{minute:?}, {day:?}");
}

#[test]
fn waking_a_match_that_was_moved_out_of_the_log_reads_little_of_its_day() {
    let taken = |ticks| {
        let (disk, log, mut writer, mut keeper) = sleeper(ticks, CONFIG);
        others_play_on(&log, &mut writer, &mut keeper);
        let awake = waking_takes(&log, &disk);
        drop((log, writer, keeper));
        let (log, ..) = Log::open(disk.mount(), CONFIG).unwrap();
        (awake, waking_takes(&log, &disk))
    };
    // At most so many records are passed by on the way to the wanted one, each of some hundred bytes.
    let most = 256 * 200;
    for ticks in [20, 300, 5_000] {
        let (awake, found) = taken(ticks);
        assert!(awake.0 < 16 && awake.1 < most, "{ticks} ticks: {awake:?}");
        assert!(found.0 < 16 && found.1 < most, "{ticks} ticks, another process: {found:?}");
    }
}

fn image(tick: u64, bytes: usize) -> Checkpoint {
    let (chain, kind) = (Link::default(), CheckpointKind::Image);
    Checkpoint { incarnation: 1, tick, chain, kind, host: vec![], guest: vec![7; bytes] }
}

#[test]
fn checkpoints_of_a_match_and_of_all_are_bounded_and_the_oldest_go_first() {
    let config = LogConfig { match_checkpoint_bytes: 2_500, checkpoint_bytes: 10_000, ..CONFIG };
    let disk = Disk::new(Rng::new(1), ROOM);
    let (log, mut writer, mut keeper) = Log::open(disk.mount(), config).unwrap();
    let mut journals: Vec<_> = (1..=8)
        .map(|number| {
            let mut journal = log.open(id(number), Durability::Process, Waker::noop().clone()).unwrap();
            journal.append(&setup(Durability::Process, LogFailure::Stall)).unwrap();
            journal.append(&tick(1)).unwrap();
            journal.append(&tick(2)).unwrap();
            journal
        })
        .collect();
    writer.turn();
    let error = journals[0].keep_checkpoint(image(1, 2_600)).unwrap_err();
    assert!(matches!(error, JournalError::CheckpointTooLarge { limit: 2_500, .. }), "{error}");
    let mut keep = |at: usize, tick, bytes| {
        journals[at].keep_checkpoint(image(tick, bytes)).unwrap();
        assert!(keeper.turn().unwrap());
    };
    let kept = |number: u8| {
        let of = |begin| log.recall(id(number), begin).unwrap().checkpoint.map(|one| one.tick);
        (of(Begin::Newest), of(Begin::UpTo(1)))
    };
    // Two that are too long together: the older goes. Two short ones stay.
    keep(0, 1, 1_500);
    keep(0, 2, 1_500);
    assert_eq!(kept(1), (Some(2), None));
    keep(1, 1, 900);
    keep(1, 2, 900);
    assert_eq!(kept(2), (Some(2), Some(1)));
    // All together: first the older of those who have two, and then whoever was kept first.
    for at in 2..6 {
        keep(at, 1, 1_700);
    }
    assert_eq!((kept(1), kept(2)), ((Some(2), None), (Some(2), None)));
    keep(6, 1, 1_700);
    assert_eq!((kept(1), kept(2), kept(7)), ((None, None), (Some(2), None), (Some(1), Some(1))));
    assert!(disk.held("checkpoints/") <= 10_000);
    // The next process counts what is there.
    drop(journals);
    drop((log, writer, keeper));
    let (log, _, mut keeper) = Log::open(disk.mount(), config).unwrap();
    let mut journal = log.reopen(id(8), Waker::noop().clone()).unwrap().journal;
    journal.keep_checkpoint(image(2, 2_000)).unwrap();
    assert!(keeper.turn().unwrap());
    assert!(disk.held("checkpoints/") <= 10_000);
    assert_eq!(log.recall(id(8), Begin::Newest).unwrap().checkpoint.map(|one| one.tick), Some(2), "never the newest");
}
