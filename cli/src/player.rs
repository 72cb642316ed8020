//! A seat in a match of any game, as commands use it: values instead of bytes, by the game's schema.

use stadion_client::{End, Error, NewMatch, Play, RawEvent, RawMatch, Stadion, Visibility};
use stadion_protocol::CloseCode;
use stadion_schema::{Root, Schema, Value};

use crate::config::Target;
use crate::failure::{Failure, Kind, Outcome};

/// A player who was let in.
pub(crate) struct Player {
    raw: RawMatch,
    /// `None`: the game speaks raw bytes.
    pub(crate) schema: Option<Schema>,
}

/// What happened, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    /// What the seat sees now.
    View(Value),
    /// The game said something.
    Message(Value),
    /// It said something that is not of its schema, or there is none.
    Bytes(Vec<u8>),
    /// Connected.
    Live {
        /// Round trip, milliseconds.
        rtt_ms: u32,
    },
    /// Reconnecting.
    Stalled,
    /// Everything is told again, from this tick on if one is named.
    Anew,
    /// Nothing more will come.
    End(End),
}

/// Which match a player wants, as the command line says it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Which {
    /// The game's name on the server.
    pub(crate) game: String,
    /// The code of a friend's match, or the id of an open one [default: the fullest open match, else a new one].
    pub(crate) code: Option<String>,
    /// Start a match of one's own: private (friends join by its code) or public [value without one: private].
    #[arg(long, value_enum, conflicts_with = "code", num_args = 0..=1, require_equals = true, default_missing_value = "private")]
    pub(crate) create: Option<Create>,
    /// With this many seats.
    #[arg(long, requires = "create")]
    pub(crate) seats: Option<u16>,
    /// Parameters for the game, as it documents them.
    #[arg(long, requires = "create", value_name = "TEXT")]
    pub(crate) parameters: Option<String>,
    /// Keep a seat for this player, by account id or sign-in name; may be said again.
    #[arg(long, requires = "create", value_name = "PLAYER")]
    pub(crate) reserve: Vec<String>,
    /// Keep seats for everybody in one's party.
    #[arg(long, requires = "create")]
    pub(crate) reserve_party: bool,
    /// Seats that are free after so many seconds are for the bots of the game's owner [default: as the game says].
    #[arg(long, requires = "create", value_name = "SECONDS", num_args = 0..=1, default_missing_value = "0")]
    pub(crate) fill_with_bots: Option<u64>,
    /// How long seats are kept [default: 120].
    #[arg(long, requires = "create", value_name = "SECONDS")]
    pub(crate) reserve_for: Option<u64>,
}

/// Who finds a new match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Create {
    /// Whoever has its code.
    Private,
    /// Everybody.
    Public,
}

impl Which {
    /// As the API wants it.
    pub(crate) fn play(&self) -> Outcome<Play> {
        if let Some(code) = &self.code {
            if let Ok(id) = code.parse::<stadion_protocol::MatchId>() {
                return Ok(Play::Listed(id.to_string()));
            }
            let code: stadion_protocol::MatchCode = code.parse().map_err(|error: stadion_protocol::InvalidId| {
                Failure::usage(error.to_string()).fix("the code stands in the first line of a running `stadion play`")
            })?;
            return Ok(Play::Code(code.to_string()));
        }
        let Some(create) = self.create else { return Ok(Play::Any) };
        Ok(Play::CreateWith(NewMatch {
            visibility: if create == Create::Public { Visibility::Public } else { Visibility::Private },
            seats: self.seats,
            parameters: self.parameters.clone().unwrap_or_default().into_bytes(),
            reserve: self.reserve.clone(),
            reserve_party: self.reserve_party,
            reserve_for: self.reserve_for.map(std::time::Duration::from_secs),
            bots_after: self.fill_with_bots.map(std::time::Duration::from_secs),
        }))
    }
}

impl Player {
    /// Takes a seat.
    pub(crate) async fn join(stadion: &Stadion, game: &str, play: Play) -> Outcome<Player> {
        Player::of(stadion.play_raw(game, play).await.map_err(|error| failure(&error))?)
    }

    /// Takes a seat that was given to this program.
    pub(crate) async fn take_seat(stadion: &Stadion, answer: &serde_json::Value) -> Outcome<Player> {
        Player::of(stadion.take_seat_raw(answer).await.map_err(|error| failure(&error))?)
    }

    /// Watches a match without a seat.
    pub(crate) async fn watch(stadion: &Stadion, id: &str) -> Outcome<Player> {
        Player::of(stadion.watch_raw(id).await.map_err(|error| failure(&error))?)
    }

    fn of(raw: RawMatch) -> Outcome<Player> {
        let schema = raw.info().and_then(|info| info.schema.as_deref()).map(Schema::parse).transpose();
        let schema = schema.map_err(|error| Failure::failed(format!("the game's schema does not read: {error}")))?;
        Ok(Player { raw, schema })
    }

