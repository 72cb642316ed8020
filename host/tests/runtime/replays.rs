//! Replays of journals that were tampered with, cut or are of something else.

use stadion_host::journal::{Reader, Record, Writer};
use stadion_host::model::Event;
use stadion_host::replay::{self, Coverage, Difference, DifferenceKind, ReplayError};
use stadion_protocol::VersionId;
use stadion_protocol::contract::{EndReason, Host};

use crate::guests::guest;
use crate::rig::Rig;

/// A finished match with some talk in it.
async fn journal(rig: &mut Rig) -> (VersionId, Vec<Record>) {
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 1).await;
    for word in ["one", "two", "three"] {
        rig.say(&mut players[0], word);
        rig.until_message(players[0].conn, word).await;
    }
    rig.host.end(id, EndReason::Closed).await.unwrap();
    let journal = rig.host.journal(id).await.unwrap();
    (version, Reader::new(&journal).unwrap().map(Result::unwrap).collect())
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut writer = Writer::default();
    records.iter().for_each(|record| writer.append(record).unwrap());
    writer.as_bytes().to_vec()
}

/// The second tick in which somebody said something.
fn second_talk(records: &mut [Record]) -> &mut stadion_host::journal::TickRecord {
    let talk = records.iter_mut().filter_map(|record| match record {
        Record::Tick(tick) if tick.input.events.iter().any(|event| matches!(event, Event::Message { .. })) => {
            Some(tick)
        }
        _ => None,
    });
    talk.into_iter().nth(1).unwrap()
}

#[tokio::test]
async fn a_planted_difference_is_found_at_its_tick() {
    let mut rig = Rig::new();
    let (version, records) = journal(&mut rig).await;
    assert!(rig.replay(version, &written(&records)).ticks > 0);

    let mut other_output = records.clone();
    let tick = second_talk(&mut other_output);
    tick.outputs[3] ^= 1;
    let at = tick.input.number;
    let report = replay::verify(&rig.loaded(version), &written(&other_output)).unwrap();
    assert_eq!(report.first_difference, Some(Difference { ticks: at..=at, kind: DifferenceKind::Outputs }));
    assert!(report.ticks < at);

    let mut other_input = records.clone();
    let tick = second_talk(&mut other_input);
    tick.input.events = vec![];
    tick.facts = vec![];
    let report = replay::verify(&rig.loaded(version), &written(&other_input)).unwrap();
    assert_eq!(report.first_difference.unwrap().ticks, at..=at);

    let mut other_time = records;
    second_talk(&mut other_time).input.time += 1;
    let report = replay::verify(&rig.loaded(version), &written(&other_time)).unwrap();
    assert_eq!(report.first_difference, Some(Difference { ticks: at..=at, kind: DifferenceKind::Chain }));
}

#[tokio::test]
async fn a_running_match_replays_as_far_as_it_has_come() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, _players) = rig.play(version, 1).await;
    rig.until_tick(id, 5).await;
    let journal = rig.host.journal(id).await.unwrap();
    let report = rig.replay(version, &journal);
    assert!(report.ticks >= 5);
    assert_eq!(report.coverage, Coverage::Running);
}

#[tokio::test]
async fn damage_and_other_versions_are_told() {
    let mut rig = Rig::new();
    let (version, records) = journal(&mut rig).await;
    let mut file = written(&records);
    file.truncate(file.len() - 3);
    assert!(matches!(replay::verify(&rig.loaded(version), &file), Err(ReplayError::Damaged(_))));
    let other = rig.publish(&guest("quiet"));
    let refused = replay::verify(&rig.loaded(other), &written(&records));
    assert!(matches!(refused, Err(ReplayError::OtherVersion { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_a_replay_shows_is_what_was_played() {
    let mut rig = Rig::new();
    let (version, records) = journal(&mut rig).await;
    let mut outputs = 0;
    let mut starts = 0;
    replay::verify_with(&rig.loaded(version), &written(&records), &mut |input, stepped| {
        starts += usize::from(input.is_none());
        outputs += stepped.outputs.len();
    })
    .unwrap();
    assert_eq!((starts, outputs), (1, 3));
}
