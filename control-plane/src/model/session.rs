//! Sign-in sessions: the family of refresh tokens that one sign-in leads to, and the rule of their rotation.

use std::time::Duration;

use stadion_protocol::PlayerId;

use super::UnixMs;

/// How long the token before the current one is answered with the current one: an answer was lost and its caller tries
/// again. After it, an old token can only be a copy.
const RETRY_WITHIN: Duration = Duration::from_secs(30);

/// A sign-in session, 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

/// A sign-in and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub account: PlayerId,
    /// Which refresh token is the current one; the first is 1.
    pub generation: u32,
    /// When the current token was made.
    pub rotated_at: UnixMs,
    /// No token is good after this.
    pub expires_at: UnixMs,
    /// Signed out, or caught with a copied token.
    pub revoked: bool,
}

/// What a refresh token that is one of ours leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// It is the current one: raise the generation (compare-and-set) and answer the next token.
    Rotate,
    /// The honest retry after a lost answer: answer the current token again.
    Retry,
    /// An old token came back: somebody has a copy. Revoke the whole family.
    Reused,
    /// The session is over.
    Over,
}

impl Session {
    /// Decides about a genuine token of this session.
    ///
    /// ```text
    ///   presented == generation      -> Rotate
    ///   presented == generation - 1  -> Retry, within 30 s of the rotation; then Reused
    ///   older                        -> Reused
    /// ```
    pub fn refresh(&self, presented: u32, now: UnixMs) -> Refresh {
        if self.revoked || now >= self.expires_at {
            Refresh::Over
        } else if presented == self.generation {
            Refresh::Rotate
        } else if presented.checked_add(1) == Some(self.generation) && now.since(self.rotated_at) < RETRY_WITHIN {
            Refresh::Retry
        } else {
            Refresh::Reused
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_tokens_are_retries_for_a_moment_and_then_copies() {
        let session = Session {
            id: SessionId([1; 16]),
            account: "p-1".parse().unwrap(),
            generation: 5,
            rotated_at: UnixMs(100_000),
            expires_at: UnixMs(1_000_000),
            revoked: false,
        };
        for (presented, now_ms, expected) in [
            (5, 100_001, Refresh::Rotate),
            (4, 129_999, Refresh::Retry),
            (4, 130_000, Refresh::Reused),
            (3, 100_001, Refresh::Reused),
            (6, 100_001, Refresh::Reused),
            (5, 1_000_000, Refresh::Over),
        ] {
            assert_eq!(session.refresh(presented, UnixMs(now_ms)), expected, "{presented} at {now_ms}");
        }
        assert_eq!(Session { revoked: true, ..session }.refresh(5, UnixMs(100_001)), Refresh::Over);
    }
}
