//! What can go wrong, with a number for each that never changes.

use stadion_protocol::CloseCode;

use crate::end::End;

/// Everything that can go wrong before or beside a match. How a match ended is an [`End`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server could not be reached by HTTP, or did not answer in HTTP.
    #[error("cannot reach {url}: {problem}")]
    Unreachable {
        /// Which server.
        url: String,
        /// What happened.
        problem: String,
    },
    /// The server answered with an error (RFC 9457).
    #[error("{title}{}{detail}", if detail.is_empty() { "" } else { ": " })]
    Api {
        /// HTTP status.
        status: u16,
        /// Short and general.
        title: String,
        /// About this request; may be empty.
        detail: String,
    },
    /// The server answered something that this version cannot read.
    #[error("an answer of the server cannot be read: {0}")]
    BadAnswer(String),
    /// This program was built for other messages than the match speaks: update it.
    #[error("this program is older (or newer) than the game on the server: update it")]
    OutdatedClient,
    /// The server wants its certificate checked by this system's roots, and there are none.
    #[error("no trusted certificates on this system, and the server gave no certificate hash to check by")]
    NoRoots,
    /// The server's certificate is not the one that the control plane named, or no trusted one.
    #[error("the server is not the expected one: {0}")]
    Untrusted(String),
    /// No UDP socket, no thread, no randomness.
    #[error("this system refused {what}: {problem}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        problem: String,
    },
    /// Too much is waiting to be sent; try again when the match is live.
    #[error("too much is waiting to be sent")]
    Full,
    /// The message is over the protocol's limit.
    #[error("{0} bytes are too many for one message")]
    TooLarge(usize),
    /// Whoever watches has no seat to say anything from.
    #[error("who watches a match sends nothing")]
    Watching,
    /// The match let nobody in, or is over.
    #[error("{0}")]
    Ended(End),
}

impl Error {
    /// A stable number: 1 to 99 for this library's own, 100 + the close code for [`Error::Ended`], the HTTP status for
    /// [`Error::Api`].
    pub fn code(&self) -> u32 {
        match self {
            Error::Unreachable { .. } => 1,
            Error::BadAnswer(_) => 2,
            Error::NoRoots => 3,
            Error::System { .. } => 4,
            Error::Full => 5,
            Error::TooLarge(_) => 6,
            Error::Untrusted(_) => 7,
            Error::Watching => 8,
            Error::OutdatedClient => 100 + u32::from(CloseCode::OutdatedClient.number()),
            Error::Ended(end) => 100 + u32::from(end.code.number()),
            Error::Api { status, .. } => u32::from(*status),
        }
    }

    pub(crate) fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Error {
        move |problem| Error::System { what, problem: problem.to_string() }
    }
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|problem| Error::System { what: "randomness", problem: problem.to_string() })?;
    Ok(bytes)
}
