//! What changed in the store, told to replicas that remember it: they ask the store again.
//!
//! A lost word is no harm: what is remembered of games is good for seconds only, and origins are read again now and then.

use std::sync::Arc;
use std::time::Duration;

use stadion_protocol::GameName;
use tokio::sync::mpsc;

use crate::coordination::{Coordination, Told};
use crate::games::{Catalog, OriginBook};
use crate::store::Store;

/// The topic.
const TOPIC: &str = "games-changed";

/// Words that wait to be told; more are dropped.
const WAITING: usize = 1_024;

/// How often origins are read again in any case.
const READ_AGAIN: Duration = Duration::from_secs(30);

/// After topics or the store have failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells the other replicas.
#[derive(Clone)]
pub(crate) struct News(Option<mpsc::Sender<GameName>>);

/// The other end of [`News`].
pub(crate) struct Waiting(mpsc::Receiver<GameName>);

impl News {
    /// There are other replicas.
    pub(crate) fn new() -> (News, Waiting) {
        let (sender, waiting) = mpsc::channel(WAITING);
        (News(Some(sender)), Waiting(waiting))
    }

    /// There are none.
    pub(crate) fn for_nobody() -> News {
        News(None)
    }

    /// Something about a game has changed.
    pub(crate) fn changed(&self, game: &GameName) {
        if let Some(sender) = &self.0
            && sender.try_send(game.clone()).is_err()
        {
            tracing::warn!(%game, "other replicas are not told that a game has changed; they find out within seconds");
        }
    }
}

/// What [`spread`] stands on.
pub(crate) struct NewsParts {
    pub(crate) coordination: Arc<dyn Coordination>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) origins: Arc<OriginBook>,
}

/// Tells and hears, until it is aborted.
pub(crate) async fn spread(parts: NewsParts, waiting: Waiting) {
    tokio::join!(tell(&*parts.coordination, waiting), hear(&parts));
}

async fn tell(coordination: &dyn Coordination, mut waiting: Waiting) {
    while let Some(game) = waiting.0.recv().await {
        if let Err(error) = coordination.tell(TOPIC, game.as_str().as_bytes()).await {
            tracing::warn!(%game, %error, "other replicas find out within seconds that a game has changed");
        }
    }
}

async fn hear(parts: &NewsParts) {
    loop {
        let Ok(mut listener) = parts.coordination.listen(TOPIC, None).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // It was not listened to until now.
        parts.catalog.forget_all();
        loop {
            read_origins(parts).await;
            match tokio::time::timeout(READ_AGAIN, listener.next()).await {
                Ok(Ok(Told::Message { bytes, .. })) => match std::str::from_utf8(&bytes).map(str::parse) {
                    Ok(Ok(game)) => parts.catalog.forget_here(&game),
                    _ => parts.catalog.forget_all(),
                },
                Ok(Ok(Told::Gap)) => parts.catalog.forget_all(),
                Ok(Err(_)) => break,
                Err(_) => {}
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn read_origins(parts: &NewsParts) {
    if let Err(error) = parts.origins.load(&*parts.store).await {
        tracing::warn!(%error, "origins of games are as they were");
    }
}
