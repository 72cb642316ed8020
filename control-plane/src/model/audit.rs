//! Who did what, from where, and whether it was allowed.

use std::net::IpAddr;

use stadion_protocol::PlayerId;

use super::UnixMs;

/// One thing that somebody did or tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When it was answered.
    pub at: UnixMs,
    /// Who; `None`: nobody was recognized.
    pub actor: Option<PlayerId>,
    /// What: the method and the path of an endpoint as its document writes it, `PUT /v1/games/{game}/versions`.
    pub action: String,
    /// On what: the path that was asked, or the name that somebody tried to sign in with.
    pub target: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// From where.
    pub from: IpAddr,
    /// The request's id, which leads to it in the server's log.
    pub request: String,
}

/// Which entries are wanted; `None` is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By whom.
    pub actor: Option<PlayerId>,
    /// Of what: an action's beginning.
    pub action: Option<String>,
}