    pub(crate) fn seat(&self) -> u16 {
        self.raw.seat()
    }

    /// Whether there is no seat, and nothing can be sent.
    pub(crate) fn is_watching(&self) -> bool {
        self.raw.is_watching()
    }

    /// Of the game.
    pub(crate) fn game(&self) -> &str {
        self.raw.info().map_or("", |info| info.game.as_str())
    }

    /// Of the match; empty if the server did not say.
    pub(crate) fn match_id(&self) -> &str {
        self.raw.info().map_or("", |info| info.id.as_str())
    }

    pub(crate) fn version(&self) -> &str {
        self.raw.info().map_or("", |info| info.version.as_str())
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.raw.info()?.code.as_deref()
    }

    /// The next event. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Heard {
        let event = self.raw.next().await;
        self.read(event)
    }

    /// The next event if there is one already.
    pub(crate) fn poll(&mut self) -> Option<Heard> {
        self.raw.poll().map(|event| self.read(event))
    }

    /// Sends an input: in order, exactly once.
    pub(crate) fn send(&self, value: &Value) -> Outcome {
        let Some(schema) = &self.schema else { return Err(Failure::usage("this game speaks raw bytes")) };
        let data = schema.encode(Root::In, value).map_err(|error| Failure::usage(error.to_string()))?;
        self.raw.send(&data).map_err(|error| failure(&error))
    }

    /// Gives up the seat.
    pub(crate) async fn leave(self) {
        self.raw.leave().await;
    }

    fn read(&self, event: RawEvent) -> Heard {
        match event {
            RawEvent::View(data) => {
                self.decode(Root::View, &data).map_or_else(|| Heard::Bytes(data.to_vec()), Heard::View)
            }
            RawEvent::Message(data) | RawEvent::Unreliable(data) => {
                self.decode(Root::Out, &data).map_or_else(|| Heard::Bytes(data.to_vec()), Heard::Message)
            }
            RawEvent::Fresh | RawEvent::Rewound { .. } => Heard::Anew,
            RawEvent::Stalled => Heard::Stalled,
            RawEvent::Live { rtt_ms } => Heard::Live { rtt_ms },
            RawEvent::End(end) => Heard::End(end),
        }
    }

    fn decode(&self, root: Root, data: &[u8]) -> Option<Value> {
        self.schema.as_ref()?.decode(root, data).ok()
    }
}

/// A guest of that name.
pub(crate) async fn guest(target: &Target, name: &str) -> Outcome<Stadion> {
    Stadion::guest(&target.server, name).await.map_err(|error| failure(&error))
}

/// The name that others see, unless one is given.
pub(crate) fn default_name() -> String {
    let name = ["STADION_NAME", "USER", "USERNAME"].into_iter().find_map(crate::config::env);
    name.filter(|name| !name.trim().is_empty())
        .map_or_else(|| "guest".to_owned(), |name| name.chars().take(32).collect())
}

fn failure(error: &Error) -> Failure {
    let message = error.to_string();
    match error {
        Error::Unreachable { .. } => Failure::new(Kind::Unreachable, message)
            .fix("start a server with `stadion serve`, or name another with --server"),
        Error::Api { status: 404, .. } => Failure::not_found(message).fix("`stadion games` lists the games of the server"),
        Error::Api { status: 400..=499, .. } => Failure::new(Kind::Refused, message),
        Error::Ended(end) if end.code == CloseCode::TimedOut => Failure::new(Kind::Unreachable, message)
            .fix("players connect by UDP to the port of the server: is it open, and does `stadion serve --advertise` name it?"),
        Error::Ended(_) => Failure::new(Kind::Refused, message),
        Error::OutdatedClient => Failure::new(Kind::Refused, message),
        _ => Failure::failed(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn which(code: Option<&str>, create: Option<Create>) -> Which {
        let (game, code) = ("hello".to_owned(), code.map(str::to_owned));
        let (parameters, reserve, reserve_for) = (None, Vec::new(), None);
        Which {
            game,
            code,
            create,
            seats: Some(3),
            parameters,
            reserve,
            reserve_party: false,
            reserve_for,
            fill_with_bots: None,
        }
    }

    #[test]
    fn a_code_may_be_typed_in_lower_case_and_nonsense_is_refused() {
        assert!(matches!(which(Some("kbqt"), None).play().unwrap(), Play::Code(code) if code == "KBQT"));
        assert!(which(Some("hello"), None).play().unwrap_err().fix.is_some());
        assert!(matches!(which(None, None).play().unwrap(), Play::Any));
    }

    #[test]
    fn a_new_match_is_private_unless_said_otherwise() {
        for (create, visibility) in [(Create::Private, Visibility::Private), (Create::Public, Visibility::Public)] {
            let Play::CreateWith(with) = which(None, Some(create)).play().unwrap() else { panic!("not created") };
            assert_eq!((with.visibility, with.seats), (visibility, Some(3)));
        }
    }
}
