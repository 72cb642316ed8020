//! How a match is over for a player.

use std::fmt;

use stadion_protocol::CloseCode;

/// Why nothing more will come. The results of a finished match are at `GET /v1/matches/{id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// For programs.
    pub code: CloseCode,
    /// For people; may be empty.
    pub reason: String,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.code {
            CloseCode::Finished => "the match is over",
            CloseCode::Kicked => "removed by the game",
            CloseCode::Superseded => "a younger connection of this client took over",
            CloseCode::Replaced => "this seat is played from somewhere else now",
            CloseCode::OutdatedClient => "this program is older (or newer) than the match: update it",
            CloseCode::Expired => "the seat is no longer kept",
            CloseCode::GameFailed => "the game failed",
            CloseCode::Moved => "the match is on another server",
            CloseCode::TooFast => "sent too much at once",
            CloseCode::ShuttingDown => "the server is going down",
            CloseCode::ProtocolError => "client and server did not understand each other",
            CloseCode::Refused => "the token was not accepted",
            CloseCode::TimedOut => "the server did not answer",
            CloseCode::Left => "left",
        };
        f.write_str(what)?;
        if self.reason.is_empty() || self.reason == what { Ok(()) } else { write!(f, " ({})", self.reason) }
    }
}
