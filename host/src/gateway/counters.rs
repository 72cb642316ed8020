//! What the gateway counts: for metrics, for the log, and for tests that ask whether a bound was met.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Live counters; each is written by the gateway's thread (and by shards as they post).
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $(pub(super) $name: Counter,)+
        }

        /// The gateway's counters at one moment. All but `connections`, `handshakes` and `spectators` only
        /// grow.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct GatewayCounters {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl Counters {
            pub(super) fn snapshot(&self) -> GatewayCounters {
                GatewayCounters { $($name: self.$name.get(),)+ }
            }
        }
    };
}

counters! {
    /// Connections that are open now, admitted to a match or not yet.
    connections,
    /// Handshakes in flight now.
    handshakes,
    /// Connections without a seat that are open now, among `connections`.
    spectators,
    /// Connections that completed their handshake.
    accepted,
    /// Connection attempts turned away because the gateway is full.
    refused,
    /// Connection attempts sent back to prove their address (Retry, RFC 9000 section 8.1.2).
    retried,
    /// Handshakes that failed or took too long.
    failed_handshakes,
    /// Web pages turned away: another path, or an origin that is not allowed.
    refused_pages,
    /// Connections closed because their `hello` did not come in time.
    without_hello,
    /// Clients told `expired`: an old join token, or a match that is not here.
    expired,
    /// Clients told `refused`: a join token that is not in order.
    refused_tokens,
    /// Connections closed for sending more than their limits allow.
    too_fast,
    /// Connections closed because what waited for them passed its bound.
    too_slow,
    /// Connections closed for bytes that are not the protocol.
    protocol_errors,
    /// Connections from which nothing came for the idle time.
    lost,
    /// Unreliable messages dropped before they reached the network.
    dropped_unreliable,
    /// Unreliable inputs that a match's mailbox did not take.
    dropped_inputs,
    /// Turns in which the socket was read.
    turns,
    /// Words from matches that were handed to connections.
    words,
}

/// One number, safe to read from any thread. Order among counters is not promised.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn up(&self) {
        self.add(1);
    }

    pub(super) fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    pub(super) fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
