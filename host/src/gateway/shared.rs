//! What the parts of one gateway share: doors to the outside, the table of connections, counters.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use stadion_protocol::CloseCode;
use stadion_protocol::origin::Origins;
use tokio::sync::Notify;

use super::counters::Counters;
use super::express::Express;
use super::tokens::JoinKeys;
use super::transport::Control;
use super::words::{Spoken, Word};
use crate::link::{ConnId, Inbox, ToPlayer};

/// Shared by the gateway's thread and its connections. Locks are held for single pushes and look-ups.
pub(super) struct Shared {
    pub(super) inbox: Arc<dyn Inbox>,
    pub(super) join_keys: JoinKeys,
    pub(super) origins: Arc<dyn Origins>,
    pub(super) counters: Arc<Counters>,
    max_spectators: u64,
    links: Mutex<Links>,
    last_conn: AtomicU64,
}

/// The mailboxes of connections.
#[derive(Default)]
struct Links {
    by_conn: HashMap<ConnId, Arc<Link>>,
    /// Whoever comes now is told this at once.
    closed: Option<Word>,
}

/// One connection's own mailbox, filled on turns and emptied by the connection.
#[derive(Debug)]
pub(super) struct Link {
    words: Mutex<Vec<Word>>,
    bell: Notify,
    /// What is unreliable takes this way, and wakes nobody.
    express: Express,
}

/// Keeps a connection in the table and in the count for as long as it lives.
pub(super) struct Listed {
    pub(super) conn: ConnId,
    pub(super) link: Arc<Link>,
    shared: Arc<Shared>,
}

/// Counts somebody without a seat for as long as it watches.
pub(super) struct Watching(Arc<Counters>);

/// Counts a handshake for as long as it takes.
pub(super) struct Place(Arc<Counters>);

impl Shared {
    pub(super) fn new(
        inbox: Arc<dyn Inbox>,
        join_keys: JoinKeys,
        origins: Arc<dyn Origins>,
        (counters, max_spectators): (Arc<Counters>, u64),
    ) -> Shared {
        let (links, last_conn) = (Mutex::default(), AtomicU64::new(0));
        Shared { inbox, join_keys, origins, counters, max_spectators, links, last_conn }
    }

    /// Counts a handshake until the place is dropped.
    pub(super) fn handshake(&self) -> Place {
        self.counters.handshakes.up();
        Place(Arc::clone(&self.counters))
    }

    /// Counts somebody without a seat until the place is dropped. `None`: as many watch as may.
    pub(super) fn spectator(&self) -> Option<Watching> {
        // Connections run on one thread: nobody else takes the last place meanwhile.
        if self.counters.spectators.get() >= self.max_spectators {
            return None;
        }
        self.counters.spectators.up();
        Some(Watching(Arc::clone(&self.counters)))
    }

    /// Gives a new connection its number and its mailbox.
    pub(super) fn list(self: &Arc<Self>, control: Arc<dyn Control>) -> Listed {
        let conn = ConnId(self.last_conn.fetch_add(1, Ordering::Relaxed) + 1);
        let express = Express::new(control, Arc::clone(&self.counters));
        let link = Arc::new(Link { words: Mutex::default(), bell: Notify::new(), express });
        self.counters.connections.up();
        let mut links = self.links();
        if let Some(word) = links.closed.clone() {
            link.push(word);
        }
        links.by_conn.insert(conn, Arc::clone(&link));
        drop(links);
        Listed { conn, link, shared: Arc::clone(self) }
    }

    /// Hands words to their connections; those of connections that are gone are dropped.
    pub(super) fn hand_out(&self, words: &mut Vec<(ConnId, ToPlayer)>) {
        self.counters.words.add(words.len() as u64);
        let links = self.links();
        for (conn, word) in words.drain(..) {
            let Some(link) = links.by_conn.get(&conn) else { continue };
            match Spoken::from(word) {
                Spoken::Datagrams { incarnation, tick, data } => link.express.send(incarnation, tick, data),
                Spoken::InOrder(word) => link.push(word),
            }
        }
    }

    /// Asks every connection to close, after what it still has to say; also those whose handshake is under way.
    pub(super) fn close_all(&self, code: CloseCode, reason: &str) {
        let mut links = self.links();
        let word = Word::Close { code, reason: reason.to_owned() };
        links.by_conn.values().for_each(|link| link.push(word.clone()));
        links.closed = Some(word);
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// Bounded by the connection, which is woken by the first word and takes all of them: what it cannot pass on counts
    /// against its bound.
    fn push(&self, word: Word) {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let first = words.is_empty();
        words.push(word);
        drop(words);
        if first {
            self.bell.notify_one();
        }
    }

    /// Waits for words. Safe to cancel: a bell that rang keeps ringing until somebody waited for it.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Everything that waits.
    pub(super) fn take(&self) -> Vec<Word> {
        std::mem::take(&mut *self.words.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.shared.links().by_conn.remove(&self.conn);
        self.shared.counters.connections.down();
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.spectators.down();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.handshakes.down();
    }
}
