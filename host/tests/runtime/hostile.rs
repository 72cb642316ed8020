//! Games that do their worst on a host with neighbours. After each: typed end, journal that replays to the same end,
//! slots given back, neighbours alive.

use std::time::{Duration, Instant};

use stadion_host::link::FromPlayer;
use stadion_host::replay::Coverage;
use stadion_protocol::contract::{CreateError, EndReason, Host, MatchState};
use stadion_protocol::{CloseCode, MatchId, VersionId};

use crate::guests::guest;
use crate::rig::{Player, Rig};

/// A neighbour that must not notice.
struct Neighbour {
    id: MatchId,
    player: Player,
}

impl Neighbour {
    async fn moves_in(rig: &mut Rig, version: VersionId) -> Neighbour {
        let (id, mut players) = rig.play(version, 1).await;
        Neighbour { id, player: players.remove(0) }
    }

    /// It ticks on and answers its player.
    async fn is_alive(&mut self, rig: &Rig, word: &str) {
        let tick = rig.host.status(self.id).await.unwrap().tick;
        rig.say(&mut self.player, word);
        rig.until_message(self.player.conn, word).await;
        rig.until_tick(self.id, tick.0 + 3).await;
        assert_eq!(rig.host.status(self.id).await.unwrap().state, MatchState::Running);
    }

    async fn moves_out(self, rig: &Rig) {
        rig.host.end(self.id, EndReason::Closed).await.unwrap();
        rig.until_ended(self.id).await;
        rig.until_empty().await;
    }
}

/// Rows 1 and 9 of the list of hostile guests: a step that never returns, and one that traps.
#[tokio::test]
async fn endless_and_trapping_steps_end_their_match_alone() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let mut neighbour = Neighbour::moves_in(&mut rig, version).await;
    for word in ["Loop", "Trap"] {
        let (id, mut players) = rig.play(version, 1).await;
        rig.until_token(players[0].conn).await;
        rig.say(&mut players[0], word);
        assert_eq!(rig.until_closed(players[0].conn).await, CloseCode::GameFailed);
        neighbour.is_alive(&rig, word.get(1..).unwrap()).await;
        let (ended, journal) = rig.until_ended(id).await;
        match word {
            "Loop" => assert_eq!(ended.reason, EndReason::OverBudget),
            _ => assert!(matches!(&ended.reason, EndReason::Trapped(text) if text.contains("unreachable"))),
        }
        let report = rig.replay(version, &journal);
        assert_eq!((report.chain.0, report.coverage), (ended.chain, Coverage::Whole(ended.reason)));
    }
    neighbour.moves_out(&rig).await;
}

/// Row 1 while it lasts: the neighbour's ticks go on during the endless steps, not only after them.
#[tokio::test]
async fn neighbours_tick_on_while_others_loop() {
    let mut rig = Rig::new();
    let (moody, endless) = (rig.publish_moody(), rig.publish(&guest("endless-step")));
    let mut neighbour = Neighbour::moves_in(&mut rig, moody).await;
    for round in 0..10 {
        let request = rig.request(endless, 1);
        let id = request.id;
        rig.host.create(request).await.unwrap();
        neighbour.is_alive(&rig, &format!("round {round}")).await;
        assert_eq!(rig.until_ended(id).await.0.reason, EndReason::OverBudget);
    }
    neighbour.moves_out(&rig).await;
}

/// Row 2: whatever `start` does, the creation is answered.
#[tokio::test]
async fn a_start_that_never_returns_or_traps_is_answered() {
    let mut rig = Rig::new();
    let moody = rig.publish_moody();
    let mut neighbour = Neighbour::moves_in(&mut rig, moody).await;
    for name in ["endless-start", "trap-start"] {
        let version = rig.publish(&guest(name));
        let before = Instant::now();
        let failed = rig.try_create(version).await;
        assert!(matches!(failed, Err(CreateError::Failed(_))), "{name}: {failed:?}");
        assert!(before.elapsed() < Duration::from_secs(10), "{name} took {:?}", before.elapsed());
        neighbour.is_alive(&rig, name).await;
    }
    let refusing = rig.publish(&guest("refuses"));
    assert!(matches!(rig.try_create(refusing).await, Err(CreateError::Refused(_))));
    neighbour.moves_out(&rig).await;
}

/// Row 3: the leave completes although the game never returns from it.
#[tokio::test]
async fn a_leave_completes_whatever_the_game_does_with_it() {
    let mut rig = Rig::new();
    let version = rig.publish_moody();
    let (id, mut players) = rig.play(version, 2).await;
    rig.say(&mut players[0], "Bad leaver");
    rig.until_message(players[1].conn, "Bad leaver").await;
    rig.tell(&players[0], FromPlayer::Leave);
    assert_eq!(rig.until_closed(players[0].conn).await, CloseCode::Left);
    assert_eq!(rig.until_closed(players[1].conn).await, CloseCode::GameFailed);
    let (ended, journal) = rig.until_ended(id).await;
    assert_eq!(ended.reason, EndReason::OverBudget);
    rig.replay(version, &journal);
    rig.until_empty().await;
}

/// Row 9: a trap in the first tick, when players join.
#[tokio::test]
async fn a_trap_on_join_is_told_to_the_player() {
    let mut rig = Rig::new();
    let version = rig.publish(&guest("trap-step"));
    let request = rig.request(version, 1);
    let id = request.id;
    rig.host.create(request).await.unwrap();
    let (ended, journal) = rig.until_ended(id).await;
    assert!(matches!(&ended.reason, EndReason::Trapped(text) if text.contains("roll_dice")));
    assert_eq!(rig.replay(version, &journal).coverage, Coverage::Whole(ended.reason));
}

/// Row 23: matches ended while their step is suspended, on the shard or in the slow lane.
#[tokio::test]
async fn a_suspended_step_is_dropped_without_a_panic() {
    let mut rig = Rig::new();
    let endless = rig.publish(&guest("endless-step"));
    for round in 0..20u64 {
        let request = rig.request(endless, 1);
        let id = request.id;
        rig.host.create(request).await.unwrap();
        tokio::time::sleep(Duration::from_millis(48 + round)).await;
        // Too late is fine: then it has ended at its budget.
        rig.host.end(id, EndReason::Closed).await.unwrap();
        let (ended, journal) = rig.until_ended(id).await;
        assert!(matches!(ended.reason, EndReason::Closed | EndReason::OverBudget), "{:?}", ended.reason);
        rig.replay(endless, &journal);
    }
    rig.until_empty().await;
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_an_endless_step() {
    let mut rig = Rig::new();
    let endless = rig.publish(&guest("endless-step"));
    for _ in 0..4 {
        rig.try_create(endless).await.unwrap();
    }
    let before = Instant::now();
    rig.host.shutdown(Duration::from_secs(20)).await;
    assert!(before.elapsed() < Duration::from_secs(20));
    rig.until_empty().await;
}
