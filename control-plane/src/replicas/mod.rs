//! Replicas: several control planes that behave as one, each with a host of its own.
//!
//! ```text
//!            balancer                     a match lives on the host of one replica
//!           /   |    \
//!      replica replica replica            whoever asks another one for it is passed on by that: whole requests about a
//!        host    host    host             match ([`forward`]), and a player who is led to a match elsewhere (`matches::place`)
//!           \   |    /
//!       store, coordination               where each match is: in its note, else in its row; where each replica is: here
//! ```
//! Each says every [`BEAT`] where it is, for [`GONE_AFTER`]. One that has died is found out by those who ask it; its matches
//! wait for it, and nobody is led to them meanwhile.
//!
//! What replicas remember from the store they remember for a short time, and tell one another when it changes ([`news`]).
//! What they note in coordination each notes again once it is lost ([`keeper`]).
//!
//! **Invariant.** A replica that is alone does nothing of this.

mod forward;
mod keeper;
mod news;
mod proof;
mod trust;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stadion_protocol::VersionId;
use stadion_protocol::contract::{Endpoints, Host, WebAddress};

use crate::clock::Clock;
use crate::coordination::{Coordination, CoordinationError};
use crate::keys::Keys;
use crate::model::{HostName, Region, UnixMs};

pub(crate) use forward::{ForwardError, Forwarder};
pub(crate) use keeper::{Keeper, KeeperParts};
pub(crate) use news::{News, NewsParts, spread};
pub(crate) use proof::{Proofs, REPLICA};
pub use trust::ReplicaTrust;

/// How often a replica says where it is.
const BEAT: Duration = Duration::from_secs(1);

/// After how long without a word it is gone: four may be lost.
const GONE_AFTER: Duration = Duration::from_secs(5);

/// Another replica, where it was last heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) name: HostName,
    /// `http://host:port`, or `https://host:port`.
    pub(crate) url: String,
}

/// Replicas that are listed at most. Each keeps its name with its folder.
const MOST: u32 = 10_000;

/// Versions that a host is listed with at most: a list of many hosts is read whole.
const LOADED: usize = 64;

/// Where all replicas are listed, for those that want to know of every one.
const LIST: &str = "replicas";

/// What a replica says of itself in the list.
#[derive(Serialize, Deserialize)]
struct Listed {
    seen_at_ms: u64,
    /// Where browsers play on it: origins.
    web: Vec<String>,
    #[serde(default)]
    region: Option<Region>,
    /// Matches that its host takes besides those it has.
    #[serde(default)]
    room: u32,
    /// Matches that its host takes in all.
    #[serde(default)]
    capacity: u32,
    /// Versions that it has loaded, those used last: [`mark`].
    #[serde(default)]
    loaded: Vec<String>,
}

/// A host that could take matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostNote {
    pub(crate) name: HostName,
    pub(crate) region: Option<Region>,
    /// Matches that it takes besides those it has.
    pub(crate) room: u32,
    /// Matches that it takes in all.
    pub(crate) capacity: u32,
    /// Whether it has the wanted version loaded.
    pub(crate) ready: bool,
}

/// See the module.
pub(crate) struct Replicas {
    /// Of this replica's host.
    pub(crate) name: HostName,
    url: String,
    region: Option<Region>,
    host: Arc<dyn Host>,
    clock: Arc<dyn Clock>,
    coordination: Arc<dyn Coordination>,
    pub(crate) forwarder: Forwarder,
}

impl Replicas {
    pub(crate) fn new(
        name: HostName,
        (url, region): (String, Option<Region>),
        (host, coordination): (Arc<dyn Host>, Arc<dyn Coordination>),
        (keys, clock): (&Keys, Arc<dyn Clock>),
        trust: Option<ReplicaTrust>,
    ) -> Replicas {
        let forwarder = Forwarder::new(name.clone(), Proofs::new(keys, clock.clone()), trust);
        Replicas { name, url, region, host, clock, coordination, forwarder }
    }

    /// Where another replica is. `None`: nobody has heard of it lately.
    pub(crate) async fn find(&self, name: &HostName) -> Result<Option<Peer>, CoordinationError> {
        let Some(url) = self.coordination.get(&key(name)).await? else { return Ok(None) };
        let url = String::from_utf8(url).map_err(|_| CoordinationError(format!("{name} is at no address")))?;
        Ok(Some(Peer { name: name.clone(), url }))
    }

    /// Says where this one is.
    async fn announce(&self) -> Result<(), CoordinationError> {
        self.coordination.put(&key(&self.name), self.url.as_bytes(), GONE_AFTER).await?;
        let load = self.host.load();
        let room = if load.draining { 0 } else { load.capacity.saturating_sub(load.matches) };
        let web = web_origins(&self.host.endpoints());
        let loaded = self.host.loaded().iter().take(LOADED).map(mark).collect();
        let (seen_at_ms, region, capacity) = (self.clock.now().0, self.region.clone(), load.capacity);
        let listed = Listed { seen_at_ms, web, region, room, capacity, loaded };
        let listed = serde_json::to_vec(&listed).expect("numbers and texts are plain JSON");
        if !self.coordination.map_put(LIST, self.name.as_str(), &listed, MOST).await? {
            tracing::warn!("{MOST} replicas are listed: pages of games do not find this one");
        }
        Ok(())
    }

