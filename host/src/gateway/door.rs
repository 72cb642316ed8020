//! Who is let through to a handshake: policy alone, so that a flood meets numbers and not code paths.

/// The bounds of the door; see [`super::GatewayConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Door {
    pub(super) max_connections: u64,
    pub(super) max_handshakes: u64,
    pub(super) retry_above: u64,
}

/// What is there when somebody knocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crowd {
    pub(super) connections: u64,
    pub(super) handshakes: u64,
}

/// Whether whoever knocks was shown to be at the address it writes from (RFC 9000 section 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Proven,
    Claimed,
}

/// What to do with a connection attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Begin the handshake.
    Accept,
    /// Have the client prove its address first; nothing is kept meanwhile.
    Retry,
    /// Say that there is no room.
    Refuse,
    /// Say nothing: answering costs more than it helps.
    Ignore,
}

impl Door {
    pub(super) fn decide(&self, crowd: Crowd, address: Address) -> Entry {
        if crowd.handshakes >= self.max_handshakes {
            return Entry::Ignore;
        }
        // A spoofed address is not worth a refusal either, so it is proven first.
        if crowd.handshakes >= self.retry_above && address == Address::Claimed {
            return Entry::Retry;
        }
        if crowd.connections + crowd.handshakes >= self.max_connections { Entry::Refuse } else { Entry::Accept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_door_narrows_as_the_crowd_grows() {
        let door = Door { max_connections: 100, max_handshakes: 20, retry_above: 10 };
        for (connections, handshakes, address, entry) in [
            (0, 0, Address::Claimed, Entry::Accept),
            (98, 1, Address::Claimed, Entry::Accept),
            (0, 10, Address::Claimed, Entry::Retry),
            (0, 10, Address::Proven, Entry::Accept),
            (100, 0, Address::Claimed, Entry::Refuse),
            (90, 10, Address::Proven, Entry::Refuse),
            (90, 10, Address::Claimed, Entry::Retry),
            (0, 20, Address::Proven, Entry::Ignore),
        ] {
            let crowd = Crowd { connections, handshakes };
            assert_eq!(door.decide(crowd, address), entry, "{crowd:?} {address:?}");
        }
    }
}
