//! What every store must do about channels. Part of [`super::suite`], after its games.

use stadion_protocol::VersionId;

use super::Store;
use super::suite::{account, game};
use crate::model::{Channel, ChannelAction, ChannelName, ChannelWrite, UnixMs};

pub(super) async fn run(store: &dyn Store) {
    changes_are_made_for_a_revision(store).await;
    several_changes_are_made_together_or_not_at_all(store).await;
    history_is_read_newest_first(store).await;
}

/// Has a version of `chess` be what is played.
pub(super) async fn serve(store: &dyn Store, n: u8) {
    let now = now_at(store, ChannelName::stable()).await;
    let channel = Channel { version: Some(VersionId([n; 32])), ..now };
    assert!(store.change_channels(&[write(channel, ChannelAction::Published)]).await.unwrap());
}

async fn now_at(store: &dyn Store, name: ChannelName) -> Channel {
    let channels = store.channels(&game("chess")).await.unwrap();
    let found = channels.into_iter().find(|channel| channel.name == name);
    found.unwrap_or_else(|| Channel::new(game("chess"), name, UnixMs(20)))
}

fn write(channel: Channel, action: ChannelAction) -> ChannelWrite {
    ChannelWrite { channel, action, by: Some(account("ann").id) }
}

fn beta() -> ChannelName {
    "beta".parse().unwrap()
}

async fn changes_are_made_for_a_revision(store: &dyn Store) {
    let fresh = Channel {
        version: Some(VersionId([2; 32])),
        percent: 5,
        players: vec![account("ann").id],
        settings: vec![("durability".to_owned(), "none".to_owned())],
        parameters: vec![0, 1, 255],
        ..Channel::new(game("chess"), beta(), UnixMs(21))
    };
    let create = write(fresh.clone(), ChannelAction::Set);
    assert!(store.change_channels(std::slice::from_ref(&create)).await.unwrap());
    let made = Channel { revision: 1, ..fresh.clone() };
    assert_eq!(now_at(store, beta()).await, made);
    assert!(!store.change_channels(&[create]).await.unwrap(), "it is there already");

    let changed = Channel { version: None, open: true, changed_at: UnixMs(22), ..made.clone() };
    assert!(store.change_channels(&[write(changed.clone(), ChannelAction::Deprecated)]).await.unwrap());
    assert_eq!(now_at(store, beta()).await, Channel { revision: 2, ..changed });
    assert!(!store.change_channels(&[write(made, ChannelAction::Set)]).await.unwrap(), "somebody was first");
}

async fn several_changes_are_made_together_or_not_at_all(store: &dyn Store) {
    let stable = now_at(store, ChannelName::stable()).await;
    let stale = Channel { revision: 1, ..now_at(store, beta()).await };
    let both = [write(stable.clone(), ChannelAction::Promoted), write(stale, ChannelAction::Promoted)];
    assert!(!store.change_channels(&both).await.unwrap());
    assert_eq!(now_at(store, ChannelName::stable()).await, stable, "the first of the two was taken back");
    let both =
        [write(stable.clone(), ChannelAction::Promoted), write(now_at(store, beta()).await, ChannelAction::Removed)];
    assert!(store.change_channels(&both).await.unwrap());
    let left = store.channels(&game("chess")).await.unwrap();
    assert_eq!(left, [Channel { revision: stable.revision + 1, ..stable }]);
    assert_eq!(store.channels(&game("go")).await.unwrap(), []);
}

async fn history_is_read_newest_first(store: &dyn Store) {
    let all = store.channel_history(&game("chess"), None, None, 100).await.unwrap();
    assert!(all.is_sorted_by(|one, next| one.number > next.number));
    let of_beta = store.channel_history(&game("chess"), Some(&beta()), None, 100).await.unwrap();
    let told: Vec<_> =
        of_beta.iter().map(|change| (change.action, change.version, change.percent, change.at)).collect();
    assert_eq!(
        told,
        [
            (ChannelAction::Removed, None, 5, UnixMs(22)),
            (ChannelAction::Deprecated, None, 5, UnixMs(22)),
            (ChannelAction::Set, Some(VersionId([2; 32])), 5, UnixMs(21)),
        ]
    );
    assert_eq!(of_beta[0].by, Some(account("ann").id));
    let page = store.channel_history(&game("chess"), Some(&beta()), Some(of_beta[0].number), 1).await.unwrap();
    assert_eq!(page, of_beta[1..2]);
    assert_eq!(store.channel_history(&game("go"), None, None, 100).await.unwrap(), []);
}
