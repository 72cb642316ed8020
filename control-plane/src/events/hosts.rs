//! Hosts that come and go, as events.

use serde_json::json;

use crate::model::{EventFilter, EventKind, HostName, NewEvent, PageRequest, UnixMs};
use crate::store::{Store, StoreError};

/// That a host takes matches. One whose last word was that it is up went without one: that it was lost comes before.
pub(crate) async fn host_up(store: &dyn Store, host: &HostName, now: UnixMs) -> Result<(), StoreError> {
    let kinds = vec![EventKind::HostUp, EventKind::HostDown];
    let filter = EventFilter { kinds, host: Some(host.clone()), ..EventFilter::default() };
    let last = store.events(&filter, &PageRequest { after: None, limit: 1 }).await?.items.pop();
    let was_lost = last.filter(|event| event.kind == EventKind::HostUp);
    let lost =
        was_lost.map(|up| NewEvent { once: Some(format!("lost/{}", up.number)), ..host_down(host, "lost", now) });
    let after = if lost.is_some() { "return" } else { "start" };
    let up = NewEvent::new(EventKind::HostUp, now).on(host).with(json!({"after": after}));
    store.append_events(&lost.into_iter().chain([up]).collect::<Vec<_>>()).await
}

/// That a host is gone: `stopped` or `lost`.
pub(crate) fn host_down(host: &HostName, why: &str, now: UnixMs) -> NewEvent {
    NewEvent::new(EventKind::HostDown, now).on(host).with(json!({"why": why}))
}
