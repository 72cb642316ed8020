//! Games that do their worst on a host with neighbours. After each: typed end, journal that replays to the same end,
//! slots given back, neighbours alive.

use std::time::{Duration, Instant};

use stadion_host::link::FromPlayer;
use stadion_host::replay::Coverage;
use stadion_protocol::contract::{CreateError, EndReason, Host, MatchState};
use stadion_protocol::{CloseCode, MatchId, VersionId};

use crate::guests::{self, guest};
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

/// Row 9, at a match that runs: it owes so much replay that it is saved beside itself, and that goes wrong. It plays on in the
/// session that it has; its owner is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_match_that_cannot_be_saved_or_loaded_for_a_checkpoint_plays_on() {
    const SPINS: &str = "(loop $again (br $again))";
    const TOO_MUCH: &str = "(global.set $saved_at (i32.const 65536)) (global.set $saved_len (i32.const 0x4000000))";
    const REFUSES: &str = "(i32.store8 (i32.const 320) (i32.const 1)) (i32.store (i32.const 328) (i32.const 0))
        (i32.store (i32.const 332) (i32.const 5))";
    for (save, load, word) in [
        ("unreachable", "", "saving"),
        (SPINS, "", "saving"),
        (TOO_MUCH, "", "saving"),
        ("", "unreachable", "loading"),
        ("", SPINS, "loading"),
        ("", REFUSES, "loading"),
    ] {
        let mut rig = Rig::new();
        let version = rig.publish(&guests::module(&owes_much(save, load)));
        let (id, players) = rig.play(version, 1).await;
        let told = rig.until_logged(id, "could not be saved").await;
        assert!(told.contains(word), "{save}{load}: {told}");
        let status = rig.host.status(id).await.unwrap();
        assert_eq!((status.state, status.incarnation.0), (MatchState::Running, 1), "{save}{load}");
        rig.until_tick(id, status.tick.0 + 3).await;
        assert_eq!(rig.host.match_stats(id).await.unwrap().checkpoints, 0, "nothing is kept of it");
        drop(players);
        rig.host.end(id, EndReason::Closed).await.unwrap();
        let (_, journal) = rig.until_ended(id).await;
        rig.replay(version, &journal);
    }
}

/// Works for some milliseconds in every step; that it may grow its table rules images out.
fn owes_much(save: &str, load: &str) -> String {
    format!(
        ";; state
        (table 1 funcref)
        (func $on_describe (drop (table.grow (ref.null func) (i32.const 0))))
        (func $on_start (drop (memory.grow (i32.const 1100))))
        (func $on_step (param $events i32) (param $n i32) (local $left i32)
          (local.set $left (i32.const 12000000))
          (loop $more
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $more (local.get $left))))
        (func $on_save {save})
        (func $on_load {load})"
    )
}
