//! What is told is told by every replica: a stream that dies with its replica goes on at another one.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use stadion_api::operations::GET_EVENTS;
use stadion_api::{Api, Happened, PlayerEvent, Server, Told, Wanted, Word};
use stadion_tests::cluster::Cluster;
use stadion_tests::ledger;

use super::can_run;
use super::people::PATIENCE;

/// Things that happen, of which each is told twice: that it is so, and that it is so no more.
const THINGS: usize = 16;
/// The replica that is followed dies after so many of them.
const DIES_AFTER: usize = 5;
/// And somebody listens at another one after so many.
const RESUMED_AFTER: usize = 11;

fn at(replica: &str, bearer: &str) -> Api {
    Api::new(&Server::at(replica).with_bearer(bearer)).unwrap()
}

/// Somebody who listens, and all that they were told, wherever.
struct Listener<T> {
    told: Told<T>,
    heard: Vec<T>,
}

impl<T: Serialize + DeserializeOwned> Listener<T> {
    async fn begin(mut told: Told<T>) -> Listener<T> {
        told.open().await.unwrap();
        Listener { told, heard: Vec::new() }
    }

    /// Goes on elsewhere, behind the last word.
    async fn goes_on(&mut self, told: impl FnOnce(Option<String>) -> Told<T>) {
        self.told = told(self.told.last().map(str::to_owned));
        self.told.open().await.unwrap();
    }

    /// Hears the next word: whether the connection is there.
    async fn hears(&mut self) -> bool {
        let word = tokio::time::timeout(PATIENCE, self.told.word()).await;
        match word.unwrap_or_else(|_| panic!("nothing more is told after {}", self.heard.len())).unwrap() {
            Word::Event(event) if event.data.is_empty() => true,
            Word::Event(event) => {
                self.heard.push(self.told.read(&event).unwrap());
                true
            }
            Word::Lost => false,
        }
    }

    async fn hears_so_many(&mut self, many: usize) {
        while self.heard.len() < many {
            assert!(self.hears().await, "the replica is there");
        }
    }

    async fn hears_until_it_is_lost(&mut self) {
        while self.hears().await {}
    }
}

/// What happens through one replica.
struct Actors {
    bob: Api,
    developer: Api,
}

impl Actors {
    /// A party that asks ann in and is gone, and a match that begins and ends: their ids.
    async fn act(&self) -> [String; 2] {
        let party = self.bob.new_party().await.unwrap().id;
        self.bob.invite("ann").await.unwrap();
        self.bob.remove_member("me").await.unwrap();
        let seat = self.bob.play("ledger", &json!({"create": "private"})).await.unwrap();
        self.developer.end_match(&seat.of.id).await.unwrap();
        [party, seat.of.id]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_dies_with_its_replica_goes_on_at_another_one_and_nothing_is_lost_or_doubled() {
    if !can_run() {
        return;
    }
    let mut cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    cluster.api().publish("ledger", ledger::wasm()).await;
    let [a, b, c] = [0, 1, 2].map(|n| cluster.replicas[n].http.clone());
    let key = cluster.replicas[0].key.clone();
    let nobody = Api::new(&Server::at(&b)).unwrap();
    let ann = nobody.register("ann", "the password of ann").await.unwrap().access_token;
    let bob = nobody.register("bob", "the password of bob").await.unwrap().access_token;
    let actors = Actors { bob: at(&b, &bob), developer: at(&b, &key) };
    let of_ann = |replica: &str, last| at(replica, &ann).call(GET_EVENTS, &[]).told(last);
    let wanted = Wanted { game: Some("ledger".to_owned()), narrowed: Vec::new() };
    let of_game = |replica: &str, last| wanted.followed(&at(replica, &key)).told(last);

    let mut anns = Listener::<PlayerEvent>::begin(of_ann(&a, None)).await;
    let mut games = Listener::<Happened>::begin(of_game(&a, None)).await;
    let mut done = Vec::new();
    for number in 0..THINGS {
        if number == DIES_AFTER {
            // The last of what happened is on its way when it dies: told, or lost with it.
            anns.hears_so_many(2 * number - 3).await;
            games.hears_so_many(2 * number - 3).await;
            cluster.replicas[0].kill();
            tokio::join!(anns.hears_until_it_is_lost(), games.hears_until_it_is_lost());
        }
        if number == RESUMED_AFTER {
            anns.goes_on(|last| of_ann(&c, last)).await;
            games.goes_on(|last| of_game(&c, last)).await;
        }
        done.push(actors.act().await);
    }
    anns.hears_so_many(2 * THINGS).await;
    games.hears_so_many(2 * THINGS).await;

    let expected = |[party, _]: &[String; 2]| [("invitation", party.clone()), ("invitation-gone", party.clone())];
    let told: Vec<_> = anns.heard.iter().map(about).collect();
    assert_eq!(
        told,
        done.iter().flat_map(expected).collect::<Vec<_>>(),
        "each once, in the order in which it happened"
    );
    let mut lives: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for event in &games.heard {
        lives.entry(event.of.as_deref().unwrap()).or_default().push(&event.kind);
    }
    assert_eq!(lives.len(), THINGS, "{lives:?}");
    for [_, of] in &done {
        assert_eq!(lives[of.as_str()], ["match.started", "match.ended"], "{of}");
    }
    // Whatever were told once more would stand before this.
    done.push(actors.act().await);
    anns.hears_so_many(2 * THINGS + 1).await;
    games.hears_so_many(2 * THINGS + 1).await;
    let [party, of] = done.last().unwrap();
    assert_eq!(about(anns.heard.last().unwrap()), ("invitation", party.clone()));
    assert_eq!(games.heard.last().unwrap().of.as_ref(), Some(of));
}

/// The kind of an event, and the party that it is about.
fn about(event: &PlayerEvent) -> (&'static str, String) {
    match event {
        PlayerEvent::Invitation { party, name, .. } => {
            assert_eq!(name, "bob");
            ("invitation", party.clone())
        }
        PlayerEvent::InvitationGone { party } => ("invitation-gone", party.clone()),
        other => panic!("{other:?}"),
    }
}
