//! Hosts that come and go, as events.

use serde_json::json;
use stadion_protocol::contract::HostLoad;

use crate::model::{Event, EventFilter, EventKind, HostName, NewEvent, PageRequest, UnixMs};
use crate::store::{Store, StoreError};

/// That a host takes matches. One whose last word was that it is up went without one: that it was lost comes before.
pub(crate) async fn host_up(store: &dyn Store, host: &HostName, now: UnixMs) -> Result<(), StoreError> {
    let lost = host_lost(store, host, now).await?;
    let after = if lost.is_some() { "return" } else { "start" };
    let up = NewEvent::new(EventKind::HostUp, now).on(host).with(json!({"after": after}));
    store.append_events(&lost.into_iter().chain([up]).collect::<Vec<_>>()).await
}

/// That a host is not there and went without a word: once, whoever notes it.
pub(crate) async fn host_lost(store: &dyn Store, host: &HostName, now: UnixMs) -> Result<Option<NewEvent>, StoreError> {
    let up = last_word(store, host).await?.filter(|event| event.kind == EventKind::HostUp);
    Ok(up.map(|up| NewEvent { once: Some(format!("lost/{}", up.number)), ..host_down(host, "lost", now) }))
}

/// That a host is there after all, if it was taken for lost: it was cut off for a while.
pub(crate) async fn host_there(
    store: &dyn Store,
    host: &HostName,
    now: UnixMs,
) -> Result<Option<NewEvent>, StoreError> {
    let down = last_word(store, host).await?.filter(|event| event.kind == EventKind::HostDown);
    Ok(down.map(|down| {
        let up = NewEvent::new(EventKind::HostUp, now).on(host).with(json!({"after": "return"}));
        NewEvent { once: Some(format!("return/{}", down.number)), ..up }
    }))
}

/// That a host takes no more matches, with what is on it then.
pub(crate) fn host_drained(host: &HostName, load: HostLoad, now: UnixMs) -> NewEvent {
    let HostLoad { matches, hibernated, players, .. } = load;
    let data = json!({"matches": matches, "hibernated": hibernated, "players": players});
    NewEvent::new(EventKind::HostDrained, now).on(host).with(data)
}

/// That a host is gone: `stopped` or `lost`.
pub(crate) fn host_down(host: &HostName, why: &str, now: UnixMs) -> NewEvent {
    NewEvent::new(EventKind::HostDown, now).on(host).with(json!({"why": why}))
}

async fn last_word(store: &dyn Store, host: &HostName) -> Result<Option<Event>, StoreError> {
    let kinds = vec![EventKind::HostUp, EventKind::HostDown];
    let filter = EventFilter { kinds, host: Some(host.clone()), ..EventFilter::default() };
    Ok(store.events(&filter, &PageRequest { after: None, limit: 1 }).await?.items.pop())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::EventStore;
    use crate::store::sqlite::SqliteStore;

    #[tokio::test]
    async fn a_host_that_is_cut_off_is_lost_once_and_returns_once() {
        let store = SqliteStore::in_memory().await.unwrap();
        let (host, now) = ("h-1".parse().unwrap(), UnixMs(9));
        assert_eq!(host_lost(&store, &host, now).await.unwrap(), None, "it was never there");
        host_up(&store, &host, now).await.unwrap();
        assert_eq!(host_there(&store, &host, now).await.unwrap(), None);
        for _ in 0..2 {
            // As replicas do that find it out at the same time.
            let lost = NewEvent { once: Some("lost/1".to_owned()), ..host_down(&host, "lost", now) };
            store.append_events(&[lost]).await.unwrap();
        }
        assert_eq!(host_lost(&store, &host, now).await.unwrap(), None);
        let there = host_there(&store, &host, now).await.unwrap().unwrap();
        store.append_events(&[there.clone(), there]).await.unwrap();
        let page = PageRequest { after: None, limit: 9 };
        let told = store.events(&EventFilter::default(), &page).await.unwrap().items;
        let kinds: Vec<_> = told.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [EventKind::HostUp, EventKind::HostDown, EventKind::HostUp]);
    }
}