    /// Where browsers may be led to, whichever replica runs their match: origins.
    pub(crate) async fn web_origins(&self) -> Result<Vec<String>, CoordinationError> {
        Ok(self.listed().await?.into_iter().flat_map(|(_, listed)| listed.web).collect())
    }

    /// Every host that was heard of lately, this one's among them, as it is for a match of a version.
    pub(crate) async fn hosts(&self, version: VersionId) -> Result<Vec<HostNote>, CoordinationError> {
        let wanted = mark(&version);
        let note = |(name, listed): (HostName, Listed)| {
            let Listed { region, room, capacity, loaded, .. } = listed;
            HostNote { name, region, room, capacity, ready: loaded.contains(&wanted) }
        };
        Ok(self.listed().await?.into_iter().map(note).collect())
    }

    async fn listed(&self) -> Result<Vec<(HostName, Listed)>, CoordinationError> {
        let now = self.clock.now();
        let entries = self.coordination.map_entries(LIST).await?.into_iter();
        let read = |(name, json): (String, Vec<u8>)| Some((name.parse().ok()?, serde_json::from_slice(&json).ok()?));
        let there = |(_, listed): &(HostName, Listed)| now.since(UnixMs(listed.seen_at_ms)) < GONE_AFTER;
        Ok(entries.filter_map(read).filter(there).collect())
    }

    /// Replicas that are listed and said nothing for long: they are taken off the list.
    async fn gone(&self) -> Result<Vec<HostName>, CoordinationError> {
        let now = self.clock.now();
        let mut gone = Vec::new();
        for (name, json) in self.coordination.map_entries(LIST).await? {
            let listed = serde_json::from_slice::<Listed>(&json).ok();
            let silent = listed.is_none_or(|listed| now.since(UnixMs(listed.seen_at_ms)) >= 2 * GONE_AFTER);
            if silent && name != self.name.as_str() {
                self.coordination.map_take(LIST, &name).await?;
                gone.extend(name.parse::<HostName>().ok());
            }
        }
        Ok(gone)
    }

    /// Says that this one is gone.
    pub(crate) async fn leave(&self) {
        let left = async {
            self.coordination.map_take(LIST, self.name.as_str()).await?;
            self.coordination.remove(&key(&self.name)).await
        };
        if let Err(error) = left.await {
            tracing::debug!(%error, "others find out by themselves that this replica is gone");
        }
    }
}

/// What replicas say of browsers' endpoints is whole: a name and a port. Origins with addresses of IPv6 have no form in a
/// content security policy.
fn web_origins(endpoints: &Endpoints) -> Vec<String> {
    let origin = |scheme: &str, address: &Option<WebAddress>| {
        let WebAddress { host, port } = address.as_ref()?;
        Some(format!("{scheme}://{}:{}", host.as_ref()?, port.as_ref()?))
    };
    let told = [("https", &endpoints.webtransport), ("ws", &endpoints.websocket), ("wss", &endpoints.websocket)];
    let origins = told.into_iter().filter_map(|(scheme, address)| origin(scheme, address));
    origins.filter(|origin| origin.matches(':').count() == 2).collect()
}

/// A version in short: a hint may mean another one.
fn mark(version: &VersionId) -> String {
    version.to_string().chars().take(16).collect()
}

fn key(name: &HostName) -> String {
    format!("replica/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostEventQueue;
    use crate::clock::SystemRng;
    use crate::coordination::MemoryCoordination;
    use crate::testing::{FakeHost, TestClock};

    #[tokio::test]
    async fn a_replica_is_found_as_long_as_it_says_where_it_is() {
        let clock = Arc::new(TestClock::default());
        let coordination: Arc<dyn Coordination> = Arc::new(MemoryCoordination::new(clock.clone()));
        let keys = Keys::in_memory(&SystemRng);
        let replica = |name: &str| {
            let host: Arc<dyn Host> = Arc::new(FakeHost::new(Arc::new(HostEventQueue::new())));
            let url = format!("http://{name}:7878");
            Replicas::new(
                name.parse().unwrap(),
                (url, "eu".parse().ok()),
                (host, coordination.clone()),
                (&keys, clock.clone()),
                None,
            )
        };
        let (here, there) = (replica("h-1"), replica("h-2"));
        assert_eq!(here.find(&there.name).await.unwrap(), None);
        there.announce().await.unwrap();
        assert_eq!(here.find(&there.name).await.unwrap().unwrap().url, "http://h-2:7878");
        clock.advance(GONE_AFTER);
        assert_eq!(here.find(&there.name).await.unwrap(), None, "it died");
        assert_eq!(here.gone().await.unwrap(), []);
        clock.advance(GONE_AFTER);
        assert_eq!(here.gone().await.unwrap(), std::slice::from_ref(&there.name));
        assert_eq!(here.gone().await.unwrap(), [], "once");
        there.announce().await.unwrap();
        there.leave().await;
        assert_eq!(here.find(&there.name).await.unwrap(), None, "it left");
    }

    #[test]
    fn browsers_are_led_to_whole_addresses_only() {
        let address = |host: &str, port| Some(WebAddress { host: Some(host.to_owned()), port });
        let told =
            |webtransport, websocket| web_origins(&Endpoints { webtransport, websocket, ..Endpoints::default() });
        let whole = told(address("a.example", Some(7878)), address("a.example", Some(7879)));
        assert_eq!(whole, ["https://a.example:7878", "ws://a.example:7879", "wss://a.example:7879"]);
        assert_eq!(told(address("::1", Some(1)), address("a.example", None)), [""; 0]);
    }
}
