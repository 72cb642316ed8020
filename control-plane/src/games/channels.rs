//! Rules of channels: who gets the canary, what a channel goes back to. Pure.
//!
//! `stable` is what is played. `canary` is given to a share of the players in its place: which ones is a hash of player, game
//! and version, so that whoever tries again gets the same, a larger share keeps those who have it, and another version
//! chooses others first. Every other channel is for those who ask for it and may.

use sha2::{Digest, Sha256};
use stadion_protocol::{GameName, VersionId};

use crate::model::{ChannelAction, ChannelChange};

/// Channels of a game at most.
pub(crate) const MOST: usize = 16;

/// Changes of a channel that are looked at for what it had before.
pub(crate) const REMEMBERED: u16 = 500;

/// Whether somebody is among the share of players that gets a version.
pub(crate) fn is_chosen(game: &GameName, version: VersionId, who: &[u8], percent: u8) -> bool {
    let hash = Sha256::new().chain_update(game.as_str()).chain_update(version.0).chain_update(who).finalize();
    let number = u64::from_le_bytes(hash[..8].try_into().expect("a hash has more"));
    number % 100 < u64::from(percent)
}

/// Versions that a channel had before the present one, the last one first. `history` is newest first.
///
/// A channel that went back has what it went back from neither before nor behind it: going back twice goes back further.
pub(crate) fn before(history: &[ChannelChange]) -> Vec<VersionId> {
    let mut had: Vec<VersionId> = Vec::new();
    let mut present = None;
    for change in history.iter().rev() {
        match (change.action, change.version) {
            (ChannelAction::Removed, _) => had.clear(),
            (ChannelAction::RolledBack | ChannelAction::Deprecated, Some(version)) => {
                let at = had.iter().rposition(|one| *one == version);
                had.truncate(at.unwrap_or_default());
                had.push(version);
            }
            (_, Some(version)) if had.last() != Some(&version) => had.push(version),
            _ => {}
        }
        present = change.version;
    }
    if present.is_some() && had.last() == present.as_ref() {
        had.pop();
    }
    had.reverse();
    had
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChannelName, UnixMs};
    use ChannelAction::{Deprecated, Promoted, Published, Removed, RolledBack, Set};

    fn id(n: u8) -> VersionId {
        VersionId([n; 32])
    }

    #[test]
    fn a_share_of_the_players_is_chosen_and_always_the_same_ones() {
        let game: GameName = "chess".parse().unwrap();
        let chosen = |percent, version| -> Vec<u32> {
            (0..2000_u32).filter(|n| is_chosen(&game, id(version), &n.to_le_bytes(), percent)).collect()
        };
        assert_eq!((chosen(0, 1).len(), chosen(100, 1).len()), (0, 2000));
        let (few, half) = (chosen(10, 1), chosen(50, 1));
        assert!((140..=260).contains(&few.len()) && (900..=1100).contains(&half.len()), "{} {}", few.len(), half.len());
        assert!(few.iter().all(|one| half.contains(one)), "whoever had it keeps it as the share grows");
        assert_ne!(half, chosen(50, 2), "not the same players first each time");
    }

    #[test]
    fn a_channel_goes_back_through_what_it_had() {
        for (changes, wanted) in [
            (&[][..], &[][..]),
            (&[(Published, Some(1))], &[]),
            (&[(Published, Some(1)), (Published, Some(2)), (Promoted, Some(3))], &[2, 1]),
            (&[(Published, Some(1)), (Published, Some(2)), (Promoted, Some(3)), (RolledBack, Some(2))], &[1]),
            (&[(Published, Some(1)), (Published, Some(2)), (RolledBack, Some(1)), (Published, Some(4))], &[1]),
            (&[(Published, Some(1)), (Set, Some(1)), (Set, Some(1))], &[]),
            (&[(Published, Some(1)), (Published, Some(2)), (Promoted, None)], &[2, 1]),
            (&[(Published, Some(1)), (Removed, None), (Set, Some(2))], &[]),
            (&[(Published, Some(1)), (Published, Some(2)), (Deprecated, Some(1)), (Published, Some(3))], &[1]),
        ] {
            let mut history: Vec<ChannelChange> = (0..)
                .zip(changes)
                .map(|(number, (action, version))| ChannelChange {
                    number,
                    channel: ChannelName::stable(),
                    action: *action,
                    version: version.map(id),
                    percent: 0,
                    at: UnixMs(number),
                    by: None,
                })
                .collect();
            history.reverse();
            let wanted: Vec<VersionId> = wanted.iter().copied().map(id).collect();
            assert_eq!(before(&history), wanted, "{changes:?}");
        }
    }
}
